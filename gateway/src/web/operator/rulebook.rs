//! The library of rules, one rule with everything about it, and what would be wrong with another text of it.

use super::reading::Said;
use super::{Fault, Problem};
use crate::desk::Desk;
use crate::reload::Unedited;
use crate::rulebook::{Denied, Library, mode};
use crate::store::Reader;
use crate::store::rule::Version;
use crate::store::submission::{Fate, Submission};
use crate::web::problem::quoted;
use crate::web::{Web, json_of};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bongsu_rules::language::diff::{Change, diff};
use bongsu_rules::language::header::{InputSpec, Param, Setting};
use bongsu_rules::language::overrides::{Override, Where};
use bongsu_rules::language::{Release, Rule, Scope, korean};
use bongsu_rules::reference::{self, Word};
use bongsu_sensors::mistake::Mistake;
use bongsu_sensors::{KindId, Level, Source, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Versions of a rule that are shown.
const VERSIONS: usize = 50;

/// The value of a parameter: a number, or a duration as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A duration.
    Duration(String),
}

impl Value {
    /// As programs read it.
    pub fn of(setting: &Setting) -> Value {
        match setting {
            Setting::Number(number) => Value::Number(*number),
            Setting::Duration(text) => Value::Duration(text.clone()),
        }
    }

    /// As rules know it.
    pub fn setting(self) -> Setting {
        match self {
            Value::Number(number) => Setting::Number(number),
            Value::Duration(text) => Setting::Duration(text),
        }
    }
}

/// A parameter with its range.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Knob {
    name: String,
    /// A number, or a duration such as `1h`; so are the least and the most.
    #[schema(value_type = serde_json::Value)]
    default: Value,
    #[schema(value_type = serde_json::Value)]
    min: Value,
    #[schema(value_type = serde_json::Value)]
    max: Value,
    step: Option<f64>,
    unit: String,
    /// What it is about and where the default comes from, by language.
    #[schema(value_type = Object)]
    why: BTreeMap<String, String>,
    /// Another value of it can be tried while a slider moves.
    quick: bool,
}

/// What a rule looks at.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Input {
    name: String,
    /// The kind of datastream; null: whatever there is.
    #[schema(value_type = Option<String>)]
    kind: Option<KindId>,
    /// The rule also works without it.
    optional: bool,
}

/// Parameters that are set at a place.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tuned {
    station: Option<String>,
    /// Neither a station nor an area: everywhere.
    area: Option<String>,
    #[schema(value_type = Object)]
    set: BTreeMap<String, Value>,
    author: String,
    reason: String,
}

/// A rule in the library.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Listed {
    id: String,
    hazard: String,
    #[schema(value_type = Object)]
    title: BTreeMap<String, String>,
    /// The folder it stands in.
    pack: String,
    file: String,
    /// station, area or city: evaluated once for each.
    scope: &'static str,
    /// Who may learn of it: operators or public.
    #[schema(value_type = String)]
    audience: bongsu_rules::language::Audience,
    /// shadow: nothing is shown; propose: every level waits for a person; live: some level goes out by itself.
    mode: &'static str,
    /// What happens to each level that the header names.
    #[schema(value_type = Object)]
    release: BTreeMap<&'static str, Release>,
    /// What the text in force is called by: its SHA-256.
    version: String,
    author: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    inputs: Vec<Input>,
    params: Vec<Knob>,
    overrides: Vec<Tuned>,
    /// How many texts of it wait for a second person.
    waiting: usize,
}

/// A rule that is not in force yet: its text waits for a second person.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewRule {
    rule: String,
    /// The submission.
    id: i64,
    author: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    reason: String,
    text: String,
}

/// The library.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Rules {
    rules: Vec<Listed>,
    /// Rules that wait to be in force for the first time.
    new: Vec<NewRule>,
    /// What the overrides in force are called by.
    overrides_version: String,
}

fn knob(rule: &Rule, param: &Param) -> Knob {
    let Param { name, default, min, max, step, unit, why } = param.clone();
    let [default, min, max] = [default, min, max].map(|setting| Value::of(&setting));
    Knob { quick: rule.only_in_limits(&name), name, default, min, max, step, unit, why }
}

fn input(input: &InputSpec) -> Input {
    Input { name: input.name.clone(), kind: input.kind, optional: input.optional }
}

fn tuned(one: &Override) -> Tuned {
    let (station, area) = match &one.place {
        Where::Station(station) => (Some(station.clone()), None),
        Where::Area(area) => (None, Some(area.clone())),
        Where::City => (None, None),
    };
    let set = one.set.iter().map(|(name, setting)| (name.clone(), Value::of(setting))).collect();
    Tuned { station, area, set, author: one.author.clone(), reason: one.reason.clone() }
}

fn listed(library: &Library, rule: &Rule, version: Option<&Version>, waiting: usize) -> Listed {
    let header = &rule.header;
    let file = rule.source.name.clone();
    let folder = std::path::Path::new(&file).parent().and_then(std::path::Path::file_name);
    Listed {
        id: header.id.clone(),
        hazard: header.hazard.clone(),
        title: header.title.clone(),
        pack: folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        file,
        scope: match header.scope {
            Scope::Station => "station",
            Scope::Area => "area",
            Scope::City => "city",
        },
        audience: header.audience,
        mode: mode(header),
        release: header.release.iter().map(|(level, release): (&Level, _)| (level.name(), *release)).collect(),
        version: Library::version(rule),
        author: version.map(|version| version.author.clone()),
        since: version.map(|version| version.time),
        inputs: header.inputs.iter().map(input).collect(),
        params: header.params.iter().map(|param| knob(rule, param)).collect(),
        overrides: library.overrides(&header.id).map(tuned).collect(),
        waiting,
    }
}

/// The rules in force, with what can be tuned and what is.
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules",
    responses((status = 200, body = Rules), super::openapi::Faults))]
pub async fn list(State(web): State<Web>, Extension(desk): Extension<Arc<Desk>>) -> Result<Response, Problem> {
    let library = read(&desk).await?;
    let (versions, waiting) =
        web.shared.readers.read(|reader| Ok((reader.newest_versions()?, reader.submissions(None)?))).await?;
    let of = |rule: &Arc<Rule>| {
        let id = &rule.header.id;
        let version = versions.iter().find(|version| version.rule == *id);
        listed(&library, rule, version, waiting.iter().filter(|one| one.rule == *id).count())
    };
    let mut rules: Vec<Listed> = library.compiled.rules.iter().map(of).collect();
    // A rule keeps its place when its text comes from another file.
    rules.sort_by(|one, other| (&one.pack, &one.id).cmp(&(&other.pack, &other.id)));
    let is_new = |one: &Submission| library.rule(&one.rule).is_none();
    let new = waiting.iter().filter(|one| is_new(one)).cloned().map(|one| {
        let Submission { rule, id, author, time, reason, text, .. } = one;
        NewRule { rule, id, author, time, reason, text }
    });
    let new = new.collect();
    Ok(json_of(&Rules { rules, new, overrides_version: library.overrides_version() }))
}

/// The library, compiled where no socket waits for it.
pub(super) async fn read(desk: &Desk) -> Result<Arc<Library>, Problem> {
    let book = desk.rulebook()?;
    tokio::task::spawn_blocking(move || book.rules()).await.map_err(|cause| Problem::unreadable(&cause))
}

/// There is no such rule.
pub(super) fn no_rule(rule: &str) -> Problem {
    Problem::not_found(format!("there is no rule {}", quoted(rule)), "GET /api/v1/rules lists the rules in force")
}

/// A version of a rule.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Past {
    /// Empty: from then on the rule was not in force.
    hash: String,
    author: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Why: what its author said, or who went back to it; null: nobody said, as where a file was changed by hand.
    reason: Option<String>,
    /// What going back to it would change.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
}

/// A text that somebody wants in force.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Wanted {
    id: i64,
    author: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    reason: String,
    state: Fate,
    /// Who decided.
    by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided: Option<Time>,
    answer: Option<String>,
    /// The rule has been changed since: it must be submitted anew.
    outdated: bool,
    text: String,
    /// What it would change in what is in force now.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
}

/// A rule with everything about it: the keys of the library, and these.
#[derive(Serialize, utoipa::ToSchema)]
pub struct One {
    #[serde(flatten)]
    listed: Listed,
    overrides_version: String,
    /// The text in force.
    text: String,
    /// Newest first.
    versions: Vec<Past>,
    /// Newest first.
    submissions: Vec<Wanted>,
    /// What a rule can be written with.
    #[schema(value_type = Vec<Object>)]
    words: &'static [Word],
}

/// What a rule can be written with.
fn words() -> &'static [Word] {
    static WORDS: OnceLock<Vec<Word>> = OnceLock::new();
    WORDS.get_or_init(reference::words)
}

/// One rule. Its entity tag is what a change of it must name.
#[utoipa::path(get, path = "/api/v1/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses((status = 200, body = One), super::openapi::Faults))]
pub async fn one(
    State(web): State<Web>,
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let library = read(&desk).await?;
    let rule = library.rule(&id).cloned().ok_or_else(|| no_rule(&id))?;
    let read =
        move |reader: &Reader| Ok((reader.rule_versions(&id)?, reader.submissions(Some(&id))?, reader.reasons(&id)?));
    let (mut versions, submissions, mut reasons) = web.shared.readers.read(read).await?;
    let newest = versions.last().cloned();
    let version = Library::version(&rule);
    let against = |text: &str| diff(&rule.source, &Source::new("", text));
    versions.reverse();
    versions.truncate(VERSIONS);
    let past = versions.into_iter().map(|past| Past {
        changes: past.text.as_deref().map(against).unwrap_or_default(),
        hash: past.hash,
        author: past.author,
        time: past.time,
        reason: reasons.remove(&past.seq),
    });
    let wanted = |one: Submission| {
        let is_open = one.fate == Fate::Waiting;
        let changes = if is_open { against(&one.text) } else { Vec::new() };
        let Submission { id, author, time, reason, fate, by, decided, answer, base, text, .. } = one;
        let outdated = is_open && base != version;
        Wanted { id, author, time, reason, state: fate, by, decided, answer, outdated, text, changes }
    };
    let waiting = submissions.iter().filter(|one| one.fate == Fate::Waiting).count();
    let answer = One {
        listed: listed(&library, &rule, newest.as_ref(), waiting),
        overrides_version: library.overrides_version(),
        text: rule.source.text.clone(),
        versions: past.collect(),
        submissions: submissions.into_iter().map(wanted).collect(),
        words: words(),
    };
    let mut response = json_of(&answer);
    // Hexadecimal digits in quotes are a header's value.
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).map_err(|cause| Problem::unreadable(&cause))?;
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// A mistake in a text, where it stands, and what to write instead. Lines and columns begin at 1.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Diagnostic {
    /// The file, where it is another than the rule's own.
    file: Option<String>,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    /// What is wrong, in English and Korean.
    #[schema(value_type = Object)]
    message: BTreeMap<&'static str, String>,
    /// What to write instead.
    #[schema(value_type = Object)]
    remedy: BTreeMap<&'static str, String>,
}

fn diagnostic(mistake: &Mistake, own: &str) -> Diagnostic {
    let korean = korean::mistake(mistake);
    let source = &mistake.origin.source;
    let (line, column) = source.line_column(mistake.origin.span.start);
    let (end_line, end_column) = source.line_column(mistake.origin.span.end);
    Diagnostic {
        file: (source.text != own).then(|| source.name.clone()),
        line,
        column,
        end_line,
        end_column,
        message: BTreeMap::from([("en", mistake.message.clone()), ("ko", korean.message)]),
        remedy: BTreeMap::from([("en", mistake.remedy.clone()), ("ko", korean.remedy)]),
    }
}

/// A text that is looked at.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// All of the rule.
    text: String,
}

/// What was found.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Checked {
    /// It could be put in force.
    good: bool,
    diagnostics: Vec<Diagnostic>,
    /// What it would change in what is in force.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Change>,
}

/// Find every mistake in a text of a rule. Nothing is put in force.
#[utoipa::path(post, path = "/api/v1/rules/{id}/check", tag = "rules", params(("id" = String, Path)),
    request_body = Draft, responses((status = 200, body = Checked), super::openapi::Faults))]
pub async fn check(
    Extension(desk): Extension<Arc<Desk>>,
    Path(id): Path<String>,
    Said(Draft { text }): Said<Draft>,
) -> Result<Response, Refusal> {
    let library = read(&desk).await?;
    // What is new differs from nothing.
    let rule = library.rule(&id);
    let changes = rule.map(|rule| diff(&rule.source, &Source::new("", text.as_str()))).unwrap_or_default();
    let mistakes = mistakes(&desk, &id, &text).await?;
    let diagnostics: Vec<Diagnostic> = mistakes.iter().map(|mistake| diagnostic(mistake, &text)).collect();
    Ok(json_of(&Checked { good: diagnostics.is_empty(), diagnostics, changes }))
}

/// The mistakes of a text that would take the place of a rule.
pub(super) async fn mistakes(desk: &Desk, rule: &str, text: &str) -> Result<Vec<Mistake>, Refusal> {
    let (book, rule, text) = (desk.rulebook()?, rule.to_owned(), text.to_owned());
    let found = tokio::task::spawn_blocking(move || book.check(&rule, &text).map_err(|denied| (denied, rule))).await;
    let found = found.map_err(|cause| Problem::unreadable(&cause))?;
    found.map_err(|(denied, rule)| refused(denied, &rule).into())
}

/// What a broken text is answered with.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Broken {
    error: String,
    remedy: String,
    diagnostics: Vec<Diagnostic>,
}

/// Why a rule is not changed: a problem, or a text with mistakes.
pub enum Refusal {
    /// A problem as everywhere.
    Problem(Problem),
    /// Mistakes.
    Broken(Box<Broken>),
}

impl Refusal {
    /// Mistakes of a text.
    pub(super) fn broken(mistakes: &[Mistake], text: &str) -> Refusal {
        let diagnostics: Vec<Diagnostic> = mistakes.iter().map(|mistake| diagnostic(mistake, text)).collect();
        let first = diagnostics.first().map(|one| (one.line, one.message["en"].clone())).unwrap_or_default();
        let error = format!("the rule has mistakes, the first in line {}: {}", first.0, first.1);
        let remedy = "mend them; what is in force stays as it is".to_owned();
        Refusal::Broken(Box::new(Broken { error, remedy, diagnostics }))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal::Problem(problem)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Problem(fault.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Problem(problem) => problem.into_response(),
            Refusal::Broken(broken) => {
                let mut response = json_of(&broken);
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                response
            }
        }
    }
}

/// Why a rule must not be changed.
pub(super) fn refused(denied: Denied, rule: &str) -> Problem {
    let error = denied.to_string();
    match denied {
        Denied::NoRule => no_rule(rule),
        Denied::Changed => Problem::of(412, error, "read it again, and bring your change into what is in force now"),
        Denied::Same => Problem::of(409, error, "change something, or leave it as it is"),
        Denied::NoName => Problem::bad_request(error, "use ASCII letters, digits, `-` and `_`"),
        Denied::Taken => Problem::of(409, error, "give the new rule another id"),
        Denied::Nothing => Problem::not_found(error, "GET /api/v1/rules lists what is set"),
        Denied::ByHand => Problem::of(409, error, "write each as [[override]] in the file"),
    }
}

/// Why an edit is not in force.
pub(super) fn unedited(why: Unedited<Denied>, rule: &str) -> Refusal {
    match why {
        Unedited::Refused(denied) => refused(denied, rule).into(),
        Unedited::Broken(mistakes) => Refusal::broken(&mistakes, ""),
        Unedited::Unwritten(error) => {
            let remedy = "let the program write there, or change the file yourself and send it SIGHUP";
            Problem::of(503, error, remedy).into()
        }
        Unedited::Stopping => Fault::Stopping.into(),
    }
}

/// Whether a request says that what it writes is new.
pub(super) fn is_new(headers: &HeaderMap) -> bool {
    headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes().trim_ascii() == b"*")
}

/// The version that a request says it saw.
///
/// # Errors
/// It says none: a change that overwrites what nobody has read is no change.
pub(super) fn seen(headers: &HeaderMap) -> Result<String, Problem> {
    let said = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).map(str::trim);
    let tag = said.and_then(|said| said.strip_prefix('"')?.strip_suffix('"')).filter(|tag| !tag.contains('"'));
    let remedy = "send If-Match with the version you read, in quotes; for a new rule, If-None-Match: *";
    tag.map(str::to_owned).ok_or_else(|| Problem::of(428, "it is not said which version this changes", remedy))
}

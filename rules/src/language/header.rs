//! The header of a rule: TOML in `//!` lines. It is data, so that a form can show it, sliders can move it, and a
//! difference between two versions can be told without running anything.

use crate::hazard;
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::document::{FromNode, Located, Node, Reader, Value, nearest, parse_part};
use bongsu_sensors::mistake::{Mistake, Mistakes, Source};
use bongsu_sensors::name::is_name;
use bongsu_sensors::{KindId, Level};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a rule is evaluated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each station that has the inputs.
    Station,
    /// Each area in which a station has them.
    Area,
    /// The whole city at once.
    City,
}

/// Who may learn of what a rule finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Only operators.
    #[default]
    Operators,
    /// Everybody.
    Public,
}

/// What happens to a level once it is decided. Stricter is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// It is issued at once.
    Auto,
    /// A person approves it.
    #[default]
    Propose,
    /// Two persons approve it. The city's policy says so, never a rule.
    TwoPerson,
    /// It is recorded and never shown.
    Shadow,
}

/// Whose datastreams feed an input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Feeders {
    /// The stations of the place the rule is evaluated for.
    #[default]
    Here,
    /// The stations right upstream of the station.
    Upstream,
    /// The next stations up and down the river.
    Neighbours,
    /// Every station within so many kilometres of the station.
    Within(f64),
}

/// An input of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// Its name in the body.
    pub name: String,
    /// What it observes; `None`: whatever there is.
    pub kind: Option<KindId>,
    /// Who observes it. A datastream that the rule reads here is never its own neighbour.
    pub feeders: Feeders,
    /// How old the newest observation may be; `None`: three cadences of the datastream.
    pub max_age: Option<Duration>,
    /// How many stations must know before it counts as known.
    pub min_stations: u16,
    /// The rule also works where no such sensor was ever seen.
    pub optional: bool,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A duration, for windows.
    Duration(String),
}

/// A parameter of a rule: a number or a duration that officers may tune within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in the body.
    pub name: String,
    /// Its value unless overridden.
    pub default: Setting,
    /// The least it may be.
    pub min: Setting,
    /// The most it may be.
    pub max: Setting,
    /// The step of its slider.
    pub step: Option<f64>,
    /// Its unit, for people.
    pub unit: String,
    /// Where the default comes from.
    pub why: String,
}

/// When an alert stands, and when it falls.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldSpec {
    /// So many of so many evaluations must agree.
    pub confirm: (u8, u8),
    /// To fall, a value must be under this part of its limit.
    pub clear_ratio: Option<f64>,
    /// To fall, a value must be this far on the safe side of its limit: by place of the input.
    pub clear_margin: BTreeMap<u8, f64>,
    /// For how long it must be so, without a gap in knowledge.
    pub clear_after: Duration,
    /// Labels of checks that only support what the others find. What is unknown in them leaves nothing undecided; but
    /// where one can be asked, an alert counts as corroborated only if what holds stands on two stations. Empty: two
    /// samples, or two stations behind one check, are enough.
    pub corroborate: Arc<[String]>,
}

/// The header of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its identity.
    pub id: String,
    /// What it warns of.
    pub hazard: String,
    /// Its title in each language.
    pub title: Translations,
    /// What it is evaluated for.
    pub scope: Scope,
    /// It is evaluated at most this often.
    pub every: Duration,
    /// Who may learn of it.
    pub audience: Audience,
    /// Its inputs, in the order of the file.
    pub inputs: Vec<InputSpec>,
    /// Its parameters, in the order of the file.
    pub params: Vec<Param>,
    /// Confirmation and hysteresis.
    pub hold: HoldSpec,
    /// What happens to each level; a level not named is proposed.
    pub release: BTreeMap<Level, Release>,
    /// What its checks are called, by key and language.
    pub labels: BTreeMap<String, Translations>,
}

impl Header {
    /// What happens to a level once it is decided.
    pub fn release_of(&self, level: Level) -> Release {
        self.release.get(&level).copied().unwrap_or_default()
    }
}

/// Words that a body cannot use as names, because the language has them or a reader would take them for something else.
const RESERVED: [&str; 22] = [
    "check", "any", "all", "not", "raise", "let", "const", "if", "else", "switch", "default", "true", "false", "fn",
    "return", "throw", "try", "catch", "this", "is", "in", "new",
];

/// Reads the header of a rule; `None` where a mistake hides too much. Mistakes are added to the list. The second thing
/// is every name the header gives, also where the rest of its line is wrong: the body is judged by them all the same.
pub fn read(source: &Arc<Source>, mistakes: &Mistakes) -> (Option<Header>, Vec<String>) {
    let table = parse_part(source, &blank_all_but_header(&source.text), mistakes);
    let reader = Reader::document(&table, source, mistakes);
    let id = reader.required_at::<String>("id").filter(|id| named(id, mistakes));
    let hazard = reader.required_at::<String>("hazard").filter(|hazard| known_hazard(hazard, mistakes));
    let title = reader.required::<Translations>("title");
    let scope = word(&reader, "scope", &[("station", Scope::Station), ("area", Scope::Area), ("city", Scope::City)]);
    if reader.node("scope").is_none() {
        reader.complain("`scope` is missing", "add scope = \"station\", \"area\" or \"city\"");
    }
    let every = reader.optional::<Duration>("every").unwrap_or_default();
    let audience = word(&reader, "audience", &[("operators", Audience::Operators), ("public", Audience::Public)])
        .unwrap_or_default();
    let inputs = inputs(&reader, scope);
    let params = params(&reader, &inputs);
    let named = ["inputs", "params"].map(|key| table.get(key).map(|node| &node.value));
    let names: Vec<String> = named
        .into_iter()
        .filter_map(|value| if let Some(Value::Table(table)) = value { Some(table) } else { None })
        .flat_map(|table| table.iter().map(|(name, ..)| name.to_owned()))
        .collect();
    let labels = labels(&reader);
    let hold = hold(&reader, &inputs, &names, &labels);
    let release = release(&reader);
    if names.is_empty() {
        reader.complain("a rule without inputs", "add [inputs] with a line such as stage = { kind = \"river_stage\" }");
    } else if !inputs.is_empty() && mistakes.is_empty() && inputs.iter().all(|input| input.optional) {
        reader.complain("every input is optional", "a rule needs one input that it cannot do without");
    }
    reader.finish();
    let complete = id.zip(hazard).zip(title.zip(scope));
    let header = complete.map(|((id, hazard), (title, scope))| Header {
        id: id.value,
        hazard: hazard.value,
        title,
        scope,
        every,
        audience,
        inputs,
        params,
        hold,
        release,
        labels,
    });
    (header, names)
}

/// The text with everything but the header's TOML blanked out, byte for byte in place.
fn blank_all_but_header(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("//!") {
            Some(toml) => {
                blanked.push_str("   ");
                blanked.push_str(toml);
            }
            None => blanked.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' })),
        }
    }
    blanked
}

fn named(id: &Located<String>, mistakes: &Mistakes) -> bool {
    let good = is_name(&id.value);
    if !good {
        let remedy = "use up to 64 ASCII letters, digits, `-` and `_`, beginning with a letter or digit";
        mistakes.add(&id.origin, format!("{:?} cannot name a rule", id.value), remedy);
    }
    good
}

fn known_hazard(hazard: &Located<String>, mistakes: &Mistakes) -> bool {
    let good = hazard::named(&hazard.value).is_some();
    if !good {
        let known: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
        let remedy = match nearest(&hazard.value, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known hazards: {}", known.join(", ")),
        };
        mistakes.add(&hazard.origin, format!("unknown hazard {:?}", hazard.value), remedy);
    }
    good
}

/// One word of a few.
fn word<T: Copy>(reader: &Reader<'_>, key: &'static str, words: &[(&str, T)]) -> Option<T> {
    let found = reader.located::<String>(key)?;
    let word = words.iter().find(|(name, _)| *name == found.value);
    if word.is_none() {
        let known: Vec<String> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
        reader.mistakes().add(
            &found.origin,
            format!("`{key}` is {:?}", found.value),
            format!("write {}", known.join(" or ")),
        );
    }
    word.map(|(_, value)| *value)
}

/// Whether a name can stand in the body.
fn body_name(name: &str, origin: &bongsu_sensors::Origin, mistakes: &Mistakes) -> bool {
    let shaped = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !shaped {
        mistakes.add(origin, format!("{name:?} cannot be a name in a rule"), "use small ASCII letters, digits and `_`");
    } else if RESERVED.contains(&name) {
        mistakes.add(
            origin,
            format!("`{name}` is a word of the language"),
            format!("choose another name, such as `{name}_1`"),
        );
        return false;
    }
    shaped
}

/// What an input observes: a kind, or `any`.
fn observed(kind: &Located<String>, mistakes: &Mistakes) -> Option<Option<KindId>> {
    if kind.value == "any" {
        return Some(None);
    }
    let found = KindId::named(&kind.value);
    match found.and_then(|found| found.kind().feeds) {
        None if found.is_some() => return Some(found),
        Some(fed) => mistakes.add(
            &kind.origin,
            format!("{:?} feeds the input {fed:?}", kind.value),
            format!("write kind = {fed:?}; it covers both"),
        ),
        None => {
            let remedy = match bongsu_sensors::kind::nearest(&kind.value) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "`docs/kinds.md` lists every kind".to_owned(),
            };
            mistakes.add(&kind.origin, format!("unknown kind {:?}", kind.value), remedy);
        }
    }
    None
}

/// Whose datastreams feed an input: `from` or `within_km`.
fn feeders(spec: &Reader<'_>, scope: Option<Scope>) -> Feeders {
    let words = [("upstream", Feeders::Upstream), ("neighbours", Feeders::Neighbours)];
    let from = word(spec, "from", &words);
    let within = spec.located::<f64>("within_km");
    if let Some(wrong) = within.as_ref().filter(|km| !(km.value > 0.0 && km.value <= 500.0)) {
        spec.mistakes().add(&wrong.origin, "`within_km` is no distance", "write kilometres, above 0 and up to 500");
    }
    let feeders = match (from, within) {
        (None, None) => return Feeders::Here,
        (Some(from), None) => from,
        (None, Some(km)) => Feeders::Within(km.value),
        (Some(_), Some(_)) => {
            spec.complain("`from` and `within_km` together", "write one of them");
            Feeders::Here
        }
    };
    if scope.is_some_and(|scope| scope != Scope::Station) {
        let remedy = "write scope = \"station\"; an area sees all its stations anyway";
        spec.complain("only the rule of a station has neighbours", remedy);
    }
    feeders
}

fn inputs(reader: &Reader<'_>, scope: Option<Scope>) -> Vec<InputSpec> {
    let mut inputs = Vec::new();
    let Some(table) = reader.inner("inputs") else { return inputs };
    let mistakes = reader.mistakes();
    for (name, origin, node) in table.entries() {
        let Value::Table(spec) = &node.value else {
            mistakes.add(
                &node.origin,
                format!("input `{name}` is no table"),
                "write { kind = \"river_stage\", max_age = \"30m\" }",
            );
            continue;
        };
        let spec = Reader::table(spec, node.origin.clone(), mistakes);
        let kind = spec.required_at::<String>("kind").and_then(|kind| observed(&kind, mistakes));
        let feeders = feeders(&spec, scope);
        let max_age = spec.optional::<Duration>("max_age");
        let min_stations = spec.optional::<u16>("min_stations").unwrap_or(1);
        let optional = spec.optional::<bool>("optional").unwrap_or(false);
        spec.finish();
        if let (true, Some(kind)) = (body_name(name, origin, mistakes), kind) {
            inputs.push(InputSpec { name: name.to_owned(), kind, feeders, max_age, min_stations, optional });
        }
    }
    // A rule is evaluated for every reading of its inputs; the place of an input is a small number in every value.
    if inputs.len() > 32 {
        table.complain(format!("{} inputs", inputs.len()), "a rule has up to 32");
        inputs.truncate(32);
    }
    inputs
}

impl FromNode for Setting {
    fn from_node(node: &Node) -> Result<Setting, String> {
        if let Ok(number) = f64::from_node(node) {
            return Ok(Setting::Number(number));
        }
        let expected = || "a number, or a duration such as \"1h\"".to_owned();
        let text = String::from_node(node).map_err(|_| expected())?;
        match bongsu_sensors::time::parse_duration(&text) {
            Some(length) if !length.is_zero() => Ok(Setting::Duration(text)),
            _ => Err(expected()),
        }
    }
}

impl Setting {
    fn size(&self) -> f64 {
        match self {
            Setting::Number(number) => *number,
            Setting::Duration(text) => bongsu_sensors::time::parse_duration(text).unwrap_or_default().as_secs_f64(),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Setting::Number(_))
    }
}

fn params(reader: &Reader<'_>, inputs: &[InputSpec]) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    let Some(table) = reader.inner("params") else { return params };
    let mistakes = reader.mistakes();
    for (name, origin, node) in table.entries() {
        let Value::Table(spec) = &node.value else {
            mistakes.add(
                &node.origin,
                format!("parameter `{name}` is no table"),
                "write { default = 5.0, min = 1.0, max = 9.0, unit = \"mm\" }",
            );
            continue;
        };
        let spec = Reader::table(spec, node.origin.clone(), mistakes);
        let default = spec.required::<Setting>("default");
        let min = spec.required::<Setting>("min");
        let max = spec.required::<Setting>("max");
        let step = spec.optional::<f64>("step");
        let unit = spec.optional::<String>("unit").unwrap_or_default();
        let why = spec.optional::<String>("why").unwrap_or_default();
        spec.finish();
        if inputs.iter().any(|input| input.name == name) {
            mistakes.add(origin, format!("`{name}` is an input already"), "give the parameter another name");
            continue;
        }
        let (true, Some(default), Some(min), Some(max)) = (body_name(name, origin, mistakes), default, min, max) else {
            continue;
        };
        if default.is_number() != min.is_number() || default.is_number() != max.is_number() {
            mistakes.add(
                &node.origin,
                "default, min and max are of different sorts",
                "write three numbers or three durations",
            );
        } else if !(min.size() <= default.size() && default.size() <= max.size()) {
            mistakes.add(
                &node.origin,
                format!("the default of `{name}` lies outside its range"),
                "min ≤ default ≤ max",
            );
        }
        params.push(Param { name: name.to_owned(), default, min, max, step, unit, why });
    }
    params
}

fn hold(
    reader: &Reader<'_>,
    inputs: &[InputSpec],
    names: &[String],
    labels: &BTreeMap<String, Translations>,
) -> HoldSpec {
    let mut hold = HoldSpec {
        confirm: (1, 1),
        clear_ratio: None,
        clear_margin: BTreeMap::new(),
        clear_after: Duration::ZERO,
        corroborate: Arc::default(),
    };
    let Some(table) = reader.inner("hold") else { return hold };
    let mistakes = reader.mistakes();
    if let Some(node) = table.node("confirm") {
        match confirm(node) {
            Some(confirm) => hold.confirm = confirm,
            None => {
                mistakes.add(&node.origin, "no confirmation", "write confirm = 2 (in a row), or \"2 of 3\" (up to 16)")
            }
        }
    }
    if let Some(ratio) = table.located::<f64>("clear_ratio") {
        if ratio.value > 0.0 && ratio.value <= 1.0 {
            hold.clear_ratio = Some(ratio.value);
        } else {
            mistakes.add(&ratio.origin, "`clear_ratio` is no part of a limit", "write a number above 0 and up to 1");
        }
    }
    if let Some(margins) = table.inner("clear_margin") {
        for (name, origin, node) in margins.entries() {
            let place = inputs.iter().position(|input| input.name == name).and_then(|at| u8::try_from(at).ok());
            match (place, f64::from_node(node)) {
                (Some(place), Ok(margin)) if margin >= 0.0 => {
                    hold.clear_margin.insert(place, margin);
                }
                (None, _) if names.iter().any(|known| known == name) => {}
                (None, _) => mistakes.add(origin, format!("no input `{name}`"), "name an input of this rule"),
                _ => mistakes.add(&node.origin, "no margin", "write a number from 0, in the input's unit"),
            }
        }
    }
    hold.clear_after = table.optional::<Duration>("clear_after").unwrap_or_default();
    if let Some(named) = table.located::<Vec<String>>("corroborate") {
        for unknown in named.value.iter().filter(|label| !labels.contains_key(*label)) {
            let remedy = match nearest(unknown, labels.keys().map(String::as_str)) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "name keys of [labels]".to_owned(),
            };
            mistakes.add(&named.origin, format!("{unknown:?} is no label"), remedy);
        }
        hold.corroborate = named.value.into();
    }
    table.finish();
    hold
}

fn confirm(node: &Node) -> Option<(u8, u8)> {
    let (needed, of) = match &node.value {
        Value::Integer(n) => (u8::try_from(*n).ok()?, u8::try_from(*n).ok()?),
        Value::Text(text) => {
            let (needed, of) = text.split_once(" of ")?;
            (needed.trim().parse().ok()?, of.trim().parse().ok()?)
        }
        _ => return None,
    };
    (1 <= needed && needed <= of && of <= 16).then_some((needed, of))
}

fn release(reader: &Reader<'_>) -> BTreeMap<Level, Release> {
    let mut release = BTreeMap::new();
    let Some(table) = reader.inner("release") else { return release };
    for (name, origin, node) in table.entries() {
        let word = match String::from_node(node).as_deref() {
            Ok("auto") => Some(Release::Auto),
            Ok("propose") => Some(Release::Propose),
            Ok("shadow") => Some(Release::Shadow),
            _ => None,
        };
        match (name.parse::<Level>(), word) {
            (Ok(level), Some(word)) => {
                release.insert(level, word);
            }
            (Err(wrong), _) => reader.mistakes().add(origin, wrong, ""),
            _ => reader.mistakes().add(&node.origin, "no release", "write \"auto\", \"propose\" or \"shadow\""),
        }
    }
    release
}

fn labels(reader: &Reader<'_>) -> BTreeMap<String, Translations> {
    let mut labels = BTreeMap::new();
    let Some(table) = reader.inner("labels") else { return labels };
    for (key, _, node) in table.entries() {
        match Translations::from_node(node) {
            Ok(texts) if texts.contains_key("ko") && texts.contains_key("en") => {
                labels.insert(key.to_owned(), texts);
            }
            _ => reader.mistakes().extend([Mistake::new(
                &node.origin,
                format!("label `{key}` lacks a language"),
                "write { ko = \"…\", en = \"…\" }",
            )]),
        }
    }
    labels
}

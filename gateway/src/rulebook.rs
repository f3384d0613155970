//! The rules as people at a console see and change them: what is in force, read; and from what somebody wants to the
//! [`Edit`] that makes it so. Files, log and commits are the [`Reloader`]'s business.

use crate::pipeline::Signed;
use crate::reload::{Edit, InForce, Reloader, Unedited};
use crate::shelf::Shelf;
use crate::store::rule::hash;
use bongsu_rules::engine::Compiled;
use bongsu_rules::language::edit::{with_override, written};
use bongsu_rules::language::header::Setting;
use bongsu_rules::language::overrides::{Override, Where, is_overrides};
use bongsu_rules::language::{Header, Release, Rule};
use bongsu_rules::pack;
use bongsu_rules::record::RulesText;
use bongsu_sensors::Source;
use bongsu_sensors::mistake::Mistake;
use bongsu_sensors::name::is_name;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What is in force, compiled.
#[derive(Debug)]
pub struct Library {
    /// As text.
    pub in_force: InForce,
    /// As rules.
    pub compiled: Compiled,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such rule.
    #[error("there is no such rule")]
    NoRule,
    /// What was seen is no longer in force.
    #[error("it has been changed since it was read")]
    Changed,
    /// It is in force already.
    #[error("that is in force already")]
    Same,
    /// Nothing of the kind is set there.
    #[error("nothing is set there")]
    Nothing,
    /// It is no name of a rule.
    #[error("that cannot name a rule")]
    NoName,
    /// A file where the rule would stand is another's.
    #[error("the file in which it would stand holds another rule")]
    Taken,
    /// The overrides are written in a way that is edited by hand only.
    #[error("the file of overrides holds them as a list in one line")]
    ByHand,
}

/// Whose file the overrides of a text stand in.
type File<'a> = &'a (String, String);

impl Library {
    /// Reads what is in force.
    pub fn of(in_force: &InForce) -> Library {
        let (compiled, _) = crate::inventory::checker(None).compile(&in_force.rules);
        Library { in_force: in_force.clone(), compiled }
    }

    /// A rule.
    pub fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.compiled.rules.iter().find(|rule| rule.header.id == id)
    }

    /// What the version of a rule that is in force is called by.
    pub fn version(rule: &Rule) -> String {
        hash(&rule.source.text)
    }

    /// What the overrides in force are called by, all of them together.
    pub fn overrides_version(&self) -> String {
        hash(&override_files(&self.in_force.rules).map(|(_, text)| text.as_str()).collect::<String>())
    }

    /// The overrides of a rule.
    pub fn overrides<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Override> {
        self.compiled.overrides.iter().filter(move |one| one.rule == rule)
    }
}

fn override_files(rules: &RulesText) -> impl Iterator<Item = File<'_>> {
    rules.files.iter().filter(|(name, _)| is_overrides(name))
}

/// How much of what a rule finds gets out, in a word.
pub fn mode(header: &Header) -> &'static str {
    let lets_out = |release: &Release| *release == Release::Auto;
    match header {
        _ if header.shadow => "shadow",
        _ if header.release.values().any(lets_out) => "live",
        _ => "propose",
    }
}

/// Parameters of a rule that somebody sets at a place, or takes back there.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The rule.
    pub rule: String,
    /// Where.
    pub place: Where,
    /// The parameters; none: those that are set there are taken back.
    pub set: Vec<(String, Setting)>,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// The rules, and how they are changed.
#[derive(Debug)]
pub struct Rulebook {
    reloader: Arc<Reloader>,
    read: Mutex<Option<Arc<Library>>>,
}

impl Rulebook {
    /// Over what reads and writes them.
    pub fn new(reloader: Arc<Reloader>) -> Rulebook {
        Rulebook { reloader, read: Mutex::default() }
    }

    /// What is in force. Compiling is done once for each change.
    pub fn rules(&self) -> Arc<Library> {
        self.rules_of(&self.reloader.in_force())
    }

    fn rules_of(&self, in_force: &InForce) -> Arc<Library> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.as_ref().filter(|known| Arc::ptr_eq(&known.in_force.rules, &in_force.rules)) {
            return known.clone();
        }
        read.insert(Arc::new(Library::of(in_force))).clone()
    }

    /// What would be wrong if a text took the place of a rule, or stood as a new one: mistakes of the text, and what no
    /// longer fits with it.
    ///
    /// # Errors
    /// No rule can have that name.
    pub fn check(&self, rule: &str, text: &str) -> Result<Vec<Mistake>, Denied> {
        let library = self.rules();
        let edit = self.text(&library, rule, text, "")?;
        let rules = self.reloader.edited(&library.in_force.rules, &edit);
        let checker = crate::inventory::checker(Some(&library.in_force.catalog));
        let mut mistakes = checker.check_rules(&rules).err().unwrap_or_default();
        // The rule's own mistakes first: those of others follow from them.
        mistakes.sort_by_key(|mistake| mistake.origin.source.name != edit.file);
        if mistakes.is_empty() {
            mistakes.extend(other_name(rule, &edit));
        }
        Ok(mistakes)
    }

    /// The cases that stand beside a rule: its own proof. `None`: there are none.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn cases(&self, rule: &str) -> Result<Option<Arc<Source>>, Denied> {
        let library = self.rules();
        let file = &library.rule(rule).ok_or(Denied::NoRule)?.source.name;
        let shelf = self.reloader.shelf();
        let beside = Path::new(&shelf.place(file)).with_file_name("cases.toml");
        if let Ok(text) = std::fs::read_to_string(&beside) {
            return Ok(Some(Source::new(beside.display().to_string(), text)));
        }
        let shipped = pack::ALL.iter().find(|one| shelf.place(one.name) == shelf.place(file));
        Ok(shipped.map(|one| Source::new(one.cases_name, one.cases)))
    }

    fn text(&self, library: &Library, rule: &str, text: &str, author: &str) -> Result<Edit, Denied> {
        let shelf = self.reloader.shelf();
        let file = match library.rule(rule) {
            Some(known) => shelf.place(&known.source.name),
            None => new_file(shelf, &library.in_force.rules, rule)?,
        };
        Ok(Edit { file, text: text.to_owned(), author: author.to_owned() })
    }

    /// Puts a text in force in the place of the version of a rule that was seen; where none was, as a new rule.
    ///
    /// # Errors
    /// Why it is not in force.
    pub fn put(
        &self,
        signed: Signed,
        rule: &str,
        seen: &str,
        text: &str,
        author: &str,
    ) -> Result<(), Unedited<Denied>> {
        self.reloader.edit(signed, |in_force| {
            let library = self.rules_of(in_force);
            let now = library.rule(rule);
            if now.is_none() && !seen.is_empty() {
                return Err(Denied::NoRule);
            }
            if now.map(|now| Library::version(now)).unwrap_or_default() != seen {
                return Err(Denied::Changed);
            }
            if now.is_some_and(|now| now.source.text == text) {
                return Err(Denied::Same);
            }
            self.text(&library, rule, text, author)
        })
    }

    /// Sets parameters of a rule at a place, or takes them back, where the overrides are those that were seen.
    ///
    /// # Errors
    /// Why it is not in force.
    pub fn tune(&self, signed: Signed, seen: &str, tuning: &Tuning) -> Result<(), Unedited<Denied>> {
        self.reloader.edit(signed, |in_force| {
            let library = self.rules_of(in_force);
            library.rule(&tuning.rule).ok_or(Denied::NoRule)?;
            if library.overrides_version() != seen {
                return Err(Denied::Changed);
            }
            let before = library.overrides(&tuning.rule).find(|one| one.place == tuning.place);
            let files = &in_force.rules;
            let (name, text) = match before {
                Some(one) => override_files(files).find(|(name, _)| *name == one.origin.source.name),
                None if tuning.set.is_empty() => return Err(Denied::Nothing),
                None => override_files(files).next(),
            }
            .map_or_else(
                || (self.reloader.shelf().new_place("overrides.toml"), ""),
                |(name, text)| (name.clone(), text),
            );
            let in_file = |one: &&Override| one.origin.source.name == name;
            let known: Vec<Override> = library.compiled.overrides.iter().filter(in_file).cloned().collect();
            let Tuning { rule, place, set, author, reason } = tuning;
            let new = (!set.is_empty()).then(|| written(rule, place, set, author, reason));
            let text = with_override(text, &known, (rule, place), new.as_deref()).ok_or(Denied::ByHand)?;
            Ok(Edit { file: name, text, author: author.clone() })
        })
    }
}

/// The file of a rule that is new: a folder of its own, as the command line makes it.
fn new_file(shelf: &Shelf, rules: &RulesText, rule: &str) -> Result<String, Denied> {
    if !is_name(rule) || rule.contains('.') {
        return Err(Denied::NoName);
    }
    let file = shelf.new_place(&format!("{rule}/{rule}.rhai"));
    if rules.files.iter().any(|(name, _)| shelf.place(name) == file) {
        return Err(Denied::Taken);
    }
    Ok(file)
}

/// A text that is another rule's.
fn other_name(rule: &str, edit: &Edit) -> Option<Mistake> {
    let source = Source::new(edit.file.clone(), edit.text.clone());
    let found = bongsu_rules::language::Host::new().compile(&source).ok()?;
    let origin = bongsu_sensors::mistake::Origin { source, span: 0..0 };
    let message = format!("this is the text of rule {:?}", found.header.id);
    (found.header.id != rule).then(|| Mistake::new(&origin, message, format!("write id = {rule:?}")))
}

//! Reading the city, the rules and the policy again while the program runs: what is good of them is put in force, what has mistakes
//! is told, and what was in force under its name stays.

use crate::config::Config;
use crate::inventory;
use crate::people::People;
use crate::pipeline::{Reload, Signed};
use crate::report::{self, Language, Look, Problems};
use crate::shelf::{Shelf, Wanted};
use bongsu_rules::incident::Policy;
use bongsu_rules::record::{CatalogText, RulesText};
use bongsu_sensors::mistake::Mistake;
use miette::{IntoDiagnostic, WrapErr, miette};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads again, one at a time.
#[derive(Debug)]
pub struct Reloader {
    stations: PathBuf,
    shelf: Shelf,
    policy: Option<PathBuf>,
    people: People,
    pipeline: Sender<Reload>,
    /// What was last handed to the pipeline.
    in_force: Mutex<InForce>,
}

/// A city and its rules.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    /// The city.
    pub catalog: Arc<CatalogText>,
    /// The rules.
    pub rules: Arc<RulesText>,
}

/// A text among the rules that somebody writes anew.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The file.
    pub file: String,
    /// All of it.
    pub text: String,
    /// Who answers for it.
    pub author: String,
}

/// Why an edit is not in force.
#[derive(Debug)]
pub enum Unedited<E> {
    /// Whoever wanted it sees now that it must not be.
    Refused(E),
    /// The rules would have mistakes.
    Broken(Vec<Mistake>),
    /// The file cannot be written.
    Unwritten(String),
    /// The program stops.
    Stopping,
}

impl Reloader {
    /// Reads what a configuration names, and hands to this pipeline.
    pub fn new(config: &Config, people: People, pipeline: Sender<Reload>, in_force: InForce) -> Reloader {
        let (stations, policy) = (config.stations.clone(), config.release.policy.clone());
        Reloader { stations, policy, people, ..Reloader::over(Shelf::of(config), pipeline, in_force) }
    }

    /// Changes the rules of a shelf; there are no other files to read again.
    pub fn over(shelf: Shelf, pipeline: Sender<Reload>, in_force: InForce) -> Reloader {
        let (stations, policy, people) = Default::default();
        Reloader { stations, shelf, policy, people, pipeline, in_force: Mutex::new(in_force) }
    }

    /// What was last put in force.
    pub fn in_force(&self) -> InForce {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the rules stand.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Texts with an edit in its place.
    pub fn edited(&self, rules: &RulesText, edit: &Edit) -> RulesText {
        let files = self.shelf.with(&rules.files, &edit.file, &edit.text);
        RulesText { files, author: edit.author.clone() }
    }

    /// Writes an edit into its file and puts it in force, and waits until it is on the disk with what is written down
    /// beside it. What others changed in files meanwhile waits for [`Reloader::reload`].
    ///
    /// `of` makes the edit of what is in force at that moment, which nobody changes before it is done.
    ///
    /// # Errors
    /// Why it is not in force. Its file is as it was then.
    pub fn edit<E>(&self, signed: Signed, of: impl FnOnce(&InForce) -> Result<Edit, E>) -> Result<(), Unedited<E>> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let edit = of(&in_force).map_err(Unedited::Refused)?;
        let rules = Arc::new(self.edited(&in_force.rules, &edit));
        inventory::checker(Some(&in_force.catalog)).check_rules(&rules).map_err(Unedited::Broken)?;
        // It waits beside its file before it is in force, so that after a crash at any moment the log and the file agree.
        let wanted = Wanted::write(Path::new(&edit.file), &edit.text)
            .map_err(|error| Unedited::Unwritten(format!("failed to write {}: {error}", edit.file)))?;
        let (done, is_done) = channel();
        let reload = Reload { catalog: None, rules: rules.clone(), policy: None, signed, done };
        self.pipeline.send(reload).map_err(|_| Unedited::Stopping)?;
        is_done.recv().map_err(|_| Unedited::Stopping)?;
        in_force.rules = rules;
        if let Err(error) = wanted.take_place() {
            // It is in force, and tried again before the files are read the next time.
            tracing::error!(%error, file = edit.file, "a rule that is in force could not be written into its file");
        }
        Ok(())
    }

    /// Reads everything again, and waits until it is in force and on the disk. Mistakes are told on standard error;
    /// the answer is an error where anything was left as it was.
    ///
    /// # Errors
    /// A catalog, rules or a policy with mistakes.
    pub fn reload(&self) -> miette::Result<()> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let (catalog, parsed) = inventory::catalog(&self.stations)?;
        let policy = inventory::policy(self.policy.as_deref(), &parsed)?;
        settle(&self.shelf, &in_force.rules)?;
        let (rules, mistakes) = inventory::rules_beside(&self.shelf, &in_force.rules, Some(&catalog))?;
        let (done, is_done) = channel();
        let gone = |()| miette!("bongsu is stopping");
        tell_of_absent(&policy, &self.people);
        let reload = Reload {
            catalog: Some(catalog.clone()),
            rules: rules.clone(),
            policy: Some(policy),
            signed: Signed::default(),
            done,
        };
        self.pipeline.send(reload).map_err(|_| gone(()))?;
        *in_force = InForce { catalog, rules };
        is_done.recv().map_err(|_| gone(()))?;
        tracing::info!("the catalog, the rules and the policy are read again");
        left_as_they_were(mistakes)
    }

    /// The same, where nobody waits for the answer: what is wrong is told on standard error.
    pub fn reload_and_tell(&self) {
        if let Err(error) = self.reload() {
            tell(error);
        }
    }
}

/// Brings the files of rules in line with what is in force.
///
/// # Errors
/// The folder cannot be read or written.
pub fn settle(shelf: &Shelf, in_force: &RulesText) -> miette::Result<()> {
    let failed = || format!("failed to put what is in force into {}", shelf.folder().display());
    shelf.settle(in_force).into_diagnostic().wrap_err_with(failed)
}

/// Tells of those on duty who cannot be asked: a proposal that goes to nobody is lost time.
pub fn tell_of_absent(policy: &Policy, people: &People) {
    let is_absent = |name: &&String| people.user(name).is_none_or(|user| user.disabled.is_some());
    for name in policy.duty.iter().filter(is_absent) {
        tracing::warn!(name, "somebody on duty in the policy has no account that could decide");
    }
}

/// The mistakes of rules that are not put in force.
///
/// # Errors
/// Where there are any.
pub fn left_as_they_were(mistakes: Vec<Mistake>) -> miette::Result<()> {
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(Problems::errors("some rules are left as they were", mistakes).into()),
    }
}

/// Tells an error that stops nothing.
pub fn tell(mut error: miette::Report) {
    report::speak(&mut error, Language::of_environment());
    eprint!("{}", report::render(&error, Look::of_stderr()));
}

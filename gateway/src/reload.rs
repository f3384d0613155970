//! Reading the city, the rules and the policy again while the program runs: what is good of them is put in force, what has mistakes
//! is told, and what was in force under its name stays.

use crate::config::Config;
use crate::inventory;
use crate::people::People;
use crate::pipeline::Reload;
use crate::report::{self, Language, Look, Problems};
use bongsu_rules::incident::Policy;
use bongsu_rules::record::RulesText;
use bongsu_sensors::mistake::Mistake;
use miette::miette;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads again, one at a time.
#[derive(Debug)]
pub struct Reloader {
    stations: PathBuf,
    rules: Option<PathBuf>,
    policy: Option<PathBuf>,
    people: People,
    pipeline: Sender<Reload>,
    /// The rules that were last handed to the pipeline.
    in_force: Mutex<Arc<RulesText>>,
}

impl Reloader {
    /// Reads what a configuration names, and hands to this pipeline.
    pub fn new(config: &Config, people: People, pipeline: Sender<Reload>, in_force: Arc<RulesText>) -> Reloader {
        let (stations, rules, policy) = (config.stations.clone(), config.rules.clone(), config.release.policy.clone());
        Reloader { stations, rules, policy, people, pipeline, in_force: Mutex::new(in_force) }
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
        let (rules, mistakes) = inventory::rules_beside(self.rules.as_deref(), &in_force, Some(&catalog))?;
        let (done, is_done) = channel();
        let gone = |()| miette!("bongsu is stopping");
        tell_of_absent(&policy, &self.people);
        self.pipeline.send(Reload { catalog, rules: rules.clone(), policy, done }).map_err(|_| gone(()))?;
        *in_force = rules;
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

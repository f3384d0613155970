//! Reading the city and the rules again while the program runs: what is good of them is put in force, what has mistakes
//! is told, and what was in force under its name stays.

use crate::inventory;
use crate::pipeline::Reload;
use crate::report::{self, Language, Look, Problems};
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
    pipeline: Sender<Reload>,
    /// The rules that were last handed to the pipeline.
    in_force: Mutex<Arc<RulesText>>,
}

impl Reloader {
    /// Reads from these paths, and hands to this pipeline.
    pub fn new(
        stations: PathBuf,
        rules: Option<PathBuf>,
        pipeline: Sender<Reload>,
        in_force: Arc<RulesText>,
    ) -> Reloader {
        Reloader { stations, rules, pipeline, in_force: Mutex::new(in_force) }
    }

    /// Reads everything again, and waits until it is in force and on the disk. Mistakes are told on standard error;
    /// the answer is an error where anything was left as it was.
    ///
    /// # Errors
    /// A catalog or rules with mistakes.
    pub fn reload(&self) -> miette::Result<()> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let (catalog, _) = inventory::catalog(&self.stations)?;
        let (rules, mistakes) = inventory::rules_beside(self.rules.as_deref(), &in_force, Some(&catalog))?;
        let (done, is_done) = channel();
        let gone = |()| miette!("bongsu is stopping");
        self.pipeline.send(Reload { catalog, rules: rules.clone(), done }).map_err(|_| gone(()))?;
        *in_force = rules;
        is_done.recv().map_err(|_| gone(()))?;
        tracing::info!("the catalog and the rules are read again");
        left_as_they_were(mistakes)
    }

    /// The same, where nobody waits for the answer: what is wrong is told on standard error.
    pub fn reload_and_tell(&self) {
        if let Err(error) = self.reload() {
            tell(error);
        }
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

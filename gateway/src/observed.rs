//! Recorded observations, read whole: for commands that ask what a rule would have done.

use crate::clock::Clock;
use crate::decode::Decoder;
use crate::dialect::Scripts;
use crate::inventory;
use crate::source::file::Files;
use crate::source::{Heard, Source};
use crate::store::{Store, Stored};
use bongsu_rules::Engine;
use bongsu_rules::backtest::{Moment, engine_at};
use bongsu_rules::engine::Authority;
use bongsu_rules::record::{CatalogText, RulesText};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::{Catalog, Reading, Time};
use miette::{IntoDiagnostic, miette};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A city and what was heard in it.
#[derive(Debug)]
pub struct Observed {
    /// The city, as text and as it says.
    pub catalog_text: Arc<CatalogText>,
    /// What the text says, its datastreams numbered.
    pub catalog: Arc<Catalog>,
    /// The numbers of its datastreams.
    pub numbering: Numbering,
    /// What was heard, in the order of time.
    pub moments: Vec<Moment>,
    /// Rows that were no observations.
    pub refused: usize,
    /// Whether the moments are those at which it was received, and not those it is of.
    pub is_received: bool,
}

impl Observed {
    /// Reads CSV files.
    ///
    /// # Errors
    /// A catalog or a file that cannot be read.
    pub fn of_files(stations: &Path, files: &[PathBuf]) -> miette::Result<Observed> {
        let (catalog_text, _) = inventory::catalog(stations)?;
        let mut source = Files::open(files, Clock::System.now())?;
        let mut observed = Observed::in_city(catalog_text, Numbering::default())?;
        let mut decoder = Decoder::new(Some(observed.catalog.clone()), &source.names(), &Scripts::default());
        while let Heard::Moment(moment) = source.hear(None)? {
            let step = decoder.decode(moment.now, &moment.said);
            observed.refused += step.dead_letters.len();
            if !step.readings.is_empty() {
                observed.moments.push(Moment { now: moment.now, readings: step.readings });
            }
        }
        Ok(observed)
    }

    /// Reads the log of a store, in the city that is configured now.
    ///
    /// # Errors
    /// A catalog or a store that cannot be read.
    pub fn of_store(stations: &Path, path: &Path) -> miette::Result<Observed> {
        if !path.exists() {
            return Err(miette!(
                help = "name CSV files, or a data folder with --data",
                "there is no store at {}",
                path.display()
            ));
        }
        let store = Store::open_as_it_is(path, usize::MAX).into_diagnostic()?;
        let mut observed = Observed::in_city(inventory::catalog(stations)?.0, store.numbering().into_diagnostic()?)?;
        let moments = &mut observed.moments;
        store
            .entries(0, u64::MAX >> 1, Time::from_millis(i64::MIN), |entry| {
                let stored = entry.stored().map_err(|cause| store.damaged(&format!("record {}", entry.seq), &cause))?;
                let reading = |stored: Stored| match stored {
                    Stored::Observation(seen) => {
                        Some(Reading { datastream: seen.datastream, time: Some(seen.time), value: seen.value })
                    }
                    Stored::Flag(..) => None,
                };
                let readings: Vec<Reading> = stored.into_iter().filter_map(reading).collect();
                if !readings.is_empty() {
                    moments.push(Moment { now: entry.now, readings });
                }
                Ok(())
            })
            .into_diagnostic()?;
        observed.is_received = true;
        Ok(observed)
    }

    fn in_city(catalog_text: Arc<CatalogText>, numbering: Numbering) -> miette::Result<Observed> {
        let authority = Authority::trial(catalog_text.clone(), Arc::default(), numbering);
        let engine = Engine::begin(authority, Time::default());
        let catalog = engine.catalog().cloned().ok_or_else(|| miette!("the catalog cannot be used"))?;
        let numbering = engine.numbering().clone();
        Ok(Observed { catalog_text, catalog, numbering, moments: Vec::new(), refused: 0, is_received: false })
    }

    /// When the first of it was heard.
    pub fn from(&self) -> Time {
        self.moments.first().map_or_else(Time::default, |moment| moment.now)
    }

    /// When the last of it was heard.
    pub fn to(&self) -> Time {
        self.moments.last().map_or_else(Time::default, |moment| moment.now)
    }

    /// Plays everything up to a moment through an engine with these rules.
    pub fn play(&self, rules: &Arc<RulesText>, until: Time) -> Engine {
        let authority = Authority::trial(self.catalog_text.clone(), rules.clone(), self.numbering.clone());
        engine_at(authority, &self.moments, until)
    }
}

//! `bongsu replay`: recorded observations through the very pipeline, in virtual time, with no channel but the store.

use crate::cli::replay::Arguments;
use crate::cli::{Ended, output_failed, write_json};
use crate::clock::Clock;
use crate::config::Config;
use crate::inventory;
use crate::pipeline::{Counts, Pipeline, Spoken, Voice};
use crate::restart;
use crate::shelf::Shelf;
use crate::source::file::Files;
use crate::store::Store;
use bongsu_rules::incident::{Status, Transition};
use bongsu_sensors::Level;
use indicatif::{ProgressBar, ProgressStyle};
use miette::miette;
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

/// One change of an incident's decided level, as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    incident: &'a str,
    hazard: &'a str,
    area: &'a str,
    station: Option<&'a str>,
    level: Level,
    state: &'static str,
}

/// What the replay did, as it is printed at the end.
#[derive(Serialize)]
struct Summary {
    observations: u64,
    seconds: f64,
    per_second: f64,
    dead_letters: u64,
}

/// Runs the replay.
///
/// # Errors
/// Files, catalog or rules that cannot be used, or a disk that fails.
pub fn run(arguments: &Arguments, config: &Config, output: &mut dyn Write) -> miette::Result<Ended> {
    let (catalog, _) = inventory::catalog(&config.stations)?;
    let rules = inventory::rules(&Shelf::of(config))?;
    let store = Store::open(&config.store.path, Status::Test, config.limits.dead_letters)?;
    let mut files = Files::open(&arguments.files, Clock::System.now())?;
    let progress = store.progress()?;
    let mut printer = Printer { output, json: arguments.json };
    match (progress, arguments.resume) {
        (None, true) | (None, false) if store.newest()?.is_some() => {
            return Err(miette!(
                help = "name another folder with --data",
                "{} holds observations that no replay wrote",
                config.data.display()
            ));
        }
        (Some(_), false) => {
            let help = "continue it with --resume, or name an empty folder with --data";
            return Err(miette!(help = help, "{} holds a replay already", config.data.display()));
        }
        (Some(progress), true) => {
            // The output of a continued replay equals that of an unbroken one.
            for transition in store.transitions()? {
                printer.print(&transition).map_err(output_failed)?;
            }
            files.resume(&progress)?;
        }
        (None, _) => {}
    }
    let before = store.progress()?.unwrap_or_default();
    let first = files.first_time().ok_or_else(|| miette!("the files hold no observation"))?;
    let (engine, seq) = restart::restore(&store, Status::Test)?;
    if seq > 0 && (*engine.catalog_text() != catalog || engine.rules_text().files != rules.files) {
        return Err(miette!(
            help = "begin anew in another folder",
            "the catalog or the rules changed since the replay was interrupted"
        ));
    }
    let started = Instant::now();
    let bar = bar(files.position().1);
    let mut pipeline = Pipeline::new(files, engine, store, seq, config.limits.batch_readings).with_voice(&mut printer);
    // What is decided is printed whatever the city lets out: a replay knows no policy.
    pipeline.take_up(first, catalog, rules, Arc::default())?;
    let counts = pipeline.run(|files, counts| show(&bar, files, counts))?;
    bar.finish_and_clear();
    drop(pipeline);
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let summary = Summary {
        observations: before.observations + counts.observations,
        seconds,
        per_second: (counts.observations as f64 / seconds).round(),
        dead_letters: before.dead_letters + counts.dead_letters,
    };
    printer.finish(&summary)?;
    Ok(Ended::Well)
}

/// A bar of what takes a while.
pub fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, files: &Files, counts: &Counts) {
    bar.set_position(files.position().0);
    bar.set_message(format!("{} observations, {} changes of incidents", counts.observations, counts.transitions));
}

/// Prints decided levels, whatever their release.
struct Printer<'a> {
    output: &'a mut dyn Write,
    json: bool,
}

impl Printer<'_> {
    fn print(&mut self, transition: &Transition) -> io::Result<()> {
        let incident = &transition.incident;
        // Proposals and releases are no decisions of a rule.
        if transition.from == incident.level {
            return Ok(());
        }
        let line = Line {
            time: transition.time.to_string(),
            incident: &incident.id,
            hazard: &incident.hazard,
            area: &incident.area,
            station: incident.station.as_deref(),
            level: incident.level,
            state: if incident.level == Level::None { "ended" } else { "raised" },
        };
        if self.json {
            let text = serde_json::to_string(&line)?;
            return writeln!(self.output, "{text}");
        }
        let station = line.station.map(|station| format!(" at {station}")).unwrap_or_default();
        writeln!(self.output, "{}  {:<9} {} in {}{station}", line.time, line.level, line.hazard, line.area)
    }

    fn finish(&mut self, summary: &Summary) -> miette::Result<()> {
        if self.json {
            return write_json(summary, self.output);
        }
        let Summary { observations, seconds, per_second, dead_letters } = summary;
        writeln!(
            self.output,
            "{observations} observations in {seconds:.1} s ({per_second} a second), {dead_letters} dead letters"
        )
        .map_err(output_failed)
    }
}

impl Voice for Printer<'_> {
    fn speak(&mut self, spoken: &Spoken<'_>) -> miette::Result<()> {
        for (_, transition) in &spoken.batch.transitions {
            self.print(transition).map_err(output_failed)?;
        }
        self.output.flush().map_err(output_failed)
    }
}

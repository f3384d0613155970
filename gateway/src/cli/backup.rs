//! `bongsu backup DIR`: everything that must survive the loss of a machine, taken while the program runs.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::backup;
use crate::clock::Clock;
use std::io;
use std::path::{Path, PathBuf};

/// Save everything that must survive the loss of this machine, while the program runs
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder that is empty or not there yet
    #[arg(value_name = "DIR")]
    to: PathBuf,
    /// Print what was saved as one JSON object
    #[arg(long)]
    json: bool,
}

/// Takes the backup.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let layers = globals.layers(Vec::new())?;
    let config = checked(&layers)?;
    let file = layers.file_name().map(Path::new);
    let manifest = backup::take(&config, file, &arguments.to, Clock::System.now().to_string())?;
    if arguments.json {
        write_json(&manifest, output)?;
    } else {
        let bytes: u64 = manifest.files.values().map(|kept| kept.bytes).sum();
        let (files, records) = (manifest.files.len(), manifest.holds.records);
        writeln!(output, "{files} files, {bytes} bytes: {records} records up to {}", manifest.holds.newest_record)
            .map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

//! `bongsu restore DIR`: a backup becomes the data folder of a machine that has none yet.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::backup;
use std::io;
use std::path::PathBuf;

/// Bring a backup back into an empty data folder
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder that `bongsu backup` wrote
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Read everything that came back: each page, each record, the chain of the audit, the engine
    #[arg(long)]
    verify: bool,
    /// Print what came back as one JSON object
    #[arg(long)]
    json: bool,
}

/// Restores.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    let manifest = backup::restore(&config, &arguments.from, arguments.verify)?;
    if arguments.json {
        write_json(&manifest, output)?;
    } else {
        let (time, holds) = (&manifest.time, &manifest.holds);
        let word = if arguments.verify { "restored and verified" } else { "restored" };
        writeln!(output, "{word}: taken at {time}, {} records, {} incidents", holds.records, holds.incidents)
            .map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

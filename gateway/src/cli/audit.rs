//! `bongsu audit`: who did what. It reads the store beside a running program.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::store::Reader;
use miette::{IntoDiagnostic, WrapErr};
use std::io;

/// Entries read in one go.
const CHUNK: usize = 1_000;

/// The audit: who did what
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Prove that nothing was changed or taken out, and print the newest hash
    Verify {
        /// A hash that was kept elsewhere: the audit must still contain it
        #[arg(long, value_name = "HASH")]
        from: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print every entry as a JSON object a line, oldest first
    Export,
}

/// Runs one of them.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    let path = &config.store.path;
    let reader = Reader::open(path).into_diagnostic().wrap_err_with(|| format!("failed to open {}", path.display()))?;
    match command {
        Command::Verify { from, json } => {
            let verified = reader.verify_audit(from.as_deref()).into_diagnostic()?;
            if json {
                write_json(&verified, output)?;
            } else {
                writeln!(output, "{} entries, newest hash {}", verified.entries, verified.head)
                    .map_err(output_failed)?;
                for fault in &verified.faults {
                    writeln!(output, "{fault}").map_err(output_failed)?;
                }
            }
            Ok(if verified.faults.is_empty() { Ended::Well } else { Ended::WithFindings })
        }
        Command::Export => {
            let mut after = 0;
            loop {
                let chunk = reader.audit_after(after, CHUNK).into_diagnostic()?;
                let Some(last) = chunk.last() else { return Ok(Ended::Well) };
                after = last.id;
                for entry in &chunk {
                    write_json(entry, output)?;
                }
            }
        }
    }
}

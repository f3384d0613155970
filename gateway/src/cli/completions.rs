//! `bongsu completions SHELL`: what a shell needs to complete our commands.

use super::{Ended, output_failed};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell to print them for
    shell: Shell,
}

/// Prints them.
pub fn run(arguments: &Arguments, output: &mut dyn io::Write) -> miette::Result<Ended> {
    // The generator stops the process when it cannot write, so it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "bongsu", &mut text);
    output.write_all(&text).map_err(output_failed)?;
    Ok(Ended::Well)
}

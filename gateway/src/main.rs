//! `bongsu`: read the command line, run the command, say how it ended.

use bongsu_gateway::{cli, report};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let language = arguments.language();
    let mut output = std::io::stdout().lock();
    let ended = cli::run(arguments, &mut output);
    // What was written must be out before the exit code says that it is.
    let flushed = output.flush().map_err(cli::output_failed);
    match ended.and_then(|ended| flushed.map(|()| ended)) {
        Ok(ended) => ended.into(),
        Err(error) if cli::is_closed_output(&error) => ExitCode::SUCCESS,
        Err(mut error) => {
            report::speak(&mut error, language);
            eprint!("{}", report::render(&error, report::Look::of_stderr()));
            ExitCode::FAILURE
        }
    }
}

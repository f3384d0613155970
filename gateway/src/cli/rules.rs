//! `bongsu rules`: the arguments of the commands about rules.

use std::path::PathBuf;

/// Rules: what is dangerous
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Find every mistake in rules
    Check(CheckArguments),
}

/// Find every mistake in rules
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArguments {
    /// Rule files or folders of them [default: the key `rules`, else the rules that come with the program]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A catalog: checks too that the rules fit its stations
    #[arg(long, value_name = "FILE")]
    pub stations: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

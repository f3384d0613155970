//! `bongsu replay`: the arguments of a replay of recorded observations through the pipeline.

use super::Globals;
use crate::config::Setting;
use std::path::PathBuf;

/// Run recorded observations through the pipeline in virtual time, and print what is decided
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// CSV files of observations with the header time,station,kind,value; they are merged by time
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The catalog of their stations [default: the key `stations` of the configuration]
    #[arg(long, value_name = "FILE")]
    pub stations: Option<PathBuf>,
    /// A folder of rules [default: the key `rules`, else the rules that come with the program]
    #[arg(long, value_name = "DIR")]
    pub rules: Option<PathBuf>,
    /// Continue a replay that was interrupted in the same data folder
    #[arg(long)]
    pub resume: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The flags as settings, for [`Globals::start`].
    pub fn settings(&self) -> Vec<Setting> {
        let stations = ("--stations", &["stations"] as &[&str], &self.stations);
        let rules = ("--rules", &["rules"] as &[&str], &self.rules);
        [stations, rules]
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Setting { key, flag, value: value.clone()? }))
            .collect()
    }

    /// The checked configuration of this replay, with the log started.
    ///
    /// # Errors
    /// Every mistake of the configuration.
    pub fn start(&self, globals: &Globals) -> miette::Result<crate::config::Config> {
        globals.start(self.settings())
    }
}

//! `bongsu alerts`: what waits for a person, and what persons say to it. The running program is asked; what is ordered
//! here stands in the audit like everything else.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::control::{self, Question, Reply};
use crate::reception::{Answer, Request};
use bongsu_rules::incident::Action;
use miette::miette;
use serde_json::Value;
use std::io;

/// Incidents: what waits for a person, and what persons say to it
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the incidents, those that wait for a person first
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show an incident, with the hash that an approval must name
    Show {
        /// The incident
        incident: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Say that it was seen
    Ack {
        /// The incident
        incident: String,
    },
    /// Let out what is proposed, if it is still what `show` showed
    Approve {
        /// The incident
        incident: String,
        /// The hash that `show` printed
        #[arg(long)]
        hash: String,
        /// How many people it reaches, where many
        #[arg(long, value_name = "PEOPLE")]
        population: Option<u64>,
        /// Let it out although the area has no shape
        #[arg(long)]
        without_geometry: bool,
    },
    /// Do not let out what is proposed
    Reject {
        /// The incident
        incident: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take back what was said: it was a false alarm
    Cancel {
        /// The incident
        incident: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Say that it is over
    End {
        /// The incident
        incident: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Runs one of them, by the running program.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let (request, json) = match command {
        Command::List { json } => (Request::Alerts, json),
        Command::Show { incident, json } => (Request::Alert(incident), json),
        Command::Ack { incident } => (order(Action::Acknowledge { incident }), false),
        Command::Approve { incident, hash, population, without_geometry } => {
            (Request::Approve { incident, hash, population, without_geometry }, false)
        }
        Command::Reject { incident, reason } => (order(Action::Reject { incident, seen: None, reason }), false),
        Command::Cancel { incident, reason } => (order(Action::Cancel { incident, reason }), false),
        Command::End { incident, reason } => (order(Action::End { incident, reason }), false),
    };
    let is_one = matches!(request, Request::Alert(_));
    match ask(globals, request)? {
        Answer::List(alerts) if alerts.is_empty() && is_one => {
            Err(miette!(help = "`bongsu alerts list` names them", "there is no such incident"))
        }
        Answer::List(alerts) => {
            for alert in &alerts {
                match (json, is_one) {
                    (true, _) => write_json(alert, output)?,
                    (false, true) => show(alert, output)?,
                    (false, false) => writeln!(output, "{}", line(alert)).map_err(output_failed)?,
                }
            }
            Ok(Ended::Well)
        }
        Answer::Done { needs_second: true, .. } => {
            writeln!(output, "approved; another person must approve it too").map_err(output_failed)?;
            Ok(Ended::Well)
        }
        Answer::Done { state, .. } => {
            writeln!(output, "done: {}", state.unwrap_or_default()).map_err(output_failed)?;
            Ok(Ended::Well)
        }
        Answer::Link(_) => Err(miette!("the running bongsu answered something else; is it another version?")),
    }
}

fn order(action: Action) -> Request {
    Request::Order(Box::new(action))
}

/// Asks the running program something about people.
pub fn ask(globals: &Globals, request: Request) -> miette::Result<Answer> {
    let config = checked(&globals.layers(Vec::new())?)?;
    match control::ask(&config.data, &Question::People(request))? {
        Reply::People(answer) => Ok(answer),
        Reply::Failed(reason) => Err(miette!("{reason}")),
        _ => Err(miette!("the running bongsu answered something else; is it another version?")),
    }
}

fn word<'a>(alert: &'a Value, key: &str) -> &'a str {
    alert[key].as_str().unwrap_or("-")
}

fn line(alert: &Value) -> String {
    let proposed = match alert["proposal"]["level"].as_str() {
        Some(level) => format!("  {level} waits until {}", alert["proposal"]["deadline"].as_str().unwrap_or("-")),
        None => String::new(),
    };
    format!("{}  {}  {}{proposed}", word(alert, "incident"), word(alert, "state"), word(alert, "level"))
}

fn show(alert: &Value, output: &mut dyn io::Write) -> miette::Result<()> {
    let mut say = |key: &str, value: &str| writeln!(output, "{key:<12} {value}").map_err(output_failed);
    say("incident", word(alert, "incident"))?;
    say("state", word(alert, "state"))?;
    say("level", word(alert, "level"))?;
    say("rule", word(alert, "rule"))?;
    let preview = &alert["preview"];
    if preview.is_null() {
        return Ok(());
    }
    say("would say", preview["headline"]["ko"].as_str().unwrap_or("-"))?;
    say("", preview["instruction"]["ko"].as_str().unwrap_or("-"))?;
    say("by", &preview["channels"].as_array().map_or(String::new(), |all| format!("{} channels", all.len())))?;
    say("reaches", &preview["population"].as_u64().map_or("unknown".to_owned(), |people| people.to_string()))?;
    say("hash", preview["hash"].as_str().unwrap_or("-"))
}

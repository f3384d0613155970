//! Barriers and sirens: commands over MQTT, and what the device reports of them.
//!
//! A barrier is only ever closed by this channel. Opening one is a person's act on site or at the console: a danger
//! that is over for the sensors may not be over on the road. A command that the device does not confirm is tried again
//! until the message's time is over, and somebody is told.

use super::notice::{Filter, Notice};
use super::{Channel, Kind, Outcome, Pace, Settings, Target, Tools, webhook};
use crate::alert::words::Language;
use crate::command::Reports;
use crate::config::Layers;
use crate::pipeline::{Spoken, Voice};
use crate::store::Reader;
use bongsu_broker::{Outgoing, Outlet, Qos};
use bongsu_rules::record::Report;
use bongsu_sensors::Level;
use bongsu_sensors::document::Reader as Section;
use bongsu_sensors::topic::{DeviceTopic, Leaf};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// The line of the table.
pub const KIND: Kind = Kind { name: "device", manual: MANUAL, read };

const MANUAL: &str = r#"# Barriers and sirens, one table for each. They hear bongsu/v1/{station}/cmd and answer on bongsu/v1/{station}/cmd/ack.
[[channel.device]]
# The station of the device.
station = "underpass-barrier"

# What it does: close (a barrier; it is never opened from here) | sound (a siren with a voice)
act = "close"

# Which areas and hazards it acts on, from which level on, and the language of its voice.
areas = ["seocho"]
hazards = ["underpass_flood"]
level = "watch"
# language = "ko"

# It acts in exercises, and in nothing that is meant: a drill of the barrier itself.
# exercise = true

# How long it may take to report that it has done so. After that it is told again, and so are the operators.
timeout = "30s"
"#;

/// Answers kept for those who wait.
const ACKS: usize = 1_024;

/// What devices report of commands.
#[derive(Clone, Debug)]
pub struct Acks(broadcast::Sender<Ack>);

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    station: String,
    id: String,
    result: String,
}

#[derive(Deserialize)]
struct Said {
    id: String,
    #[serde(default)]
    result: serde_json::Value,
}

impl Default for Acks {
    fn default() -> Acks {
        Acks(broadcast::channel(ACKS).0)
    }
}

impl Voice for Acks {
    fn speak(&mut self, spoken: &Spoken<'_>) -> miette::Result<()> {
        for relay in spoken.relays {
            let Some(topic) = DeviceTopic::parse(&relay.topic).filter(|topic| topic.leaf == Leaf::CommandAck) else {
                continue;
            };
            // What is no answer was somebody's own affair with the device.
            if let Ok(said) = serde_json::from_slice::<Said>(&relay.payload) {
                let result = said.result.as_str().map_or_else(|| said.result.to_string(), str::to_owned);
                let _ = self.0.send(Ack { station: topic.station.to_owned(), id: said.id, result });
            }
        }
        Ok(())
    }
}

/// What a device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Close,
    Sound,
}

impl Act {
    const fn name(self) -> &'static str {
        match self {
            Act::Close => "close",
            Act::Sound => "sound",
        }
    }
}

#[derive(Clone, Debug)]
struct Device {
    station: String,
    act: Act,
    exercise: bool,
    filter: Filter,
    language: Language,
    pace: Pace,
}

fn read(section: Section<'_>, _: &Layers) -> Option<Arc<dyn Settings>> {
    let station: Option<String> = section.required("station");
    let act = section.required_at::<String>("act").and_then(|typed| match typed.value.as_str() {
        "close" => Some(Act::Close),
        "sound" => Some(Act::Sound),
        other => {
            let wrong = format!("`act` cannot be {other:?}");
            section.mistakes().add(&typed.origin, wrong, "write close or sound; barriers are opened by people");
            None
        }
    });
    let exercise = section.optional("exercise").unwrap_or_default();
    let filter = webhook::filter(&section);
    let language = webhook::language(&section);
    let mut pace = webhook::pace(&section, 1);
    if section.node("timeout").is_none() {
        pace.patience = Duration::from_secs(30);
    }
    section.finish();
    Some(Arc::new(Device { station: station?, act: act?, exercise, filter: filter?, language: language?, pace }))
}

impl Settings for Device {
    fn name(&self) -> String {
        format!("device.{}", self.station)
    }

    fn is_for_exercises(&self) -> bool {
        self.exercise
    }

    fn build(&self, tools: &Tools) -> miette::Result<Arc<dyn Channel>> {
        Ok(Arc::new(Built {
            device: self.clone(),
            outlet: tools.outlet.clone(),
            acks: tools.acks.clone(),
            reports: tools.reports.clone(),
        }))
    }
}

struct Built {
    device: Device,
    outlet: Outlet,
    acks: Acks,
    reports: Reports,
}

impl Built {
    /// Tells operators whether the device obeys: those on site must know of a barrier that stays open.
    fn report(&self, outcome: &Outcome) {
        let confirmed = matches!(outcome, Outcome::Sent(_));
        self.reports.tell(Report::Command { station: self.device.station.clone(), confirmed });
    }

    /// One command, and what the device says of it.
    async fn command_it(&self, notice: &Notice, key: &str) -> Outcome {
        let mut acks = self.acks.0.subscribe();
        let command = match self.command(notice, key) {
            Ok(command) => command,
            Err(why) => return Outcome::Rejected(why),
        };
        let outlet = self.outlet.clone();
        let published = tokio::task::spawn_blocking(move || outlet.publish(vec![command])).await;
        if !matches!(published, Ok(Ok(()))) {
            return Outcome::Retry(None, "the command could not be published".into());
        }
        let patience = self.device.pace.patience;
        let until = tokio::time::Instant::now() + patience;
        loop {
            match tokio::time::timeout_at(until, acks.recv()).await {
                Ok(Ok(ack)) if ack.station == self.device.station && ack.id == key => {
                    return match ack.result.as_str() {
                        "done" | "ok" => Outcome::Sent(ack.result),
                        _ => Outcome::Retry(None, format!("the device reports {:?}", ack.result)),
                    };
                }
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                Ok(Err(broadcast::error::RecvError::Closed)) => {
                    return Outcome::Retry(None, "bongsu is stopping".into());
                }
                Err(_) => {
                    let seconds = patience.as_secs();
                    return Outcome::Retry(None, format!("not confirmed within {seconds} s"));
                }
            }
        }
    }

    fn one(&self) -> Target {
        let Device { station, language, .. } = &self.device;
        Target { id: station.clone(), address: station.clone(), language: language.code().into() }
    }

    fn command(&self, notice: &Notice, key: &str) -> Result<Outgoing, String> {
        let Device { station, act, language, .. } = &self.device;
        let words = notice.words(*language).map_err(|error| error.to_string())?;
        let args = match act {
            Act::Close => json!({"reason": words.headline}),
            Act::Sound => json!({"text": words.speech, "level": notice.message.level, "lang": language.code()}),
        };
        let body = json!({"id": key, "type": act.name(), "args": args, "expires": notice.expires()});
        let topic = DeviceTopic { station, leaf: Leaf::Command }.to_string();
        let payload = body.to_string().into_bytes().into();
        Ok(Outgoing { topic, payload, qos: Qos::AtLeastOnce, retain: false, expiry: Some(Duration::from_secs(60)) })
    }
}

impl Channel for Built {
    fn pace(&self) -> Pace {
        Pace { patience: self.device.pace.patience + Duration::from_secs(5), ..self.device.pace }
    }

    fn targets(&self, notice: &Notice, _: &Reader) -> rusqlite::Result<Vec<Target>> {
        let level = notice.message.level;
        // A barrier hears nothing of the end; a siren says it.
        let acts = level >= self.device.filter.level && level > Level::None
            || level == Level::None && self.device.act == Act::Sound;
        Ok((acts && notice.is_wanted(&self.device.filter)).then(|| self.one()).into_iter().collect())
    }

    fn target(&self, id: &str, _: &Reader) -> rusqlite::Result<Option<Target>> {
        Ok((id == self.device.station).then(|| self.one()))
    }

    fn deliver<'a>(&'a self, notice: &'a Notice, _: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let outcome = self.command_it(notice, key).await;
            self.report(&outcome);
            outcome
        })
    }
}

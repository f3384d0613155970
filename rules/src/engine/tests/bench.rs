//! A small city on a bench: what devices say goes in as lines of text in relative minutes, what the engine does comes
//! out the same way.
//!
//! ```text
//! 10    jamsu river_stage 5.6        at minute 10 the station says 5.6
//! 10    jamsu river_stage 5.6 @5     the same, claimed for minute 5
//! 10    jamsu river_stage -          it says that the value is missing
//! 30                                 time passes
//! ```
//!
//! As in the pipeline, whatever is due between two lines is handled at its own time.

use crate::engine::Engine;
use crate::flag::Flag;
use crate::incident::{Cause, Status, Transition};
use crate::pack;
use crate::record::{CatalogText, Effect, Input, Record, RulesText};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{DatastreamName, Reading, Time};
use std::sync::Arc;

/// Minute 0: 2026-07-08T00:00:00Z.
pub const START: Time = Time::from_millis(1_783_468_800_000);

/// Two districts. `jamsu` is a river station with limits and a rate, `road_a` to `road_c` are roads of one district.
pub const CITY: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu" }
[[area]]
code = "yongsan"
name = { ko = "용산구", en = "Yongsan-gu" }
[[station]]
id = "jamsu"
name = { ko = "잠수교", en = "Jamsu Bridge" }
position = [37.5153, 126.9957]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
levels = { advisory = 5.5, watch = 6.2, warning = 6.5 }
quality = { range = [0.0, 15.0], max_rate = "0.5/10m" }
[[station.datastream]]
kind = "rainfall"
cadence = "10m"
[[station]]
id = "road_a"
name = { ko = "가길", en = "Road A" }
position = [37.49, 127.01]
area = "yongsan"
[[station.datastream]]
kind = "road_water_depth"
cadence = "1m"
quality = { max_rate = "500/1m" }
[[station.datastream]]
kind = "rainfall_counter"
cadence = "1m"
[[station]]
id = "road_b"
name = { ko = "나길", en = "Road B" }
position = [37.49, 127.02]
area = "yongsan"
[[station.datastream]]
kind = "road_water_depth"
cadence = "1m"
quality = { max_rate = "500/1m" }
[[station]]
id = "road_c"
name = { ko = "다길", en = "Road C" }
position = [37.49, 127.03]
area = "yongsan"
[[station.datastream]]
kind = "road_water_depth"
cadence = "1m"
quality = { max_rate = "500/1m" }
"#;

/// A rule of tests: its name, its scope, further lines of its header, its body. Every level is issued by itself.
pub fn rule(id: &str, scope: &str, header: &str, body: &str) -> String {
    let mut text = format!(
        "id = \"{id}\"\nhazard = \"river_flood\"\nscope = \"{scope}\"\ntitle = {{ ko = \"시험\", en = \"test\" }}\n"
    );
    let (top, tables): (Vec<&str>, Vec<&str>) = header
        .lines()
        .map(str::trim)
        .partition(|line| ["every", "audience", "mode"].iter().any(|key| line.starts_with(key)));
    text.extend(top.into_iter().chain(tables).map(|line| format!("{line}\n")));
    text.push_str("[release]\n");
    for level in ["advisory", "watch", "warning", "emergency"] {
        if body.contains(&format!("raise(\"{level}\")")) {
            text.push_str(&format!("{level} = \"auto\"\n"));
        }
    }
    text.push_str("[labels]\n");
    for label in ["a", "b", "c"] {
        if body.contains(&format!("check(\"{label}\"")) {
            text.push_str(&format!("{label} = {{ ko = \"{label}\", en = \"{label}\" }}\n"));
        }
    }
    let header: String = text.lines().map(|line| format!("//! {line}\n")).collect();
    format!("{header}\n{body}\n")
}

/// The shipped rule of rivers.
pub fn river_flood() -> String {
    pack::ALL.iter().find(|rule| rule.name.ends_with("river_flood.rhai")).expect("shipped").text.to_owned()
}

/// Rules as the engine takes them.
pub fn rules_text(rules: &[String]) -> Arc<RulesText> {
    let files = rules.iter().zip(1..).map(|(rule, at)| (format!("rule{at}.rhai"), rule.clone()));
    Arc::new(RulesText { files: files.collect(), author: "Kim".into() })
}

/// A catalog as the engine takes it.
pub fn catalog_text(stations: &str) -> Arc<CatalogText> {
    Arc::new(CatalogText { name: "stations.toml".into(), stations: stations.to_owned(), geometry: None })
}

/// So many minutes after the start.
pub fn minute(minutes: f64) -> Time {
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a test")]
    Time::from_millis(START.millis() + (minutes * 60_000.0).round() as i64)
}

/// An engine on the bench.
pub struct Bench {
    /// The engine.
    pub engine: Engine,
    /// What went in.
    pub records: Vec<Record>,
    /// What came out, by record.
    pub effects: Vec<Vec<Effect>>,
}

impl Bench {
    /// The city with some rules.
    pub fn new(rules: &[String]) -> Bench {
        Bench::in_city(CITY, rules)
    }

    /// Another city with some rules.
    pub fn in_city(city: &str, rules: &[String]) -> Bench {
        let mut bench = Bench { engine: Engine::new(Status::Actual), records: Vec::new(), effects: Vec::new() };
        bench.handle(START, Input::Catalog(catalog_text(city)));
        assert!(bench.engine.catalog().is_some(), "the city has mistakes");
        bench.take_rules(0.0, rules);
        bench
    }

    /// Handles one input; answers what the engine does.
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Effect> {
        let seq = self.records.len() as u64 + 1;
        let record = Record { seq, now, input };
        let mut effects = Vec::new();
        self.engine.handle(&record, &mut effects);
        self.records.push(record);
        self.effects.push(effects.clone());
        effects
    }

    /// Takes other rules.
    pub fn take_rules(&mut self, minutes: f64, rules: &[String]) {
        let text = rules_text(rules);
        if let Err(mistakes) = self.engine.check_rules(&text) {
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("{}", told.join("\n"));
        }
        self.handle(minute(minutes), Input::Rules(text));
        assert_eq!(self.engine.rules().len(), rules.len());
    }

    /// Takes other rules, with overrides beside them.
    pub fn take_overrides(&mut self, minutes: f64, rules: &[String], overrides: &str) -> Vec<Effect> {
        let mut text = (*rules_text(rules)).clone();
        text.files.push(("rules/overrides.toml".to_owned(), overrides.to_owned()));
        if let Err(mistakes) = self.engine.check_rules(&text) {
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("{}", told.join("\n"));
        }
        self.handle(minute(minutes), Input::Rules(Arc::new(text)))
    }

    /// Plays lines; answers what the engine does, a line each.
    pub fn play(&mut self, feed: &str) -> Vec<String> {
        let mut told = Vec::new();
        for line in feed.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let now = minute(words[0].parse().expect(line));
            while let Some(due) = self.engine.next_due().filter(|due| *due < now) {
                self.say(due, Input::Tick, &mut told);
            }
            let input = match words[1..] {
                [] => Input::Tick,
                [station, kind, value, ref claim @ ..] => {
                    let claimed = claim.first().map(|claim| claim.trim_start_matches('@').parse().expect(line));
                    let time = Some(claimed.map_or(now, minute));
                    let value = (value != "-").then(|| value.parse().expect(line));
                    Input::Readings(vec![Reading { datastream: self.number(station, kind), time, value }])
                }
                _ => panic!("{line}"),
            };
            self.say(now, input, &mut told);
        }
        told
    }

    fn say(&mut self, now: Time, input: Input, told: &mut Vec<String>) {
        let effects = self.handle(now, input);
        told.extend(effects.iter().filter_map(|effect| self.line(now, effect)));
    }

    /// The number of a datastream.
    pub fn number(&self, station: &str, kind: &str) -> DatastreamId {
        let catalog = self.engine.catalog().expect("a city");
        let at = catalog.station_named(station).expect(station);
        let name: DatastreamName = kind.parse().expect(kind);
        catalog.datastream(at, name).expect(kind).id
    }

    /// One effect as a line. An observation that is believed is no news.
    fn line(&self, now: Time, effect: &Effect) -> Option<String> {
        let now = minutes_text(now);
        Some(match effect {
            Effect::Observed(observed) if observed.flag.usable() || observed.flag == Flag::Missing => return None,
            Effect::Observed(observed) => {
                format!("{now} {} {:?}", self.name(observed.datastream), observed.flag).to_lowercase()
            }
            Effect::Reflagged { datastream, time, flag, .. } => {
                format!("{now} {} @{} {flag:?}", self.name(*datastream), minutes_text(*time)).to_lowercase()
            }
            Effect::Duplicate(_) => format!("{now} duplicate"),
            Effect::Refused(refusal) => format!("{now} refused: {}", refusal.reason),
            // What lasts is said again and again; that is the business of incidents.
            Effect::Incident(transition) if transition.cause == Cause::Renewed => return None,
            Effect::Incident(transition) => format!("{now} {}", incident_text(transition)),
            Effect::Ordered(verdict) => format!("{now} ordered: {verdict:?}"),
            Effect::Historic(historic) => {
                let then = minutes_text(historic.time);
                format!("{now} {} at {} was {} @{then}", historic.rule, historic.place, historic.level)
            }
            Effect::Undecided(undecided) => {
                let what = match (&undecided.since, &undecided.failure) {
                    (None, _) => "decides again".to_owned(),
                    (Some(_), None) => "is undecided".to_owned(),
                    (Some(_), Some(failure)) => format!("fails: {failure}"),
                };
                format!("{now} {} at {} {what}", undecided.rule, undecided.place)
            }
        })
    }

    fn name(&self, datastream: DatastreamId) -> String {
        let catalog = self.engine.catalog().expect("a city");
        let known = (0..).zip(&catalog.stations).find_map(|(at, station)| {
            let streams = catalog.datastreams_of(StationIndex(at));
            streams.iter().any(|stream| stream.id == datastream).then(|| station.id.to_string())
        });
        known.unwrap_or_else(|| format!("#{}", datastream.0))
    }
}

fn minutes_text(time: Time) -> String {
    #[expect(clippy::cast_precision_loss, reason = "minutes of a test")]
    let minutes = (time.millis() - START.millis()) as f64 / 60_000.0;
    format!("{}", (minutes * 1000.0).round() / 1000.0)
}

fn incident_text(transition: &Transition) -> String {
    let incident = &transition.incident;
    let message = transition.message.as_ref().and_then(|message| message.identifier.rsplit_once('.'));
    let message = message.map(|(_, number)| format!(" .{number}")).unwrap_or_default();
    let cause = match transition.cause {
        Cause::Rule => String::new(),
        other => format!(" ({other:?})").to_lowercase(),
    };
    format!("{} {} {}{message}{cause}", incident.area, incident.level.name(), incident.state.name())
}

/// Plays a feed in the city with some rules and compares everything the engine does with what is expected.
#[track_caller]
pub fn check(rules: &[String], feed: &str, expect: &str) {
    let told = Bench::new(rules).play(feed);
    assert_told(&told, expect);
}

/// Compares lines, whatever their indentation.
#[track_caller]
pub fn assert_told(told: &[String], expect: &str) {
    let expect: Vec<&str> = expect.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(told, expect, "\ntold:\n  {}", told.join("\n  "));
}

//! A back-test is a promise: what devices say live, what a replay reads from a file and what a back-test plays come to
//! the very same incidents, word for word and at the same moments.

use crate::crash;
use bongsu_broker::{Message, Qos};
use bongsu_gateway::observed::Observed;
use bongsu_gateway::pipeline::Pipeline;
use bongsu_gateway::restart;
use bongsu_gateway::source::{Heard, Moment, Said, Source};
use bongsu_gateway::store::Store;
use bongsu_rules::backtest::{Prepared, Setting, alerts, go_on, play};
use bongsu_rules::incident::{Status, Transition};
use bongsu_rules::pack;
use bongsu_rules::record::CatalogText;
use bongsu_sensors::{Level, Time};
use bongsu_simulators::scenario;
use bongsu_tests::flood::{self, Row};
use bongsu_tests::program::Setup;
use bongsu_tests::rehearsal::is_soak;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Devices that say each row at its own time.
struct Devices(VecDeque<(Time, Vec<Message>)>);

impl Devices {
    fn of(rows: &[Row]) -> Devices {
        let moment = |rows: &[Row]| {
            let message = |row: &Row| {
                let value = if row.value.is_empty() { "null" } else { &row.value };
                Message {
                    topic: format!("bongsu/v1/{}/obs", row.station).into(),
                    payload: format!("{{\"t\":{},\"{}\":{value}}}", row.time_ms, row.kind).into(),
                    qos: Qos::AtLeastOnce,
                    retain: false,
                    dup: false,
                    is_will: false,
                    packet_id: 1,
                    properties: None,
                }
            };
            (Time::from_millis(rows[0].time_ms), rows.iter().map(message).collect())
        };
        Devices(rows.chunk_by(|one, other| one.time_ms == other.time_ms).map(moment).collect())
    }
}

impl Source for Devices {
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard> {
        let Some((next, _)) = self.0.front() else { return Ok(Heard::End) };
        if let Some(now) = due.filter(|due| due < next) {
            return Ok(Heard::Moment(Moment { now, said: Vec::new(), more: true }));
        }
        let (now, messages) = self.0.pop_front().expect("it was looked at");
        Ok(Heard::Moment(Moment { now, said: vec![Said::Messages(messages)], more: true }))
    }

    fn acknowledge(&mut self) {}
}

/// Transitions as the store would keep them.
fn written(transitions: &[Transition]) -> Vec<serde_json::Value> {
    transitions.iter().map(|transition| serde_json::to_value(transition).expect("it can be written")).collect()
}

fn stored(path: &Path) -> Vec<serde_json::Value> {
    let store = Store::open(path, Status::Test, 1_000).expect("a store");
    written(&store.transitions().expect("it can be read"))
}

/// What a back-test makes of observations, with the rules that are shipped.
fn backtested(observed: &Observed) -> Vec<serde_json::Value> {
    let setting = Setting {
        catalog: observed.catalog_text.clone(),
        numbering: observed.numbering.clone(),
        rules: Arc::new(pack::shipped()),
        rule: "river_flood".into(),
        level: Level::Advisory,
    };
    written(&play(&setting, &observed.moments, |_| {}).transitions)
}

#[track_caller]
fn same(one: &[serde_json::Value], other: &[serde_json::Value], what: &str) {
    for (at, (one, other)) in one.iter().zip(other).enumerate() {
        assert_eq!(one, other, "{what}: change {at}");
    }
    assert_eq!(one.len(), other.len(), "{what}");
}

#[test]
fn live_replay_and_backtest_come_to_the_same_incidents() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = flood::made();
    let [stations, file] = ["stations.toml", "flood.csv"].map(|name| folder.path().join(name));
    fs::write(&stations, flood::STATIONS).expect("the folder can be written");
    fs::write(&file, flood::csv(&rows)).expect("the folder can be written");

    let replayed = Setup { data: folder.path().join("replayed"), ..Setup::strict(folder.path()) };
    replayed.run(&["replay", "flood.csv", "--stations", "stations.toml"]);
    let replayed = stored(&replayed.database());

    let path = folder.path().join("live").join("city.db");
    let store = Store::open(&path, Status::Test, 1_000).expect("a store");
    let (engine, seq) = restart::restore(&store, Status::Test).expect("a restart");
    let mut pipeline = Pipeline::new(Devices::of(&rows), engine, store, seq, 7);
    let city =
        CatalogText { name: stations.display().to_string(), stations: flood::STATIONS.to_owned(), geometry: None };
    let begins = Time::from_millis(rows[0].time_ms);
    pipeline.take_up(begins, Arc::new(city), Arc::new(pack::shipped()), Arc::default()).expect("a city");
    pipeline.run(|_, _| {}).expect("it comes to its end");
    drop(pipeline);
    let live = stored(&path);

    let observed = Observed::of_files(&stations, &[file]).expect("observations");
    let backtested = backtested(&observed);
    println!("{} changes of incidents live, {} replayed, {} back-tested", live.len(), replayed.len(), backtested.len());
    assert!(live.len() > 8, "{live:#?}");
    same(&live, &replayed, "live and replayed");
    same(&live, &backtested, "live and back-tested");
}

/// A city of many kinds of stations, with every fault at work, back-tested from its own store.
#[test]
fn a_scenario_is_decided_live_as_a_backtest_of_its_store_decides_it() {
    for scenario in scenario::ALL.iter().filter(|scenario| is_soak() || scenario.name == "storm") {
        let folder = tempfile::tempdir().expect("a folder");
        let mut outcome = crash::faulty(scenario.name, 1, 6).run_in(folder.path());
        let [stations, store] = ["stations.toml", "data/city.db"].map(|name| folder.path().join(name));
        let observed = Observed::of_store(&stations, &store).expect("observations");
        // A rehearsal is an exercise, a back-test a test.
        outcome.transitions.iter_mut().for_each(|transition| transition.incident.status = Status::Test);
        let (live, backtested) = (written(&outcome.transitions), backtested(&observed));
        println!("{}: {}; {} changes back-tested", scenario.name, outcome.summary(), backtested.len());
        assert!(live.len() > 5, "{}: {} changes", scenario.name, live.len());
        same(&live, &backtested, scenario.name);
    }
}

/// A prepared back-test compares what it wrote down; the engine plays everything again. Both answer the same.
#[test]
fn a_prepared_backtest_answers_as_the_engine_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = flood::made();
    let [stations, file] = ["stations.toml", "flood.csv"].map(|name| folder.path().join(name));
    fs::write(&stations, flood::STATIONS).expect("the folder can be written");
    fs::write(&file, flood::csv(&rows)).expect("the folder can be written");
    let observed = Observed::of_files(&stations, &[file]).expect("observations");
    let mut found = 0;
    for level in [Level::Advisory, Level::Watch, Level::Warning] {
        let setting = |rules| Setting {
            catalog: observed.catalog_text.clone(),
            numbering: observed.numbering.clone(),
            rules: Arc::new(rules),
            rule: "river_flood".into(),
            level,
        };
        let prepared =
            Prepared::of(&setting(pack::shipped()), observed.moments.clone(), None, go_on).expect("it has places");
        for (param, value) in [("near_m", 0.2), ("near_m", 2.5), ("lead_min", 0.0), ("lead_min", 180.0)] {
            let set = [(param.to_owned(), bongsu_rules::language::header::Setting::Number(value))];
            assert!(prepared.is_quick(&set), "{param} stands only in limits");
            let mut rules = pack::shipped();
            let over = format!(
                "[[override]]\nrule = \"river_flood\"\nset = {{ {param} = {value:?} }}\nauthor = \"t\"\nreason = \"t\"\n"
            );
            rules.files.push(("overrides.toml".into(), over));
            let expect = alerts(&setting(rules), &observed.moments, |_| {});
            found += expect.len();
            assert_eq!(prepared.alerts(&set, go_on).expect("nobody stops it"), expect, "{level}, {param} = {value}");
        }
    }
    assert!(found > 8, "{found}");
}

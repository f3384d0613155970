//! A rule under a slider: thirty days of ten datastreams at one minute, prepared once and asked again and again; and a
//! season of five hundred gauges, played on every processor.

use bongsu_rules::backtest::{Moment, Prepared, Setting, alerts, go_on, split};
use bongsu_rules::incident::Status;
use bongsu_rules::language::header;
use bongsu_rules::pack;
use bongsu_rules::record::{CatalogText, Record};
use bongsu_rules::{Engine, Input};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Level, Reading, Time};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DAYS: u32 = 30;
/// Moves of the slider; the median is told.
const MOVES: u32 = 21;
const GAUGES: u32 = 500;
/// May to October.
const SEASON_DAYS: u32 = 184;

/// Prints how long each takes.
pub fn run() {
    println!("\na rule under a slider, {DAYS} days of ten datastreams at one minute");
    let flood = city(5, &[("rainfall", ""), ("road_water_depth", "")], "1m");
    slide(&setting(&flood, "urban_flood"), ("depth_cm", 5.0, 50.0));
    let rivers = city(10, &[("river_stage", "levels = { watch = 4.2, warning = 4.6 }")], "1m");
    slide(&setting(&rivers, "river_flood"), ("near_m", 0.1, 2.0));
    let rivers = city(GAUGES, &[("river_stage", "levels = { watch = 4.2, warning = 4.6 }")], "10m");
    season(&setting(&rivers, "river_flood"));
}

/// A district of stations a kilometre apart, each with these datastreams.
fn city(stations: u32, kinds: &[(&str, &str)], cadence: &str) -> String {
    let mut text = String::from("timezone = \"Asia/Seoul\"\n[[area]]\ncode = \"seocho\"\n");
    for station in 0..stations {
        let north = 30.0 + 0.01 * f64::from(station);
        text.push_str(&format!("[[station]]\nid = \"s{station}\"\nposition = [{north:?}, 127.0]\narea = \"seocho\"\n"));
        for (kind, levels) in kinds {
            text.push_str(&format!("[[station.datastream]]\nkind = \"{kind}\"\ncadence = \"{cadence}\"\n{levels}\n"));
        }
    }
    text
}

fn setting(stations: &str, rule: &str) -> Setting {
    let catalog = CatalogText { name: "stations.toml".into(), stations: stations.to_owned(), geometry: None };
    let catalog = Arc::new(catalog);
    let mut engine = Engine::new(Status::Test);
    let record = Record { seq: 1, now: Time::default(), input: Input::Catalog(catalog.clone()) };
    engine.handle(&record, &mut Vec::new());
    let (numbering, rules) = (engine.numbering().clone(), Arc::new(pack::shipped()));
    Setting { catalog, numbering, rules, rule: rule.to_owned(), level: Level::Advisory }
}

/// So many steps of what every datastream says: a swing of hours over which some hours are worse, with a last digit that
/// flickers.
fn moments(streams: u32, steps: u32, step: Duration) -> Vec<Moment> {
    let start = Time::from_millis(1_783_468_800_000);
    let moment = |at: u32| {
        let now = start + step * at;
        let reading = |stream: u32| {
            let hours = step.as_secs_f64() / 3600.0 * f64::from(at) + f64::from(stream);
            let swing = 2.0 + (hours / 12.4 * std::f64::consts::TAU).sin() + 1.8 * (hours / 171.0).sin().powi(8);
            let value = (swing * 100.0).round() / 100.0 + f64::from((at * 7 + stream) % 3) * 0.01;
            Reading { datastream: DatastreamId(stream), time: Some(now), value: Some(value) }
        };
        Moment { now, readings: (0..streams).map(reading).collect() }
    };
    (0..steps).map(moment).collect()
}

fn slide(setting: &Setting, (param, from, to): (&str, f64, f64)) {
    let moments = moments(10, DAYS * 1440, Duration::from_secs(60));
    let began = Instant::now();
    let prepared = Prepared::of(setting, moments, Some("seocho"), go_on).expect("it has a place");
    let cold = began.elapsed();
    let mut took = Vec::new();
    let mut firings = Vec::new();
    for at in 0..MOVES {
        let value = from + (to - from) * f64::from(at) / f64::from(MOVES - 1);
        let set = [(param.to_owned(), header::Setting::Number((value * 100.0).round() / 100.0))];
        assert!(prepared.is_quick(&set), "{param} stands only in limits");
        let began = Instant::now();
        let alerts = prepared.alerts(&set, go_on).expect("nobody stops it");
        took.push(began.elapsed());
        firings.push(alerts.len());
    }
    let first = took[0];
    took.sort_unstable();
    let (least, most) = (firings.iter().min().unwrap_or(&0), firings.iter().max().unwrap_or(&0));
    println!(
        "  {:<12} {} observations: prepared (cold) {:.2} s, first move {:.0} ms, a move (warm) median {:.0} ms, longest {:.0} ms; {least} to {most} firings",
        setting.rule,
        prepared.observations(),
        cold.as_secs_f64(),
        first.as_secs_f64() * 1e3,
        took[took.len() / 2].as_secs_f64() * 1e3,
        took[took.len() - 1].as_secs_f64() * 1e3,
    );
}

fn season(setting: &Setting) {
    let moments = moments(GAUGES, SEASON_DAYS * 144, Duration::from_secs(600));
    let observations: usize = moments.iter().map(|moment| moment.readings.len()).sum();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let heaps = split(setting, &moments, processors);
    drop(moments);
    let firings: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = heaps.iter().map(|heap| scope.spawn(|| alerts(setting, heap, |_| {}).len())).collect();
        workers.into_iter().map(|worker| worker.join().expect("it is played")).sum()
    });
    let took = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = observations as f64 / took;
    println!(
        "\na season of {GAUGES} gauges ({SEASON_DAYS} days at ten minutes, one rule, {processors} processors)\n  {observations} observations, {firings} firings in {took:.1} s ({rate:.0} a second)"
    );
}

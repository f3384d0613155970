//! How many observations a core takes through quality control and windows, by kind of window: what a back-test costs.
//!
//! One thread, no store. First the engine without rules: judged, remembered, pruned. Then a window of an hour of minutes
//! on top, asked for one statistic at every single observation; rules ask once in their `every`, so this is the dearest
//! case.

use bongsu_rules::Flag;
use bongsu_rules::incident::Status;
use bongsu_rules::language::input::{Input as RuleInput, Stream, StreamFacts};
use bongsu_rules::quality::{Around, Context, judge};
use bongsu_rules::record::{CatalogText, Record};
use bongsu_rules::series::{Sample, Series};
use bongsu_rules::stats::{Answer, amount, change, chart, level, novelty, spread, trend};
use bongsu_rules::{Engine, Input};
use bongsu_sensors::catalog::quality::{Attenuated, Flat, Liveliness, Quality, Spike, SpikeMethod};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Nature, Reading, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// Datastreams that take turns, as in a log.
const STREAMS: u32 = 200;
/// Minutes of each.
const MINUTES: u32 = 3_000;
/// The window of every statistic but `surprise`.
const WINDOW: &str = "1h";

type Asked = fn(&mut RuleInput) -> Answer;

/// What is asked of a window, from the cheap to the dear.
const ASKED: [(&str, Asked); 12] = [
    ("last", |input| Ok(level::methods::last(input))),
    ("sum", |input| amount::methods::sum(input, WINDOW.into())),
    ("mean", |input| level::methods::mean(input, WINDOW.into())),
    ("max", |input| level::methods::max(input, WINDOW.into())),
    ("rate", |input| trend::methods::rate(input, WINDOW.into())),
    ("line_slope", |input| trend::methods::line_slope(input, WINDOW.into())),
    ("stddev", |input| spread::methods::stddev(input, WINDOW.into())),
    ("median", |input| level::methods::median(input, WINDOW.into())),
    ("robust_z", |input| level::methods::robust_z(input, WINDOW.into())),
    ("cusum", |input| chart::methods::cusum(input, 0.5, WINDOW.into())),
    ("trend_z", |input| change::methods::trend_z(input, WINDOW.into())),
    ("slope", |input| trend::methods::slope(input, WINDOW.into())),
];

/// Prints observations a second for each.
pub fn run() {
    println!("\none core, observations a second");
    show("engine without rules (range, rate, gap)", engine());
    let quality = quality();
    show("all quality tests of one station", windows(&quality, STREAMS, None));
    for (name, asked) in ASKED {
        show(&format!("all tests, and {name}(\"{WINDOW}\") at each"), windows(&quality, STREAMS / 4, Some(asked)));
    }
    let surprise: Asked = |input| novelty::methods::surprise(input, "2d".into());
    show("all tests, and surprise(\"2d\") at each", windows(&quality, 2, Some(surprise)));
}

fn show(what: &str, (observations, took): (u32, Duration)) {
    println!("  {what:<48} {:>11.0}", f64::from(observations) / took.as_secs_f64());
}

/// A river with a tide and a last digit that flickers.
fn value(stream: u32, minute: u32) -> f64 {
    let tide = (f64::from(minute) / 745.0 * std::f64::consts::TAU + f64::from(stream)).sin();
    ((3.0 + tide) * 100.0 + f64::from(minute * 7 % 3)).round() / 100.0
}

fn engine() -> (u32, Duration) {
    let mut stations = String::from("timezone = \"Asia/Seoul\"\n[[area]]\ncode = \"city\"\n");
    for stream in 0..STREAMS {
        stations.push_str(&format!(
            "[[station]]\nid = \"s{stream}\"\nposition = [37.5, 127.0]\narea = \"city\"\n\
             [[station.datastream]]\nkind = \"river_stage\"\ncadence = \"1m\"\n"
        ));
    }
    let catalog = CatalogText { name: "stations.toml".into(), stations, geometry: None };
    let mut engine = Engine::new(Status::Test);
    let start = Time::from_millis(1_783_468_800_000);
    let mut effects = Vec::new();
    engine.handle(&Record { seq: 1, now: start, input: Input::Catalog(Arc::new(catalog)) }, &mut effects);
    let began = Instant::now();
    for minute in 0..MINUTES {
        let now = start + MINUTE * minute;
        let reading =
            |stream| Reading { datastream: DatastreamId(stream), time: Some(now), value: Some(value(stream, minute)) };
        let readings = (0..STREAMS).map(reading).collect();
        effects.clear();
        engine.handle(&Record { seq: u64::from(minute) + 2, now, input: Input::Readings(readings) }, &mut effects);
    }
    (STREAMS * MINUTES, began.elapsed())
}

fn quality() -> Quality {
    Quality {
        range: (0.0, 15.0),
        usual: Some((0.5, 9.0)),
        max_rate: Some((0.5, 10 * MINUTE)),
        spike: Some(Spike { suspect: 0.5, fail: 2.0, method: SpikeMethod::Differential }),
        flat: Some(Flat { after: 30 * MINUTE, fail_after: Some(60 * MINUTE), tolerance: 0.01 }),
        attenuated: Some(Attenuated {
            over: 60 * MINUTE,
            suspect: 0.02,
            fail: 0.01,
            least: 30,
            measure: Liveliness::Range,
        }),
        seasons: Vec::new(),
        neighbours: None,
        support: None,
    }
}

fn windows(limits: &Quality, streams: u32, asked: Option<Asked>) -> (u32, Duration) {
    let facts: Vec<Arc<StreamFacts>> = (0..streams).map(|_| Arc::new(facts())).collect();
    let mut all: Vec<Arc<Series>> = (0..streams).map(|_| Arc::default()).collect();
    let (around, cadence) = (Around::default(), MINUTE);
    let mut sum = 0.0;
    let began = Instant::now();
    for minute in 0..MINUTES {
        let now = Time::from_millis(0) + MINUTE * minute;
        for (at, shared) in (0..).zip(&mut all) {
            let series = Arc::make_mut(shared);
            series.insert(Sample { time: now, value: value(at, minute), flag: Flag::NotEvaluated });
            // As in the engine: the newest, and the one before it once more.
            let newest = series.len() - 1;
            for place in newest.saturating_sub(1)..=newest {
                let flag = judge(&Context { series, at: place, limits, cadence, around: &around }).roll_up();
                if let Some(time) = series.get(place).map(|sample| sample.time) {
                    series.reflag(time, flag);
                }
            }
            series.prune(if streams > 2 { 61 * MINUTE } else { 2881 * MINUTE }, 3);
            if let Some(asked) = asked {
                let facts = facts[at as usize].clone();
                let stream = Stream::until(now, facts, shared.clone(), Some(now));
                let streams = Arc::new([stream].into_iter().collect());
                let mut input = RuleInput { index: 0, now, streams, min_stations: 1, absent: false };
                sum += asked(&mut input).ok().and_then(|value| value.decide(true).measure.number()).unwrap_or(0.0);
            }
        }
    }
    std::hint::black_box(sum);
    (streams * MINUTES, began.elapsed())
}

fn facts() -> StreamFacts {
    StreamFacts {
        station: bongsu_sensors::catalog::StationIndex(0),
        cadence: MINUTE,
        nature: Nature::Level,
        resolution: 0.01,
        levels: BTreeMap::new(),
    }
}

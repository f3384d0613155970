//! Streams of readings by chance: gaps, bursts, late and repeated readings, wrong clocks, missing values, water that
//! rises and falls; and rules of every scope that look at them.

use super::bench::{Bench, minute, river_flood, rule};
use crate::engine::Engine;
use crate::record::{Effect, Input, Record};
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Reading, Time};
use proptest::prelude::*;
use std::time::Duration;

/// The datastreams of the bench's city with the least, the step and the most of their values.
const STREAMS: [(&str, &str, f64, f64, f64); 6] = [
    ("jamsu", "river_stage", 3.5, 0.1, 8.0),
    ("jamsu", "rainfall", 0.0, 2.0, 30.0),
    ("road_a", "road_water_depth", 0.0, 4.0, 40.0),
    ("road_a", "rainfall_counter", 0.0, 1.0, 1000.0),
    ("road_b", "road_water_depth", 0.0, 4.0, 40.0),
    ("road_c", "road_water_depth", 0.0, 4.0, 40.0),
];

/// Everything said at one moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The moment.
    pub now: Time,
    /// What was said.
    pub readings: Vec<Reading>,
}

/// When a reading claims to have been taken.
#[derive(Clone, Copy, Debug)]
enum Claim {
    Now,
    Nothing,
    Earlier(u32),
    Later(u32),
    At(i64),
    /// The time of an earlier reading of the same datastream, with its value or with another.
    Again {
        back: usize,
        same: bool,
    },
}

/// One reading by chance.
#[derive(Clone, Copy, Debug)]
struct Step {
    gap_s: u32,
    stream: usize,
    rise: i32,
    missing: bool,
    claim: Claim,
}

fn step() -> impl Strategy<Value = Step> {
    let gap_s = prop_oneof![
        100 => Just(0_u32),
        100 => 1..40_u32,
        20 => 60..300_u32,
        3 => 900..5_400_u32,
        1 => 20_000..200_000_u32,
    ];
    let claim = prop_oneof![
        16 => Just(Claim::Now),
        1 => Just(Claim::Nothing),
        3 => (1..4_000_u32).prop_map(Claim::Earlier),
        1 => (1..130_u32).prop_map(Claim::Later),
        1 => prop_oneof![Just(Claim::At(0)), Just(Claim::At(4_085_000_000_000)), Just(Claim::Earlier(200_000))],
        2 => (0..4_usize, any::<bool>()).prop_map(|(back, same)| Claim::Again { back, same }),
    ];
    let rise = prop_oneof![12 => -5..6_i32, 1 => -20..20_i32];
    (gap_s, 0..STREAMS.len(), rise, prop::bool::weighted(0.03), claim)
        .prop_map(|(gap_s, stream, rise, missing, claim)| Step { gap_s, stream, rise, missing, claim })
}

/// So many cases; another number for a longer hunt is the environment's `PROPTEST_CASES`.
pub fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases: if asked.cases == 256 { cases } else { asked.cases }, ..asked }
}

/// A stream of readings, by moments.
pub fn moments(longest: usize) -> impl Strategy<Value = Vec<Moment>> {
    let bench = bench();
    let numbers = STREAMS.map(|(station, kind, ..)| bench.number(station, kind));
    prop::collection::vec(step(), longest / 3..longest).prop_map(move |steps| {
        let mut now = minute(1.0);
        let mut values = STREAMS.map(|(_, _, least, _, _)| least);
        let mut said: [Vec<Reading>; STREAMS.len()] = Default::default();
        let mut moments: Vec<Moment> = Vec::new();
        for step in steps {
            let (_, _, least, size, most) = STREAMS[step.stream];
            let value = &mut values[step.stream];
            *value = (*value + size * f64::from(step.rise)).clamp(least, most);
            let back = |seconds: u32| now - Duration::from_secs(seconds.into());
            let before = &said[step.stream];
            let reading = Reading {
                datastream: numbers[step.stream],
                value: (!step.missing).then_some(*value),
                time: match step.claim {
                    Claim::Nothing => None,
                    Claim::Earlier(seconds) => Some(back(seconds)),
                    Claim::Later(seconds) => Some(now + Duration::from_secs(seconds.into())),
                    Claim::At(millis) => Some(Time::from_millis(millis)),
                    Claim::Now | Claim::Again { .. } => Some(now),
                },
            };
            let reading = match step.claim {
                Claim::Again { back, same } if before.len() > back => {
                    let earlier = before[before.len() - 1 - back];
                    Reading { value: if same { earlier.value } else { reading.value }, ..earlier }
                }
                _ => reading,
            };
            said[step.stream].push(reading);
            if step.gap_s > 0 || moments.is_empty() {
                now = now + Duration::from_secs(step.gap_s.into());
                moments.push(Moment { now, readings: Vec::new() });
            }
            if let Some(moment) = moments.last_mut() {
                moment.readings.push(reading);
            }
        }
        moments
    })
}

/// Rules of every scope, with confirmation, hysteresis, optional inputs, windows of every length and one that may fail.
pub fn rules() -> Vec<String> {
    let road = "road = { kind = \"road_water_depth\", max_age = \"10m\" }";
    let deep = rule(
        "deep",
        "station",
        &format!("every = \"1m\"\n[inputs]\n{road}\n[hold]\nclear_ratio = 0.8\nclear_after = \"3m\""),
        r#"if check("a", road.last(), ">", 15.0) { raise("watch") }
if all([check("b", road.mean("5m"), ">", 20.0), check("c", road.slope("5m"), ">", 0.0)]) { raise("warning") }"#,
    );
    let wet = rule(
        "wet",
        "area",
        "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"15m\", min_stations = 2 }
            rain = { kind = \"rainfall\", max_age = \"30m\", optional = true }
            [hold]\nconfirm = \"2 of 3\"\nclear_after = \"10m\"",
        r#"if any([check("a", road.last().across("second"), ">=", 9.0), check("b", rain.sum("30m"), ">=", 20.0)]) { raise("advisory") }
if check("c", road.max("10m"), ">=", 30.0) { raise("emergency") }"#,
    );
    let both = rule(
        "both",
        "city",
        "audience = \"public\"\n[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"2h\" }
            stage = { kind = \"river_stage\", max_age = \"40m\" }
            [hold]\nclear_margin = { stage = 0.3 }",
        r#"if all([check("a", road.percentile(75.0, "2h"), ">=", 6.0), check("b", stage.last(), ">=", 4.0)]) { raise("advisory") }
if check("c", stage.age(), ">", 90.0) { raise("watch") }"#,
    );
    // The made-up observations of a dry run are deeper than that, so it fails only later.
    let fragile = rule(
        "fragile",
        "station",
        &format!("[inputs]\n{road}"),
        r#"if check("a", road.last(), "<", 0.5) {
  if check("b", road.percentile(500.0, "10m"), ">", 1.0) { raise("watch") }
}"#,
    );
    let of = |rule: String, hazard: &str| rule.replacen("\"river_flood\"", &format!("\"{hazard}\""), 1);
    vec![river_flood(), of(deep, "urban_flood"), of(wet, "heavy_rain"), both, fragile]
}

/// The city with these rules.
pub fn bench() -> Bench {
    Bench::new(&rules())
}

/// Lets an engine hear a moment, as the pipeline does: first everything that is due before it, each at its own time.
/// The readings are cut into records of at most `at_most`.
pub fn hear(engine: &mut Engine, moment: &Moment, at_most: usize) -> Vec<(Time, Effect)> {
    let mut told = Vec::new();
    let mut say = |engine: &mut Engine, now: Time, input: Input| {
        let mut effects = Vec::new();
        engine.handle(&Record { seq: 0, now, input }, &mut effects);
        told.extend(effects.into_iter().map(|effect| (now, effect)));
    };
    while let Some(due) = engine.next_due().filter(|due| *due < moment.now) {
        say(engine, due, Input::Tick);
    }
    for readings in moment.readings.chunks(at_most.max(1)) {
        say(engine, moment.now, Input::Readings(readings.to_vec()));
    }
    told
}

/// Lets time pass until `end`; answers what happens.
pub fn wait(engine: &mut Engine, end: Time) -> Vec<(Time, Effect)> {
    hear(engine, &Moment { now: end, readings: Vec::new() }, 1)
}

/// A number that is no datastream's, or one that is.
pub fn any_datastream() -> impl Strategy<Value = DatastreamId> {
    prop_oneof![4 => 0..7_u32, 1 => any::<u32>()].prop_map(DatastreamId)
}

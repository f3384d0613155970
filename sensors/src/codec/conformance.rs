//! What every codec of the table must hold, whoever wrote it: it reads a good payload, keeps the limits, and survives
//! every bad one. A new codec only adds its [`Sample`].

use super::{ALL, Codec, Context, Decoded, PAYLOAD_LIMIT, READING_LIMIT, REFUSAL_LIMIT, Serves, Via};
use super::{named, sample, serving, sparkplug};
use crate::catalog::Catalog;
use crate::reading::Reason;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;

/// A codec's payloads.
struct Sample {
    codec: &'static str,
    /// For a codec of dialects: a `[[source]]` and a topic of it.
    source: Option<(&'static str, &'static str)>,
    /// Payloads that all say: river_stage 3.124 and battery_voltage 12.4 at 2026-07-08T11:31:00Z.
    good: fn() -> Vec<Vec<u8>>,
    /// A payload of so many readings.
    many: fn(usize) -> Vec<u8>,
    /// A payload of so many parts that cannot be taken.
    wrong: fn(usize) -> Vec<u8>,
    /// A payload nested so deep.
    nested: fn(usize) -> Vec<u8>,
}

const SAMPLES: &[Sample] = &[
    Sample {
        codec: "bongsu-json",
        source: None,
        good: || {
            texts(&[
                r#"{"t":"2026-07-08T20:31:00+09:00","river_stage":3.124,"battery_voltage":12.4}"#,
                r#"[{"t":1783510260000,"river_stage":3.124},{"battery_voltage":12.4,"t":"2026-07-08T11:31:00Z"}]"#,
                r#"{"t":1783510260000,"dt_ms":10,"river_stage":[3.124],"battery_voltage":[12.4]}"#,
            ])
        },
        many: |n| format!("[{}]", vec![r#"{"river_stage":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("[{}]", vec![r#"{"river_stage":"x"}"#; n].join(",")).into_bytes(),
        nested: |n| format!("{{\"tilt\":{}{}}}", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
    Sample {
        codec: "senml",
        source: None,
        good: || {
            let mut good =
                texts(&[r#"[{"bt":1783510260,"n":"river_stage","u":"m","v":3.124},{"n":"battery_voltage","v":12.4}]"#]);
            good.push(
                b"\x82\xa3\x22\x1a\x6a\x4e\x34\xf4\x00\x6briver_stage\x02\xfb\x40\x08\xfd\xf3\xb6\x45\xa1\xcb\
                  \xa2\x00\x6fbattery_voltage\x02\xfb\x40\x28\xcc\xcc\xcc\xcc\xcc\xcd"
                    .to_vec(),
            );
            good
        },
        many: |n| format!("[{}]", vec![r#"{"n":"river_stage","v":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("[{}]", vec![r#"{"n":"x","v":1}"#; n].join(",")).into_bytes(),
        nested: |n| format!("[{{\"x\":{}{}}}]", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
    Sample {
        codec: "json",
        source: Some((
            r#"
            [[source]]
            topic = "hydro/+/data"
            station = "{1}"
            decode = { river_stage = { at = "/lvl", unit = "mm" }, "jamsu/battery_voltage" = "/sys/0/v", t = "/ts" }
            "#,
            "hydro/jamsu/data",
        )),
        good: || {
            texts(&[
                r#"{"lvl":3124,"sys":[{"v":12.4}],"ts":1783510260}"#,
                r#"[{"lvl":"3124","ts":"2026-07-08T20:31:00+09:00"},{"sys":[{"v":12.4}],"ts":1783510260000}]"#,
            ])
        },
        many: |n| format!("[{}]", vec![r#"{"lvl":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("[{}]", vec![r#"{"lvl":"x"}"#; n].join(",")).into_bytes(),
        nested: |n| format!("{{\"lvl\":{}{}}}", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
    Sample {
        codec: "sparkplug-b",
        source: Some((
            r#"
            [[source]]
            topic = "spBv1.0/han/+/gw1"
            station = "jamsu"
            decode = "sparkplug-b"
            read = { river_stage = "stage", battery_voltage = "battery" }
            "#,
            "spBv1.0/han/NBIRTH/gw1",
        )),
        good: || vec![metrics(&[("stage", Some(3.124)), ("battery", Some(12.4)), ("door", Some(1.0))])],
        many: |n| metrics(&vec![("stage", Some(1.0)); n]),
        wrong: |n| metrics(&vec![("stage", None); n]),
        nested: |n| vec![0x12; n],
    },
    Sample {
        codec: "chirpstack",
        source: Some((
            r#"
            [[source]]
            topic = "application/+/device/+/event/up"
            station = "{2}"
            stations = { "0101010101010101" = "jamsu" }
            decode = "chirpstack"
            read = { river_stage = "/level", battery_voltage = "/battery" }
            "#,
            "application/7/device/0101010101010101/event/up",
        )),
        good: || texts(&[r#"{"time":"2026-07-08T11:31:00.000000001+00:00","object":{"level":3.124,"battery":12.4}}"#]),
        many: |n| format!("{{\"object\":[{}]}}", vec![r#"{"level":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("{{\"object\":[{}]}}", vec![r#"{"level":"x"}"#; n].join(",")).into_bytes(),
        nested: |n| format!("{{\"object\":{}{}}}", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
    Sample {
        codec: "the-things-stack",
        source: Some((
            r#"
            [[source]]
            topic = "v3/+/devices/+/up"
            station = "{2}"
            decode = "the-things-stack"
            "#,
            "v3/app1/devices/jamsu/up",
        )),
        good: || {
            texts(&[r#"{"uplink_message":{"received_at":"2026-07-08T11:31:00Z",
                    "decoded_payload":{"river_stage":3.124,"battery_voltage":12.4,"luminosity":0.6}}}"#])
        },
        many: |n| uplink(&vec![r#"{"river_stage":1}"#; n].join(",")),
        wrong: |n| uplink(&vec![r#"{"river_stage":"x"}"#; n].join(",")),
        nested: |n| uplink(&format!("{}{}", "[".repeat(n), "]".repeat(n))),
    },
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn uplink(items: &str) -> Vec<u8> {
    format!("{{\"uplink_message\":{{\"decoded_payload\":[{items}]}}}}").into_bytes()
}

/// A payload of Sparkplug B at 2026-07-08T11:31:00Z; `None`: text, which is no number.
fn metrics(metrics: &[(&str, Option<f64>)]) -> Vec<u8> {
    let mut bytes = vec![0x08, 0xa0, 0xb2, 0xfb, 0x8b, 0xf4, 0x33, 0x18, 0x00];
    for (name, value) in metrics {
        let mut metric = vec![0x0a, u8::try_from(name.len()).expect("short")];
        metric.extend(name.as_bytes());
        match value {
            Some(value) => {
                metric.push(0x69);
                metric.extend(value.to_le_bytes());
            }
            None => metric.extend([0x7a, 1, b'x']),
        }
        bytes.extend([0x12, u8::try_from(metric.len()).expect("short")]);
        bytes.extend(metric);
    }
    bytes
}

/// A city in which a sample's `[[source]]` stands, and what nodes have said.
struct Bench {
    catalog: Catalog,
    topic: Option<&'static str>,
    nodes: RefCell<sparkplug::Nodes>,
}

impl Bench {
    fn new(sample: &Sample) -> Bench {
        let (more, topic) = sample.source.unzip();
        Bench { catalog: sample::catalog_with(more.unwrap_or_default()), topic, nodes: RefCell::default() }
    }

    fn context(&self) -> Context<'_> {
        let via = self.topic.map(|topic| {
            let dialect = self.catalog.dialect_of(topic).expect("its source serves it");
            assert_eq!(dialect.station_of(&self.catalog, topic), Ok(self.catalog.station_named("jamsu")));
            Via { dialect, topic, nodes: &self.nodes }
        });
        Context { via, ..sample::context(&self.catalog, "jamsu") }
    }
}

fn each(mut test: impl FnMut(&Codec, &Sample)) {
    for codec in ALL {
        let sample = SAMPLES.iter().find(|sample| sample.codec == codec.name);
        test(codec, sample.unwrap_or_else(|| panic!("add a Sample of {} to SAMPLES", codec.name)));
    }
}

fn decode(codec: &Codec, bench: &Bench, payload: &[u8]) -> Decoded {
    let mut out = Decoded::new();
    (codec.decode)(&bench.context(), payload, &mut out);
    out
}

fn keeps_the_limits(out: &Decoded) {
    assert!(out.readings.len() + out.refusals() <= READING_LIMIT);
    assert!(out.refused.len() <= REFUSAL_LIMIT);
    assert!(out.refused_more == 0 || out.refused.len() == REFUSAL_LIMIT);
    assert!(out.readings.iter().all(|reading| reading.value.is_none_or(f64::is_finite)));
    for refusal in &out.refused {
        assert!(refusal.position.len() + refusal.remedy.len() < 2_000, "{refusal}");
        assert!(!refusal.remedy.is_empty());
    }
}

#[test]
fn every_codec_is_found_by_what_it_serves() {
    for codec in ALL {
        let found = match codec.serves {
            Serves::Leaf(leaf) => {
                assert!(leaf.is_from_device(), "{}", codec.name);
                serving(leaf)
            }
            Serves::Dialects => named(codec.name),
        };
        assert_eq!(found.map(|found| found.name), Some(codec.name), "two codecs serve one leaf, or have one name");
    }
}

#[test]
fn good_payloads_give_their_readings() {
    each(|codec, sample| {
        for good in &(sample.good)() {
            let bench = Bench::new(sample);
            let told = sample::told(&bench.catalog, &decode(codec, &bench, good));
            let expect = ["river_stage 3.124 @2026-07-08T11:31:00Z", "battery_voltage 12.4 @2026-07-08T11:31:00Z"];
            assert_eq!(told, expect, "{}: {}", codec.name, String::from_utf8_lossy(good));
        }
    });
}

#[test]
fn limits_hold() {
    each(|codec, sample| {
        let (name, bench) = (codec.name, Bench::new(sample));
        let decode = |codec, payload: &[u8]| decode(codec, &bench, payload);
        assert_eq!(decode(codec, &(sample.many)(READING_LIMIT)).readings.len(), READING_LIMIT, "{name}");
        for over in [(sample.many)(READING_LIMIT + 1), (sample.wrong)(READING_LIMIT + 1), vec![b' '; PAYLOAD_LIMIT + 1]]
        {
            let out = decode(codec, &over);
            assert_eq!((out.readings.len(), out.refused.len(), out.refused_more), (0, 1, 0), "{name}");
            assert_eq!(out.refused[0].reason, Reason::TooLarge, "{name}: {}", out.refused[0]);
        }
        let out = decode(codec, &(sample.wrong)(100));
        assert_eq!((out.refused.len(), out.refused_more), (REFUSAL_LIMIT, 100 - REFUSAL_LIMIT), "{name}");
        for depth in [1, 100, 1_000, 400_000] {
            keeps_the_limits(&decode(codec, &(sample.nested)(depth)));
        }
        assert!(decode(codec, &vec![b'['; PAYLOAD_LIMIT]).readings.is_empty(), "{name}");
        assert!(decode(codec, &vec![b'9'; PAYLOAD_LIMIT]).readings.is_empty(), "{name}");
    });
}

#[test]
fn what_was_there_before_is_gone() {
    each(|codec, sample| {
        let mut out = Decoded::new();
        let bench = Bench::new(sample);
        (codec.decode)(&bench.context(), &(sample.wrong)(100), &mut out);
        (codec.decode)(&bench.context(), &(sample.good)()[0], &mut out);
        assert_eq!((out.readings.len(), out.refusals()), (2, 0), "{}", codec.name);
    });
}

#[test]
fn random_bytes_never_panic() {
    each(|codec, sample| {
        let bench = Bench::new(sample);
        let mut runner = TestRunner::new(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() });
        let bytes = proptest::collection::vec(any::<u8>(), 0..200);
        let outcome = runner.run(&bytes, |bytes| {
            keeps_the_limits(&decode(codec, &bench, &bytes));
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{}: {failure}", codec.name));
    });
}

#[test]
fn mutated_payloads_never_panic() {
    each(|codec, sample| {
        let mut runner = TestRunner::new(ProptestConfig { cases: 4_000, failure_persistence: None, ..<_>::default() });
        let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
        let changes = proptest::collection::vec(change, 1..6);
        let (bench, good) = (Bench::new(sample), (sample.good)());
        let outcome = runner.run(&(any::<prop::sample::Index>(), changes), |(which, changes)| {
            let mut payload = which.get(&good).clone();
            for (at, byte, how) in changes {
                let at = at.index(payload.len().max(1));
                match how {
                    _ if at >= payload.len() => payload.push(byte),
                    0 => payload[at] = byte,
                    1 => payload[at] ^= 1 << (byte % 8),
                    2 => payload.truncate(at),
                    _ => payload.insert(at, byte),
                }
            }
            keeps_the_limits(&decode(codec, &bench, &payload));
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{}: {failure}", codec.name));
    });
}

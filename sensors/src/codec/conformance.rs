//! What every codec of the table must hold, whoever wrote it: it reads a good payload, keeps the limits, and survives
//! every bad one. A new codec only adds its [`Sample`].

use super::{ALL, Codec, Decoded, PAYLOAD_LIMIT, READING_LIMIT, REFUSAL_LIMIT, sample, serving};
use crate::reading::Reason;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// A codec's payloads.
struct Sample {
    codec: &'static str,
    /// Payloads that all say: river_stage 3.124 and battery_voltage 12.4 at 2026-07-08T11:31:00Z.
    good: &'static [&'static [u8]],
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
        good: &[
            br#"{"t":"2026-07-08T20:31:00+09:00","river_stage":3.124,"battery_voltage":12.4}"#,
            br#"[{"t":1783510260000,"river_stage":3.124},{"battery_voltage":12.4,"t":"2026-07-08T11:31:00Z"}]"#,
            br#"{"t":1783510260000,"dt_ms":10,"river_stage":[3.124],"battery_voltage":[12.4]}"#,
        ],
        many: |n| format!("[{}]", vec![r#"{"river_stage":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("[{}]", vec![r#"{"river_stage":"x"}"#; n].join(",")).into_bytes(),
        nested: |n| format!("{{\"tilt\":{}{}}}", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
    Sample {
        codec: "senml",
        good: &[
            br#"[{"bt":1783510260,"n":"river_stage","u":"m","v":3.124},{"n":"battery_voltage","v":12.4}]"#,
            b"\x82\xa3\x22\x1a\x6a\x4e\x34\xf4\x00\x6briver_stage\x02\xfb\x40\x08\xfd\xf3\xb6\x45\xa1\xcb\
              \xa2\x00\x6fbattery_voltage\x02\xfb\x40\x28\xcc\xcc\xcc\xcc\xcc\xcd",
        ],
        many: |n| format!("[{}]", vec![r#"{"n":"river_stage","v":1}"#; n].join(",")).into_bytes(),
        wrong: |n| format!("[{}]", vec![r#"{"n":"x","v":1}"#; n].join(",")).into_bytes(),
        nested: |n| format!("[{{\"x\":{}{}}}]", "[".repeat(n), "]".repeat(n)).into_bytes(),
    },
];

fn each(mut test: impl FnMut(&Codec, &Sample)) {
    for codec in ALL {
        let sample = SAMPLES.iter().find(|sample| sample.codec == codec.name);
        test(codec, sample.unwrap_or_else(|| panic!("add a Sample of {} to SAMPLES", codec.name)));
    }
}

fn decode(codec: &Codec, payload: &[u8]) -> Decoded {
    let catalog = sample::catalog();
    let mut out = Decoded::new();
    (codec.decode)(&sample::context(&catalog, "jamsu"), payload, &mut out);
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
fn every_codec_serves_a_leaf_of_its_own_from_devices() {
    for codec in ALL {
        assert!(codec.leaf.is_from_device(), "{}", codec.name);
        assert_eq!(serving(codec.leaf).map(|found| found.name), Some(codec.name), "two codecs serve one leaf");
    }
}

#[test]
fn good_payloads_give_their_readings() {
    let catalog = sample::catalog();
    each(|codec, sample| {
        for good in sample.good {
            let told = sample::told(&catalog, &decode(codec, good));
            let expect = ["river_stage 3.124 @2026-07-08T11:31:00Z", "battery_voltage 12.4 @2026-07-08T11:31:00Z"];
            assert_eq!(told, expect, "{}: {}", codec.name, String::from_utf8_lossy(good));
        }
    });
}

#[test]
fn limits_hold() {
    each(|codec, sample| {
        let name = codec.name;
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
    let catalog = sample::catalog();
    let context = sample::context(&catalog, "jamsu");
    each(|codec, sample| {
        let mut out = Decoded::new();
        (codec.decode)(&context, &(sample.wrong)(100), &mut out);
        (codec.decode)(&context, sample.good[0], &mut out);
        assert_eq!((out.readings.len(), out.refusals()), (2, 0), "{}", codec.name);
    });
}

#[test]
fn random_bytes_never_panic() {
    each(|codec, _| {
        let mut runner = TestRunner::new(ProptestConfig { cases: 2_000, failure_persistence: None, ..<_>::default() });
        let bytes = proptest::collection::vec(any::<u8>(), 0..200);
        let outcome = runner.run(&bytes, |bytes| {
            keeps_the_limits(&decode(codec, &bytes));
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
        let outcome = runner.run(&(any::<prop::sample::Index>(), changes), |(which, changes)| {
            let mut payload = which.get(sample.good).to_vec();
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
            keeps_the_limits(&decode(codec, &payload));
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{}: {failure}", codec.name));
    });
}

//! What comes out of JSON that is not ours.

use super::*;
use crate::catalog::Catalog;
use crate::codec::{Via, named as codec_named, sample, sparkplug};
use std::cell::RefCell;
use std::path::Path;

/// What a message on a topic of a `[[source]]` says.
fn told(source: &str, topic: &str, payload: &str) -> Vec<String> {
    let catalog = sample::catalog_with(source);
    let (nodes, mut out) = (RefCell::<sparkplug::Nodes>::default(), Decoded::new());
    decode_with(&catalog, &nodes, topic, payload.as_bytes(), &mut out);
    sample::told(&catalog, &out)
}

fn decode_with(catalog: &Catalog, nodes: &RefCell<sparkplug::Nodes>, topic: &str, payload: &[u8], out: &mut Decoded) {
    let dialect = catalog.dialect_of(topic).expect("a source serves it");
    let station = dialect.station_of(catalog, topic).expect("known").unwrap_or(StationIndex(0));
    let via = Via { dialect, topic, nodes };
    let context = Context { via: Some(via), station, ..sample::context(catalog, "jamsu") };
    let crate::catalog::dialect::Decode::Codec(name) = &dialect.decode else { panic!("a script") };
    (codec_named(name).expect("a codec").decode)(&context, payload, out);
}

const HYDRO: &str = r#"
[[source]]
topic = "hydro/+/data"
station = "{1}"
decode = { river_stage = { at = "/a/lvl", unit = "mm" }, mains_power = "/on", t = "/ts" }
"#;

#[track_caller]
fn check(payload: &str, expect: &[&str]) {
    assert_eq!(told(HYDRO, "hydro/jamsu/data", payload), expect, "{payload}");
}

#[test]
fn values_stand_where_the_source_says() {
    check(r#"{"a":{"lvl":3124},"on":true,"other":1}"#, &["river_stage 3.124", "mains_power 1"]);
    check(r#"{"a":{"lvl":" 3124 "}}"#, &["river_stage 3.124"]);
    check(r#"{"a":{"lvl":null}}"#, &["river_stage missing"]);
    check(r#"[{"a":{"lvl":1}},{"a":{"lvl":2}}]"#, &["river_stage 0.001", "river_stage 0.002"]);
}

#[test]
fn times_are_taken_in_every_usual_form() {
    let at = |ts: &str| format!(r#"{{"a":{{"lvl":1000}},"ts":{ts}}}"#);
    for ts in ["1783510260", "1783510260000", "\"1783510260\"", "\"2026-07-08T20:31:00+09:00\"", "1783510260.0"] {
        check(&at(ts), &["river_stage 1 @2026-07-08T11:31:00Z"]);
    }
    for ts in ["\"yesterday\"", "{}", "1e300", "true"] {
        let told = told(HYDRO, "hydro/jamsu/data", &at(ts));
        assert!(told.len() == 1 && told[0].starts_with("bad_time at \"/ts\": no time"), "{told:?}");
    }
}

#[test]
fn what_cannot_be_taken_is_told() {
    let starts = |payload: &str, expect: &str| {
        let told = told(HYDRO, "hydro/jamsu/data", payload);
        assert!(told.len() == 1 && told[0].starts_with(expect), "{payload}: {told:?}");
    };
    starts(r#"{"a":{"lvl":"high"}}"#, "not_a_number at \"/a/lvl\"");
    starts(r#"{"a":{"lvl":[1]}}"#, "not_a_number");
    starts(r#"{"b":1}"#, "malformed: nothing of what its [[source]] reads");
    starts("7", "malformed: nothing");
    starts("no json", "malformed at line 1");
    starts("", "malformed");
    assert_eq!(
        told(HYDRO, "hydro/paldang/data", r#"{"a":{"lvl":1}}"#),
        ["unknown_datastream at \"/a/lvl\": station \"paldang\" has no river_stage; add it to the catalog"]
    );
}

#[test]
fn an_uplink_without_a_decoder_says_how_to_get_one() {
    for (codec, remedy) in [("chirpstack", "codec"), ("the-things-stack", "payload formatter")] {
        let source = format!("[[source]]\ntopic = \"x\"\nstation = \"jamsu\"\ndecode = \"{codec}\"\n");
        let told = told(&source, "x", r#"{"data":"qg=="}"#);
        assert!(told[0].starts_with("malformed") && told[0].contains(remedy), "{told:?}");
    }
}

/// The published examples give what they say. Run with EVAL_DATA=DIR.
#[test]
fn data_examples_of_network_servers_give_what_they_say() {
    #[expect(clippy::disallowed_methods, reason = "a test that reads examples from a folder its caller names")]
    let Ok(data) = std::env::var("EVAL_DATA") else {
        println!("skipped: EVAL_DATA names no public observation data folder");
        return;
    };
    let read = |name: &str| {
        #[expect(clippy::disallowed_methods, reason = "a test that reads examples from a folder its caller names")]
        let text = std::fs::read_to_string(Path::new(&data).join("iot_payloads").join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let stack = "[[source]]\ntopic = \"v3/+/devices/+/up\"\nstation = \"{2}\"\nstations = { dev1 = \"jamsu\" }\n\
                 decode = \"the-things-stack\"\n";
    let uplink = read("ttn_v3/uplink_message_example.json");
    assert_eq!(told(stack, "v3/app1/devices/dev1/up", &uplink), ["temperature 1 @2020-02-12T15:15:45.789Z"]);
    let chirpstack = "[[source]]\ntopic = \"application/+/device/+/event/up\"\nstation = \"jamsu\"\n\
                      decode = \"chirpstack\"\n";
    let topic = "application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101/event/up";
    let bare = read("chirpstack_v4/up.json");
    assert!(told(chirpstack, topic, &bare)[0].contains("codec"), "the example carries no decoded object");
    let decoded = bare.replacen('{', "{\"object\":{\"river_stage\":3.124},", 1);
    assert_eq!(told(chirpstack, topic, &decoded), ["river_stage 3.124 @2022-07-18T09:34:15.775Z"]);
}

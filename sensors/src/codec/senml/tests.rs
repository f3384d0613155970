//! What SenML takes and refuses, a line each; and the examples of RFC 8428 where the public observation data folder is
//! at hand.

use super::{RELATIVE_BELOW_S, ResolvedRecord, ResolvedValue, resolve};
use crate::codec::{Decoded, READING_LIMIT, sample};
use std::path::Path;

fn check_bytes(payload: &[u8], expect: &[&str]) {
    let catalog = sample::catalog();
    let mut out = Decoded::new();
    super::decode(&sample::context(&catalog, "jamsu"), payload, &mut out);
    assert_eq!(sample::told(&catalog, &out), expect, "{}", String::from_utf8_lossy(payload));
}

fn check(payload: &str, expect: &[&str]) {
    check_bytes(payload.as_bytes(), expect);
    // The same in CBOR, with its numbers for labels.
    if let Ok(cbor) = as_cbor(payload) {
        check_bytes(&cbor, expect);
    }
}

/// JSON that is well formed as CBOR with RFC 8428's labels.
fn as_cbor(payload: &str) -> Result<Vec<u8>, serde_json::Error> {
    use ciborium::Value;
    const LABELS: [&str; 15] = ["bs", "bv", "bu", "bt", "bn", "bver", "n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"];
    let mut pack: Value = serde_json::from_str(payload)?;
    for record in pack.as_array_mut().into_iter().flatten() {
        for (key, _) in record.as_map_mut().into_iter().flatten() {
            let at = key.as_text().and_then(|key| LABELS.iter().position(|label| *label == key));
            if let Some(at) = at {
                *key = Value::Integer((at as i64 - 6).into());
            }
        }
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&pack, &mut bytes).expect("memory");
    Ok(bytes)
}

#[test]
fn records_with_and_without_bases() {
    check(
        r#"[{"bn":"jamsu/","bt":1783510260,"n":"river_stage","u":"m","v":3.124},{"n":"battery_voltage","t":-5,"v":12}]"#,
        &["river_stage 3.124 @2026-07-08T11:31:00Z", "battery_voltage 12 @2026-07-08T11:30:55Z"],
    );
    check(r#"[{"n":"river_stage","v":1}]"#, &["river_stage 1"]);
    check(r#"[{"n":"river_stage.2","v":1}]"#, &["river_stage.2 1"]);
    check(r#"[{"n":"river_stage","v":1,"t":0}]"#, &["river_stage 1"]);
    check(r#"[{"n":"river_stage","v":1,"t":-60.5}]"#, &["river_stage 1 @2026-07-08T11:29:59.5Z"]);
    check(r#"[{"n":"river_stage","v":1,"t":1783510260.25}]"#, &["river_stage 1 @2026-07-08T11:31:00.25Z"]);
    check(r#"[{"bn":"urn:dev:ow:10e2073a01080063:"},{"n":"river_stage","v":1}]"#, &["river_stage 1"]);
    check(r#"[{"n":"urn:dev:x:jamsu:river_stage","v":1}]"#, &["river_stage 1"]);
    check(r#"[{"bv":2,"n":"river_stage","v":1},{"n":"temperature"}]"#, &["river_stage 3", "temperature 2"]);
    check(
        r#"[{"bu":"Cel","n":"temperature","v":20},{"n":"river_stage","u":"m","v":1}]"#,
        &["temperature 20", "river_stage 1"],
    );
    check(r#"[{"n":"mains_power","vb":true},{"n":"mains_power","vb":false}]"#, &["mains_power 1", "mains_power 0"]);
    check(r#"[{"n":"river_stage","v":1,"ut":60,"x":[{}],"bver":10}]"#, &["river_stage 1"]);
    check("[]", &[]);
}

#[test]
fn units_are_converted_or_refused() {
    check(r#"[{"n":"river_stage","u":"mm","v":3124}]"#, &["river_stage 3.124"]);
    check(r#"[{"n":"temperature","u":"K","v":293.15}]"#, &["temperature 20"]);
    check(r#"[{"n":"battery_voltage","u":"mV","v":12345}]"#, &["battery_voltage 12.345"]);
    check(r#"[{"n":"heat_pressure","u":"hPa","v":10}]"#, &["heat_pressure 1"]);
    check(r#"[{"n":"site_latency","u":"s","v":1.5}]"#, &["site_latency 1500"]);
    check(r#"[{"n":"acceleration.x","u":"m/s2","v":1}]"#, &["acceleration.x 100"]);
    check(
        r#"[{"n":"soil_moisture","u":"%RH","v":40}]"#,
        &["malformed at record 1, \"soil_moisture\": soil_moisture is not measured in \"%RH\"; send unit \"%\""],
    );
    check(
        r#"[{"n":"river_stage","u":"V","v":1},{"n":"temperature","v":2}]"#,
        &[
            "temperature 2",
            "malformed at record 1, \"river_stage\": river_stage is not measured in \"V\"; send unit \"m\"",
        ],
    );
}

#[test]
fn a_bad_record_refuses_itself_only() {
    let check = |record: &str, expect: &str| {
        check(&format!("[{record},{{\"n\":\"temperature\",\"v\":2}}]"), &["temperature 2", expect]);
    };
    check(
        r#"{"n":"river_stag","v":1}"#,
        "unknown_kind at record 1, \"river_stag\": unknown kind \"river_stag\"; did you mean \"river_stage\"?",
    );
    check(
        r#"{"n":"tilt","v":1}"#,
        "unknown_datastream at record 1, \"tilt\": station \"jamsu\" has no tilt; add it to the catalog as \
         [[station.datastream]]",
    );
    for name in ["paldang/river_stage", "urn:dev:x:paldang:river_stage"] {
        check(
            &format!(r#"{{"n":"{name}","v":1}}"#),
            &format!(
                "unknown_station at record 1, \"{name}\": jamsu speaks of paldang; publish it to bongsu/v1/paldang/senml"
            ),
        );
    }
    let no_number = "not_a_number at record 1: \"v\" is not a finite number; send one without quotes";
    for value in ["\"1\"", "true", "null", "[1]", "{}", "NaN", "1e999", "-Infinity"] {
        check(&format!(r#"{{"n":"river_stage","v":{value}}}"#), no_number);
    }
    check(
        r#"{"n":"river_stage","vs":"high"}"#,
        "not_a_number at record 1, \"river_stage\": river_stage is a number; send it as \"v\"",
    );
    check(
        r#"{"n":"river_stage","vb":true}"#,
        "not_a_number at record 1, \"river_stage\": river_stage is a number; send it as \"v\"",
    );
    check(
        r#"{"n":"river_stage","s":5}"#,
        "malformed at record 1, \"river_stage\": a sum is no river_stage; send its value as \"v\"",
    );
    let one = "malformed at record 1: a record has one value; send \"v\", or \"vb\" for a state";
    check(r#"{"n":"river_stage"}"#, one);
    check(r#"{"n":"river_stage","v":1,"vs":"a"}"#, one);
    check(r#"{"n":5,"v":1}"#, "malformed at record 1: \"n\" is wrong; send text of up to 256 bytes");
    check(r#"{"n":"river_stage","v":1,"t":"now"}"#, "bad_time at record 1: \"t\" is wrong; send a finite number");
    check(
        r#"{"n":"river_stage","v":1,"t":1e300}"#,
        &format!("bad_time at record 1, \"river_stage\": {} s is no time; send seconds since 1970", 1e300),
    );
}

#[test]
fn what_is_no_pack_is_refused_as_a_whole() {
    let whole = |payload: &[u8], begins: &str| {
        let catalog = sample::catalog();
        let mut out = Decoded::new();
        super::decode(&sample::context(&catalog, "jamsu"), payload, &mut out);
        let told = sample::told(&catalog, &out);
        assert!(told.len() == 1 && told[0].starts_with(begins), "{}: {told:?}", String::from_utf8_lossy(payload));
    };
    let good = r#"{"n":"river_stage","v":1}"#;
    whole(b"", "malformed at line 1, column 0: ");
    whole(good.as_bytes(), "malformed at line 1, column ");
    whole(format!("[{good},7]").as_bytes(), "malformed at line 1, column ");
    whole(format!("[{good}] x").as_bytes(), "malformed at line 1, column ");
    whole(
        format!("[{good},{{\"bt\":\"now\"}}]").as_bytes(),
        "malformed at record 2: base field \"bt\" is wrong; send a number",
    );
    whole(format!("[{good},{{\"bn\":5}}]").as_bytes(), "malformed at record 2: base field \"bn\" is wrong");
    whole(
        format!("[{good},{{\"bn\":\"a\",\"bn\":\"b\"}}]").as_bytes(),
        "malformed at record 2: base field \"bn\" is wrong",
    );
    whole(format!("[{good},{{\"lock_\":1}}]").as_bytes(), "malformed at record 2: field \"lock_\" must be understood");
    whole(format!("[{good},{{\"bver\":11}}]").as_bytes(), "malformed at record 2: SenML of a version above 10");
    whole(&[0x82], "malformed at byte 1: it ends too early");
    whole(&[0x80, 0x00], "malformed at byte 1: more bytes behind the pack");
    whole(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "malformed at byte 9: ");
    whole(&[0x81, 0xa1, 0x03, 0x7b, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, b'x'], "malformed at byte ");
    whole(&[0x81; 5000], "malformed at byte ");
    let deep = [&[0x81, 0xa1, 0x19, 0xff, 0xff][..], &[0x81; 5000]].concat();
    whole(&deep, "malformed at byte 20: nested deeper than 16");
    let many = format!("[{}]", vec![good; READING_LIMIT + 1].join(","));
    whole(many.as_bytes(), "too_large: more than 10000 readings");
}

#[test]
fn cbor_has_numbers_json_has_not() {
    let record = |value: &[u8]| [&[0x81, 0xa2, 0x00, 0x6b][..], b"river_stage", &[0x02], value].concat();
    check_bytes(&record(&[0xf9, 0x3e, 0x00]), &["river_stage 1.5"]);
    check_bytes(&record(&[0xc4, 0x82, 0x22, 0x19, 0x0c, 0x34]), &["river_stage 3.124"]);
    check_bytes(&record(&[0xc2, 0x41, 0x05]), &["river_stage 5"]);
    let no_number = "not_a_number at record 1: \"v\" is not a finite number; send one without quotes";
    check_bytes(&record(&[0xf9, 0x7e, 0x00]), &[no_number]);
    check_bytes(&record(&[0xf9, 0x7c, 0x00]), &[no_number]);
    check_bytes(&record(&[0xc1, 0x05]), &[no_number]);
    check_bytes(&record(&[0xf6]), &[no_number]);
}

#[test]
fn data_values_are_the_same_in_both() {
    let json = resolve(br#"[{"n":"a","vd":"aGkgCg"},{"n":"b","vd":"-_8="}]"#).expect("pack");
    let data: Vec<_> = json.into_iter().map(|record| record.value).collect();
    assert_eq!(data, [Some(ResolvedValue::Data(b"hi \n".to_vec())), Some(ResolvedValue::Data(vec![0xfb, 0xff]))]);
    let cbor = resolve(&[0x81, 0xa2, 0x00, 0x61, b'a', 0x08, 0x42, b'h', b'i']).expect("pack");
    assert_eq!(cbor[0].value, Some(ResolvedValue::Data(b"hi".to_vec())));
}

/// Every example of the public observation data folder resolves as its authors say. Run with EVAL_DATA=DIR.
#[test]
fn examples_of_the_rfc_resolve_as_published() {
    #[expect(clippy::disallowed_methods, reason = "a test that reads examples from a folder its caller names")]
    let Ok(data) = std::env::var("EVAL_DATA") else {
        println!("skipped: EVAL_DATA names no public observation data folder");
        return;
    };
    let folder = Path::new(&data).join("iot_payloads/senml");
    let mut compared = 0;
    for number in 1..=20 {
        let Some(expected) = read(&folder.join(format!("ex{number}.gen.resolved.json"))) else { continue };
        let expected = resolve(&expected).expect("resolved records are a pack");
        for name in [format!("ex{number}.json"), format!("ex{number}.gen.cbor")] {
            let Some(payload) = read(&folder.join(&name)) else { continue };
            let found = resolve(&payload).unwrap_or_else(|error| panic!("{name}: {error}"));
            compare(&name, found, &expected);
            compared += 1;
        }
    }
    assert!(compared > 0, "no examples in {}", folder.display());
}

fn read(path: &Path) -> Option<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "a test that reads examples from a folder its caller names")]
    std::fs::read(path).ok()
}

/// Equal but for what the publishers' tool does not do: it leaves `vd` out, and has made relative times absolute.
fn compare(name: &str, found: Vec<ResolvedRecord>, expected: &[ResolvedRecord]) {
    let found: Vec<ResolvedRecord> =
        found.into_iter().filter(|record| !matches!(record.value, Some(ResolvedValue::Data(_)))).collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (mut record, expect) in found.into_iter().zip(expected) {
        if record.time < RELATIVE_BELOW_S {
            record.time = expect.time;
        }
        assert!((record.time - expect.time).abs() < 1e-6, "{name}: {record:?} is not {expect:?}");
        record.time = expect.time;
        assert_eq!(&record, expect, "{name}");
    }
}

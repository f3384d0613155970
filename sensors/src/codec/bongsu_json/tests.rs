//! What Bongsu JSON takes and refuses, a line each.

use crate::codec::{Decoded, READING_LIMIT, sample};

fn check_at(station: &str, payload: &str, expect: &[&str]) {
    let catalog = sample::catalog();
    let mut out = Decoded::new();
    super::decode(&sample::context(&catalog, station), payload.as_bytes(), &mut out);
    assert_eq!(sample::told(&catalog, &out), expect, "{payload}");
}

fn check(payload: &str, expect: &[&str]) {
    check_at("jamsu", payload, expect);
}

#[test]
fn objects_and_arrays_of_them() {
    check(
        r#"{"t":"2026-07-08T20:31:00+09:00","river_stage":3.124,"battery_voltage":12.4}"#,
        &["river_stage 3.124 @2026-07-08T11:31:00Z", "battery_voltage 12.4 @2026-07-08T11:31:00Z"],
    );
    check(r#"{"river_stage":3,"t":1783510260000}"#, &["river_stage 3 @2026-07-08T11:31:00Z"]);
    check(
        r#" [ {"t":1783510260000,"river_stage":3} , {"t":1783510261000,"river_stage.2":-1e-3} ] "#,
        &["river_stage 3 @2026-07-08T11:31:00Z", "river_stage.2 -0.001 @2026-07-08T11:31:01Z"],
    );
    check(r#"{"river_stage":null}"#, &["river_stage missing"]);
    check(r#"{"river\u005fstage":1}"#, &["river_stage 1"]);
    check(r#"{"river_stage.1":1}"#, &["river_stage 1"]);
    check("{}", &[]);
    check("[]", &[]);
    check(r#"{"mains_power":true}"#, &["mains_power 1"]);
    check(r#"{"mains_power":false}"#, &["mains_power 0"]);
    check(r#"{"mains_power":1}"#, &["mains_power 1"]);
}

#[test]
fn times() {
    check(r#"{"t":1783510260000.0,"river_stage":3}"#, &["river_stage 3 @2026-07-08T11:31:00Z"]);
    check(r#"{"t":null,"river_stage":3}"#, &["river_stage 3"]);
    check(r#"{"t":"2026-07-08T11:31:00.25Z","river_stage":3}"#, &["river_stage 3 @2026-07-08T11:31:00.25Z"]);
    check_at("lander", r#"{"t":"2026-07-08T20:31:00","tilt":3}"#, &["tilt 3 @2026-07-08T11:31:00Z"]);
    check(
        r#"{"t":"2026-07-08T20:31:00","river_stage":3}"#,
        &["bad_time at \"t\": time \"2026-07-08T20:31:00\" has no offset; write it as 2026-07-08T20:31:00+09:00, \
           or name the station's zone with the key `clock`"],
    );
    check(
        r#"[{"t":1783510260,"river_stage":3},{"river_stage":4}]"#,
        &[
            "river_stage 4",
            "bad_time at item 1, \"t\": 1783510260 lies near 1970, so it is probably in seconds; send milliseconds",
        ],
    );
    check(
        r#"{"t":1783510260000.5,"river_stage":3}"#,
        &["bad_time at \"t\": send whole milliseconds since 1970, or RFC 3339 text"],
    );
    check(
        r#"{"t":1783510260000000,"river_stage":3}"#,
        &["bad_time at \"t\": send whole milliseconds since 1970, or RFC 3339 text"],
    );
    let shape =
        "bad_time at \"t\": send RFC 3339 text such as \"2026-07-08T20:31:00+09:00\", or whole milliseconds since 1970";
    check(r#"{"t":true,"river_stage":3}"#, &[shape]);
    check(r#"{"t":[1],"river_stage":3}"#, &[shape]);
    check(&format!(r#"{{"t":"{}","river_stage":3}}"#, "9".repeat(100)), &[shape]);
    check(
        r#"{"t":1783510260000,"t":1783510260001,"river_stage":3}"#,
        &["conflict at \"t\": stands twice in one object; send one object for each time"],
    );
}

#[test]
fn blocks() {
    check(
        r#"{"t":1783510260000,"dt_ms":10,"acceleration.x":[1,null,3],"acceleration.y":[4],"river_stage":9}"#,
        &[
            "acceleration.x 1 @2026-07-08T11:31:00Z",
            "acceleration.x missing @2026-07-08T11:31:00.01Z",
            "acceleration.x 3 @2026-07-08T11:31:00.02Z",
            "acceleration.y 4 @2026-07-08T11:31:00Z",
            "river_stage 9 @2026-07-08T11:31:00Z",
        ],
    );
    check(
        r#"{"acceleration.x":[1,"a",3],"dt_ms":2.5,"t":1783510260000}"#,
        &[
            "acceleration.x 1 @2026-07-08T11:31:00Z",
            "acceleration.x 3 @2026-07-08T11:31:00.005Z",
            "not_a_number at \"acceleration.x\", sample 2: not a finite number; send a JSON number without quotes, \
             or null when it is missing",
        ],
    );
    check(r#"{"t":1783510260000,"dt_ms":10,"river_stage":9}"#, &["river_stage 9 @2026-07-08T11:31:00Z"]);
    check(r#"{"t":1783510260000,"dt_ms":10,"acceleration.x":[]}"#, &[]);
    check(
        r#"{"dt_ms":10,"acceleration.x":[1,2],"river_stage":9}"#,
        &[
            "river_stage 9",
            "bad_time at \"t\": a block needs \"t\", the time of its first sample: the time of receipt \
           cannot anchor it",
        ],
    );
    check(
        r#"{"t":1783510260000,"acceleration.x":[1,2],"river_stage":9}"#,
        &[
            "river_stage 9 @2026-07-08T11:31:00Z",
            "malformed at \"dt_ms\": an array of samples needs \"dt_ms\", the \
           milliseconds from one to the next",
        ],
    );
    for step in ["0", "-1", "0.5", "1e9", "null", "\"10\"", "[10]"] {
        check(
            &format!(r#"{{"t":1783510260000,"dt_ms":{step},"acceleration.x":[1,2]}}"#),
            &["malformed at \"dt_ms\": send once the milliseconds from sample to sample, from 1 (the resolution of \
               time) to a day"],
        );
    }
}

#[test]
fn a_bad_part_refuses_itself_only() {
    check(
        r#"{"river_stag":1,"river_stage":2}"#,
        &[
            "river_stage 2",
            "unknown_kind at \"river_stag\": unknown kind \"river_stag\"; did you mean \"river_stage\"?",
        ],
    );
    check(
        r#"{"tilt":{"x":[1,{}]},"river_stage":2}"#,
        &[
            "river_stage 2",
            "unknown_datastream at \"tilt\": station \"jamsu\" has no tilt; add it to the catalog as \
           [[station.datastream]]",
        ],
    );
    check(
        r#"{"time":5,"river_stage":2}"#,
        &["river_stage 2", "unknown_kind at \"time\": unknown kind; the key of the time is \"t\""],
    );
    check(
        r#"{"river_stage":2,"river_stage":3}"#,
        &["river_stage 2", "conflict at \"river_stage\": stands twice in one object; send one object for each time"],
    );
    check(
        r#"{"river_stage":2,"river_stage.1":3}"#,
        &["river_stage 2", "conflict at \"river_stage.1\": stands twice in one object; send one object for each time"],
    );
    let no_number = "not a finite number; send a JSON number without quotes, or null when it is missing";
    for value in ["\"3.1\"", "true", "{\"v\":1}", "NaN", "-Infinity", "Infinity", "1e999", "-1e999", "nan"] {
        let refused = format!("not_a_number at \"river_stage\": {no_number}");
        check(&format!(r#"{{"river_stage":{value},"temperature":-3.5}}"#), &["temperature -3.5", &refused]);
    }
    check(
        r#"{"mains_power":"on"}"#,
        &["not_a_number at \"mains_power\": send a number, true or false, or null when it is missing"],
    );
    check(
        r#"[1,{"river_stage":2},[3]]"#,
        &[
            "river_stage 2",
            "malformed at item 1: send objects such as {\"t\":…,\"river_stage\":3.1} in the array",
            "malformed at item 3: send objects such as {\"t\":…,\"river_stage\":3.1} in the array",
        ],
    );
}

#[test]
fn what_is_no_json_is_refused_as_a_whole() {
    let check = |payload: &str, position: &str| {
        let catalog = sample::catalog();
        let mut out = Decoded::new();
        super::decode(&sample::context(&catalog, "jamsu"), payload.as_bytes(), &mut out);
        let told = sample::told(&catalog, &out);
        assert_eq!(told.len(), 1, "{payload}: {told:?}");
        assert!(told[0].starts_with(&format!("malformed at {position}: ")), "{payload}: {told:?}");
        assert!(told[0].ends_with("; send a JSON object or an array of objects"), "{payload}: {told:?}");
    };
    check("", "line 1, column 0");
    check("3.1", "line 1, column 3");
    check("\"river_stage\"", "line 1, column 13");
    check(r#"{"river_stage":3.1"#, "line 1, column 18");
    check(r#"{"river_stage":3.1} x"#, "line 1, column 21");
    check(r#"{"river_stage":NaN} x"#, "line 1, column 23");
    check(r#"{"river_stage":3.1,}"#, "line 1, column 20");
    check(&format!("{{\"river_stage\":{}", "[".repeat(5000)), "line 1, column 5015");
}

#[test]
fn a_message_says_so_much_and_no_more() {
    let block = |n: usize| {
        let samples = vec!["1"; n].join(",");
        format!(r#"{{"t":1783510260000,"dt_ms":10,"acceleration.x":[{samples}]}}"#)
    };
    let catalog = sample::catalog();
    let context = sample::context(&catalog, "jamsu");
    let mut out = Decoded::new();
    super::decode(&context, block(READING_LIMIT).as_bytes(), &mut out);
    assert_eq!((out.readings.len(), out.refusals()), (READING_LIMIT, 0));
    let over = "too_large: more than 10000 readings; send them in several messages";
    check(&block(READING_LIMIT + 1), &[over]);
    check(&format!("[{}]", vec![r#"{"x":1}"#; READING_LIMIT + 1].join(",")), &[over]);
    check(&format!("[NaN,{}]", vec![r#"{"x":1}"#; READING_LIMIT + 1].join(",")), &[over]);
    super::decode(&context, format!("[{}]", vec!["7"; 40].join(",")).as_bytes(), &mut out);
    assert_eq!((out.refused.len(), out.refused_more), (32, 8));
}

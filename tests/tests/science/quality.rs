//! Quality control beside ioos_qc 3.0.0: the calls of its own tests, and five series.

use crate::data;
use crate::table::Table;
use bongsu_rules::Flag;
use bongsu_rules::quality::{Around, Context, TESTS};
use bongsu_rules::series::{Sample, Series};
use bongsu_sensors::Time;
use bongsu_sensors::catalog::quality::{Attenuated, Flat, Liveliness, Quality, Season, Spike, SpikeMethod};
use serde_json::Value;
use std::time::Duration;

/// Limits that no test fails.
fn nothing() -> Quality {
    Quality {
        range: (f64::MIN, f64::MAX),
        usual: None,
        max_rate: None,
        spike: None,
        flat: None,
        attenuated: None,
        seasons: Vec::new(),
        neighbours: None,
        support: None,
    }
}

fn pair(value: &Value) -> (f64, f64) {
    (value[0].as_f64().expect("a number"), value[1].as_f64().expect("a number"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::INFINITY)
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs_f64(value.as_f64().expect("seconds"))
}

/// The limits of one test, from the arguments of ioos_qc.
fn limits(test: &str, args: &Value, cadence: Duration) -> Quality {
    let spike = |method| {
        Some(Spike { suspect: number(&args["suspect_threshold"]), fail: number(&args["fail_threshold"]), method })
    };
    match test {
        "gross_range" => {
            Quality { range: pair(&args["fail_span"]), usual: Some(pair(&args["suspect_span"])), ..nothing() }
        }
        "spike" => Quality { spike: spike(SpikeMethod::Average), ..nothing() },
        "spike_differential" => Quality { spike: spike(SpikeMethod::Differential), ..nothing() },
        "rate_of_change" => {
            Quality { max_rate: Some((number(&args["threshold"]), Duration::from_secs(1))), ..nothing() }
        }
        "flat_line" => {
            let (after, fail_after) = (seconds(&args["suspect_threshold"]), Some(seconds(&args["fail_threshold"])));
            Quality { flat: Some(Flat { after, fail_after, tolerance: number(&args["tolerance"]) }), ..nothing() }
        }
        "attenuated_signal" => {
            let least = args["min_obs"].as_f64().or_else(|| Some(args["min_period"].as_f64()? / cadence.as_secs_f64()));
            let measure = if args["check_type"] == "std" { Liveliness::Deviation } else { Liveliness::Range };
            let (suspect, fail) = (number(&args["suspect_threshold"]), number(&args["fail_threshold"]));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let least = least.unwrap_or_default() as usize;
            let over = seconds(&args["test_period"]);
            Quality { attenuated: Some(Attenuated { over, suspect, fail, least, measure }), ..nothing() }
        }
        "climatology" => {
            #[expect(clippy::cast_possible_truncation, reason = "a month")]
            let season = |season: &Value| {
                let (first, last) = pair(&season["tspan"]);
                Season { months: (first as i8, last as i8), usual: pair(&season["vspan"]), range: None }
            };
            Quality { seasons: args.as_array().expect("seasons").iter().map(season).collect(), ..nothing() }
        }
        other => panic!("{other} is not known here"),
    }
}

/// The flags of one test over a series; a missing value is 9.
fn flags(test: &str, limits: &Quality, cadence: Duration, values: &[Option<f64>], times: &[Time]) -> Vec<u8> {
    let name = test.strip_suffix("_differential").unwrap_or(test);
    let test = TESTS.iter().find(|test| test.name == name).expect("a test of ours");
    let around = Around::default();
    let mut flags = vec![Flag::Missing.number(); values.len()];
    // The library's own calls are not all in order of time.
    let mut rows: Vec<usize> = (0..values.len()).collect();
    rows.sort_by_key(|row| times[*row]);
    let mut series = Series::default();
    let judge = |series: &Series, row: usize, flags: &mut [u8]| {
        let at = series.at_time(times[row]).expect("a sample");
        flags[row] = (test.run)(&Context { series, at, limits, cadence, around: &around }).number();
    };
    // As in the engine: the newest is judged, and judged again when its successor comes.
    let mut newest = None;
    for row in rows {
        let Some(value) = values[row] else {
            series.note_missing(times[row]);
            continue;
        };
        series.insert(Sample { time: times[row], value, flag: Flag::Pass });
        judge(&series, row, &mut flags);
        if let Some(before) = newest.replace(row) {
            judge(&series, before, &mut flags);
        }
        series.prune(limits.look_back(), 3);
    }
    flags
}

/// Why we do not claim a call of the library's own tests.
fn unclaimed(test: &str, call: &Value) -> Option<&'static str> {
    if call["flags"].is_null() {
        return Some("asks that wrong arguments raise: ours are read from a catalog, which has tests of its own");
    }
    let config = call["args"]["config"].as_str().unwrap_or_default();
    let by_month = config.contains("period='month'") && !config.contains("zspan=Span");
    if test == "climatology" && !by_month {
        return Some("seasons of ours are months, without depths");
    }
    if test == "attenuated_signal" && call["args"]["test_period"].is_null() {
        return Some("judges a whole series at its end: ours judges what has come");
    }
    None
}

fn time(text: &str) -> Time {
    Time::parse(&format!("{}Z", text.trim_end_matches('Z'))).expect("a time")
}

#[test]
fn data_quality_calls_of_the_library() {
    let Some(folder) = data("qc_ioos") else { return };
    let text = std::fs::read_to_string(folder.join("unit_vectors.json")).expect("vectors");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let (mut claimed, mut rest) = (0, 0);
    for (at, call) in all["vectors"].as_array().expect("vectors").iter().enumerate() {
        let (args, test) = (&call["args"], call["test"].as_str().expect("a name").trim_end_matches("_test"));
        if let Some(why) = unclaimed(test, call) {
            rest += 1;
            println!("{at} {test}: not claimed, {why}");
            continue;
        }
        let test = if args["method"] == "differential" { "spike_differential" } else { test };
        let values: Vec<Option<f64>> = args["inp"].as_array().expect("values").iter().map(Value::as_f64).collect();
        let times: Vec<Time> = match args["tinp"].as_array() {
            Some(times) => times.iter().map(|at| time(at.as_str().expect("a time"))).collect(),
            None => (0..values.len()).map(|at| Time::from_millis(at as i64 * 60_000)).collect(),
        };
        let cadence = match times[..] {
            [first, second, ..] => second.since(first),
            _ => Duration::from_secs(60),
        };
        // The one call with months writes them into the text of its object: the first quarter, 10 to 20.
        let months = serde_json::json!([{"tspan": [1, 3], "vspan": [10, 20]}]);
        let limits = limits(test, if test == "climatology" { &months } else { args }, cadence);
        let expect: Vec<u8> =
            call["flags"].as_array().expect("flags").iter().map(|flag| flag.as_u64().expect("a flag") as u8).collect();
        assert_eq!(flags(test, &limits, cadence, &values, &times), expect, "{at} {test}");
        claimed += 1;
    }
    println!("{claimed} calls agree, {rest} are not claimed");
    assert_eq!((claimed, rest), (24, 26));
}

#[test]
fn data_quality_of_five_series() {
    let Some(folder) = data("qc_ioos") else { return };
    let keys = [
        ("gross_range", "gross"),
        ("climatology", "clim"),
        ("spike", "spike"),
        ("spike_differential", "spike_diff"),
        ("rate_of_change", "roc"),
        ("flat_line", "flat"),
        ("attenuated_signal", "att"),
    ];
    let mut checked = 0;
    for name in [
        "han2016_paldang_outflow",
        "han2017_jamsu_stage",
        "han2018_paldang_inflow",
        "ioos_water_level_hourly",
        "kuji_nukada_10min",
    ] {
        let table = Table::read(&folder.join(format!("{name}.csv")));
        let text = std::fs::read_to_string(folder.join(format!("{name}.config.json"))).expect("a configuration");
        let config: Value = serde_json::from_str(&text).expect("JSON");
        let times: Vec<Time> = table.column("timestamp_utc").expect("times").into_iter().map(time).collect();
        let values = table.numbers("value");
        let mut steps: Vec<Duration> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        steps.sort_unstable();
        let cadence = steps[steps.len() / 2];
        for (test, key) in keys {
            let (Some(expect), false) = (table.column(test), config["config"][key].is_null()) else { continue };
            let found = flags(test, &limits(test, &config["config"][key], cadence), cadence, &values, &times);
            let rows = values.iter().filter(|value| value.is_some()).count();
            let differs = |at: &usize| values[*at].is_some() && expect[*at] != found[*at].to_string();
            let mismatches: Vec<usize> = (0..values.len()).filter(differs).collect();
            let share = 1.0 - mismatches.len() as f64 / rows as f64;
            println!("{name} {test}: {:.4} % of {rows} rows", share * 100.0);
            for at in mismatches {
                println!("  {} {:?}: {} where ioos_qc says {}", times[at], values[at], found[at], expect[at]);
            }
            assert!(share >= 0.999, "{name} {test}");
            checked += 1;
        }
    }
    assert!(checked >= 30, "{checked}");
}

//! STA/LTA and its triggers beside ObsPy, and three of four stations that agree.

use crate::data;
use crate::table::Table;
use bongsu_rules::stats::BandPass;
use bongsu_rules::stats::wave::{classic_sta_lta, recursive_sta_lta};
use serde_json::Value;
use std::path::Path;

const STATIONS: [(&str, &str, f64); 4] =
    [("UH1", "UH1_SHZ", 50.0), ("UH2", "UH2_SHZ", 50.0), ("UH3", "UH3_SHZ", 50.0), ("UH4", "UH4_EHZ", 100.0)];

/// On above the first limit, until it is not above the second.
fn triggers(ratios: &[f64], on: f64, off: f64) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut since = None;
    for (at, ratio) in ratios.iter().enumerate() {
        match since {
            None if *ratio > on => since = Some(at),
            Some(first) if *ratio <= off => {
                found.push((first, at - 1));
                since = None;
            }
            _ => {}
        }
    }
    found.extend(since.map(|first| (first, ratios.len() - 1)));
    found
}

fn samples(folder: &Path, file: &str, rate: f64) -> (Vec<f64>, Vec<f64>) {
    let table = Table::read(&folder.join(format!("{file}.csv")));
    let raw: Vec<f64> = table.numbers("value").into_iter().map(|value| value.expect("a number")).collect();
    let mut filter = BandPass::new(10.0, 20.0, rate).expect("a band");
    let filtered = raw.iter().map(|value| filter.pass(*value)).collect();
    (raw, filtered)
}

#[track_caller]
fn same_ratio(what: &str, found: f64, expect: &Value) {
    let expect = expect.as_f64().expect("a number");
    assert!((found - expect).abs() <= 1e-3 * expect.abs().max(1.0), "{what}: {found}, not {expect}");
}

#[track_caller]
fn same_triggers(what: &str, found: &[(usize, usize)], expect: &Value) -> usize {
    let expect = expect.as_array().expect("a list");
    assert_eq!(found.len(), expect.len(), "{what}: {found:?}, not {expect:?}");
    for ((on, off), expect) in found.iter().zip(expect) {
        let near = |found: usize, expect: &Value| found.abs_diff(expect.as_u64().expect("a sample") as usize) <= 1;
        assert!(near(*on, &expect[0]) && near(*off, &expect[1]), "{what}: {on}–{off}, not {expect}");
    }
    found.len()
}

#[test]
fn data_shaking_is_found_where_obspy_finds_it() {
    let Some(folder) = data("seismic_obspy") else { return };
    let text = std::fs::read_to_string(folder.join("reference_triggers.json")).expect("references");
    let reference: Value = serde_json::from_str(&text).expect("JSON");
    let mut on: Vec<(f64, f64, &str)> = Vec::new();
    let mut count = 0;
    for (station, file, rate) in STATIONS {
        let expect = &reference[format!("BW.{}", file.replace('_', ".."))];
        let (raw, filtered) = samples(&folder, file, rate);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of samples")]
        let (short, long) = ((0.5 * rate) as usize, (10.0 * rate) as usize);
        let recursive = recursive_sta_lta(&filtered, short, long);
        let expect_recursive = &expect["filtered_10_20Hz_recursive_sta0.5_lta10"];
        let greatest = recursive.iter().copied().fold(0.0, f64::max);
        same_ratio(station, greatest, &expect_recursive["max"]);
        let found = triggers(&recursive, 3.5, 1.0);
        count += same_triggers(station, &found, &expect_recursive["triggers_on3.5_off1"]);
        let classic = classic_sta_lta(&filtered, short, long);
        same_ratio(station, classic.iter().copied().fold(0.0, f64::max), &expect["filtered_classic"]["max"]);
        let found_classic = triggers(&classic, 3.5, 1.0);
        count += same_triggers(station, &found_classic, &expect["filtered_classic"]["triggers_on3.5_off1"]);
        let plain = recursive_sta_lta(&raw, short, long);
        for (at, expect) in expect["unfiltered_recursive"]["samples_at"].as_object().expect("samples") {
            same_ratio(station, plain[at.parse::<usize>().expect("a sample")], expect);
        }
        // All four begin within a hundredth of a second.
        on.extend(found.iter().map(|(first, last)| (*first as f64 / rate, *last as f64 / rate, station)));
    }
    let expect = reference["coincidence_trigger(recstalta,3.5,1,min3,sta0.5,lta10)"].as_array().expect("events");
    let events = coincidences(on, 3);
    println!("{count} triggers within a sample of ObsPy's; three of four agree {} times: {events:.2?}", events.len());
    assert_eq!(events.len(), expect.len());
    for (event, expect) in events.iter().zip(expect) {
        let wanted = expect["time"].as_str().expect("a time");
        // Seconds after 16:24:03.68.
        let clock: Vec<f64> = wanted[11..23].split(':').map(|part| part.parse().expect("a number")).collect();
        let second = (clock[0] - 16.0) * 3600.0 + (clock[1] - 24.0) * 60.0 + clock[2] - 3.68;
        assert!((event - second).abs() < 0.03, "{event}, not {second}");
    }
}

/// When enough stations shake at once: the first moment of each such run.
fn coincidences(mut on: Vec<(f64, f64, &str)>, wanted: usize) -> Vec<f64> {
    on.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut events = Vec::new();
    let mut at = 0;
    while at < on.len() {
        let (start, mut end, first) = on[at];
        let mut stations = vec![first];
        let mut next = at + 1;
        while next < on.len() && on[next].0 <= end {
            end = end.max(on[next].1);
            if !stations.contains(&on[next].2) {
                stations.push(on[next].2);
            }
            next += 1;
        }
        if stations.len() >= wanted {
            events.push(start);
            at = next;
        } else {
            at += 1;
        }
    }
    events
}

//! Rivers: how long before a limit is reached the shipped rules warn of it, and how often of nothing, beside a straight
//! line through the last hour.
//!
//! The judge is `flood_eval.py` of the data's folder. `lead_min` and `near_m` of `river_flood` were chosen on the Han of
//! 2016 and 2017 and nothing else; every river of a kind has the same parameters.

use crate::data;
use crate::played::{Recorded, Said};
use crate::table::Table;
use bongsu_rules::backtest::Alerted;
use bongsu_sensors::{Level, Time};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What was chosen on the Han; the defaults foresee less, so that limits close to each other stay apart.
const EARLY: &str = "[[override]]\nrule = \"river_flood\"\nset = { lead_min = 60.0, near_m = 0.7 }\nauthor = \"test\"\n\
                     reason = \"chosen on the Han of 2016 and 2017\"\n";

/// One column of a wide file as what a station said.
fn said(table: &Table, columns: &[(String, String, &'static str)]) -> Vec<Said> {
    let times = times(table);
    let mut all = Vec::new();
    for (column, station, kind) in columns {
        let values = table.numbers(column).into_iter().zip(&times);
        all.extend(values.filter_map(|(value, time)| Some((*time, station.clone(), *kind, Some(value?)))));
    }
    all
}

fn times(table: &Table) -> Vec<Time> {
    let times = table.column("timestamp_utc").expect("times");
    times.into_iter().map(|time| Time::parse(time).expect("a time")).collect()
}

/// The columns of a set that a file has; a kind of another unit is left out.
fn columns(folder: &Path, table: &Table) -> Vec<(String, String, &'static str)> {
    let list = Table::read(&folder.join("columns.csv"));
    let column = |name: &str| list.column(name).expect("a column");
    let rows =
        column("column").into_iter().zip(column("station")).zip(column("kind").into_iter().zip(column("factor")));
    let known = |kind: &str| bongsu_sensors::kind::ALL.iter().find(|known| known.name == kind).map(|known| known.name);
    rows.filter(|((name, _), (_, factor))| *factor == "1" && table.column(name).is_some())
        .map(|((name, station), (kind, _))| (name.to_owned(), station.to_owned(), known(kind).expect("a kind")))
        .collect()
}

/// What the judge says of alerts, or of the straight line through the last hour where there are none.
fn judge(folder: &Path, series: &Path, column: &str, limit: f64, alerts: Option<&[Time]>) -> Value {
    let written = tempfile::NamedTempFile::new().expect("a file");
    let mut judge = Command::new("python3");
    judge.arg(folder.join("../flood_eval.py")).arg(series).arg(column).arg(limit.to_string());
    match alerts {
        Some(alerts) => {
            let rows: String = alerts.iter().map(|time| format!("{time}\n")).collect();
            std::fs::write(written.path(), format!("timestamp_utc\n{rows}")).expect("a file");
            judge.arg(written.path())
        }
        None => judge.args(["--baseline", "60", "60"]),
    };
    let told = judge.output().expect("python3 runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("the judge answers JSON")
}

/// Every moment of the series at which an alert of the place stood.
fn standing(alerts: &[Alerted], place: &str, times: &[Time]) -> Vec<Time> {
    let stands = |time: &&Time| {
        let holds = |alert: &&Alerted| alert.from <= **time && alert.to.is_none_or(|to| **time < to);
        alerts.iter().filter(|alert| alert.place == place).any(|alert| holds(&alert))
    };
    times.iter().filter(stands).copied().collect()
}

/// A row of the table.
struct Row {
    leads: Vec<Option<f64>>,
    false_alarms: f64,
}

impl Row {
    fn of(judged: &Value) -> Row {
        let leads = judged["leads_min"].as_array().expect("a list");
        Row {
            leads: leads.iter().map(|lead| lead[1].as_f64()).collect(),
            false_alarms: judged["fa_per_30d"].as_f64().expect("a number"),
        }
    }

    fn text(&self) -> String {
        let lead = |lead: &Option<f64>| match lead {
            Some(minutes) => format!("{minutes:.0}"),
            None => "missed".to_owned(),
        };
        let leads: Vec<String> = self.leads.iter().map(lead).collect();
        let leads = if leads.is_empty() { "–".to_owned() } else { leads.join(", ") };
        format!("{leads} / {:.2}", self.false_alarms)
    }

    fn missed(&self) -> usize {
        self.leads.iter().filter(|lead| lead.is_none_or(|minutes| minutes <= 0.0)).count()
    }

    /// Where this row is worse than another, each difference with its amount.
    fn worse_than(&self, other: &Row) -> Vec<String> {
        let pairs = self.leads.iter().zip(&other.leads).enumerate();
        let late = pairs.filter_map(|(at, (own, theirs))| {
            let short = theirs.unwrap_or(0.0) - own.unwrap_or(0.0);
            (short > 0.0).then(|| format!("crossing {}: {short:.0} min less lead", at + 1))
        });
        let more = self.false_alarms - other.false_alarms;
        late.chain((more > 0.0).then(|| format!("{more:.2} false alarms per 30 days more"))).collect()
    }
}

#[test]
fn data_floods_of_the_han_are_warned_of_in_time() {
    let Some(folder) = data("han_river") else { return };
    let stations = std::fs::read_to_string(folder.join("stations.toml")).expect("a catalog");
    println!(
        "jamsu, leads in minutes / false alarms per 30 days: river_flood; straight line of the last hour (60 min)"
    );
    let mut highest_missed = 0;
    for year in 2016..=2019 {
        let path = folder.join(format!("han_{year}_10min.csv"));
        let table = Table::read(&path);
        let recorded = Recorded::new(&stations, "river_flood", EARLY, &said(&table, &columns(&folder, &table)));
        let times = times(&table);
        // The year without a flood shows what the advisory costs, which foresees nothing.
        let quiet = [(Level::Advisory, 5.5)].into_iter().filter(|_| year == 2019);
        for (level, limit) in quiet.chain([(Level::Watch, 6.2), (Level::Warning, 6.5)]) {
            let alerts = standing(&recorded.alerts(level), "jamsu", &times);
            let own = Row::of(&judge(&folder, &path, "jamsu_stage_m", limit, Some(&alerts)));
            let line = Row::of(&judge(&folder, &path, "jamsu_stage_m", limit, None));
            let role = if year < 2018 { "chosen on" } else { "reported once" };
            println!("  {year} {limit} m ({level}, {role}): {}; {}", own.text(), line.text());
            own.worse_than(&line).iter().for_each(|worse| println!("    row missed: {worse}"));
            highest_missed += if level == Level::Warning { own.missed() } else { 0 };
            assert!(own.false_alarms <= 2.0, "{year}, {limit} m: {} false alarms per 30 days", own.false_alarms);
        }
    }
    assert_eq!(highest_missed, 0, "crossings of the highest limit that were not warned of");
}

/// Three nested gauges of the Cance, with the limits of the lowest.
fn cance() -> String {
    let station = |id: &str, at: [f64; 2], upstream: &str, levels: &str| {
        format!(
            "[[station]]\nid = \"{id}\"\nname = {{ ko = \"{id}\" }}\nposition = {at:?}\narea = \"cance\"\n{upstream}\
             [[station.datastream]]\nkind = \"river_discharge\"\ncadence = \"1h\"\n{levels}\
             [[station.datastream]]\nkind = \"rainfall\"\ncadence = \"1h\"\n"
        )
    };
    let limits = "levels = { watch = 100.0, warning = 200.0 }\n";
    format!(
        "timezone = \"Europe/Paris\"\n[[area]]\ncode = \"cance\"\nname = {{ ko = \"Cance\" }}\n{}{}{}",
        station("v3524010", [45.2, 4.8], "upstream = [\"v3515010\"]\n", limits),
        station("v3515010", [45.2, 4.7], "upstream = [\"v3517010\"]\n", ""),
        station("v3517010", [45.2, 4.6], "", "")
    )
}

#[test]
fn data_floods_of_the_cance_are_warned_of_in_time() {
    let Some(folder) = data("cance_france_2014") else { return };
    let path = folder.join("cance_hourly.csv");
    let table = Table::read(&path);
    let recorded = Recorded::new(&cance(), "river_discharge", "", &said(&table, &columns(&folder, &table)));
    let times = times(&table);
    println!(
        "cance, leads in minutes / false alarms per 30 days: river_discharge; straight line of the last hour (60 min)"
    );
    for (level, limit) in [(Level::Watch, 100.0), (Level::Warning, 200.0)] {
        let alerts = standing(&recorded.alerts(level), "v3524010", &times);
        let own = Row::of(&judge(&folder, &path, "q_V3524010_m3s", limit, Some(&alerts)));
        let line = Row::of(&judge(&folder, &path, "q_V3524010_m3s", limit, None));
        println!("  {limit} m³/s ({level}, reported once): {}; {}", own.text(), line.text());
        own.worse_than(&line).iter().for_each(|worse| println!("    row missed: {worse}"));
        assert_eq!(own.missed(), 0, "crossings of {limit} m³/s that were not warned of");
        assert!(own.false_alarms <= 2.0, "{} false alarms per 30 days", own.false_alarms);
    }
}

/// A catalog of gauges, each with a watch limit a tenth of its own range above whatever it showed: nothing here is a flood.
fn never_flooded(
    table: &Table,
    columns: &[(String, String, &'static str)],
    cadence: &str,
) -> (String, Vec<(String, f64)>) {
    let mut text = String::from("timezone = \"UTC\"\n[[area]]\ncode = \"basin\"\nname = { ko = \"유역\" }\n");
    let mut limits = Vec::new();
    for (at, (column, station, kind)) in columns.iter().enumerate() {
        let east = 127.0 + 0.05 * f64::from(u32::try_from(at).unwrap_or(0));
        text.push_str(&format!(
            "[[station]]\nid = \"{station}\"\nname = {{ ko = \"{station}\" }}\nposition = [37.5, {east:?}]\narea = \"basin\"\n\
             [[station.datastream]]\nkind = \"{kind}\"\ncadence = \"{cadence}\"\n"
        ));
        if *kind == "river_stage" {
            let values = || table.numbers(column).into_iter().flatten();
            let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
            let limit = ((high + (high - low) / 10.0) * 1000.0).round() / 1000.0;
            text.push_str(&format!("levels = {{ watch = {limit:?} }}\n"));
            limits.push((station.clone(), limit));
        }
    }
    (text, limits)
}

#[test]
fn data_rivers_that_do_not_flood_are_seldom_called_flooding() {
    let sets = [
        ("kuji_japan", "nukada_hourly_2024_2026.csv", "1h"),
        ("kuji_japan", "three_stations_10min_2026.csv", "10m"),
        ("uk_calder_2025", "calder_15min.csv", "15m"),
    ];
    for (set, file, cadence) in sets {
        let Some(folder) = data(set) else { return };
        let path = folder.join(file);
        let table = Table::read(&path);
        let columns = columns(&folder, &table);
        let (stations, limits) = never_flooded(&table, &columns, cadence);
        let recorded = Recorded::new(&stations, "river_flood", EARLY, &said(&table, &columns));
        let (alerts, times) = (recorded.alerts(Level::Watch), times(&table));
        for (station, limit) in limits {
            let column =
                &columns.iter().find(|(_, known, kind)| *known == station && *kind == "river_stage").expect("it").0;
            let own = Row::of(&judge(&folder, &path, column, limit, Some(&standing(&alerts, &station, &times))));
            let line = Row::of(&judge(&folder, &path, column, limit, None));
            println!(
                "{set}, {station} every {cadence}, limit {limit} m, never reached: {:.2} false alarms per 30 days; straight line: {:.2}",
                own.false_alarms, line.false_alarms
            );
            assert!(own.false_alarms <= 2.0, "{station}: {} false alarms per 30 days", own.false_alarms);
        }
    }
}

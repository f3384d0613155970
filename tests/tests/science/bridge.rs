//! A test bridge in Munich whose support was lowered on purpose, between passages of people and lorries.

use crate::data;
use crate::played::{Recorded, Said};
use crate::table::Table;
use bongsu_sensors::{Level, Time};

const STATIONS: &str = r#"timezone = "Europe/Berlin"
[[area]]
code = "campus"
name = { ko = "뮌헨" }
[[station]]
id = "bridge"
name = { ko = "시험 교량" }
position = [48.08, 11.64]
area = "campus"
[[station.datastream]]
kind = "strain"
cadence = "200ms"
[[station.datastream]]
kind = "bearing_force"
cadence = "200ms"
"#;

/// The experiment is over in less than an hour, and a passage takes at most three minutes.
const QUICK: &str = "[[override]]\nrule = \"structure_strain\"\nset = { lately = \"3m\", before = \"20m\" }\n\
                     author = \"test\"\nreason = \"a day of a bridge within an hour\"\n";

#[test]
fn data_a_lowered_support_is_told_and_load_passages_are_not() {
    let Some(folder) = data("munich_bridge") else { return };
    let table = Table::read(&folder.join("bridge_5hz_steps0_1.csv"));
    let (times, phases) = (table.column("timestamp_utc").expect("times"), table.column("phase").expect("phases"));
    let times: Vec<Time> = times.into_iter().map(|time| Time::parse(time).expect("a time")).collect();
    let mut said: Vec<Said> = Vec::new();
    for (column, kind) in [("strain_um_m", "strain"), ("force1_kN", "bearing_force")] {
        let values = table.numbers(column).into_iter().zip(&times);
        said.extend(values.filter_map(|(value, time)| Some((*time, "bridge".to_owned(), kind, Some(value?)))));
    }
    let alerts = Recorded::new(STATIONS, "structure_strain", QUICK, &said).alerts(Level::Watch);
    let phase_at = |time: Time| {
        let at = times.partition_point(|known| *known <= time).saturating_sub(1);
        phases[at]
    };
    for alert in &alerts {
        println!("munich bridge: alarm {} in phase {}", alert.from, phase_at(alert.from));
    }
    let lowered: Vec<Time> =
        times.iter().zip(&phases).filter(|(_, phase)| phase.contains("lowering")).map(|(time, _)| *time).collect();
    let (first, last) = (lowered.first().expect("it was lowered"), lowered.last().expect("it was lowered"));
    println!("  the support was lowered between {first} and {last}; passages before and after: no alarm begins");
    assert!(alerts.iter().any(|alert| phase_at(alert.from).contains("lowering")), "no alarm at the lowering");
    let passages: Vec<_> = alerts.iter().filter(|alert| !phase_at(alert.from).contains("lowering")).collect();
    assert!(passages.is_empty(), "alarms on load passages: {passages:?}");
}

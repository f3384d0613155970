//! The same flood from a file and over MQTT, under a clock that runs faster: the same levels, in the same order.

use bongsu_sensors::Time;
use bongsu_tests::flood::{self, Change, Row};
use bongsu_tests::program::Setup;
use std::fs;
use std::path::Path;

/// How far apart the same decision may lie: two readings, and in real time what a busy machine delays.
const APART_MS: f64 = 20.0 * 60_000.0;
const DELAY_MS: f64 = 2_000.0;

/// Decides a flood twice, and holds the two against each other.
#[track_caller]
pub fn compare(folder: &Path, catalog: &str, rows: &[Row], speed: f64) -> Vec<Change> {
    fs::write(folder.join("stations.toml"), catalog).expect("the folder can be written");
    fs::write(folder.join("flood.csv"), flood::csv(rows)).expect("the folder can be written");
    let file = Setup { data: folder.join("replayed"), ..Setup::anonymous(folder) };
    let replayed = flood::replayed(&file, "flood.csv", "river_flood");
    let served = Setup { data: folder.join("served"), ..Setup::anonymous(folder) };
    let begins = rows.iter().map(|row| row.time_ms).min().map(Time::from_millis).expect("rows");
    let served = served.with_clock(&format!("{begins}@{speed}"));
    let mut program = served.serve();
    flood::publish(&program, rows, speed);
    program.ask_to_end();
    assert!(program.wait().success(), "{}", program.log());
    let decided = flood::decided(&served, "river_flood");
    // What time alone decides after the last reading, only the clock that goes on decides.
    let last = rows.iter().map(|row| row.time_ms).max().unwrap_or_default();
    let until = |changes: &[Change]| -> Vec<Change> {
        changes.iter().filter(|change| change.time_ms <= last).cloned().collect()
    };
    let (replayed, decided) = (until(&replayed), until(&decided));
    let what = |changes: &[Change]| changes.iter().map(|change| change.what.clone()).collect::<Vec<_>>();
    assert_eq!(what(&decided), what(&replayed), "over MQTT and from the file");
    for (one, other) in decided.iter().zip(&replayed) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few days")]
        let apart = one.time_ms.abs_diff(other.time_ms) as f64;
        assert!(apart <= APART_MS + DELAY_MS * speed, "{one:?} over MQTT, {other:?} from the file");
    }
    decided
}

#[test]
fn a_flood_over_mqtt_is_decided_as_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    // The rise and the crest, at a speed at which a gauge is not taken for silent when the machine is busy for a moment.
    let made = flood::made();
    let rise: Vec<Row> = made.into_iter().skip(2 * 30).take(2 * 40).collect();
    let decided = compare(folder.path(), flood::STATIONS, &rise, 800.0);
    for area in ["south", "north"] {
        for level in ["advisory", "watch", "warning"] {
            let what = ("river_flood".to_owned(), area.to_owned(), level.to_owned());
            assert!(decided.iter().any(|change| change.what == what), "{area} never reached {level}: {decided:?}");
        }
    }
}

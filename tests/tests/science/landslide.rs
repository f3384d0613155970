//! The rule by which landslides are warned of in Seattle, in our language, hour by hour beside the program of the USGS.

use crate::data;
use crate::table::Table;
use bongsu_rules::Flag;
use bongsu_rules::language::input::{Input, Stream, StreamFacts};
use bongsu_rules::language::{Arguments, Host};
use bongsu_rules::series::{Sample, Series};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::mistake::Source;
use bongsu_sensors::{Level, Nature, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Exceeded when three days of rain and the fifteen before them reach the line P3 = 3.5 − 0.67·P15, inches; as in the
/// program of the USGS, not where the three days were dry.
const RULE: &str = r#"//! id     = "landslide_antecedent"
//! hazard = "landslide"
//! title  = { ko = "선행 강우 산사태", en = "Landslides after rain" }
//! scope  = "station"
//! [inputs]
//! rain = { kind = "rainfall", max_age = "3h" }
//! [labels]
//! wet = { ko = "3일과 그 전 15일의 비", en = "three days of rain and the fifteen before" }
//! lately = { ko = "3일의 비", en = "rain of three days" }

let recent = rain.sum("72h");
let before = rain.sum("432h") - recent;
if all([check("wet", (recent + 0.67 * before) / 25.4, ">=", 3.5), check("lately", recent, ">", 0)]) { raise("advisory") }
"#;

const HOUR: Duration = Duration::from_secs(3600);
/// Both windows are filled from here on.
const FILLED: usize = 432;

fn facts() -> Arc<StreamFacts> {
    Arc::new(StreamFacts {
        station: StationIndex(0),
        cadence: HOUR,
        nature: Nature::Amount,
        resolution: 0.1,
        levels: BTreeMap::new(),
    })
}

#[test]
fn data_seattle_landslides() {
    let Some(folder) = data("usgs_landslide_rain") else { return };
    let host = Host::new();
    let rule = host.compile(&Source::new("landslide.rhai", RULE)).expect("a good rule");
    let arguments = Arguments::defaults(&rule.header);
    for (station, exceeded) in [("KSEA", 784), ("KPAE", 616)] {
        let table = Table::read(&folder.join(format!("{station}.csv")));
        let (rain, expect) = (table.numbers("precip_in"), table.numbers("ex_recent_antecedent"));
        let known = table.numbers("antecedent_360h_in");
        let (mut series, mut hours, mut wet, mut mismatches) = (Series::default(), 0, 0, Vec::new());
        // As in that program, each line is the next hour: hours that the gauge left out are not.
        for (at, rain) in rain.iter().enumerate() {
            let now = Time::from_millis(0) + HOUR * u32::try_from(at).expect("small");
            let value = rain.expect("every hour is there").max(0.0) * 25.4;
            series.insert(Sample { time: now, value, flag: Flag::Pass });
            series.prune(HOUR * 433, 1);
            if at < FILLED || known[at].is_none_or(|known| known < 0.0) {
                continue;
            }
            let series = Arc::new(series.clone());
            let stream = Stream::until(now, facts(), series, Some(now));
            let streams = Arc::new([stream].into_iter().collect());
            let input = Input { index: 0, now, streams, min_stations: 1, absent: false };
            let outcome = host.evaluate(&rule, &[input], &arguments).expect("runs");
            let ours = outcome.level == Level::Advisory;
            hours += 1;
            wet += u32::from(ours);
            if ours != (expect[at] == Some(1.0)) {
                mismatches.push(at);
            }
        }
        println!("{station}: {hours} hours, {wet} exceeded, mismatches {mismatches:?}");
        assert!(mismatches.is_empty(), "{station}: hours {mismatches:?} differ");
        assert_eq!(wet, exceeded, "{station}");
    }
}

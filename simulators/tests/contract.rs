//! What the city sends, read by the project's own codec: every value arrives as it was meant, and nothing is refused.

use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::codec::{Context, Decoded, serving};
use bongsu_sensors::topic::Leaf;
use bongsu_sensors::{Catalog, Source, Time};
use bongsu_simulators::{City, Scenario, Settings, Simulation, Size};
use std::time::Duration;

#[test]
fn the_codec_takes_every_message_of_a_storm() {
    let city = City::build(2, Size::default());
    let geometry = Source::new("areas.geojson", city.areas_geojson());
    let stations = Source::new("stations.toml", city.stations_toml());
    let mut catalog = Catalog::parse(&stations, |_| Ok(geometry)).expect("a catalog");
    catalog.number(&mut Numbering::default());
    let codec = serving(Leaf::Obs).expect("a codec");
    let start = Time::parse("2026-07-08T00:00:00Z").expect("a time");
    let scenario = Scenario::named("storm").expect("storm");
    let mut simulation = Simulation::new(city, scenario, &Settings::default(), start).expect("a setup");
    let mut out = Vec::new();
    simulation.step_until(start + Duration::from_secs(3 * 3600), &mut out);
    let mut decoded = Decoded::new();
    for emission in &out {
        let station = catalog.station_named(emission.station.as_str()).expect("a station of the catalog");
        let context = Context { catalog: &catalog, station, received: emission.due, via: None };
        (codec.decode)(&context, emission.payload().as_bytes(), &mut decoded);
        assert_eq!(decoded.refusals(), 0, "{}: {:?}", emission.payload(), decoded.refused);
        let read = decoded.readings.iter().map(|reading| {
            let name = catalog.numbered(reading.datastream).expect("numbered").name;
            (reading.time, name, reading.value)
        });
        let meant = emission.values.iter().map(|(name, value)| (Some(emission.phenomenon), *name, *value));
        assert!(read.eq(meant), "{}", emission.payload());
    }
    assert!(out.len() > 5000);
}

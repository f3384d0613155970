//! A small catalog and short texts of what came out of a message, for the tests of the codecs.

use super::{Context, Decoded};
use crate::catalog::{Catalog, Numbering, StationIndex};
use crate::mistake::Source;
use crate::time::Time;

const STATIONS: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
[[station]]
id = "paldang"
position = [37.52, 127.28]
area = "seocho"
datastream = [{ kind = "reservoir_outflow" }]
[[station]]
id = "jamsu"
position = [37.5153, 126.9957]
area = "seocho"
datastream = [
  { kind = "river_stage" }, { kind = "river_stage", n = 2 }, { kind = "battery_voltage" }, { kind = "temperature" },
  { kind = "acceleration", n = "x" }, { kind = "acceleration", n = "y" }, { kind = "mains_power" },
  { kind = "displacement" }, { kind = "site_latency" }, { kind = "heat_pressure" }, { kind = "soil_moisture" },
]
[[station]]
id = "lander"
position = [37.6, 127.0]
area = "seocho"
clock = "Asia/Seoul"
datastream = [{ kind = "tilt" }]
"#;

/// The catalog of the tests, numbered.
pub fn catalog() -> Catalog {
    catalog_with("")
}

/// The same with more tables.
pub fn catalog_with(more: &str) -> Catalog {
    let source = Source::new("stations.toml", format!("{STATIONS}{more}"));
    let mut catalog = Catalog::parse(&source, |_| Err("none".into())).expect("a good catalog");
    catalog.number(&mut Numbering::default());
    catalog
}

/// When the messages of the tests arrive: 2026-07-08T11:31:00Z.
pub const RECEIVED: Time = Time::from_millis(1_783_510_260_000);

/// What a station says, as seen by a codec.
pub fn context<'a>(catalog: &'a Catalog, station: &str) -> Context<'a> {
    let station = catalog.station_named(station).unwrap_or(StationIndex(0));
    Context { catalog, station, received: RECEIVED, via: None }
}

/// What came out, a line each: `river_stage 3.1 @2026-…`, and the refusals.
pub fn told(catalog: &Catalog, out: &Decoded) -> Vec<String> {
    let readings = out.readings.iter().map(|reading| {
        let name = catalog.numbered(reading.datastream).expect("numbered").name;
        let value = reading.value.map_or("missing".to_owned(), |value| value.to_string());
        let time = reading.time.map(|time| format!(" @{time}")).unwrap_or_default();
        format!("{name} {value}{time}")
    });
    let refusals = out.refused.iter().map(ToString::to_string);
    readings.chain(refusals).collect()
}

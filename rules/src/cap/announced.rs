//! What a message of another agency says of our stations: how high its warning stands at each place that it names.

use super::model::{Alert, Area, Info, MsgType, ResponseType, Severity, Urgency};
use bongsu_sensors::catalog::{AreaIndex, Station, distance_km, holds};
use bongsu_sensors::{Catalog, Level};

/// Words of a message that both lifts something and announces something: then what it names stands.
const ANNOUNCING: [&str; 5] = ["발표", "발효", "상향", "변경", "대치"];

/// The level that the words of Korean agencies name: 주의보 is a watch here and 경보 a warning, and what is only lifted
/// (해제) is none.
fn named(info: &Info) -> Option<Level> {
    let has = |word: &str| info.event.contains(word) || info.headline.as_ref().is_some_and(|said| said.contains(word));
    let found = [("경보", Level::Warning), ("주의보", Level::Watch)].into_iter().find(|(word, _)| has(word));
    match found {
        Some(_) if has("해제") && !ANNOUNCING.iter().any(|word| has(word)) => Some(Level::None),
        found => found.map(|(_, level)| level),
    }
}

fn severe(info: &Info) -> Level {
    match info.severity {
        Severity::Extreme => Level::Emergency,
        Severity::Severe => Level::Warning,
        Severity::Moderate => Level::Watch,
        Severity::Minor | Severity::Unknown => Level::Advisory,
    }
}

/// How high a message stands at a station; `None`: it does not speak of it. The words of a Korean text go before the
/// severity that any language gives.
pub fn at(alert: &Alert, catalog: &Catalog, station: &Station) -> Option<Level> {
    if alert.msg_type == MsgType::Cancel {
        return None;
    }
    let speaks = |info: &&Info| info.areas.iter().any(|area| covers(area, catalog, station));
    let infos: Vec<&Info> = alert.infos.iter().filter(speaks).collect();
    if infos.is_empty() {
        return None;
    }
    let is_over =
        |info: &&&Info| info.urgency == Urgency::Past || info.response_types.as_slice() == [ResponseType::AllClear];
    let standing = || infos.iter().filter(|info| !is_over(info));
    let words = standing().filter_map(|info| named(info)).max();
    Some(words.or_else(|| standing().map(|info| severe(info)).max()).unwrap_or(Level::None))
}

/// Whether a place that a message names holds a station. One that is only a part of the station's area does: a district
/// of which a part is warned is warned.
fn covers(named: &Area, catalog: &Catalog, station: &Station) -> bool {
    if holds(&named.polygons, station.position) {
        return true;
    }
    if named.circles.iter().any(|(centre, km)| distance_km(*centre, station.position) <= *km) {
        return true;
    }
    let has_code = |at: AreaIndex| {
        let area = catalog.area(at);
        let is_it = |(name, value): (&str, &str)| {
            area.code.as_str() == value || area.geocode.get(name).is_some_and(|code| code == value)
        };
        named.geocodes.iter().any(|code| is_it((&code.name, &code.value)))
    };
    let own = || std::iter::once(station.area).chain(station.affects.iter().copied());
    let around = own().any(|at| catalog.lineage(at).any(has_code));
    around || (0..).map(AreaIndex).zip(&catalog.areas).any(|(at, _)| catalog.lies_in(at, station.area) && has_code(at))
}

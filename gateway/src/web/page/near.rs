//! What is near: shelters, where power banks can be borrowed and returned, and where there is a network. The server lists them by
//! district; which is nearest only the reader's own device computes, so nobody learns where the reader is.

use super::frame::{self, Site};
use super::word::Word;
use super::{Ink, Reader};
use crate::alert;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::shared::Shared;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use bongsu_rules::Observation;
use bongsu_sensors::catalog::{AreaIndex, AreaKind, Datastream, Shelter, StationIndex};
use bongsu_sensors::{Catalog, Time};
use maud::{Markup, html};
use serde::Serialize;
use std::collections::BTreeMap;

/// Places listed without asking for a district; a larger city is shown district by district.
const LISTED: usize = 120;

/// A value so many cadences old says nothing about now.
const STALE_CADENCES: u32 = 3;

/// A place people go to, with what is known of it now.
#[derive(Debug, Serialize)]
struct Place {
    #[serde(skip)]
    area: AreaIndex,
    name: String,
    /// What it is.
    title: &'static str,
    /// What there is now.
    detail: String,
    /// Latitude and longitude, degrees.
    position: [f64; 2],
}

/// The newest value of a datastream, where it is recent enough to act on; else why nothing is known, and since when.
fn current(
    datastream: Option<&Datastream>,
    newest: &[Option<Observation>],
    now: Time,
) -> Result<f64, (Word, Option<Time>)> {
    let seen = datastream.and_then(|datastream| {
        let seen = newest.get(datastream.id.0 as usize).copied().flatten()?;
        Some((seen, now.since(seen.time) <= datastream.cadence * STALE_CADENCES))
    });
    let Some((seen, is_recent)) = seen else { return Err((Word::NEVER, None)) };
    match seen.value.filter(|_| seen.flag.usable()) {
        _ if !is_recent => Err((Word::SILENT, Some(seen.time))),
        None => Err((Word::DOUBTED, Some(seen.time))),
        Some(value) => Ok(value),
    }
}

/// That nothing is known, and why.
fn unknown(ink: &Ink<'_>, (why, since): (Word, Option<Time>)) -> String {
    let since = since.map(|since| format!(" {}", ink.moment(since))).unwrap_or_default();
    format!("{} ({}{since})", Word::UNKNOWN.say(ink.language), why.say(ink.language))
}

fn place(ink: &Ink<'_>, catalog: &Catalog, at: StationIndex, newest: &[Option<Observation>]) -> Option<Place> {
    let datastreams = catalog.datastreams_of(at);
    let of_kind = |kind: &str| datastreams.iter().find(|datastream| datastream.name.kind().name == kind);
    let now = ink.shared.pulse().now;
    let count = |kind: &str| {
        let known = current(of_kind(kind), newest, now);
        known.map_or_else(|why| unknown(ink, why), super::say::number)
    };
    let (title, detail) = if of_kind("charger_available").is_some() {
        let banks = format!("{} {}", Word::BANKS.say(ink.language), count("charger_available"));
        let slots = format!("{} {}", Word::SLOTS.say(ink.language), count("charger_slots"));
        (Word::CHARGERS, format!("{banks} · {slots}"))
    } else {
        let up = current(Some(of_kind("wifi_up")?), newest, now);
        let word = |up: f64| if up >= 0.5 { Word::WORKS } else { Word::WORKS_NOT };
        (Word::WIFI, up.map_or_else(|why| unknown(ink, why), |up| word(up).say(ink.language).to_owned()))
    };
    let station = catalog.station(at);
    Some(Place {
        area: station.area,
        name: alert::name_in(&station.name, ink.language, station.id.as_str()).to_owned(),
        title: title.say(ink.language),
        detail,
        position: station.position,
    })
}

fn shelter(ink: &Ink<'_>, shelter: &Shelter) -> Place {
    let people = shelter.people.map(|people| format!("{} {people}", Word::TAKES_IN.say(ink.language)));
    Place {
        area: shelter.area,
        name: alert::name_in(&shelter.name, ink.language, "").to_owned(),
        title: Word::SHELTER.say(ink.language),
        detail: people.unwrap_or_default(),
        position: shelter.position,
    }
}

fn places(ink: &Ink<'_>) -> Vec<Place> {
    let Some(catalog) = ink.catalog.as_deref() else { return Vec::new() };
    // Copied, so that the pipeline does not wait for a page that is being written.
    let newest = ink.shared.newest().clone();
    let stations = (0..).map(StationIndex).take(catalog.stations.len());
    let shelters = catalog.shelters.iter().map(|found| shelter(ink, found));
    shelters.chain(stations.filter_map(|at| place(ink, catalog, at, &newest))).collect()
}

#[derive(Serialize)]
struct Places {
    time: Time,
    places: Vec<Place>,
}

/// `GET /near.json`: all of them, for the script that sorts them.
pub async fn json(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let shared: &Shared = &web.shared;
    let reader: Reader = super::reader(shared, &uri, &headers);
    let made = shared.pages.get(("near.json".to_owned(), reader), async {
        let ink = Ink::new(shared, reader, "/near.json".into());
        let body = serde_json::to_vec(&Places { time: shared.pulse().now, places: places(&ink) });
        body.map(bytes::Bytes::from).map_err(|cause| Problem::unreadable(&cause))
    });
    made.await.map(crate::web::json)
}

/// The district (or whatever else has no parent among the districts) a place is listed under.
fn district(catalog: &Catalog, area: AreaIndex) -> AreaIndex {
    let mut at = area;
    while catalog.area(at).kind != AreaKind::Sigungu
        && let Some(parent) = catalog.area(at).parent
    {
        at = parent;
    }
    // A place outside every district is listed under its own area.
    if catalog.area(at).kind == AreaKind::Sigungu { at } else { area }
}

/// The page; of one district where one is asked for.
pub fn page(ink: &Ink<'_>, wanted: Option<&str>) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let places = places(ink);
    let catalog = ink.catalog.as_deref();
    let mut by_district: BTreeMap<AreaIndex, Vec<&Place>> = BTreeMap::new();
    for place in &places {
        let Some(catalog) = catalog else { continue };
        by_district.entry(district(catalog, place.area)).or_default().push(place);
    }
    let code_of = |area: AreaIndex| catalog.map_or("", |catalog| catalog.area(area).code.as_str());
    let name_of = |area: AreaIndex| alert::area_name(catalog, code_of(area), ink.language);
    let is_small = places.len() <= LISTED;
    let body = html! {
        h1 { (say(Word::NEAR)) }
        (finder(ink))
        @if places.is_empty() { p { (say(Word::NO_PLACES)) } }
        section aria-labelledby="by" {
            h2 #by { (say(Word::DISTRICTS)) }
            @for (area, places) in &by_district {
                @if is_small || wanted == Some(code_of(*area)) {
                    h3 { (name_of(*area)) }
                    ul.list { @for place in places.iter().take(LISTED) { (line(place)) } }
                } @else {
                    p { a href={ (ink.link("/near")) "&area=" (code_of(*area)) } { (name_of(*area)) } " (" (places.len()) ")" }
                }
            }
        }
    };
    frame::page(ink, Site::Near, say(Word::NEAR), &body)
}

fn line(place: &Place) -> Markup {
    html! { li { strong { (place.name) } span.mut { (place.title) } span { (place.detail) } } }
}

/// Shown where scripts run.
fn finder(ink: &Ink<'_>) -> Markup {
    let say = |word: Word| word.say(ink.language);
    let places = ink.address("/near.json", Reader { live: false, large: false, ..ink.reader });
    html! {
        div hidden {
            button.btn #nearest type="button" data-places=(places) data-denied=(say(Word::NO_POSITION)) data-failed=(say(Word::NO_LIST))
                data-found=(say(Word::FOUND)) data-sketch=(say(Word::SKETCH)) { (say(Word::NEAREST)) }
            p.mut { (say(Word::STAYS)) }
        }
        p #status role="status" {}
        div #sorted {}
    }
}

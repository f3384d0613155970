//! The recent observations of one datastream, thinned for drawing.

use super::super::shared::Shared;
use bongsu_rules::incident::Incident;
use bongsu_sensors::catalog::Datastream;
use bongsu_sensors::kind::Nature;
use bongsu_sensors::{Catalog, DatastreamName, Level, Time};
use std::sync::Arc;
use std::time::Duration;

/// What the first page shows of the past.
const RECENT: Duration = Duration::from_secs(6 * 3600);

/// The longest span in one chart.
const LONGEST: Duration = Duration::from_secs(48 * 3600);

/// What is shown before an incident began and after it ended.
const AROUND: Duration = Duration::from_secs(3600);

/// Observations read for one chart.
const READ_LIMIT: usize = 10_000;

/// Points of one chart: more than a small screen can show apart.
const POINTS: usize = 96;

/// Between two points so many cadences apart nothing is drawn: nobody knows what was there.
const GAP_CADENCES: u32 = 3;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The datastream.
    pub name: DatastreamName,
    /// The station's id.
    pub station: String,
    /// Its limits of danger, lowest first.
    pub levels: Vec<(Level, f64)>,
    /// The span.
    pub from: Time,
    /// The span's end.
    pub to: Time,
    /// The points by time: of the observations in each part of the span the highest.
    pub points: Vec<(Time, f64)>,
    /// Points further apart than this are not joined.
    pub gap: Duration,
}

/// Which part of the past is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The last hours.
    Recent,
    /// From a little before the incident to a little after it.
    Incident,
}

/// What the station that caused an incident says; `None` where there is nothing to draw.
pub async fn of(shared: &Shared, catalog: Option<&Catalog>, incident: &Incident, span: Span) -> Option<Arc<Series>> {
    let catalog = catalog?;
    let datastream = cause(catalog, incident)?;
    let now = shared.pulse().now;
    let (from, to) = match span {
        Span::Recent => (now - RECENT, now),
        Span::Incident => {
            let to = if incident.state.is_over() { now.min(incident.updated + AROUND) } else { now };
            ((incident.onset - AROUND).max(to - LONGEST), to)
        }
    };
    let key = (datastream.id, if span == Span::Recent { 0 } else { incident.onset.millis() });
    let made = shared.series.get(key, async {
        let (id, end) = (datastream.id, to + Duration::from_millis(1));
        let page = shared.readers.read(move |reader| reader.observations(id, from, end, READ_LIMIT)).await?;
        let usable = page.observations.iter().filter(|observation| observation.flag.usable());
        let known: Vec<(Time, f64)> = usable.filter_map(|seen| Some((seen.time, seen.value?))).collect();
        let points = thin(&known, from, to);
        let levels = datastream.levels.iter().map(|(level, limit)| (*level, *limit)).collect();
        let station = catalog.station(datastream.station).id.to_string();
        let gap = (datastream.cadence * GAP_CADENCES).max(to.since(from) * 2 / u32::try_from(POINTS).unwrap_or(1));
        Ok::<_, super::Problem>(Arc::new(Series { name: datastream.name, station, levels, from, to, points, gap }))
    });
    made.await.ok().filter(|series| series.points.len() > 1)
}

/// The datastream behind an incident: of the station that decided, the one whose limits or unit the evidence speaks of.
fn cause<'a>(catalog: &'a Catalog, incident: &Incident) -> Option<&'a Datastream> {
    let reasons = incident.evidence.iter().filter(|reason| reason.result == "true");
    let reason = reasons.chain(&incident.evidence).find(|reason| reason.station.is_some());
    let station = incident.station.as_deref().or(reason.and_then(|reason| reason.station.as_deref()))?;
    let datastreams = catalog.datastreams_of(catalog.station_named(station)?);
    let is_drawable = |datastream: &&Datastream| datastream.nature() == Nature::Level;
    let unit = reason.map(|reason| reason.unit.as_str());
    let same_unit =
        datastreams.iter().filter(is_drawable).filter(|datastream| Some(datastream.name.kind().unit) == unit);
    let with_levels = datastreams.iter().filter(is_drawable).filter(|datastream| !datastream.levels.is_empty());
    same_unit
        .clone()
        .find(|datastream| !datastream.levels.is_empty())
        .or(with_levels.clone().next())
        .or(same_unit.clone().next())
}

/// Of each of [`POINTS`] equal parts of the span the highest point: peaks are what a flood is about.
fn thin(known: &[(Time, f64)], from: Time, to: Time) -> Vec<(Time, f64)> {
    if known.len() <= POINTS {
        return known.to_vec();
    }
    let span = to.since(from).as_millis().max(1);
    let part = |time: Time| time.since(from).as_millis() * POINTS as u128 / span;
    let mut points: Vec<(Time, f64)> = Vec::with_capacity(POINTS);
    let mut last_part = None;
    for &(time, value) in known {
        let part = part(time);
        match points.last_mut() {
            Some(point) if last_part == Some(part) => {
                if value > point.1 {
                    *point = (time, value);
                }
            }
            _ => points.push((time, value)),
        }
        last_part = Some(part);
    }
    // The last one is how things stand: it is never thinned away.
    if let (Some(last), Some(point)) = (known.last(), points.last())
        && last.0 > point.0
    {
        points.push(*last);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_peak_and_the_last_point() {
        let minute = |n: i64| Time::from_millis(n * 60_000);
        let known: Vec<(Time, f64)> = (0..1_000).map(|n| (minute(n), if n == 503 { 9.0 } else { 1.0 })).collect();
        let thinned = thin(&known, minute(0), minute(1_000));
        assert!(thinned.len() <= POINTS + 2, "{}", thinned.len());
        assert!(thinned.contains(&(minute(503), 9.0)));
        assert_eq!(thinned.last(), known.last());
        assert!(thinned.is_sorted_by_key(|point| point.0));
        assert_eq!(thin(&known[..50], minute(0), minute(1_000)), known[..50]);
    }
}

//! The `[[shelter]]` tables: where people go when they must leave.

use super::area::Areas;
use super::position;
use crate::catalog::{AreaIndex, Shelter, Translations};
use crate::document::Reader;
use crate::mistake::Mistakes;

/// Most shelters of one city; it bounds what a catalog can cost.
const SHELTER_LIMIT: usize = 20_000;

/// Reads them all.
pub fn shelters(reader: &Reader<'_>, areas: &Areas, mistakes: &Mistakes) -> Vec<Shelter> {
    let mut tables = reader.tables("shelter");
    if tables.len() > SHELTER_LIMIT {
        reader.complain(format!("{} shelters", tables.len()), format!("one city holds up to {SHELTER_LIMIT}"));
        tables.truncate(SHELTER_LIMIT);
    }
    let shelter = |table: Reader<'_>| {
        let name = table.required_at::<Translations>("name").map(|name| name.value).unwrap_or_default();
        let place = table.required_at::<Vec<f64>>("position");
        let area = table.required_at::<String>("area").and_then(|code| areas.find(&code, mistakes));
        let people = table.optional::<u32>("people");
        table.finish();
        let position = place.and_then(|place| position(&place, mistakes)).unwrap_or_default();
        Shelter { name, position, area: area.unwrap_or(AreaIndex(0)), people }
    };
    tables.into_iter().map(shelter).collect()
}

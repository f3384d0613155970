//! The `[[area]]` tables.

use super::{fresh_name, unknown_remedy};
use crate::catalog::{Area, AreaIndex, AreaKind, Translations};
use crate::document::{Located, Reader};
use crate::mistake::Mistakes;
use crate::name::AreaCode;
use std::collections::BTreeMap;

/// Areas with their places by code.
#[derive(Default)]
pub struct Areas {
    pub list: Vec<Area>,
    by_code: BTreeMap<String, AreaIndex>,
}

impl Areas {
    /// The area of this code; an unknown one is a mistake.
    pub fn find(&self, code: &Located<String>, mistakes: &Mistakes) -> Option<AreaIndex> {
        let found = self.by_code.get(&code.value).copied();
        if found.is_none() {
            let remedy = unknown_remedy(&code.value, self.by_code.keys().map(String::as_str), "area", "code");
            mistakes.add(&code.origin, format!("unknown area {:?}", code.value), remedy);
        }
        found
    }
}

/// Reads them all.
pub fn areas(reader: &Reader<'_>, mistakes: &Mistakes) -> Areas {
    let mut areas = Areas::default();
    let mut parents: Vec<(AreaIndex, Located<String>)> = Vec::new();
    for table in reader.tables("area") {
        let code = table.required_at::<String>("code");
        let kind = table.located::<String>("kind");
        let parent = table.located::<String>("parent");
        let geocode = table.optional::<BTreeMap<String, String>>("geocode").unwrap_or_default();
        let name = table.optional::<Translations>("name").unwrap_or_default();
        let population = table.optional::<u64>("population");
        table.finish();
        let Some(code) = code.filter(|code| fresh_name(code, &areas.by_code, "an area", mistakes)) else { continue };
        if code.value == "city" {
            mistakes.add(&code.origin, "area \"city\" is reserved for the whole city", "choose another code");
        }
        let index = AreaIndex(u32::try_from(areas.list.len()).unwrap_or(u32::MAX));
        areas.by_code.insert(code.value.clone(), index);
        if let Some(parent) = parent {
            parents.push((index, parent));
        }
        let kind = kind.map_or(AreaKind::Sigungu, |kind| area_kind(&kind, mistakes));
        let code = AreaCode::new(&code.value);
        areas.list.push(Area { code, kind, parent: None, geocode, name, population, polygon: Vec::new() });
    }
    for (child, parent) in parents {
        let Some(parent_index) = areas.find(&parent, mistakes) else { continue };
        let mut at = Some(parent_index);
        while let Some(area) = at {
            if area == child {
                mistakes.add(&parent.origin, "areas lie in one another in a circle", "remove one `parent`");
                break;
            }
            at = areas.list[area.0 as usize].parent;
        }
        if at.is_none() {
            areas.list[child.0 as usize].parent = Some(parent_index);
        }
    }
    areas
}

fn area_kind(kind: &Located<String>, mistakes: &Mistakes) -> AreaKind {
    match kind.value.as_str() {
        "sido" => AreaKind::Sido,
        "sigungu" => AreaKind::Sigungu,
        "eupmyeondong" => AreaKind::Eupmyeondong,
        "zone" => AreaKind::Zone,
        other => {
            mistakes.add(
                &kind.origin,
                format!("unknown area kind {other:?}"),
                "write sido, sigungu, eupmyeondong or zone",
            );
            AreaKind::Zone
        }
    }
}

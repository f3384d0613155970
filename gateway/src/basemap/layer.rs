//! What a shape of the base map is: said by the file itself, or by the keys that map makers use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a shape is, in the order in which they lie above each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Parks and woods.
    Green,
    /// Rivers, lakes, the sea.
    Water,
    /// Something else.
    Other,
    /// Houses.
    Building,
    /// Streets and ways.
    Road,
    /// Railways.
    Rail,
    /// Borders of districts.
    District,
}

impl Layer {
    /// Every layer with its name.
    pub const ALL: [(Layer, &'static str); 7] = [
        (Layer::Green, "green"),
        (Layer::Water, "water"),
        (Layer::Other, "other"),
        (Layer::Building, "building"),
        (Layer::Road, "road"),
        (Layer::Rail, "rail"),
        (Layer::District, "district"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Layer::ALL.iter().find(|(layer, _)| *layer == self).map_or("", |(_, name)| name)
    }

    /// The layer of a name.
    pub fn named(name: &str) -> Option<Layer> {
        Layer::ALL.iter().find(|(_, known)| *known == name).map(|(layer, _)| *layer)
    }

    /// What a feature says it is: by a property `layer` with the name of a layer, else by the keys of OpenStreetMap, else
    /// by those of Korean district files.
    pub fn of(properties: Option<&Map<String, Value>>) -> Layer {
        let Some(properties) = properties else { return Layer::Other };
        let word = |key: &str| properties.get(key).and_then(Value::as_str);
        if let Some(layer) = word("layer").and_then(Layer::named) {
            return layer;
        }
        let is_it = |(key, values, _): &&(&str, &[&str], Layer)| {
            let value = word(key);
            value.is_some_and(|value| value != "no" && (values.is_empty() || values.contains(&value)))
        };
        let known = KEYS.iter().find(is_it).map(|(_, _, layer)| *layer);
        let is_district = || DISTRICT_KEYS.iter().any(|key| properties.contains_key(*key));
        known.unwrap_or_else(|| if is_district() { Layer::District } else { Layer::Other })
    }
}

/// Keys of OpenStreetMap, with their values where not all of them mean it.
///
/// # Source
/// OpenStreetMap wiki, *Map features*.
const KEYS: &[(&str, &[&str], Layer)] = &[
    ("building", &[], Layer::Building),
    ("waterway", &[], Layer::Water),
    ("water", &[], Layer::Water),
    ("natural", &["water", "coastline", "bay", "strait", "wetland"], Layer::Water),
    ("railway", &[], Layer::Rail),
    ("highway", &[], Layer::Road),
    ("boundary", &[], Layer::District),
    ("leisure", &["park", "garden", "nature_reserve", "golf_course"], Layer::Green),
    ("natural", &["wood", "scrub", "grassland"], Layer::Green),
    ("landuse", &["forest", "grass", "meadow", "recreation_ground"], Layer::Green),
];

/// Keys by which files of Korean districts name theirs: of the statistics office, of the land ministry, and ours.
const DISTRICT_KEYS: [&str; 8] = ["code", "adm_cd", "adm_cd2", "adm_nm", "CTPRVN_CD", "SIG_CD", "EMD_CD", "LI_CD"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_feature_is_stands_in_its_keys() {
        let check = |properties: &str, expect: Layer| {
            let properties: Map<String, Value> = serde_json::from_str(properties).expect(properties);
            assert_eq!(Layer::of(Some(&properties)), expect, "{properties:?}");
        };
        check(r#"{"building": "yes", "name": "시청"}"#, Layer::Building);
        check(r#"{"building": "no", "leisure": "park"}"#, Layer::Green);
        check(r#"{"waterway": "river"}"#, Layer::Water);
        check(r#"{"natural": "water"}"#, Layer::Water);
        check(r#"{"natural": "peak"}"#, Layer::Other);
        check(r#"{"highway": "residential", "layer": "1"}"#, Layer::Road);
        check(r#"{"highway": "residential", "layer": "rail"}"#, Layer::Rail);
        check(r#"{"SIG_CD": "11650", "SIG_KOR_NM": "서초구"}"#, Layer::District);
        check("{}", Layer::Other);
        assert_eq!(Layer::of(None), Layer::Other);
        for (layer, name) in Layer::ALL {
            assert_eq!((layer.name(), Layer::named(name)), (name, Some(layer)));
            assert_eq!(serde_json::to_value(layer).expect("a word"), name, "files and pages use one word");
        }
    }
}

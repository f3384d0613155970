//! The rules that come with the program, embedded at build time. The folders under `packs/` are the source: one folder a
//! hazard, with its rules, one file of cases and a page for officers.

use crate::record::RulesText;

macro_rules! shipped {
    ($pack:literal, $rule:literal) => {
        Shipped {
            pack: $pack,
            name: concat!("packs/", $pack, "/", $rule, ".rhai"),
            text: include_str!(concat!("../packs/", $pack, "/", $rule, ".rhai")),
            cases_name: concat!("packs/", $pack, "/cases.toml"),
            cases: include_str!(concat!("../packs/", $pack, "/cases.toml")),
            page: include_str!(concat!("../packs/", $pack, "/README.md")),
        }
    };
}

/// One shipped rule.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its folder.
    pub pack: &'static str,
    /// Its file, as it stands in the repository.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The file of its folder's cases.
    pub cases_name: &'static str,
    /// The cases of its folder.
    pub cases: &'static str,
    /// The page of its folder.
    pub page: &'static str,
}

/// Every shipped rule. A new one is its file under `packs/` and a line here.
pub const ALL: &[Shipped] = &[
    shipped!("river_flood", "river_flood"),
    shipped!("river_flood", "river_discharge"),
    shipped!("heavy_rain", "heavy_rain"),
    shipped!("urban_flood", "urban_flood"),
    shipped!("underpass_flood", "underpass_flood"),
    shipped!("landslide", "landslide_rain"),
    shipped!("landslide", "landslide_slope"),
    shipped!("dam", "dam_release"),
    shipped!("dam", "release_below"),
    shipped!("dam", "reservoir"),
    shipped!("tide", "tide"),
    shipped!("structure", "structure"),
    shipped!("structure", "structure_strain"),
    shipped!("earthquake", "earthquake"),
    shipped!("charger_fire", "charger_fire"),
    shipped!("charger_stockout", "charger_stockout"),
    shipped!("lending", "lending"),
    shipped!("outage", "outage"),
    shipped!("wifi", "wifi_down"),
    shipped!("wifi", "wifi_district"),
    shipped!("wifi", "wifi_crowd"),
    shipped!("infrastructure", "infrastructure"),
    shipped!("security", "security"),
    shipped!("sensor_health", "silent_station"),
    shipped!("sensor_health", "doubtful_sensor"),
    shipped!("sensor_health", "gauge_or_river"),
    shipped!("sensor_health", "leaping_gauge"),
];

/// The shipped rules as the engine takes them.
pub fn shipped() -> RulesText {
    let files = ALL.iter().map(|rule| (rule.name.to_owned(), rule.text.to_owned())).collect();
    RulesText { files, author: "bongsu".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{self, CaseKind};
    use crate::language::{Audience, Host};
    use bongsu_sensors::Source;
    use std::collections::{BTreeMap, BTreeSet};

    fn told(mistakes: &[bongsu_sensors::mistake::Mistake]) -> String {
        mistakes.iter().map(|mistake| format!("{mistake}\n")).collect()
    }

    /// The conformance test of the table: every shipped rule loads, and none has another's identity.
    #[test]
    fn every_shipped_rule_loads() {
        let host = Host::new();
        let mut ids = BTreeSet::new();
        for rule in ALL {
            let compiled = host.compile(&Source::new(rule.name, rule.text));
            let header = compiled.unwrap_or_else(|mistakes| panic!("{}", told(&mistakes))).header;
            assert!(ids.insert(header.id.clone()), "{}: {} stands twice", rule.name, header.id);
            assert!(rule.name.ends_with(&format!("/{}.rhai", header.id)), "{}: a file is named by its id", rule.name);
            for param in &header.params {
                for language in ["ko", "en"] {
                    assert!(
                        param.why.get(language).is_some_and(|text| !text.is_empty()),
                        "{}: `{}` does not say in {language} where its default comes from",
                        rule.name,
                        param.name
                    );
                }
            }
        }
    }

    /// Every shipped rule passes its cases, and every rule shows what it does with danger, with what only looks like it,
    /// with a sensor that lies and with one that is silent.
    #[test]
    fn every_shipped_rule_passes_its_cases() {
        let mut failed = String::new();
        for rule in ALL {
            let cases = Source::new(rule.cases_name, rule.cases);
            let results = case::run(&Source::new(rule.name, rule.text), &cases)
                .unwrap_or_else(|mistakes| panic!("{}", told(&mistakes)));
            let mut shown: BTreeMap<CaseKind, usize> = BTreeMap::new();
            for result in &results {
                *shown.entry(result.kind).or_default() += 1;
                if !result.passes() {
                    failed.push_str(&format!("{}: {result}\n", rule.name));
                }
            }
            for (kind, name) in CaseKind::ALL {
                assert!(shown.contains_key(&kind), "{} has no case of kind {name:?}", rule.name);
            }
        }
        assert!(failed.is_empty(), "\n{failed}");
    }

    /// What citizens are told of is told in each of their languages, its evidence too.
    #[test]
    fn evidence_of_public_rules_has_a_name_in_every_language() {
        let host = Host::new();
        for rule in ALL {
            let compiled = host.compile(&Source::new(rule.name, rule.text));
            let header = compiled.unwrap_or_else(|mistakes| panic!("{}", told(&mistakes))).header;
            for (label, names) in &header.labels {
                let lacks = ["ko", "en", "zh", "ja"].into_iter().find(|language| !names.contains_key(*language));
                assert!(header.audience == Audience::Operators || lacks.is_none(), "{} {label}: {lacks:?}", rule.name);
            }
        }
    }

    /// An officer finds in each page what the pack does, where it is from, and what it does not do.
    #[test]
    fn every_pack_has_a_page() {
        for rule in ALL {
            for heading in ["# ", "## Sources", "## Limits of this pack"] {
                assert!(rule.page.contains(heading), "packs/{}/README.md lacks {heading:?}", rule.pack);
            }
        }
    }
}

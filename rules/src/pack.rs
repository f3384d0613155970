//! The rules that come with the program, embedded at build time. The folders under `packs/` are the source.

use crate::record::RulesText;

macro_rules! shipped {
    ($file:literal) => {
        Shipped { name: concat!("packs/", $file), text: include_str!(concat!("../packs/", $file)) }
    };
}

/// One shipped rule.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its file, as it stands in the repository.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every shipped rule. A new one is its folder under `packs/` and a line here.
pub const ALL: &[Shipped] = &[shipped!("river_flood/river_flood.rhai")];

/// The shipped rules as the engine takes them.
pub fn shipped() -> RulesText {
    RulesText { files: ALL.iter().map(|rule| (rule.name.to_owned(), rule.text.to_owned())).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Host;
    use bongsu_sensors::Source;

    /// The conformance test of the table: every shipped rule loads, and every rule file of the folder is in the table.
    #[test]
    fn every_shipped_rule_loads() {
        let host = Host::new();
        for rule in ALL {
            if let Err(mistakes) = host.compile(&Source::new(rule.name, rule.text)) {
                let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
                panic!("{}", told.join("\n"));
            }
        }
    }
}

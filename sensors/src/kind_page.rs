//! The page `docs/kinds.md`, made from [`ALL`]. Never edit the page; run `BONGSU_BLESS=1 cargo test -p bongsu-sensors`.

use crate::kind::{ALL, Kind, Nature};
use crate::time::duration_text;
use std::fmt::Write;

const HEAD: &str = "\
# Kinds

What a datastream can observe. This page is generated from `sensors/src/kind.rs`: a new sensor kind is one entry there,
then `BONGSU_BLESS=1 cargo test -p bongsu-sensors`.

A name stands in payloads, topics, `stations.toml`, CSV files and rules; the second of a kind at one station is
`name.2`, an axis is `name.x`. Units are UCUM codes. Values outside the range are taken for impossible, faster changes
are doubted; a station narrows or widens both in the catalog (`quality`). Windows take the *level* as it is, sum an
*amount*, sum the rises of a *counter*, and hold a *state* (0 or 1; JSON `true` and `false` too) until the next one.

| name | Korean | English | unit | range | usually every | fastest change | resolution | nature | read by rules as |
|---|---|---|---|---|---|---|---|---|---|
";

/// The whole page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for kind in ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{}", row(kind));
    }
    page
}

fn row(kind: &Kind) -> String {
    let (korean, english) = kind.title;
    let (low, high) = kind.range;
    let rate = match kind.max_rate {
        Some((change, within)) => format!("{change} in {}", duration_text(within)),
        None => "may jump".to_owned(),
    };
    let nature = match kind.nature {
        Nature::Level => "level",
        Nature::Amount => "amount",
        Nature::Counter => "counter",
        Nature::State => "state",
    };
    format!(
        "| `{}` | {korean} | {english} | `{}` | {low} … {high} | {} | {rate} | {} | {nature} | `{}` |",
        kind.name,
        kind.unit,
        duration_text(kind.cadence),
        kind.resolution,
        kind.feeds.unwrap_or(kind.name),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a golden file is compared, and written on demand")]
    fn the_page_in_docs_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/kinds.md");
        let page = super::page();
        if std::env::var("BONGSU_BLESS").is_ok() {
            std::fs::write(path, &page).expect("docs/kinds.md is written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == page,
            "docs/kinds.md is not what the table says; run BONGSU_BLESS=1 cargo test -p bongsu-sensors"
        );
    }
}

//! Cities made for tests: as many stations as are wanted, each in an area of its own, with one datastream.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Names of stations, and of the area of each.
pub fn station(place: usize) -> String {
    format!("s{place:05}")
}

/// A catalog of so many stations that observe `kind`, with more lines for each datastream.
pub fn stations(count: usize, kind: &str, more: &str) -> String {
    let mut text = String::from("timezone = \"Asia/Seoul\"\n");
    for place in 0..count {
        let name = station(place);
        #[expect(clippy::cast_precision_loss, reason = "a place on a map")]
        let (east, north) = ((place % 100) as f64 / 1e3, (place / 100) as f64 / 1e3);
        let area = format!("[[area]]\ncode = \"{name}\"\nname = {{ ko = \"{name}\", en = \"{name}\" }}\n");
        let wrote = write!(
            text,
            "{area}[[station]]\nid = \"{name}\"\nname = {{ ko = \"{name}\", en = \"{name}\" }}\n\
             position = [{:.3}, {:.3}]\narea = \"{name}\"\n[[station.datastream]]\nkind = \"{kind}\"\n{more}\n",
            37.4 + north,
            126.9 + east
        );
        wrote.expect("memory takes it");
    }
    text
}

/// Writes a catalog and rules (path and text of each) into a folder.
pub fn write(folder: &Path, catalog: &str, rules: &[(&str, &str)]) {
    fs::write(folder.join("stations.toml"), catalog).expect("the folder can be written");
    for (name, text) in rules {
        let rule = folder.join("rules").join(name);
        fs::create_dir_all(rule.parent().unwrap_or(folder)).expect("the folder can be written");
        fs::write(rule, text).expect("the folder can be written");
    }
}

//! Every mistake and every warning the catalog's reader can tell, a line each.

use crate::catalog::{Catalog, Numbering};
use crate::mistake::{Mistake, Source};
use std::sync::Arc;

/// A catalog without a mistake or a warning; tests put their lines where `{…}` stands.
fn toml(area: &str, station: &str, stream: &str) -> String {
    format!(
        "timezone = \"Asia/Seoul\"\n\
         [[area]]\ncode = \"seoul\"\nkind = \"sido\"\n\
         [[area]]\ncode = \"seocho\"\nparent = \"seoul\"\n{area}\n\
         [[station]]\nid = \"paldang\"\nposition = [37.52, 127.28]\narea = \"seoul\"\n\
         [[station.datastream]]\nkind = \"reservoir_outflow\"\n\
         [[station]]\nid = \"jamsu\"\nposition = [37.51, 126.99]\narea = \"seocho\"\n{station}\n\
         [[station.datastream]]\nkind = \"tilt\"\n{stream}\n"
    )
}

fn read(text: &str, geometry: Option<&str>) -> Result<Catalog, Vec<Mistake>> {
    let geometry: Option<Arc<Source>> = geometry.map(|text| Source::new("areas.geojson", text));
    Catalog::parse(&Source::new("s", text), |_| geometry.ok_or_else(|| "no such file".to_owned()))
}

/// Mistakes without their place.
fn words(mistakes: &[Mistake]) -> Vec<String> {
    let words =
        |m: &Mistake| if m.remedy.is_empty() { m.message.clone() } else { format!("{}; {}", m.message, m.remedy) };
    mistakes.iter().map(words).collect()
}

fn mistakes(text: &str) -> Vec<String> {
    words(&read(text, None).err().unwrap_or_default())
}

fn check(text: &str, expect: &[&str]) {
    assert_eq!(mistakes(text), expect, "{text}");
}

fn area(lines: &str, expect: &[&str]) {
    check(&toml(lines, "", ""), expect);
}

fn station(lines: &str, expect: &[&str]) {
    check(&toml("", lines, ""), expect);
}

fn stream(lines: &str, expect: &[&str]) {
    check(&toml("", "", lines), expect);
}

fn quality(inside: &str, expect: &[&str]) {
    stream(&format!("quality = {{ {inside} }}"), expect);
}

/// Like [`quality`], where each mistake is one of the station.
fn doubts(inside: &str, expect: &[&str]) {
    let told: Vec<String> = expect.iter().map(|line| format!("station \"jamsu\": {line}")).collect();
    quality(inside, &told.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_good_catalog_is_read() {
    let catalog = read(&toml("", "upstream = [\"paldang\"]\nclock = \"Asia/Seoul\"", "n = 2"), None).expect("good");
    assert_eq!(words(&catalog.warnings), Vec::<String>::new());
    let jamsu = catalog.station_named("jamsu").expect("jamsu");
    assert_eq!(catalog.station(jamsu).upstream, [catalog.station_named("paldang").expect("paldang")]);
    assert_eq!(catalog.datastreams_of(jamsu)[0].name.to_string(), "tilt.2");
    let (seocho, seoul) = (catalog.area_named("seocho").expect("area"), catalog.area_named("seoul").expect("area"));
    assert!(catalog.lies_in(seocho, seoul) && catalog.lies_in(seoul, seoul) && !catalog.lies_in(seoul, seocho));
    assert_eq!(
        catalog.summary().to_string(),
        "areas 2 (with a polygon 0), stations 2, datastreams 2 (with levels 0)\n       1  reservoir_outflow (댐 방류량)\n       1  tilt (기울기)"
    );
    assert_eq!(catalog.summary().kinds.len(), 2);
}

#[test]
fn the_document() {
    check("", &[]);
    check("timezone = \"Asia/Seol\"", &["unknown time zone \"Asia/Seol\"; write a name such as \"Asia/Seoul\""]);
    check("timezone = 9", &["`timezone` is a whole number; write text in quotes"]);
    check(
        "geometry = \"a.geojson\"",
        &["failed to read \"a.geojson\": no such file; name a GeoJSON file beside this one"],
    );
    check("stations = []", &["unknown key `stations`; did you mean `station`?"]);
    check("station = 5", &["`station` is no list of tables; write [[station]]"]);
    check("station = [5]", &["`station` holds no table; write [[station]]"]);
    assert!(!mistakes("[[station]\nid = \"a\"").is_empty());
}

#[test]
fn areas() {
    area("kind = \"gu\"", &["unknown area kind \"gu\"; write sido, sigungu, eupmyeondong or zone"]);
    area("parnt = \"x\"", &["unknown key `parnt`; did you mean `parent`?"]);
    area("name = \"x\"", &["`name` is text; write a table such as { key = value }"]);
    area("geocode = { bjd = 1165 }", &["`geocode` is a table; write a table, and \"bjd\" in it text in quotes"]);
    area("[[area]]", &["`code` is missing; add `code = …`"]);
    area("[[area]]\ncode = \"seocho\"", &["an area \"seocho\" stands twice; give each its own name"]);
    area(
        "[[area]]\ncode = \"서초\"",
        &[
            "\"서초\" cannot name an area; use up to 64 ASCII letters, digits, `_`, `-` and `.`, beginning with a letter or digit",
        ],
    );
    area("[[area]]\ncode = \"city\"", &["area \"city\" is reserved for the whole city; choose another code"]);
    area("[[area]]\ncode = \"x\"\nparent = \"seoull\"", &["unknown area \"seoull\"; did you mean \"seoul\"?"]);
    area("[[area]]\ncode = \"x\"\nparent = \"q\"", &["unknown area \"q\"; add [[area]] with code = \"q\""]);
    let circle = "areas lie in one another in a circle; remove one `parent`";
    area("[[area]]\ncode = \"x\"\nparent = \"x\"", &[circle]);
    area("[[area]]\ncode = \"x\"\nparent = \"y\"\n[[area]]\ncode = \"y\"\nparent = \"x\"", &[circle]);
    area(
        "[[area]]\ncode = \"x\"\nparent = \"y\"\n[[area]]\ncode = \"y\"\nparent = \"z\"\n[[area]]\ncode = \"z\"\nparent = \"x\"",
        &[circle],
    );
}

#[test]
fn stations() {
    let name = "use up to 64 ASCII letters, digits, `_`, `-` and `.`, beginning with a letter or digit";
    check("[[station]]\nposition = [1, 2]\narea = \"a\"\n[[area]]\ncode = \"a\"", &["`id` is missing; add `id = …`"]);
    check(
        "[[station]]\nid = \"a/b\"\nposition = [1, 2]\narea = \"a\"\n[[area]]\ncode = \"a\"",
        &[&format!("\"a/b\" cannot name a station; {name}")],
    );
    station(
        "[[station]]\nid = \"jamsu\"\nposition = [1, 2]\narea = \"seoul\"",
        &["a station \"jamsu\" stands twice; give each its own name"],
    );
    for id in crate::topic::RESERVED {
        station(
            &format!("[[station]]\nid = \"{id}\"\nposition = [1, 2]\narea = \"seoul\""),
            &[&format!(
                "no station may be called \"{id}\"; choose another id: the topics bongsu/v1/{id}/… are Bongsu's own"
            )],
        );
    }
    station(
        "[[station]]\nid = \"x\"",
        &[
            "station \"x\": `position` is missing; add `position = …`",
            "station \"x\": `area` is missing; add `area = …`",
        ],
    );
    for position in ["[126.99, 37.51]", "[37.51]", "[1, 2, 3]", "[37.0, 200.0]"] {
        check(
            &format!("[[area]]\ncode = \"a\"\n[[station]]\nid = \"x\"\narea = \"a\"\nposition = {position}"),
            &["station \"x\": no place on earth; write position = [latitude, longitude]"],
        );
    }
    station(
        "affects = []",
        &["station \"jamsu\": `affects` is empty; remove the key, or name the areas its alerts speak to"],
    );
    station("affects = [\"seocho\", \"seocho\"]", &["station \"jamsu\": `affects` names \"seocho\" twice; remove one"]);
    station("affects = [\"secho\"]", &["station \"jamsu\": unknown area \"secho\"; did you mean \"seocho\"?"]);
    station("affects = \"seocho\"", &["station \"jamsu\": `affects` is text; write a list in [brackets]"]);
    station(
        "clock = \"KST9\"",
        &["station \"jamsu\": unknown time zone \"KST9\"; write a name such as \"Asia/Seoul\""],
    );
    station("clok = \"UTC\"", &["station \"jamsu\": unknown key `clok`; did you mean `clock`?"]);
}

#[test]
fn tags() {
    station("tags = [\"low\", \"subway-2\"]", &[]);
    let remedy = "use up to 64 ASCII letters, digits, `-` and `_`, beginning with a letter or digit";
    station("tags = [\"by the river\"]", &[&format!("station \"jamsu\": \"by the river\" cannot be a tag; {remedy}")]);
}

#[test]
fn upstream() {
    station("upstream = [\"paldan\"]", &["unknown station \"paldan\"; did you mean \"paldang\"?"]);
    station("upstream = [\"jamsu\"]", &["\"jamsu\" is upstream of itself; remove it"]);
    station("upstream = [\"paldang\", \"paldang\"]", &["\"paldang\" stands twice; remove one"]);
    let ring = |of: &str, upper: &str| {
        format!("[[station]]\nid = \"{of}\"\nposition = [1, 2]\narea = \"seoul\"\nupstream = [\"{upper}\"]\n")
    };
    station(
        &format!("{}{}{}", ring("a", "b"), ring("b", "c"), ring("c", "a")),
        &["\"a\" is upstream of \"c\" and \"c\" of \"a\"; water runs one way: remove one `upstream`"],
    );
}

#[test]
fn a_mistake_in_one_station_is_not_blamed_on_others() {
    // The first station's mistake must neither hide its name nor move the others to its place.
    let text = "[[area]]\ncode = \"a\"\n\
        [[station]]\nid = \"one\"\narea = \"a\"\nposition = [1, 200]\nupstream = [\"two\"]\n\
        [[station]]\nid = \"two\"\narea = \"a\"\nposition = [1, 2]\nupstream = [\"three\"]\n\
        [[station]]\nid = \"three\"\narea = \"a\"\nposition = [1, 2]\n";
    check(text, &["station \"one\": no place on earth; write position = [latitude, longitude]"]);
}

#[test]
fn datastreams() {
    let stream = |lines: &str, expect: &[&str]| {
        let told: Vec<String> = expect.iter().map(|line| format!("station \"jamsu\": {line}")).collect();
        assert_eq!(mistakes(&toml("", "", lines)), told, "{lines}");
    };
    stream("[[station.datastream]]", &["`kind` is missing; add `kind = …`"]);
    stream(
        "[[station.datastream]]\nkind = \"tlt\"\nbogus = 1",
        &[
            "unknown kind \"tlt\"; did you mean \"tilt\"?",
            "unknown key `bogus`; known keys: kind, n, cadence, levels, quality",
        ],
    );
    stream(
        "[[station.datastream]]\nkind = \"qqqqqq\"",
        &["unknown kind \"qqqqqq\"; `bongsu rules reference` lists every kind"],
    );
    stream("[[station.datastream]]\nkind = \"tilt\"", &["datastream tilt stands twice; number the second with n = 2"]);
    stream(
        "[[station.datastream]]\nkind = \"tilt\"\nn = 1",
        &["datastream tilt stands twice; number the second with n = 2"],
    );
    for n in ["0", "201", "\"w\"", "true", "-1", "1.5"] {
        stream(&format!("n = {n}"), &["no number of a datastream; write n = 2, or n = \"x\" for an axis"]);
    }
    stream("cadence = \"0s\"", &["a cadence of zero; write how often it sends, such as \"10m\""]);
    stream("cadence = 10", &["`cadence` is a whole number; write a duration such as \"10m\" or \"1h30m\""]);
    stream("levels = { advisry = 1.0 }", &["\"advisry\" is no level; write advisory, watch, warning or emergency"]);
    stream("levels = { none = 1.0 }", &["\"none\" is no level; write advisory, watch, warning or emergency"]);
    stream("levels = { watch = \"high\" }", &["a level's limit is no number; write a number"]);
    let order = "levels are out of order; limits must rise (or fall) from advisory to emergency";
    stream("levels = { advisory = 2.0, watch = 1.0, warning = 3.0 }", &[order]);
    stream("levels = { advisory = 2.0, watch = 2.0 }", &[order]);
    stream("levels = { advisory = 3.0, watch = 2.0, warning = 1.0 }", &[]);
    stream("levels = 5", &["`levels` is a whole number; write a table: [levels]"]);
    stream(
        "levels = { advisory = 80.0, watch = 95.0 }",
        &[
            "watch at 95 can never be seen: values outside -90 to 90 count as impossible; mend the limit, or widen quality = { range = [lowest, highest] }",
        ],
    );
}

#[test]
fn limits_of_belief() {
    quality("range = [0.0, 5.0], max_rate = \"0.5/10m\", spike = [1.0, 2.0], flat_after = \"6h\"", &[]);
    quality("max_rate = \"none\"", &[]);
    let told = |line: &str| format!("station \"jamsu\": {line}");
    for range in ["[5.0, 0.0]", "[1.0]", "[1.0, 1.0]"] {
        quality(&format!("range = {range}"), &[&told("no range; write range = [lowest, highest]")]);
    }
    for rate in ["0.5", "0/10m", "-1/10m", "0.5/0s", "x/1m", "inf/1m"] {
        let expect = told(&format!("{rate:?} is no rate; write max_rate = \"0.5/10m\", or \"none\""));
        quality(&format!("max_rate = {rate:?}"), &[&expect]);
    }
    for spike in ["[2.0, 1.0]", "[0.0, 1.0]", "[1.0]"] {
        quality(&format!("spike = {spike}"), &[&told("no spike limits; write spike = [suspect, fail], both above 0")]);
    }
    quality("flat_tolerance = 0.1", &[&told("`flat_tolerance` without `flat_after`; add flat_after = \"6h\"")]);
    quality("rnge = [0.0, 5.0]", &[&told("unknown key `rnge`; did you mean `range`?")]);
    doubts("usual = [0.0, 1.0], spike = [1.0, 2.0], spike_method = \"average\"", &[]);
    doubts(
        "range = [0.0, 5.0], usual = [1.0, 6.0]",
        &["usual values 1 to 6 reach beyond the possible ones; stay within 0 to 5"],
    );
    doubts("spike_method = \"average\"", &["`spike_method` without `spike`; add spike = [suspect, fail]"]);
    doubts(
        "spike = [1.0, 2.0], spike_method = \"mean\"",
        &["unknown spike method \"mean\"; write \"differential\" or \"average\""],
    );
    doubts("flat_after = \"6h\", flat_fail_after = \"12h\"", &[]);
    doubts(
        "flat_after = \"6h\", flat_fail_after = \"2h\"",
        &["`flat_fail_after` before `flat_after`; a sensor is suspect first, and fails later"],
    );
    doubts("flat_after = \"30d\"", &["`flat_after` is out of reach; write a time up to \"7d\""]);
    doubts("flat_fail_after = \"6h\"", &["`flat_fail_after` without `flat_after`; add flat_after = \"6h\""]);
}

#[test]
fn all_mistakes_are_told_at_once_where_they_stand() {
    let text = "timezone = \"Mars\"\n[[area]]\ncode = \"a\"\nkind = \"x\"\n[[station]]\nid = \"live\"\nposition = [1, 2]\n\
        area = \"b\"\n[[station.datastream]]\nkind = \"rain\"\n[[station]]\nid = \"s\"\nposition = [1, 2]\narea = \"a\"\nup = 1\n";
    let told: Vec<String> = read(text, None).expect_err("mistakes").iter().map(ToString::to_string).collect();
    let places: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(places, ["s:1:12", "s:4:8", "s:6:6", "s:8:8", "s:10:8", "s:15:1"], "{told:#?}");
}

#[test]
fn warnings() {
    let check = |text: &str, expect: &[&str]| {
        assert_eq!(words(&read(text, None).expect(text).warnings), expect, "{text}");
    };
    check(
        "",
        &[
            "no `timezone`, so UTC is taken; add timezone = \"Asia/Seoul\": days, seasons and every text a citizen reads are in it",
        ],
    );
    check(
        &toml("", "[[station]]\nid = \"x\"\nposition = [1, 2]\narea = \"seoul\"", ""),
        &["station \"jamsu\" has no datastream; add [[station.datastream]]"],
    );
    let one_bank = "station \"jamsu\" speaks to one bank only";
    let none = "river station \"jamsu\" has no `levels`, so no flood rule can decide there; add levels = { advisory = …, watch = …, warning = … }, or leave it as a neighbour's input";
    check(
        &toml("", "", "[[station.datastream]]\nkind = \"river_stage\""),
        &[&format!("river {one_bank}; name the areas of both banks in `affects`"), none],
    );
    check(
        &toml(
            "",
            "affects = [\"seocho\", \"seoul\"]",
            "[[station.datastream]]\nkind = \"river_stage\"\nlevels = { watch = 6 }",
        ),
        &[],
    );
}

/// A square around a place, as GeoJSON writes it: longitude first.
const SQUARE: &str = "[[126.9,37.4],[127.1,37.4],[127.1,37.6],[126.9,37.6],[126.9,37.4]]";

fn feature(code: &str, kind: &str, coordinates: &str) -> String {
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\"}},\"geometry\":{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}}}"
    )
}

fn collection(features: &[String]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
}

fn with_geometry(geometry: &str) -> Result<Catalog, Vec<Mistake>> {
    read(&format!("geometry = \"areas.geojson\"\n{}", toml("", "", "")), Some(geometry))
}

#[test]
fn polygons_are_read() {
    let both = [
        feature(
            "seoul",
            "MultiPolygon",
            &format!("[[{SQUARE}],[[[127.2,37.4],[127.4,37.4],[127.4,37.6],[127.2,37.4]]]]"),
        ),
        feature("seocho", "Polygon", &format!("[{SQUARE}]")),
    ];
    let catalog = with_geometry(&collection(&both)).expect("good");
    assert_eq!(words(&catalog.warnings), Vec::<String>::new());
    assert_eq!(catalog.areas.iter().map(|area| area.polygon.len()).collect::<Vec<_>>(), [2, 1]);
    let ring = &catalog.areas[1].polygon[0];
    assert_eq!((ring.first(), ring.last(), ring.len()), (Some(&[37.4, 126.9]), Some(&[37.4, 126.9]), 5));
    // An area without a polygon, and a station on the other side of the country.
    let catalog = with_geometry(&collection(&[feature(
        "seocho",
        "Polygon",
        "[[[129.0,35.0],[129.1,35.0],[129.1,35.1],[129.0,35.0]]]",
    )]));
    assert_eq!(
        words(&catalog.expect("good").warnings),
        [
            "area \"seoul\" has no polygon in \"areas.geojson\"; add a feature with its code, or maps leave it out",
            "station \"jamsu\" stands far outside its area \"seocho\"; check position = [latitude, longitude], and the order in the polygon",
        ]
    );
}

#[test]
fn polygons_with_mistakes() {
    let remedy = "positions are [longitude, latitude], rings closed and without crossings";
    let check = |geometry: &str, expect: &str| {
        let told = words(&with_geometry(geometry).expect_err(geometry));
        assert!(told.len() == 1 && told[0].contains(expect), "{geometry}\n{told:#?} without {expect}");
    };
    let polygon = |coordinates: &str, expect: &str| {
        check(&collection(&[feature("seocho", "Polygon", coordinates)]), expect);
    };
    check("{", "no GeoJSON feature collection: ");
    check("{\"type\":\"Feature\"}", "no GeoJSON feature collection: ");
    check(
        &collection(&[feature("seoch", "Polygon", &format!("[{SQUARE}]"))]),
        "no area \"seoch\"; did you mean \"seocho\"?",
    );
    check(
        &collection(&[feature("q", "Polygon", &format!("[{SQUARE}]"))]),
        "no area \"q\"; add [[area]] code = \"q\" to the catalog",
    );
    check(
        &collection(&[feature("seocho", "Polygon", &format!("[{SQUARE}]")).replace("code", "kode")]),
        "feature 1 has no area; add \"properties\": {\"code\": \"…\"}",
    );
    let twice = feature("seocho", "Polygon", &format!("[{SQUARE}]"));
    check(&collection(&[twice.clone(), twice]), "area \"seocho\" stands twice; join them to one MultiPolygon");
    check(
        &collection(&[feature("seocho", "Point", "[126.9,37.4]")]),
        "its geometry is neither a Polygon nor a MultiPolygon",
    );
    // Latitude first: beyond 90 degrees it is no latitude.
    polygon(
        "[[[37.4,126.9],[37.4,127.1],[37.6,127.1],[37.6,126.9],[37.4,126.9]]]",
        "a position lies outside the earth",
    );
    polygon("[[[126.9,37.4],[127.1,37.6],[127.1,37.4],[126.9,37.6],[126.9,37.4]]]", remedy);
    polygon("[[[126.9,37.4],[127.1,37.4],[127.1,37.6],[126.9,37.6]]]", "a ring is not closed");
    polygon("[[[126.9,37.4],[127.1,37.4],[126.9,37.4]]]", "a ring has 3 positions; it needs at least 4");
    polygon("[[]]", "a ring has 0 positions");
    polygon("[[[126.9],[127.1],[127.1],[126.9]]]", "a position has no latitude");
    polygon("[]", "a polygon has no ring");
}

#[test]
fn numbers_outlive_edits() {
    let one = "[[area]]\ncode = \"a\"\n";
    let station = |id: &str, kinds: &[&str]| {
        let streams: String = kinds.iter().map(|kind| format!("[[station.datastream]]\nkind = \"{kind}\"\n")).collect();
        format!("[[station]]\nid = \"{id}\"\nposition = [1, 2]\narea = \"a\"\n{streams}")
    };
    let mut numbering = Numbering::default();
    let mut numbers = |stations: &[String]| -> Vec<(String, u32)> {
        let mut catalog = read(&format!("{one}{}", stations.concat()), None).expect("good");
        catalog.number(&mut numbering);
        let told = |stream: &crate::catalog::Datastream| {
            assert_eq!(catalog.numbered(stream.id).map(|found| found.name), Some(stream.name));
            (format!("{} {}", catalog.station(stream.station).id, stream.name), stream.id.0)
        };
        catalog.datastreams.iter().map(told).collect()
    };
    let say = |pairs: &[(&str, u32)]| pairs.iter().map(|(name, id)| ((*name).to_owned(), *id)).collect::<Vec<_>>();
    assert_eq!(numbers(&[station("p", &["tilt", "strain"])]), say(&[("p tilt", 0), ("p strain", 1)]));
    // Another order, a new station in front, a new datastream between: the old keep theirs.
    assert_eq!(
        numbers(&[station("a", &["tilt"]), station("p", &["strain", "temperature", "tilt"])]),
        say(&[("a tilt", 2), ("p strain", 1), ("p temperature", 3), ("p tilt", 0)])
    );
    // What was taken away is not given to another, and comes back under its old number.
    assert_eq!(numbers(&[station("p", &["rainfall"])]), say(&[("p rainfall", 4)]));
    assert_eq!(numbers(&[station("p", &["tilt", "rainfall"])]), say(&[("p tilt", 0), ("p rainfall", 4)]));
}

#[test]
fn further_quality_tests() {
    doubts("attenuated = { over = \"12h\", suspect = 0.25, fail = 0.1, measure = \"deviation\", least = 36 }", &[]);
    doubts(
        "attenuated = { suspect = 0.1, fail = 0.25 }",
        &[
            "`attenuated` does not say over how long; add over = \"12h\"",
            "limits 0.1 and 0.25 are out of order; write suspect, then a lower fail",
        ],
    );
    doubts(
        "attenuated = { over = \"12h\", suspect = 1, fail = 0, measure = \"spread\" }",
        &["unknown measure \"spread\"; write \"range\" or \"deviation\""],
    );
    doubts(
        "climatology = [{ months = [6, 9], usual = [0.0, 9.0] }, { months = [11, 2], usual = [0, 1], range = [0, 2] }]",
        &[],
    );
    doubts(
        "climatology = [{ months = [0, 9], usual = [0.0, 9.0] }]",
        &["no months; write months = [first, last], such as [6, 9]"],
    );
    doubts(
        "climatology = [{ months = [6, 9] }]",
        &["a season without its usual values; add usual = [lowest, highest]"],
    );
    doubts("neighbours = { within_km = 5, suspect = 1, fail = 3 }", &[]);
    doubts(
        "neighbours = { within_km = 0, suspect = 1, fail = 3 }",
        &["`within_km` is no distance; write kilometres, above 0 and up to 500"],
    );
    doubts("support = { within_km = 5, rain = 10, change = 0.2 }", &[]);
    doubts(
        "support = { within_km = 5 }",
        &["`support` asks for nothing; add rain = 10.0 (mm in an hour), change = 0.2, or both"],
    );
}

#[test]
fn shelters_stand_somewhere_and_have_a_name() {
    let good =
        "[[shelter]]\nname = { ko = \"반포초등학교\" }\nposition = [37.5, 127.0]\narea = \"seocho\"\npeople = 400\n";
    let catalog = read(&format!("{}{good}", toml("", "", "")), None).expect("a good catalog");
    assert_eq!((catalog.shelters.len(), catalog.shelters[0].people), (1, Some(400)));
    let bad = "[[shelter]]\nposition = [137.5, 127.0]\narea = \"secho\"\n";
    let told = mistakes(&format!("{}{bad}", toml("", "", "")));
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().any(|told| told.contains("no place on earth")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("did you mean \"seocho\"?")), "{told:?}");
}

fn source(lines: &str, expect: &[&str]) {
    check(&format!("{}[[source]]\n{lines}\n", toml("", "", "")), expect);
}

#[test]
fn mistakes_of_sources() {
    let good = "topic = \"hydro/+/data\"\nstation = \"{1}\"\n";
    source(&format!("{good}decode = {{ tilt = \"/a\", t = \"/ts\" }}"), &[]);
    source(&format!("{good}decode = \"decoder.rhai\""), &[]);
    source(&format!("{good}decode = \"sparkplug-b\"\nread = {{ \"jamsu/tilt\" = \"tilt\" }}"), &[]);
    source(good, &["`decode` is missing; add decode = { river_stage = \"/lvl\" }, or the name of a codec"]);
    source("decode = \"json\"\nstation = \"jamsu\"", &["`topic` is missing; add `topic = …`"]);
    source(
        &format!("{good}decode = \"sparkplug\""),
        &["no codec is called \"sparkplug\"; did you mean \"sparkplug-b\"?"],
    );
    source(&format!("{good}decode = {{ tlt = \"/a\" }}"), &["unknown kind \"tlt\"; did you mean \"tilt\"?"]);
    source(
        &format!("{good}decode = {{ tilt = {{ at = \"/a\", unit = \"mm\" }} }}"),
        &["\"mm\" cannot become \"deg\"; write the unit the device sends, such as \"mm\""],
    );
    source(
        &format!("{good}decode = {{ \"jamsoo/tilt\" = \"/a\" }}"),
        &["unknown station \"jamsoo\"; did you mean \"jamsu\"?"],
    );
    source(
        &format!("{good}decode = {{ \"paldang/tilt\" = \"/a\" }}"),
        &["no datastream \"paldang/tilt\"; add [[station.datastream]] to that station"],
    );
    let pointer = "decode = { tilt = \"/a\" }";
    source(
        &format!("topic = \"hydro/data\"\nstation = \"{{1}}\"\n{pointer}"),
        &["\"{1}\" names a wildcard that `topic` does not have; {1} is what the first + stood for, {2} the second"],
    );
    source(
        &format!("topic = \"hydro/data\"\n{pointer}"),
        &["nobody knows for which station this speaks; add station = \"{1}\", or the name of a station"],
    );
    for topic in ["bongsu/v1/+/obs", "#", "+/v1/#", "bongsu/#"] {
        source(
            &format!("topic = {topic:?}\nstation = \"jamsu\"\n{pointer}"),
            &[&format!(
                "{topic:?} is among Bongsu's own topics; those need no [[source]]; begin with a name of your own"
            )],
        );
    }
    for topic in ["", "a/#/b", "a+", "$SYS/#"] {
        source(
            &format!("topic = {topic:?}\nstation = \"jamsu\"\n{pointer}"),
            &[&format!(
                "{topic:?} is no filter; write it as \"hydro/+/data\": + stands for one level, # at the end for all"
            )],
        );
    }
    source(
        &format!("{good}decode = \"chirpstack\"\nstations = {{ x = \"jamsoo\" }}\nreed = {{ }}"),
        &["unknown station \"jamsoo\"; did you mean \"jamsu\"?", "unknown key `reed`; did you mean `read`?"],
    );
}

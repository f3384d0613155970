//! What a base map is made of, and what is told of one that is none.

use super::*;

fn collection(features: &[&str]) -> String {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","))
}

fn feature(properties: &str, geometry: &str) -> String {
    format!("{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":{geometry}}}")
}

/// A river of so many bends of five metres, three kilometres long.
fn river(bends: u32) -> String {
    let at = |n: u32| {
        let wave = if n.is_multiple_of(2) { 0.0 } else { 0.000_05 };
        format!("[{:.6},{:.6}]", 127.0 + 0.03 * f64::from(n) / f64::from(bends), 37.5 + wave)
    };
    let positions: Vec<String> = (0..=bends).map(at).collect();
    feature(
        r#"{"waterway":"river","name":"한강"}"#,
        &format!("{{\"type\":\"LineString\",\"coordinates\":[{}]}}", positions.join(",")),
    )
}

const HOUSE: &str = r#"{"type":"Polygon","coordinates":[[[127.0,37.5],[127.0001,37.5],[127.0001,37.5001],[127.0,37.5001],[127.0,37.5]]]}"#;

#[test]
fn shapes_are_read_by_layer_and_points_are_left_out() {
    let town = r#"{"type":"MultiPolygon","coordinates":[[[[127.0,37.5],[127.1,37.5],[127.1,37.6],[127.0,37.6],[127.0,37.5]],[[127.02,37.52],[127.04,37.52],[127.04,37.54],[127.02,37.52]]]]}"#;
    let text = collection(&[
        &river(4),
        &feature(r#"{"building":"yes"}"#, HOUSE),
        &feature(r#"{"code":"seocho","name":"서초구"}"#, town),
        &feature(r#"{"name":"a tree"}"#, r#"{"type":"Point","coordinates":[127.0,37.5]}"#),
        &feature("null", "null"),
    ]);
    let found = read("city.geojson", &text, None).expect("a base map");
    assert_eq!((found.features, found.not_drawn), (5, 2));
    let counts: Vec<_> =
        found.layers.iter().map(|(layer, shapes)| (layer.name(), shapes.lines.len(), shapes.polygons.len())).collect();
    assert_eq!(counts, [("water", 1, 0), ("building", 0, 1), ("district", 0, 1)]);
    assert_eq!(found.codes.iter().collect::<Vec<_>>(), ["seocho"]);
    assert_eq!(found.bounds(), [127.0, 37.5, 127.1, 37.6]);
    let roads = read("roads.geojson", &text, Some(Layer::Road)).expect("a base map");
    assert_eq!(roads.layers.keys().collect::<Vec<_>>(), [&Layer::Road], "somebody says what all of it is");
}

#[test]
fn a_mistake_names_the_feature_and_what_to_write() {
    let check = |text: &str, expect: &[&str]| {
        let mistakes = read("city.geojson", text, None).expect_err(text);
        let told = mistakes.iter().map(|one| format!("{one}: {}", one.remedy)).collect::<Vec<_>>().join("\n");
        for part in expect {
            assert!(told.contains(part), "no {part:?} in {told}");
        }
    };
    let line = |coordinates: &str| format!("{{\"type\":\"LineString\",\"coordinates\":{coordinates}}}");
    let ring = |coordinates: &str| format!("{{\"type\":\"Polygon\",\"coordinates\":[{coordinates}]}}");
    check("[1, 2]", &["no GeoJSON feature collection", "ogr2ogr"]);
    check(
        &collection(&[&feature(r#"{"name":"한강"}"#, &line("[[198056.37,451885.72],[198100.0,451900.0]]"))]),
        &["feature 1 (한강): [198056.37, 451885.72] are no degrees", "-t_srs EPSG:4326"],
    );
    check(
        &collection(&[&feature("{}", &line("[[37.5,127.0],[37.6,127.0]]"))]),
        &["feature 1: the latitude stands first", "longitude first"],
    );
    check(&collection(&[&river(2), &feature("{}", &line("[[127.0,37.5]]"))]), &["feature 2: a line has 1 positions"]);
    check(
        &collection(&[&feature("{}", &ring("[[127.0,37.5],[127.1,37.5],[127.1,37.6],[127.0,37.6]]"))]),
        &["is not closed", "its last is its first"],
    );
    check(&collection(&[]), &["there is nothing to draw"]);
    let named = collection(&[&river(2)]).replacen(
        '{',
        r#"{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::5186"}},"#,
        1,
    );
    check(&named, &["coordinate system urn:ogc:def:crs:EPSG::5186", "EPSG:4326"]);
    let ours = named.replace("EPSG::5186", "OGC:1.3:CRS84");
    assert!(read("city.geojson", &ours, None).is_ok(), "WGS 84 may say so");
    // However many there are, a person reads the first.
    let many: Vec<String> = (0..100).map(|_| feature("{}", &line("[[127.0,37.5]]"))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(read("city.geojson", &collection(&many), None).map_err(|all| all.len()), Err(20));
}

#[test]
fn what_is_too_large_is_thinned_until_it_fits() {
    let text = collection(&[&river(6_000), &feature(r#"{"building":"yes"}"#, HOUSE)]);
    let layers = read("city.geojson", &text, None).expect("a base map").layers;
    let whole = Fitted::of(&layers, 10_000_000).expect("there is room");
    assert_eq!((whole.within_m, whole.left_out), (1.0, 0));
    assert_eq!(whole.counts().values().sum::<usize>(), 2);
    let small = Fitted::of(&layers, 4_000).expect("a river is a line");
    let bytes: usize = small.features().iter().map(|feature| feature.to_string().len()).sum();
    assert!(bytes <= 4_000 && small.within_m > 1.0, "{bytes} bytes, {} m", small.within_m);
    let (before, after) = (&layers[&Layer::Water].lines[0], &small.layers[&Layer::Water].lines[0]);
    assert_eq!((before.first(), before.last()), (after.first(), after.last()), "its ends stay where they are");
    assert_eq!(Fitted::of(&layers, 10).map_err(|error| error.bytes > 10), Err(true));
    // A house of eleven metres is gone where sixteen are left out, and that is counted.
    let coarse = Fitted::of(&layers, 220).expect("two points");
    assert!(coarse.left_out == 1 && !coarse.counts().contains_key(&Layer::Building), "{coarse:?}");
}

#[test]
fn an_import_is_kept_replaced_served_and_taken_away() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = folder(data.path());
    assert_eq!(list(&folder).expect("there may be none"), []);
    let import = |name: &str, text: &str| {
        let found = read("city.geojson", text, None).expect("a base map");
        let fitted = Fitted::of(&found.layers, 1_000_000).expect("it is small");
        let import = Import {
            name: name.into(),
            source: "city.geojson".into(),
            credit: "© OpenStreetMap contributors".into(),
            imported: Time::from_millis(0),
            layers: fitted.counts(),
            left_out: fitted.left_out,
            within_m: fitted.within_m,
            bounds: found.bounds(),
        };
        keep(&folder, &import, &fitted).expect("it is kept");
        import
    };
    import("rivers", &collection(&[&river(4)]));
    let again = import("rivers", &collection(&[&river(40)]));
    let houses = import("houses", &collection(&[&feature(r#"{"building":"yes"}"#, HOUSE)]));
    let kept: Vec<Import> =
        list(&folder).expect("a folder").into_iter().map(|one| one.expect("it is good").0).collect();
    assert_eq!(kept, [houses, again], "a second import of a name takes the place of the first");
    let served: serde_json::Value = serde_json::from_str(&served(&folder).expect("a folder")).expect("JSON");
    let layers: Vec<&str> = served["features"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["properties"]["layer"].as_str())
        .collect();
    assert_eq!(layers, ["water", "building"], "what lies lowest comes first");
    assert_eq!(
        served["credits"],
        serde_json::json!(["© OpenStreetMap contributors"]),
        "once, however many imports are theirs"
    );
    let read_again = read("served", &served.to_string(), None).expect("it is a base map itself");
    assert_eq!(read_again.layers.len(), 2);
    std::fs::write(folder.join("broken.geojson"), "{").expect("written");
    assert_eq!(list(&folder).expect("a folder").iter().filter(|one| one.is_err()).count(), 1);
    assert!(super::served(&folder).is_ok_and(|text| text.contains("water")), "what is broken does not hide the rest");
    assert!(remove(&folder, "rivers").expect("a folder"));
    assert!(!remove(&folder, "rivers").expect("a folder"));
    assert!(!remove(&folder, "../houses").expect("a folder"), "it is no path");
}

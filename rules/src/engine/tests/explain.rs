//! Why, and why not.

use super::bench::{Bench, rule};
use bongsu_sensors::Level;

#[test]
fn an_explanation_tells_what_is_known_what_is_missing_and_what_stands() {
    let header = "[inputs]\nroad = { kind = \"road_water_depth\", max_age = \"10m\" }
        [params]\ndeep = { default = 15.0, min = 5.0, max = 50.0 }\n[hold]\nclear_after = \"30m\"";
    let body = r#"if check("a", road.last(), ">=", deep) { raise("watch") }"#;
    let mut bench = Bench::new(&[rule("road", "area", header, body)]);
    bench.play("0 road_a road_water_depth 20\n 1 road_b road_water_depth 2\n 5 road_b road_water_depth 3\n 8");
    let why = bench.engine.explain("road", "yongsan").expect("evaluated there");
    assert_eq!((why.reached, why.stands, why.undecided), (Level::Watch, Level::Watch, false));
    assert_eq!(why.checks[0].value, Some(20.0));
    assert_eq!(why.parameters, [("deep".to_owned(), "15".to_owned())]);
    let states: Vec<(&str, &str)> = why.inputs.iter().map(|heard| (heard.station.as_str(), heard.state)).collect();
    assert_eq!(states, [("road_a", "known"), ("road_b", "known"), ("road_c", "never heard")]);
    // The station that raised it fell silent: nothing is reached, and it stands all the same.
    bench.play("12 road_b road_water_depth 3");
    let why = bench.engine.explain("road", "yongsan").expect("evaluated there");
    assert_eq!((why.reached, why.stands, why.inputs[0].state), (Level::None, Level::Watch, "silent"));
    assert!(bench.engine.explain("road", "seocho").is_none());
    // Asking changes nothing.
    assert_eq!(bench.engine.snapshot().expect("snapshot"), {
        bench.engine.explain("road", "yongsan");
        bench.engine.snapshot().expect("snapshot")
    });
}

//! Devices at the console: let in, given another secret, taken back; by an administrator alone, with a reason.

use super::office::Office;
use crate::basemap;
use axum::http::StatusCode;
use serde_json::{Value, json};

const DEVICES: &str = "/api/v1/devices";

#[tokio::test]
async fn a_device_is_let_in_and_taken_back_by_an_administrator_and_its_secret_is_shown_once() {
    let office = Office::usual();
    let (admin, author) = (office.enter("admin").await, office.enter("rule-author").await);
    let new = |stations: Value, reason: &str| json!({ "stations": stations, "reason": reason });
    assert_eq!(office.post(&author, DEVICES, new(json!(["jamsu"]), "a gauge")).await.0, StatusCode::FORBIDDEN);
    for body in
        [new(json!([]), "a"), new(json!(["jamsu"]), " "), new(json!(["jamsuu"]), "a"), json!({ "stations": ["jamsu"] })]
    {
        let (status, answer) = office.post(&admin, DEVICES, body.clone()).await;
        assert!(status == StatusCode::BAD_REQUEST || status == StatusCode::NOT_FOUND, "{body}: {status} {answer}");
    }
    let (status, made) = office.post(&admin, DEVICES, new(json!(["jamsu", "banpo"]), "a new gauge")).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let (username, first) = (made["username"].as_str().expect("a name"), made["password"].as_str().expect("a secret"));
    assert_eq!(first.len(), 64);
    let listed = office.get(&author, DEVICES).await;
    assert_eq!(
        (&listed["devices"][0]["username"], &listed["devices"][0]["stations"]),
        (&json!(username), &json!(["jamsu", "banpo"]))
    );
    assert!(!listed.to_string().contains(first), "a secret is shown once");
    let (status, rotated) =
        office.post(&admin, &format!("{DEVICES}/{username}/rotate"), json!({ "reason": "it was lost" })).await;
    assert_eq!((status, &rotated["username"]), (StatusCode::OK, &json!(username)), "{rotated}");
    assert_ne!(rotated["password"], made["password"]);
    let revoke = format!("{DEVICES}/{username}/revoke");
    assert_eq!(office.post(&admin, &revoke, json!({ "reason": "" })).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(office.post(&admin, &revoke, json!({ "reason": "stolen" })).await.0, StatusCode::NO_CONTENT);
    let (status, again) = office.post(&admin, &revoke, json!({ "reason": "stolen" })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{again}");
    assert!(office.get(&author, DEVICES).await["devices"][0]["revoked"].is_string());
    let audit = office.get(&admin, "/api/v1/audit").await;
    let told: Vec<(&str, &str)> = audit["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|one| {
            let action = one["action"].as_str()?;
            action.starts_with("device.").then_some((action, one["subject"].as_str()?))
        })
        .collect();
    assert_eq!(told, [("device.revoke", username), ("device.rotate", username), ("device.add", username)]);
    assert!(!audit.to_string().contains(first), "no secret stands in the audit");
    assert_eq!(office.reader().verify_audit(None).expect("verified").faults, Vec::<String>::new());
}

#[tokio::test]
async fn how_a_station_speaks_is_counted_for_it_alone() {
    let office = Office::usual();
    let admin = office.enter("admin").await;
    let speech = async |station: &str| office.get(&admin, DEVICES).await["speech"][station].clone();
    assert_eq!(speech("jamsu").await, json!({ "behind_s": null, "duplicates": 0, "refused": 0 }));
    office.says("jamsu", 3.0).await;
    office.says("jamsu", 3.0).await;
    let jamsu = speech("jamsu").await;
    assert_eq!((&jamsu["duplicates"], &jamsu["refused"]), (&json!(1), &json!(0)), "{jamsu}");
    assert!(jamsu["behind_s"].as_f64().is_some_and(|behind| behind.abs() < 60.0), "{jamsu}");
    assert_eq!(speech("banpo").await["duplicates"], 0);
}

#[tokio::test]
async fn the_base_map_is_what_was_imported() {
    let office = Office::usual();
    let admin = office.enter("admin").await;
    let folder = &office.desk.shared.settings.basemap;
    let river = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"waterway":"river"},
        "geometry":{"type":"LineString","coordinates":[[126.9,37.5],[127.1,37.53]]}}]}"#;
    let found = basemap::read("river.geojson", river, None).expect("a base map");
    let fitted = basemap::Fitted::of(&found.layers, 1_000).expect("it is small");
    let import = basemap::Import {
        name: "river".into(),
        source: "river.geojson".into(),
        credit: "the city".into(),
        imported: office.desk.now(),
        layers: fitted.counts(),
        left_out: 0,
        within_m: fitted.within_m,
        bounds: found.bounds(),
    };
    basemap::keep(folder, &import, &fitted).expect("it is kept");
    let served = office.get(&admin, "/api/v1/basemap").await;
    assert_eq!(served["credits"], json!(["the city"]));
    assert_eq!(served["features"][0]["properties"], json!({ "layer": "water" }));
    assert_eq!(served["features"][0]["geometry"]["coordinates"], json!([[[126.9, 37.5], [127.1, 37.53]]]));
}

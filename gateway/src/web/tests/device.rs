//! Devices at the console: let in, given another secret, taken back; by an administrator alone, with a reason.

use super::office::Office;
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

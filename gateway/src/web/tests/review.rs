//! What waits for whom, what each role may do, and what somebody is told whose session was ended.

use super::office::{Office, Person, RULE};
use crate::people::role::{Ability, Role};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const HIGH: &str = "/api/v1/rules/high";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

async fn version(office: &Office, who: &Person) -> String {
    text(&office.get(who, HIGH).await["version"]).to_owned()
}

async fn submit(office: &Office, who: &Person, limit: &str, reason: &str) -> i64 {
    let body = json!({ "text": RULE.replace("2.0", limit), "reason": reason });
    let (status, answer) = office.change(who, Method::PUT, HIGH, &version(office, who).await, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["submission"].as_i64().expect("a number")
}

/// For each that waits: its number, whether its rule has changed since, and whether it waits for this person.
async fn waits(office: &Office, who: &Person) -> Vec<(i64, bool, bool)> {
    let answer = office.get(who, "/api/v1/reviews").await;
    let of = |one: &Value| (one["id"].as_i64(), one["outdated"].as_bool(), one["for_you"].as_bool());
    let all = answer["reviews"].as_array().expect("reviews").iter().map(of);
    all.map(|(id, outdated, for_you)| Some((id?, outdated?, for_you?))).collect::<Option<_>>().expect("facts")
}

#[tokio::test]
async fn a_submission_waits_for_those_who_may_put_it_in_force_and_for_nobody_else() {
    let office = Office::usual();
    let (author, admin, approver) =
        (office.enter("rule-author").await, office.enter("admin").await, office.enter("approver").await);
    assert_eq!(waits(&office, &admin).await, []);
    let first = submit(&office, &author, "2.5", "the bank: higher now").await;
    let second = submit(&office, &author, "2.7", "or so").await;
    assert_eq!(waits(&office, &admin).await, [(second, false, true), (first, false, true)]);
    for who in [&author, &approver, &office.enter("rule-author").await] {
        assert_eq!(waits(&office, who).await, [(second, false, false), (first, false, false)]);
    }
    let one = office.get(&admin, "/api/v1/reviews").await["reviews"][1].clone();
    assert_eq!(
        (&one["rule"], &one["title"]["ko"], &one["author"], &one["reason"], &one["changes"][0]["after"]),
        (&json!("high"), &json!("시험"), &json!("rule-author"), &json!("the bank: higher now"), &json!("2.5"))
    );
    let (status, _) = office.post(&admin, &format!("{HIGH}/submissions/{first}/approve"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        waits(&office, &admin).await,
        [(second, true, false)],
        "of what has changed since nothing can be approved"
    );
}

#[tokio::test]
async fn what_is_told_of_a_rule_is_in_the_citys_time_and_says_why() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    let before = version(&office, &author).await;
    office.pass(5).await;
    let number = submit(&office, &author, "2.5", "the bank: higher now").await;
    office.pass(5).await;
    let (status, _) = office.post(&admin, &format!("{HIGH}/submissions/{number}/approve"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let seen = version(&office, &author).await;
    let back = json!({ "hash": before, "reason": "it: was better" });
    let (status, _) = office.change(&author, Method::POST, &format!("{HIGH}/rollback"), &seen, back).await;
    assert_eq!(status, StatusCode::OK);
    let rule = office.get(&author, HIGH).await;
    let decided = &rule["submissions"][0];
    assert_eq!(
        (&decided["time"], &decided["decided"], &rule["versions"][1]["time"]),
        (&json!("2026-07-08T00:05:00Z"), &json!("2026-07-08T00:10:00Z"), &json!("2026-07-08T00:10:00Z"))
    );
    let reasons: Vec<&Value> =
        rule["versions"].as_array().expect("versions").iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, [&json!("it: was better"), &json!("the bank: higher now"), &Value::Null]);
}

#[tokio::test]
async fn a_rule_keeps_its_place_in_the_library_when_it_is_edited() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    // Its file is read last, and the rule stands first all the same.
    let early = RULE.replace("\"high\"", "\"early\"").replace("//! scope", "//! mode = \"shadow\"\n//! scope");
    let headers =
        [("cookie", author.cookie.as_str()), (crate::web::operator::CSRF, &author.csrf), ("if-none-match", "*")];
    let body = json!({ "text": early, "reason": "another" });
    let (status, answer) = office.send(Method::PUT, "/api/v1/rules/early", &headers, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let number = office.get(&admin, "/api/v1/reviews").await["reviews"][0]["id"].clone();
    let approve = format!("/api/v1/rules/early/submissions/{number}/approve");
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::OK);
    let order = async || {
        let library = office.get(&admin, "/api/v1/rules").await;
        let place = |rule: &Value| (text(&rule["pack"]).to_owned(), text(&rule["id"]).to_owned());
        library["rules"].as_array().expect("rules").iter().map(place).collect::<Vec<_>>()
    };
    let before = order().await;
    assert!(before.len() == 2 && before.is_sorted(), "{before:?}");
    let number = submit(&office, &author, "2.5", "higher").await;
    let approve = format!("{HIGH}/submissions/{number}/approve");
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::OK);
    assert_eq!(order().await, before);
}

#[tokio::test]
async fn the_roles_are_told_as_the_table_has_them() {
    let office = Office::usual();
    let viewer = office.enter("viewer").await;
    let answer = office.get(&viewer, "/api/v1/roles").await;
    let roles = answer["roles"].as_array().expect("roles");
    assert_eq!(roles.len(), Role::ALL.len());
    for (told, role) in roles.iter().zip(Role::ALL) {
        assert_eq!(told["role"], json!(role));
        for ability in [Ability::Look, Ability::Rules, Ability::Decide, Ability::People, Ability::Audit] {
            let may = told["may"].as_array().expect("abilities").contains(&json!(ability));
            assert_eq!(may, role.may(ability), "{ability:?} of {role:?}");
        }
        assert_eq!(told["silences"], json!(role.may_silence()));
    }
}

#[tokio::test]
async fn who_was_logged_out_by_somebody_else_is_told_why() {
    let office = Office::usual();
    let admin = office.enter("admin").await;
    let me = async |who: &Person| {
        let (status, body) = office.send(Method::GET, "/api/v1/me", &[("cookie", &who.cookie)], None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        serde_json::from_str::<Value>(&body).expect("JSON")["ended"].clone()
    };
    let operator = office.enter("operator").await;
    let role = json!({ "role": "viewer" });
    assert_eq!(office.post(&admin, "/api/v1/users/operator/role", role).await.0, StatusCode::NO_CONTENT);
    assert_eq!(me(&operator).await, json!("role"));
    let again = office.enter("operator").await;
    assert_eq!(office.post(&admin, "/api/v1/users/operator/disable", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!((me(&again).await, me(&operator).await), (json!("disabled"), json!("role")));
    let viewer = office.enter("viewer").await;
    assert_eq!(office.post(&viewer, "/api/v1/logout", json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(me(&viewer).await, Value::Null, "who logs out knows why");
    let nobody = Person { cookie: format!("{}={}", crate::web::operator::COOKIE, "0".repeat(64)), csrf: String::new() };
    assert_eq!(me(&nobody).await, Value::Null);
}

#[tokio::test]
async fn an_invitation_says_until_when_it_is_good() {
    let office = Office::usual();
    let admin = office.enter("admin").await;
    let (status, made) = office.post(&admin, "/api/v1/users", json!({ "username": "lee", "role": "viewer" })).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let expires = bongsu_sensors::Time::parse(text(&made["expires"])).expect("a time");
    let (_, secret) = text(&made["one_time_link"]).rsplit_once('/').expect("a link");
    let link = office.desk.people.link(secret, office.desk.now()).expect("it invites");
    assert_eq!(link.expires, expires);
}

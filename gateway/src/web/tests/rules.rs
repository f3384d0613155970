//! Rules at the workbench: looked at, tried, tuned, submitted, put in force by a second person, taken back; and every
//! change that must not be made.

use super::office::{Office, Person, RULE};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const HIGH: &str = "/api/v1/rules/high";

async fn high(office: &Office, who: &Person) -> Value {
    office.get(who, HIGH).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Submits a text; answers the path of the submission.
async fn submit(office: &Office, who: &Person, text: &str) -> String {
    let seen = high(office, who).await["version"].clone();
    let body = json!({ "text": text, "reason": "the bank is higher now" });
    let (status, answer) = office.change(who, Method::PUT, HIGH, self::text(&seen), body).await;
    assert_eq!((status, &answer["needs_second"]), (StatusCode::OK, &json!(true)), "{answer}");
    format!("{HIGH}/submissions/{}", answer["submission"])
}

/// The newest entries of the audit that changed something.
async fn changes(office: &Office) -> Vec<(String, String, String)> {
    let admin = office.enter("admin").await;
    let audit = office.get(&admin, "/api/v1/audit").await;
    let entries = audit["entries"].as_array().expect("entries").iter();
    let of = |entry: &Value| (text(&entry["action"]).into(), text(&entry["who"]).into(), text(&entry["detail"]).into());
    entries.filter(|entry| text(&entry["action"]).starts_with("rule.")).map(of).collect()
}

#[tokio::test]
async fn the_library_says_what_is_in_force_and_since_when() {
    let office = Office::usual();
    let viewer = office.enter("viewer").await;
    office.settle().await;
    let library = office.get(&viewer, "/api/v1/rules").await;
    let rule = &library["rules"][0];
    assert_eq!(
        (&rule["id"], &rule["mode"], &rule["scope"], &rule["waiting"]),
        (&json!("high"), &json!("propose"), &json!("station"), &json!(0))
    );
    assert_eq!(rule["since"], "2026-07-08T00:00:00Z");
    let limit = json!({ "name": "limit", "default": 2.0, "min": 0.5, "max": 9.0, "step": 0.1, "unit": "m",
        "why": { "en": "a test" }, "quick": true });
    assert_eq!(rule["params"], json!([limit]));
    let one = high(&office, &viewer).await;
    assert_eq!((&one["text"], &one["version"]), (&json!(RULE), &rule["version"]));
    assert_eq!(one["versions"].as_array().map(Vec::len), Some(1));
    assert!(one["words"].as_array().is_some_and(|words| words.len() > 20));
    let (status, _) = office.send(Method::GET, "/api/v1/rules/none", &[("cookie", &viewer.cookie)], None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_text_with_mistakes_is_told_where_and_never_takes_the_place_of_what_works() {
    let office = Office::usual();
    let author = office.enter("rule-author").await;
    let broken = RULE.replace("stage.last()", "stag.last()");
    let (status, told) = office.post(&author, &format!("{HIGH}/check"), json!({ "text": broken })).await;
    assert_eq!((status, &told["good"]), (StatusCode::OK, &json!(false)), "{told}");
    let line = RULE.lines().position(|line| line.contains("stage.last()")).expect("it is there") + 1;
    let first = &told["diagnostics"][0];
    assert_eq!((&first["line"], &first["column"], &first["file"]), (&json!(line), &json!(15), &Value::Null), "{told}");
    assert!(text(&first["remedy"]["en"]).contains("stage"), "{told}");
    let seen = high(&office, &author).await["version"].clone();
    let body = json!({ "text": broken, "reason": "why not" });
    let (status, answer) = office.change(&author, Method::PUT, HIGH, text(&seen), body).await;
    assert_eq!((status, &answer["diagnostics"]), (StatusCode::UNPROCESSABLE_ENTITY, &told["diagnostics"]), "{answer}");
    let other = json!({ "text": RULE.replace("id = \"high\"", "id = \"low\""), "reason": "a name" });
    let (status, answer) = office.change(&author, Method::PUT, HIGH, text(&seen), other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(
        (high(&office, &author).await["text"].clone(), office.rule_file("high.rhai")),
        (json!(RULE), RULE.into())
    );
    assert_eq!(changes(&office).await, []);
    let (_, good) = office.post(&author, &format!("{HIGH}/check"), json!({ "text": RULE.replace("2.0", "2.5") })).await;
    assert_eq!((&good["good"], &good["changes"][0]["what"]), (&json!(true), &json!("params.limit.default")), "{good}");
}

#[tokio::test]
async fn another_text_is_in_force_when_a_second_person_says_so() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    office.says("banpo", 2.2).await;
    let higher = RULE.replace("default = 2.0", "default = 2.5");
    let path = submit(&office, &author, &higher).await;
    assert_eq!(high(&office, &author).await["text"], RULE, "nothing is in force yet");
    let waiting = high(&office, &admin).await["submissions"][0].clone();
    assert_eq!(
        (&waiting["state"], &waiting["changes"][0]["after"], &waiting["outdated"]),
        (&json!("waiting"), &json!("2.5"), &json!(false))
    );
    let approve = format!("{path}/approve");
    assert_eq!(office.post(&author, &approve, json!({})).await.0, StatusCode::CONFLICT, "not by its author");
    let again = office.enter("rule-author").await;
    assert_eq!(office.post(&again, &approve, json!({})).await.0, StatusCode::CONFLICT, "not in another session either");
    let approver = office.enter("approver").await;
    assert_eq!(office.post(&approver, &approve, json!({})).await.0, StatusCode::FORBIDDEN);
    let (status, answer) = office.post(&admin, &approve, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let after = high(&office, &author).await;
    assert_eq!((&after["text"], &after["version"]), (&json!(higher), &answer["version"]));
    assert_eq!((after["versions"].as_array().map(Vec::len), &after["author"]), (Some(2), &json!("rule-author")));
    let decided = &after["submissions"][0];
    assert_eq!((&decided["state"], &decided["by"]), (&json!("approved"), &json!("admin")));
    assert_eq!(office.rule_file("high.rhai"), higher);
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::CONFLICT, "once is enough");
    // What stood stays until a person ends it: an edit lowers nothing.
    let incident = office.incident(&author, "yongsan").await;
    assert_eq!(office.detail(&author, &incident).await["decided"], "watch");
    let told = changes(&office).await;
    let actions: Vec<(&str, &str)> = told.iter().map(|(action, who, _)| (&**action, &**who)).collect();
    assert_eq!(actions, [("rule.approve", "admin"), ("rule.submit", "rule-author")]);
    assert!(told[0].2.contains("the bank is higher now"), "{told:?}");
    assert_eq!(office.reader().verify_audit(None).expect("verified").faults, Vec::<String>::new());
}

#[tokio::test]
async fn of_two_who_edit_the_same_the_second_is_told() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    let seen = high(&office, &author).await["version"].clone();
    let first = submit(&office, &author, &RULE.replace("2.0", "2.5")).await;
    let second = submit(&office, &author, &RULE.replace("2.0", "2.7")).await;
    assert_eq!(office.post(&admin, &format!("{first}/approve"), json!({})).await.0, StatusCode::OK);
    let (status, body) = office.post(&admin, &format!("{second}/approve"), json!({})).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{body}");
    let late = json!({ "text": RULE.replace("2.0", "2.9"), "reason": "late" });
    let (status, _) = office.change(&author, Method::PUT, HIGH, text(&seen), late.clone()).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let headers = [("cookie", author.cookie.as_str()), (crate::web::operator::CSRF, &author.csrf)];
    let (status, _) = office.send(Method::PUT, HIGH, &headers, Some(late)).await;
    assert_eq!(status, StatusCode::PRECONDITION_REQUIRED);
    let open = high(&office, &author).await["submissions"][0].clone();
    assert_eq!((&open["state"], &open["outdated"]), (&json!("waiting"), &json!(true)));
    let reject = format!("{second}/reject");
    assert_eq!(office.post(&author, &reject, json!({ "reason": " " })).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(office.post(&author, &reject, json!({ "reason": "too late" })).await.0, StatusCode::NO_CONTENT);
    let gone = high(&office, &author).await["submissions"][0].clone();
    assert_eq!((&gone["state"], &gone["answer"]), (&json!("withdrawn"), &json!("too late")));
    assert_eq!(office.rule_file("high.rhai"), RULE.replace("2.0", "2.5"));
}

#[tokio::test]
async fn parameters_are_set_at_a_place_and_taken_back() {
    let office = Office::usual();
    let author = office.enter("rule-author").await;
    let path = format!("{HIGH}/overrides");
    let version = async || text(&high(&office, &author).await["overrides_version"]).to_owned();
    let seen = version().await;
    let tune = async |seen: &str, body: Value| office.change(&author, Method::POST, &path, seen, body).await;
    let wanted = |set: Value| json!({ "area": "yongsan", "set": set, "reason": "the \"new\" bank" });
    for (body, status) in [
        (wanted(json!({})), StatusCode::BAD_REQUEST),
        (wanted(json!({ "limi": 3.0 })), StatusCode::BAD_REQUEST),
        (wanted(json!({ "limit": 30.0 })), StatusCode::BAD_REQUEST),
        (wanted(json!({ "limit": "1h" })), StatusCode::BAD_REQUEST),
        (json!({ "area": "nowhere", "set": { "limit": 3.0 }, "reason": "a" }), StatusCode::BAD_REQUEST),
        (json!({ "area": "yongsan", "set": { "limit": 3.0 }, "reason": " " }), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(tune(&seen, body.clone()).await.0, status, "{body}");
    }
    assert_eq!(tune("another", wanted(json!({ "limit": 2.6 }))).await.0, StatusCode::PRECONDITION_FAILED);
    let (status, answer) = tune(&seen, wanted(json!({ "limit": 2.6 }))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let set = high(&office, &author).await["overrides"].clone();
    assert_eq!(
        set,
        json!([{ "station": null, "area": "yongsan", "set": { "limit": 2.6 }, "author": "rule-author", "reason": "the \"new\" bank" }])
    );
    // It holds there and nowhere else.
    office.says("banpo", 2.4).await;
    office.says("jamsu", 2.4).await;
    let alerts = office.get(&author, "/api/v1/alerts").await;
    let areas: Vec<&str> = alerts["alerts"].as_array().expect("alerts").iter().map(|one| text(&one["area"])).collect();
    assert_eq!(areas, ["seocho"]);
    assert_eq!(
        tune(&seen, wanted(json!({ "limit": 2.7 }))).await.0,
        StatusCode::PRECONDITION_FAILED,
        "it was read before"
    );
    let seen = version().await;
    let (status, answer) = tune(&seen, wanted(json!({ "limit": 2.7 }))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(office.rule_file("overrides.toml").matches("[[override]]").count(), 1, "one at a place");
    let remove = format!("{path}/remove");
    let gone = |area: &str| json!({ "area": area, "reason": "the bank is gone" });
    let seen = version().await;
    let (status, _) = office.change(&author, Method::POST, &remove, &seen, gone("seocho")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, answer) = office.change(&author, Method::POST, &remove, &seen, gone("yongsan")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(high(&office, &author).await["overrides"], json!([]));
    let told: Vec<String> = changes(&office).await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(told, ["rule.override.remove", "rule.override", "rule.override"]);
}

#[tokio::test]
async fn a_mode_is_submitted_and_an_earlier_version_comes_back() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    let before = text(&high(&office, &author).await["version"]).to_owned();
    let mode = json!({ "mode": "shadow", "reason": "it is being tried" });
    let (status, answer) = office.change(&author, Method::POST, &format!("{HIGH}/mode"), &before, mode).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let approve = format!("{HIGH}/submissions/{}/approve", answer["submission"]);
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::OK);
    let shadow = high(&office, &author).await;
    assert_eq!(shadow["mode"], "shadow");
    office.says("banpo", 3.5).await;
    let alert = office.get(&author, "/api/v1/alerts").await["alerts"][0].clone();
    assert_eq!((&alert["state"], &alert["proposal"]), (&json!("raised"), &Value::Null), "what is tried asks nobody");
    let rollback = format!("{HIGH}/rollback");
    let now = text(&shadow["version"]).to_owned();
    let back = |hash: &str| json!({ "hash": hash, "reason": "it works" });
    let (status, _) = office.change(&author, Method::POST, &rollback, &now, back("abc")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = office.change(&author, Method::POST, &rollback, &before, back(&before)).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let (status, answer) = office.change(&author, Method::POST, &rollback, &now, back(&before)).await;
    assert_eq!((status, &answer["version"]), (StatusCode::OK, &json!(before)), "{answer}");
    let (status, _) = office.change(&author, Method::POST, &rollback, &before, back(&before)).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is in force already");
    assert_eq!(
        (high(&office, &author).await["mode"].clone(), office.rule_file("high.rhai")),
        (json!("propose"), RULE.into())
    );
}

#[tokio::test]
async fn a_rule_is_tried_with_other_numbers_and_nothing_is_in_force_by_it() {
    let office = Office::usual();
    let author = office.enter("rule-author").await;
    // The bench looks back from the system's time.
    let begins = bongsu_sensors::Time::parse("2026-07-08T00:00:00Z").expect("a time");
    let minutes = office.desk.now().since(begins).as_secs() / 60;
    office.pass(i64::try_from(minutes).expect("minutes") - 60).await;
    for stage in [1.0, 2.2, 2.4, 1.0, 1.0, 1.0] {
        office.says("banpo", stage).await;
        office.pass(5).await;
    }
    let ask = async |body: Value| office.post(&author, &format!("{HIGH}/try"), body).await;
    let (status, now) = ask(json!({ "area": "yongsan" })).await;
    assert_eq!((status, now["firings"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{now}");
    assert_eq!((&now["firings"][0]["place"], &now["observations"]), (&json!("banpo"), &json!(6)));
    let (_, higher) = ask(json!({ "area": "yongsan", "params": { "limit": 2.5 } })).await;
    assert_eq!((&higher["firings"], &higher["quick"]), (&json!([]), &json!(true)), "{higher}");
    let (_, warning) = ask(json!({ "area": "yongsan", "level": "warning" })).await;
    assert_eq!(warning["firings"], json!([]));
    for body in [
        json!({ "days": 31 }),
        json!({ "level": "none" }),
        json!({ "area": "nowhere" }),
        json!({ "params": { "limi": 1.0 } }),
        json!({ "params": { "limit": 99.0 } }),
    ] {
        assert_eq!(ask(body.clone()).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    let (status, _) = office.post(&author, "/api/v1/rules/none/try", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(high(&office, &author).await["text"], RULE);
}

#[tokio::test]
async fn a_new_rule_begins_in_shadow_when_a_second_person_says_so() {
    let office = Office::usual();
    let (author, admin) = (office.enter("rule-author").await, office.enter("admin").await);
    let path = "/api/v1/rules/mine";
    let begin = async |path: &str, about: Value| office.post(&author, &format!("{path}/template"), about).await;
    let about = json!({ "kind": "river_stage", "hazard": "river_flood" });
    let (status, begun) = begin(path, about.clone()).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let text = text(&begun["text"]).to_owned();
    assert!(text.contains("mode     = \"shadow\""), "{text}");
    let (status, wrong) = begin(path, json!({ "kind": "river_stag", "hazard": "river_flood" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(self::text(&wrong["remedy"]).contains("river_stage"), "{wrong}");
    assert_eq!(begin("/api/v1/rules/a%20b", about).await.0, StatusCode::BAD_REQUEST);
    let (_, copy) = begin(path, json!({ "from": "river_flood" })).await;
    assert!(self::text(&copy["text"]).starts_with("//! id       = \"mine\"\n//! mode     = \"shadow\""), "{copy}");

    let put = async |path: &str, text: &str| {
        let headers =
            [("cookie", author.cookie.as_str()), (crate::web::operator::CSRF, &author.csrf), ("if-none-match", "*")];
        let body = json!({ "text": text, "reason": "our own gauge" });
        let (status, answer) = office.send(Method::PUT, path, &headers, Some(body)).await;
        (status, serde_json::from_str::<Value>(&answer).unwrap_or_default())
    };
    let (status, broken) = put(path, &text.replace("seen.last()", "sen.last()")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{broken}");
    let (status, loud) = put(path, &text.replace("\"shadow\"", "\"live\"")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{loud}");
    let (status, other) = put(path, &text.replace("\"mine\"", "\"other\"")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{other}");
    assert_eq!(put(HIGH, RULE).await.0, StatusCode::PRECONDITION_FAILED, "there is one already");
    let seen = office.change(&author, Method::PUT, path, "abc", json!({ "text": text, "reason": "a" })).await;
    assert_eq!(seen.0, StatusCode::NOT_FOUND, "nobody has seen what is not there");

    let (status, answer) = put(path, &text).await;
    assert_eq!((status, &answer["needs_second"]), (StatusCode::OK, &json!(true)), "{answer}");
    let list = office.get(&admin, "/api/v1/rules").await;
    let new = &list["new"][0];
    assert_eq!((&new["rule"], &new["author"], &new["text"]), (&json!("mine"), &json!("rule-author"), &json!(text)));
    assert_eq!(list["rules"].as_array().map(Vec::len), Some(1), "nothing is in force yet");
    let approve = format!("{path}/submissions/{}/approve", new["id"]);
    assert_eq!(office.post(&author, &approve, json!({})).await.0, StatusCode::CONFLICT, "not by its author");
    let (status, answer) = office.post(&admin, &approve, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let rule = office.get(&author, path).await;
    assert_eq!(
        (&rule["mode"], &rule["text"], &rule["author"]),
        (&json!("shadow"), &json!(text), &json!("rule-author"))
    );
    assert_eq!(office.rule_file("mine/mine.rhai"), text);
    assert_eq!(office.get(&admin, "/api/v1/rules").await["new"], json!([]));
    assert_eq!(office.post(&admin, &approve, json!({})).await.0, StatusCode::CONFLICT, "once is enough");
    let chapters = office.get(&author, "/api/v1/reference").await["chapters"].clone();
    assert!(chapters.as_array().is_some_and(|all| all.len() > 5), "{chapters}");
}

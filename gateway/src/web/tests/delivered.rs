//! What had been delivered by a moment of the past: only the last word of each delivery is kept, and that is enough to say
//! what had come to an end by then.

use super::office::{Office, Person};
use crate::store::{DeliveryRow, Fate};
use bongsu_sensors::Time;
use serde_json::{Value, json};

/// A moment of the office's first hour.
fn moment(minute: u32, second: u32) -> String {
    format!("2026-07-08T00:{minute:02}:{second:02}Z")
}

/// The last word of each recipient's delivery, and when it was written.
const LAST: [(&str, Fate, u32, (u32, u32)); 4] = [
    ("mail", Fate::Sent, 1, (2, 10)),
    ("hook", Fate::Rejected, 2, (2, 40)),
    ("siren", Fate::Sent, 4, (5, 0)),
    ("post", Fate::Pending, 3, (4, 0)),
];

/// An incident that was issued two minutes after midnight, and its message with what became of it.
async fn issued(office: &Office, who: &Person) -> (String, String) {
    office.rises("banpo", 2.5).await;
    let incident = office.incident(who, "yongsan").await;
    office.pass(1).await;
    assert_eq!(office.approve(who, &incident, json!({})).await.1["state"], "issued");
    let all = office.reader().transitions_of(&incident, 10).expect("read");
    let said = all.iter().find_map(|(id, found)| Some((*id, found.message.as_ref()?.identifier.clone())));
    let (transition, identifier) = said.expect("a message");
    let row = |(target, state, attempts, (minute, second)): (&str, Fate, u32, (u32, u32))| DeliveryRow {
        channel: "script".into(),
        target: target.into(),
        transition,
        identifier: identifier.clone(),
        state,
        attempts,
        updated: Time::parse(&moment(minute, second)).expect("a moment"),
        detail: format!("{target} says"),
    };
    let rows: Vec<DeliveryRow> = LAST.into_iter().map(row).collect();
    office.desk.errand(move |store| store.put_deliveries("script", &rows, None)).await.expect("written");
    (incident, identifier)
}

#[tokio::test]
async fn what_had_been_delivered_by_a_moment_is_told_as_it_stood() {
    let office = Office::usual();
    let who = office.enter("approver").await;
    let (_, identifier) = issued(&office, &who).await;
    let at = async |minute, second| {
        let listed = office.get(&who, &format!("/api/v1/alerts?at={}", moment(minute, second))).await;
        let asked = format!("/api/v1/deliveries?identifier={identifier}&at={}", moment(minute, second));
        let counts = office.get(&who, &asked).await["counts"].clone();
        (listed["deliveries"].clone(), counts)
    };
    let stood = |counts: Value| (json!({ identifier.as_str(): counts }), counts);
    assert_eq!(at(1, 30).await, (json!({}), json!({})), "nothing was said yet, so nothing was owed");
    assert_eq!(at(2, 0).await, stood(json!({ "pending": 4 })), "it is owed from the moment it is said");
    assert_eq!(at(2, 30).await, stood(json!({ "pending": 3, "sent": 1 })));
    assert_eq!(at(3, 0).await, stood(json!({ "pending": 2, "rejected": 1, "sent": 1 })));
    let last = json!({ "pending": 1, "rejected": 1, "sent": 2 });
    assert_eq!(at(59, 0).await, stood(last.clone()));
    let now = office.get(&who, &format!("/api/v1/deliveries?identifier={identifier}")).await;
    assert_eq!(now["counts"], last, "the last moment is as it is now");
    let live = office.get(&who, "/api/v1/alerts").await;
    assert!(live.get("deliveries").is_none(), "{live}");
}

#[tokio::test]
async fn of_a_delivery_that_was_still_owed_no_more_is_said_than_is_known() {
    let office = Office::usual();
    let who = office.enter("approver").await;
    let (_, identifier) = issued(&office, &who).await;
    let rows = async |query: &str| {
        let found = office.get(&who, &format!("/api/v1/deliveries?identifier={identifier}{query}")).await;
        let row = |row: &Value| {
            let [state, attempts, updated] = ["state", "attempts", "updated"].map(|key| row[key].to_string());
            format!("{} {state} {attempts} {updated} {}", row["target"], row["detail"]).replace('"', "")
        };
        found["deliveries"].as_array().expect("rows").iter().map(row).collect::<Vec<_>>()
    };
    let owed = |target: &str| format!("{target} pending null null null");
    let sent = "mail sent 1 2026-07-08T00:02:10Z mail says".to_owned();
    let half = format!("&at={}", moment(2, 30));
    assert_eq!(rows(&half).await, [owed("post"), owed("siren"), owed("hook"), sent.clone()]);
    assert_eq!(rows(&format!("{half}&state=sent")).await, [sent], "the state is that of then");
    assert_eq!(rows(&format!("{half}&state=pending&channel=script")).await.len(), 3);
    assert!(rows(&format!("{half}&channel=other")).await.is_empty());
    assert!(rows(&format!("&at={}", moment(1, 59))).await.is_empty());
    let later = rows(&format!("&at={}", moment(4, 30))).await;
    assert_eq!(later[0], "post pending 3 2026-07-08T00:04:00Z post says", "what was written by then is known");
    assert_eq!(rows("").await.len(), 4);
    // The rest is asked for of the same moment.
    let page = office.get(&who, &format!("/api/v1/deliveries?limit=3{half}")).await;
    let next = page["next"].as_str().expect("there is more").to_owned();
    assert!(next.ends_with(&half), "{next}");
    assert_eq!(office.get(&who, &next).await["deliveries"].as_array().map(Vec::len), Some(1));
}

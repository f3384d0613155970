//! What other systems read, over the whole life of an incident.

use super::city::City;
use axum::http::StatusCode;
use bongsu_rules::cap::model::{MsgType, ResponseType};
use bongsu_rules::cap::{Alert, check, read};
use bongsu_sensors::Level;

const INCIDENT: &str = "river_flood-seocho-20170710T120000Z";

async fn message(city: &City, number: u32) -> Alert {
    let path = format!("/cap/{INCIDENT}.{number}.xml");
    let (status, body) = city.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    let alert = read(body.as_bytes()).expect(&path);
    assert_eq!(check(&alert), [], "{path}");
    alert
}

#[tokio::test]
async fn a_chain_refers_to_what_stands_and_never_changes() {
    let mut city = City::actual();
    for (number, level) in [(1, Level::Advisory), (2, Level::Watch), (3, Level::Advisory), (4, Level::None)] {
        let transition = city.transition("seocho", number, level, Some(level));
        city.commit(vec![transition], &[]);
        city.pass(10);
        city.restart_herald();
    }
    let first = message(&city, 1).await;
    assert_eq!((first.msg_type, first.references.len()), (MsgType::Alert, 0));
    assert_eq!(first.sent.text(), "2017-07-10T21:00:00+09:00");
    let languages: Vec<&str> = first.infos.iter().map(|info| info.language()).collect();
    assert_eq!(languages, ["ko", "en", "zh-Hans", "ja"]);
    let last = message(&city, 4).await;
    assert_eq!((last.msg_type, last.references.len()), (MsgType::Update, 3));
    assert_eq!(last.references[0], first.reference());
    assert!(last.infos.iter().all(|info| info.response_types == [ResponseType::AllClear]));
    insta::assert_snapshot!("watch", city.get(&format!("/cap/{INCIDENT}.2.xml")).await.1.replace("><", ">\n<"));
}

#[tokio::test]
async fn what_has_expired_is_no_longer_referred_to() {
    let mut city = City::actual();
    for (number, minutes) in [(1, 361), (2, 1), (3, 0)] {
        let transition = city.transition("seocho", number, Level::Watch, Some(Level::Watch));
        city.commit(vec![transition], &[]);
        city.pass(minutes);
    }
    let named = |alert: &Alert| alert.references.iter().map(|r| r.identifier.clone()).collect::<Vec<_>>();
    // An update must name something: the one it continues, though that has expired.
    assert_eq!(named(&message(&city, 2).await), [format!("{INCIDENT}.1")]);
    assert_eq!(named(&message(&city, 3).await), [format!("{INCIDENT}.2")]);
}

#[tokio::test]
async fn the_feed_lists_the_newest_message_of_each_incident_for_two_days() {
    let mut city = City::actual();
    let empty = city.get("/feed.atom").await.1;
    assert!(!empty.contains("<entry>") && empty.contains("<title>Bongsu &amp; &lt;City&gt;</title>"), "{empty}");
    for (area, number, level) in [("seocho", 1, Level::Watch), ("evil", 1, Level::Watch), ("seocho", 2, Level::None)] {
        let transition = city.transition(area, number, level, Some(level));
        city.commit(vec![transition], &[]);
    }
    let (_, feed) = city.get("/feed.atom?lang=en").await;
    assert_eq!(feed.matches("<entry>").count(), 2, "{feed}");
    let address = format!("https://warning.example.city/cap/{INCIDENT}.2.xml");
    assert!(feed.contains(&format!("<id>{address}</id>")), "{feed}");
    assert!(feed.contains(&format!("type=\"application/cap+xml\" href=\"{address}\"/>")), "{feed}");
    assert!(feed.contains("<title>Over: river flooding, Jamsu Bridge, Seocho-gu</title>"), "{feed}");
    assert!(!feed.contains("<script") && !feed.contains("<img"), "{feed}");
    city.pass(25 * 60);
    assert!(city.get("/feed.atom").await.1.contains(&address), "ended a day ago");
    city.pass(24 * 60);
    let (_, feed) = city.get("/feed.atom").await;
    assert!(!feed.contains(&address) && feed.contains("<entry>"), "{feed}");
}

#[tokio::test]
async fn what_is_no_message_is_not_found() {
    let city = City::actual();
    for path in ["/cap/x.xml", "/cap/x", "/cap/..%2Fx.xml", &format!("/cap/{}.xml", "x".repeat(400))] {
        assert_eq!(city.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

//! The pages: languages, hostile names, weight, freshness, and that nothing is asked of anybody else.

use super::city::{CITY_TEXT, City, ask, text};
use axum::http::{StatusCode, header};
use bongsu_rules::incident::Status;
use bongsu_sensors::Level;
use sha2::{Digest, Sha256};

/// A first page weighs at most this with its style.
const PAGE_BYTES: usize = 30_000;

#[tokio::test]
async fn the_reader_chooses_the_language() {
    let city = City::actual();
    for (path, accepted, expected) in [
        ("/", "", "ko"),
        ("/", "en-GB,en;q=0.9", "en"),
        ("/", "fr,ko;q=0.3,en;q=0.2", "ko"),
        ("/?lang=en", "ko", "en"),
        ("/?lang=zh", "en", "zh"),
        ("/?lang=fr", "en", "en"),
        ("/?utm_source=x&lang=en", "", "en"),
    ] {
        let response = ask(city.public(), path, &[("accept-language", accepted)]).await;
        assert_eq!(response.headers()[header::CONTENT_LANGUAGE], expected, "{path} {accepted}");
        let (_, page) = text(response).await;
        assert!(page.contains(&format!("<html lang=\"{expected}\">")), "{path} {accepted}");
    }
}

#[tokio::test]
async fn hostile_names_are_text() {
    let mut city = City::actual();
    let transition = city.transition("evil", 1, Level::Watch, Some(Level::Watch));
    let incident = transition.incident.id.clone();
    let observations: Vec<_> = (0..30).map(|n| city.observation("hostile", n, 1.5)).collect();
    city.pass(30);
    city.commit(vec![transition], &observations);
    for path in
        ["/".to_owned(), format!("/alerts/{incident}"), "/alerts/%3Cscript%3Ealert(4)%3C%2Fscript%3E".to_owned()]
    {
        for lang in ["ko", "en"] {
            let (_, page) = city.get(&format!("{path}?lang={lang}")).await;
            assert!(
                !page.contains("<script") && !page.contains("<img") && !page.contains("onerror=alert(1)>"),
                "{page}"
            );
            assert!(page.contains("&lt;City&gt;"));
            assert_eq!(page.matches("</style>").count(), 1);
        }
    }
    let (_, page) = city.get("/?lang=ko").await;
    assert!(page.contains("&lt;script&gt;alert('구')") && page.contains("<svg class=\"chart\""), "{page}");
}

/// Sixty districts, each with a flood, and six hours of water.
fn crowded() -> City {
    let mut cities =
        CITY_TEXT.replace("]\n\n[[station]]\nid = \"jamsu\"", "    #more\n]\n\n[[station]]\nid = \"jamsu\"");
    let more: String = (0..60)
        .map(|n| format!("{{ code = \"gu{n}\", kind = \"sigungu\", name = {{ ko = \"가나다라마바{n}구\", en = \"A long district name {n}\" }} }},\n"))
        .collect();
    cities = cities.replacen("#more", &more, 1);
    let mut city = City::of(Status::Exercise, &cities);
    let observations: Vec<_> = (0..360)
        .map(|n| city.observation("jamsu", n, 4.0 + f64::from(i32::try_from(n).expect("small")) / 140.0))
        .collect();
    city.pass(360);
    let mut transitions: Vec<_> = (0..60_u32)
        .map(|n| {
            let level = Level::RAISED[n as usize % 4];
            let mut transition = city.transition(&format!("gu{n}"), 1, level, Some(level));
            let check = transition.incident.evidence[0].clone();
            transition.incident.evidence = vec![check; 32];
            transition
        })
        .collect();
    transitions.push(city.transition("seocho", 1, Level::None, Some(Level::None)));
    city.commit(transitions, &observations);
    city
}

#[tokio::test]
async fn the_first_page_is_light_on_the_worst_day() {
    let city = crowded();
    for lang in ["ko", "en"] {
        let (status, page) = city.get(&format!("/?lang={lang}&live=1")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.len() <= PAGE_BYTES, "{lang}: {} bytes", page.len());
        assert_eq!(page.matches("<article").count(), 5);
        assert_eq!(page.matches("<svg class=\"chart\"").count(), 3, "the others have theirs on their own page");
        assert!(page.contains("+ 45 "), "what is left out is counted");
    }
}

#[tokio::test]
async fn the_districts_of_one_event_stand_together() {
    let mut city = City::actual();
    let areas = ["seocho", "yongsan", "banpo"];
    let transitions = areas.map(|area| {
        let mut transition = city.transition(area, 1, Level::Watch, Some(Level::Watch));
        transition.incident.group = "one".into();
        transition
    });
    city.commit(transitions.into(), &[]);
    let (_, page) = city.get("/?lang=en").await;
    assert_eq!((page.matches("<article").count(), page.matches("<h3>").count()), (1, 3));
    assert!(page.contains("Alerts now (3)"), "an event counts as the incidents it is: {page}");
}

#[tokio::test]
async fn a_page_runs_nothing_and_asks_nobody() {
    let city = crowded();
    let response = ask(city.public(), "/", &[]).await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    let (_, page) = text(response).await;
    assert!(!page.contains("<script") && !page.contains("style=\"") && !page.contains(" src="), "{page}");
    assert!(!page.contains("http-equiv"), "nothing reloads by itself unless asked to");
    assert!(city.get("/?live=1").await.1.contains("http-equiv=\"refresh\""));
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("style").0;
    assert!(!style.contains("url(") && !style.contains("@import"));
    // The hash in the policy is that of the style in the page, or a browser shows the page bare.
    let digest = Sha256::digest(style);
    let named = policy.split_once("sha256-").and_then(|(_, rest)| rest.split_once('\'')).expect("hash").0;
    assert_eq!(unbase64(named), digest.to_vec());
}

fn unbase64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u32> = text
        .bytes()
        .filter(|byte| *byte != b'=')
        .map(|byte| LETTERS.iter().position(|letter| *letter == byte).expect("letter") as u32)
        .collect();
    let bytes = bits.chunks(4).flat_map(|four| {
        let joined = four.iter().fold(0, |joined, six| joined << 6 | six) << (6 * (4 - four.len()));
        [joined >> 16, joined >> 8, joined].map(|byte| (byte & 255) as u8).into_iter().take(four.len() - 1)
    });
    bytes.collect()
}

#[tokio::test]
async fn a_page_says_when_it_is_not_current() {
    let city = City::actual();
    assert!(!city.get("/?lang=en").await.1.contains("role=\"alert\""));
    assert!(city.get("/?lang=en").await.1.contains("more than a minute old"), "shown by the style after a minute");
    let mut city = City::actual();
    city.shared.heartbeat(city.now, "the disk is full", None);
    let (_, page) = city.get("/?lang=en").await;
    assert!(page.contains("role=\"alert\"") && page.contains("Not current."));
    assert!(!page.contains("There is no alert now.") && !page.contains("No alert"), "nobody can know that");
    // A restart alone is no reason, a missing heartbeat is.
    city.restart();
    assert!(!city.get("/?lang=en").await.1.contains("role=\"alert\""));
}

#[tokio::test]
async fn the_situation_names_every_district_in_colour_shape_and_words() {
    let mut city = City::actual();
    let park = city.transition("banpo", 1, Level::Emergency, Some(Level::Emergency));
    let district = city.transition("seocho", 1, Level::Watch, Some(Level::Watch));
    city.commit(vec![park, district], &[]);
    let (_, page) = city.get("/?lang=en").await;
    let districts = page.split_once("By district").expect("districts").1;
    // The park lies in the district, which is as dangerous as its most dangerous part.
    let danger = districts.split_once("Seocho-gu").expect("district").0;
    assert!(danger.contains("class=\"chip l4\"") && danger.contains("<svg") && danger.contains("Life at risk"));
    assert!(districts.contains("<strong>No alert</strong>: Yongsan-gu"), "{districts}");
}

#[tokio::test]
async fn the_page_of_an_incident_tells_its_story() {
    let mut city = City::actual();
    let observations: Vec<_> = (0..60).map(|n| city.observation("jamsu", n, 5.0 + n as f64 / 30.0)).collect();
    for (number, level) in [Level::Advisory, Level::Watch, Level::None].into_iter().enumerate() {
        let number = u32::try_from(number).expect("small") + 1;
        let transition = city.transition("seocho", number, level, Some(level));
        city.commit(vec![transition], if number == 1 { &observations } else { &[] });
        city.pass(30);
    }
    let (status, page) = city.get("/alerts/river_flood-seocho-20170710T120000Z?lang=en").await;
    assert_eq!(status, StatusCode::OK);
    let timeline = page.split_once("What was said").expect("timeline").1;
    let order: Vec<usize> =
        ["Over: ", "Danger: ", "Take care: "].iter().map(|word| timeline.find(word).expect(word)).collect();
    assert!(order.is_sorted(), "newest first");
    assert!(page.contains("<svg class=\"chart\"") && page.contains("≥\u{a0}6.2\u{a0}m"), "{page}");
    assert!(page.contains("10 Jul, 21:00"), "the city's time: {page}");
    let one = city.json("/api/v1/alerts/river_flood-seocho-20170710T120000Z").await;
    assert_eq!(one["timeline"].as_array().map(Vec::len), Some(3));
    assert_eq!(one["alert"]["state"], "ended");
}

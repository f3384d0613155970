//! Messages there and back, each rule with a message that breaks it, and what strangers send.

use super::check::check_chain;
use super::import::{Gate, ImportError, import};
use super::model::{Category, Certainty, MsgType, Pair, ResponseType, Scope, Severity, Status, Urgency};
use super::tree::TreeError;
use super::write::{DECLARATION, escape};
use super::*;
use bongsu_sensors::Time;
use proptest::prelude::*;

fn moment(text: &str) -> Moment {
    Moment::parse(text).expect(text)
}

fn reference(identifier: &str, sent: &str) -> Reference {
    Reference { sender: "bongsu.example".into(), identifier: identifier.into(), sent: moment(sent) }
}

fn info(language: &str) -> Info {
    Info {
        language: Some(language.into()),
        categories: vec![Category::Met],
        event: "하천 범람 <1>".into(),
        response_types: vec![ResponseType::Evacuate],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        audience: Some("모두".into()),
        event_codes: vec![Pair::new("bongsu:hazard", "river_flood")],
        effective: Some(moment("2026-07-08T20:31:00+09:00")),
        onset: Some(moment("2026-07-08T20:31:00+09:00")),
        expires: Some(moment("2026-07-09T02:31:00+09:00")),
        sender_name: Some("서초구".into()),
        headline: Some("잠수교 & 반포 \"침수\"".into()),
        description: Some("수위 6.5 m > 6.2 m\r\n\t둘째 줄".into()),
        instruction: Some("지금 대피하세요.".into()),
        web: Some("https://warning.example/alerts/x?lang=ko&live=1".into()),
        contact: Some("120".into()),
        parameters: vec![Pair::new("bongsu:level", "warning")],
        resources: vec![Resource {
            description: "수어".into(),
            mime_type: "video/mp4".into(),
            size: Some("1024".into()),
            uri: Some("https://warning.example/sign.mp4".into()),
            deref_uri: None,
            digest: None,
        }],
        areas: vec![Area {
            description: "서초구".into(),
            polygons: vec![vec![[37.5, 126.99], [37.51, 127.0], [37.49, 127.01], [37.5, 126.99]]],
            circles: vec![([37.5, 127.0], 2.5)],
            geocodes: vec![Pair::new("bjd", "1165000000")],
            altitude: None,
            ceiling: None,
        }],
    }
}

fn alert() -> Alert {
    Alert {
        identifier: "river_flood-seocho-20260708T113100Z.2".into(),
        sender: "bongsu.example".into(),
        sent: moment("2026-07-08T20:31:00+09:00"),
        status: Status::Actual,
        msg_type: MsgType::Update,
        source: None,
        scope: Scope::Public,
        restriction: None,
        addresses: None,
        codes: vec!["profile:x".into()],
        note: Some("note".into()),
        references: vec![reference("river_flood-seocho-20260708T113100Z.1", "2026-07-08T20:21:00+09:00")],
        incidents: Some("river_flood-seocho-20260708T113100Z".into()),
        infos: vec![info("ko"), info("en")],
        is_signed: false,
    }
}

#[test]
fn a_message_is_read_back_as_it_was_written() {
    let alert = alert();
    assert_eq!(check(&alert), []);
    let text = format!("{DECLARATION}{}", write(&alert));
    assert_eq!(read(text.as_bytes()), Ok(alert));
    assert!(text.contains("<headline>잠수교 &amp; 반포 \"침수\"</headline>"), "{text}");
    assert!(text.contains("6.5 m &gt; 6.2 m&#xD;\n\t둘째"), "{text}");
}

#[test]
fn every_rule_above_the_schema_is_broken_once() {
    let broken = |spoil: &dyn Fn(&mut Alert)| {
        let mut alert = alert();
        spoil(&mut alert);
        let faults: Vec<String> = check(&alert).iter().map(ToString::to_string).collect();
        assert_eq!(read(write(&alert).as_bytes()).as_ref(), Ok(&alert), "the schema lets it pass");
        faults.join(" | ")
    };
    let check = |spoil: &dyn Fn(&mut Alert), expect: &str| {
        let faults = broken(spoil);
        assert!(faults.contains(expect), "{faults:?} lacks {expect:?}");
    };
    check(&|a| a.identifier = "a b".into(), "<identifier> \"a b\"");
    check(&|a| a.sender = "a,b".into(), "<sender>");
    check(&|a| a.references.clear(), "must refer");
    check(&|a| a.references[0] = a.reference(), "itself");
    check(&|a| a.references[0].sent = moment("2026-07-08T20:31:01+09:00"), "after it");
    check(&|a| a.infos.clear(), "no <info>");
    check(&|a| a.infos[1].language = Some("KO".into()), "two <info>");
    check(&|a| a.infos[1].categories = vec![Category::Geo], "same category");
    check(&|a| a.infos[1].event_codes.clear(), "same eventCode");
    check(&|a| a.infos[0].expires = None, "no <expires>");
    check(&|a| a.infos[0].onset = Some(moment("2026-07-09T02:31:01+09:00")), "onset is after expires");
    check(&|a| a.infos[0].effective = Some(moment("2026-07-08T20:30:59+09:00")), "sent is after effective");
    check(&|a| a.infos[0].areas.clear(), "no <area>");
    check(&|a| a.infos[0].headline = Some("<b>flood</b>".into()), "HTML");
    check(&|a| a.infos[0].instruction = Some("a&nbsp;b".into()), "HTML");
    check(&|a| a.scope = Scope::Private, "<addresses>");
    check(&|a| a.scope = Scope::Restricted, "<restriction>");
    let ring = |ring: &[[f64; 2]]| {
        let ring = ring.to_vec();
        move |a: &mut Alert| a.infos[0].areas[0].polygons[0] = ring.clone()
    };
    check(&ring(&[[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), "fewer than four");
    check(&ring(&[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]), "not closed");
    check(&ring(&[[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]), "crosses itself");
    check(&ring(&[[0.0, 0.0], [0.0, 181.0], [1.0, 1.0], [0.0, 0.0]]), "outside the earth");
    check(&|a| a.infos[0].areas[0].circles[0].1 = -1.0, "no radius");
    assert_eq!(broken(&|a| a.infos[0].description = Some("3 < 5 & 7 > 6; <3 <City>".into())), "");
}

#[test]
fn a_chain_refers_to_everything_that_stands() {
    let alert = alert();
    let first = (alert.references[0].clone(), Time::parse("2026-07-09T02:21:00+09:00").expect("time"));
    let other = reference("river_flood-seocho-20260708T113100Z.0", "2026-07-08T14:00:00+09:00");
    let stands = (other.clone(), Time::parse("2026-07-08T20:31:01+09:00").expect("time"));
    let gone = (other, Time::parse("2026-07-08T20:31:00+09:00").expect("time"));
    assert_eq!(check_chain(&alert, &[first.clone(), gone]), []);
    assert_eq!(check_chain(&alert, &[first, stands]).len(), 1);
}

#[test]
fn the_schema_is_kept() {
    let whole = write(&alert());
    let refused = |from: &str, to: &str, expect: &str| {
        assert!(whole.contains(from), "{from}");
        let text = whole.replacen(from, to, 1);
        let error = read(text.as_bytes()).expect_err(&text).to_string();
        assert!(error.contains(expect), "{error:?} lacks {expect:?}");
    };
    refused("cap:1.2", "cap:1.1", "only an \"alert\"");
    refused("<scope>Public</scope>", "", "<scope>");
    refused("<status>Actual</status>", "<status> Actual</status>", "words of the standard");
    refused("+09:00</sent>", "Z</sent>", "a time such as");
    refused("20:31:00+09:00</sent>", "20:31:00.5+09:00</sent>", "a time such as");
    refused(
        "<status>Actual</status><msgType>Update</msgType>",
        "<msgType>Update</msgType><status>Actual</status>",
        "fixed order",
    );
    refused("<identifier>", "<identifier><b/>", "only text");
    refused("<identifier>", "loose<identifier>", "elements only");
    refused("<polygon>37.5,", "<polygon>north,", "latitude first");
    refused("<circle>37.5,127 2.5", "<circle>37.5,127", "a point and kilometres");
    refused("<language>ko", "<language>한국어", "language tag");
    refused("</alert>", "<more/></alert>", "only <info> may stand");
    refused("</alert>", "", "no end");
    refused("</alert>", "</alert><alert/>", "behind its end");
    refused("<identifier>", "<identifier>&copy;", "&copy;");
}

#[test]
fn nothing_is_expanded_and_nothing_fetched() {
    let bomb = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><alert>&x;</alert>";
    assert_eq!(tree::read(bomb.as_bytes()).err(), Some(TreeError::Doctype));
    let deep = "<a>".repeat(40);
    assert_eq!(tree::read(deep.as_bytes()).err(), Some(TreeError::TooLarge));
    assert_eq!(tree::read(&vec![b' '; tree::LONGEST_BYTES + 1]).err(), Some(TreeError::TooLarge));
    assert_eq!(tree::read(b"<a>\xff</a>").err(), Some(TreeError::Encoding));
    let latin = tree::read(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9&#x41;&#9;</a>").expect("latin");
    assert_eq!(latin.text, "éA\t");
}

#[test]
fn strangers_are_judged() {
    let at = |text: &str| Time::parse(text).expect(text);
    let mut alert = alert();
    let known = alert.references[0].clone();
    let senders = ["bongsu.example".to_owned()];
    let is_known = |reference: &Reference| *reference == known;
    let gate =
        Gate { now: at("2026-07-08T20:32:00+09:00"), senders: &senders, must_be_signed: false, is_known: &is_known };
    let take = |alert: &Alert, gate: &Gate<'_>| import(write(alert).as_bytes(), gate);
    assert_eq!(take(&alert, &gate).as_ref(), Ok(&alert));
    assert_eq!(take(&alert, &Gate { senders: &[], ..gate }), Err(ImportError::Stranger("bongsu.example".into())));
    assert_eq!(take(&alert, &Gate { must_be_signed: true, ..gate }), Err(ImportError::Unsigned));
    assert_eq!(take(&alert, &Gate { is_known: &|_| true, ..gate }), Err(ImportError::Known));
    assert!(matches!(take(&alert, &Gate { is_known: &|_| false, ..gate }), Err(ImportError::UnknownReference(_))));
    let early = Gate { now: at("2026-07-08T20:20:00+09:00"), ..gate };
    assert!(matches!(take(&alert, &early), Err(ImportError::Future(_))));
    let late = Gate { now: at("2026-07-09T02:31:00+09:00"), ..gate };
    assert!(matches!(take(&alert, &late), Err(ImportError::Expired(_))));
    alert.status = Status::Exercise;
    assert!(matches!(take(&alert, &gate), Err(ImportError::NotForAll { .. })));
    alert.references.clear();
    assert!(matches!(take(&alert, &gate), Err(ImportError::Faults(_))));
}

/// A second reader, by another author.
#[test]
fn another_reader_takes_what_we_write() {
    let text = format!("{DECLARATION}{}", write(&alert()));
    let other: oasiscap::Alert = text.parse().expect("oasiscap reads it");
    let oasiscap::Alert::V1dot2(other) = other else { panic!("not read as 1.2") };
    assert_eq!(other.identifier.to_string(), alert().identifier);
    assert_eq!(other.info.len(), 2);
    assert_eq!(other.info[0].headline.as_deref(), alert().infos[0].headline.as_deref());
}

proptest! {
    #[test]
    fn whatever_comes_does_not_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_changed_byte_never_stops_the_reader(at in 0_usize..4000, byte in any::<u8>()) {
        let mut text = write(&alert()).into_bytes();
        let at = at % text.len();
        text[at] = byte;
        if let Ok(read) = read(&text) {
            let _ = check(&read);
        }
    }

    #[test]
    fn every_text_survives(text in "\\PC*", control in any::<char>()) {
        let mut alert = alert();
        alert.note = Some(format!("{text}{control}"));
        let back = read(write(&alert).as_bytes()).expect("reads");
        let is_carried = |letter: char| !matches!(letter, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
        let expected: String =
            format!("{text}{control}").chars().map(|letter| if is_carried(letter) { letter } else { '\u{fffd}' }).collect();
        prop_assert_eq!(back.note, Some(expected));
        let mut escaped = String::new();
        escape(&text, &mut escaped);
        prop_assert!(!escaped.contains('<'));
    }
}

/// Where a message stands at stations of a small city, for each way in which it may name them.
#[test]
fn a_message_of_an_agency_stands_where_and_as_high_as_it_says() {
    let city = r#"
timezone = "Asia/Seoul"
area = [
    { code = "seoul", kind = "sido", geocode = { bjd = "1100000000" } },
    { code = "seocho", parent = "seoul", geocode = { bjd = "1165000000" } },
    { code = "banpo", kind = "eupmyeondong", parent = "seocho", geocode = { bjd = "1165010700" } },
    { code = "mapo", parent = "seoul", geocode = { bjd = "1144000000" } },
]
station = [{ id = "kma", position = [37.5, 127.0], area = "seocho", datastream = [{ kind = "agency_level" }] }]
"#;
    let source = bongsu_sensors::mistake::Source::new("stations.toml", city);
    let catalog = bongsu_sensors::Catalog::parse(&source, |_| Err("none".into())).expect("a catalog");
    let at = |change: &dyn Fn(&mut Info)| {
        let mut info = info("ko");
        info.areas[0] = Area::default();
        info.response_types = Vec::new();
        change(&mut info);
        let alert = Alert { infos: vec![info], msg_type: MsgType::Alert, references: Vec::new(), ..alert() };
        announced::at(&alert, &catalog, &catalog.stations[0]).map(|level| level.to_string())
    };
    let coded = |code: &str| at(&|info| info.areas[0].geocodes = vec![Pair::new("bjd", code)]);
    let said = |event: &str| {
        at(&|info| {
            info.event = event.into();
            info.areas[0].geocodes = vec![Pair::new("bjd", "1165000000")];
        })
    };
    let check = |found: Option<String>, expected: Option<&str>| assert_eq!(found.as_deref(), expected);
    // Its own area, one around it, a part of it, another one.
    check(coded("1165000000"), Some("warning"));
    check(coded("1100000000"), Some("warning"));
    check(coded("1165010700"), Some("warning"));
    check(coded("1144000000"), None);
    check(at(&|info| info.areas[0].geocodes = vec![Pair::new("other", "1165000000")]), None);
    check(at(&|info| info.areas[0].geocodes = vec![Pair::new("other", "seocho")]), Some("warning"));
    let ring = vec![[37.4, 126.9], [37.6, 126.9], [37.6, 127.1], [37.4, 126.9]];
    check(at(&|info| info.areas[0].polygons = vec![ring.clone()]), Some("warning"));
    check(at(&|info| info.areas[0].circles = vec![([37.51, 127.0], 1.2)]), Some("warning"));
    check(at(&|info| info.areas[0].circles = vec![([37.51, 127.0], 1.0)]), None);
    // The agencies' own words go before the severity.
    check(said("호우주의보"), Some("watch"));
    check(said("홍수경보"), Some("warning"));
    check(said("호우경보 해제"), Some("none"));
    check(said("호우주의보 해제 및 호우경보 발표"), Some("warning"));
    check(said("Flood"), Some("warning"));
    let over = |info: &mut Info| {
        info.areas[0].geocodes = vec![Pair::new("bjd", "1165000000")];
        info.response_types = vec![ResponseType::AllClear];
    };
    check(at(&over), Some("none"));
    let cancelled = Alert { msg_type: MsgType::Cancel, ..alert() };
    assert_eq!(announced::at(&cancelled, &catalog, &catalog.stations[0]), None);
}

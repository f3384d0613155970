//! Who may say and hear what: cases an attacker tries, and a million random questions against a second opinion.
//!
//! The second opinion does not look at prefixes. It lists the topics there are, says of each who may say or hear it,
//! and allows a filter only if every topic it matches may be heard.

use super::*;
use crate::device::{self, Answer, Request};
use crate::owed::Owed;
use crate::pipeline::Errand;
use crate::store::{Reader, Store};
use bongsu_broker::matches;
use bongsu_rules::incident::Status;
use bongsu_sensors::mistake::Source;

const CATALOG: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
[[station]]
id = "jamsu"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "river_stage" }]
[[station]]
id = "jam"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "river_stage" }]
[[station]]
id = "hangang"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "river_stage" }]
[[source]]
topic = "hydro/+/data"
station = "{1}"
decode = { river_stage = "/lvl" }
[[source]]
topic = "both/data"
decode = { "jamsu/river_stage" = "/a", "hangang/river_stage" = "/b" }
[[source]]
topic = "spBv1.0/han/+/gw1"
station = "jamsu"
decode = "sparkplug-b"
"#;

/// The city, with one device for `jamsu` and one concentrator for `jamsu` and `hangang`.
struct City {
    authority: CityAuthority,
    who: Vec<(&'static str, Arc<Identity>)>,
    /// What is to be written into the audit.
    errands: std::sync::mpsc::Receiver<Errand>,
}

fn connect(
    authority: &CityAuthority,
    plane: Plane,
    username: Option<&str>,
    password: &str,
) -> Result<Arc<Identity>, Denial> {
    let password = Some(password.as_bytes());
    let credentials = Credentials { client_id: "c", username, password, certificate: None };
    authority.connect(plane, "127.0.0.1:1".parse().expect("an address"), &credentials)
}

fn city(allow_anonymous_devices: bool) -> City {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(&folder.path().join("city.db"), Status::Test, 10).expect("a store");
    let mut add = |stations: &[&str]| {
        let stations = stations.iter().map(|station| (*station).to_owned()).collect();
        match device::execute(&mut store, &Request::Add { stations, now: 1, certificate: None }, None) {
            Ok(Answer::Credentials { username, password }) => (username, password),
            other => panic!("{other:?}"),
        }
    };
    let (one, both) = (add(&["jamsu"]), add(&["jamsu", "hangang"]));
    let devices = Devices::default();
    devices.refresh(&store).expect("it is read");
    let here = super::City::default();
    let catalog = Catalog::parse(&Source::new("stations.toml", CATALOG), |_| Err("none".into()));
    here.set(Arc::new(catalog.expect("a good catalog")));
    let (errand, errands) = std::sync::mpsc::channel();
    let authority = CityAuthority {
        devices,
        people: People::default(),
        trusts_operators: true,
        allow_anonymous_devices,
        has_remote: false,
        city: here,
        denied: Denied::new(Owed::new(errand)),
    };
    let enter = |plane, login: Option<&(String, String)>| {
        let (name, password) = login.map_or((None, ""), |(name, password)| (Some(name.as_str()), password.as_str()));
        connect(&authority, plane, name, password).expect("let in")
    };
    let mut who = vec![
        ("device", enter(Plane::Devices, Some(&one))),
        ("concentrator", enter(Plane::Devices, Some(&both))),
        ("citizen", enter(Plane::Public, None)),
    ];
    if allow_anonymous_devices {
        who.push(("anybody", enter(Plane::Devices, None)));
    }
    City { authority, who, errands }
}

impl City {
    fn who(&self, name: &str) -> &Identity {
        &self.who.iter().find(|(known, _)| *known == name).expect("somebody").1
    }
}

/// Topics and filters that an escape is made of.
const FORBIDDEN_TOPICS: [&str; 44] = [
    "bongsu/v1/hangang/obs",
    "bongsu/v1/jam/obs",
    "bongsu/v1/jamsu2/obs",
    "bongsu/v1/JAMSU/obs",
    "bongsu/v1/jamsu /obs",
    "bongsu/v1/jamsu//obs",
    "bongsu/v1//jamsu/obs",
    "/bongsu/v1/jamsu/obs",
    "bongsu/v1/jamsu/obs/",
    "bongsu/v1/jamsu/obs/x",
    "bongsu/v1/jamsu/../hangang/obs",
    "bongsu/v1/./jamsu/obs",
    "bongsu/v1/hangang/../jamsu/obs",
    "bongsu/v1/jamsu/errors",
    "bongsu/v1/jamsu/cmd",
    "bongsu/v1/jamsu/cmd/ack/x",
    "bongsu/v1/jamsu/OBS",
    "bongsu/v1/jamsu/live",
    "bongsu/v1/jamsu",
    "bongsu/v1/",
    "bongsu/v1",
    "bongsu/v2/jamsu/obs",
    "BONGSU/v1/jamsu/obs",
    "bongsu/v1/system",
    "bongsu/v1/system/x",
    "bongsu/v1/alerts/seocho/river_flood",
    "bongsu/v1/exercise/seocho/river_flood",
    "bongsu/v1/ops/seocho/river_flood",
    "bongsu/v1/live/jamsu/river_stage",
    "bongsu/v1/alerts/obs",
    "bongsu/v1/live/obs",
    "$SYS/broker/uptime",
    "$share/g/bongsu/v1/jamsu/obs",
    "$bongsu/v1/jamsu/obs",
    "hydro/hangang/data",
    "hydro/nowhere/data",
    "hydro//data",
    "hydro/jamsu/data/x",
    "hydro/jamsu",
    "both/data",
    "spBv1.0/han/NCMD/gw2",
    "spBv1.0/other/NDATA/gw1",
    "bongsu/v1/jamsu\u{200b}/obs",
    "é/x",
];

/// What a device of `jamsu` must not hear.
const FORBIDDEN_FILTERS: [&str; 40] = [
    "#",
    "+",
    "+/#",
    "+/+/#",
    "bongsu/#",
    "bongsu/+/#",
    "bongsu/v1/#",
    "bongsu/v1/+",
    "bongsu/v1/+/#",
    "bongsu/v1/+/obs",
    "bongsu/v1/+/cmd",
    "bongsu/v1/+/+/+",
    "bongsu/v1/ops/#",
    "bongsu/v1/ops/seocho/river_flood",
    "bongsu/v1/ops",
    "bongsu/v1/live/#",
    "bongsu/v1/live/+/river_stage",
    "bongsu/v1/live/hangang/river_stage",
    "bongsu/v1/live/hangang/#",
    "bongsu/v1/live/jam/#",
    "bongsu/v1/live/jamsu2/#",
    "bongsu/v1/hangang/#",
    "bongsu/v1/hangang/cmd",
    "bongsu/v1/jam/#",
    "bongsu/v1/jamsu2/#",
    "bongsu/v1/jamsu",
    "bongsu/v1/jamsu#",
    "/bongsu/v1/jamsu/#",
    "bongsu//v1/jamsu/#",
    "+/v1/jamsu/#",
    "bongsu/+/jamsu/#",
    "$SYS/#",
    "$SYS/broker/+",
    "hydro/#",
    "hydro/+/data",
    "spBv1.0/#",
    "spBv1.0/+/NCMD/+",
    "spBv1.0/han/NCMD/+",
    "spBv1.0/han/NDATA/gw1",
    "spBv1.0/other/NCMD/gw1",
];

#[test]
fn two_hundred_escapes_are_denied() {
    let city = city(false);
    let mut tried = 0;
    for name in ["device", "citizen"] {
        for topic in FORBIDDEN_TOPICS {
            assert!(city.authority.may_publish(city.who(name), topic).is_err(), "{name} publishes {topic}");
            tried += 1;
        }
        for filter in FORBIDDEN_FILTERS {
            assert!(city.authority.may_subscribe(city.who(name), filter).is_err(), "{name} hears {filter}");
            tried += 1;
        }
    }
    let allowed = ["bongsu/v1/jamsu/obs", "bongsu/v1/hangang/senml", "both/data", "hydro/hangang/data"];
    for topic in FORBIDDEN_TOPICS.iter().filter(|topic| !allowed.contains(topic) && !topic.contains("/hangang/obs")) {
        let denied = city.authority.may_publish(city.who("concentrator"), topic).is_err();
        assert!(denied, "the concentrator publishes {topic}");
        tried += 1;
    }
    for topic in allowed {
        assert!(city.authority.may_publish(city.who("citizen"), topic).is_err(), "a citizen publishes {topic}");
        assert!(city.authority.may_publish(city.who("concentrator"), topic).is_ok(), "{topic}");
        tried += 1;
    }
    assert!(tried >= 200, "{tried}");
}

#[test]
fn what_is_allowed_is_allowed() {
    let city = city(true);
    for topic in ["obs", "senml", "status", "event", "cmd/ack"].map(|leaf| format!("bongsu/v1/jamsu/{leaf}")) {
        assert!(city.authority.may_publish(city.who("device"), &topic).is_ok(), "{topic}");
        assert!(city.authority.may_publish(city.who("anybody"), &topic).is_ok(), "{topic}");
    }
    for topic in ["hydro/jamsu/data", "spBv1.0/han/NDATA/gw1", "spBv1.0/han/NDEATH/gw1"] {
        assert!(city.authority.may_publish(city.who("device"), topic).is_ok(), "{topic}");
    }
    for filter in ["bongsu/v1/jamsu/cmd", "bongsu/v1/jamsu/#", "bongsu/v1/live/jamsu/+", "spBv1.0/han/NCMD/gw1"] {
        assert!(city.authority.may_subscribe(city.who("device"), filter).is_ok(), "{filter}");
        assert!(city.authority.may_subscribe(city.who("citizen"), filter).is_err(), "{filter}");
    }
    for filter in ["bongsu/v1/alerts/#", "bongsu/v1/alerts/+/river_flood", "bongsu/v1/exercise/#", "bongsu/v1/system"] {
        for name in ["device", "citizen", "anybody"] {
            assert!(city.authority.may_subscribe(city.who(name), filter).is_ok(), "{name}: {filter}");
        }
    }
}

#[test]
fn nobody_comes_in_by_another_door() {
    let city = city(false);
    let enter = |plane, username, password| connect(&city.authority, plane, username, password);
    let own = city.who("device").username.clone();
    for (username, password) in [(None, ""), (Some(own.as_str()), "wrong"), (Some(own.as_str()), ""), (Some("x"), "")] {
        let denial = enter(Plane::Devices, username, password).expect_err("nobody");
        assert_eq!(denial.reason, bongsu_broker::Reason::BAD_USER_NAME_OR_PASSWORD);
        assert!(!denial.text.contains(&own), "{denial}");
    }
    // On the public plane everybody is a citizen, whatever name they give.
    let named = enter(Plane::Public, Some(&own), "wrong").expect("anybody may listen");
    assert!(city.authority.may_publish(&named, "bongsu/v1/jamsu/obs").is_err());
}

/// Every topic there is in a small city.
fn all_topics() -> Vec<String> {
    let mut all =
        vec!["bongsu/v1/system".to_owned(), "$SYS/broker/uptime".into(), "other/x".into(), "both/data".into()];
    for station in ["jamsu", "jam", "hangang"] {
        all.extend(Leaf::ALL.map(|leaf| format!("bongsu/v1/{station}/{}", leaf.name())));
        all.push(format!("bongsu/v1/live/{station}/river_stage"));
        all.push(format!("hydro/{station}/data"));
    }
    for plane in ["alerts", "exercise", "ops"] {
        all.extend(["seocho", "city"].map(|area| format!("bongsu/v1/{plane}/{area}/river_flood")));
    }
    all.extend(["NBIRTH", "NDATA", "NCMD", "NDEATH"].map(|verb| format!("spBv1.0/han/{verb}/gw1")));
    all
}

fn own_stations(name: &str) -> &'static [&'static str] {
    match name {
        "device" => &["jamsu"],
        "concentrator" => &["jamsu", "hangang"],
        "anybody" => &["jamsu", "jam", "hangang"],
        _ => &[],
    }
}

/// The second opinion on saying: topics that are there, one by one.
fn says(name: &str, topic: &str) -> bool {
    let own = own_stations(name);
    let leaves = ["obs", "senml", "status", "event", "cmd/ack"];
    let below = own.iter().any(|station| leaves.iter().any(|leaf| topic == format!("bongsu/v1/{station}/{leaf}")));
    let hydro = own.iter().any(|station| topic == format!("hydro/{station}/data"));
    let both = topic == "both/data" && own.contains(&"jamsu") && own.contains(&"hangang");
    let node = own.contains(&"jamsu") && topic.split('/').count() == 4 && matches("spBv1.0/han/+/gw1", topic);
    below || hydro || both || node
}

/// The second opinion on hearing one topic.
fn hears(name: &str, topic: &str) -> bool {
    let public = ["alerts", "exercise"].iter().any(|plane| topic.starts_with(&format!("bongsu/v1/{plane}/")));
    let own = own_stations(name).iter().any(|station| {
        topic.starts_with(&format!("bongsu/v1/{station}/")) || topic.starts_with(&format!("bongsu/v1/live/{station}/"))
    });
    let node = own_stations(name).contains(&"jamsu") && topic == "spBv1.0/han/NCMD/gw1";
    topic == "bongsu/v1/system" || public || own || node
}

#[test]
fn a_million_random_questions_have_the_same_answers() {
    let city = city(false);
    let topics = all_topics();
    let levels = ["bongsu", "v1", "+", "#", "jamsu", "jam", "hangang", "ops", "alerts", "live", "obs", "cmd", "system"];
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |bound: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % bound as u64).unwrap_or_default()
    };
    let (mut allowed, mut differences) = (0, Vec::new());
    for _ in 0..1_000_000 {
        let (name, who) = &city.who[roll(city.who.len())];
        let mut text: Vec<&str> = topics[roll(topics.len())].split('/').collect();
        for _ in 0..roll(3) {
            let (at, level) = (roll(text.len()), levels[roll(levels.len())]);
            match roll(3) {
                0 => text[at] = level,
                1 => text.insert(at, level),
                _ => text.truncate(at.max(1)),
            }
        }
        let text = text.join("/");
        let (ours, theirs) = if roll(2) == 0 && bongsu_broker::topic_is_valid(&text) {
            (city.authority.may_publish(who, &text).is_ok(), says(name, &text))
        } else {
            let ours = city.authority.may_subscribe(who, &text).is_ok();
            // Never wider than the second opinion; narrower is allowed where nothing it matches is there to be heard.
            let heard = topics.iter().filter(|topic| matches(&text, topic));
            let mut all = heard.map(|topic| hears(name, topic)).peekable();
            let some = all.peek().is_some();
            let every = all.all(|heard| heard);
            let exact = topics.contains(&text);
            (ours && some, if ours || exact { some && every } else { false })
        };
        allowed += usize::from(ours);
        if ours != theirs && differences.len() < 10 {
            differences.push(format!("{name} {text}: {ours}, second opinion {theirs}"));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(allowed > 50_000, "only {allowed} were allowed: the questions ask nothing");
}

#[test]
fn who_is_denied_something_stands_in_the_audit() {
    let city = city(false);
    let ask = |topic: &str| city.authority.may_publish(city.who("device"), topic);
    for topic in ["bongsu/v1/hangang/obs", "bongsu/v1/alerts/seocho/flood", "bongsu/v1/jamsu/obs"] {
        assert_eq!(ask(topic).is_ok(), topic.contains("jamsu"), "{topic}");
    }
    let heard = city.authority.may_subscribe(city.who("citizen"), "bongsu/v1/ops/#");
    heard.expect_err("citizens do not hear what is for operators");
    let wrong = ("a secret in the field of the name", "a secret that is wrong");
    connect(&city.authority, Plane::Devices, Some(wrong.0), wrong.1).expect_err("nobody");
    let known = city.who("device").username.clone();
    connect(&city.authority, Plane::Devices, Some(&known), wrong.1).expect_err("a wrong secret");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("city.db");
    let mut store = Store::open(&path, Status::Test, 10).expect("a store");
    city.errands.try_iter().for_each(|errand| errand(&mut store));
    let entries = Reader::open(&path).and_then(|reader| reader.audit_after(0, 10)).expect("it is read");
    let said = |n: usize| (entries[n].action.as_str(), entries[n].role.as_str(), entries[n].subject.as_str());
    assert_eq!(said(0), ("mqtt.publish.denied", "device", "bongsu/v1/hangang/obs"), "the first of its sort");
    assert_eq!(said(1), ("mqtt.subscribe.denied", "citizen", "bongsu/v1/ops/#"));
    assert_eq!(said(2), ("mqtt.connect.denied", "device", "c"));
    assert_eq!((entries.len(), &*entries[2].who, &entries[3].who), (4, "unknown", &known));
    let told = |entry: &crate::store::audit::Audited| serde_json::to_string(entry).expect("JSON");
    assert!(entries.iter().all(|entry| entry.from_address == "127.0.0.1"));
    assert!(!entries.iter().map(told).any(|told| told.contains(wrong.0) || told.contains(wrong.1)));
    assert!(entries[0].detail.contains("does not speak for this station"), "{}", entries[0].detail);
}

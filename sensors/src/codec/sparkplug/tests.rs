//! A node's life: births, numbers for names, gaps, nulls, history, deaths. The messages are those that the protocol
//! buffers of Eclipse Tahu give for a node on the Han with a rain gauge behind it.

use super::*;
use crate::catalog::Catalog;
use crate::codec::sample::RECEIVED;
use crate::mistake::Source;
use std::cell::RefCell;

const CATALOG: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
[[station]]
id = "jamsu"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "river_stage" }, { kind = "temperature" }]
[[station]]
id = "hangang"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "river_stage" }]
[[station]]
id = "rain01"
position = [37.5, 127.0]
area = "seocho"
datastream = [{ kind = "rainfall" }, { kind = "battery_voltage" }]
[[source]]
topic = "spBv1.0/HanRiver/+/gw1"
station = "jamsu"
decode = "sparkplug-b"
read = { river_stage = "jamsu/stage_m", "hangang/river_stage" = "hangang/stage_m", temperature = "gw/temp_c" }
[[source]]
topic = "spBv1.0/HanRiver/+/gw1/+"
station = "{2}"
decode = "sparkplug-b"
read = { rainfall = "rain_mm", battery_voltage = "battery_v" }
"#;

/// Messages in their order: topic behind the group, and bytes.
const MESSAGES: [(&str, &str); 8] = [
    ("NDEATH/gw1", "08c098fe95bc2e12120a05626453657118c098fe95bc2e20085807"),
    (
        "NBIRTH/gw1",
        "08c098fe95bc2e12120a05626453657118c098fe95bc2e2008580712210a144e6f646520436f6e74726f6c2f5265626972746818c098fe95\
         bc2e200b700012350a0d6a616d73752f73746167655f6d100118c098fe95bc2e200a4a100a07656e67556e69741205080c42016d69ec51b8\
         1e85eb264012210a0f68616e67616e672f73746167655f6d100218c098fe95bc2e20096514ae0b41121c0a0b67772f757074696d655f7310\
         0318c098fe95bc2e20075080a305121c0a0967772f74656d705f63100418c098fe95bc2e200350f4ffffff0f12200a0567772f6677100518\
         c098fe95bc2e200c7a0c312e322e332ded959ceab0951800",
    ),
    ("NDATA/gw1", "0880e8a296bc2e121410011880e8a296bc2e200a698fc2f5285c0f2740121010021880e8a296bc2e200965295c0b411801"),
    (
        "DBIRTH/gw1/rain01",
        "0880e8a296bc2e121d0a077261696e5f6d6d100a1880e8a296bc2e200a69000000000000e03f121b0a09626174746572795f76100b1880e8\
         a296bc2e2009653d0a674012180a09646f6f725f6f70656e100c1880e8a296bc2e200b70001802",
    ),
    ("DDATA/gw1/rain01", "08c0b7c796bc2e120d100a18c0b7c796bc2e200a38011210100b18c0b7c796bc2e200965666666401803"),
    ("NDATA/gw1", "08c0b7c796bc2e1216100118c0bba294bc2e200a28016966666666666626401804"),
    ("NDATA/gw1", "088087ec96bc2e12141001188087ec96bc2e200a6900000000000027401806"),
    ("DDEATH/gw1/rain01", "088087ec96bc2e1805"),
];

struct City {
    catalog: Catalog,
    nodes: RefCell<Nodes>,
}

impl City {
    fn new() -> City {
        let mut catalog = Catalog::parse(&Source::new("stations.toml", CATALOG), |_| Err("none".into())).expect("good");
        catalog.number(&mut crate::catalog::Numbering::default());
        City { catalog, nodes: RefCell::default() }
    }

    fn hear_at(&self, received: Time, message: usize) -> (Vec<String>, Option<String>) {
        let (topic, hex) = MESSAGES[message];
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        let topic = format!("spBv1.0/HanRiver/{topic}");
        let dialect = self.catalog.dialect_of(&topic).expect("a source serves it");
        let station = dialect.station_of(&self.catalog, &topic).expect("known").expect("named");
        let via = Via { dialect, topic: &topic, nodes: &self.nodes };
        let mut out = Decoded::new();
        decode(&Context { catalog: &self.catalog, station, received, via: Some(via) }, &bytes, &mut out);
        assert_eq!(out.refusals(), 0, "{:?}", out.refused);
        let told = out.readings.iter().map(|reading| {
            let stream = self.catalog.numbered(reading.datastream).expect("numbered");
            let value = reading.value.map_or("missing".to_owned(), |value| value.to_string());
            let time = reading.time.expect("metrics have times");
            format!("{}/{} {value} @{}", self.catalog.station(stream.station).id, stream.name, time)
        });
        (told.collect(), out.answer.map(|(topic, _)| topic))
    }

    fn hear(&self, message: usize) -> (Vec<String>, Option<String>) {
        self.hear_at(RECEIVED, message)
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn a_node_from_birth_to_death() {
    let city = City::new();
    let check = |message, expect: &[&str]| assert_eq!(city.hear(message), (texts(expect), None), "message {message}");
    check(
        1,
        &[
            "jamsu/river_stage 11.46 @2020-08-06T07:50:00Z",
            "hangang/river_stage 8.73 @2020-08-06T07:50:00Z",
            "jamsu/temperature -12 @2020-08-06T07:50:00Z",
        ],
    );
    check(2, &["jamsu/river_stage 11.53 @2020-08-06T08:00:00Z", "hangang/river_stage 8.71 @2020-08-06T08:00:00Z"]);
    check(3, &["rain01/rainfall 0.5 @2020-08-06T08:00:00Z", "rain01/battery_voltage 3.61 @2020-08-06T08:00:00Z"]);
    check(4, &["rain01/rainfall missing @2020-08-06T08:10:00Z", "rain01/battery_voltage 3.6 @2020-08-06T08:10:00Z"]);
    // history, at the time it was true
    check(5, &["jamsu/river_stage 11.2 @2020-08-06T06:50:00Z"]);
    // 5 of the sequence is missing: what came is taken, and the node is asked to be born again
    let asked = Some("spBv1.0/HanRiver/NCMD/gw1".to_owned());
    assert_eq!(city.hear(6), (texts(&["jamsu/river_stage 11.5 @2020-08-06T08:20:00Z"]), asked));
    // the death of the device comes late; nothing is known of its rain any more
    check(
        7,
        &["rain01/rainfall missing @2026-07-08T11:31:00Z", "rain01/battery_voltage missing @2026-07-08T11:31:00Z"],
    );
    // the will of this session
    let (stale, _) = city.hear(0);
    assert_eq!(stale.len(), 3, "{stale:?}");
    // and after it numbers mean nothing
    assert_eq!(city.hear(2).0, texts(&[]));
}

#[test]
fn a_will_of_an_earlier_session_kills_nobody() {
    let city = City::new();
    city.hear(1);
    city.nodes.borrow_mut().nodes.values_mut().for_each(|node| node.session = Some(8));
    assert_eq!(city.hear(0), (Vec::new(), None));
    assert_eq!(city.hear(2).0.len(), 2);
}

#[test]
fn a_stranger_is_asked_to_be_born_once_a_minute() {
    let city = City::new();
    let asked = |after_s: i64| city.hear_at(Time::from_millis(RECEIVED.millis() + after_s * 1_000), 2).1.is_some();
    assert!(asked(0));
    assert!(!asked(30));
    assert!(asked(61));
    city.hear(1);
    assert_eq!(city.hear(2).0.len(), 2);
}

#[test]
fn the_request_to_be_born_again_is_a_payload() {
    let payload = Payload::read(&wire::rebirth(RECEIVED)).expect("a payload");
    assert_eq!(payload.time(), Some(RECEIVED));
    assert_eq!(payload.metrics[0].name(), "Node Control/Rebirth");
    assert_eq!(payload.metrics[0].number(11), Some(1.0));
}

#[test]
fn nodes_and_numbers_are_bounded() {
    let mut nodes = Nodes::default();
    let names: Vec<String> = (0..NODE_LIMIT).map(|n| n.to_string()).collect();
    let topic = |node| Topic { group: "g", verb: "NDATA", node, device: None };
    for name in &names {
        let node = nodes.take(topic(name)).expect("room");
        nodes.put_back(topic(name), node);
    }
    assert!(nodes.take(topic("one more")).is_none());
    let mut node = nodes.take(topic("7")).expect("it is known");
    let known = Known { device: None, name: None, datatype: 0 };
    node.aliases = (0..ALIAS_LIMIT as u64 + 10).map(|alias| (alias, known.clone())).collect();
    nodes.put_back(topic("7"), node);
    assert_eq!(nodes.aliases, ALIAS_LIMIT);
}

//! What is issued arrives, word for word, in four languages and by every channel, and who does not answer delays nobody.

use crate::receivers::{CITY, Receivers, now_ms, says, setup, webhook};
use bongsu_tests::ear::Ear;
use bongsu_tests::http;
use bongsu_tests::program::Program;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

/// Somebody subscribes.
fn subscribe(program: &Program, wish: &Value) -> Value {
    let url = format!("{}/api/v1/subscriptions", program.public);
    let answer = http::ask("POST", &url, &JSON, &wish.to_string()).expect("an answer");
    assert!((200..300).contains(&answer.status), "{}", answer.body);
    answer.json()
}

/// The address in a letter that ends like this, as the program itself serves it.
fn link(program: &Program, letter: &Value, end: &str) -> String {
    let body = letter["body"].as_str().expect("a body");
    let found = body.split_whitespace().find(|word| word.ends_with(end)).unwrap_or_else(|| panic!("{body}"));
    found.replace("https://warning.example.city", &program.public)
}

/// What pages hear, event by event.
fn events(program: &Program) -> Receiver<Value> {
    let socket = http::send("GET", &format!("{}/events", program.public), &[], "").expect("it is taken");
    let (said, heard) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(socket).lines().map_while(Result::ok) {
            if let Some(alert) = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok()) {
                let _ = said.send(alert);
            }
        }
    });
    heard
}

/// The messages below a filter.
fn topics(address: SocketAddr, filter: &str) -> (Ear, Receiver<Value>) {
    let (said, heard) = channel();
    let ear = Ear::open(address, filter, 1, move |_, payload, _| {
        let _ = said.send(serde_json::from_slice(payload).unwrap_or_default());
    });
    (ear.expect("it may listen"), heard)
}

/// The next message that tells of an incident.
fn next(heard: &Receiver<Value>) -> Value {
    loop {
        let alert = heard.recv_timeout(Duration::from_secs(60)).expect("it is heard");
        if alert["incident"].is_string() {
            return alert;
        }
    }
}

/// The hour and minute at which something was said, on Seoul's clocks.
fn clock(alert: &Value) -> String {
    let sent = alert["sent"].as_str().expect("a time");
    let hour: u32 = sent[11..13].parse().expect("an hour");
    format!("{:02}:{}", (hour + 9) % 24, &sent[14..16])
}

/// Every kind of channel that is configured, and others that fail in their own ways.
fn channels(receivers: &Receivers) -> String {
    let hooks = [
        webhook(receivers, "sms", "sms", "ko", ""),
        webhook(receivers, "zh", "alert", "zh", ""),
        webhook(receivers, "ja", "alert", "ja", ""),
        webhook(receivers, "flaky", "sms", "en", ""),
        webhook(receivers, "hang", "sms", "ko", "timeout = \"1h\""),
        webhook(receivers, "refuse", "sms", "ko", ""),
    ];
    format!(
        "{}[[channel.email]]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"w@example.city\"\n\
         [[channel.push]]\nservices = [\"{}\"]\n",
        hooks.concat(),
        receivers.mail,
        receivers.web
    )
}

/// A reader of Japanese asks for letters and confirms it, somebody asks and never confirms, and a reader of Chinese asks
/// for web push.
fn subscribe_all(program: &Program, receivers: &mut Receivers) {
    subscribe(program, &json!({"channel": "email", "address": "kim@example.com", "lang": "ja"}));
    let question = receivers.taken("mail");
    let (to, subject) = (json!(["kim@example.com"]), json!("[서초구] 災害のお知らせの確認"));
    assert_eq!((&question["to"], &question["subject"]), (&to, &subject));
    let confirm = link(program, &question, "/confirm");
    assert_eq!(http::get(&confirm).0, 200, "the page asks once more");
    assert_eq!(http::ask("POST", &confirm, &[], "").expect("an answer").status, 200);
    subscribe(program, &json!({"channel": "email", "address": "nobody@example.com", "lang": "ko"}));
    let browser = json!({"endpoint": format!("{}/push/browser", receivers.web), "keys": receivers.keys});
    subscribe(program, &json!({"channel": "push", "subscription": browser, "lang": "zh"}));
}

/// The sentences of a danger on the river, as they are expected in each language.
const KO: &str = "강물이 불어났습니다. 하천변, 다리 아래, 둔치 주차장에서 바로 나오세요. 대피할 곳을 확인하세요.";
const EN: &str = "Leave the river banks at once.";
const ZH: &str = "河水已经上涨。请立即离开河岸、桥下和河滩停车场。请确认避难地点。";
const JA: &str =
    "川の水が増えています。川岸、橋の下、河川敷の駐車場からすぐに出てください。避難する場所を確かめてください。";

/// What webhooks were told, word for word.
fn judge_hooks(receivers: &mut Receivers, alert: &Value, at: &str) {
    let sms = receivers.taken("/sms")["body"].clone();
    assert_eq!(sms["text"], format!("[서초구] {at} 잠수교 하천 범람 위험. {KO}"));
    assert_eq!(sms["class"], "안전안내문자");
    let zh = receivers.taken("/zh")["body"].clone();
    assert_eq!(zh["alert"], *alert, "the very JSON that topics carry");
    assert_eq!(zh["texts"]["90"], format!("[서초구] {at} 瑞草区潜水桥：河水泛滥，危险。{ZH}"));
    let ja = receivers.taken("/ja")["body"].clone();
    assert_eq!(ja["texts"]["90"], format!("[서초구] {at} 瑞草区 潜水橋 川のはんらん 危険。{JA}"));
    let flaky = receivers.taken("/flaky");
    assert_eq!((&flaky["attempt"], &flaky["key"]), (&json!(3), &flaky["body"]["key"]));
    // Where there is no room for both, the station stands and the district goes.
    assert_eq!(flaky["body"]["text"], format!("[서초구] Danger: river flooding, Jamsu Bridge, {at}. {EN}"));
}

/// What the subscribers were told, word for word; answers the letter.
fn judge_subscribers(receivers: &mut Receivers, alert: &Value, at: &str) -> Value {
    let headline = &alert["headline"];
    let letter = receivers.until("the letter", |line| line["subject"] == headline["ja"]);
    assert_eq!(letter["to"], json!(["kim@example.com"]));
    let body = letter["body"].as_str().expect("a body");
    let page = format!("https://warning.example.city/alerts/{}", alert["incident"].as_str().expect("a name"));
    assert!(body.contains(&format!("{at} 瑞草区 潜水橋 川のはんらん 危険。{JA} {page}")), "{body}");
    assert_eq!(letter["one_click"], "List-Unsubscribe=One-Click");
    let push = receivers.taken("/push/browser");
    assert_eq!((&push["body"]["title"], &push["body"]["lang"]), (&headline["zh"], &json!("zh")));
    assert_eq!(push["body"]["body"], alert["instruction"]["zh"]);
    assert_eq!((&push["urgency"], &push["content-encoding"]), (&json!("high"), &json!("aes128gcm")));
    letter
}

#[test]
fn what_is_said_arrives_word_for_word() {
    let mut receivers = Receivers::open();
    let folder = tempfile::tempdir().expect("a folder");
    let program = setup(folder.path(), CITY, &channels(&receivers)).serve();
    let (_ear, over_mqtt) = topics(program.public_mqtt.expect("citizens may listen"), "bongsu/v1/alerts/#");
    let over_events = events(&program);
    subscribe_all(&program, &mut receivers);

    let begins = Instant::now();
    says(&program, "jamsu", now_ms() - 600_000, 2.5);
    let alert = next(&over_mqtt);
    assert_eq!(alert, next(&over_events), "the same by both ways");
    let headline = json!({"ko": "서초구 잠수교 하천 범람 위험", "en": "Danger: river flooding, Jamsu Bridge, Seocho-gu",
        "zh": "瑞草区潜水桥：河水泛滥，危险", "ja": "瑞草区 潜水橋 川のはんらん 危険"});
    assert_eq!((&alert["headline"], &alert["level"], &alert["status"]), (&headline, &json!("watch"), &json!("Actual")));
    let at = clock(&alert);
    judge_hooks(&mut receivers, &alert, &at);
    let letter = judge_subscribers(&mut receivers, &alert, &at);
    let took = begins.elapsed();
    // The one that never answers still holds its request; everybody else was told meanwhile.
    receivers.until("the request that hangs", |line| line["path"] == "/hang");
    assert!(took < Duration::from_secs(60), "{took:?}");

    // The end reaches the same, but for those who have unsubscribed by the letter's own address.
    let leave = link(&program, &letter, "/unsubscribe");
    assert_eq!(http::ask("POST", &leave, &[], "").expect("an answer").status, 200);
    says(&program, "jamsu", now_ms() - 120_000, 1.0);
    let end = next(&over_mqtt);
    assert_eq!((&end["level"], &end["state"]), (&json!("none"), &json!("ended")));
    let over = "위험이 지나갔습니다. 현장의 통제와 안내는 계속 따르세요.";
    let over = format!("[서초구] {} 잠수교 하천 범람 상황 종료. {over}", clock(&end));
    receivers.until("the end", |line| line["path"] == "/sms" && line["body"]["text"] == over);
    let letters = receivers.arrived.iter().filter(|line| line["path"] == "mail");
    let mut to: Vec<&Value> = letters.map(|letter| &letter["to"][0]).collect();
    to.sort_by_key(|to| to.to_string());
    assert_eq!(to, ["kim@example.com", "kim@example.com", "nobody@example.com"], "two questions and one warning");
}

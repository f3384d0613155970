//! The publisher against a broker of forty lines that breaks its first connection without acknowledging anything.
#![cfg(feature = "publish")]

use bongsu_sensors::Time;
use bongsu_simulators::publish::{Login, PublishSettings, publish};
use bongsu_simulators::{City, Emission, Scenario, Settings, Simulation, Size};
use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, PubAck};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the broker has seen.
#[derive(Default)]
struct Seen {
    connections: usize,
    clients: BTreeSet<String>,
    messages: Vec<(String, String)>,
    goodbyes: usize,
}

/// Serves one connection; `breaks_after` publishes it hangs up, having acknowledged none.
async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, breaks_after: Option<usize>) {
    let (mut buffer, mut published) = (BytesMut::new(), 0);
    loop {
        let mut answer = BytesMut::new();
        while let Ok(packet) = Packet::read(&mut buffer, 1 << 20) {
            match packet {
                Packet::Connect(connect) => {
                    let login = connect.login.as_ref().map(|login| (login.username.as_str(), login.password.as_str()));
                    let code = match login {
                        Some((_, "wrong")) => ConnectReturnCode::BadUserNamePassword,
                        _ => ConnectReturnCode::Success,
                    };
                    seen.lock().expect("unpoisoned").clients.insert(connect.client_id);
                    ConnAck::new(code, false).write(&mut answer).expect("room");
                }
                Packet::Publish(publish) => {
                    published += 1;
                    if breaks_after.is_some() {
                        continue;
                    }
                    let text = String::from_utf8(publish.payload.to_vec()).expect("text");
                    seen.lock().expect("unpoisoned").messages.push((publish.topic, text));
                    PubAck::new(publish.pkid).write(&mut answer).expect("room");
                }
                Packet::Disconnect => seen.lock().expect("unpoisoned").goodbyes += 1,
                _ => {}
            }
        }
        if breaks_after.is_some_and(|limit| published >= limit) || stream.write_all(&answer).await.is_err() {
            return;
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

async fn broker(breaks_first: Option<usize>) -> (std::net::SocketAddr, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let first = {
                let mut seen = shared.lock().expect("unpoisoned");
                seen.connections += 1;
                seen.connections == 1
            };
            tokio::spawn(serve(stream, Arc::clone(&shared), breaks_first.filter(|_| first)));
        }
    });
    (address, seen)
}

fn start() -> Time {
    Time::parse("2026-07-08T00:00:00Z").expect("a time")
}

fn simulation() -> Simulation {
    let scenario = Scenario::named("calm").expect("calm");
    Simulation::new(City::build(1, Size::stations(60)), scenario, &Settings::default(), start()).expect("a setup")
}

/// A clock that is always past the end: everything is due at once.
fn settings(address: std::net::SocketAddr, minutes: u64) -> PublishSettings {
    let until = start() + Duration::from_secs(60 * minutes);
    let mut settings = PublishSettings::new(address, Arc::new(move || until));
    settings.until = Some(until);
    settings
}

async fn run(settings: PublishSettings) -> (bongsu_simulators::publish::PublishReport, Vec<Emission>) {
    let until = settings.until.expect("an end");
    let mut expected = Vec::new();
    simulation().step_until(until, &mut expected);
    let mut city = simulation();
    let publishing = publish(&mut city, settings, std::future::pending());
    let report = tokio::time::timeout(Duration::from_secs(30), publishing).await.expect("it ends");
    (report, expected)
}

#[tokio::test]
async fn every_message_arrives_though_the_first_connection_breaks() {
    let (address, seen) = broker(Some(20)).await;
    let (report, expected) = run(settings(address, 60)).await;
    let goodbye = async {
        while seen.lock().expect("unpoisoned").goodbyes == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), goodbye).await.expect("it says goodbye");
    let seen = seen.lock().expect("unpoisoned");
    assert_eq!(report.acked, report.sent, "{report:?}");
    assert_eq!((report.refused, report.reconnects), (0, 1), "{report:?}");
    let arrived: BTreeSet<&(String, String)> = seen.messages.iter().collect();
    for emission in &expected {
        assert!(arrived.contains(&(emission.topic(), emission.payload())), "{} is missing", emission.payload());
    }
    assert_eq!(seen.goodbyes, 1);
    assert_eq!(seen.clients, BTreeSet::from(["simulator-1".to_owned()]));
}

#[tokio::test]
async fn each_station_can_have_its_own_connection_and_a_refused_one_is_told() {
    let (address, seen) = broker(None).await;
    let mut settings = settings(address, 30);
    settings.connections = 60;
    let login = |password: &str| Login { username: "x".into(), password: password.into() };
    settings.credentials = [("*".to_owned(), login("right")), ("mir-3".to_owned(), login("wrong"))].into();
    let (report, _) = run(settings).await;
    let seen = seen.lock().expect("unpoisoned");
    assert_eq!(seen.clients.len(), 60);
    assert!(seen.messages.iter().all(|(topic, _)| topic != "bongsu/v1/mir-3/obs"));
    assert!(report.acked > 500 && report.acked <= report.sent, "{report:?}");
    assert!(report.complaints.iter().any(|line| line.contains("mir-3 was refused")), "{:?}", report.complaints);
}

#[tokio::test]
async fn it_stops_when_told_even_if_nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut settings = settings(listener.local_addr().expect("bound"), 6000);
    settings.grace = Duration::from_millis(200);
    let mut city = simulation();
    let stop = tokio::time::sleep(Duration::from_millis(300));
    // As a program would run it: a task of its own.
    let publishing = tokio::spawn(async move { publish(&mut city, settings, stop).await });
    let report = tokio::time::timeout(Duration::from_secs(10), publishing).await;
    let report = report.expect("it stops").expect("it does not panic");
    assert_eq!(report.acked, 0);
    assert!(report.sent > 0, "the queue takes some");
}

//! Ordinary clients of another author: rumqttc with 3.1.1 and 5.

use std::time::Duration;

use bongsu_broker::{Limits, Qos};
use rumqttc::v5;

use crate::support::*;

#[tokio::test]
async fn rumqttc_3_1_1_publishes_subscribes_and_hears() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut options = rumqttc::MqttOptions::new("c4", "127.0.0.1", house.address.port());
    options.set_credentials("device", "secret").set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = rumqttc::AsyncClient::new(options, 100);
    client.subscribe("live/+/stage", rumqttc::QoS::AtLeastOnce).await.unwrap();
    for (number, qos) in
        [rumqttc::QoS::AtMostOnce, rumqttc::QoS::AtLeastOnce, rumqttc::QoS::ExactlyOnce].into_iter().enumerate()
    {
        client.publish(format!("dev/{number}"), qos, false, "reading").await.unwrap();
    }
    let (mut acked, mut completed, mut heard, mut subscribed) = (0, 0, 0, false);
    let run = async {
        while acked + completed + heard < 4 {
            use rumqttc::{Event, Packet};
            match events.poll().await.unwrap() {
                Event::Incoming(Packet::SubAck(_)) => subscribed = true,
                Event::Incoming(Packet::PubAck(_)) => acked += 1,
                Event::Incoming(Packet::PubComp(_)) => completed += 1,
                Event::Incoming(Packet::Publish(p)) => {
                    assert_eq!((p.topic.as_str(), &p.payload[..]), ("live/jamsu/stage", &b"3.1"[..]));
                    heard += 1;
                }
                _ => {}
            }
            if std::mem::take(&mut subscribed) {
                let said = ["live/jamsu/stage", "live/jamsu/rain", "live/jamsu/stage"];
                let said = said.map(|topic| outgoing(topic, "3.1", Qos::AtLeastOnce, false));
                house.outlet.publish(said.into()).unwrap();
            }
        }
    };
    tokio::time::timeout(SOON, run).await.expect("in time");
    assert_eq!((acked, completed, heard), (1, 1, 2));
    assert_eq!(application.got().len(), 3);
}

#[tokio::test]
async fn rumqttc_5_publishes_subscribes_and_hears() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut options = v5::MqttOptions::new("c5", "127.0.0.1", house.address.port());
    options.set_credentials("device", "secret").set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = v5::AsyncClient::new(options, 100);
    client.subscribe("alerts/#", v5::mqttbytes::QoS::ExactlyOnce).await.unwrap();
    for qos in [v5::mqttbytes::QoS::AtMostOnce, v5::mqttbytes::QoS::AtLeastOnce, v5::mqttbytes::QoS::ExactlyOnce] {
        client.publish("dev/a", qos, false, "reading").await.unwrap();
    }
    house.outlet.publish(vec![outgoing("alerts/seoul/flood", "rising", Qos::AtLeastOnce, true)]).unwrap();
    let (mut acked, mut completed, mut heard) = (0, 0, 0);
    let run = async {
        while acked + completed + heard < 3 {
            use v5::{Event, mqttbytes::v5::Packet};
            match events.poll().await.unwrap() {
                Event::Incoming(Packet::PubAck(_)) => acked += 1,
                Event::Incoming(Packet::PubComp(_)) => completed += 1,
                Event::Incoming(Packet::Publish(p)) => {
                    assert_eq!((&p.topic[..], &p.payload[..]), (&b"alerts/seoul/flood"[..], &b"rising"[..]));
                    heard += 1;
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(SOON, run).await.expect("in time");
    assert_eq!((acked, completed, heard), (1, 1, 1));
    assert_eq!(application.got().len(), 3);
}

#[tokio::test]
async fn rumqttc_with_many_in_flight_gets_every_acknowledgement() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut options = rumqttc::MqttOptions::new("many", "127.0.0.1", house.address.port());
    options.set_credentials("device", "secret").set_inflight(100);
    let (client, mut events) = rumqttc::AsyncClient::new(options, 100);
    tokio::spawn(async move {
        for number in 0..5000 {
            client.publish("dev/a", rumqttc::QoS::AtLeastOnce, false, number.to_string()).await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    let mut acked = 0;
    let run = async {
        while acked < 5000 {
            if let rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_)) = events.poll().await.unwrap() {
                acked += 1;
            }
        }
    };
    tokio::time::timeout(SOON, run).await.expect("in time");
    let got: Vec<String> = application.got().iter().map(|m| String::from_utf8_lossy(&m.payload).into_owned()).collect();
    assert_eq!(got, (0..5000).map(|n: i32| n.to_string()).collect::<Vec<_>>());
}

//! What only MQTT 5 has.

use std::time::Duration;

use bongsu_broker::{Limits, Reason};

use crate::support::*;

#[tokio::test]
async fn the_connack_tells_the_limits() {
    let limits = Limits { longest_keep_alive: Some(Duration::from_secs(60)), ..Limits::default() };
    let (house, _application) = open_with_application(limits).await;
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "", 0, &[0x11, 0, 0, 0, 9])).await;
    let connack = client.packet().await;
    let has = |bytes: &[u8]| assert!(connack.windows(bytes.len()).any(|w| w == bytes), "{bytes:x?} in {connack:x?}");
    has(&[0x21, 4, 0]);
    has(&[0x27, 0, 4, 0, 0]);
    has(&[0x22, 0, 16]);
    has(&[0x13, 0, 60]);
    has(b"auto-");
}

#[tokio::test]
async fn topic_aliases() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    let alias = |number: u8| [0x23, 0, number];
    client.send(&publish_with(5, "t/one", b"1", 1, 1, &alias(16))).await;
    client.send(&publish_with(5, "", b"2", 1, 2, &alias(16))).await;
    client.send(&publish_with(5, "t/two", b"3", 1, 3, &alias(16))).await;
    client.send(&publish_with(5, "", b"4", 1, 4, &alias(16))).await;
    for id in 1..=4 {
        client.expect(&[0x40, 2, 0, id]).await;
    }
    let topics: Vec<_> = application.got().iter().map(|m| m.topic.to_string()).collect();
    assert_eq!(topics, ["t/one", "t/one", "t/two", "t/two"]);
    client.send(&publish_with(5, "t", b"1", 0, 0, &alias(17))).await;
    client.expect_disconnect(Reason::TOPIC_ALIAS_INVALID).await;
    for (number, reason) in [(0, Reason::TOPIC_ALIAS_INVALID), (3, Reason::PROTOCOL_ERROR)] {
        let mut client = Raw::connected(house.address, 5, "a").await;
        client.send(&publish_with(5, "", b"1", 0, 0, &alias(number))).await;
        client.expect_disconnect(reason).await;
    }
}

#[tokio::test]
async fn an_alias_to_a_forbidden_topic_stays_forbidden() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&publish_with(5, "forbidden", b"1", 1, 1, &[0x23, 0, 1])).await;
    assert_eq!(client.packet().await[4], 0x87);
    for other in 0..10 {
        client.send(&publish(5, &format!("t/{other}"), b"1", 1, 2)).await;
        client.expect(&[0x40, 2, 0, 2]).await;
    }
    client.send(&publish_with(5, "", b"1", 1, 3, &[0x23, 0, 1])).await;
    assert_eq!(client.packet().await[4], 0x87);
    assert_eq!(application.got().len(), 10);
}

#[tokio::test]
async fn protocol_errors_are_answered_with_their_reason() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let cases: Vec<(Vec<u8>, Reason)> = vec![
        (connect(5, "again"), Reason::PROTOCOL_ERROR),
        (vec![0x36, 4, 0, 1, b't', 0], Reason::MALFORMED_PACKET),
        (publish(5, "t", b"", 1, 0), Reason::PROTOCOL_ERROR),
        (vec![0x38, 4, 0, 1, b't', 0], Reason::MALFORMED_PACKET),
        (publish_with(5, "t", b"", 0, 0, &[0x11, 0, 0, 0, 1]), Reason::PROTOCOL_ERROR),
        (publish_with(5, "t", b"", 0, 0, &[1, 1, 1, 1]), Reason::PROTOCOL_ERROR),
        (publish_with(5, "t", b"", 0, 0, &[2, 0]), Reason::MALFORMED_PACKET),
        (vec![0x82, 3, 0, 1, 0], Reason::PROTOCOL_ERROR),
        (vec![0x80, 3, 0, 1, 0], Reason::MALFORMED_PACKET),
        (subscribe(5, 1, "t", 0xc0), Reason::MALFORMED_PACKET),
        (packet(0x82, &[0, 1, 2, 0x0b, 0, 0, 1, b't', 0]), Reason::PROTOCOL_ERROR),
        (packet(0x82, &[0, 1, 4, 0x0b, 1, 0x0b, 2, 0, 1, b't', 0]), Reason::PROTOCOL_ERROR),
        (vec![0xf0, 0], Reason::PROTOCOL_ERROR),
        (vec![0x00, 0], Reason::PROTOCOL_ERROR),
        (vec![0xd0, 0], Reason::PROTOCOL_ERROR),
        (vec![0x60, 2, 0, 1], Reason::MALFORMED_PACKET),
        (vec![0xe0, 7, 0, 5, 0x11, 0, 0, 0, 1], Reason::PROTOCOL_ERROR),
    ];
    for (bytes, reason) in cases {
        let mut client = Raw::connected(house.address, 5, "a").await;
        client.send(&bytes).await;
        let packet = client.packet().await;
        assert_eq!((packet[0], packet[2]), (0xe0, reason.0), "{bytes:x?} got {packet:x?}");
        client.closed().await;
    }
    house.serves().await;
}

#[tokio::test]
async fn no_reason_string_to_a_client_that_wants_none() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "a", 0, &[0x17, 0])).await;
    client.packet().await;
    client.send(&publish(5, "forbidden", b"1", 1, 1)).await;
    client.expect(&[0x40, 3, 0, 1, 0x87]).await;
}

#[tokio::test]
async fn an_authentication_method_is_refused() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    let mut method = vec![0x15];
    method.extend(text(b"SCRAM"));
    client.send(&connect_with(5, "a", 0, &method)).await;
    assert_eq!(client.packet().await[3], 0x8c);
    client.closed().await;
}

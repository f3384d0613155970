//! Bounds: authentication, permission, time, size, number.

use std::time::{Duration, Instant};

use bongsu_broker::{Limits, Qos, Reason};

use crate::support::*;

#[tokio::test]
async fn wrong_credentials_are_refused_in_the_words_of_each_version() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let wrong = |version| {
        let mut bytes = connect(version, "a");
        *bytes.last_mut().unwrap() = b'?';
        bytes
    };
    let mut client = Raw::open(house.address).await;
    client.send(&wrong(4)).await;
    client.expect(&[0x20, 2, 0, 4]).await;
    client.closed().await;
    let mut client = Raw::open(house.address).await;
    client.send(&wrong(5)).await;
    let connack = client.packet().await;
    assert_eq!((connack[2], connack[3]), (0, 0x86));
    client.closed().await;
    assert_eq!(house.door.stats().refused.get(Reason::BAD_USER_NAME_OR_PASSWORD), 2);
}

#[tokio::test]
async fn a_denied_publish_is_told_to_version_5_and_closes_3_1_1() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    for (qos, first) in [(1u8, 0x40), (2, 0x50)] {
        client.send(&publish(5, "forbidden/a", b"1", qos, 3)).await;
        let answer = client.packet().await;
        assert_eq!((answer[0], answer[3], answer[4]), (first, 3, 0x87));
    }
    client.send(&publish(5, "forbidden/a", b"1", 0, 0)).await;
    client.silent().await;
    let mut client = Raw::connected(house.address, 4, "b").await;
    client.send(&publish(4, "forbidden/a", b"1", 0, 0)).await;
    client.silent().await;
    client.send(&publish(4, "forbidden/a", b"1", 1, 1)).await;
    client.closed().await;
    assert!(application.got().is_empty());
    assert_eq!(house.door.stats().denied_publish.get(Reason::NOT_AUTHORIZED), 5);
}

#[tokio::test]
async fn a_denied_message_is_answered_in_its_place() {
    let (house, mut intake) = open(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    let three = [publish(5, "t", b"1", 1, 1), publish(5, "forbidden", b"2", 1, 2), publish(5, "t", b"3", 1, 3)];
    client.send(&three.concat()).await;
    let delivery = recv(&mut intake).await;
    assert_eq!(delivery.messages.len(), 2);
    client.silent().await;
    delivery.acknowledge();
    for (id, code) in [(1, None), (2, Some(0x87)), (3, None)] {
        let answer = client.packet().await;
        assert_eq!((answer[3], answer.get(4).copied()), (id, code));
    }
}

#[tokio::test]
async fn receive_maximum_disconnects_version_5_and_pauses_3_1_1() {
    let (house, mut intake) = open(Limits { receive_maximum: 5, ..Limits::default() }).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    let many = |version| (1..=6).flat_map(|id| publish(version, "t", b"1", 1, id)).collect::<Vec<_>>();
    client.send(&many(5)).await;
    client.expect_disconnect(Reason::RECEIVE_MAXIMUM_EXCEEDED).await;
    let held = recv(&mut intake).await;
    assert_eq!(held.messages.len(), 5);
    drop(held);

    let mut client = Raw::connected(house.address, 4, "b").await;
    client.send(&many(4)).await;
    let first = recv(&mut intake).await;
    assert_eq!(first.messages.len(), 5);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(intake.try_recv().is_none());
    first.acknowledge();
    let second = recv(&mut intake).await;
    assert_eq!(second.messages.len(), 1);
    second.acknowledge();
    for id in 1..=6 {
        client.expect(&[0x40, 2, 0, id]).await;
    }
}

#[tokio::test]
async fn a_packet_above_the_maximum_is_refused_when_announced() {
    let (house, application) = open_with_application(Limits { max_packet_bytes: 5000, ..Limits::default() }).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&publish(5, "t", &[0; 4900], 1, 1)).await;
    client.expect(&[0x40, 2, 0, 1]).await;
    client.send(&[0x32, 0x88, 0x27]).await;
    client.expect_disconnect(Reason::PACKET_TOO_LARGE).await;
    // announced in two pieces
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&[0x32, 0xff]).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    client.send(&[0xff, 0x7f]).await;
    client.expect_disconnect(Reason::PACKET_TOO_LARGE).await;
    assert_eq!(application.got().len(), 1);
}

#[tokio::test]
async fn strangers_cannot_make_the_door_hold_much() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    client.send(&[0x10, 0x81, 0x80, 0x01]).await;
    client.closed().await;
    house.serves().await;
}

#[tokio::test]
async fn a_large_packet_in_small_pieces_arrives_whole() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    let payload: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let bytes = [publish(4, "t", &payload, 1, 1), publish(4, "t", b"after", 1, 2)].concat();
    for piece in bytes.chunks(1777) {
        client.send(piece).await;
    }
    client.expect(&[0x40, 2, 0, 1]).await;
    client.expect(&[0x40, 2, 0, 2]).await;
    assert_eq!(application.got()[0].payload, payload);
}

#[tokio::test]
async fn keep_alive_counts_silence_and_0_never_ends() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut forever = Raw::connected(house.address, 5, "forever").await;
    let mut client = Raw::open(house.address).await;
    let start = Instant::now();
    client.send(&connect_with(5, "a", 1, &[])).await;
    client.packet().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    client.silent().await;
    client.expect_disconnect(Reason::KEEP_ALIVE_TIMEOUT).await;
    let lasted = start.elapsed().as_secs_f64();
    assert!((2.3..4.0).contains(&lasted), "{lasted}");
    forever.silent().await;
}

#[tokio::test]
async fn filters_of_one_connection_are_bounded() {
    let (house, _application) = open_with_application(Limits { subscriptions: 2, ..Limits::default() }).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    for (filter, code) in [("a", 0), ("b", 0), ("c", 0x97), ("a", 0)] {
        client.send(&subscribe(5, 1, filter, 0)).await;
        client.expect(&[0x90, 4, 0, 1, 0, code]).await;
    }
}

#[tokio::test]
async fn a_revoked_identity_is_cut() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    assert_eq!(house.door.disconnect("somebody else"), 0);
    assert_eq!(house.door.disconnect("device"), 1);
    client.expect_disconnect(Reason::ADMINISTRATIVE_ACTION).await;
}

#[tokio::test]
async fn citizens_connect_to_the_public_listener_only_and_only_hear() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut anonymous = text(b"MQTT");
    anonymous.extend([4, 2, 0, 0]);
    anonymous.extend(text(b""));
    let anonymous = packet(0x10, &anonymous);
    let mut client = Raw::open(house.address).await;
    client.send(&anonymous).await;
    client.expect(&[0x20, 2, 0, 4]).await;
    let mut client = Raw::open(house.public).await;
    client.send(&anonymous).await;
    client.expect(&[0x20, 2, 0, 0]).await;
    client.send(&subscribe(4, 1, "alerts/#", 0)).await;
    client.expect(&[0x90, 3, 0, 1, 0]).await;
    house.outlet.publish(vec![outgoing("alerts/x", "1", Qos::AtLeastOnce, false)]).unwrap();
    client.expect(&publish(4, "alerts/x", b"1", 0, 0)).await;
    client.send(&publish(4, "alerts/x", b"lie", 1, 1)).await;
    client.closed().await;
}

//! No acknowledgement before the application says so; none lost, none out of order.

use std::time::Duration;

use bongsu_broker::{Limits, Qos, Reason, Rejection};

use crate::support::*;

#[tokio::test]
async fn an_acknowledgement_is_held_until_the_application_gives_it() {
    let (house, mut intake) = open(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&publish(4, "t", b"1", 1, 10)).await;
    let delivery = recv(&mut intake).await;
    assert_eq!(delivery.from.username, "device");
    assert_eq!(&*delivery.client_id, "a");
    assert_eq!((&*delivery.messages[0].topic, &*delivery.messages[0].payload), ("t", &b"1"[..]));
    client.silent().await;
    delivery.acknowledge();
    client.expect(&[0x40, 2, 0, 10]).await;
}

#[tokio::test]
async fn one_read_is_one_delivery_and_answers_leave_in_the_order_of_the_messages() {
    let (house, mut intake) = open(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    let two: Vec<u8> = [publish(4, "t", b"1", 1, 1), publish(4, "t", b"2", 2, 2)].concat();
    client.send(&two).await;
    let first = recv(&mut intake).await;
    assert_eq!(first.messages.len(), 2);
    client.send(&publish(4, "t", b"3", 1, 3)).await;
    let second = recv(&mut intake).await;
    second.acknowledge();
    client.silent().await;
    first.acknowledge();
    client.expect(&[0x40, 2, 0, 1]).await;
    client.expect(&[0x50, 2, 0, 2]).await;
    client.expect(&[0x40, 2, 0, 3]).await;
}

#[tokio::test]
async fn a_delivery_dropped_without_answer_closes_the_connection() {
    let (house, mut intake) = open(Limits::default()).await;
    for version in [4, 5] {
        let mut client = Raw::connected(house.address, version, "a").await;
        client.send(&publish(version, "t", b"1", 1, 1)).await;
        drop(recv(&mut intake).await);
        if version == 5 {
            client.expect_disconnect(Reason::IMPLEMENTATION_SPECIFIC).await;
        } else {
            client.closed().await;
        }
    }
}

#[tokio::test]
async fn the_application_rejects_one_message_with_a_reason() {
    let (house, mut intake) = open(Limits::default()).await;
    for version in [5, 4] {
        let mut client = Raw::connected(house.address, version, "a").await;
        let two = [publish(version, "t", b"1", 1, 1), publish(version, "t", b"2", 1, 2)].concat();
        client.send(&two).await;
        let mut delivery = recv(&mut intake).await;
        let rejection = Rejection { reason: Reason::PAYLOAD_FORMAT_INVALID, text: "no JSON".into() };
        delivery.reject(0, rejection);
        delivery.acknowledge();
        if version == 5 {
            let mut told = vec![0x40, 14, 0, 1, 0x99, 10, 0x1f];
            told.extend(text(b"no JSON"));
            client.expect(&told).await;
        } else {
            client.expect(&[0x40, 2, 0, 1]).await;
        }
        client.expect(&[0x40, 2, 0, 2]).await;
    }
    assert_eq!(house.door.stats().rejected.get(Reason::PAYLOAD_FORMAT_INVALID), 2);
}

#[tokio::test]
async fn a_qos_2_message_is_delivered_once_until_it_is_released() {
    for version in [4, 5] {
        let (house, application) = open_with_application(Limits::default()).await;
        let mut client = Raw::connected(house.address, version, "a").await;
        let mut message = publish(version, "t", b"1", 2, 9);
        client.send(&message).await;
        client.expect(&[0x50, 2, 0, 9]).await;
        message[0] |= 0x08;
        client.send(&message).await;
        client.expect(&[0x50, 2, 0, 9]).await;
        client.send(&[0x62, 2, 0, 9]).await;
        client.expect(&[0x70, 2, 0, 9]).await;
        assert_eq!(application.got().len(), 1);
        message[0] &= !0x08;
        client.send(&message).await;
        client.expect(&[0x50, 2, 0, 9]).await;
        assert_eq!(application.got().len(), 2);
        client.send(&[0x62, 2, 0, 77]).await;
        match version {
            4 => client.expect(&[0x70, 2, 0, 77]).await,
            _ => client.expect(&[0x70, 3, 0, 77, 0x92]).await,
        }
    }
}

#[tokio::test]
async fn a_full_intake_stops_the_reading_and_loses_nothing() {
    let limits = Limits { intake_messages: 4, receive_maximum: u16::MAX, ..Limits::default() };
    let (house, mut intake) = open(limits).await;
    let client = Raw::connected(house.address, 4, "a").await;
    let payload = vec![b'x'; 4000];
    let (mut reader, mut writer) = client.stream.into_split();
    let count = 3000u16;
    let sending = tokio::spawn(async move {
        for id in 1..=count {
            let bytes = publish(4, "t", &payload, 1, id);
            tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes).await.unwrap();
        }
        writer
    });
    until(|| house.door.stats().intake_full.get() > 0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = intake.depth();
    assert!(waiting < 200, "{waiting} messages wait although 4 may");
    assert!(!sending.is_finished(), "12 MB were read although nobody takes them");
    let mut expected = 1;
    while expected <= count {
        let delivery = recv(&mut intake).await;
        for message in &delivery.messages {
            assert_eq!(message.packet_id, expected);
            expected += 1;
        }
        delivery.acknowledge();
    }
    let mut acks = vec![0; 4 * usize::from(count)];
    let read = tokio::io::AsyncReadExt::read_exact(&mut reader, &mut acks);
    tokio::time::timeout(SOON, read).await.unwrap().unwrap();
    let ids = acks.chunks(4).map(|ack| u16::from_be_bytes([ack[2], ack[3]]));
    assert!(ids.eq(1..=count));
}

#[tokio::test]
async fn wills_reach_the_application_unless_the_client_says_goodbye() {
    let (house, mut intake) = open(Limits::default()).await;
    let connect = |topic: &str| {
        let mut body = text(b"MQTT");
        body.extend([4, 0xee, 0, 0]);
        for field in [b"w", topic.as_bytes(), b"gone", b"device", b"secret"] {
            body.extend(text(field));
        }
        packet(0x10, &body)
    };
    for (topic, last, expected) in
        [("w/1", None, true), ("w/2", Some(vec![0xe0, 0]), false), ("w/4", Some(vec![0xf0, 0]), true)]
    {
        let mut client = Raw::open(house.address).await;
        client.send(&connect(topic)).await;
        client.expect(&[0x20, 2, 0, 0]).await;
        if let Some(last) = last {
            client.send(&last).await;
            client.closed().await;
        }
        drop(client);
        if expected {
            let delivery = recv(&mut intake).await;
            let will = &delivery.messages[0];
            assert_eq!((&*will.topic, &*will.payload, will.qos), (topic, &b"gone"[..], Qos::AtLeastOnce));
            assert!(will.is_will && will.retain);
            delivery.acknowledge();
        }
    }
    until(|| house.door.stats().connections.get() == 0).await;
    assert!(intake.try_recv().is_none());
}

#[tokio::test]
async fn what_was_said_right_before_goodbye_is_delivered() {
    let limits = Limits { intake_messages: 1, ..Limits::default() };
    let (house, mut intake) = open(limits).await;
    for number in 0..10 {
        let mut client = Raw::connected(house.address, 4, &format!("a{number}")).await;
        let bytes = [publish(4, "t", &[number], 0, 0), vec![0xe0, 0]].concat();
        client.send(&bytes).await;
    }
    let mut got = Vec::new();
    while got.len() < 10 {
        got.extend(recv(&mut intake).await.messages.iter().map(|m| m.payload[0]));
    }
    got.sort_unstable();
    assert!(got.into_iter().eq(0..10));
}

//! Bounds that keep one from being everybody's trouble: by address, by rate, and what a crowd of names may cost.

use std::time::{Duration, Instant};

use bongsu_broker::{Limits, Qos, Reason};

use crate::support::*;

#[tokio::test]
async fn one_address_does_not_take_all_places() {
    let limits = Limits { connections_by_address: 3, public_connections_by_address: 1, ..Limits::default() };
    let (house, _application) = open_with_application(limits).await;
    let mut kept = Vec::new();
    for name in ["a", "b", "c"] {
        kept.push(Raw::connected(house.address, 4, name).await);
    }
    let mut more = Raw::open(house.address).await;
    more.send(&connect(4, "d")).await;
    more.expect(&[0x20, 2, 0, 3]).await;
    more.closed().await;
    // citizens are counted apart
    let citizen = Raw::open(house.public).await;
    Raw::open(house.public).await.closed().await;
    assert_eq!(house.door.stats().refused_address.get(), 2);
    drop((kept, citizen));
    until(|| house.door.stats().sockets.get() == 0).await;
    house.serves().await;
}

#[tokio::test]
async fn citizens_have_their_part_of_the_places() {
    let (house, _application) = open_with_application(Limits { public_connections: 2, ..Limits::default() }).await;
    let _crowd = [Raw::open(house.public).await, Raw::open(house.public).await];
    Raw::open(house.public).await.closed().await;
    house.serves().await;
}

#[tokio::test]
async fn a_device_that_connects_too_often_is_told_so() {
    let limits = Limits { connects_per_minute: 1, ..Limits::default() };
    let (house, _application) = open_with_application(limits).await;
    // the burst, used up beside each other
    for _ in 0..10 {
        let some = (0..1_000).map(|number| async move {
            Raw::connected(house.address, 4, &format!("again{number}")).await;
        });
        futures_util::future::join_all(some).await;
    }
    let mut client = Raw::open(house.address).await;
    client.send(&connect(5, "again")).await;
    assert_eq!(client.packet().await[3], Reason::CONNECTION_RATE_EXCEEDED.0);
    assert_eq!(house.door.stats().refused.get(Reason::CONNECTION_RATE_EXCEEDED), 1);
}

/// The flood is heard later and in full; others do not notice it.
#[tokio::test(flavor = "multi_thread")]
async fn a_flooding_device_is_heard_later_and_nobody_else_notices() {
    let limits = Limits { messages_per_second: 2_000, ..Limits::default() };
    let (house, application) = open_with_application(limits).await;
    let mut flood = Raw::connected(house.address, 4, "flood").await;
    // so long that one read brings few of them: what a read brings is taken whole
    let burst: Vec<u8> = (0..500).flat_map(|_| publish(4, "flood", &[b'x'; 200], 0, 0)).collect();
    let start = Instant::now();
    let flooding = tokio::spawn(async move {
        for _ in 0..12 {
            flood.send(&burst).await;
        }
        flood
    });
    until(|| house.door.stats().throttled.get() > 0).await;
    // another user: the bound is one of each
    let mut calm = Raw::open(house.address).await;
    let mut body = text(b"MQTT");
    body.extend([4, 0xc2, 0, 0]);
    body.extend([text(b"calm"), text(b"other"), text(b"secret")].concat());
    calm.send(&packet(0x10, &body)).await;
    calm.expect(&[0x20, 2, 0, 0]).await;
    for id in 1..=200 {
        calm.send(&publish(4, "calm", b"x", 1, id)).await;
        calm.expect(&[0x40, 2, (id >> 8) as u8, id as u8]).await;
    }
    let heard = application.got().iter().filter(|message| &*message.topic == "flood").count();
    let allowed = 2_000.0 * (1.0 + start.elapsed().as_secs_f64()) + 2_000.0;
    assert!((heard as f64) < allowed, "{heard} of the flood were heard, more than {allowed}");
    application.wait_for(|got| got.iter().filter(|message| &*message.topic == "flood").count() == 6_000).await;
    assert!(start.elapsed() > Duration::from_secs(1), "6,000 at 2,000 a second, 2,000 of them at once");
    drop(flooding.await.unwrap());
}

#[tokio::test]
async fn a_will_to_a_forbidden_topic_is_refused_at_the_door() {
    let (house, _application) = open_with_application(Limits::default()).await;
    for (version, code) in [(4u8, 5u8), (5, 0x87)] {
        let mut body = text(b"MQTT");
        body.extend([version, 0xc6, 0, 0]);
        if version == 5 {
            body.push(0);
        }
        body.extend(text(b"will"));
        if version == 5 {
            body.push(0);
        }
        body.extend([text(b"forbidden/x"), text(b"lie"), text(b"device"), text(b"secret")].concat());
        let mut client = Raw::open(house.address).await;
        client.send(&packet(0x10, &body)).await;
        assert_eq!(client.packet().await[3], code);
        client.closed().await;
    }
    assert_eq!(house.door.stats().denied_publish.get(Reason::NOT_AUTHORIZED), 2);
}

#[tokio::test]
async fn shared_subscriptions_open_no_way_around_permission() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    for (filter, code) in [
        ("$share/g/forbidden/x", 0x87),
        ("$share/g/$share/g/t", 1),
        ("$share//t", 0x8f),
        ("$share/g", 0x8f),
        ("$share/+/t", 0x8f),
        ("$share/g#/t", 0x8f),
        ("$share/", 0x8f),
        ("$share", 0x8f),
        ("$SHARE/g/forbidden/x", 1),
    ] {
        client.send(&subscribe(5, 1, filter, 1)).await;
        client.expect(&[0x90, 4, 0, 1, 0, code]).await;
    }
    // what looks like a group inside one, or in capitals, is a topic that nobody has
    house.outlet.publish(vec![outgoing("forbidden/x", "secret", Qos::AtLeastOnce, false)]).unwrap();
    client.silent().await;
    house.serves().await;
}

/// A hundred thousand topics on one connection, and a subscriber of everything: nothing is kept for a topic.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_topics_leave_nothing_behind() {
    let (house, application) = open_with_application(Limits { messages_per_second: 0, ..Limits::default() }).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    for part in 0..100 {
        let bytes: Vec<u8> = (0..1_000).flat_map(|n| publish(4, &format!("t/{part}/{n}/é"), b"", 0, 0)).collect();
        client.send(&bytes).await;
    }
    client.silent().await;
    application.wait_for(|got| got.len() == 100_000).await;
    assert_eq!((house.door.stats().retained.get(), house.door.stats().subscriptions.get()), (0, 0));
    house.serves().await;
}

/// Each leaves a session behind that should last for ever: beyond the bound they are refused.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_many_client_identifiers_are_bounded() {
    let (bound, tried) = (count(300, 20_000), count(400, 100_000));
    let limits = Limits { sessions: bound, connects_per_minute: 0, ..Limits::default() };
    let (house, _application) = open_with_application(limits).await;
    let mut refused = 0;
    for number in 0..tried {
        let mut body = text(b"MQTT");
        body.extend([4, 0xc0, 0, 0]);
        body.extend([text(format!("client-{number}").as_bytes()), text(b"device"), text(b"secret")].concat());
        let mut client = Raw::open(house.address).await;
        client.send(&packet(0x10, &body)).await;
        refused += usize::from(client.packet().await[3] != 0);
    }
    assert_eq!(refused, tried - bound);
    assert_eq!(house.door.stats().sessions.get(), bound as u64);
    house.serves().await;
}

#[tokio::test]
async fn retained_bombs_are_bounded_and_refused_with_a_reason() {
    let (house, _application) = open_with_application(Limits { retained_messages: 50, ..Limits::default() }).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    let mut refused = 0;
    for number in 0..80u16 {
        let mut message = publish(5, &format!("fan/{number}"), &[b'x'; 1_000], 1, number + 1);
        message[0] |= 1;
        client.send(&message).await;
        let answer = client.packet().await;
        refused += usize::from(answer.get(4) == Some(&Reason::QUOTA_EXCEEDED.0));
    }
    assert_eq!(refused, 30);
    assert_eq!(house.door.stats().retained.get(), 50);
    house.serves().await;
}

/// A peer that vanished without a word: the keep-alive ends it, and its will is said.
#[tokio::test]
async fn half_open_connections_end_with_their_will() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut body = text(b"MQTT");
    body.extend([4, 0xc6, 0, 1]);
    body.extend([text(b"gone"), text(b"status"), text(b"off"), text(b"device"), text(b"secret")].concat());
    let mut client = Raw::open(house.address).await;
    client.send(&packet(0x10, &body)).await;
    client.expect(&[0x20, 2, 0, 0]).await;
    // the write side stays open and says nothing more
    application.wait_for(|got| got.iter().any(|message| message.is_will && &*message.topic == "status")).await;
    until(|| house.door.stats().connections.get() == 0).await;
    house.serves().await;
}

#[tokio::test]
async fn acknowledgements_nobody_is_owed_and_packets_in_the_wrong_order() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    // PUBACK, PUBREC, PUBREL and PUBCOMP of messages that never were
    client.send(&[0x40, 2, 0, 9, 0x50, 2, 0, 9]).await;
    client.expect(&[0x62, 3, 0, 9, 0x92]).await;
    client.send(&[0x62, 2, 0, 9]).await;
    client.expect(&[0x70, 3, 0, 9, 0x92]).await;
    client.send(&[0x70, 2, 0, 9]).await;
    client.silent().await;
    // the same identifier twice while it is open, with another QoS
    client.send(&[publish(5, "t", b"1", 2, 3), publish(5, "t", b"2", 1, 3)].concat()).await;
    let answers = [client.packet().await[0], client.packet().await[0]];
    assert_eq!(answers, [0x50, 0x40]);
    house.serves().await;
}

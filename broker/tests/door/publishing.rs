//! From the application to subscribers.

use std::time::Duration;

use bongsu_broker::{Limits, OutletError, Qos};

use crate::support::*;

#[tokio::test]
async fn everyone_hears_what_matches_in_order() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let filters = ["#", "a/#", "a/+", "a/1", "+/1", "b"];
    let mut clients = Vec::new();
    for (number, filter) in filters.iter().enumerate() {
        let mut client = Raw::connected(house.address, 4, &number.to_string()).await;
        client.send(&subscribe(4, 1, filter, 0)).await;
        client.packet().await;
        clients.push(client);
    }
    let topics = ["a/1", "a/2", "a/b/c", "b", "$secret/1", "c/1"];
    let batch = topics.iter().map(|topic| outgoing(topic, topic, Qos::AtLeastOnce, false));
    house.outlet.publish(batch.collect()).unwrap();
    for (client, filter) in clients.iter_mut().zip(filters) {
        for topic in topics.iter().filter(|topic| bongsu_broker::matches(filter, topic)) {
            client.expect(&publish(4, topic, topic.as_bytes(), 0, 0)).await;
        }
        client.silent().await;
    }
}

#[tokio::test]
async fn retained_state_is_kept_replaced_and_removed() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let retained = |payload: &str| outgoing("r", payload, Qos::AtLeastOnce, true);
    house.outlet.publish(vec![retained("1"), retained("2"), outgoing("r", "", Qos::AtMostOnce, false)]).unwrap();
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&subscribe(5, 1, "r", 1)).await;
    client.packet().await;
    assert_eq!(client.packet().await, [0x33, 7, 0, 1, b'r', 0, 1, 0, b'2']);
    // live ones carry no retain flag, unless the subscriber asked to keep it as published
    house.outlet.publish(vec![retained("3")]).unwrap();
    assert_eq!(client.packet().await[0], 0x32);
    client.send(&subscribe(5, 2, "r", 0x08 | 0x20)).await;
    client.packet().await;
    house.outlet.publish(vec![retained("4")]).unwrap();
    assert_eq!(client.packet().await[0], 0x31, "retain handling 2 sends none, then the live one");
    client.send(&subscribe(5, 3, "r", 0x10)).await;
    client.packet().await;
    client.silent().await;
    house.outlet.publish(vec![retained("")]).unwrap();
    assert_eq!(client.packet().await.len(), 2 + 4, "the removal itself is heard");
    client.send(&subscribe(5, 4, "r", 0)).await;
    client.packet().await;
    client.silent().await;
}

#[tokio::test]
async fn what_has_expired_is_not_said() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut short = outgoing("r/short", "x", Qos::AtMostOnce, true);
    short.expiry = Some(Duration::from_millis(30));
    let mut long = outgoing("r/long", "x", Qos::AtMostOnce, true);
    long.expiry = Some(Duration::from_secs(100));
    house.outlet.publish(vec![short, long]).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&subscribe(5, 1, "r/#", 0)).await;
    client.packet().await;
    let mut expected = vec![0x31, 15, 0, 6];
    expected.extend(b"r/long\x05\x02\0\0\0\x64x");
    client.expect(&expected).await;
    client.silent().await;
}

#[tokio::test]
async fn the_window_of_a_subscriber_is_kept() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "a", 0, &[0x21, 0, 2])).await;
    client.packet().await;
    client.send(&subscribe(5, 1, "t", 1)).await;
    client.packet().await;
    let batch = (0..5).map(|n| outgoing("t", &n.to_string(), Qos::AtLeastOnce, false));
    house.outlet.publish(batch.collect()).unwrap();
    let mut waiting = vec![client.packet().await, client.packet().await];
    client.silent().await;
    for next in [b'2', b'3', b'4'] {
        let first = waiting.remove(0);
        client.send(&[0x40, 2, first[5], first[6]]).await;
        let packet = client.packet().await;
        assert_eq!(packet.last(), Some(&next));
        waiting.push(packet);
    }
}

#[tokio::test]
async fn a_subscriber_with_a_small_packet_limit_is_spared_large_ones() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "a", 0, &[0x27, 0, 0, 0, 50])).await;
    client.packet().await;
    client.send(&subscribe(5, 1, "t", 0)).await;
    client.packet().await;
    let large = "x".repeat(100);
    house
        .outlet
        .publish(vec![outgoing("t", &large, Qos::AtMostOnce, false), outgoing("t", "s", Qos::AtMostOnce, false)])
        .unwrap();
    client.expect(&publish(5, "t", b"s", 0, 0)).await;
    assert_eq!(house.door.stats().dropped_unfit.get(), 1);
}

#[tokio::test]
async fn a_bad_batch_is_refused_as_a_whole() {
    let (house, _application) = open_with_application(Limits { retained_messages: 1, ..Limits::default() }).await;
    let good = outgoing("a", "1", Qos::AtMostOnce, true);
    let bad = outgoing("a/+", "1", Qos::AtMostOnce, false);
    let refused = house.outlet.publish(vec![good.clone(), bad]);
    assert_eq!(refused, Err(OutletError::Topic("a/+".into())));
    assert_eq!(house.door.stats().retained.get(), 0);
    house.outlet.publish(vec![good]).unwrap();
    let second = outgoing("b", "1", Qos::AtMostOnce, true);
    assert_eq!(house.outlet.publish(vec![second]), Err(OutletError::RetainedFull(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_subscribers_hear_an_alert() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut clients = Vec::new();
    for number in 0..500 {
        let mut client = Raw::connected(house.address, 4, &number.to_string()).await;
        client.send(&subscribe(4, 1, "alerts/+/flood", 1)).await;
        client.packet().await;
        clients.push(client);
    }
    house.outlet.publish(vec![outgoing("alerts/seocho/flood", "rising", Qos::AtLeastOnce, true)]).unwrap();
    for client in &mut clients {
        client.expect(&publish(4, "alerts/seocho/flood", b"rising", 1, 1)).await;
    }
    drop(clients);
    until(|| house.door.stats().subscriptions.get() == 0).await;
    house.serves().await;
}

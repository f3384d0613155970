//! What kills or blinds other brokers must leave this one serving others.

use bongsu_broker::{Limits, Qos, Reason};

use crate::support::*;

#[tokio::test]
async fn a_topic_that_begins_with_a_multi_byte_character() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&publish(4, "é/x", b"1", 0, 0)).await;
    application.wait_for(|got| got.iter().any(|m| &*m.topic == "é/x")).await;
    client.send(&subscribe(4, 1, "é/#", 1)).await;
    client.expect(&[0x90, 3, 0, 1, 1]).await;
    house.outlet.publish(vec![outgoing("é/x", "1", Qos::AtMostOnce, true)]).unwrap();
    client.expect(&publish(4, "é/x", b"1", 0, 0)).await;
    house.serves().await;
    assert_eq!(house.door.stats().router_rebuilds.get(), 0);
}

#[tokio::test]
async fn the_same_odd_client_identifier_twice() {
    let (house, _application) = open_with_application(Limits::default()).await;
    for odd in ["a/b", "a+b", "#", "é", "a b", "$share/x"] {
        let mut older = Raw::connected(house.address, 5, odd).await;
        let mut newer = Raw::connected(house.address, 5, odd).await;
        older.expect_disconnect(Reason::SESSION_TAKEN_OVER).await;
        newer.silent().await;
    }
    house.serves().await;
}

#[tokio::test]
async fn refused_connections_do_not_close_the_listener() {
    let (house, _application) = open_with_application(Limits { max_connections: 2, ..Limits::default() }).await;
    let kept = [Raw::connected(house.address, 4, "a").await, Raw::connected(house.address, 4, "b").await];
    for version in [4, 5, 4] {
        let mut client = Raw::open(house.address).await;
        client.send(&connect(version, "c")).await;
        match version {
            4 => client.expect(&[0x20, 2, 0, 3]).await,
            _ => assert_eq!(client.packet().await[3], 0x97),
        }
        client.closed().await;
    }
    Raw::open(house.address).await.closed().await;
    assert_eq!(house.door.stats().refused_full.get(), 4);
    drop(kept);
    until(|| house.door.stats().sockets.get() == 0).await;
    house.serves().await;
}

#[tokio::test]
async fn a_member_of_a_shared_subscription_that_drops_its_connection_harms_nobody() {
    let (house, _application) = open_with_application(Limits::default()).await;
    for version in [4, 5] {
        let mut client = Raw::connected(house.address, version, "s").await;
        client.send(&subscribe(version, 1, "$share/group/t", 1)).await;
        assert_eq!(client.packet().await.last(), Some(&1));
        house.outlet.publish(vec![outgoing("t", "1", Qos::AtLeastOnce, false)]).unwrap();
        assert_eq!(client.packet().await[0], 0x32);
        // no PUBACK, no goodbye
        client.stream.set_zero_linger().unwrap();
        drop(client);
    }
    until(|| house.door.stats().subscriptions.get() == 0).await;
    house.serves().await;
}

#[tokio::test]
async fn user_properties_of_version_5_reach_the_application_and_no_3_1_1_subscriber() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    let mut user = vec![0x26];
    user.extend([text(b"k"), text(b"v")].concat());
    client.send(&publish_with(5, "t", b"1", 1, 1, &user)).await;
    client.expect(&[0x40, 2, 0, 1]).await;
    let properties = application.got()[0].properties.clone().unwrap();
    assert_eq!(properties.user, [("k".to_owned(), "v".to_owned())]);
    house.serves().await;
}

#[tokio::test]
async fn silent_sockets_hold_up_nobody_and_are_closed() {
    let limits = Limits { connect_timeout: std::time::Duration::from_millis(300), ..Limits::default() };
    let (house, _application) = open_with_application(limits).await;
    let mut silent = Vec::new();
    for number in 0..200 {
        let mut raw = Raw::open(house.address).await;
        if number % 2 == 0 {
            raw.send(&connect(4, "half")[..9]).await;
        }
        silent.push(raw);
    }
    house.serves().await;
    for mut raw in silent {
        raw.closed().await;
    }
    assert_eq!(house.door.stats().refused_silent.get(), 200);
}

#[tokio::test]
async fn a_subscriber_that_never_reads_is_cut_and_others_hear_everything() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut deaf = Raw::connected(house.address, 4, "deaf").await;
    deaf.send(&subscribe(4, 1, "flood", 1)).await;
    let mut deaf_0 = Raw::connected(house.address, 4, "deaf0").await;
    deaf_0.send(&subscribe(4, 1, "flood", 0)).await;
    let mut good = Raw::connected(house.address, 4, "good").await;
    good.send(&subscribe(4, 1, "flood", 0)).await;
    good.packet().await;
    until(|| house.door.stats().subscriptions.get() == 3).await;
    let stats = house.door.stats();
    let payload = "x".repeat(20_000);
    let mut said = 0;
    while stats.cut_slow.get() == 0 || stats.dropped_slow.get() == 0 {
        house.outlet.publish(vec![outgoing("flood", &payload, Qos::AtLeastOnce, false)]).unwrap();
        assert_eq!(good.packet().await.len(), 20_000 + 11);
        said += 1;
        assert!(said < 5_000, "never cut");
    }
    assert_eq!(stats.cut_slow.get(), 1);
    assert_eq!(house.closed(Reason::QUOTA_EXCEEDED), 1);
    house.serves().await;
}

#[tokio::test]
async fn wildcards_where_they_do_not_belong() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    for (filter, code) in [("a/#/b", 0x8f), ("a#", 0x8f), ("+a", 0x8f), ("", 0x8f), ("forbidden/#", 0x87), ("a/+/b", 1)]
    {
        client.send(&subscribe(5, 1, filter, 1)).await;
        client.expect(&[0x90, 4, 0, 1, 0, code]).await;
    }
    for topic in ["a/+", "#", "a/b#", ""] {
        let mut client = Raw::connected(house.address, 5, "b").await;
        client.send(&publish(5, topic, b"1", 0, 0)).await;
        client.expect_disconnect(Reason::TOPIC_NAME_INVALID).await;
        let mut client = Raw::connected(house.address, 4, "b").await;
        client.send(&publish(4, topic, b"1", 1, 1)).await;
        client.closed().await;
    }
    assert!(application.got().is_empty());
    house.serves().await;
}

#[tokio::test]
async fn every_unsubscribe_is_answered() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&unsubscribe(4, 5, "never/there")).await;
    client.expect(&[0xb0, 2, 0, 5]).await;
    let mut client = Raw::connected(house.address, 5, "b").await;
    client.send(&subscribe(5, 1, "t", 0)).await;
    client.packet().await;
    for code in [0x00, 0x11] {
        client.send(&unsubscribe(5, 6, "t")).await;
        client.expect(&[0xb0, 4, 0, 6, 0, code]).await;
    }
    house.outlet.publish(vec![outgoing("t", "1", Qos::AtMostOnce, false)]).unwrap();
    house.serves().await;
    client.silent().await;
}

#[tokio::test]
async fn three_hundred_retained_messages_reach_every_new_subscriber() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let all = (0..300).map(|n| outgoing(&format!("r/{n:03}"), &"x".repeat(1000), Qos::AtLeastOnce, true));
    house.outlet.publish(all.collect()).unwrap();
    for qos in [0u8, 1] {
        let mut client = Raw::connected(house.address, 4, "a").await;
        client.send(&subscribe(4, 1, "r/#", qos)).await;
        client.expect(&[0x90, 3, 0, 1, qos]).await;
        for number in 0..300 {
            let packet = client.packet().await;
            assert_eq!(packet[0], 0x31 | qos << 1, "retained, with the granted QoS");
            assert_eq!(&packet[5..10], format!("r/{number:03}").as_bytes());
            if qos == 1 {
                client.send(&[0x40, 2, packet[10], packet[11]]).await;
            }
        }
        client.silent().await;
    }
    house.serves().await;
}

#[tokio::test]
async fn what_is_no_mqtt_is_closed() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut old = text(b"MQIsdp");
    old.extend([3, 2, 0, 0, 0, 1, b'a']);
    let mut client = Raw::open(house.address).await;
    client.send(&packet(0x10, &old)).await;
    client.expect(&[0x20, 2, 0, 1]).await;
    client.closed().await;
    let twice = [connect(4, "a"), connect(4, "a")].concat();
    let garbage: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x10, 0xff, 0xff, 0xff, 0xff],
        &[0xc0, 0],
        &[0; 64],
        &[0x10, 0xff, 0xff, 0xff, 0x7f],
    ];
    for bytes in garbage {
        let mut client = Raw::open(house.address).await;
        client.send(bytes).await;
        client.closed().await;
    }
    let mut client = Raw::open(house.address).await;
    client.send(&twice).await;
    client.packet().await;
    client.closed().await;
    house.serves().await;
}

#[tokio::test]
async fn a_retained_publish_of_a_device_never_becomes_a_retained_message() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    let mut message = publish(4, "alerts/seoul/flood", b"all clear", 1, 1);
    message[0] |= 1;
    client.send(&message).await;
    client.expect(&[0x40, 2, 0, 1]).await;
    assert!(application.got()[0].retain);
    client.send(&subscribe(4, 2, "alerts/#", 0)).await;
    client.packet().await;
    client.silent().await;
    assert_eq!(house.door.stats().retained.get(), 0);
}

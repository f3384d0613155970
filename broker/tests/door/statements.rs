//! Normative statements that no scenario shows by itself.

use bongsu_broker::{Limits, Qos, Reason};

use crate::support::*;

/// SUBSCRIBE or UNSUBSCRIBE with several filters; `options` stand behind each in a SUBSCRIBE.
fn several(first: u8, version: u8, id: u8, filters: &[&str], options: Option<u8>) -> Vec<u8> {
    let mut body = vec![0, id];
    if version == 5 {
        body.push(0);
    }
    for filter in filters {
        body.extend(text(filter.as_bytes()));
        body.extend(options);
    }
    packet(first, &body)
}

/// MQTT-3.8.4-5, -6, 3.11.3-1, -2: as many codes as filters, in their order, as if they came one after the other.
#[tokio::test]
async fn several_filters_are_answered_in_their_order() {
    let (house, _application) = open_with_application(Limits { subscriptions: 2, ..Limits::default() }).await;
    let filters = ["a", "forbidden/x", "b", "a", "c"];
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&several(0x82, 5, 1, &filters, Some(1))).await;
    client.expect(&[0x90, 8, 0, 1, 0, 1, 0x87, 1, 1, 0x97]).await;
    client.send(&several(0xa2, 5, 2, &["a", "never", "b", "a"], None)).await;
    client.expect(&[0xb0, 7, 0, 2, 0, 0, 0x11, 0, 0x11]).await;
    let mut client = Raw::connected(house.address, 4, "b").await;
    client.send(&several(0x82, 4, 1, &filters, Some(2))).await;
    client.expect(&[0x90, 7, 0, 1, 2, 0x80, 2, 2, 0x80]).await;
    client.send(&several(0xa2, 4, 2, &filters, None)).await;
    client.expect(&[0xb0, 2, 0, 2]).await;
}

/// MQTT-3.10.4-2, -3: nothing new after UNSUBACK, and what is under way is completed.
#[tokio::test]
async fn after_unsuback_nothing_new_comes_and_what_is_under_way_is_completed() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&subscribe(4, 1, "t", 2)).await;
    client.expect(&[0x90, 3, 0, 1, 2]).await;
    house.outlet.publish(vec![outgoing("t", "1", Qos::ExactlyOnce, false)]).unwrap();
    let message = client.packet().await;
    assert_eq!((message[0], &message[message.len() - 1..]), (0x34, &b"1"[..]), "neither DUP nor retained");
    let id = [message[5], message[6]];
    client.send(&unsubscribe(4, 2, "t")).await;
    client.expect(&[0xb0, 2, 0, 2]).await;
    house.outlet.publish(vec![outgoing("t", "2", Qos::ExactlyOnce, false)]).unwrap();
    client.send(&[0x50, 2, id[0], id[1]]).await;
    client.expect(&[0x62, 2, id[0], id[1]]).await;
    client.send(&[0x70, 2, id[0], id[1]]).await;
    client.silent().await;
}

/// MQTT-3.3.4-6: a client sends no subscription identifier.
#[tokio::test]
async fn a_publish_with_a_subscription_identifier_is_a_protocol_error() {
    let (house, application) = open_with_application(Limits::default()).await;
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&publish_with(5, "t", b"1", 1, 1, &[0x0b, 1])).await;
    let answer = client.packet().await;
    assert_eq!(answer[0], 0xe0);
    assert!([Reason::PROTOCOL_ERROR.0, Reason::MALFORMED_PACKET.0].contains(&answer[2]), "{answer:x?}");
    client.closed().await;
    assert!(application.got().is_empty());
}

/// MQTT-3.1.2-28: response information only to whom asks for it.
#[tokio::test]
async fn response_information_is_given_to_whom_asks_for_it() {
    let (house, _application) = open_with_application(Limits::default()).await;
    for (asked, properties) in [(true, &[0x19, 1][..]), (false, &[0x19, 0]), (false, &[])] {
        let mut client = Raw::open(house.address).await;
        client.send(&connect_with(5, "a", 0, properties)).await;
        let connack = client.packet().await;
        let told = connack.windows(10).any(|bytes| bytes == b"responses/");
        assert_eq!((connack[3], told), (0, asked), "{properties:x?}: {connack:x?}");
    }
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "a", 0, &[0x19, 2])).await;
    assert_ne!(client.packet().await[3], 0);
    client.closed().await;
}

/// MQTT-3.2.2-6: no session is present in a refusal; MQTT-3.1.4-4: and nothing that came after the CONNECT is heard.
#[tokio::test]
async fn a_refusal_has_no_session_and_hears_nothing() {
    let (house, application) = open_with_application(Limits::default()).await;
    // a session that is kept
    let kept = |password: &[u8]| {
        let mut body = text(b"MQTT");
        body.extend([4, 0xc0, 0, 0]);
        body.extend([text(b"kept"), text(b"device"), text(password)].concat());
        packet(0x10, &body)
    };
    let mut client = Raw::open(house.address).await;
    client.send(&kept(b"secret")).await;
    client.expect(&[0x20, 2, 0, 0]).await;
    client.send(&[0xe0, 0]).await;
    client.closed().await;
    let mut client = Raw::open(house.address).await;
    client.send(&[kept(b"wrong!"), publish(4, "t", b"1", 0, 0)].concat()).await;
    client.expect(&[0x20, 2, 0, 4]).await;
    client.closed().await;
    let mut client = Raw::open(house.address).await;
    client.send(&kept(b"secret")).await;
    client.expect(&[0x20, 2, 1, 0]).await;
    assert!(application.got().is_empty());
}

/// MQTT-3.1.2-11 to -15, 3.1.3-7, -8 (3.1.1): flags of a CONNECT that contradict each other.
#[tokio::test]
async fn flags_of_connect_that_contradict_each_other_are_refused() {
    let (house, _application) = open_with_application(Limits::default()).await;
    // reserved bit; QoS or retain of a will that is not there; QoS 3; 3.1.1: a password without a name
    for (version, flags) in
        [(4, 0xc3), (5, 0xc3), (4, 0xca), (5, 0xca), (4, 0xe2), (5, 0xe2), (4, 0xde), (5, 0xde), (4, 0x42)]
    {
        let mut body = text(b"MQTT");
        body.extend([version, flags, 0, 0]);
        if version == 5 {
            body.push(0);
        }
        body.extend([text(b"c"), text(b"device"), text(b"secret")].concat());
        let mut client = Raw::open(house.address).await;
        client.send(&packet(0x10, &body)).await;
        if let Some(answer) = client.try_packet().await {
            assert!(answer[0] == 0x20 && answer[3] != 0, "{flags:x}: {answer:x?}");
            client.closed().await;
        }
    }
    assert_eq!(house.door.stats().connections_total.get(), 0);
    house.serves().await;
}

/// MQTT-1.5.4-1, -2: text that is none, in every place where there is text.
#[tokio::test]
async fn text_that_is_none_is_refused_wherever_it_stands() {
    let (house, application) = open_with_application(Limits::default()).await;
    // a lone continuation byte, an overlong form, a surrogate, a null
    for bad in [&b"\x80"[..], b"\xc0\x80", b"\xed\xa0\x80", b"a\0b"] {
        let mut user = vec![0x26];
        user.extend([text(bad), text(b"v")].concat());
        for bytes in [
            packet(0x30, &[text(bad), vec![0], b"x".to_vec()].concat()),
            packet(0x82, &[vec![0, 1, 0], text(bad), vec![0]].concat()),
            packet(0xa2, &[vec![0, 1, 0], text(bad)].concat()),
            publish_with(5, "t", b"x", 0, 0, &user),
        ] {
            let mut client = Raw::connected(house.address, 5, "a").await;
            client.send(&bytes).await;
            let answer = client.packet().await;
            let told = match answer[0] {
                0x90 | 0xb0 => *answer.last().unwrap(),
                _ => answer[2],
            };
            assert!(told >= 0x80, "{bytes:x?} got {answer:x?}");
        }
        let mut client = Raw::open(house.address).await;
        let mut body = text(b"MQTT");
        body.extend([4, 0xc2, 0, 0]);
        body.extend([text(bad), text(b"device"), text(b"secret")].concat());
        client.send(&packet(0x10, &body)).await;
        if let Some(answer) = client.try_packet().await {
            assert_ne!(answer[3], 0, "{bad:x?} as client identifier");
        }
    }
    assert!(application.got().is_empty());
    // and text that is one, though it looks odd: MQTT-1.5.4-3 keeps even a byte order mark
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&publish(5, "\u{feff}t", b"x", 1, 1)).await;
    client.expect(&[0x40, 2, 0, 1]).await;
    assert_eq!(&*application.got()[0].topic, "\u{feff}t");
}

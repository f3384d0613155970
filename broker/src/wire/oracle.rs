//! Tests of the codec against an independent one: we read what `mqtt-protocol-core` writes, and it
//! reads what we write.

use std::sync::Arc;

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::packet::{self, SubEntry, SubOpts, v3_1_1, v5_0};
use proptest::prelude::*;

use super::*;

fn body(bytes: &[u8]) -> (u8, &[u8]) {
    let frame = frame(bytes, 1 << 20).expect("well formed").expect("whole");
    assert_eq!(frame.end, bytes.len());
    (frame.flags(), &bytes[frame.body..])
}

#[test]
fn reads_connects_of_another_encoder() {
    let v5 = v5_0::Connect::builder()
        .client_id("한강-7")
        .and_then(|b| b.will_message("w/t", "gone", packet::Qos::ExactlyOnce, true))
        .and_then(|b| b.user_name("user"))
        .and_then(|b| b.password("pass"))
        .map(|b| b.keep_alive(60).clean_start(true))
        .and_then(|b| b.build())
        .expect("built")
        .to_continuous_buffer();
    let v3 = v3_1_1::Connect::builder()
        .client_id("한강-7")
        .and_then(|b| b.will_message("w/t", "gone", packet::Qos::ExactlyOnce, true))
        .and_then(|b| b.user_name("user"))
        .and_then(|b| b.password("pass"))
        .map(|b| b.keep_alive(60).clean_session(true))
        .and_then(|b| b.build())
        .expect("built")
        .to_continuous_buffer();
    for (bytes, version) in [(v5, Version::V5), (v3, Version::V3)] {
        let (flags, body) = body(&bytes);
        let read = connect(flags, body).expect("read");
        assert_eq!(
            (read.version, &*read.client_id, read.keep_alive_s, read.clean_start),
            (version, "한강-7", 60, true)
        );
        assert_eq!((read.username.as_deref(), read.password.as_deref()), (Some("user"), Some(&b"pass"[..])));
        let will = read.will.expect("a will");
        assert_eq!(
            (&*will.topic, &*will.payload, will.qos, will.retain),
            ("w/t", &b"gone"[..], Qos::ExactlyOnce, true)
        );
    }
}

#[test]
fn reads_subscriptions_of_another_encoder() {
    let options = SubOpts::new().set_qos(packet::Qos::AtLeastOnce).set_rap(true);
    let entries = || vec![SubEntry::new("a/+/#", options).expect("legal")];
    let v5 = v5_0::Subscribe::builder().packet_id(9).entries(entries()).build().expect("built").to_continuous_buffer();
    let (flags, content) = body(&v5);
    let expected = FilterRequest {
        filter: "a/+/#".into(),
        qos: Qos::AtLeastOnce,
        no_local: false,
        retain_as_published: true,
        retain_handling: 0,
    };
    let expected = Subscribe { packet_id: 9, filters: vec![expected], identifier: 0 };
    assert_eq!(subscribe(Version::V5, flags, content), Ok(expected));
}

#[test]
fn another_decoder_reads_our_answers() {
    let mut out = BytesMut::new();
    let limits = ConnackLimits {
        receive_maximum: 5,
        maximum_packet_size: 1000,
        topic_alias_maximum: 3,
        assigned_client_id: Some("auto-1"),
        server_keep_alive_s: Some(9),
        session_present: true,
        session_expiry_s: Some(7),
        response_information: Some("r/"),
    };
    connack(&mut out, Reason::SUCCESS, None, Some(&limits));
    let (read, length) = v5_0::Connack::parse(body(&out).1).expect("parsed");
    assert_eq!((length, read.session_present()), (out.len() - 2, true));
    assert_eq!(read.to_continuous_buffer().len(), out.len());
    let codes = [0, 1, 0x87, 0x9e];
    out.clear();
    suback(&mut out, Version::V5, 7, &codes);
    assert!(v5_0::Suback::parse(body(&out).1).is_ok());
    out.clear();
    suback(&mut out, Version::V3, 7, &[0, 1, 0x80]);
    assert!(v3_1_1::Suback::parse(body(&out).1).is_ok());
    out.clear();
    unsuback(&mut out, Version::V5, 7, &[0, 0x11]);
    assert!(v5_0::Unsuback::parse(body(&out).1).is_ok());
    out.clear();
    disconnect(&mut out, Reason::SESSION_TAKEN_OVER, Some("why"));
    let (read, _) = v5_0::Disconnect::parse(body(&out).1).expect("parsed");
    assert_eq!(read.reason_code().map(|code| code as u8), Some(0x8e));
    out.clear();
    ack(&mut out, Version::V5, 0x40, 7, Reason::PAYLOAD_FORMAT_INVALID, Some(&"긴".repeat(500)));
    let (read, _) = v5_0::Puback::parse(body(&out).1).expect("parsed");
    assert_eq!((read.packet_id(), read.reason_code().map(|code| code as u8)), (7, Some(0x99)));
}

proptest! {
    #[test]
    fn a_message_survives_both_ways(
        topic in "[a-zé한/]{1,40}",
        payload in prop::collection::vec(any::<u8>(), 0..300),
        qos in 0u8..3,
        id in 1u16..,
        retain: bool,
        v5: bool,
        expiry in prop::option::of(0u32..),
        content_type in prop::option::of("[a-z/]{0,200}"),
        user in prop::collection::vec(("[a-z]{0,9}", "[a-zé]{0,9}"), 0..4),
    ) {
        let version = if v5 { Version::V5 } else { Version::V3 };
        let qos = Qos::from_bits(qos).expect("below 3");
        let mut out = BytesMut::new();
        let properties = forwarded(&Properties { content_type, user: user.clone(), ..Properties::default() });
        let packet_id = if qos == Qos::AtMostOnce { 0 } else { id };
        let (dup, identifiers) = (false, &[1, 300][..]);
        let identifiers = if v5 { identifiers } else { &[] };
        let speech = Speech {
            version, topic: &topic, payload: &payload, qos, packet_id, dup, retain,
            expiry_s: expiry, properties: &properties, identifiers,
        };
        speech.put(&mut out);
        prop_assert_eq!(out.len(), speech.size());
        if v5 {
            // a client may not send identifiers back to us
            prop_assert!(publish(version, body(&out).0, body(&out).1).is_err());
            out.clear();
            Speech { identifiers: &[], ..speech }.put(&mut out);
        }
        let (flags, content) = body(&out);
        let read = publish(version, flags, content).expect("read");
        prop_assert_eq!(read.topic, topic.as_bytes());
        prop_assert_eq!(&content[read.payload_at..], &payload);
        prop_assert_eq!((read.qos, read.retain), (qos, retain));
        prop_assert_eq!(read.packet_id, if qos == Qos::AtMostOnce { 0 } else { id });
        let shared: Arc<[u8]> = content.into();
        let (theirs, their_payload) = match version {
            Version::V5 => {
                let read = v5_0::Publish::parse(flags, shared).expect("parsed").0;
                (read.topic_name().to_owned(), read.payload().as_slice().to_vec())
            }
            Version::V3 => {
                let read = v3_1_1::Publish::parse(flags, shared).expect("parsed").0;
                (read.topic_name().to_owned(), read.payload().as_slice().to_vec())
            }
        };
        prop_assert_eq!(theirs, topic);
        prop_assert_eq!(their_payload, payload);
    }

    #[test]
    fn no_bytes_panic_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..80), flags in 0u8..16, v5: bool) {
        let version = if v5 { Version::V5 } else { Version::V3 };
        let mut named = vec![0, 4, b'M', b'Q', b'T', b'T', if v5 { 5 } else { 4 }];
        named.extend(&bytes);
        let _ = (
            frame(&bytes, 100),
            connect(0, &bytes),
            connect(0, &named),
            publish(version, flags, &bytes).map(|read| read.payload_at <= bytes.len()).map(|inside| assert!(inside)),
            subscribe(version, 2, &bytes),
            unsubscribe(version, 2, &bytes),
            acknowledged(version, 0, 0, &bytes),
            disconnected(version, 0, &bytes),
        );
    }
}

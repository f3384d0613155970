//! MQTT in WebSocket frames, byte by byte. The clients of others use it in tests/clients.rs.

use std::sync::Arc;

use bongsu_broker::{Door, DoorConfig, Listener, Plane};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

/// One masked frame; the mask is zero, which is legal.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

async fn shake(house: &House, protocol: &str) -> (Raw, String) {
    let mut raw = Raw::open(house.address).await;
    let request = format!(
        "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    );
    raw.send(request.as_bytes()).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(raw.stream.read_u8().await.unwrap());
    }
    (raw, String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn websocket_frames_split_and_merge_packets() {
    let listener = Listener::new("127.0.0.1:0".parse().unwrap(), Plane::Devices);
    let config = DoorConfig { listeners: vec![listener.over_websocket()], ..DoorConfig::default() };
    let (door, intake, outlet) = Door::start(config, Arc::new(Gatekeeper)).await.unwrap();
    let address = door.addresses()[0];
    let house = House { door, outlet, address, public: address };
    let application = Application::start(intake);
    let (_, refused) = shake(&house, "").await;
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
    let (mut raw, agreed) = shake(&house, "Sec-WebSocket-Protocol: other, mqtt\r\n").await;
    assert!(agreed.starts_with("HTTP/1.1 101") && agreed.to_lowercase().contains("sec-websocket-protocol: mqtt"));
    let packets = [connect(4, "ws"), publish(4, "t", b"1", 1, 1), publish(4, "t", b"2", 1, 2)].concat();
    for piece in packets.chunks(7) {
        raw.send(&frame(0x82, piece)).await;
    }
    raw.send(&frame(0x82, &[publish(4, "t", b"3", 1, 3), vec![0xc0, 0]].concat())).await;
    let mut heard = Vec::new();
    // CONNACK, three PUBACKs, PINGRESP
    while heard.len() < 4 + 3 * 4 + 2 {
        let mut head = [0; 2];
        raw.stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[0], 0x82);
        let mut payload = vec![0; usize::from(head[1])];
        raw.stream.read_exact(&mut payload).await.unwrap();
        heard.extend(payload);
    }
    assert_eq!(heard[..4], [0x20, 2, 0, 0]);
    application.wait_for(|got| got.len() == 3).await;
    // text is no MQTT
    raw.stream.write_all(&frame(0x81, b"text")).await.unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(SOON, raw.stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "a text frame is accepted");
}

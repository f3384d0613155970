//! Sessions that outlive their connection, and what they are owed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bongsu_broker::{
    Change, Door, DoorConfig, Intake, Limits, Listener, MemoryStore, Plane, Qos, Receipt, SessionStore, Snapshot,
    StoreError,
};

use crate::support::*;

/// A memory store that can be told to fail.
#[derive(Default)]
struct Moody {
    memory: MemoryStore,
    fails: AtomicBool,
}

impl SessionStore for Moody {
    fn load(&self) -> Result<Snapshot, StoreError> {
        self.memory.load()
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        match self.fails.load(Ordering::Relaxed) {
            true => Err(StoreError("no space".into())),
            false => self.memory.commit(changes),
        }
    }
}

async fn open_with(store: Arc<Moody>, receipts: Vec<Receipt>, limits: Limits) -> (House, Intake) {
    let listener = |plane| Listener::new("127.0.0.1:0".parse().unwrap(), plane);
    let config = DoorConfig {
        listeners: vec![listener(Plane::Devices), listener(Plane::Public)],
        limits,
        sessions: Some(store),
        receipts,
        ..DoorConfig::default()
    };
    let (door, intake, outlet) = Door::start(config, Arc::new(Gatekeeper)).await.unwrap();
    let (address, public) = (door.addresses()[0], door.addresses()[1]);
    (House { door, outlet, address, public }, intake)
}

/// CONNECT that keeps its session; answers whether it was there.
async fn keeper(house: &House, version: u8, client_id: &str) -> (Raw, bool) {
    let mut raw = Raw::open(house.address).await;
    let properties: &[u8] = if version == 5 { &[0x11, 0, 0, 2, 0x58] } else { &[] };
    raw.send(&keep(connect_with(version, client_id, 0, properties))).await;
    let connack = raw.packet().await;
    assert_eq!(connack[0], 0x20, "{connack:x?}");
    assert_eq!(connack[3], 0, "{connack:x?}");
    (raw, connack[2] == 1)
}

/// The same CONNECT without clean start.
fn keep(mut connect: Vec<u8>) -> Vec<u8> {
    connect[9] &= !0x02;
    connect
}

#[tokio::test]
async fn a_kept_session_has_its_subscriptions_and_messages_when_its_client_returns() {
    for version in [4, 5] {
        let (house, _application) = open_with_application(Limits::default()).await;
        let (mut client, present) = keeper(&house, version, "k").await;
        assert!(!present);
        client.send(&subscribe(version, 1, "t/#", 2)).await;
        client.packet().await;
        client.send(&[0xe0, 0]).await;
        client.closed().await;
        let qualities = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];
        let said = qualities.map(|qos| outgoing("t/1", "x", qos, false));
        until(|| house.door.stats().sessions_connected.get() == 0).await;
        house.outlet.publish(said.to_vec()).unwrap();
        house.outlet.sync(SOON).unwrap();
        let (mut client, present) = keeper(&house, version, "k").await;
        assert!(present);
        client.expect(&publish(version, "t/1", b"x", 1, 1)).await;
        client.expect(&publish(version, "t/1", b"x", 2, 2)).await;
        client.silent().await;
        // not acknowledged: both come again, marked as duplicates, with their identifiers
        drop(client);
        let (mut client, _) = keeper(&house, version, "k").await;
        for (qos, id) in [(1, 1), (2, 2)] {
            let mut again = publish(version, "t/1", b"x", qos, id);
            again[0] |= 0x08;
            client.expect(&again).await;
        }
        client.send(&[0x40, 2, 0, 1, 0x50, 2, 0, 2]).await;
        client.expect(&[0x62, 2, 0, 2]).await;
        // PUBREL is repeated, the message is not
        drop(client);
        let (mut client, _) = keeper(&house, version, "k").await;
        client.expect(&[0x62, 2, 0, 2]).await;
        client.send(&[0x70, 2, 0, 2]).await;
        client.silent().await;
        until(|| house.door.stats().session_messages.get() == 0).await;
        // a clean start forgets everything
        let mut raw = Raw::open(house.address).await;
        raw.send(&connect(version, "k")).await;
        assert_eq!(raw.packet().await[2], 0);
        house.outlet.publish(vec![outgoing("t/1", "x", Qos::AtLeastOnce, false)]).unwrap();
        house.serves().await;
        raw.silent().await;
        until(|| house.door.stats().subscriptions.get() == 0).await;
    }
}

#[tokio::test]
async fn sessions_expire() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut client = Raw::open(house.address).await;
    client.send(&connect_with(5, "short", 0, &[0x11, 0, 0, 0, 1])).await;
    client.packet().await;
    client.send(&subscribe(5, 1, "t", 1)).await;
    client.packet().await;
    drop(client);
    until(|| house.door.stats().sessions.get() == 0).await;
    assert_eq!(house.door.stats().subscriptions.get(), 0);
    // DISCONNECT may shorten it
    let (mut client, _) = keeper(&house, 5, "b").await;
    client.send(&[0xe0, 7, 0, 5, 0x11, 0, 0, 0, 0]).await;
    client.closed().await;
    until(|| house.door.stats().sessions.get() == 0).await;
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest_and_says_so() {
    let (house, _application) = open_with_application(Limits { session_messages: 3, ..Limits::default() }).await;
    let (mut client, _) = keeper(&house, 4, "k").await;
    client.send(&subscribe(4, 1, "t", 1)).await;
    client.packet().await;
    drop(client);
    until(|| house.door.stats().sessions_connected.get() == 0).await;
    let batch = (0..5).map(|n| outgoing("t", &n.to_string(), Qos::AtLeastOnce, false));
    house.outlet.publish(batch.collect()).unwrap();
    assert_eq!(house.door.stats().dropped_offline.get(), 2);
    let (mut client, _) = keeper(&house, 4, "k").await;
    for last in [b'2', b'3', b'4'] {
        assert_eq!(client.packet().await.last(), Some(&last));
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let store = Arc::new(Moody::default());
    let (house, intake) = open_with(store.clone(), Vec::new(), Limits::default()).await;
    let (mut client, _) = keeper(&house, 5, "k").await;
    client.send(&subscribe(5, 1, "t/#", 2)).await;
    client.packet().await;
    drop(client);
    until(|| house.door.stats().sessions_connected.get() == 0).await;
    house.outlet.publish(vec![outgoing("t/r", "kept", Qos::ExactlyOnce, true)]).unwrap();
    house.outlet.sync(SOON).unwrap();
    house.door.stop().await;
    drop(intake);
    let (house, _intake) = open_with(store, Vec::new(), Limits::default()).await;
    assert_eq!(house.door.stats().retained.get(), 1);
    let (mut client, present) = keeper(&house, 5, "k").await;
    assert!(present);
    client.expect(&publish(5, "t/r", b"kept", 2, 1)).await;
    client.send(&subscribe(5, 1, "t/#", 0)).await;
    // the SUBACK waits for the store and may come after the message
    let mut both = [client.packet().await[0], client.packet().await[0]];
    both.sort_unstable();
    assert_eq!(both, [0x31, 0x90], "the retained message is back");
}

#[tokio::test]
async fn a_store_that_fails_acknowledges_nothing_until_it_works() {
    let store = Arc::new(Moody::default());
    let (house, _intake) = open_with(store.clone(), Vec::new(), Limits::default()).await;
    let (mut client, _) = keeper(&house, 4, "k").await;
    store.fails.store(true, Ordering::Relaxed);
    client.send(&subscribe(4, 1, "t", 1)).await;
    client.silent().await;
    until(|| house.door.stats().store_failures.get() > 0).await;
    let mut other = Raw::connected(house.address, 4, "other").await;
    other.send(&publish(4, "fan/t", b"x", 1, 1)).await;
    other.expect(&[0x40, 2, 0, 1]).await;
    let mut retained = publish(4, "fan/t", b"x", 1, 2);
    retained[0] |= 1;
    other.send(&retained).await;
    other.silent().await;
    store.fails.store(false, Ordering::Relaxed);
    client.expect(&[0x90, 3, 0, 1, 1]).await;
    other.expect(&[0x40, 2, 0, 2]).await;
}

#[tokio::test]
async fn a_qos_2_message_that_the_application_has_stored_does_not_come_twice() {
    let store = Arc::new(Moody::default());
    let (house, mut intake) = open_with(store.clone(), Vec::new(), Limits::default()).await;
    let (mut client, _) = keeper(&house, 4, "k").await;
    client.send(&publish(4, "t", b"1", 2, 9)).await;
    let delivery = recv(&mut intake).await;
    let receipts: Vec<_> = delivery.receipts().collect();
    assert_eq!((receipts.len(), receipts[0].packet_id), (1, 9));
    // committed, and killed before the answer
    house.door.stop().await;
    drop(delivery);
    let (house, mut intake) = open_with(store.clone(), receipts.clone(), Limits::default()).await;
    let (mut client, present) = keeper(&house, 4, "k").await;
    assert!(present);
    let mut again = publish(4, "t", b"1", 2, 9);
    again[0] |= 0x08;
    client.send(&again).await;
    client.expect(&[0x50, 2, 0, 9]).await;
    client.send(&[0x62, 2, 0, 9]).await;
    client.expect(&[0x70, 2, 0, 9]).await;
    assert!(intake.try_recv().is_none());
    // the identifier is free again, although the application still has the old receipt
    house.door.stop().await;
    let (house, mut intake) = open_with(store, receipts, Limits::default()).await;
    let (mut client, _) = keeper(&house, 4, "k").await;
    client.send(&publish(4, "t", b"2", 2, 9)).await;
    let delivery = recv(&mut intake).await;
    assert_eq!(&*delivery.messages[0].payload, b"2");
    delivery.acknowledge();
    client.expect(&[0x50, 2, 0, 9]).await;
}

#[tokio::test]
async fn a_session_is_taken_over_only_after_its_qos_2_messages_are_settled() {
    let (house, mut intake) = open(Limits::default()).await;
    let (mut older, _) = keeper(&house, 4, "k").await;
    older.send(&publish(4, "t", b"1", 2, 9)).await;
    let delivery = recv(&mut intake).await;
    let mut newer = Raw::open(house.address).await;
    newer.send(&keep(connect(4, "k"))).await;
    newer.send(&publish(4, "t", b"1", 2, 9)).await;
    older.closed().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(intake.try_recv().is_none());
    delivery.acknowledge();
    newer.expect(&[0x20, 2, 1, 0]).await;
    newer.expect(&[0x50, 2, 0, 9]).await;
    assert!(intake.try_recv().is_none(), "it came twice");
}

#[tokio::test]
async fn a_message_for_both_is_acknowledged_when_both_have_it() {
    let (house, mut intake) = open(Limits::default()).await;
    let mut hearer = Raw::connected(house.address, 4, "h").await;
    hearer.send(&subscribe(4, 1, "both/#", 1)).await;
    hearer.packet().await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    let mixed = [publish(4, "both/t", b"1", 1, 1), publish(4, "t", b"2", 1, 2), publish(4, "fan/t", b"3", 1, 3)];
    client.send(&mixed.concat()).await;
    hearer.expect(&publish(4, "both/t", b"1", 1, 1)).await;
    client.silent().await;
    for payload in [b"1", b"2"] {
        let delivery = recv(&mut intake).await;
        assert_eq!(&*delivery.messages[0].payload, payload);
        delivery.acknowledge();
    }
    for id in 1..=3 {
        client.expect(&[0x40, 2, 0, id]).await;
    }
}

#[tokio::test]
async fn citizens_keep_no_session_and_an_authority_that_panics_refuses_one_client() {
    let (house, _application) = open_with_application(Limits::default()).await;
    let mut citizen = Raw::open(house.public).await;
    citizen.send(&connect_with(5, "c", 0, &[0x11, 0xff, 0xff, 0xff, 0xff])).await;
    let connack = citizen.packet().await;
    assert!(connack.windows(5).any(|w| w == [0x11, 0, 0, 0, 0]), "{connack:x?}");
    assert_eq!(house.door.stats().sessions.get(), 0);
    let mut client = Raw::connected(house.address, 5, "p").await;
    client.send(&publish(5, "panic", b"x", 1, 1)).await;
    assert_eq!(client.packet().await[4], 0x80);
    assert_eq!(house.door.stats().authority_panics.get(), 1);
    house.serves().await;
}

#[tokio::test]
async fn a_malformed_filter_closes_3_1_1_and_is_refused_to_version_5() {
    let (house, _application) = open_with_application(Limits::default()).await;
    for filter in ["a/#/b", "", "$share/g", "$share/+/a"] {
        let mut client = Raw::connected(house.address, 4, "a").await;
        client.send(&subscribe(4, 1, filter, 1)).await;
        client.closed().await;
        let mut client = Raw::connected(house.address, 5, "a").await;
        client.send(&subscribe(5, 1, filter, 1)).await;
        client.expect(&[0x90, 4, 0, 1, 0, 0x8f]).await;
    }
    let mut client = Raw::connected(house.address, 5, "a").await;
    client.send(&subscribe(5, 1, "$share/g/a", 1 | 4)).await;
    client.expect_disconnect(bongsu_broker::Reason::PROTOCOL_ERROR).await;
}

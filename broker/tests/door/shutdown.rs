//! An orderly end: what was heard is delivered, what is committed is acknowledged.

use bongsu_broker::{Limits, OutletError, Qos, Reason};

use crate::support::*;

#[tokio::test]
async fn stopping_takes_what_sockets_hold_and_acknowledges_what_is_committed() {
    let (house, mut intake) = open(Limits::default()).await;
    let mut clients = Vec::new();
    for number in 0..20 {
        let mut client = Raw::connected(house.address, 5, &number.to_string()).await;
        client.send(&publish(5, "t", b"0", 0, 0)).await;
        client.send(&publish(5, "t", b"1", 1, 1)).await;
        clients.push(client);
    }
    house.door.stop_listening().await;
    assert!(tokio::net::TcpStream::connect(house.address).await.is_err(), "still accepts");
    let mut held = Vec::new();
    while let Some(delivery) = intake.try_recv() {
        held.push(delivery);
    }
    assert_eq!(held.iter().map(|delivery| delivery.messages.len()).sum::<usize>(), 40);
    // more is not read any more
    clients[0].send(&publish(5, "t", b"2", 1, 2)).await;
    let stopping = tokio::spawn(house.door.stop());
    for delivery in held {
        delivery.acknowledge();
    }
    for mut client in clients {
        client.expect(&[0x40, 2, 0, 1]).await;
        client.expect_disconnect(Reason::SERVER_SHUTTING_DOWN).await;
    }
    stopping.await.unwrap();
    assert!(intake.try_recv().is_none());
    let after = house.outlet.publish(vec![outgoing("t", "1", Qos::AtMostOnce, false)]);
    assert_eq!(after, Err(OutletError::Stopped));
}

#[tokio::test]
async fn what_is_never_committed_is_never_acknowledged() {
    let limits = Limits { drain_timeout: std::time::Duration::from_millis(200), ..Limits::default() };
    let (house, mut intake) = open(limits).await;
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&publish(4, "t", b"1", 1, 1)).await;
    let held = recv(&mut intake).await;
    house.door.stop().await;
    client.closed().await;
    held.acknowledge();
}

#[tokio::test]
async fn without_an_application_nothing_is_acknowledged() {
    let (house, intake) = open(Limits::default()).await;
    drop(intake);
    let mut client = Raw::connected(house.address, 4, "a").await;
    client.send(&publish(4, "t", b"1", 1, 1)).await;
    client.closed().await;
}

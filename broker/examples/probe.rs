//! Measures the door alone, in this process, for a few seconds: QoS 1 messages acknowledged per
//! second by an application that acknowledges at once, memory of idle connections and of
//! subscribers, and one alert to all subscribers.
//!
//! `cargo run --release -p bongsu-broker --example probe -- [CLIENTS] [IDLE]`

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_broker::{
    Authority, Credentials, Denial, Door, DoorConfig, Identity, Intake, Listener, Outgoing, Plane, Qos,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Messages a client has in flight.
const IN_FLIGHT: usize = 20;
const SECONDS: f64 = 3.0;

struct Everyone;

impl Authority for Everyone {
    fn connect(&self, plane: Plane, _: SocketAddr, c: &Credentials<'_>) -> Result<Arc<Identity>, Denial> {
        Ok(Arc::new(Identity::new(c.client_id, plane)))
    }
    fn may_publish(&self, _: &Identity, _: &str) -> Result<(), Denial> {
        Ok(())
    }
    fn may_subscribe(&self, _: &Identity, _: &str) -> Result<(), Denial> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let clients = arguments.next().unwrap_or(50);
    let idle = arguments.next().unwrap_or(4000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = Listener::new("127.0.0.1:0".parse()?, Plane::Devices);
    let config = DoorConfig { listeners: vec![listener], ..DoorConfig::default() };
    let (door, intake, outlet) = runtime.block_on(Door::start(config, Arc::new(Everyone)))?;
    let address = door.addresses()[0];
    std::thread::spawn(move || acknowledge(intake));

    // the clients have a runtime of their own, as if they were another process
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = memory_kib();
    let mut held = outside.block_on(async {
        let mut held = Vec::new();
        for number in 0..idle {
            held.push(connect(address, &format!("idle{number}")).await?);
        }
        io::Result::Ok(held)
    })?;
    println!("{idle} idle connections: {:.1} KiB each, both ends", (memory_kib() - before) / idle as f64);

    let before = memory_kib();
    let last = outside.block_on(async {
        for stream in &mut held {
            stream.write_all(b"\x82\x0d\0\x01\0\x08alerts/#\x01").await?;
            stream.read_exact(&mut [0; 5]).await?;
        }
        println!("as subscribers: {:.1} KiB more each", (memory_kib() - before) / idle as f64);
        let (start, cpu) = (Instant::now(), cpu_s());
        let alert = Outgoing {
            topic: "alerts/seoul/flood".into(),
            payload: vec![b'x'; 1000].into(),
            qos: Qos::AtLeastOnce,
            retain: true,
            expiry: None,
        };
        outlet.publish(vec![alert]).map_err(io::Error::other)?;
        for stream in &mut held {
            stream.read_exact(&mut [0; 1025]).await?;
        }
        io::Result::Ok((start.elapsed(), cpu_s() - cpu))
    })?;
    println!(
        "one alert to {idle}: last one after {:.0?}, {:.1} us of CPU each, both ends",
        last.0,
        last.1 * 1e6 / idle as f64
    );

    println!("having heard it: {:.1} KiB more each", (memory_kib() - before) / idle as f64);

    rate(&outside, address, clients)
}

fn acknowledge(mut intake: Intake) {
    loop {
        if let Some(delivery) = intake.recv_blocking(Duration::from_secs(1)) {
            delivery.acknowledge();
        }
    }
}

async fn connect(address: SocketAddr, client_id: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut packet = vec![0x10, 12 + client_id.len() as u8, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 0, 0];
    packet.push(client_id.len() as u8);
    packet.extend(client_id.as_bytes());
    stream.write_all(&packet).await?;
    stream.read_exact(&mut [0; 4]).await?;
    Ok(stream)
}

async fn publisher(address: SocketAddr, number: usize) -> io::Result<usize> {
    let mut stream = connect(address, &format!("publisher{number}")).await?;
    let topic = format!("bongsu/v1/station{number:04}/obs");
    let payload = br#"{"t":"2026-07-08T20:31:00+09:00","river_stage":3.124}"#;
    let mut burst = Vec::new();
    for id in 1..=IN_FLIGHT {
        burst.extend([0x32, (4 + topic.len() + payload.len()) as u8, 0, topic.len() as u8]);
        burst.extend(topic.as_bytes());
        burst.extend([0, id as u8]);
        burst.extend(payload);
    }
    let end = Instant::now() + Duration::from_secs_f64(SECONDS);
    let mut count = 0;
    while Instant::now() < end {
        stream.write_all(&burst).await?;
        stream.read_exact(&mut [0; 4 * IN_FLIGHT]).await?;
        count += IN_FLIGHT;
    }
    Ok(count)
}

fn rate(
    outside: &tokio::runtime::Runtime,
    address: SocketAddr,
    clients: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let (start, cpu) = (Instant::now(), cpu_s());
    let counts = outside.block_on(async {
        let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(publisher(address, number))).collect();
        let mut total = 0;
        for task in tasks {
            total += task.await??;
        }
        io::Result::Ok(total)
    })?;
    let (elapsed, cpu) = (start.elapsed().as_secs_f64(), cpu_s() - cpu);
    println!(
        "{clients} publishers, {IN_FLIGHT} in flight: {:.0} messages/s acknowledged, {:.2} CPU s per million, both ends",
        counts as f64 / elapsed,
        cpu * 1e6 / counts as f64
    );
    Ok(())
}

fn memory_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0.0)
}

/// User and system time of this process, in Linux's hundredths of a second.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

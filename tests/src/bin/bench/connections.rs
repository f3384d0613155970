//! What connections cost the program, and what happens when all devices come back at once, with and without TLS, while
//! readings flow.

use crate::whole::{self, RULE, books};
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{load, machine, wire};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Devices, subscribers, and devices inside TLS: both ends of a connection are files of this machine.
const DEVICES: usize = 10_000;
const SUBSCRIBERS: usize = 5_000;
const INSIDE_TLS: usize = 5_000;

/// Connections that are being opened at a time, where nothing is measured of it.
const AT_A_TIME: usize = 200;

/// Readings a second that flow meanwhile.
const RATE: f64 = 1_000.0;
const STATIONS: usize = 50;

/// Something that bytes go through.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}
type Held = Box<dyn Stream>;

/// How a client comes in.
#[derive(Clone)]
struct Entrance {
    address: std::net::SocketAddr,
    tls: Option<TlsConnector>,
    filter: Option<&'static str>,
}

async fn enter(entrance: Entrance, number: usize) -> std::io::Result<Held> {
    let stream = TcpStream::connect(entrance.address).await?;
    stream.set_nodelay(true)?;
    let mut held: Held = match &entrance.tls {
        None => Box::new(stream),
        Some(tls) => {
            let name = ServerName::try_from("localhost").expect("a name");
            Box::new(tls.connect(name, stream).await?)
        }
    };
    let mut out = Vec::new();
    wire::connect(&mut out, &format!("held{number}"), None);
    held.write_all(&out).await?;
    held.read_exact(&mut [0; 4]).await?;
    if let Some(filter) = entrance.filter {
        out.clear();
        wire::subscribe(&mut out, 1, filter, 1);
        held.write_all(&out).await?;
        held.read_exact(&mut [0; 5]).await?;
    }
    Ok(held)
}

/// Opens so many, `at_a_time` of them in parallel; they are tried again until they are in.
async fn open(entrance: Entrance, count: usize, at_a_time: usize) -> Vec<Held> {
    let places = Arc::new(tokio::sync::Semaphore::new(at_a_time));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        let (entrance, places) = (entrance.clone(), places.clone());
        tasks.spawn(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            loop {
                if let Ok(held) = enter(entrance.clone(), number).await {
                    return held;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }
    tasks.join_all().await
}

/// What so many cost the program, KiB each.
fn cost(runtime: &Runtime, program: &Program, entrance: Entrance, count: usize, what: &str) -> Vec<Held> {
    let before = machine::resident_kib(program.id());
    let held = runtime.block_on(open(entrance, count, AT_A_TIME));
    std::thread::sleep(Duration::from_millis(500));
    #[expect(clippy::cast_precision_loss, reason = "a count of a benchmark")]
    let each = (machine::resident_kib(program.id()) - before) / count as f64;
    println!("  {count:>6} {what:<30} {each:.1} KiB each");
    held
}

/// All come back at once while readings flow.
fn storm(runtime: &Runtime, program: &Program, entrance: Entrance, count: usize, what: &str) {
    let plan = load::Plan { rate: Some(RATE), lasting: Duration::from_secs(120), ..whole::plan(program.mqtt, 20) };
    let stop = plan.stop.clone();
    let flowing = load::publish_apart(&plan, books(STATIONS));
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    let held = runtime.block_on(open(entrance, count, count));
    let took = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    let account = flowing.join().expect("the load ends");
    println!(
        "  {count:>6} {what:<30} all back in {took:.2?}; meanwhile {:.0} readings/s, PUBACK p50 {:.2} ms, p99 {:.2} ms",
        account.rate(),
        account.latency.quantile_ms(0.5),
        account.latency.quantile_ms(0.99)
    );
    drop(held);
    std::thread::sleep(Duration::from_secs(1));
}

fn trusting(folder: &Path) -> TlsConnector {
    let pem = std::fs::read(folder.join("certs/ca.pem")).expect("certs dev wrote it");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("known versions");
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn inside_tls(setup: &mut Setup) {
    let folder = setup.folder.join("certs");
    setup.run(&["certs", "dev", &folder.to_string_lossy()]);
    for (key, value) in [("TLS__CERT", "server.pem"), ("TLS__KEY", "server.key")] {
        setup.env.push((format!("BONGSU_MQTT__{key}"), folder.join(value).to_string_lossy().into_owned()));
    }
    setup.env.push(("BONGSU_MQTT__TLS_LISTEN".into(), "127.0.0.1:0".into()));
}

/// Measures and prints.
pub fn run(folder: &Path) {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let mut setup = whole::make(folder.path(), STATIONS, &[("bench/rule.rhai", RULE)]);
    inside_tls(&mut setup);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("\nconnections (resident memory of the program)");
    let program = setup.serve();
    let plain = Entrance { address: program.mqtt, tls: None, filter: None };
    let held = cost(&runtime, &program, plain.clone(), DEVICES, "idle devices");
    drop(held);
    whole::end(program);
    let program = setup.serve();
    let hearing = Entrance { address: program.operator_mqtt, tls: None, filter: Some("bongsu/v1/alerts/#") };
    drop(cost(&runtime, &program, hearing, SUBSCRIBERS, "subscribers"));
    whole::end(program);
    let program = setup.serve();
    let tls = Some(trusting(folder.path()));
    let address = program.mqtt_tls.expect("it listens inside TLS");
    let inside = Entrance { address, tls, filter: None };
    drop(cost(&runtime, &program, inside.clone(), INSIDE_TLS, "idle devices inside TLS"));
    whole::end(program);
    let program = setup.serve();
    let plain = Entrance { address: program.mqtt, ..plain };
    let inside = Entrance { address: program.mqtt_tls.expect("it listens inside TLS"), ..inside };
    storm(&runtime, &program, plain, DEVICES, "devices");
    storm(&runtime, &program, inside, INSIDE_TLS, "devices inside TLS");
    whole::end(program);
}

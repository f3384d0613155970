//! One alert to a city that listens: 15,000 readers of `/events`, 4,000 MQTT subscribers, 2,000 web push endpoints on
//! this machine. From writing the reading that raises it to the last of each having it.

use bongsu_tests::flood::Device;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{machine, wire};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const READERS: usize = 15_000;
const SUBSCRIBERS: usize = 4_000;
const BROWSERS: usize = 2_000;

/// How long anything may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connections begun at once: more would overrun the queue of the listener.
const AT_ONCE: usize = 200;

const STATIONS: &str = r#"timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu" }
[[station]]
id = "jamsu"
name = { ko = "잠수교", en = "Jamsu Bridge" }
position = [37.5153, 126.9957]
area = "seocho"
[[station.datastream]]
kind = "river_stage"
levels = { watch = 6.2 }
"#;

const RULE: &str = r#"//! id       = "stage"
//! hazard   = "river_flood"
//! title    = { ko = "수위", en = "Stage" }
//! scope    = "station"
//! audience = "public"
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! [hold]
//! confirm = 2
//! [release]
//! watch = "auto"
//! [labels]
//! high = { ko = "수위", en = "stage" }

if check("high", stage.last(), ">=", stage.limit("watch")) { raise("watch") }
"#;

/// The keys of the browser in RFC 8291.
const KEYS: &str = r#""keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}"#;

/// Who has heard, and when the last one did.
struct Crowd {
    began: Instant,
    listening: AtomicUsize,
    heard: AtomicUsize,
    last_us: AtomicU64,
}

impl Crowd {
    fn new(began: Instant) -> Arc<Crowd> {
        Arc::new(Crowd {
            began,
            listening: AtomicUsize::new(0),
            heard: AtomicUsize::new(0),
            last_us: AtomicU64::new(0),
        })
    }

    fn hear(&self) {
        let at = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_us.fetch_max(at, Ordering::Relaxed);
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    async fn until(&self, what: &str, count: &AtomicUsize, wanted: usize) {
        let deadline = Instant::now() + PATIENCE;
        while count.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let count = count.load(Ordering::Relaxed);
        if count < wanted {
            println!("  {what}: only {count} of {wanted}");
        }
    }

    fn show(&self, who: &str, sent: Instant) {
        let before = sent.duration_since(self.began);
        let last = Duration::from_micros(self.last_us.load(Ordering::Relaxed)).saturating_sub(before);
        println!(
            "  {who:<22} {:>6} heard, the last after {:>7.1} ms",
            self.heard.load(Ordering::Relaxed),
            last.as_secs_f64() * 1e3
        );
    }
}

/// Reads until the alert has come.
async fn listen(mut socket: TcpStream, crowd: Arc<Crowd>, greeting: &[u8], sign: &[u8]) {
    let mut inbox = Vec::with_capacity(1_024);
    let mut greeted = false;
    let mut buffer = [0; 4_096];
    while let Ok(count) = socket.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        inbox.extend_from_slice(&buffer[..count]);
        let holds = |part: &[u8]| inbox.windows(part.len()).any(|window| window == part);
        if !greeted && holds(greeting) {
            greeted = true;
            crowd.listening.fetch_add(1, Ordering::Relaxed);
        }
        if holds(sign) {
            crowd.hear();
            // It stays, so that closing does not disturb the others.
            tokio::time::sleep(PATIENCE).await;
            return;
        }
    }
}

async fn readers(program: &Program, crowd: &Arc<Crowd>) {
    let address = program.public.trim_start_matches("http://").to_owned();
    let gate = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    for _ in 0..READERS {
        let place = gate.clone().acquire_owned().await.expect("open");
        let (address, crowd) = (address.clone(), crowd.clone());
        tokio::spawn(async move {
            let Ok(mut socket) = TcpStream::connect(&address).await else { return };
            let question = format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n");
            if socket.write_all(question.as_bytes()).await.is_ok() {
                drop(place);
                listen(socket, crowd, b"text/event-stream", b"event: alert").await;
            }
        });
    }
}

async fn subscribers(address: SocketAddr, crowd: &Arc<Crowd>) {
    let gate = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    for number in 0..SUBSCRIBERS {
        let place = gate.clone().acquire_owned().await.expect("open");
        let crowd = crowd.clone();
        tokio::spawn(async move {
            let Ok(mut socket) = TcpStream::connect(address).await else { return };
            let mut out = Vec::new();
            wire::connect(&mut out, &format!("crowd-{number}"), None);
            wire::subscribe(&mut out, 1, "bongsu/v1/alerts/#", 0);
            if socket.write_all(&out).await.is_ok() {
                drop(place);
                listen(socket, crowd, &[0x90, 3, 0, 1], b"\"identifier\"").await;
            }
        });
    }
}

/// A push service that takes everything.
async fn push_service(crowd: &Arc<Crowd>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let crowd = crowd.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(take(socket, crowd.clone()));
        }
    });
    format!("http://{address}")
}

async fn take(mut socket: TcpStream, crowd: Arc<Crowd>) {
    let mut inbox: Vec<u8> = Vec::new();
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = socket.read(&mut buffer).await {
        inbox.extend_from_slice(&buffer[..count]);
        while let Some(head) = inbox.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&inbox[..head]).to_ascii_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let whole = head + 4 + length.unwrap_or(0);
            if inbox.len() < whole {
                break;
            }
            inbox.drain(..whole);
            crowd.hear();
            if socket.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}

fn setup(folder: &Path, push: &str) -> Setup {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("the folder can be written");
    std::fs::create_dir_all(folder.join("rules/river_flood")).expect("the folder can be written");
    write("stations.toml", STATIONS);
    write("rules/river_flood/stage.rhai", RULE);
    write("bongsu.toml", &format!("[[channel.push]]\nservices = [\"{push}\"]\nper_second = 10000\n"));
    Setup::anonymous(folder)
}

/// Browsers that have subscribed.
fn browsers(setup: &Setup, push: &str) {
    let mut store = rusqlite::Connection::open(setup.database()).expect("the store is there");
    store.busy_timeout(Duration::from_secs(10)).expect("a setting");
    let transaction = store.transaction().expect("a transaction");
    for number in 0..BROWSERS {
        let address = format!("{{\"endpoint\":\"{push}/{number}\",{KEYS}}}");
        let row = rusqlite::params![format!("browser-{number}"), address];
        let sql = "INSERT INTO subscriber VALUES (?1, 'push', ?2, '[]', '[]', 'watch', 'ko', x'00', 1, 1)";
        transaction.execute(sql, row).expect("a row");
    }
    transaction.commit().expect("committed");
}

/// Measures and prints.
pub fn run(folder: &Path) {
    let folder = tempfile::tempdir_in(folder).expect("the folder can be written");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(folder.path()));
    runtime.shutdown_background();
}

async fn measure(folder: &Path) {
    let began = Instant::now();
    let [events, mqtt, push] = [Crowd::new(began), Crowd::new(began), Crowd::new(began)];
    let service = push_service(&push).await;
    let setup = setup(folder, &service);
    let program = setup.serve();
    browsers(&setup, &service);
    readers(&program, &events).await;
    subscribers(program.operator_mqtt, &mqtt).await;
    events.until("readers of /events", &events.listening, READERS).await;
    mqtt.until("MQTT subscribers", &mqtt.listening, SUBSCRIBERS).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = machine::usage(program.id());
    let mut device = Device::connect(&program).expect("the door lets a device in");
    device.say("bongsu/v1/jamsu/obs", b"{\"river_stage\":6.3}").expect("acknowledged");
    std::thread::sleep(Duration::from_millis(20));
    let sent = Instant::now();
    device.say("bongsu/v1/jamsu/obs", b"{\"river_stage\":6.4}").expect("acknowledged");
    events.until("readers of /events", &events.heard, READERS).await;
    mqtt.until("MQTT subscribers", &mqtt.heard, SUBSCRIBERS).await;
    let after = machine::usage(program.id());
    push.until("browsers", &push.heard, BROWSERS).await;
    let pushed = machine::usage(program.id());
    println!("\none alert to a city that listens (from its reading to the last who has it)");
    events.show("/events", sent);
    mqtt.show("MQTT", sent);
    push.show("web push", sent);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = |cpu_s: f64, count: usize| cpu_s * 1e6 / count as f64;
    println!(
        "  CPU {:.1} µs a delivery by /events and MQTT (web push that began meanwhile included), {:.0} µs a web push after them; peak {:.0} MiB",
        each(after.cpu_s - before.cpu_s, READERS + SUBSCRIBERS),
        each(pushed.cpu_s - after.cpu_s, BROWSERS),
        pushed.peak_mib
    );
}

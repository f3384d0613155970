//! Who is let in, as whom, and for how long: certificates, citizens, revocation, and secrets that stay secret.

use bongsu_tests::ear::Ear;
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, http, wire};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

fn setup(folder: &Path) -> Setup {
    city::write(folder, &city::stations(2, "river_stage", ""), &[]);
    let mut setup = Setup::strict(folder);
    setup.env.push(("BONGSU_PUBLIC__MQTT_LISTEN".into(), "127.0.0.1:0".into()));
    setup
}

fn with_tls(setup: &mut Setup) {
    let certs = setup.folder.join("certs");
    setup.run(&["certs", "dev", &certs.to_string_lossy(), "--device", "gauge-17", "--device", "stranger"]);
    let files = [("CERT", "server.pem"), ("KEY", "server.key"), ("CLIENT_CA", "ca.pem")];
    for (key, file) in files {
        setup.env.push((format!("BONGSU_MQTT__TLS__{key}"), certs.join(file).to_string_lossy().into_owned()));
    }
    setup.env.push(("BONGSU_MQTT__TLS_LISTEN".into(), "127.0.0.1:0".into()));
}

/// `mosquitto_pub` with certificates of a folder.
fn mosquitto_pub(program: &Program, certs: &Path, device: Option<&str>, topic: &str, more: &[&str]) -> Output {
    let port = program.mqtt_tls.expect("it listens inside TLS").port().to_string();
    let mut command = Command::new("mosquitto_pub");
    command.args(["-h", "localhost", "-p", &port, "-q", "1", "-t", topic, "-m", "{\"river_stage\":1}", "--cafile"]);
    command.arg(certs.join("ca.pem")).args(more);
    if let Some(device) = device {
        command.arg("--cert").arg(certs.join(format!("{device}.pem")));
        command.arg("--key").arg(certs.join(format!("{device}.key")));
    }
    command.output().expect("mosquitto_pub is missing: run `make setup`")
}

#[test]
fn a_certificate_is_bound_to_stations_and_renewed_while_it_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(folder.path());
    with_tls(&mut setup);
    let certs = folder.path().join("certs");
    let program = setup.serve();
    let added = setup.run(&["devices", "add", "s00000", "--certificate", "gauge-17", "--json"]);
    assert!(added.contains("\"certificate\":\"gauge-17\"") && !added.contains("password"), "{added}");
    let said = |device, topic: &str| mosquitto_pub(&program, &certs, device, topic, &["-V", "5"]).status.success();
    assert!(said(Some("gauge-17"), "bongsu/v1/s00000/obs"));
    assert!(!said(Some("stranger"), "bongsu/v1/s00000/obs"), "its certificate is good, but bound to nothing");
    assert!(!said(None, "bongsu/v1/s00000/obs"), "without certificate and without name");
    let denied = mosquitto_pub(&program, &certs, Some("gauge-17"), "bongsu/v1/s00001/obs", &["-V", "5"]);
    let [told, more] = [&denied.stderr, &denied.stdout].map(|bytes| String::from_utf8_lossy(bytes).to_lowercase());
    assert!(told.contains("not authorized") || more.contains("not authorized"), "{told}{more}");

    // a new authority and a new certificate, taken up on SIGHUP
    let fresh = folder.path().join("fresh");
    setup.run(&["certs", "dev", &fresh.to_string_lossy(), "--device", "gauge-17"]);
    for file in ["server.key", "server.pem", "ca.pem"] {
        fs::copy(fresh.join(file), certs.join(file)).expect("it is replaced");
    }
    program.hang_up();
    let deadline = Instant::now() + SOON;
    while !mosquitto_pub(&program, &fresh, Some("gauge-17"), "bongsu/v1/s00000/obs", &[]).status.success() {
        assert!(Instant::now() < deadline, "the renewed certificate is not in force: {}", program.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A raw client of 3.1.1.
struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr, login: Option<(&str, &str)>) -> (Client, u8) {
        let mut socket = TcpStream::connect(address).expect("it listens");
        socket.set_read_timeout(Some(SOON)).expect("a setting");
        let mut out = Vec::new();
        wire::connect(&mut out, "client", login);
        socket.write_all(&out).expect("it takes bytes");
        let mut connack = [0; 4];
        socket.read_exact(&mut connack).expect("it answers");
        (Client(socket), connack[3])
    }

    fn is_closed(&mut self) -> bool {
        let mut rest = [0; 256];
        loop {
            match self.0.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }
}

fn credentials(setup: &Setup) -> (String, String) {
    let added = setup.run(&["devices", "add", "s00000", "--json"]);
    let added: serde_json::Value = serde_json::from_str(&added).expect("JSON");
    let text = |key: &str| added[key].as_str().expect("text").to_owned();
    (text("username"), text("password"))
}

#[test]
fn a_revoked_device_is_cut_within_a_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(folder.path());
    let program = setup.serve();
    let (username, password) = credentials(&setup);
    let (mut client, code) = Client::connect(program.mqtt, Some((&username, &password)));
    assert_eq!(code, 0);
    setup.run(&["devices", "revoke", &username]);
    let answered = Instant::now();
    assert!(client.is_closed());
    assert!(answered.elapsed() < Duration::from_secs(1), "{:?}", answered.elapsed());
    let (_, code) = Client::connect(program.mqtt, Some((&username, &password)));
    assert_eq!(code, 4);
}

#[test]
fn citizens_hear_what_is_public_and_say_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(folder.path());
    let program = setup.serve();
    let public = program.public_mqtt.expect("it listens for citizens");
    for open in ["bongsu/v1/alerts/#", "bongsu/v1/exercise/#", "bongsu/v1/system"] {
        Ear::open(public, open, 1, |_, _, _| {}).unwrap_or_else(|error| panic!("{open}: {error}"));
    }
    for closed in ["#", "bongsu/v1/#", "bongsu/v1/ops/#", "bongsu/v1/live/#", "$SYS/#", "$share/g/bongsu/v1/ops/#"] {
        // a refused subscription is answered, and never heard of again
        let (mut client, code) = Client::connect(public, None);
        assert_eq!(code, 0);
        let mut out = Vec::new();
        wire::subscribe(&mut out, 1, closed, 1);
        client.0.write_all(&out).expect("it takes bytes");
        let mut suback = [0; 5];
        client.0.read_exact(&mut suback).expect("it answers");
        assert_eq!(suback[4], 0x80, "{closed}");
    }
    let (mut client, _) = Client::connect(public, None);
    let mut out = Vec::new();
    wire::publish(&mut out, "bongsu/v1/s00000/obs", 1, b"{\"river_stage\":9}");
    client.0.write_all(&out).expect("it takes bytes");
    assert!(client.is_closed());
    // and devices' listener lets nobody in without a name
    assert_eq!(Client::connect(program.mqtt, None).1, 4);
    let (_, metrics) = http::get(&format!("{}/metrics", program.operator));
    let counted = |line: &str| assert!(metrics.contains(line), "{line} in {metrics}");
    counted("bongsu_mqtt_denied_subscribe_total{reason=\"not_authorized\"} 6");
    counted("bongsu_mqtt_denied_publish_total{reason=\"not_authorized\"} 1");
    counted("bongsu_mqtt_refused_total{reason=\"bad_user_name_or_password\"} 1");
}

#[test]
fn operators_tools_say_who_they_are_as_soon_as_others_can_reach_a_listener_of_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(folder.path());
    assert_eq!(Client::connect(setup.serve().operator_mqtt, None).1, 0, "from this machine nobody is asked");
    with_tls(&mut setup);
    setup.env.push(("BONGSU_OPERATOR__MQTT_TLS_LISTEN".into(), "0.0.0.0:0".into()));
    let program = setup.serve();
    assert_eq!(Client::connect(program.operator_mqtt, None).1, 4, "not even from this machine");
    let person = Person::first(&program);
    let url = format!("{}/api/v1/tokens", program.operator);
    let made = http::ask("POST", &url, &person.headers(), r#"{"label":"wall","role":"viewer"}"#).expect("an answer");
    let secret = made.json()["token"].as_str().expect("a token, shown once").to_owned();
    let port = program.operator_mqtt_tls.expect("it listens inside TLS").port().to_string();
    let hears = |password: &str| {
        let mut command = Command::new("mosquitto_sub");
        command.args(["-h", "localhost", "-p", &port, "-u", "wall", "-P", password, "-t", "bongsu/v1/system"]);
        command.args(["-C", "1", "-W", "20", "--cafile"]).arg(folder.path().join("certs/ca.pem"));
        command.output().expect("mosquitto_sub is missing: run `make setup`").status.success()
    };
    assert!(hears(&secret), "{}", program.log());
    assert!(!hears("guessed"));
}

/// Secrets that were typed, given and tried stand nowhere but where they belong.
#[test]
fn no_secret_is_ever_told() {
    const CANARY: &str = "canary-6f1d2c";
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(folder.path());
    with_tls(&mut setup);
    let dead = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    for (key, value) in [
        ("LOG__LEVEL", "trace".to_owned()),
        ("MQTT__REMOTE", format!("mqtt://{dead}")),
        ("MQTT__REMOTE_USERNAME", "bongsu".to_owned()),
        ("MQTT__REMOTE_PASSWORD", CANARY.to_owned()),
    ] {
        setup.env.push((format!("BONGSU_{key}"), value));
    }
    let program = setup.serve();
    let (username, password) = credentials(&setup);
    let (_, rotated) = {
        let rotated: serde_json::Value =
            serde_json::from_str(&setup.run(&["devices", "rotate", &username, "--json"])).expect("JSON");
        (username.clone(), rotated["password"].as_str().expect("text").to_owned())
    };
    let (_kept, code) = Client::connect(program.mqtt, Some((&username, &rotated)));
    assert_eq!(code, 0);
    assert_eq!(Client::connect(program.mqtt, Some((&username, CANARY))).1, 4);
    assert_eq!(Client::connect(program.mqtt, Some((CANARY, &password))).1, 4);
    let key = fs::read_to_string(folder.path().join("certs/server.key")).expect("a key");
    let key_line = key.lines().nth(1).expect("it has a body").to_owned();
    std::thread::sleep(Duration::from_millis(1_500));
    let mut told = vec![
        ("the log", program.log()),
        ("config show", setup.run(&["config", "show"])),
        ("devices list", setup.run(&["devices", "list", "--json"])),
    ];
    for path in ["/metrics", "/readyz", "/api/v1/dead-letters"] {
        told.push((path, http::get(&format!("{}{path}", program.operator)).1));
    }
    for (where_, text) in &told {
        for secret in [CANARY, &password, &rotated, &key_line] {
            assert!(!text.contains(secret), "a secret stands in {where_}: {text}");
        }
    }
    // what is kept on the disk are digests
    for file in ["city.db", "city.db-wal", "sessions.db", "sessions.db-wal"] {
        let bytes = fs::read(setup.data.join(file)).unwrap_or_default();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(![CANARY, &password, &rotated].into_iter().any(holds), "a secret stands in {file}");
    }
}

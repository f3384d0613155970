//! Receivers that others have written (tests/judges/receivers.py), and a city that speaks to them.

use bongsu_tests::program::{Program, Setup};
use bongsu_tests::{city, http, wire};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What requests are signed with.
pub const SECRET: &str = "between us";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A district on a river, with names in four languages, and a barrier there.
pub const CITY: &str = r#"
timezone = "Asia/Seoul"
[[area]]
code = "seocho"
name = { ko = "서초구", en = "Seocho-gu", zh = "瑞草区", ja = "瑞草区" }
[[station]]
id = "jamsu"
name = { ko = "잠수교", en = "Jamsu Bridge", zh = "潜水桥", ja = "潜水橋" }
position = [37.5153, 126.9957]
area = "seocho"
datastream = [{ kind = "river_stage" }]
[[station]]
id = "barrier"
name = { ko = "잠수교 차단기", en = "Jamsu Barrier" }
position = [37.5154, 126.9958]
area = "seocho"
datastream = [{ kind = "battery_voltage" }]
"#;

/// Two samples at two metres are a danger to everybody; at one metre again it is over.
const RULE: &str = r#"//! id = "high"
//! hazard = "river_flood"
//! scope = "station"
//! audience = "public"
//! title = { ko = "시험", en = "test" }
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! [hold]
//! clear_after = "1s"
//! [release]
//! watch = "auto"
//! [labels]
//! a = { ko = "수위", en = "stage" }

if check("a", stage.last(), ">=", 2.0) { raise("watch") }
"#;

/// The receivers at work. They end when this is dropped.
pub struct Receivers {
    child: Child,
    _input: ChildStdin,
    lines: Receiver<Value>,
    /// Everything that has arrived so far.
    pub arrived: Vec<Value>,
    /// The port of the mail server.
    pub mail: u64,
    /// The address of the web server.
    pub web: String,
    /// The keys of a browser.
    pub keys: Value,
}

impl Receivers {
    /// Starts them.
    pub fn open() -> Receivers {
        let mut command = super::script("receivers.py");
        command.arg(SECRET).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("they start");
        let input = child.stdin.take().expect("its input is ours");
        let output = child.stdout.take().expect("its output is ours");
        let (line, lines) = channel();
        std::thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = line.send(serde_json::from_str::<Value>(&text).expect("JSON"));
            }
        });
        let first = lines.recv_timeout(PATIENCE).expect("they say where they listen");
        let web = first["web"].as_str().expect("an address").to_owned();
        let mail = first["mail"].as_u64().expect("a port");
        Receivers { child, _input: input, lines, arrived: Vec::new(), mail, web, keys: first["keys"].clone() }
    }

    /// Waits until something has arrived that `fits`; answers the first of it.
    #[track_caller]
    pub fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.arrived.iter().find(|arrived| fits(arrived)) {
                return found.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    assert_eq!(line["wrong"], Value::Null, "{line}");
                    self.arrived.push(line);
                }
                Err(_) => panic!("{what} has not arrived; what has: {:#?}", self.arrived),
            }
        }
    }

    /// The first that a path took.
    #[track_caller]
    pub fn taken(&mut self, path: &str) -> Value {
        self.until(path, |line| line["path"] == path && line["status"].as_u64().is_none_or(|status| status < 300))
    }

    /// What was down is up again.
    pub fn repair(&self) {
        assert_eq!(http::get(&format!("{}/up", self.web)).0, 204);
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A webhook of the configuration that speaks to a path of the receivers.
pub fn webhook(receivers: &Receivers, name: &str, template: &str, language: &str, more: &str) -> String {
    format!(
        "[[channel.webhook]]\nname = \"{name}\"\nurl = \"{}/{name}\"\ntemplate = \"{template}\"\n\
         language = \"{language}\"\nsecret = \"{SECRET}\"\n{more}\n",
        receivers.web
    )
}

/// A city in a folder, with these channels.
pub fn setup(folder: &Path, city: &str, channels: &str) -> Setup {
    city::write(folder, city, &[("high.rhai", RULE)]);
    let text = format!(
        "[city]\nlanguages = [\"ko\", \"en\", \"zh\", \"ja\"]\nsender = \"bongsu.example.city\"\n\
         sender_name = \"서초구\"\n[public]\nbase_url = \"https://warning.example.city\"\n\
         mqtt_listen = \"127.0.0.1:0\"\n{channels}"
    );
    std::fs::write(folder.join("bongsu.toml"), text).expect("written");
    Setup::anonymous(folder)
}

/// A device says something on a topic of its station. Answers when it is acknowledged.
pub fn tells(program: &Program, topic: &str, body: &str) {
    let mut bytes = Vec::new();
    wire::connect(&mut bytes, "device", None);
    wire::publish(&mut bytes, &format!("bongsu/v1/{topic}"), 1, body.as_bytes());
    let mut socket = TcpStream::connect(program.mqtt).expect("the door is open");
    socket.set_read_timeout(Some(PATIENCE)).expect("a setting");
    socket.write_all(&bytes).expect("it listens");
    // A CONNACK and a PUBACK of four bytes each.
    let mut answers = [0; 8];
    socket.read_exact(&mut answers).expect("it answers");
    assert_eq!((answers[0], answers[4]), (wire::CONNACK, wire::PUBACK));
}

/// A gauge says twice, a minute apart, how high the water is: corroborated. Answers when it is on the disk.
pub fn says(program: &Program, station: &str, now_ms: i64, stage: f64) {
    for time in [now_ms - 60_000, now_ms] {
        tells(program, &format!("{station}/obs"), &format!("{{\"t\": {time}, \"river_stage\": {stage}}}"));
    }
}

/// The system's time in milliseconds.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

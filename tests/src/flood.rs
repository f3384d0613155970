//! A flood made for tests: gauges in the manner of the Han river, a wave that passes all of them, and its readings as
//! a file and as messages at the pace of a virtual clock.

use crate::ear::Ear;
use crate::program::{Program, Setup};
use crate::wire;
use bongsu_sensors::Time;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Where the made flood begins.
pub const BEGINS: &str = "2017-07-08T00:00:00Z";

/// Its catalog: two gauges, one of which speaks to both banks.
pub const STATIONS: &str = r#"timezone = "Asia/Seoul"
[[area]]
code = "north"
name = { ko = "북안", en = "North bank" }
[[area]]
code = "south"
name = { ko = "남안", en = "South bank" }
[[station]]
id = "upper"
name = { ko = "상류", en = "Upper gauge" }
position = [37.53, 127.06]
area = "south"
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
levels = { advisory = 6.0, watch = 7.0, warning = 8.0 }
[[station]]
id = "bridge"
name = { ko = "다리", en = "Bridge" }
position = [37.51, 126.99]
area = "south"
affects = ["south", "north"]
upstream = ["upper"]
[[station.datastream]]
kind = "river_stage"
cadence = "10m"
levels = { advisory = 5.5, watch = 6.2, warning = 6.5 }
"#;

/// One reading: when, where, of what, how much. Without a value the row says that it is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// The station.
    pub station: String,
    /// The kind.
    pub kind: String,
    /// The value, as it is written.
    pub value: String,
}

/// Twenty hours of tide with a flood wave on top, every ten minutes, at both gauges.
pub fn made() -> Vec<Row> {
    let begins = Time::parse(BEGINS).expect("a time").millis();
    let mut rows = Vec::new();
    for step in 0..120_i32 {
        for (station, late, top) in [("upper", 0.0, 5.6), ("bridge", 6.0, 5.1)] {
            let hours = f64::from(step) / 6.0;
            let tide = 0.8 * (hours / 12.4 * std::f64::consts::TAU).sin();
            let wave = top * (-((f64::from(step) - 60.0 - late) / 24.0).powi(2)).exp();
            rows.push(Row {
                time_ms: begins + i64::from(step) * 600_000,
                station: station.into(),
                kind: "river_stage".into(),
                value: format!("{:.2}", 2.0 + tide + wave),
            });
        }
    }
    rows
}

/// Rows as a file of observations.
pub fn csv(rows: &[Row]) -> String {
    let mut text = String::from("time,station,kind,value\n");
    for row in rows {
        let time = Time::from_millis(row.time_ms);
        writeln!(text, "{time},{},{},{}", row.station, row.kind, row.value).expect("memory takes it");
    }
    text
}

/// The rows of a file of observations, by time.
pub fn rows(csv: &str) -> Vec<Row> {
    let row = |line: &str| {
        let mut fields = line.split(',').map(str::to_owned);
        let time = Time::parse(&fields.next()?).ok()?;
        Some(Row { time_ms: time.millis(), station: fields.next()?, kind: fields.next()?, value: fields.next()? })
    };
    let mut rows: Vec<Row> = csv.lines().skip(1).filter_map(row).collect();
    rows.sort_by_key(|row| row.time_ms);
    rows
}

/// A change of a decided level.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When, milliseconds since 1970.
    pub time_ms: i64,
    /// What and where, and the level since.
    pub what: (String, String, String),
}

/// What `bongsu replay` of a file decides about a hazard.
pub fn replayed(setup: &Setup, file: &str, hazard: &str) -> Vec<Change> {
    let stations = setup.folder.join("stations.toml");
    let printed = setup.run(&["replay", file, "--json", "--stations", &stations.to_string_lossy()]);
    let change = |line: &str| {
        let said: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| Some(said[key].as_str()?.to_owned());
        let what = (text("hazard")?, text("area")?, text("level")?);
        (what.0 == hazard).then_some(Change { time_ms: Time::parse(&text("time")?).ok()?.millis(), what })
    };
    printed.lines().filter_map(change).collect()
}

/// What a store says was decided about a hazard.
pub fn decided(setup: &Setup, hazard: &str) -> Vec<Change> {
    let store = rusqlite::Connection::open(setup.database()).expect("the store is there");
    let mut statement = store.prepare("SELECT body FROM transition ORDER BY id").expect("a table");
    let bodies = statement.query_map([], |row| row.get::<_, String>(0)).expect("it can be read");
    let change = |body: rusqlite::Result<String>| {
        let said: Value = serde_json::from_str(&body.expect("a row")).expect("a transition");
        let incident = &said["incident"];
        let text = |key: &str| incident[key].as_str().unwrap_or_default().to_owned();
        let changed = said["from"] != incident["level"] && text("hazard") == hazard;
        let time_ms = Time::parse(said["time"].as_str().unwrap_or_default()).ok();
        let time_ms = time_ms.map_or_else(|| said["time"].as_i64().unwrap_or_default(), Time::millis);
        changed.then(|| Change { time_ms, what: (text("hazard"), text("area"), text("level")) })
    };
    bodies.filter_map(change).collect()
}

/// Publishes rows to a program whose clock runs `speed` times as fast as ours, each as soon as that clock shows its
/// time, and waits for the PUBACKs of each moment.
pub fn publish(program: &Program, rows: &[Row], speed: f64) {
    let (beat, beats) = channel();
    // The heartbeat tells what the program's clock shows. It is heard a little later, so ours lags and never leads.
    let _ear = Ear::open(program.operator_mqtt, "bongsu/v1/system", 0, move |_, payload, at| {
        let said: Value = serde_json::from_slice(payload).unwrap_or_default();
        if let Some(Ok(time)) = said["time"].as_str().map(Time::parse) {
            let _ = beat.send((time.millis(), at));
        }
    })
    .expect("everybody may hear the heartbeat");
    let (shown, at) = beats.recv_timeout(Duration::from_secs(30)).expect("a heartbeat");
    let due = |row: &Row| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few days")]
        let ahead = (row.time_ms - shown) as f64 / 1e3 / speed;
        at + Duration::from_secs_f64(ahead.max(0.0))
    };
    let mut device = Device::connect(program).expect("the door lets a device in");
    // All that is said at one moment is on its way before the first of it is waited for: a clock that runs faster gives
    // each of them less time.
    for moment in rows.chunk_by(|one, other| one.time_ms == other.time_ms) {
        std::thread::sleep(due(&moment[0]).saturating_duration_since(Instant::now()));
        let said = moment.iter().map(|row| {
            let value = if row.value.is_empty() { "null" } else { &row.value };
            let body = format!("{{\"t\":{},\"{}\":{value}}}", row.time_ms, row.kind);
            (format!("bongsu/v1/{}/obs", row.station), body.into_bytes())
        });
        device.say_all(said).expect("it is acknowledged");
    }
}

/// A device that waits until what it said is acknowledged.
#[derive(Debug)]
pub struct Device(TcpStream);

impl Device {
    /// Connects without a name.
    ///
    /// # Errors
    /// The door does not let it in.
    pub fn connect(program: &Program) -> std::io::Result<Device> {
        let mut socket = TcpStream::connect(program.mqtt)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut out = Vec::new();
        wire::connect(&mut out, &format!("device-{}", socket.local_addr()?.port()), None);
        socket.write_all(&out)?;
        let mut device = Device(socket);
        device.expect(wire::CONNACK)?;
        Ok(device)
    }

    /// Publishes with QoS 1 and waits for the PUBACK.
    ///
    /// # Errors
    /// It is not acknowledged.
    pub fn say(&mut self, topic: &str, payload: &[u8]) -> std::io::Result<()> {
        self.say_all([(topic.to_owned(), payload.to_vec())])
    }

    /// Publishes all of this, topics and payloads, and waits for every PUBACK.
    ///
    /// # Errors
    /// Something of it is not acknowledged.
    pub fn say_all(&mut self, all: impl IntoIterator<Item = (String, Vec<u8>)>) -> std::io::Result<()> {
        let mut out = Vec::new();
        let mut count = 0;
        for (topic, payload) in all {
            count += 1;
            wire::publish(&mut out, &topic, count, &payload);
        }
        self.0.write_all(&out)?;
        (0..count).try_for_each(|_| self.expect(wire::PUBACK))
    }

    fn expect(&mut self, head: u8) -> std::io::Result<()> {
        let mut inbox = Vec::new();
        loop {
            if let Some((packet, _)) = wire::next(&inbox) {
                return if packet.head == head { Ok(()) } else { Err(ErrorKind::InvalidData.into()) };
            }
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            inbox.push(byte[0]);
        }
    }
}

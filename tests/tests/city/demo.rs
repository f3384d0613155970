//! `bongsu demo` as a child process, watched by a real MQTT client, a server-sent event reader and a browser's requests.

use bongsu_sensors::Time;
use bongsu_simulators::{City, Scenario, Settings, Simulation, Size};
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::rehearsal::Rehearsal;
use bongsu_tests::{http, wait};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The demo shows a whole flood within two minutes of its start, at its own thousand times the speed of life.
const TWO_MINUTES: Duration = Duration::from_secs(120);
const SPEED: u32 = 1000;

/// On a machine that others keep busy time in the demo stands still again and again; so long is waited for it.
const PATIENCE: Duration = Duration::from_secs(900);

/// What one witness was told: the alert, and how long after the start.
type Heard = Arc<Mutex<Vec<(Value, Duration)>>>;

/// A running demo, in a folder of its own that also holds its temporary files.
struct Demo {
    program: Program,
    temporary: PathBuf,
    _folder: tempfile::TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Demo {
        Demo::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], env: &[(&str, String)]) -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary).expect("a folder");
        let setup = Setup::strict(folder.path());
        let mut command = setup.command(&[&["demo", "--json", "--no-open"], arguments].concat());
        command.env("TMPDIR", &temporary).envs(env.iter().map(|(key, value)| (key, value)));
        Demo { program: Program::start(&setup, command), temporary, _folder: folder }
    }

    fn client(&self, name: &str) -> (Client, rumqttc::Connection) {
        let address = self.program.mqtt;
        let mut options = MqttOptions::new(name, address.ip().to_string(), address.port());
        // An alert with its texts and evidence takes some kilobytes.
        options.set_max_packet_size(1 << 20, 1 << 20);
        Client::new(options, 100)
    }

    /// Listens to exercises over MQTT until the broker goes.
    fn listen(&self) -> Heard {
        let (client, mut connection) = self.client("witness");
        client.subscribe("bongsu/v1/exercise/#", QoS::AtLeastOnce).expect("room for a request");
        let heard = Heard::default();
        let (told, began) = (heard.clone(), self.program.started);
        std::thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::Publish(message))) if !message.payload.is_empty() => {
                        let alert: Value = serde_json::from_slice(&message.payload).expect("alert JSON");
                        let topic = format!("bongsu/v1/exercise/{}/{}", text(&alert, "area"), text(&alert, "hazard"));
                        assert_eq!(message.topic, topic);
                        told.lock().expect("unpoisoned").push((alert, began.elapsed()));
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
            drop(client);
        });
        heard
    }

    /// Follows `/events` until the program ends.
    fn follow(&self) -> Heard {
        let host = self.program.public.trim_start_matches("http://").to_owned();
        let mut socket = TcpStream::connect(&host).expect("it listens");
        write!(socket, "GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("it listens");
        let heard = Heard::default();
        let (told, began) = (heard.clone(), self.program.started);
        std::thread::spawn(move || {
            for line in BufReader::new(socket).lines().map_while(Result::ok) {
                if let Some(data) = line.strip_prefix("data: ") {
                    let alert: Value = serde_json::from_str(data).expect("alert JSON");
                    told.lock().expect("unpoisoned").push((alert, began.elapsed()));
                }
            }
        });
        heard
    }

    fn get(&self, path: &str) -> String {
        let (status, body) = http::get(&format!("{}{path}", self.program.public));
        assert_eq!(status, 200, "{path}");
        body
    }

    /// Interrupts it as Ctrl-C does; what is left in its temporary folder.
    fn interrupt(&mut self) -> Vec<PathBuf> {
        let id = i32::try_from(self.program.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it can be asked");
        let status = self.program.wait();
        assert!(status.success(), "{status}: {}", self.program.log());
        let left = fs::read_dir(&self.temporary).expect("the folder is there");
        left.map(|entry| entry.expect("an entry").path()).collect()
    }
}

fn text<'a>(alert: &'a Value, key: &str) -> &'a str {
    alert[key].as_str().unwrap_or_default()
}

/// When an incident was told at each level in turn, and as ended; `None` as long as it was not.
fn course(heard: &[(Value, Duration)], incident: &str) -> Option<[Duration; 4]> {
    let of_it = heard.iter().filter(|(alert, _)| text(alert, "incident") == incident);
    let mut steps = ["advisory", "watch", "warning", "none"].into_iter().peekable();
    let mut times = Vec::new();
    for (alert, after) in of_it {
        if steps.next_if(|level| text(alert, "level") == *level).is_some() {
            times.push(*after);
        }
    }
    times.try_into().ok()
}

/// The incident whose whole course all three witnesses were told.
fn whole_course(witnesses: &[&Heard]) -> Option<String> {
    let first = witnesses.first()?.lock().expect("unpoisoned").clone();
    let rivers: BTreeSet<&str> = first
        .iter()
        .filter(|(alert, _)| text(alert, "hazard") == "river_flood")
        .map(|(alert, _)| text(alert, "incident"))
        .collect();
    let all = |id: &&str| witnesses.iter().all(|heard| course(&heard.lock().expect("unpoisoned"), id).is_some());
    rivers.into_iter().find(all).map(str::to_owned)
}

/// Every word is marked, every change says why; where a level is reached, a check holds.
#[track_caller]
fn assert_is_exercise_with_evidence(alert: &Value, is_rise: bool) {
    assert_eq!(text(alert, "status"), "Exercise", "{alert}");
    for (language, mark) in [("ko", "[훈련]"), ("en", "[EXERCISE]")] {
        for part in ["headline", "instruction"] {
            let text = alert[part][language].as_str().unwrap_or_default();
            assert!(text.starts_with(mark), "{part} in {language}: {text}");
        }
    }
    let evidence = alert["evidence"].as_array().expect("a list");
    let holds = |reason: &&Value| reason["result"] == "true" && reason["value"].is_number();
    assert!(!evidence.is_empty(), "{alert}");
    assert!(!is_rise || evidence.iter().any(|reason| holds(&reason)), "{alert}");
}

#[test]
fn within_two_minutes_everybody_sees_the_same_river_rise_step_by_step_and_end() {
    let mut demo = Demo::start(&[]);
    let (over_mqtt, events) = (demo.listen(), demo.follow());
    // What the page's own answers say, asked again and again as a browser would.
    let on_page = Heard::default();
    let mut shown = BTreeSet::new();
    let incident = loop {
        let after = demo.program.started.elapsed();
        assert!(after < PATIENCE, "no river rose and ended; MQTT said {:#?}", levels(&over_mqtt));
        let page = demo.get("/?lang=en");
        assert!(page.contains("EXERCISE"), "{page}");
        let alerts: Value = serde_json::from_str(&demo.get("/api/v1/alerts")).expect("JSON");
        for alert in alerts["alerts"].as_array().expect("a list") {
            let id = text(alert, "incident");
            if page.contains(&format!("/alerts/{id}")) {
                shown.insert(id.to_owned());
            }
            on_page.lock().expect("unpoisoned").push((alert.clone(), after));
        }
        if let Some(incident) = whole_course(&[&over_mqtt, &events, &on_page]) {
            break incident;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(shown.contains(&incident), "the page never showed {incident}, but {shown:?}");
    for (witness, heard) in [("MQTT", &over_mqtt), ("/events", &events), ("the page", &on_page)] {
        let heard = heard.lock().expect("unpoisoned");
        let times = course(&heard, &incident).expect("it was there");
        println!("{witness}: {incident} advisory, watch, warning, ended after {times:?}");
        for (alert, after) in heard.iter() {
            let is_of_it = text(alert, "incident") == incident;
            let is_rise = is_of_it && times[..3].contains(after);
            if is_of_it && *after == times[3] {
                let sent = Time::parse(text(alert, "sent")).expect("a time");
                assert!(sent <= Rehearsal::begins() + TWO_MINUTES * SPEED, "{witness}: it ended at {sent}");
            }
            assert_is_exercise_with_evidence(alert, is_rise);
        }
    }
    let told: Value = serde_json::from_str(&demo.get(&format!("/api/v1/alerts/{incident}"))).expect("JSON");
    let label = told["timeline"][0]["evidence"][0]["label"]["en"].as_str().expect("a label").to_owned();
    // Officers read limits by the names of their manuals, citizens by the words of their page.
    let plain = label.replace("advisory limit", "“Take care” limit");
    let page = demo.get(&format!("/alerts/{incident}?lang=en"));
    assert!(plain != label && page.contains(&plain) && page.contains("<svg"), "{plain} in {page}");
    let said = demo.program.log();
    assert!(said.contains("EXERCISE. ") && said.contains("a river reaches advisory") || said.contains("rivers reach"));
    assert!(said.contains("mosquitto_sub"), "{said}");
    assert_eq!(demo.interrupt(), Vec::<PathBuf>::new());
}

fn levels(heard: &Heard) -> Vec<String> {
    let heard = heard.lock().expect("unpoisoned");
    let line = |(alert, after): &(Value, Duration)| {
        format!("{:>5.1} s {} {}", after.as_secs_f64(), text(alert, "incident"), text(alert, "level"))
    };
    heard.iter().map(line).collect()
}

/// A gauge that the demo of this seed leaves alone, with its limits from advisory to warning.
fn quiet_gauge(seed: u64) -> (String, [f64; 3]) {
    let settings = Settings { seed, ..Settings::default() };
    let scenario = Scenario::named("storm").expect("a scenario");
    let begins = Rehearsal::begins();
    let mut simulation =
        Simulation::new(City::build(seed, Size::default()), scenario, &settings, begins).expect("settings that can be");
    simulation.step_until(begins + Duration::from_secs(48 * 3600), &mut Vec::new());
    let city = simulation.city();
    let is_quiet = |at: &usize| simulation.truth().highest(&city.stations[*at].id) == bongsu_sensors::Level::None;
    let gauge = &city.stations[city.gauges().find(is_quiet).expect("not every river floods")];
    let limit = |level| gauge.limit(level).expect("a gauge has limits");
    let [advisory, watch, warning] =
        [bongsu_sensors::Level::Advisory, bongsu_sensors::Level::Watch, bongsu_sensors::Level::Warning].map(limit);
    (gauge.id.to_string(), [advisory, watch, warning])
}

#[test]
fn a_flood_that_somebody_else_publishes_to_one_gauge_raises_its_incident() {
    let (gauge, [advisory, _, warning]) = quiet_gauge(2);
    let mut demo = Demo::start(&["--seed", "2"]);
    let kim = Person::first(&demo.program);
    let (client, mut connection) = demo.client("somebody-else");
    let answers = std::thread::spawn(move || connection.iter().take_while(Result::is_ok).count());
    let (low, high) = (advisory - 1.0, warning + 0.3);
    let begins = Instant::now();
    let raised = loop {
        assert!(begins.elapsed() < PATIENCE, "{gauge} raises nothing: {}", kim.get(&demo.program, "/api/v1/alerts"));
        // A fast rise, 2 m in a virtual hour, and then it stays: one message every virtual minute.
        let stage = (low + begins.elapsed().as_secs_f64() * 0.5).min(high);
        let topic = format!("bongsu/v1/{gauge}/obs");
        client.publish(topic, QoS::AtLeastOnce, false, format!("{{\"river_stage\":{stage:.2}}}")).expect("room");
        let alerts = kim.get(&demo.program, "/api/v1/alerts");
        let of_it = |alert: &&Value| text(alert, "hazard") == "river_flood" && text(alert, "station") == gauge;
        let found = alerts["alerts"].as_array().and_then(|alerts| alerts.iter().find(of_it).cloned());
        if let Some(alert) = found.filter(|alert| text(alert, "decided") == "warning") {
            break alert;
        }
        std::thread::sleep(Duration::from_millis(60));
    };
    println!("{gauge}: {raised}");
    let reasons = raised["evidence"].as_array().expect("a list");
    let own = |reason: &&Value| text(reason, "station") == gauge && text(reason, "result") == "true";
    assert!(reasons.iter().any(|reason| own(&reason)), "{raised}");
    assert_eq!(demo.interrupt(), Vec::<PathBuf>::new());
    drop(client);
    drop(answers);
}

#[test]
fn busy_ports_are_replaced_and_what_is_to_be_kept_is_kept() {
    let busy: Vec<TcpListener> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let names = ["MQTT__LISTEN", "PUBLIC__LISTEN", "OPERATOR__LISTEN", "OPERATOR__MQTT_LISTEN"];
    let taken = |listener: &TcpListener| listener.local_addr().expect("an address").to_string();
    let env: Vec<(String, String)> =
        names.iter().zip(&busy).map(|(name, listener)| (format!("BONGSU_{name}"), taken(listener))).collect();
    let env: Vec<(&str, String)> = env.iter().map(|(name, address)| (name.as_str(), address.clone())).collect();
    let mut demo = Demo::start_with(&["--keep", "--scenario", "calm"], &env);
    assert!(busy.iter().all(|listener| taken(listener) != demo.program.mqtt.to_string()));
    demo.get("/healthz");
    let left = demo.interrupt();
    assert_eq!(left.len(), 1, "{left:?}");
    for file in ["stations.toml", "areas.geojson", "data/city.db"] {
        assert!(left[0].join(file).is_file(), "no {file} in {}", left[0].display());
    }
}

/// What went before is in the store as if the program had run then: rules are tuned by it, and the demo goes on from it.
#[test]
fn a_city_with_a_past_has_floods_to_look_back_on() {
    let mut demo = Demo::start(&["--seed", "5", "--before", "3d", "--station-count", "1", "--speed", "60"]);
    let program = &demo.program;
    let kim = Person::first(program);
    let asked = serde_json::json!({ "level": "watch", "truth": "watch", "params": {} }).to_string();
    let path = format!("{}/api/v1/rules/river_flood/try", program.operator);
    let answer = http::ask("POST", &path, &kim.headers(), &asked).expect("an answer");
    let judged = &answer.json()["judged"];
    assert!(judged["catches"].as_u64() >= Some(1), "{}", answer.body);
    let start = Time::parse("2026-07-08T06:00:00+09:00").expect("a time");
    let ended = kim.get(program, "/api/v1/alerts?state=ended");
    let ended = ended["alerts"].as_array().expect("a list");
    let floods = ended.iter().filter(|alert| alert["hazard"] == "river_flood").count();
    assert!(floods >= 1, "{ended:?}");
    wait::until(PATIENCE, "the city speaks on", || {
        let stations = kim.get(program, "/api/v1/stations");
        let streams =
            stations["stations"].as_array().into_iter().flatten().filter_map(|one| one["datastreams"].as_array());
        let last = streams.flatten().filter_map(|stream| stream["time"].as_str()).max().map(Time::parse);
        last.is_some_and(|last| last.expect("a time") >= start)
    });
    assert_eq!(demo.interrupt(), Vec::<PathBuf>::new());
}

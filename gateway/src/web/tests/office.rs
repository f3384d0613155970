//! An office with everything behind it: the operators' plane before a real pipeline, on a real store, in virtual time.

use super::city::text;
use crate::clock::Clock;
use crate::command;
use crate::desk::{self, Desk};
use crate::people::People;
use crate::people::account::{self, User};
use crate::people::role::Role;
use crate::pipeline::{Errand, Pipeline, Spoken, Voice};
use crate::relay::Agency;
use crate::reload::{InForce, Reloader};
use crate::shelf::{Shelf, write_whole};
use crate::source::file::Row;
use crate::source::{Heard, Moment, Said, Source};
use crate::store::people::Change;
use crate::store::{Reader, Store};
use crate::trouble::Trouble;
use crate::voice::WebVoice;
use crate::web::operator::{COOKIE, CSRF};
use crate::web::{Settings, Shared, operators};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bongsu_rules::Engine;
use bongsu_rules::incident::{Policy, Status};
use bongsu_rules::record::CatalogText;
use bongsu_sensors::Time;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Two districts with shapes and people, and one without a shape.
const CITY: &str = r#"
timezone = "Asia/Seoul"
geometry = "areas.geojson"
area = [
    { code = "seocho", population = 400_000, name = { ko = "서초구", en = "Seocho-gu" } },
    { code = "yongsan", population = 200, name = { ko = "용산구", en = "Yongsan-gu" } },
    { code = "lost", name = { ko = "모르는 곳", en = "Nowhere" } },
]
station = [
    { id = "jamsu", position = [37.51, 126.99], area = "seocho", datastream = [{ kind = "river_stage" }, { kind = "agency_level" }] },
    { id = "banpo", position = [37.52, 126.98], area = "yongsan", datastream = [{ kind = "river_stage", levels = { warning = 2.3 } }] },
    { id = "lost", position = [37.53, 126.97], area = "lost", datastream = [{ kind = "river_stage" }] },
]
"#;

const SHAPES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"seocho"},"geometry":{"type":"Polygon","coordinates":[[[126.9,37.4],[127.1,37.4],[127.1,37.55],[126.9,37.4]]]}},
{"type":"Feature","properties":{"code":"yongsan"},"geometry":{"type":"Polygon","coordinates":[[[126.9,37.5],[127.1,37.5],[127.1,37.6],[126.9,37.5]]]}}]}"#;

pub const RULE: &str = r#"//! id = "high"
//! hazard = "river_flood"
//! scope = "station"
//! audience = "public"
//! title = { ko = "시험", en = "test" }
//! [inputs]
//! stage = { kind = "river_stage", max_age = "30m" }
//! [params]
//! limit = { default = 2.0, min = 0.5, max = 9.0, step = 0.1, unit = "m", why = "a test" }
//! [hold]
//! clear_after = "1m"
//! [release]
//! watch = "propose"
//! warning = "propose"
//! [labels]
//! a = { ko = "가", en = "a" }

if check("a", stage.last(), ">=", limit) { raise("watch") }
if check("a", stage.last(), ">=", 3.0) { raise("warning") }
"#;

/// Where the office's time begins.
const START: &str = "2026-07-08T00:00:00Z";

/// A source that says what a test says, at the time the test says.
struct Room {
    rows: Receiver<Row>,
    now: &'static AtomicI64,
    stop: Arc<AtomicBool>,
}

impl Source for Room {
    fn hear(&mut self, _: Option<Time>) -> miette::Result<Heard> {
        let said = match self.rows.recv_timeout(Duration::from_millis(2)) {
            Ok(row) => vec![Said::Row(row)],
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return Ok(Heard::End),
        };
        if self.stop.load(Ordering::Acquire) {
            return Ok(Heard::End);
        }
        Ok(Heard::Moment(Moment { now: Time::from_millis(self.now.load(Ordering::Acquire)), said, more: false }))
    }

    fn acknowledge(&mut self) {}
}

/// Counts turns, so that a test can wait for one that began after it spoke.
struct Turns(Arc<AtomicI64>);

impl Voice for Turns {
    fn speak(&mut self, _: &Spoken<'_>) -> miette::Result<()> {
        self.0.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

/// The office.
pub struct Office {
    folder: tempfile::TempDir,
    path: PathBuf,
    rows: Sender<Row>,
    now: &'static AtomicI64,
    turns: Arc<AtomicI64>,
    stop: Arc<AtomicBool>,
    pipeline: Mutex<Option<JoinHandle<()>>>,
    pub desk: Arc<Desk>,
}

/// Somebody at a console.
#[derive(Clone)]
pub struct Person {
    pub cookie: String,
    pub csrf: String,
}

/// Somebody who works here.
fn employed(username: String, role: Role, created: Time) -> User {
    let password = Some("no hash: nobody logs in with it".into());
    User { password, ..User::new(&username, role, created) }
}

impl Office {
    /// An office of a status, with a policy.
    pub fn open(status: Status, policy: Policy) -> Office {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("city.db");
        let mut store = Store::open(&path, status, 100).expect("store");
        let people = People::default();
        let start = Time::parse(START).expect("time");
        let add = |username: String, role: Role| Change::AddUser(employed(username, role, start));
        let mut changes: Vec<Change> = Role::ALL.map(|role| add(role.name().replace('_', "-"), role)).to_vec();
        changes.push(add("second".into(), Role::Approver));
        assert!(store.change_people(&changes, &[]).expect("written"));
        people.refresh(&store).expect("people");
        let shared = Shared::new(Settings {
            store: path.clone(),
            basemap: path.with_file_name("basemap"),
            base_url: "https://warning.example.city".into(),
            operator_url: "http://127.0.0.1:1".into(),
            sender_name: "Bongsu".into(),
            languages: vec!["ko".into()],
            status,
        });
        // A test leads the city's clock; it is as old as the test.
        let now: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(start.millis())));
        let clock = Clock::Led { hand: now, speed: 1.0 };
        let (commands, command_queue) = sync_channel(command::WAITING);
        let (errands, errand_queue) = channel::<Errand>();
        let settings = desk::Settings {
            channels: vec!["mqtt".into()],
            sender_name: "Bongsu".into(),
            languages: crate::alert::words::Language::ALL.to_vec(),
            type_population_above: 1_000,
            agencies: vec![Agency { sender: "kma@agency.example".into(), tag: None, must_be_signed: false }],
        };
        let desk = Desk::new(people, shared.clone(), settings, clock, commands, errands);
        let catalog = Arc::new(CatalogText {
            name: "stations.toml".into(),
            stations: CITY.into(),
            geometry: Some(("areas.geojson".into(), SHAPES.into())),
        });
        let shelf = Shelf::Own(folder.path().join("rules"));
        let file = shelf.new_place("high.rhai");
        write_whole(Path::new(&file), RULE).expect("written");
        let rules = Arc::new(shelf.text().expect("a rule"));
        let (reloads, reload_queue) = channel();
        let in_force = InForce { catalog: catalog.clone(), rules: rules.clone() };
        desk.keep_rules(Arc::new(Reloader::over(shelf, reloads, in_force)));
        let (rows, said) = channel();
        let (turns, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
        let room = Room { rows: said, now, stop: stop.clone() };
        let trouble = Arc::new(Trouble::watch(folder.path()));
        let mut counter = Turns(turns.clone());
        let pipeline = std::thread::spawn(move || {
            let mut web = WebVoice::new(shared, trouble);
            let mut pipeline = Pipeline::new(room, Engine::new(status), store, 0, 100)
                .with_voice(&mut web)
                .with_voice(&mut counter)
                .with_errands(errand_queue)
                .with_commands(command_queue)
                .with_reloads(reload_queue);
            pipeline.take_up(start, catalog, rules, Arc::new(policy)).expect("taken up");
            pipeline.run(|_, _| {}).expect("it runs");
        });
        let pipeline = Mutex::new(Some(pipeline));
        Office { folder, path, rows, now, turns, stop, pipeline, desk }
    }

    /// The usual one.
    pub fn usual() -> Office {
        Office::open(Status::Actual, Policy::default())
    }

    /// Waits until everything that was said so far is decided.
    pub async fn settle(&self) {
        self.hear(0).await;
    }

    /// The same, where so many words wait to be heard.
    pub async fn hear(&self, words: i64) {
        let seen = self.turns.load(Ordering::Acquire);
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.turns.load(Ordering::Acquire) < seen + words + 3 {
            assert!(Instant::now() < deadline, "the pipeline stands still");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// A station says how high its water is.
    pub async fn says(&self, station: &str, stage: f64) {
        let time = Time::from_millis(self.now.load(Ordering::Acquire));
        self.row(station, time, stage);
        self.settle().await;
    }

    /// A station says how high its water was so many minutes from now; nobody waits until it is decided.
    pub fn mentions(&self, station: &str, minute: i64, stage: f64) {
        let time = Time::from_millis(self.now.load(Ordering::Acquire) + minute * 60_000);
        self.row(station, time, stage);
    }

    fn row(&self, station: &str, time: Time, stage: f64) {
        self.rows.send(Row::said(1, time, station, "river_stage", stage)).expect("the pipeline hears");
    }

    /// Virtual time passes.
    pub async fn pass(&self, minutes: i64) {
        self.now.fetch_add(minutes * 60_000, Ordering::AcqRel);
        self.settle().await;
    }

    /// A station says it twice, a minute apart: corroborated.
    pub async fn rises(&self, station: &str, stage: f64) {
        self.says(station, stage).await;
        self.pass(1).await;
        self.says(station, stage).await;
    }

    /// Somebody of this name logs in; passwords are another test's.
    pub async fn enter(&self, username: &str) -> Person {
        let (secret, session, changes) = account::begin(&self.desk.people, username, self.desk.now());
        self.desk.change(changes, Vec::new()).await.expect("a session");
        Person { cookie: format!("{COOKIE}={secret}"), csrf: session.csrf }
    }

    /// One request with these headers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).header("host", "console.city");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.ask(match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        })
        .await
    }

    async fn ask(&self, request: Result<Request<Body>, axum::http::Error>) -> (StatusCode, String) {
        let router = operators(&self.desk, CancellationToken::new());
        text(router.oneshot(request.expect("request")).await.expect("answer")).await
    }

    /// Somebody asks.
    pub async fn get(&self, who: &Person, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, &[("cookie", &who.cookie)], None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Somebody does something.
    pub async fn post(&self, who: &Person, path: &str, body: Value) -> (StatusCode, Value) {
        let headers = [("cookie", who.cookie.as_str()), (CSRF, &who.csrf)];
        let (status, body) = self.send(Method::POST, path, &headers, Some(body)).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Somebody hands on a CAP message of another agency.
    pub async fn relay(&self, who: &Person, text: &str) -> (StatusCode, Value) {
        let request = Request::post("/api/v1/agency").header("host", "console.city").header("cookie", &who.cookie);
        let request = request.header(CSRF, &who.csrf).header("content-type", "application/cap+xml");
        let (status, body) = self.ask(request.body(Body::from(text.to_owned()))).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Somebody changes what they read: with the version they saw.
    pub async fn change(
        &self,
        who: &Person,
        method: Method,
        path: &str,
        seen: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let seen = format!("\"{seen}\"");
        let headers = [("cookie", who.cookie.as_str()), (CSRF, &who.csrf), ("if-match", &seen)];
        let (status, body) = self.send(method, path, &headers, Some(body)).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Writes a file of the rules folder by hand.
    pub fn write_rule_file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join("rules").join(name), text).expect("written");
    }

    /// A file of the rules folder.
    pub fn rule_file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("rules").join(name)).unwrap_or_default()
    }

    /// The newest incident of an area.
    pub async fn incident(&self, who: &Person, area: &str) -> String {
        let list = self.get(who, &format!("/api/v1/alerts?area={area}")).await;
        list["alerts"][0]["incident"].as_str().expect("an incident").to_owned()
    }

    /// An incident with everything.
    pub async fn detail(&self, who: &Person, incident: &str) -> Value {
        self.get(who, &format!("/api/v1/alerts/{incident}")).await
    }

    /// Somebody approves what is shown now.
    pub async fn approve(&self, who: &Person, incident: &str, more: Value) -> (StatusCode, Value) {
        let detail = self.detail(who, incident).await;
        let mut body = json!({ "hash": detail["proposal_hash"] });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.post(who, &format!("/api/v1/alerts/{incident}/approve"), body).await
    }

    /// The store, for reading.
    pub fn reader(&self) -> Reader {
        Reader::open(&self.path).expect("reader")
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(pipeline) = self.pipeline.lock().ok().and_then(|mut pipeline| pipeline.take()) {
            let _ = pipeline.join();
        }
    }
}

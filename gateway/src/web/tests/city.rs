//! A small city with a real store, as the pipeline leaves it: what the tests of the web look at.

use crate::alert::cap::Speaker;
use crate::clock::Clock;
use crate::desk::{self, Desk};
use crate::herald::Herald;
use crate::people::People;
use crate::people::account::{self, User};
use crate::people::role::Role;
use crate::store::people::Change;
use crate::store::{Batch, DeadLetter, Entry, Reader, Store};
use crate::web::operator::COOKIE;
use crate::web::{Committed, Settings, Shared, WORKING, operators, public};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use bongsu_rules::flag::Tests;
use bongsu_rules::incident::{Cause, Evidence, Handling, Incident, Message, MessageType, State, Status, Transition};
use bongsu_rules::language::Audience;
use bongsu_rules::record::Observation;
use bongsu_rules::{Effect, Flag, Input, Record};
use bongsu_sensors::catalog::Numbering;
use bongsu_sensors::mistake::Source;
use bongsu_sensors::reading::DatastreamId;
use bongsu_sensors::{Catalog, Level, Reading, Time};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The moment the tests begin at.
pub const START: &str = "2017-07-10T12:00:00Z";

/// Two districts on a river, with hostile names among the honest ones.
pub const CITY_TEXT: &str = r#"
timezone = "Asia/Seoul"
area = [
    { code = "seoul", kind = "sido", name = { ko = "서울", en = "Seoul" } },
    { code = "seocho", kind = "sigungu", parent = "seoul", name = { ko = "서초구", en = "Seocho-gu" } },
    { code = "yongsan", kind = "sigungu", parent = "seoul", name = { ko = "용산구", en = "Yongsan-gu" } },
    { code = "banpo", kind = "zone", parent = "seocho", name = { ko = "반포 한강공원", en = "Banpo park" } },
    { code = "evil", kind = "sigungu", name = { ko = "<script>alert('구')</script>", en = "<img src=x onerror=alert(1)>" } },
]

[[station]]
id = "jamsu"
name = { ko = "잠수교", en = "Jamsu Bridge" }
position = [37.5153, 126.9957]
area = "seocho"
affects = ["seocho", "yongsan"]
datastream = [
    { kind = "river_stage", levels = { advisory = 5.5, watch = 6.2, warning = 6.5 } },
    { kind = "auth_failures" },
]

[[station]]
id = "hostile"
name = { ko = "\"><script>alert(2)</script>", en = "</style><script>alert(3)</script>" }
position = [37.5, 127.0]
area = "evil"
datastream = [{ kind = "river_stage", levels = { watch = 1.0 } }]
"#;

/// The city, its store and its web.
pub struct City {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: Store,
    herald: Herald,
    status: Status,
    /// The web.
    pub shared: Arc<Shared>,
    /// The city's catalog.
    pub catalog: Arc<Catalog>,
    seq: u64,
    said: i64,
    people: People,
    /// That of a viewer who is logged in.
    pub cookie: String,
    /// The moment of the last record.
    pub now: Time,
}

impl City {
    /// A city of a status, in this text.
    pub fn of(status: Status, text: &str) -> City {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("city.db");
        let mut store = Store::open(&path, status, 100).expect("store");
        let people = People::default();
        let cookie = log_in(&mut store, &people);
        let mut catalog =
            Catalog::parse(&Source::new("stations.toml", text), |_| Err("none".into())).expect("a good city");
        catalog.number(&mut Numbering::default());
        let catalog = Arc::new(catalog);
        let now = Time::parse(START).expect("time");
        let shared = web(&path, status, &catalog, now);
        let herald = herald(&store);
        City { _folder: folder, path, store, herald, status, shared, catalog, seq: 0, said: 0, people, cookie, now }
    }

    /// The usual one, where everything is meant.
    pub fn actual() -> City {
        City::of(Status::Actual, CITY_TEXT)
    }

    /// The program stops and starts again: another web on the same store.
    pub fn restart(&mut self) {
        self.shared = web(&self.path, self.status, &self.catalog, self.now);
    }

    /// The same for what remembers the chains of messages.
    pub fn restart_herald(&mut self) {
        self.herald = herald(&self.store);
    }

    /// Has something done in the store, as the pipeline does between two batches.
    pub fn run(&mut self, errand: crate::pipeline::Errand) {
        errand(&mut self.store);
    }

    /// The store's file.
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Time passes.
    pub fn pass(&mut self, minutes: u64) {
        self.now = self.now + Duration::from_secs(60 * minutes);
        self.shared.heartbeat(self.now, WORKING, None);
    }

    /// Commits what the engine decided and tells the web; answers the ids of the transitions.
    pub fn commit(&mut self, transitions: Vec<Transition>, observations: &[Observation]) -> Vec<i64> {
        self.commit_all(transitions, observations, Vec::new())
    }

    /// The same with refusals.
    pub fn commit_all(
        &mut self,
        transitions: Vec<Transition>,
        observations: &[Observation],
        dead_letters: Vec<DeadLetter>,
    ) -> Vec<i64> {
        self.seq += 1;
        let said = |observation: &Observation| Reading {
            datastream: observation.datastream,
            time: Some(observation.time),
            value: observation.value,
        };
        let input = Input::Readings(observations.iter().map(said).collect());
        let record = Record { seq: self.seq, now: self.now, input };
        let effects: Vec<Effect> = observations.iter().copied().map(Effect::Observed).collect();
        let caps = transitions.iter().filter_map(|transition| self.herald.write(transition, Some(&self.catalog)));
        let batch = Batch {
            caps: caps.collect(),
            entries: vec![Entry::of(&record, &effects).expect("entry")],
            transitions: transitions.into_iter().map(|transition| (self.seq, transition)).collect(),
            dead_letters,
            ..Batch::default()
        };
        self.store.commit(&batch).expect("commit");
        let reader = Reader::open(&self.path).expect("reader");
        let ids = reader.transitions_after(self.said, 100_000).expect("ids");
        let ids: Vec<i64> = ids.into_iter().map(|(id, _)| id).collect();
        self.said = ids.last().copied().unwrap_or(self.said);
        self.shared.spoken(&Committed {
            now: self.now,
            transitions: &batch.transitions,
            ids: &ids,
            dead_letters: &batch.dead_letters,
            effects: &effects,
        });
        ids
    }

    /// The number of a station's datastream.
    pub fn datastream(&self, station: &str, kind: &str) -> DatastreamId {
        let station = self.catalog.station_named(station).expect("station");
        self.catalog.datastream(station, kind.parse().expect("kind")).expect("datastream").id
    }

    /// An observation at a minute after the start.
    pub fn observation(&self, station: &str, minute: i64, value: f64) -> Observation {
        let time = Time::from_millis(Time::parse(START).expect("time").millis() + minute * 60_000);
        let datastream = self.datastream(station, "river_stage");
        Observation { datastream, time, value: Some(value), flag: Flag::Pass, tests: Tests::default() }
    }

    /// What an incident's next transition is: decided at `level`, and where `said` is given, said at that level.
    pub fn transition(&self, area: &str, number: u32, level: Level, said: Option<Level>) -> Transition {
        let id = format!("river_flood-{area}-20170710T120000Z");
        let messages = |level| Message {
            identifier: format!("{id}.{number}"),
            sent: self.now,
            msg_type: if number == 1 { MessageType::Alert } else { MessageType::Update },
            level,
        };
        let state = match (level, said) {
            (Level::None, _) => State::Ended,
            (_, Some(_)) => State::Issued,
            _ => State::Proposed,
        };
        let station = if area == "evil" { "hostile" } else { "jamsu" };
        let evidence = Evidence {
            label: [("ko".to_owned(), "수위".to_owned()), ("en".to_owned(), "stage".to_owned())].into(),
            station: Some(station.into()),
            value: Some(6.25),
            unit: "m".into(),
            op: ">=".into(),
            limit: Some(6.2),
            result: "true".into(),
            stations: Vec::new(),
            more_stations: 0,
        };
        let incident = Incident {
            group: id.clone(),
            id: id.clone(),
            hazard: "river_flood".into(),
            area: area.into(),
            audience: Audience::Public,
            status: self.status,
            level,
            state,
            rule: "river_flood".into(),
            station: Some(station.into()),
            onset: Time::parse(START).expect("time"),
            updated: self.now,
            issued: said.map(messages),
            proposal: None,
            messages: number,
            evidence: vec![evidence],
            handling: Handling::default(),
            words: std::collections::BTreeMap::new(),
        };
        let message = said.map(messages);
        Transition { incident, from: Level::None, time: self.now, cause: Cause::Rule, message, word: None }
    }

    /// The public plane.
    pub fn public(&self) -> Router {
        public(self.shared.clone(), CancellationToken::new())
    }

    /// The operators' plane, before a pipeline that does not run.
    pub fn operator(&self) -> Router {
        let (commands, _) = std::sync::mpsc::sync_channel(1);
        let (errands, _) = std::sync::mpsc::channel();
        let settings = desk::Settings {
            channels: vec!["mqtt".into()],
            sender_name: "Bongsu & <City>".into(),
            languages: vec![crate::alert::words::Language::Ko],
            type_population_above: 100_000,
            agencies: Vec::new(),
        };
        let desk = Desk::new(self.people.clone(), self.shared.clone(), settings, Clock::System, commands, errands);
        operators(&desk, CancellationToken::new())
    }

    /// Asks the public plane.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        text(ask(self.public(), path, &[]).await).await
    }

    /// Asks the operators' plane.
    pub async fn get_operator(&self, path: &str) -> (StatusCode, String) {
        text(ask(self.operator(), path, &[("cookie", &self.cookie)]).await).await
    }

    /// Asks the public plane for JSON that must be there.
    pub async fn json(&self, path: &str) -> serde_json::Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).expect(path)
    }
}

/// A viewer who is logged in: the cookie.
fn log_in(store: &mut Store, people: &People) -> String {
    let now = Clock::System.now();
    let user = User::new("viewer", Role::Viewer, now);
    let (secret, _, mut changes) = account::begin(people, "viewer", now);
    changes.insert(0, Change::AddUser(user));
    assert!(store.change_people(&changes, &[]).expect("written"));
    people.refresh(store).expect("people");
    format!("{COOKIE}={secret}")
}

fn herald(store: &Store) -> Herald {
    let speaker = Speaker {
        sender: "bongsu.example.city".into(),
        sender_name: "Bongsu & <City>".into(),
        contact: None,
        languages: vec!["ko".into(), "en".into(), "zh-Hans".into(), "ja".into()],
        base_url: "https://warning.example.city".into(),
        resources: Vec::new(),
        signer: None,
    };
    Herald::new(speaker, store).expect("herald")
}

fn web(path: &std::path::Path, status: Status, catalog: &Arc<Catalog>, now: Time) -> Arc<Shared> {
    let shared = Shared::new(Settings {
        store: path.to_owned(),
        basemap: path.with_file_name("basemap"),
        base_url: "https://warning.example.city".into(),
        operator_url: "http://127.0.0.1:1".into(),
        sender_name: "Bongsu & <City>".into(),
        languages: vec!["ko".into(), "en".into(), "zh-Hans".into()],
        status,
    });
    shared.recall(now).expect("recall");
    shared.set_city(catalog.clone());
    shared.heartbeat(now, WORKING, None);
    shared
}

/// One request.
pub async fn ask(router: Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let request = Request::builder().uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    router.oneshot(request.body(Body::empty()).expect("request")).await.expect("answer")
}

/// Status and body of an answer.
pub async fn text(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = to_bytes(response.into_body(), 16 << 20).await.expect("body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

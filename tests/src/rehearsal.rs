//! A simulated city through the real pipeline in virtual time: decoder, engine and store as they run live, behind a
//! source that knows no clock, and crashes wherever the dice say.
//!
//! Two sorts of crash: in the middle of a batch, which then never was; and after the commit but before the devices heard
//! of it, so that they say the last thing again. Start at [`Rehearsal::run`].

use bongsu_broker::Message;
use bongsu_gateway::pipeline::{Counts, Pipeline};
use bongsu_gateway::restart;
use bongsu_gateway::source::simulated::message;
use bongsu_gateway::source::{Heard, Moment, Said, Source};
use bongsu_gateway::store::Store;
use bongsu_rules::incident::{Status, Transition};
use bongsu_rules::language::Audience;
use bongsu_rules::pack;
use bongsu_rules::record::CatalogText;
use bongsu_sensors::{Level, Time};
use bongsu_simulators::dice::Dice;
use bongsu_simulators::{City, Scenario, Settings, Simulation, Size};
use miette::miette;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When every rehearsal begins: a summer morning in the rainy season.
pub const BEGINS: &str = "2026-07-08T06:00:00+09:00";

/// Whether all of what takes minutes is wanted, and not only a part of it.
pub fn is_soak() -> bool {
    std::env::var_os("SOAK").is_some_and(|wanted| wanted != "0")
}

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The scenario.
    pub scenario: &'static str,
    /// About how many stations.
    pub stations: usize,
    /// Seed, rain, faults, cadence.
    pub settings: Settings,
    /// How long, in virtual time.
    pub lasting: Duration,
    /// Crashes at one in so many moments on average; `None`: none.
    pub crashes: Option<f64>,
    /// Readings of one commit.
    pub batch: usize,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    /// Every change of every incident, in order.
    pub transitions: Vec<Transition>,
    /// The city afterwards, with what was true.
    pub simulation: Simulation,
    /// What the pipelines counted, those that crashed included.
    pub counts: Counts,
    /// Messages that stations sent.
    pub messages: u64,
    /// Crashes.
    pub crashes: u64,
    /// Events in the store, and different ones that stations told of.
    pub events: (u64, u64),
    /// How long it took.
    pub took: Duration,
}

impl Rehearsal {
    /// A day of a scenario in a city of a hundred stations, without crashes.
    pub fn of(scenario: &'static str, seed: u64) -> Rehearsal {
        let settings = Settings { seed, ..Settings::default() };
        let lasting = Duration::from_secs(86_400);
        Rehearsal { scenario, stations: 100, settings, lasting, crashes: None, batch: 20_000 }
    }

    /// The same in a small city, which still has every river and rain gauge.
    pub fn small(self) -> Rehearsal {
        Rehearsal { stations: 60, ..self }
    }

    /// The same for so many hours.
    pub fn lasting(self, hours: u64) -> Rehearsal {
        Rehearsal { lasting: Duration::from_secs(3600 * hours), ..self }
    }

    /// When it begins.
    pub fn begins() -> Time {
        Time::parse(BEGINS).expect("a time")
    }

    /// The city before its first minute.
    pub fn simulation(&self) -> Simulation {
        let city = City::build(self.settings.seed, Size::stations(self.stations));
        let scenario = Scenario::named(self.scenario).expect("a scenario");
        Simulation::new(city, scenario, &self.settings, Rehearsal::begins()).expect("settings that can be")
    }

    /// Runs it.
    ///
    /// # Panics
    /// The pipeline fails in another way than by a crash that was wanted.
    pub fn run(&self) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder");
        self.run_in(folder.path())
    }

    /// Runs it in a folder, which afterwards holds the city's files and, in `data`, the store: `serve` may go on there.
    ///
    /// # Panics
    /// As [`Rehearsal::run`].
    pub fn run_in(&self, folder: &Path) -> Outcome {
        let began = Instant::now();
        let path = folder.join("data").join("city.db");
        let stage = Rc::new(RefCell::new(Stage::new(self)));
        let city = stage.borrow().simulation.city().clone();
        let [stations, areas] = ["stations.toml", "areas.geojson"].map(|name| folder.join(name));
        fs::write(&stations, city.stations_toml()).expect("the folder can be written");
        fs::write(&areas, city.areas_geojson()).expect("the folder can be written");
        let catalog = Arc::new(CatalogText {
            name: stations.display().to_string(),
            stations: city.stations_toml(),
            geometry: Some((areas.display().to_string(), city.areas_geojson())),
        });
        let rules = Arc::new(pack::shipped());
        let (mut counts, mut crashes) = (Counts::default(), 0);
        loop {
            let store = Store::open(&path, Status::Exercise, 1_000).expect("a store");
            let (engine, seq) = restart::restore(&store, Status::Exercise).expect("a restart");
            let mut pipeline = Pipeline::new(Play(stage.clone()), engine, store, seq, self.batch);
            let now = stage.borrow().now;
            pipeline.take_up(now, catalog.clone(), rules.clone(), Arc::default()).expect("a city");
            let mut last = Counts::default();
            let done = pipeline.run(|_, sofar| last = *sofar);
            counts = sum(counts, *done.as_ref().unwrap_or(&last));
            match done {
                Ok(_) => break,
                Err(_) if stage.borrow_mut().rise_again() => crashes += 1,
                Err(error) => panic!("seed {}: {error:?}", self.settings.seed),
            }
        }
        let transitions = Store::open(&path, Status::Exercise, 1_000).and_then(|store| store.transitions());
        let transitions = transitions.expect("it can be read");
        let stage = Rc::into_inner(stage).expect("the pipelines are gone").into_inner();
        let Stage { simulation, messages, events, .. } = stage;
        let events = (stored_events(&path), events);
        Outcome { transitions, simulation, counts, messages, crashes, events, took: began.elapsed() }
    }
}

impl Outcome {
    /// The changes of incidents that the public may learn of.
    pub fn public(&self) -> impl Iterator<Item = &Transition> {
        self.transitions.iter().filter(|transition| transition.incident.audience == Audience::Public)
    }

    /// What was said to the public.
    pub fn issued(&self) -> impl Iterator<Item = &Transition> {
        self.public().filter(|transition| transition.message.is_some())
    }

    /// The highest level the public was told.
    pub fn highest_issued(&self) -> Level {
        self.issued().filter_map(|transition| Some(transition.message.as_ref()?.level)).max().unwrap_or_default()
    }

    /// Whether operators were told of a station that it is not well, and when.
    pub fn named(&self, station: &str) -> Option<&Transition> {
        let is_it = |transition: &&Transition| {
            let incident = &transition.incident;
            incident.hazard == "sensor_health"
                && incident.level > Level::None
                && incident.station.as_deref() == Some(station)
        };
        self.transitions.iter().find(is_it)
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = self.counts.observations as f64 / self.took.as_secs_f64();
        format!(
            "{} stations, {} messages, {} observations in {:.1} s ({rate:.0} a second), {} transitions, {} crashes",
            self.simulation.city().stations.len(),
            self.messages,
            self.counts.observations,
            self.took.as_secs_f64(),
            self.transitions.len(),
            self.crashes
        )
    }
}

fn sum(a: Counts, b: Counts) -> Counts {
    Counts {
        observations: a.observations + b.observations,
        duplicates: a.duplicates + b.duplicates,
        dead_letters: a.dead_letters + b.dead_letters,
        transitions: a.transitions + b.transitions,
    }
}

fn stored_events(path: &Path) -> u64 {
    let store = rusqlite::Connection::open(path).expect("the store is there");
    store.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).expect("a table of events")
}

/// What was sent at one moment.
type Sent = (Time, Vec<Message>);

/// Whether an acknowledgement gets lost.
#[derive(Clone, Copy, PartialEq)]
enum Deafness {
    None,
    /// That of whatever is said next.
    Coming,
    /// That of what was said last; then the program falls.
    Now,
}

/// What outlives a crash: the city, and what its devices were not told is safe.
struct Stage {
    simulation: Simulation,
    until: Time,
    now: Time,
    /// The moment of the last commit: after a crash time goes on from there, as if no time were lost over it.
    committed: Time,
    queue: VecDeque<(Time, Message)>,
    /// Sent and not acknowledged, oldest first.
    open: VecDeque<Sent>,
    /// To be sent again, oldest first.
    again: VecDeque<Sent>,
    dice: Dice,
    chance: f64,
    deafness: Deafness,
    fallen: bool,
    messages: u64,
    events: u64,
}

impl Stage {
    fn new(rehearsal: &Rehearsal) -> Stage {
        let simulation = rehearsal.simulation();
        let begins = Rehearsal::begins();
        Stage {
            simulation,
            until: begins + rehearsal.lasting,
            now: begins,
            committed: begins,
            queue: VecDeque::new(),
            open: VecDeque::new(),
            again: VecDeque::new(),
            dice: Dice::new(rehearsal.settings.seed, "crashes"),
            chance: rehearsal.crashes.map_or(0.0, |moments| 1.0 / moments),
            deafness: Deafness::None,
            fallen: false,
            messages: 0,
            events: 0,
        }
    }

    /// After a crash that was wanted: what is open will be sent again. `false`: nobody wanted one.
    fn rise_again(&mut self) -> bool {
        // What was being said again comes after what was said last: order is kept.
        self.open.append(&mut self.again);
        self.again = std::mem::take(&mut self.open);
        self.now = self.committed;
        self.deafness = Deafness::None;
        std::mem::take(&mut self.fallen)
    }

    /// Lets the city speak until something is said or its time is up.
    fn fill(&mut self) {
        while self.queue.is_empty() && self.simulation.next_minute() <= self.until {
            let to = self.simulation.next_minute();
            let mut said = Vec::new();
            self.simulation.speak_until(to, &mut said);
            self.messages += said.len() as u64;
            self.events += said.iter().filter(|said| said.topic.ends_with("/event")).count() as u64;
            self.queue.extend(said.into_iter().map(|said| (said.due, message(said))));
        }
    }

    /// What is said next, all of one moment.
    fn next(&mut self) -> Option<Time> {
        if let Some((time, _)) = self.again.front() {
            return Some((*time).max(self.now));
        }
        self.fill();
        self.queue.front().map(|(due, _)| (*due).max(self.now))
    }

    fn take(&mut self, at: Time) -> Vec<Message> {
        if let Some((_, messages)) = self.again.pop_front() {
            return messages;
        }
        let mut messages = Vec::new();
        while self.queue.front().is_some_and(|(due, _)| *due <= at) {
            messages.extend(self.queue.pop_front().map(|(_, message)| message));
        }
        messages
    }
}

/// The city as a source.
struct Play(Rc<RefCell<Stage>>);

impl Source for Play {
    fn hear(&mut self, due: Option<Time>) -> miette::Result<Heard> {
        let mut stage = self.0.borrow_mut();
        let chance = stage.chance;
        let strikes = stage.deafness == Deafness::None && stage.dice.chance(chance);
        if strikes && stage.dice.chance(0.5) {
            stage.deafness = Deafness::Coming;
        } else if strikes || stage.deafness == Deafness::Now {
            stage.fallen = true;
            return Err(miette!("a crash that was wanted"));
        }
        let Some(next) = stage.next() else { return Ok(Heard::End) };
        if let Some(due) = due.filter(|due| *due < next) {
            stage.now = stage.now.max(due);
            return Ok(Heard::Moment(Moment { now: stage.now, said: Vec::new(), more: true }));
        }
        stage.now = next;
        let messages = stage.take(next);
        stage.open.push_back((next, messages.clone()));
        if stage.deafness == Deafness::Coming {
            stage.deafness = Deafness::Now;
        }
        let more = stage.deafness == Deafness::None;
        Ok(Heard::Moment(Moment { now: next, said: vec![Said::Messages(messages)], more }))
    }

    fn acknowledge(&mut self) {
        let mut stage = self.0.borrow_mut();
        stage.committed = stage.now;
        let last = stage.open.pop_back();
        stage.open.clear();
        // Whoever spoke last was not told: it will say so again.
        let lost = last.filter(|_| stage.deafness == Deafness::Now);
        stage.open.extend(lost);
    }
}

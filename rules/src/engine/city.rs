//! Which rule looks at which datastreams, and where: rules laid over the catalog.

use super::Engine;
use super::feed::{Around, Feed, max_age, observes};
use super::stream::{Known, StreamState};
use crate::hold::Hold;
use crate::incident::{Alert, CITY};
use crate::language::header::{Feeders, Header, InputSpec};
use crate::language::{Arguments, Rule, Scope};
use crate::record::{CatalogText, Effect, RulesText};
use bongsu_sensors::catalog::{AreaIndex, StationIndex};
use bongsu_sensors::mistake::{Mistake, Source};
use bongsu_sensors::{Catalog, Level, Time};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Where a rule is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a station.
    Station(StationIndex),
    /// In an area.
    Area(AreaIndex),
    /// In the whole city.
    City,
}

/// One rule at one place.
#[derive(Clone, Debug)]
pub struct Scoped {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// Where.
    pub place: Place,
    /// The name of the place, shared by all rules there.
    pub name: Arc<str>,
    /// Its inputs, in the order of the header.
    pub feeds: Box<[Feed]>,
    /// The values of its parameters here.
    pub arguments: Arc<Arguments>,
    /// When it must be looked at again.
    pub wake: Option<Time>,
    /// What it remembers.
    pub memory: ScopeMemory,
}

/// What a rule remembers at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeMemory {
    /// Confirmation and hysteresis.
    pub hold: Hold,
    /// When it was last evaluated.
    pub evaluated: Option<Time>,
    /// Since when it cannot decide.
    pub undecided_since: Option<Time>,
    /// How many evaluations in a row failed.
    pub failures: u32,
    /// What its alert was last told of its support.
    pub corroborated: bool,
    /// The datastreams that last reached its level: while one of them is silent, the level does not fall.
    pub behind: SmallVec<[u32; 2]>,
    /// What only few rules have to remember.
    pub aside: Option<Box<Aside>>,
}

/// What only few rules have to remember at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// The time of the observation by which it last reached a level, for others to agree with.
    pub reached: Option<Time>,
    /// What it last said of a time that was over, and of which.
    pub historic: Option<(Time, Level)>,
    /// Another hazard explains its alert: it is recorded and not said.
    pub inhibited: bool,
}

impl ScopeMemory {
    /// What only few rules have to remember.
    pub fn aside(&self) -> Aside {
        self.aside.as_deref().copied().unwrap_or_default()
    }

    /// The same, to change it.
    pub fn aside_mut(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }
}

/// Parameters of rules at places, by rule and place.
pub type Tuned = BTreeMap<(String, String), Arc<Arguments>>;

/// Longest wait after a rule that fails again and again.
const BACK_OFF_LIMIT: Duration = Duration::from_secs(600);

impl Scoped {
    /// The earliest moment of the next evaluation.
    pub fn earliest(&self, header: &Header) -> Option<Time> {
        let failures = self.memory.failures.min(12);
        let back_off =
            if failures == 0 { Duration::ZERO } else { Duration::from_secs(1 << failures).min(BACK_OFF_LIMIT) };
        self.memory.evaluated.map(|last| last + header.every.max(back_off))
    }
}

impl Engine {
    /// Takes a catalog. A text with mistakes is never logged; should one come all the same, the old city stays.
    pub(super) fn set_catalog(&mut self, text: &Arc<CatalogText>, now: Time) {
        let Ok(mut catalog) = parse_catalog(text) else { return };
        catalog.number(&mut self.numbering);
        self.streams.resize_with(self.numbering.len(), StreamState::default);
        for stream in &mut self.streams {
            stream.known = None;
        }
        for datastream in &catalog.datastreams {
            self.streams[datastream.id.0 as usize].known = Some(Known::of(datastream, &catalog.timezone));
        }
        self.meet(&catalog);
        self.catalog = Some(Arc::new(catalog));
        self.catalog_text = text.clone();
        let rules = self.rules.clone();
        self.lay_out(&rules, now);
    }

    /// Takes rules. A rule with mistakes is never logged; should one come all the same, it is left out.
    pub(super) fn set_rules(&mut self, text: &Arc<RulesText>, now: Time) {
        let (compiled, _) = self.compile(text);
        let before = std::mem::replace(&mut self.rules, compiled.rules);
        self.overrides = compiled.overrides;
        self.rules_text = text.clone();
        self.lay_out(&before, now);
    }

    /// Lays the rules over the city anew. What a rule remembers at a place survives, if the rule still asks the same;
    /// an alert that stands there stands on in any case.
    fn lay_out(&mut self, before: &[Arc<Rule>], now: Time) {
        let Some(catalog) = self.catalog.clone() else { return };
        let mut old: BTreeMap<(String, Arc<str>), ScopeMemory> = std::mem::take(&mut self.scopes)
            .into_iter()
            .filter(|scoped| self.rules.iter().any(|rule| asks_the_same(&before[scoped.rule].header, &rule.header)))
            .map(|scoped| ((scoped_key(before, &scoped), scoped.name), scoped.memory))
            .collect();
        self.wakes.clear();
        for stream in &mut self.streams {
            stream.dependents.clear();
            stream.neighbours.clear();
            stream.look_back = Duration::ZERO;
            if let Some(known) = &stream.known {
                stream.look_back = known.quality.look_back();
            }
        }
        self.remember_for_others();
        let places = Places::of(&catalog);
        for (at, rule) in self.rules.iter().enumerate() {
            places.scopes_of(at, rule, &mut self.scopes);
        }
        self.scopes.shrink_to_fit();
        self.tune(&catalog);
        self.longest_age = Duration::ZERO;
        for (at, scoped) in (0_u32..).zip(&mut self.scopes) {
            let rule = &self.rules[scoped.rule];
            for ((spec, feed), look_back) in rule.header.inputs.iter().zip(&scoped.feeds).zip(&rule.look_back) {
                for id in feed {
                    let stream = &mut self.streams[*id as usize];
                    stream.look_back = stream.look_back.max(*look_back);
                    let cadence = stream.known.as_ref().map(|known| known.facts.cadence).unwrap_or_default();
                    self.longest_age = self.longest_age.max(max_age(spec, cadence));
                    // Scopes come in order, so one that is there already is the last.
                    match spec.feeders {
                        Feeders::Here if stream.dependents.last() != Some(&at) => stream.dependents.push(at),
                        Feeders::Here => {}
                        _ if stream.neighbours.last() != Some(&at) => stream.neighbours.push(at),
                        _ => {}
                    }
                }
            }
            match old.remove(&(rule.header.id.clone(), scoped.name.clone())) {
                Some(memory) => scoped.memory = memory,
                None => {
                    let is_it = |alert: &&Alert| alert.rule == rule.header.id && alert.place == *scoped.name;
                    if let Some(alert) = self.book.alerts().find(is_it) {
                        scoped.memory.hold.level = alert.level;
                        scoped.memory.corroborated = alert.corroborated;
                    }
                }
            }
        }
        // What may have changed is looked at when time next passes.
        for at in 0..self.scopes.len() {
            if self.scopes[at].memory != ScopeMemory::default() {
                self.wake(at, now);
            }
        }
    }

    /// Alerts that stand do not fall because somebody edited the rule, or the limits of the place, behind them.
    pub(super) fn pin_edited(
        &mut self,
        catalog: Option<&Catalog>,
        rules: &[Arc<Rule>],
        tuned: &Tuned,
        now: Time,
        effects: &mut Vec<Effect>,
    ) {
        let scoped: BTreeSet<(&str, &str)> =
            self.scopes.iter().map(|scoped| (self.rules[scoped.rule].header.id.as_str(), &*scoped.name)).collect();
        let source = |rules: &[Arc<Rule>], id: &str| {
            rules.iter().find(|rule| rule.header.id == id).map(|rule| rule.source.clone())
        };
        let limits = |catalog: Option<&Catalog>, place: &str| {
            let catalog = catalog?;
            let streams = catalog.datastreams_of(catalog.station_named(place)?);
            Some(streams.iter().map(|stream| (stream.name, stream.levels.clone())).collect::<Vec<_>>())
        };
        let edited: BTreeMap<(String, String), bool> = self
            .book
            .alerts()
            .filter_map(|alert| {
                let (rule, place) = (alert.rule.as_str(), alert.place.as_str());
                let orphan = !scoped.contains(&(rule, place));
                let rule_edited = match (source(rules, rule), source(&self.rules, rule)) {
                    (Some(before), Some(after)) => before.text != after.text,
                    (before, after) => before.is_some() || after.is_some(),
                };
                let place_edited = limits(catalog, place) != limits(self.catalog.as_deref(), place);
                let is_tuned = tuned
                    .get(&(rule.to_owned(), place.to_owned()))
                    .is_some_and(|before| self.scoped(rule, place).is_none_or(|scoped| scoped.arguments != *before));
                let is_edited = rule_edited || place_edited || is_tuned;
                is_edited.then(|| ((alert.rule.clone(), alert.place.clone()), orphan))
            })
            .collect();
        let pinned = |alert: &Alert| edited.get(&(alert.rule.clone(), alert.place.clone())).copied();
        self.book_do(effects, |book, out| book.pin(pinned, now, out));
    }

    /// The parameters behind every alert that stands.
    pub(super) fn tuned(&self) -> Tuned {
        let arguments = |alert: &Alert| {
            let scoped = self.scoped(&alert.rule, &alert.place)?;
            Some(((alert.rule.clone(), alert.place.clone()), scoped.arguments.clone()))
        };
        self.book.alerts().filter_map(arguments).collect()
    }

    /// What every rule remembers at every place, by rule and place.
    pub(super) fn scope_memories(&self) -> BTreeMap<(String, String), ScopeMemory> {
        let memory =
            |scoped: &Scoped| ((scoped_key(&self.rules, scoped), scoped.name.to_string()), scoped.memory.clone());
        self.scopes.iter().filter(|scoped| scoped.memory != ScopeMemory::default()).map(memory).collect()
    }
}

/// Whether a rule still is what it was, as far as its memory goes.
fn asks_the_same(before: &Header, after: &Header) -> bool {
    before.id == after.id
        && before.scope == after.scope
        && before.inputs == after.inputs
        && before.labels == after.labels
}

fn scoped_key(rules: &[Arc<Rule>], scoped: &Scoped) -> String {
    rules.get(scoped.rule).map(|rule| rule.header.id.clone()).unwrap_or_default()
}

fn parse_catalog(text: &CatalogText) -> Result<Catalog, Vec<Mistake>> {
    let source = Source::new(text.name.clone(), text.stations.clone());
    Catalog::parse(&source, |_| match &text.geometry {
        Some((name, geometry)) => Ok(Source::new(name.clone(), geometry.clone())),
        None => Err("it was not read".into()),
    })
}

/// The places of a city, looked up once for all rules that are laid over it.
struct Places<'a> {
    catalog: &'a Catalog,
    all: Vec<StationIndex>,
    /// Names of stations and of areas, by place.
    stations: Vec<Arc<str>>,
    areas: Vec<Arc<str>>,
    /// The stations that stand in each area itself, and those in it or in an area that lies in it.
    own: Vec<Vec<StationIndex>>,
    inside: Vec<Vec<StationIndex>>,
}

impl<'a> Places<'a> {
    fn of(catalog: &'a Catalog) -> Places<'a> {
        let mut own = vec![Vec::new(); catalog.areas.len()];
        let mut inside = vec![Vec::new(); catalog.areas.len()];
        for (index, station) in (0..).map(StationIndex).zip(&catalog.stations) {
            own[station.area.0 as usize].push(index);
            for area in catalog.lineage(station.area) {
                inside[area.0 as usize].push(index);
            }
        }
        Places {
            catalog,
            all: (0..).map(StationIndex).zip(&catalog.stations).map(|(index, _)| index).collect(),
            stations: catalog.stations.iter().map(|station| station.id.as_str().into()).collect(),
            areas: catalog.areas.iter().map(|area| area.code.as_str().into()).collect(),
            own,
            inside,
        }
    }

    /// Adds the places at which a rule can be evaluated: where every input it cannot do without has a datastream. An
    /// area counts if such a station stands in it itself; its inner areas then feed it too.
    fn scopes_of(&self, rule_index: usize, rule: &Rule, scopes: &mut Vec<Scoped>) {
        let header = &rule.header;
        let around = Around::of(header, self.catalog);
        let untuned = Arc::new(Arguments::defaults(header));
        let mut offer = |place: Place, name: &Arc<str>, stations: &[StationIndex]| {
            if let Some(feeds) = around.feeds(place, stations) {
                let (name, feeds) = (name.clone(), feeds.into());
                let (arguments, memory) = (untuned.clone(), ScopeMemory::default());
                scopes.push(Scoped { rule: rule_index, place, name, feeds, arguments, wake: None, memory });
            }
        };
        match header.scope {
            Scope::Station => {
                for (station, name) in self.all.iter().zip(&self.stations) {
                    offer(Place::Station(*station), name, &[*station]);
                }
            }
            Scope::Area => {
                let required = header.inputs.iter().filter(|spec| !spec.optional);
                // A rule that can do without each of its inputs still needs one of them.
                let any_of = || header.inputs.iter().filter(|_| header.inputs.iter().all(|spec| spec.optional));
                let required: Vec<&InputSpec> = required.chain(any_of()).collect();
                let has_one =
                    |station: &StationIndex| required.iter().any(|spec| observes(self.catalog, spec, *station));
                for (area, name) in self.areas.iter().enumerate() {
                    if self.own[area].iter().any(has_one) {
                        let place = Place::Area(AreaIndex(u32::try_from(area).unwrap_or(u32::MAX)));
                        offer(place, name, &self.inside[area]);
                    }
                }
            }
            Scope::City => offer(Place::City, &CITY.into(), &self.all),
        }
    }
}

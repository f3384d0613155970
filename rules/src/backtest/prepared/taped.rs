//! What a rule compared over the past, written down once: a sweep and a slider answer by it. What is decided of one
//! evaluation lies in [`super::track`].

use super::track::Track;
use super::{Scopes, Setting, Value, alone};
use crate::Engine;
use crate::backtest::{Moment, Played, hand_over};
use crate::engine::{Look, Tape};
use crate::language::{Host, Rule};
use bongsu_sensors::{Level, Time};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// Most numbers that are kept of one past, some nine bytes each: thirty days of minutes for ten stations and a dozen
/// checks are five million.
pub const NUMBERS_LIMIT: usize = 40_000_000;

/// What every evaluation of a rule compared.
pub struct Taped {
    rule: Arc<Rule>,
    /// By place.
    tracks: Vec<Track>,
    /// The level that the rule reaches by what its checks answer, as far as it was ever asked for.
    levels: Levels,
    /// The level that is asked for, and the end of the past.
    wanted: (Level, Time),
}

impl std::fmt::Debug for Taped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taped").field("rule", &self.rule.header.id).finish_non_exhaustive()
    }
}

impl Taped {
    /// Plays moments once, in an area and what lies in it, or everywhere, and writes down what is compared, up to so many
    /// numbers. `None`: that is not enough to answer by. `heard` is told of every moment; where it says so, this ends
    /// before its time.
    pub fn of(
        setting: &Setting,
        moments: &[Moment],
        area: Option<&str>,
        numbers: usize,
        heard: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Option<Taped> {
        let (first, last) = (moments.first()?, moments.last()?);
        let (rule, setting, mut engine, scopes) = alone(setting, area, first.now).ok()?;
        let checks = rule.fixed_limits().filter(|_| !rule.asks_calendar)?;
        let tracks = tape(&mut engine, moments, &scopes, (checks, &rule.header.hold.corroborate, numbers), heard)?;
        Some(Taped { levels: Levels::new(rule.clone()), rule, tracks, wanted: (setting.level, last.now) })
    }

    /// Whether these parameters can be answered by it.
    pub fn is_quick(&self, set: &[(String, Value)]) -> bool {
        is_quick(&self.rule, set)
    }

    /// What [`super::super::watch`] answers of the same moments with these parameters; `None`: the rule fails with them.
    /// Where `go_on` says so, it ends before its time.
    pub fn watch(&self, set: &[(String, Value)], mut go_on: impl FnMut() -> ControlFlow<()>) -> Option<Played> {
        let mut whole = Played::default();
        for track in &self.tracks {
            whole.add(track.run(&self.levels, set, self.wanted, &mut go_on)?);
        }
        whole.sort();
        Some(whole)
    }
}

/// Whether parameters stand in limits only, so that for other values of them nothing is played again.
pub fn is_quick(rule: &Rule, set: &[(String, Value)]) -> bool {
    set.iter().all(|(name, _)| rule.only_in_limits(name))
}

fn tape(
    engine: &mut Engine,
    moments: &[Moment],
    scopes: &Scopes,
    (checks, supporting, most): (usize, &[String], usize),
    mut heard: impl FnMut(usize) -> ControlFlow<()>,
) -> Option<Vec<Track>> {
    let mut tracks: BTreeMap<usize, Track> = BTreeMap::new();
    for (scope, name) in scopes {
        tracks.insert(*scope, Track::new(name.clone(), engine.fed(*scope), checks, supporting.to_vec()));
    }
    let book = Arc::new(Mutex::new((tracks, 0_usize, true)));
    let writer = book.clone();
    engine.show_to(Tape::new(move |look: &Look| {
        let mut book = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (tracks, numbers, good) = &mut *book;
        let Some(track) = tracks.get_mut(&look.scope).filter(|_| *good) else { return };
        match track.push(look) {
            Some(more) => *numbers += more,
            None => *good = false,
        }
        *good &= *numbers <= most;
    }));
    let is_good = || book.lock().unwrap_or_else(PoisonError::into_inner).2;
    // What cannot be answered by is not written to its end.
    let heard =
        |at| if heard(at).is_continue() && is_good() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    hand_over(engine, moments, |_, _, _| {}, heard);
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let (tracks, _, good) = std::mem::take(&mut *book);
    let finished = tracks.into_iter().map(|(scope, track)| {
        let (inputs, arguments) = engine.inputs_of(scope);
        track.finished(inputs, arguments)
    });
    good.then(|| finished.collect())
}

/// The level that a rule reaches by what its checks answer: its body is a sentence about them and nothing else.
pub(super) struct Levels {
    pub rule: Arc<Rule>,
    pub host: Mutex<Host>,
    pub known: Mutex<BTreeMap<u128, Level>>,
}

impl Levels {
    fn new(rule: Arc<Rule>) -> Levels {
        Levels { rule, host: Mutex::new(Host::new()), known: Mutex::default() }
    }
}

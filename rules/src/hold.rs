//! From what a rule answers to how high its alert stands: confirmation on the way up, hysteresis and patience on the
//! way down, and nothing on the way down while something is unknown.

use crate::language::header::HoldSpec;
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// So many samples make a level more than one sensor's one word.
const SUPPORT: usize = 2;

/// What one evaluation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The level that is reached.
    pub reached: Level,
    /// The highest level that may still stand: the same question with eased limits. Never below `reached`.
    pub may_stand: Level,
    /// Something could not be decided: it may raise, never lower.
    pub undecided: bool,
    /// The latest observation behind the answer: where a level is reached, of the stations that reach it, else of all.
    /// An evaluation without a later one than the last confirms nothing.
    pub data_time: Option<Time>,
}

/// How high an alert stands, and what is on the way to change it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The level of the alert.
    pub level: Level,
    /// What the last evaluations with new data reached, newest last.
    recent: SmallVec<[Level; 4]>,
    /// The data time of the last counted evaluation that reached nothing, and of the last that reached a level: two
    /// clocks, because other stations than those behind the level may be ahead of them.
    counted: [Option<Time>; 2],
    /// Since when, without a break, the answer is below each level; by place in [`Level::RAISED`].
    below: [Option<Time>; Level::RAISED.len()],
    /// When it last fell by a step.
    stepped: Option<Time>,
}

impl Hold {
    /// Takes in an answer; the level may change.
    pub fn take(&mut self, answer: Answer, spec: &HoldSpec, now: Time) {
        let (needed, of) = spec.confirm;
        // "Unknown" is no vote against; a level that is reached is a vote for, however much else is unknown.
        if !(answer.undecided && answer.reached == Level::None) {
            self.vote(answer, usize::from(of).max(SUPPORT));
        }
        let confirmed = self.confirmed(needed, of);
        if confirmed > self.level {
            self.level = confirmed;
            self.below = Default::default();
            self.stepped = None;
            return;
        }
        for (level, since) in Level::RAISED.into_iter().zip(&mut self.below) {
            if answer.undecided || answer.may_stand >= level {
                *since = None;
            } else {
                since.get_or_insert(now);
            }
        }
        let stands = |(level, since): (Level, &Option<Time>)| {
            level <= self.level && since.is_none_or(|since| now < since + spec.clear_after)
        };
        let standing = Level::RAISED.into_iter().zip(&self.below).rev().find(|(level, since)| stands((*level, since)));
        let fallen = self.by_steps(standing.map_or(Level::None, |(level, _)| level), spec, now);
        if fallen < self.level {
            self.level = fallen;
            // What was reached before the fall must be reached anew, not remembered, to count again.
            self.recent.iter_mut().for_each(|level| *level = (*level).min(self.level));
        }
    }

    /// Where a rule steps down, it falls one of its levels at a time and stands at each for a while.
    fn by_steps(&mut self, fallen: Level, spec: &HoldSpec, now: Time) -> Level {
        let Some(pause) = spec.step_down.filter(|_| fallen < self.level) else { return fallen };
        if self.stepped.is_some_and(|stepped| now < stepped + pause) {
            return self.level;
        }
        self.stepped = Some(now);
        spec.steps.iter().rev().copied().find(|step| *step < self.level).unwrap_or_default().max(fallen)
    }

    /// An observation votes once. Where several datastreams speak of one moment, one after another, the vote is on all
    /// that is known of it.
    fn vote(&mut self, answer: Answer, kept: usize) {
        let counted = &mut self.counted[usize::from(answer.reached != Level::None)];
        let has_new_data = answer.data_time.is_some() && answer.data_time > *counted;
        match self.recent.last_mut() {
            Some(vote) if !has_new_data => *vote = answer.reached,
            _ => {
                *counted = answer.data_time;
                self.recent.push(answer.reached);
                if self.recent.len() > kept {
                    self.recent.remove(0);
                }
            }
        }
    }

    /// Whether no alert stands and none is on its way.
    pub fn is_calm(&self) -> bool {
        self.level == Level::None && self.recent.iter().all(|reached| *reached == Level::None)
    }

    /// Whether at least two samples support the level: one alone may be a sensor's.
    pub fn is_supported(&self) -> bool {
        self.recent.iter().filter(|reached| **reached >= self.level).count() >= SUPPORT
    }

    /// The highest level that at least `needed` of the last `of` evaluations reached.
    fn confirmed(&self, needed: u8, of: u8) -> Level {
        let last = self.recent.len().saturating_sub(usize::from(of));
        let mut sorted: SmallVec<[Level; 4]> = self.recent[last..].into();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        sorted.get(usize::from(needed.max(1)) - 1).copied().unwrap_or_default()
    }

    /// When time alone may change the level.
    pub fn due(&self, spec: &HoldSpec) -> Option<Time> {
        let levels = Level::RAISED.into_iter().zip(self.below).filter(|(level, _)| *level <= self.level);
        let falls = levels.filter_map(|(_, since)| Some(since? + spec.clear_after)).min()?;
        let next_step = self.stepped.zip(spec.step_down).map(|(stepped, pause)| stepped + pause);
        Some(next_step.map_or(falls, |step| falls.max(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Level::{Advisory, None as Clear, Warning, Watch};
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn spec(confirm: (u8, u8), clear_minutes: u64) -> HoldSpec {
        let clear_after = Duration::from_secs(clear_minutes * 60);
        HoldSpec {
            confirm,
            clear_ratio: None,
            clear_margin: BTreeMap::new(),
            clear_after,
            step_down: None,
            steps: Level::RAISED.to_vec(),
            corroborate: std::sync::Arc::default(),
            coincide: None,
        }
    }

    /// One answer a minute: reached, may stand, undecided; answers the level after each.
    fn levels(spec: &HoldSpec, answers: &[(Level, Level, bool)]) -> Vec<Level> {
        let mut hold = Hold::default();
        let minutes = (1..).map(|minute| Time::from_millis(minute * 60_000));
        let step = |(now, &(reached, may_stand, undecided)): (Time, &(Level, Level, bool))| {
            hold.take(Answer { reached, may_stand, undecided, data_time: Some(now) }, spec, now);
            hold.level
        };
        minutes.zip(answers).map(step).collect()
    }

    const NOTHING: (Level, Level, bool) = (Clear, Clear, false);
    const UNKNOWN: (Level, Level, bool) = (Clear, Clear, true);

    fn at(level: Level) -> (Level, Level, bool) {
        (level, level, false)
    }

    #[test]
    fn a_level_is_raised_when_enough_evaluations_agree() {
        assert_eq!(levels(&spec((1, 1), 5), &[at(Watch)]), [Watch]);
        assert_eq!(levels(&spec((2, 2), 5), &[at(Watch), NOTHING, at(Watch), at(Watch)]), [Clear, Clear, Clear, Watch]);
        assert_eq!(levels(&spec((2, 3), 5), &[at(Watch), NOTHING, at(Watch)]), [Clear, Clear, Watch]);
        assert_eq!(levels(&spec((2, 3), 5), &[at(Watch), UNKNOWN, at(Watch)]), [Clear, Clear, Watch]);
        assert_eq!(levels(&spec((2, 2), 5), &[at(Advisory), at(Warning)]), [Clear, Advisory]);
    }

    #[test]
    fn each_level_falls_after_its_own_patience() {
        let answers = [at(Warning), at(Watch), at(Advisory), at(Advisory), NOTHING, NOTHING, NOTHING];
        assert_eq!(levels(&spec((1, 1), 2), &answers), [Warning, Warning, Warning, Watch, Advisory, Advisory, Clear]);
    }

    #[test]
    fn the_unknown_never_lowers() {
        let answers = [at(Watch), NOTHING, UNKNOWN, NOTHING, NOTHING, NOTHING];
        assert_eq!(levels(&spec((1, 1), 2), &answers), [Watch, Watch, Watch, Watch, Watch, Clear]);
        assert_eq!(levels(&spec((1, 1), 0), &[at(Watch), UNKNOWN, UNKNOWN]), [Watch, Watch, Watch]);
    }

    #[test]
    fn hysteresis_keeps_a_level_standing() {
        let answers = [at(Watch), (Clear, Watch, false), (Clear, Watch, false), NOTHING];
        assert_eq!(levels(&spec((1, 1), 0), &answers), [Watch, Watch, Watch, Clear]);
    }

    #[test]
    fn a_rule_that_steps_down_falls_one_of_its_levels_at_a_time() {
        let steps =
            HoldSpec { step_down: Some(Duration::from_secs(120)), steps: vec![Advisory, Warning], ..spec((1, 1), 1) };
        let answers = [at(Warning), NOTHING, NOTHING, NOTHING, NOTHING, NOTHING];
        assert_eq!(levels(&steps, &answers), [Warning, Warning, Advisory, Advisory, Clear, Clear]);
        // What it falls to is still reached: it stays there.
        let answers = [at(Warning), at(Advisory), at(Advisory), at(Advisory), at(Advisory), NOTHING, NOTHING];
        let expect = [Warning, Warning, Advisory, Advisory, Advisory, Advisory, Clear];
        assert_eq!(levels(&steps, &answers), expect);
        // A new rise begins anew, and time alone is awaited where it decides.
        let answers = [at(Warning), NOTHING, NOTHING, at(Warning), NOTHING, NOTHING];
        assert_eq!(levels(&steps, &answers), [Warning, Warning, Advisory, Warning, Warning, Advisory]);
        let mut hold = Hold::default();
        for (minute, reached) in [(1, Warning), (2, Clear), (3, Clear)] {
            let now = Time::from_millis(minute * 60_000);
            let answer = Answer { reached, may_stand: reached, undecided: false, data_time: Some(now) };
            hold.take(answer, &steps, now);
        }
        assert_eq!((hold.level, hold.due(&steps)), (Advisory, Some(Time::from_millis(5 * 60_000))));
    }

    #[test]
    fn an_evaluation_without_new_data_confirms_nothing() {
        let spec = spec((2, 2), 5);
        let mut hold = Hold::default();
        let data_time = Some(Time::from_millis(1));
        let answer = Answer { reached: Watch, may_stand: Watch, undecided: false, data_time };
        hold.take(answer, &spec, Time::from_millis(1));
        hold.take(answer, &spec, Time::from_millis(60_000));
        assert_eq!(hold.level, Clear);
    }
}

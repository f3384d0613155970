//! Exercises: incidents that a person begins, to practise. They have the status Exercise whatever the store is for, so
//! that no public topic, page or feed can carry them, and no alert ever touches them.

use super::book::Book;
use super::order::{Denial, Done, Person, Verdict};
use super::release::{Wanted, due, settle, state};
use super::{Audience, Cause, Incident, Release, Status, Transition, Word};
use bongsu_sensors::{Level, Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most exercises at once.
pub const LIMIT: usize = 16;

/// An exercise that nobody ends is over after so long.
pub const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// What the name of every exercise begins with.
pub const PREFIX: &str = "exercise-";

/// Whether an incident of this name is an exercise that a person began.
pub fn exercise_id(id: &str) -> bool {
    id.starts_with(PREFIX)
}

/// An exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// Its incident.
    pub incident: Incident,
    /// The level that is practised.
    pub level: Level,
    /// When it ends by itself.
    pub until: Time,
}

impl Drill {
    /// What is asked: a person's word, as a corroborated rule would ask for it.
    fn wanted(&self, release: Release) -> Wanted {
        Wanted { level: self.level, release, corroborated: true, sighted: false, eta: None }
    }
}

impl Book {
    /// The exercises that are on.
    pub fn exercises(&self) -> impl Iterator<Item = &Incident> {
        self.drills.values().map(|drill| &drill.incident)
    }

    /// Begins one. It is proposed as a rule would propose it: approving is what is practised.
    pub(super) fn begin_drill(
        &mut self,
        by: &Person,
        (hazard, area, level): (&str, &str, Level),
        reason: &str,
        now: Time,
        out: &mut Vec<Transition>,
    ) -> Verdict {
        if level == Level::None {
            return Err(Denial::NoLevel);
        }
        if self.drills.len() >= LIMIT {
            return Err(Denial::TooManyExercises);
        }
        let key = (hazard.to_owned(), area.to_owned());
        let id = self.name(&key, PREFIX, now);
        // What is practised where nothing is meant is a trial there as well.
        let status = if self.status == Status::Actual { Status::Exercise } else { self.status };
        let mut incident = Incident::new(id.clone(), &key, status, now);
        incident.audience = Audience::Public;
        incident.level = level;
        let mut drill = Drill { incident, level, until: now + LONGEST };
        let wanted = drill.wanted(self.drill_release(hazard, level, area));
        let (message, _) = settle(&mut drill.incident, wanted, &self.policy.duty, now, Cause::Exercise);
        drill.incident.state = state(&drill.incident);
        let done = Done { incident: Some(id.clone()), state: Some(drill.incident.state), ..Done::default() };
        let word = Some(Word { by: by.user.clone(), text: reason.to_owned() });
        let incident = drill.incident.clone();
        out.push(Transition { incident, from: Level::None, time: now, cause: Cause::Exercise, message, word });
        self.drills.insert(id, drill);
        Ok(done)
    }

    fn drill_release(&self, hazard: &str, level: Level, area: &str) -> Release {
        // One who practises alone would otherwise never be asked.
        self.policy.release(hazard, level, area).clamp(Release::Propose, Release::TwoPerson)
    }

    /// Lets time pass for exercises.
    pub(super) fn tick_drills(&mut self, now: Time, out: &mut Vec<Transition>) {
        let over: Vec<String> = self.drills.iter().filter(|(_, d)| d.until <= now).map(|(id, _)| id.clone()).collect();
        for id in over {
            if let Some(drill) = self.drills.remove(&id) {
                out.push(super::person::close(drill.incident, false, Cause::Exercise, None, now));
            }
        }
        let policy = self.policy.clone();
        for drill in self.drills.values_mut() {
            if due(&drill.incident).is_none_or(|due| due > now) {
                continue;
            }
            let before = drill.incident.clone();
            let (hazard, area) = (&before.hazard, &before.area);
            let release = policy.release(hazard, drill.level, area).clamp(Release::Propose, Release::TwoPerson);
            let wanted = drill.wanted(release);
            let (message, cause) = settle(&mut drill.incident, wanted, &policy.duty, now, Cause::Exercise);
            drill.incident.state = state(&drill.incident);
            if drill.incident != before {
                drill.incident.updated = now;
                let (incident, from) = (drill.incident.clone(), before.level);
                out.push(Transition { incident, from, time: now, cause, message, word: None });
            }
        }
    }

    /// When time alone changes an exercise.
    pub(super) fn drills_due(&self) -> impl Iterator<Item = Time> {
        self.drills.values().flat_map(|drill| [Some(drill.until), due(&drill.incident)]).flatten()
    }
}

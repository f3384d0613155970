//! What a rule says of a time that is over: a station that was cut off sends what it kept, and the rule would have
//! raised an alarm then. It is recorded for whoever looks back, and never released: nobody is warned of yesterday.

use super::Engine;
use super::feed::max_age;
use crate::incident::Evidence;
use crate::record::{Effect, Historic};
use bongsu_sensors::{Level, Time};

impl Engine {
    /// A reading came that is older than the rules that look at it still believe: each says what it would have said then.
    pub(super) fn tell_of_the_past(&mut self, stream: usize, then: Time, now: Time, effects: &mut Vec<Effect>) {
        let state = &self.streams[stream];
        let cadence = state.known.as_ref().map(|known| known.facts.cadence).unwrap_or_default();
        if then + cadence >= now {
            return;
        }
        let is_over = |at: &u32| {
            let scoped = &self.scopes[*at as usize];
            let inputs = self.rules[scoped.rule].header.inputs.iter().zip(&scoped.feeds);
            let ages = inputs.filter(|(_, feed)| feed.iter().any(|id| *id as usize == stream));
            ages.map(|(spec, _)| max_age(spec, cadence)).max().is_some_and(|oldest| then + oldest < now)
        };
        for at in state.dependents.iter().copied().filter(is_over).collect::<Vec<u32>>() {
            self.look_back_at(at as usize, then, effects);
        }
    }

    /// Looks at a scope as it stood at `then`, where the reading that tells of it came too late to count.
    pub(super) fn look_back_at(&mut self, at: usize, then: Time, effects: &mut Vec<Effect>) {
        let scoped = &self.scopes[at];
        let rule = self.rules[scoped.rule].clone();
        let before = scoped.memory.aside().historic;
        // Once in the rule's own time, as it would have been then; what came before that is older still.
        if before.is_some_and(|(last, _)| then.since(last) < rule.header.every) {
            return;
        }
        let (inputs, _) = self.inputs(scoped, &rule, then);
        let arguments = self.arguments(scoped, &rule, then);
        // A failure is told where it matters: at the evaluation that counts.
        let Ok(outcome) = self.host.evaluate(&rule, &inputs, &arguments) else { return };
        drop(inputs);
        let level = outcome.level;
        if level != before.map_or(Level::None, |(_, level)| level) {
            let catalog = self.catalog.clone();
            let evidence: Vec<Evidence> = catalog
                .iter()
                .flat_map(|catalog| outcome.checks.iter().map(|check| super::evaluate::evidence(check, &rule, catalog)))
                .collect();
            let (rule, place) = (rule.header.id.clone(), self.scopes[at].name.to_string());
            effects.push(Effect::Historic(Box::new(Historic { rule, place, time: then, level, evidence })));
        }
        self.scopes[at].memory.aside_mut().historic = Some((then, level));
    }
}

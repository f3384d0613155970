//! `[hold]`: when an alert stands, when it falls, and what counts as support for it.

use super::input::InputSpec;
use bongsu_sensors::Level;
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::document::{FromNode, Located, Node, Reader, Value, nearest};
use bongsu_sensors::mistake::Mistakes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Several stations must find the same within a time and a distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coincide {
    /// So many stations, the first included.
    pub stations: u16,
    /// Within so long of each other, by the times of their observations.
    pub within: Duration,
    /// Within so many kilometres; `None`: anywhere in the city.
    pub km: Option<f64>,
}

/// When an alert stands, and when it falls.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldSpec {
    /// So many of so many evaluations must agree.
    pub confirm: (u8, u8),
    /// To fall, a value must be under this part of its limit.
    pub clear_ratio: Option<f64>,
    /// To fall, a value must be this far on the safe side of its limit: by place of the input.
    pub clear_margin: BTreeMap<u8, f64>,
    /// For how long it must be so, without a gap in knowledge.
    pub clear_after: Duration,
    /// It falls one of its levels at a time, and stands at each for at least so long; `None`: at once to what still
    /// stands.
    pub step_down: Option<Duration>,
    /// The levels the rule can raise, lowest first: the steps it falls by.
    pub steps: Vec<Level>,
    /// Labels of checks that only support what the others find. What is unknown in them leaves nothing undecided; but
    /// where one can be asked, an alert counts as corroborated only if what holds stands on two stations. Empty: two
    /// samples, or two stations behind one check, are enough.
    pub corroborate: Arc<[String]>,
    /// An alert counts as corroborated only if so many stations agree.
    pub coincide: Option<Coincide>,
}

/// Reads `[hold]`.
pub(super) fn hold(
    reader: &Reader<'_>,
    inputs: &[InputSpec],
    names: &[String],
    labels: &BTreeMap<String, Translations>,
) -> HoldSpec {
    let mut hold = HoldSpec {
        confirm: (1, 1),
        clear_ratio: None,
        clear_margin: BTreeMap::new(),
        clear_after: Duration::ZERO,
        step_down: None,
        steps: Level::RAISED.to_vec(),
        corroborate: Arc::default(),
        coincide: None,
    };
    let Some(table) = reader.inner("hold") else { return hold };
    let mistakes = reader.mistakes();
    if let Some(node) = table.node("confirm") {
        match confirm(node) {
            Some(confirm) => hold.confirm = confirm,
            None => {
                mistakes.add(&node.origin, "no confirmation", "write confirm = 2 (in a row), or \"2 of 3\" (up to 16)")
            }
        }
    }
    if let Some(ratio) = table.located::<f64>("clear_ratio") {
        if ratio.value > 0.0 && ratio.value <= 1.0 {
            hold.clear_ratio = Some(ratio.value);
        } else {
            mistakes.add(&ratio.origin, "`clear_ratio` is no part of a limit", "write a number above 0 and up to 1");
        }
    }
    if let Some(margins) = table.inner("clear_margin") {
        for (name, origin, node) in margins.entries() {
            let place = inputs.iter().position(|input| input.name == name).and_then(|at| u8::try_from(at).ok());
            match (place, f64::from_node(node)) {
                (Some(place), Ok(margin)) if margin >= 0.0 => {
                    hold.clear_margin.insert(place, margin);
                }
                (None, _) if names.iter().any(|known| known == name) => {}
                (None, _) => mistakes.add(origin, format!("no input `{name}`"), "name an input of this rule"),
                _ => mistakes.add(&node.origin, "no margin", "write a number from 0, in the input's unit"),
            }
        }
    }
    hold.clear_after = table.optional::<Duration>("clear_after").unwrap_or_default();
    hold.step_down = table.optional::<Duration>("step_down").filter(|step| !step.is_zero());
    match table.node("corroborate").map(|node| &node.value) {
        Some(Value::Table(_)) => hold.coincide = table.inner("corroborate").and_then(coincide),
        Some(_) => {
            if let Some(named) = table.located::<Vec<String>>("corroborate") {
                hold.corroborate = supporting(named, labels, mistakes);
            }
        }
        None => {}
    }
    table.finish();
    hold
}

fn confirm(node: &Node) -> Option<(u8, u8)> {
    let (needed, of) = match &node.value {
        Value::Integer(n) => (u8::try_from(*n).ok()?, u8::try_from(*n).ok()?),
        Value::Text(text) => {
            let (needed, of) = text.split_once(" of ")?;
            (needed.trim().parse().ok()?, of.trim().parse().ok()?)
        }
        _ => return None,
    };
    (1 <= needed && needed <= of && of <= 16).then_some((needed, of))
}

/// Labels of checks that support.
fn supporting(
    named: Located<Vec<String>>,
    labels: &BTreeMap<String, Translations>,
    mistakes: &Mistakes,
) -> Arc<[String]> {
    for unknown in named.value.iter().filter(|label| !labels.contains_key(*label)) {
        let remedy = match nearest(unknown, labels.keys().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "name keys of [labels]".to_owned(),
        };
        mistakes.add(&named.origin, format!("{unknown:?} is no label"), remedy);
    }
    named.value.into()
}

/// `{ stations = 3, within = "10m", km = 5 }`.
fn coincide(table: Reader<'_>) -> Option<Coincide> {
    let stations = table.required_at::<u16>("stations");
    let within = table.required::<Duration>("within");
    let km = table.located::<f64>("km");
    if let Some(few) = stations.as_ref().filter(|stations| !(2..=100).contains(&stations.value)) {
        table.mistakes().add(&few.origin, format!("{} stations cannot agree", few.value), "write 2 to 100");
    }
    if let Some(wrong) = km.as_ref().filter(|km| !(km.value > 0.0 && km.value <= 500.0)) {
        table.mistakes().add(&wrong.origin, "`km` is no distance", "write kilometres, above 0 and up to 500");
    }
    let read = stations.zip(within).map(|(stations, within)| Coincide {
        stations: stations.value,
        within,
        km: km.map(|km| km.value),
    });
    table.finish();
    read
}

//! The calendar of the city, as a rule may ask for it: in the time zone of the catalog, at the moment of the evaluation.
//!
//! A rule that asks for it is looked at again at each full hour, because time alone changes the answer.

use super::host::Ledger;
use super::truth::to_script;
use super::value::{Measure, Part, Truth, Value};
use crate::stats::wrong;
use jiff::civil::DateTime;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Every word of the calendar.
pub const WORDS: [&str; 7] = ["hour", "weekday", "month", "hours", "weekdays", "months", "season"];

/// The seasons as the weather agency counts them in the city's hemisphere: whole months.
const SEASONS: [(&str, [i8; 3]); 4] =
    [("spring", [3, 4, 5]), ("summer", [6, 7, 8]), ("autumn", [9, 10, 11]), ("winter", [12, 1, 2])];

/// How long until the next full hour of a clock.
pub fn until_next_hour(moment: DateTime) -> Duration {
    let past = u64::try_from(i64::from(moment.minute()) * 60 + i64::from(moment.second())).unwrap_or(0);
    Duration::from_secs(3600 - past.min(3599))
}

/// Makes the calendar callable.
pub(super) fn register(engine: &mut Engine, ledger: &Arc<Mutex<Ledger>>) {
    type Reading = fn(DateTime) -> f64;
    let readings: [(&str, Reading); 3] = [("hour", hour), ("weekday", weekday), ("month", month)];
    for (word, reading) in readings {
        let book = ledger.clone();
        engine.register_fn(word, move || {
            let number = super::host::lock(&book).moment.map(reading);
            Value::of([Part { station: None, measure: Measure::of(number) }])
        });
    }
    let spans: [(&str, Reading, f64, f64); 3] =
        [("hours", hour, 0.0, 24.0), ("weekdays", weekday, 1.0, 7.0), ("months", month, 1.0, 12.0)];
    for (word, reading, low, high) in spans {
        let book = ledger.clone();
        engine.register_fn(word, move |from: f64, to: f64| {
            let is_one = |edge: &f64| (low..=high).contains(edge);
            if !(is_one(&from) && is_one(&to)) {
                return Err(wrong(format!("{word}({from}, {to}): write numbers from {low} to {high}")));
            }
            // Hours are stretches of time, days and months are counted with both ends.
            let until = if word == "hours" { to } else { to + 1.0 };
            let now = super::host::lock(&book).moment.map(reading);
            let within = |now: f64| if from < until { from <= now && now < until } else { now >= from || now < until };
            Ok::<Dynamic, Box<EvalAltResult>>(to_script(now.map_or(Truth::Unknown, |now| Truth::known(within(now)))))
        });
    }
    let book = ledger.clone();
    engine.register_fn("season", move |name: ImmutableString| {
        let months = SEASONS.iter().find(|(season, _)| *season == name.as_str());
        let (_, months) = months.ok_or_else(|| {
            wrong(format!("season({name:?}): write \"spring\", \"summer\", \"autumn\" or \"winter\""))
        })?;
        let now = super::host::lock(&book).moment;
        let truth = now.map_or(Truth::Unknown, |now| Truth::known(months.contains(&now.month())));
        Ok::<Dynamic, Box<EvalAltResult>>(to_script(truth))
    });
}

/// Hour of the day with its part: 13.5 is half past one in the afternoon.
fn hour(moment: DateTime) -> f64 {
    f64::from(moment.hour()) + f64::from(moment.minute()) / 60.0
}

/// Day of the week: 1 Monday, 7 Sunday.
fn weekday(moment: DateTime) -> f64 {
    f64::from(moment.date().weekday().to_monday_one_offset())
}

/// Month of the year: 1 January.
fn month(moment: DateTime) -> f64 {
    f64::from(moment.month())
}

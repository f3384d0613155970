//! How well a sensor itself is: whether it still speaks, in time, whole, and believably.

use crate::flag::Flag;
use crate::language::input::{Input, Stream};
use crate::language::value::{Measure, Value};
use crate::stats::{Answer, over};
use rhai::ImmutableString;
use rhai::plugin::export_module;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;

/// A missed reading counts for at least so long: six seconds without a word from a seismometer are no news.
const PATIENCE: Duration = Duration::from_secs(300);

/// Minutes that one missed reading of a datastream stands for.
fn missed_minutes(stream: &Stream) -> f64 {
    stream.facts.cadence.max(PATIENCE).as_secs_f64() / 60.0
}

/// Readings that a window should have held, by the datastream's cadence.
#[expect(clippy::cast_precision_loss, reason = "a count of readings")]
fn promised(stream: &Stream, length: Duration) -> f64 {
    (length.as_millis() / stream.facts.cadence.as_millis().max(1)) as f64
}

/// The methods a rule sees.
#[export_module]
#[expect(clippy::unwrap_used, reason = "the export macro unwraps what the script engine has checked")]
pub mod methods {
    /// Minutes since the newest usable observation was true. Known also where the station has fallen silent; time alone
    /// makes it grow.
    ///
    /// # Units
    /// Minutes.
    ///
    /// # Source
    /// A difference of times.
    ///
    /// # Check
    /// Observed at 12:00, now 13:00: 60.
    #[rhai_fn(pure)]
    pub fn age(input: &mut Input) -> Value {
        let now = input.now;
        input.each_by_clock(|stream| {
            let age = stream.newest().map(|sample| now.since(sample.time).as_secs_f64() / 60.0);
            (Measure::of(age), 1.0)
        })
    }

    /// For how many of its own cadences nothing at all has come, counted by the time of receipt; a cadence counts for
    /// at least five minutes. Known where the datastream was ever heard; time alone makes it grow.
    ///
    /// # Units
    /// Cadences.
    ///
    /// # Source
    /// A difference of times.
    ///
    /// # Check
    /// A word every ten minutes, none for 58: 5.8.
    #[rhai_fn(pure)]
    pub fn silence(input: &mut Input) -> Value {
        let now = input.now;
        input.each_by_clock(|stream| {
            let unit = missed_minutes(stream);
            let quiet = stream.heard.map(|heard| now.since(heard).as_secs_f64() / 60.0 / unit);
            (Measure::of(quiet), 1.0 / unit)
        })
    }

    /// Like `silence`, of whole stations: for how many cadences nothing at all has come from a station, whatever it
    /// observes. With `.across("median")` it tells of half of an area's stations.
    ///
    /// # Units
    /// Cadences; of a station's datastreams, the one that was heard last counts.
    ///
    /// # Source
    /// A difference of times.
    ///
    /// # Check
    /// Two sensors of a station, one silent for 6 cadences, one for 2: 2.
    #[rhai_fn(pure)]
    pub fn station_silence(input: &mut Input) -> Value {
        let each = silence(input);
        let mut whole = Value { parts: SmallVec::new(), growth: SmallVec::new(), ..each.clone() };
        for (part, growth) in each.parts.iter().zip(&each.growth) {
            let known = whole.parts.iter_mut().zip(&mut whole.growth).find(|(known, _)| known.station == part.station);
            match (known, part.measure.number()) {
                (None, _) => {
                    whole.parts.push(*part);
                    whole.growth.push(*growth);
                }
                (Some((known, grows)), Some(quiet)) if known.measure.number().is_none_or(|other| quiet < other) => {
                    (*known, *grows) = (*part, *growth);
                }
                (Some(_), _) => {}
            }
        }
        whole
    }

    /// Minutes by which the newest observation was late when it was received; known also of a silent station. A device whose clock is slow is always
    /// late; one whose link was down is late once.
    ///
    /// # Units
    /// Minutes.
    ///
    /// # Source
    /// A difference of times.
    ///
    /// # Check
    /// Observed at 12:00, received at 12:02: 2.
    #[rhai_fn(pure)]
    pub fn lag(input: &mut Input) -> Value {
        // A clock that is half an hour slow looks silent to a rule that waits for twenty minutes.
        at_last_word(input).each(|stream| {
            let newest = stream.newest().zip(stream.heard);
            Measure::of(newest.map(|(sample, heard)| heard.since(sample.time).as_secs_f64() / 60.0))
        })
    }

    /// The part of the readings that the cadence promises for the window and that did not come, 0 to 1. Unknown where
    /// the window promises fewer than four, or reaches back before the first observation.
    ///
    /// # Units
    /// A share, 0 to 1.
    ///
    /// # Source
    /// A count over what the cadence promises.
    ///
    /// # Check
    /// 9 of 12 came: 0.25.
    #[rhai_fn(pure, return_raw)]
    pub fn lost(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let promised = promised(stream, window.length());
            if promised < 4.0 || !window.reaches_back() {
                return Measure::Unknown;
            }
            #[expect(clippy::cast_precision_loss, reason = "a count of readings")]
            let came = window.flags().count() as f64;
            Measure::Exactly((1.0 - came / promised).max(0.0))
        })
    }

    /// The part of the window's observations that quality control did not believe (suspect or failed), 0 to 1. Unknown
    /// without an observation.
    ///
    /// # Units
    /// A share, 0 to 1.
    ///
    /// # Source
    /// A count of QARTOD flags.
    ///
    /// # Check
    /// One suspect of six: 0.1667.
    #[rhai_fn(pure, return_raw)]
    pub fn doubts(input: &mut Input, window: ImmutableString) -> Answer {
        #[expect(clippy::cast_precision_loss, reason = "a count of readings")]
        over(input, &window, |_, window| {
            let all = window.flags().count();
            let doubted = window.flags().filter(|flag| !flag.usable()).count();
            if all == 0 { Measure::Unknown } else { Measure::Exactly(doubted as f64 / all as f64) }
        })
    }

    /// How often the value changed within the window. A sensor that used to flicker and now never does is stuck.
    /// Unknown with fewer than half of the observations the cadence promises.
    ///
    /// # Units
    /// A count.
    ///
    /// # Source
    /// A count.
    ///
    /// # Check
    /// 1, 1, 2, 1: 2.
    #[rhai_fn(pure, return_raw)]
    pub fn changes(input: &mut Input, window: ImmutableString) -> Answer {
        over(input, &window, |stream, window| {
            let Some(values) = crate::stats::representative(stream, &window, 4) else { return Measure::Unknown };
            #[expect(clippy::cast_precision_loss, reason = "a count of readings")]
            let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
            Measure::Exactly(changes)
        })
    }

    /// How far the newest reading, where quality control finds it suspect, lies from the last one before it that it
    /// believed, in the input's unit; 0 where the newest is believed, or is one that no sensor of the kind can mean.
    ///
    /// # Units
    /// Unit of the input.
    ///
    /// # Source
    /// A difference.
    ///
    /// # Check
    /// 1.0, 1.1, then 3.1, which is suspect: 2.0.
    #[rhai_fn(pure)]
    pub fn jump(input: &mut Input) -> Value {
        input.each_in_unit(|stream| {
            let newest = stream.series.around(stream.until).0;
            let jump = newest.zip(stream.newest()).map(|(newest, believed)| match newest.flag {
                Flag::Suspect => (newest.value - believed.value).abs(),
                _ => 0.0,
            });
            Measure::of(jump)
        })
    }

    /// The input as each of its stations stood when it was last heard of: statistics of it are known also where the
    /// station has fallen silent since, and end at its own last observation.
    ///
    /// # Units
    /// The input itself.
    ///
    /// # Source
    /// None.
    ///
    /// # Check
    /// Silent since noon: `at_last_word().max("1h")` is the maximum from eleven to noon.
    #[rhai_fn(pure)]
    pub fn at_last_word(input: &mut Input) -> Input {
        let mut before = input.clone();
        for stream in Arc::make_mut(&mut before.streams) {
            stream.silent = false;
            if let Some(newest) = stream.series.newest_usable(stream.until) {
                stream.until = newest.time;
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::methods::{age, at_last_word, changes, doubts, jump, lag, lost, silence, station_silence};
    use super::*;
    use crate::stats::tests::{cadence, input_of, level_input, level_inputs};
    use bongsu_sensors::Time;
    use bongsu_sensors::catalog::StationIndex;

    fn number(value: &Value) -> Option<f64> {
        value.decide(true).measure.number()
    }

    fn at(answer: Answer) -> Option<f64> {
        number(&answer.expect("a number"))
    }

    /// Ten readings ten minutes apart, the last at minute 90; now is minute 150.
    fn quiet_since() -> Input {
        let mut input = level_input(&[1.0, 1.0, 1.0, 1.1, 1.1, 1.2, 1.2, 1.2, 1.3, 1.3]);
        input.now = Time::from_millis(0) + cadence() * 15;
        for stream in Arc::make_mut(&mut input.streams) {
            stream.silent = true;
            stream.heard = Some(stream.until + Duration::from_secs(120));
        }
        input
    }

    #[test]
    fn silence_is_known_while_a_station_is_silent() {
        let mut input = quiet_since();
        assert_eq!(number(&age(&mut input)), Some(60.0));
        assert_eq!(age(&mut input).growth[..], [1.0]);
        assert_eq!(number(&silence(&mut input)), Some(5.8));
        assert_eq!(silence(&mut input).minutes_to(&Value::constant(6.0)).map(f64::round), Some(2.0));
        assert_eq!(number(&input.each(|_| Measure::Exactly(1.0))), None, "anything else is unknown");
        let mut before = at_last_word(&mut input);
        assert_eq!(at(changes(&mut before, "1h".into())), Some(2.0));
        assert_eq!(number(&lag(&mut input)), Some(2.0));
        let mut never = input_of(&[], bongsu_sensors::Nature::Level);
        for stream in Arc::make_mut(&mut never.streams) {
            stream.heard = None;
        }
        assert_eq!((number(&age(&mut never)), number(&silence(&mut never))), (None, None));
    }

    #[test]
    fn a_station_is_silent_when_all_of_it_is() {
        let mut input = level_inputs(&[&[1.0], &[1.0], &[1.0], &[1.0]]);
        input.now = Time::from_millis(0) + cadence() * 6;
        for ((station, heard), stream) in
            [(0, Some(0)), (0, Some(4)), (1, Some(3)), (1, None)].into_iter().zip(Arc::make_mut(&mut input.streams))
        {
            let mut facts = (*stream.facts).clone();
            facts.station = StationIndex(station);
            stream.facts = Arc::new(facts);
            stream.heard = heard.map(|cadences| Time::from_millis(0) + cadence() * cadences);
        }
        let quiet = station_silence(&mut input);
        let parts: Vec<Option<f64>> = quiet.parts.iter().map(|part| part.measure.number()).collect();
        assert_eq!(parts, [Some(2.0), Some(3.0)]);
        assert_eq!(quiet.minutes_to(&Value::constant(3.5)), Some(5.0));
    }

    #[test]
    fn a_leap_is_how_far_a_doubted_value_lies_off() {
        let mut input = level_input(&[1.0, 1.1, 3.1]);
        assert_eq!(number(&jump(&mut input)), Some(0.0));
        for stream in Arc::make_mut(&mut input.streams) {
            let until = stream.until;
            Arc::make_mut(&mut stream.series).reflag(until, Flag::Suspect);
        }
        assert_eq!(number(&jump(&mut input)), Some(2.0));
        for stream in Arc::make_mut(&mut input.streams) {
            let until = stream.until;
            Arc::make_mut(&mut stream.series).reflag(until, Flag::Fail);
        }
        assert_eq!(number(&jump(&mut input)), Some(0.0));
    }

    #[test]
    fn lost_and_doubted_readings_are_counted() {
        let mut whole = level_input(&[1.0; 13]);
        assert_eq!(at(lost(&mut whole, "2h".into())), Some(0.0));
        assert_eq!(at(lost(&mut whole, "9h".into())), None, "history is shorter than the window");
        assert_eq!(at(lost(&mut whole, "30m".into())), None, "three readings tell nothing");
        assert_eq!(at(doubts(&mut whole, "1h".into())), Some(0.0));
        for stream in Arc::make_mut(&mut whole.streams) {
            let until = stream.until;
            Arc::make_mut(&mut stream.series).reflag(until - cadence(), Flag::Suspect);
        }
        assert!(at(doubts(&mut whole, "1h".into())).is_some_and(|share| (share - 1.0 / 6.0).abs() < 1e-12));
    }
}

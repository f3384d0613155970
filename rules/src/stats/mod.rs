//! Statistics that rules may call. Each is a documented public function of an [`Input`]; its doc comment becomes its
//! entry in the rule authors' reference.
//!
//! A window is text (`"1h"`); it ends at the latest observation of the rule's scope. Only observations that passed
//! quality control are seen. What cannot be told is unknown, never a guess. To add one: write the function in the file
//! of its family; a new family is one file here and one line in [`FAMILIES`].

pub mod amount;
pub mod chance;
pub mod change;
pub mod chart;
pub mod count;
pub mod extreme;
pub mod failure;
mod filter;
pub mod health;
pub mod joint;
pub mod level;
pub mod novelty;
pub mod season;
pub mod soil;
pub mod spread;
pub mod trend;
pub mod wave;

pub use filter::BandPass;

use crate::language::input::{Input, Stream};
use crate::language::value::{Measure, Value};
use crate::series::Window;
use bongsu_sensors::Nature;
use bongsu_sensors::time::parse_duration;
use rhai::plugin::exported_module;
use rhai::{Engine, EvalAltResult, Module, Position};
use smallvec::SmallVec;
use std::time::Duration;

/// What a statistic answers to a rule: a number, or the script's own mistake.
pub type Answer = Result<Value, Box<EvalAltResult>>;

/// A family of statistics: what stands in one file here, under one heading of the reference.
pub(crate) struct Family {
    /// Korean and English heading.
    pub title: (&'static str, &'static str),
    /// Its functions.
    pub module: fn() -> Module,
}

/// Every family, in the order of the reference. A new one is one file here and one line in this table.
#[rustfmt::skip]
pub(crate) const FAMILIES: &[Family] = &[
    Family { title: ("높이", "How high"), module: || exported_module!(level::methods) },
    Family { title: ("양", "How much"), module: || exported_module!(amount::methods) },
    Family { title: ("변화 속도와 도달 시간", "How fast, and until when"), module: || exported_module!(trend::methods) },
    Family { title: ("흩어짐과 이웃과의 차이", "How unusual"), module: || exported_module!(spread::methods) },
    Family { title: ("관리도", "Control charts"), module: || exported_module!(chart::methods) },
    Family { title: ("추세와 분포 변화", "Trend and drift"), module: || exported_module!(change::methods) },
    Family { title: ("요일·시각별 평소 값", "The usual at this hour of the week"), module: || exported_module!(season::methods) },
    Family { title: ("처음 보는 값", "Never like this before"), module: || exported_module!(novelty::methods) },
    Family { title: ("여러 입력을 함께", "Several inputs together"), module: || exported_module!(joint::methods) },
    Family { title: ("땅속의 비", "Rain in the ground"), module: || exported_module!(soil::methods) },
    Family { title: ("재현 기간", "Return periods"), module: || exported_module!(extreme::methods) },
    Family { title: ("건수와 재고", "Counts and stocks"), module: || exported_module!(count::methods) },
    Family { title: ("확률", "Chances"), module: || exported_module!(chance::methods) },
    Family { title: ("진동", "Shaking"), module: || exported_module!(wave::methods) },
    Family { title: ("파괴 시점", "Time of failure"), module: || exported_module!(failure::methods) },
    Family { title: ("센서 상태", "The sensor itself"), module: || exported_module!(health::methods) },
];

/// Makes every statistic callable.
pub fn register(engine: &mut Engine) {
    for family in FAMILIES {
        engine.register_global_module((family.module)().into());
    }
}

/// A mistake of a script, told where it was made.
pub(crate) fn wrong(message: impl Into<String>) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into().into(), Position::NONE).into()
}

/// Reads a window.
pub(crate) fn window_length(text: &str) -> Result<Duration, Box<EvalAltResult>> {
    parse_duration(text)
        .filter(|length| !length.is_zero())
        .ok_or_else(|| wrong(format!("{text:?} is no window; write one such as \"1h\"")))
}

/// Applies a measure to the window of each station.
pub(crate) fn over(input: &Input, window: &str, measure: impl Fn(&Stream, Window<'_>) -> Measure) -> Answer {
    let length = window_length(window)?;
    Ok(input.each(|stream| measure(stream, stream.window(length))))
}

/// Like [`over`], where the answer has the unit of the input.
pub(crate) fn over_in_unit(input: &Input, window: &str, measure: impl Fn(&Stream, Window<'_>) -> Measure) -> Answer {
    let value = over(input, window, measure)?;
    Ok(Value { input: Some(input.index), ..value })
}

/// The values of a window; for a counter, its rises.
pub(crate) fn values(stream: &Stream, window: &Window<'_>) -> SmallVec<[f64; 64]> {
    match stream.facts.nature {
        Nature::Counter => amount::rises(window, stream.facts.slack()),
        _ => window.gather(),
    }
}

/// The values of a window in order, where there are enough of them to speak for it: at least `least`, and at least half
/// as many as the cadence promises.
pub(crate) fn representative(stream: &Stream, window: &Window<'_>, least: usize) -> Option<SmallVec<[f64; 64]>> {
    let values = values(stream, window);
    (values.len() >= needed(stream, window, least)).then_some(values)
}

/// Whether there are so many, without laying them out.
pub(crate) fn is_represented(stream: &Stream, window: &Window<'_>, least: usize) -> bool {
    let there = match stream.facts.nature {
        Nature::Counter => amount::rises(window, stream.facts.slack()).len(),
        _ => window.values().count(),
    };
    there >= needed(stream, window, least)
}

fn needed(stream: &Stream, window: &Window<'_>, least: usize) -> usize {
    least.max(promised(stream, window) / 2).max(1)
}

/// How many observations the cadence promises for a window.
pub(crate) fn promised(stream: &Stream, window: &Window<'_>) -> usize {
    let promised = window.length().as_millis() / stream.facts.cadence.as_millis().max(1);
    usize::try_from(promised).unwrap_or(usize::MAX).min(crate::series::SAMPLE_LIMIT)
}

/// The median of some numbers, which are reordered. Zero numbers have none.
pub fn median(values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (_, upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..n / 2].iter().copied().max_by(f64::total_cmp)?;
    Some(f64::midpoint(lower, upper))
}

/// The median absolute deviation from the median, scaled by 1.4826 so that it estimates the standard deviation of
/// normal noise; reorders the numbers.
///
/// # Source
/// Hampel 1974; the factor is 1/Φ⁻¹(3/4).
pub fn scaled_mad(values: &mut [f64]) -> Option<(f64, f64)> {
    let middle = median(values)?;
    for value in values.iter_mut() {
        *value = (*value - middle).abs();
    }
    Some((middle, 1.4826 * median(values)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::flag::Flag;
    use crate::language::input::StreamFacts;
    use crate::series::{Sample, Series};
    use bongsu_sensors::Time;
    use bongsu_sensors::catalog::StationIndex;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// How often the made-up datastreams send.
    pub fn cadence() -> Duration {
        Duration::from_secs(600)
    }

    fn stream_of(station: u32, values: &[f64], nature: Nature) -> Stream {
        let start = Time::from_millis(0);
        let mut series = Series::default();
        for (at, value) in (0_u32..).zip(values) {
            series.insert(Sample { time: start + cadence() * at, value: *value, flag: Flag::Pass });
        }
        let facts = StreamFacts {
            station: StationIndex(station),
            cadence: cadence(),
            nature,
            resolution: 0.01,
            levels: BTreeMap::new(),
        };
        let until = start + cadence() * u32::try_from(values.len().max(1) - 1).expect("small");
        Stream::until(until, Arc::new(facts), Arc::new(series), Some(until))
    }

    /// An input of one datastream, one value each cadence from the epoch on.
    pub fn input_of(values: &[f64], nature: Nature) -> Input {
        inputs_of(&[values], nature)
    }

    /// The same, of levels.
    pub fn level_input(values: &[f64]) -> Input {
        input_of(values, Nature::Level)
    }

    /// An input of several stations.
    pub fn level_inputs(values: &[&[f64]]) -> Input {
        inputs_of(values, Nature::Level)
    }

    fn inputs_of(values: &[&[f64]], nature: Nature) -> Input {
        let streams: SmallVec<[Stream; 2]> =
            (0..).zip(values).map(|(station, values)| stream_of(station, values, nature)).collect();
        let now = streams.iter().map(|stream| stream.until).max().expect("a stream");
        Input { index: 0, now, streams: Arc::new(streams), min_stations: 1, absent: false }
    }
}

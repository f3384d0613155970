//! `quality = {…}`: the limits of belief of a datastream. What it does not name stays as its kind has it.

use crate::catalog::quality::{Attenuated, Flat, Liveliness, Neighbours, Quality, Season, Spike, SpikeMethod, Support};
use crate::document::Reader;
use crate::kind::Kind;
use crate::time::parse_duration;
use std::time::Duration;

/// Longest stretch of the past a test may look back to.
const LOOK_BACK_LIMIT: Duration = Duration::from_secs(7 * 86_400);

/// The limits of a kind.
pub fn default_quality(kind: &Kind) -> Quality {
    Quality {
        range: kind.range,
        usual: None,
        max_rate: kind.max_rate,
        spike: None,
        flat: None,
        attenuated: None,
        seasons: Vec::new(),
        neighbours: None,
        support: None,
    }
}

/// Reads the limits of a place.
pub fn quality(table: Reader<'_>, kind: &Kind, cadence: Duration) -> Quality {
    let mut quality = default_quality(kind);
    let mistakes = table.mistakes();
    if let Some(range) = range(&table, "range") {
        quality.range = range;
    }
    quality.usual = range(&table, "usual");
    if let Some((low, high)) = quality.usual.filter(|usual| usual.0 < quality.range.0 || usual.1 > quality.range.1) {
        let message = format!("usual values {low} to {high} reach beyond the possible ones");
        table.complain(message, format!("stay within {} to {}", quality.range.0, quality.range.1));
    }
    if let Some(rate) = table.located::<String>("max_rate") {
        match parse_rate(&rate.value) {
            Some(rate) => quality.max_rate = rate,
            None => mistakes.add(
                &rate.origin,
                format!("{:?} is no rate", rate.value),
                "write max_rate = \"0.5/10m\", or \"none\"",
            ),
        }
    }
    quality.spike = spike(&table);
    quality.flat = flat(&table, kind);
    quality.attenuated = table.inner("attenuated").and_then(|table| attenuated(table, cadence));
    quality.seasons = table.tables("climatology").into_iter().filter_map(season).collect();
    quality.neighbours = table.inner("neighbours").and_then(neighbours);
    quality.support = table.inner("support").and_then(support);
    table.finish();
    quality
}

fn range(table: &Reader<'_>, key: &'static str) -> Option<(f64, f64)> {
    let range = table.located::<Vec<f64>>(key)?;
    match range.value[..] {
        [low, high] if low < high => Some((low, high)),
        _ => {
            table.mistakes().add(&range.origin, "no range", format!("write {key} = [lowest, highest]"));
            None
        }
    }
}

fn spike(table: &Reader<'_>) -> Option<Spike> {
    let method = table.located::<String>("spike_method").and_then(|method| match method.value.as_str() {
        "differential" => Some(SpikeMethod::Differential),
        "average" => Some(SpikeMethod::Average),
        _ => {
            let message = format!("unknown spike method {:?}", method.value);
            table.mistakes().add(&method.origin, message, "write \"differential\" or \"average\"");
            None
        }
    });
    let Some(spike) = table.located::<Vec<f64>>("spike") else {
        if method.is_some() {
            table.complain("`spike_method` without `spike`", "add spike = [suspect, fail]");
        }
        return None;
    };
    match spike.value[..] {
        [suspect, fail] if 0.0 < suspect && suspect <= fail => {
            Some(Spike { suspect, fail, method: method.unwrap_or_default() })
        }
        _ => {
            table.mistakes().add(&spike.origin, "no spike limits", "write spike = [suspect, fail], both above 0");
            None
        }
    }
}

fn flat(table: &Reader<'_>, kind: &Kind) -> Option<Flat> {
    let after = span(table, "flat_after");
    let fail_after = span(table, "flat_fail_after");
    let tolerance = table.optional::<f64>("flat_tolerance");
    let Some(after) = after else {
        for (key, given) in [("flat_fail_after", fail_after.is_some()), ("flat_tolerance", tolerance.is_some())] {
            if given {
                table.complain(format!("`{key}` without `flat_after`"), "add flat_after = \"6h\"");
            }
        }
        return None;
    };
    if fail_after.is_some_and(|fail| fail < after) {
        table.complain("`flat_fail_after` before `flat_after`", "a sensor is suspect first, and fails later");
    }
    Some(Flat { after, fail_after, tolerance: tolerance.unwrap_or(kind.resolution) })
}

fn span(table: &Reader<'_>, key: &'static str) -> Option<Duration> {
    let span = table.located::<Duration>(key)?;
    if span.value.is_zero() || span.value > LOOK_BACK_LIMIT {
        table.mistakes().add(&span.origin, format!("`{key}` is out of reach"), "write a time up to \"7d\"");
        return None;
    }
    Some(span.value)
}

/// Two limits, the milder first.
fn limits(table: &Reader<'_>, is_ordered: impl Fn(f64, f64) -> bool, order: &str) -> Option<(f64, f64)> {
    let (suspect, fail) = table.required::<f64>("suspect").zip(table.required::<f64>("fail"))?;
    if suspect >= 0.0 && fail >= 0.0 && is_ordered(suspect, fail) {
        return Some((suspect, fail));
    }
    table.complain(format!("limits {suspect} and {fail} are out of order"), format!("write {order}"));
    None
}

fn attenuated(table: Reader<'_>, cadence: Duration) -> Option<Attenuated> {
    let over = span(&table, "over");
    if over.is_none() {
        table.complain("`attenuated` does not say over how long", "add over = \"12h\"");
    }
    let limits = limits(&table, |suspect, fail| fail <= suspect, "suspect, then a lower fail");
    let measure = match table.located::<String>("measure") {
        None => Liveliness::Range,
        Some(measure) => match measure.value.as_str() {
            "range" => Liveliness::Range,
            "deviation" => Liveliness::Deviation,
            other => {
                let message = format!("unknown measure {other:?}");
                table.mistakes().add(&measure.origin, message, "write \"range\" or \"deviation\"");
                Liveliness::Range
            }
        },
    };
    let promised = over.map_or(0, |over| over.as_millis() / cadence.as_millis().max(1));
    let least = table.optional::<u32>("least").map(|least| usize::try_from(least).unwrap_or(usize::MAX));
    let least = least.unwrap_or_else(|| usize::try_from(promised / 2).unwrap_or(usize::MAX));
    table.finish();
    let ((suspect, fail), over) = limits.zip(over)?;
    Some(Attenuated { over, suspect, fail, least, measure })
}

fn season(table: Reader<'_>) -> Option<Season> {
    let months = table.required_at::<Vec<f64>>("months");
    let usual = range(&table, "usual");
    if usual.is_none() {
        table.complain("a season without its usual values", "add usual = [lowest, highest]");
    }
    let fail = range(&table, "range");
    let month = |month: f64| (1_i8..=12).find(|known| f64::from(*known) == month);
    let months = months.and_then(|months| {
        let found = match months.value[..] {
            [first, last] => month(first).zip(month(last)),
            _ => None,
        };
        if found.is_none() {
            table.mistakes().add(&months.origin, "no months", "write months = [first, last], such as [6, 9]");
        }
        found
    });
    table.finish();
    Some(Season { months: months?, usual: usual?, range: fail })
}

fn kilometres(table: &Reader<'_>) -> Option<f64> {
    let km = table.required_at::<f64>("within_km")?;
    if km.value > 0.0 && km.value <= 500.0 {
        return Some(km.value);
    }
    table.mistakes().add(&km.origin, "`within_km` is no distance", "write kilometres, above 0 and up to 500");
    None
}

fn neighbours(table: Reader<'_>) -> Option<Neighbours> {
    let within_km = kilometres(&table);
    let limits = limits(&table, |suspect, fail| suspect <= fail, "suspect, then a higher fail");
    table.finish();
    let (suspect, fail) = limits?;
    Some(Neighbours { within_km: within_km?, suspect, fail })
}

fn support(table: Reader<'_>) -> Option<Support> {
    let within_km = kilometres(&table);
    let (rain, change) = (table.optional::<f64>("rain"), table.optional::<f64>("change"));
    if rain.is_none() && change.is_none() || [rain, change].into_iter().flatten().any(|limit| limit <= 0.0) {
        table.complain("`support` asks for nothing", "add rain = 10.0 (mm in an hour), change = 0.2, or both");
    }
    table.finish();
    Some(Support { within_km: within_km?, rain, change })
}

/// Reads `0.5/10m`, or `none`.
fn parse_rate(text: &str) -> Option<Option<(f64, Duration)>> {
    if text == "none" {
        return Some(None);
    }
    let (amount, within) = text.split_once('/')?;
    let amount: f64 = amount.trim().parse().ok()?;
    let within = parse_duration(within.trim())?;
    (amount.is_finite() && amount > 0.0 && !within.is_zero()).then_some(Some((amount, within)))
}

//! What a rule costs those who answer for it: how often it calls, how long it stands, how long it cannot tell.

use super::Played;
use bongsu_sensors::Time;
use serde::Serialize;
use std::time::Duration;

/// What a rule costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Burden {
    /// Warnings, each of which somebody has to look at.
    pub alerts: usize,
    /// The same a week; `None`: less than an hour was played.
    pub per_week: Option<f64>,
    /// How long it stood, over all places.
    pub standing: Duration,
    /// How long it could not tell, over all places.
    pub undecided: Duration,
}

impl Burden {
    /// What a rule cost from `from` to `to`.
    pub fn of(played: &Played, from: Time, to: Time) -> Burden {
        let lasted = to.since(from);
        let alerts = played.alerts.len();
        #[expect(clippy::cast_precision_loss, reason = "a count of warnings")]
        let per_week = alerts as f64 * 7.0 * 86_400.0 / lasted.as_secs_f64();
        Burden {
            alerts,
            per_week: (lasted >= Duration::from_secs(3600)).then_some(per_week),
            standing: played.alerts.iter().map(|alert| alert.to.unwrap_or(to).since(alert.from)).sum(),
            undecided: played.undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Alerted;

    #[test]
    fn what_still_stands_counts_to_the_end() {
        let at = |hours: i64| Time::from_millis(hours * 3_600_000);
        let alert = |from, to: Option<i64>| Alerted { place: "a".into(), from: at(from), to: to.map(at) };
        let played = Played { alerts: vec![alert(1, Some(3)), alert(80, None)], ..Played::default() };
        let burden = Burden::of(&played, at(0), at(84));
        assert_eq!((burden.alerts, burden.per_week), (2, Some(4.0)));
        assert_eq!(burden.standing, Duration::from_secs(6 * 3600));
        assert_eq!(Burden::of(&played, at(0), at(0)).per_week, None);
    }
}

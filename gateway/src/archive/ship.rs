//! Handing over a batch, whatever the other side makes of it.
//!
//! A batch that is refused is halved until the points that are wrong stand alone: they are put aside with what was said
//! of them, and cost nobody else. One that is too large is halved as well. An archive that refuses everything is not
//! asked for each point: something else is wrong, and a person must look.

use super::book::Refused;
use super::point::Point;
use super::{Answer, Archive};
use std::time::Duration;

/// Points that may be refused before one was taken: then it is not the points.
const ALL_WRONG: usize = 16;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Shipped {
    /// The archive has it, but for what it refused.
    Done(Vec<Refused>),
    /// It must be handed over again: all of it, which changes nothing for what was taken already.
    Again(Trouble),
}

/// Why a batch must be handed over again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What the archive said.
    pub said: String,
    /// Not earlier than after so long.
    pub after: Option<Duration>,
    /// It will not pass by itself: a person must look.
    pub needs_person: bool,
}

/// Hands over a batch.
pub async fn ship(archive: &dyn Archive, points: &[Point]) -> Shipped {
    let mut refused = Vec::new();
    let mut taken = false;
    // What is still to be handed over, the next part last: parts go in order, because a later flag follows its value.
    let mut parts = vec![points];
    while let Some(part) = parts.pop() {
        let said = match archive.write(part).await {
            Answer::Taken => {
                taken = true;
                continue;
            }
            Answer::Refused(said) | Answer::TooLarge(said) => said,
            Answer::Denied(said) => return Shipped::Again(Trouble { said, after: None, needs_person: true }),
            Answer::Later(after, said) => return Shipped::Again(Trouble { said, after, needs_person: false }),
        };
        if let [point] = part {
            refused.push(Refused { point: point.clone(), reason: said.clone() });
            if !taken && refused.len() >= ALL_WRONG {
                // The first ones may be of one wrong series; the last one is most likely of another.
                taken = archive.write(&points[points.len() - 1..]).await == Answer::Taken;
                if !taken {
                    let said = format!("it refuses every point: {said}");
                    return Shipped::Again(Trouble { said, after: None, needs_person: true });
                }
            }
            continue;
        }
        let (first, second) = part.split_at(part.len() / 2);
        parts.extend([second, first]);
    }
    Shipped::Done(refused)
}

#[cfg(test)]
mod tests {
    use super::super::Tally;
    use super::super::point::{Series, Value};
    use super::*;
    use bongsu_sensors::Time;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use std::sync::{Arc, Mutex};

    /// An archive that refuses some points, takes so many at once, and remembers the order of the rest.
    struct Fussy {
        wrong: fn(i64) -> bool,
        at_once: usize,
        taken: Mutex<Vec<i64>>,
        asked: Mutex<usize>,
    }

    impl Archive for Fussy {
        fn write<'a>(&'a self, points: &'a [Point]) -> BoxFuture<'a, Answer> {
            *self.asked.lock().expect("whole") += 1;
            let answer = if points.len() > self.at_once {
                Answer::TooLarge("413".into())
            } else if points.iter().any(|point| (self.wrong)(point.time_ns)) {
                Answer::Refused("400".into())
            } else {
                self.taken.lock().expect("whole").extend(points.iter().map(|point| point.time_ns));
                Answer::Taken
            };
            async { answer }.boxed()
        }

        fn tally<'a>(&'a self, _: &'static str, _: Time, _: Time) -> BoxFuture<'a, Result<Tally, String>> {
            async { Err("it does not count".to_owned()) }.boxed()
        }
    }

    fn hand_over(count: i64, at_once: usize, wrong: fn(i64) -> bool) -> (Shipped, Vec<i64>, usize) {
        let series = Arc::new(Series::new("water", [("station", "jamsu".to_owned())]));
        let fields = vec![("flag", Value::Whole(1))];
        let points: Vec<Point> =
            (0..count).map(|time_ns| Point { series: series.clone(), time_ns, fields: fields.clone() }).collect();
        let fussy = Fussy { wrong, at_once, taken: Mutex::default(), asked: Mutex::default() };
        let shipped = ship(&fussy, &points).now_or_never().expect("it waits for nobody");
        (shipped, fussy.taken.into_inner().expect("whole"), fussy.asked.into_inner().expect("whole"))
    }

    #[test]
    fn a_wrong_point_costs_only_itself() {
        let (shipped, taken, asked) = hand_over(5_000, 5_000, |n| n == 1_234 || n == 4_999);
        let Shipped::Done(refused) = shipped else { panic!("{shipped:?}") };
        assert_eq!(refused.iter().map(|refused| refused.point.time_ns).collect::<Vec<_>>(), [1_234, 4_999]);
        let rest: Vec<i64> = (0..5_000).filter(|n| *n != 1_234 && *n != 4_999).collect();
        assert_eq!(taken, rest, "the rest is there, in order");
        assert!(asked < 64, "{asked} questions");
    }

    #[test]
    fn what_is_too_large_is_halved() {
        let (shipped, taken, asked) = hand_over(1_000, 300, |_| false);
        assert_eq!((shipped, taken.len(), asked), (Shipped::Done(Vec::new()), 1_000, 7));
    }

    #[test]
    fn an_archive_that_refuses_everything_loses_nothing() {
        let (shipped, ..) = hand_over(1_000, 1_000, |n| n < 500);
        assert!(matches!(shipped, Shipped::Done(refused) if refused.len() == 500), "half of it is no reason to stop");
        let (shipped, taken, _) = hand_over(1_000, 1_000, |_| true);
        let Shipped::Again(trouble) = shipped else { panic!("{shipped:?}") };
        assert!(trouble.needs_person && trouble.said.contains("every point"), "{trouble:?}");
        assert!(taken.is_empty());
        // One point alone may well be wrong.
        assert!(matches!(hand_over(1, 1, |_| true).0, Shipped::Done(refused) if refused.len() == 1));
    }
}

//! Who was denied what at the door, for the audit.
//!
//! A device that is set up wrongly tries again every second, and an attacker as often as the door lets it. So one entry
//! stands for everything of one sort that one name at one address was denied within [`AGAIN`]; how often it came again
//! stands in the next. Every single one is counted by reason in the metrics, whatever is written here.

use crate::owed::Owed;
use crate::store::audit::Draft;
use bongsu_broker::{Denial, Plane};
use bongsu_sensors::Time;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// After so long, the same is another entry.
const AGAIN: Duration = Duration::from_secs(15 * 60);

/// Most sorts from one address within that time: who tries name after name does not push others out.
const FROM_ONE: usize = 20;

/// Most sorts in all within that time.
const IN_ALL: usize = 1_000;

/// Longest name, topic or filter that is written: they are the client's, and may be as long as a packet.
const LONGEST: usize = 200;

/// Somebody was denied something.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The name it gave.
    pub who: &'a str,
    /// At which listener.
    pub plane: Plane,
    /// From where.
    pub from: Option<IpAddr>,
    /// What it wanted.
    pub action: &'static str,
    /// To which topic or filter.
    pub subject: &'a str,
    /// Why not.
    pub denial: &'a Denial,
}

/// Writes them down.
#[derive(Debug)]
pub struct Denied {
    known: Mutex<Known>,
    owed: Arc<Owed>,
}

#[derive(Debug, Default)]
struct Known {
    sorts: HashMap<Option<IpAddr>, HashMap<(String, &'static str), Sort>>,
    in_all: usize,
    /// How many were not written for want of room.
    unwritten: u64,
}

#[derive(Debug)]
struct Sort {
    since: Time,
    more: u64,
}

impl Denied {
    /// Nobody yet.
    pub fn new(owed: Arc<Owed>) -> Denied {
        Denied { known: Mutex::default(), owed }
    }

    /// Somebody was denied something.
    pub fn note(&self, now: Time, attempt: &Attempt<'_>) {
        let Attempt { who, plane, from, action, subject, denial } = *attempt;
        let who = shortened(who);
        let again = self.known.lock().unwrap_or_else(PoisonError::into_inner).note(now, from, (who.clone(), action));
        let Some(again) = again else { return };
        self.owed.write(Draft {
            time: now,
            who,
            role: plane_name(plane).to_owned(),
            from_address: from.map(|from| from.to_string()).unwrap_or_default(),
            action: action.to_owned(),
            subject: shortened(subject),
            detail: format!("{denial}{again}"),
            record: None,
        });
    }
}

impl Known {
    /// What is to be said of earlier ones, where this one is to be written.
    fn note(&mut self, now: Time, from: Option<IpAddr>, sort: (String, &'static str)) -> Option<String> {
        let is_old = |known: &Sort| now.since(known.since) >= AGAIN;
        let earlier = self.sorts.get_mut(&from).and_then(|sorts| sorts.get_mut(&sort));
        let mut said = match earlier {
            Some(known) if !is_old(known) => {
                known.more += 1;
                return None;
            }
            Some(known) => {
                let Sort { since, more } = std::mem::replace(known, Sort { since: now, more: 0 });
                if more > 0 { format!("; {more} more after {since}") } else { String::new() }
            }
            None => {
                let here = |known: &Known| known.sorts.get(&from).map_or(0, HashMap::len);
                if here(self) >= FROM_ONE || self.in_all >= IN_ALL {
                    self.forget(is_old);
                }
                if here(self) >= FROM_ONE || self.in_all >= IN_ALL {
                    self.unwritten += 1;
                    return None;
                }
                self.sorts.entry(from).or_default().insert(sort, Sort { since: now, more: 0 });
                self.in_all += 1;
                String::new()
            }
        };
        if self.unwritten > 0 {
            said += &format!("; {} of others were counted and not written", self.unwritten);
            self.unwritten = 0;
        }
        Some(said)
    }

    /// Forgets what is old: the next of it is a first one. How often it came stays in the count of the unwritten.
    fn forget(&mut self, is_old: impl Fn(&Sort) -> bool) {
        for sorts in self.sorts.values_mut() {
            sorts.retain(|_, known| {
                let forgotten = is_old(known);
                if forgotten {
                    self.unwritten += known.more;
                }
                !forgotten
            });
        }
        self.sorts.retain(|_, sorts| !sorts.is_empty());
        self.in_all = self.sorts.values().map(HashMap::len).sum();
    }
}

const fn plane_name(plane: Plane) -> &'static str {
    match plane {
        Plane::Devices => "device",
        Plane::Operators => "tool",
        Plane::Public => "citizen",
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: (&str, &str) = ("seocho-7", "mqtt.publish.denied");

    fn known_at(known: &mut Known, second: i64, address: u8, sort: (&str, &'static str)) -> Option<String> {
        let from = Some(IpAddr::from([10, 0, 0, address]));
        known.note(Time::from_millis(second * 1000), from, (sort.0.to_owned(), sort.1))
    }

    #[test]
    fn one_entry_for_what_comes_again_and_the_next_says_how_often() {
        let mut known = Known::default();
        assert_eq!(known_at(&mut known, 0, 1, NAME).as_deref(), Some(""));
        for second in 1..900 {
            assert_eq!(known_at(&mut known, second, 1, NAME), None);
        }
        let again = known_at(&mut known, 900, 1, NAME);
        assert_eq!(again.as_deref(), Some("; 899 more after 1970-01-01T00:00:00Z"));
        assert_eq!(known_at(&mut known, 901, 2, NAME).as_deref(), Some(""), "another address");
        assert_eq!(known_at(&mut known, 901, 1, ("seocho-7", "mqtt.subscribe.denied")).as_deref(), Some(""));
    }

    #[test]
    fn who_tries_name_after_name_pushes_nobody_out_and_is_counted() {
        let mut known = Known::default();
        let tried = (0..5_000).filter(|n| known_at(&mut known, 0, 1, (&format!("guess{n}"), NAME.1)).is_some());
        assert_eq!(tried.count(), FROM_ONE);
        let other = known_at(&mut known, 1, 2, NAME);
        assert_eq!(other.as_deref(), Some("; 4980 of others were counted and not written"));
    }

    #[test]
    fn memory_is_bounded_and_free_again_after_a_while() {
        let mut known = Known::default();
        let all = |known: &mut Known, second| {
            let each = (0..=255).flat_map(|address| (0..10).map(move |n| (address, n)));
            each.filter(|(address, n)| known_at(known, second, *address, (&format!("x{n}"), NAME.1)).is_some()).count()
        };
        assert_eq!(all(&mut known, 0), IN_ALL);
        assert_eq!(known.in_all, IN_ALL);
        assert_eq!(
            known_at(&mut known, 900, 255, ("new", NAME.1)).as_deref(),
            Some("; 1560 of others were counted and not written")
        );
        assert_eq!(known.in_all, 1);
    }

    #[test]
    fn a_name_as_long_as_a_packet_is_shortened() {
        let long = "é".repeat(70_000);
        assert_eq!(shortened(&long).chars().count(), LONGEST + 1);
        assert_eq!(shortened("seocho"), "seocho");
    }
}

//! Loans: power banks that are out, when they come back, and where.
//!
//! Kiosks exchange banks within groups of four, so that a new kiosk changes at most the three beside it.

use crate::dice::Dice;
use bongsu_sensors::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Kiosks that exchange banks with one another.
pub const GROUP: usize = 4;
/// Mean time a bank is out, minutes, beyond the shortest.
const MEAN_MIN: f64 = 110.0;
const SHORTEST_MIN: f64 = 12.0;

/// A bank that is out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loan {
    /// When somebody will next try to return it.
    pub back: Time,
    /// Its token: random, never a person.
    pub token: u64,
    /// The bank.
    pub unit: u32,
    /// The kiosk it will be brought to, by its number among kiosks.
    pub kiosk: usize,
}

/// All banks that are out.
#[derive(Debug)]
pub struct Loans {
    out: BinaryHeap<Reverse<Loan>>,
    dice: Vec<Dice>,
}

impl Loans {
    /// No loans yet, among so many kiosks.
    pub fn new(seed: u64, kiosks: usize) -> Loans {
        let dice = (0..kiosks).map(|kiosk| Dice::new(seed, &format!("loans {kiosk}"))).collect();
        Loans { out: BinaryHeap::new(), dice }
    }

    /// Notes that a bank was lent, and answers the loan.
    pub fn lend(&mut self, now: Time, unit: u32, kiosk: usize) -> Loan {
        let dice = &mut self.dice[kiosk];
        let token = dice.bits();
        let minutes = SHORTEST_MIN + dice.waiting(MEAN_MIN).min(48.0 * 60.0);
        let goes_elsewhere = dice.chance(0.15);
        let brought_to = if goes_elsewhere { self.neighbour(kiosk) } else { kiosk };
        let loan = Loan { back: now + Duration::from_secs_f64(minutes * 60.0), token, unit, kiosk: brought_to };
        self.out.push(Reverse(loan.clone()));
        loan
    }

    /// The next loan whose return is tried by now.
    pub fn next_back(&mut self, now: Time) -> Option<Loan> {
        if self.out.peek().is_some_and(|Reverse(loan)| loan.back <= now) {
            return self.out.pop().map(|Reverse(loan)| loan);
        }
        None
    }

    /// Notes that a kiosk could not take a bank: its bearer walks to another one.
    pub fn walk_on(&mut self, mut loan: Loan) {
        let minutes = self.dice[loan.kiosk].between(12.0, 35.0);
        loan.back = loan.back + Duration::from_secs_f64(minutes * 60.0);
        loan.kiosk = self.neighbour(loan.kiosk);
        self.out.push(Reverse(loan));
    }

    /// How many banks are out.
    pub fn count(&self) -> usize {
        self.out.len()
    }

    fn neighbour(&mut self, kiosk: usize) -> usize {
        let first = kiosk / GROUP * GROUP;
        let other = first + self.dice[kiosk].pick(GROUP);
        if other < self.dice.len() { other } else { kiosk }
    }
}

//! Chance, made repeatable: every entity throws its own dice, seeded by the city's seed and the entity's name.
//!
//! Nothing in this crate may take randomness from anywhere else. Because each entity has its own dice, adding a station
//! changes nothing that another one says.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of chance that belongs to one named thing.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of the thing named `label` under `seed`: the same two always throw the same.
    pub fn new(seed: u64, label: &str) -> Dice {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&fnv1a(label.bytes()).to_le_bytes());
        key[16..24].copy_from_slice(&fnv1a(label.bytes().rev()).to_le_bytes());
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are all that an f64 between 0 and 1 can hold evenly.
        #[expect(clippy::cast_precision_loss, reason = "exact: 53 bits fit")]
        let mantissa = (self.bits() >> 11) as f64;
        mantissa / 9_007_199_254_740_992.0
    }

    /// A number between two limits.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A place in a list of `count` things; 0 where the list is empty.
    pub fn pick(&mut self, count: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "lists here are far smaller than 2^53"
        )]
        let at = (self.unit() * count as f64) as usize;
        at.min(count.saturating_sub(1))
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Noise of mean 0 and standard deviation 1, never beyond ±3.5.
    ///
    /// # Source
    /// Irwin–Hall with four uniforms: bell-shaped, cheap, and bounded, so an honest sensor never makes a spike by chance.
    pub fn noise(&mut self) -> f64 {
        let bits = self.bits();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        #[expect(clippy::cast_precision_loss, reason = "18 bits fit")]
        let mean_zero = sum as f64 / 65_536.0 - 2.0;
        // Four uniforms have variance 4/12.
        mean_zero * 3.0_f64.sqrt()
    }

    /// A waiting time with the given mean, in the mean's unit.
    pub fn waiting(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_throws_the_same_and_another_throws_others() {
        let throw = |seed, label| {
            let mut dice = Dice::new(seed, label);
            [dice.bits(), dice.bits()]
        };
        assert_eq!(throw(7, "mir-1"), throw(7, "mir-1"));
        assert_ne!(throw(7, "mir-1"), throw(8, "mir-1"));
        assert_ne!(throw(7, "mir-1"), throw(7, "mir-2"));
    }

    #[test]
    fn the_dice_are_fair() {
        let mut dice = Dice::new(1, "fair");
        let n = 100_000;
        let (mut sum, mut square, mut units, mut waits) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = dice.noise();
            assert!(x.abs() < 3.5);
            sum += x;
            square += x * x;
            units += dice.unit();
            waits += dice.waiting(3.0);
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.02, "mean {}", sum / n);
        assert!((square / n - 1.0).abs() < 0.02, "variance {}", square / n);
        assert!((units / n - 0.5).abs() < 0.01);
        assert!((waits / n - 3.0).abs() < 0.05);
    }
}

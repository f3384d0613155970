//! The dam above the city: it stores what the headwaters send and releases what its gates are told.

/// Water the reservoir can hold, m³.
const CAPACITY_M3: f64 = 150e6;
/// Flow through the turbines while nothing else is asked for, m³/s.
pub const TURBINE_M3S: f64 = 25.0;
/// Fastest change of the release, m³/s in a minute: gates move slowly, and people stand downstream.
const GATE_M3S_PER_MIN: f64 = 18.0;
/// Water level when empty and when full, m above sea.
const EMPTY_M: f64 = 80.0;
const FULL_M: f64 = 110.0;

/// The reservoir and its gates.
#[derive(Clone, Debug)]
pub struct Dam {
    stored_m3: f64,
    /// Flow that arrives from the headwaters, m³/s.
    pub inflow: f64,
    /// Flow that is released, m³/s.
    pub release: f64,
}

impl Dam {
    /// A reservoir filled to this share, 0 to 1.
    pub fn new(filled: f64) -> Dam {
        Dam { stored_m3: CAPACITY_M3 * filled, inflow: TURBINE_M3S, release: TURBINE_M3S }
    }

    /// Passes one minute; `order` is the release the operators ask for, m³/s.
    pub fn step(&mut self, inflow: f64, order: Option<f64>) {
        // A reservoir that is full passes on what it can no longer hold, whatever was ordered.
        let surplus = (self.stored_m3 - CAPACITY_M3 * 0.985).max(0.0) / 3600.0;
        let wanted = order.unwrap_or(TURBINE_M3S).max(TURBINE_M3S) + surplus;
        let change = (wanted - self.release).clamp(-GATE_M3S_PER_MIN, GATE_M3S_PER_MIN);
        self.release = (self.release + change).min(self.stored_m3 / 60.0);
        self.inflow = inflow;
        self.stored_m3 = (self.stored_m3 + (inflow - self.release) * 60.0).max(0.0);
    }

    /// Share of the capacity that is filled.
    pub fn filled(&self) -> f64 {
        self.stored_m3 / CAPACITY_M3
    }

    /// Water in the reservoir, m³.
    pub fn stored_m3(&self) -> f64 {
        self.stored_m3
    }

    /// Water level, m above sea: a valley widens upwards, so volume grows with the square of the depth.
    pub fn level_m(&self) -> f64 {
        level_of(self.filled())
    }
}

/// Water level of a share filled, m above sea.
pub fn level_of(filled: f64) -> f64 {
    EMPTY_M + (FULL_M - EMPTY_M) * filled.max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_follows_its_order_slowly_and_keeps_the_volume() {
        let mut dam = Dam::new(0.9);
        let before = dam.stored_m3();
        let mut released = 0.0;
        for _ in 0..240 {
            let last = dam.release;
            dam.step(10.0, Some(900.0));
            assert!((dam.release - last).abs() <= GATE_M3S_PER_MIN + 1e-9);
            released += dam.release * 60.0;
        }
        assert!((dam.release - 900.0).abs() < 1e-6);
        assert!((before + 240.0 * 600.0 - released - dam.stored_m3()).abs() < 1e-3);
        assert!(dam.level_m() < level_of(0.9));
    }
}

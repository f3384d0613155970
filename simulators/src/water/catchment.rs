//! A catchment: how much of the rain runs off, and when it reaches the stream.
//!
//! Every millimetre is accounted for: rain = outflow + evaporation + change of what is stored ([`Catchment::balance_mm`]).

/// Rain turned to stream flow on one piece of ground, in steps of one minute. All stores are in mm over its area.
///
/// # Source
/// Runoff share as in HBV (Bergström 1976): `(soil/capacity)^β`, β = 2, beside a sealed share that always runs off. Fast
/// runoff passes a cascade of two linear reservoirs (Nash 1957); what the soil lets go is half evaporation and half a
/// slow groundwater reservoir, which is the base flow.
#[derive(Clone, Debug)]
pub struct Catchment {
    /// Its area, km².
    pub area_km2: f64,
    sealed: f64,
    soil: f64,
    fast: [f64; 2],
    fast_share: f64,
    ground: f64,
    rained: f64,
    flowed: f64,
    evaporated: f64,
    at_start: f64,
}

/// Water the soil can hold, mm.
pub const CAPACITY_MM: f64 = 120.0;
/// Mean time water stays in the soil and in the ground, minutes.
const SOIL_MIN: f64 = 20.0 * 1440.0;
const GROUND_MIN: f64 = 10.0 * 1440.0;

impl Catchment {
    /// A catchment whose soil is filled to `wetness` (0 to 1); `response_min` is the mean time of its fast runoff.
    pub fn new(area_km2: f64, sealed: f64, response_min: f64, wetness: f64) -> Catchment {
        let soil = CAPACITY_MM * wetness.clamp(0.0, 1.0);
        // The base flow of a place with 2 mm of rain a day: it does not begin a simulation with a trend.
        let ground = 10.0;
        let fast_share = 1.0 - (-2.0 / response_min).exp();
        let at_start = soil + ground;
        Catchment {
            area_km2,
            sealed,
            soil,
            fast: [0.0; 2],
            fast_share,
            ground,
            rained: 0.0,
            flowed: 0.0,
            evaporated: 0.0,
            at_start,
        }
    }

    /// Takes the rain of one minute (mm); answers the water that leaves, m³/s for each km².
    pub fn step(&mut self, rain_mm: f64) -> f64 {
        let share = self.sealed + (1.0 - self.sealed) * (self.soil / CAPACITY_MM).powi(2);
        let mut runoff = rain_mm * share;
        self.soil += rain_mm - runoff;
        let overflow = (self.soil - CAPACITY_MM).max(0.0);
        self.soil -= overflow;
        runoff += overflow;
        let let_go = self.soil / SOIL_MIN;
        self.soil -= let_go;
        self.evaporated += let_go / 2.0;
        self.ground += let_go / 2.0;
        let base = self.ground / GROUND_MIN;
        self.ground -= base;
        self.fast[0] += runoff;
        let passed = self.fast[0] * self.fast_share;
        self.fast[0] -= passed;
        self.fast[1] += passed;
        let quick = self.fast[1] * self.fast_share;
        self.fast[1] -= quick;
        self.rained += rain_mm;
        self.flowed += quick + base;
        // 1 mm over 1 km² in a minute is 1,000 m³ in 60 s.
        (quick + base) * 1000.0 / 60.0
    }

    /// How full the soil is, 0 to 1.
    pub fn wetness(&self) -> f64 {
        self.soil / CAPACITY_MM
    }

    /// Rain that fell so far, mm.
    pub fn rained_mm(&self) -> f64 {
        self.rained
    }

    /// Water that left for the stream so far, mm.
    pub fn flowed_mm(&self) -> f64 {
        self.flowed
    }

    /// Rain minus everything it became, mm: zero but for rounding.
    pub fn balance_mm(&self) -> f64 {
        let stored = self.soil + self.ground + self.fast[0] + self.fast[1] - self.at_start;
        self.rained - self.flowed - self.evaporated - stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_drop_is_lost_or_made() {
        let mut catchment = Catchment::new(10.0, 0.3, 40.0, 0.4);
        for minute in 0..20_000 {
            catchment.step(if minute % 700 < 120 { 0.9 } else { 0.0 });
        }
        assert!(catchment.rained_mm() > 3000.0);
        assert!(catchment.balance_mm().abs() < 1e-6, "{}", catchment.balance_mm());
    }

    #[test]
    fn wet_and_sealed_ground_sheds_more() {
        let peak = |sealed, wetness| {
            let mut catchment = Catchment::new(1.0, sealed, 30.0, wetness);
            (0..240).map(|minute| catchment.step(if minute < 60 { 0.5 } else { 0.0 })).fold(0.0, f64::max)
        };
        assert!(peak(0.4, 0.4) > 1.3 * peak(0.1, 0.4));
        assert!(peak(0.1, 0.9) > 2.0 * peak(0.1, 0.3));
    }
}

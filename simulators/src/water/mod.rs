//! Water really flows here: rain → runoff → reaches → stage, with the dam above and the sea below.
//!
//! Knows nothing of sensors: what a gauge says of this water is `instrument`'s business. Start at [`Water::step`].

pub mod catchment;
pub mod channel;
pub mod dam;
pub mod tide;

use crate::city::ground::District;
use crate::city::river::Reach;
use catchment::Catchment;
use channel::Channel;
use dam::{Dam, TURBINE_M3S};

/// Area above the dam, km².
const HEADWATERS_KM2: f64 = 350.0;
/// Release of the dam during the design flood, m³/s.
const DESIGN_RELEASE_M3S: f64 = 300.0;
/// The design flood: a triangle of rain, mm in so many minutes, over ground as wet as `DESIGN_WETNESS`.
const DESIGN_RAIN_MM: f64 = 105.0;
const DESIGN_MINUTES: f64 = 240.0;
const DESIGN_WETNESS: f64 = 0.5;
/// A storm that covers the whole basin of the main river is lighter than one over a single stream (areal reduction).
const AREAL_REDUCTION: f64 = 0.7;

/// All water of the city.
#[derive(Clone, Debug)]
pub struct Water {
    /// The ground of each district.
    pub districts: Vec<Catchment>,
    /// The ground above the dam.
    pub headwaters: Catchment,
    /// The dam.
    pub dam: Dam,
    /// The reaches, in the order of the city's.
    pub channels: Vec<Channel>,
    runoff: Vec<f64>,
    to_sea_m3: f64,
    at_start_m3: f64,
}

impl Water {
    /// Water at rest: soil filled to `wetness`, the reservoir to `filled`, rivers at their base flow.
    pub fn new(districts: &[District], reaches: &[Reach], wetness: f64, filled: f64) -> Water {
        let ground = |district: &District| {
            let (sealed, response) = if district.rural { (0.12, 42.0) } else { (0.42, 26.0) };
            Catchment::new(super::city::ground::DISTRICT_KM2, sealed, response, wetness)
        };
        let districts: Vec<Catchment> = districts.iter().map(ground).collect();
        // One dry minute of a copy says what the base flow is.
        let base: Vec<f64> = districts.iter().map(|catchment| catchment.clone().step(0.0)).collect();
        let mut channels: Vec<Channel> = Vec::with_capacity(reaches.len());
        for (at, reach) in reaches.iter().enumerate() {
            let above: f64 = reach.from.iter().map(|upper| channels[*upper].outflow).sum();
            let aside: f64 = reach.drains.iter().map(|(district, km2)| base[*district] * km2).sum();
            let dam = if is_below_dam(reaches, at) { TURBINE_M3S } else { 0.0 };
            channels.push(Channel::new(reach.travel_min, above + aside + dam));
        }
        let headwaters = Catchment::new(HEADWATERS_KM2, 0.05, 150.0, wetness);
        let runoff = vec![0.0; districts.len()];
        let mut water =
            Water { districts, headwaters, dam: Dam::new(filled), channels, runoff, to_sea_m3: 0.0, at_start_m3: 0.0 };
        water.at_start_m3 = water.in_rivers_m3();
        water
    }

    /// Passes one minute with the rain of each district and, last, the headwaters (mm), and the release asked of the dam.
    pub fn step(&mut self, reaches: &[Reach], rain_mm: &[f64], order: Option<f64>) {
        for ((catchment, rain), runoff) in self.districts.iter_mut().zip(rain_mm).zip(&mut self.runoff) {
            *runoff = catchment.step(*rain);
        }
        let above = self.headwaters.step(rain_mm.last().copied().unwrap_or(0.0)) * HEADWATERS_KM2;
        self.dam.step(above, order);
        for (at, reach) in reaches.iter().enumerate() {
            let mut inflow: f64 = reach.from.iter().map(|upper| self.channels[*upper].outflow).sum();
            inflow += reach.drains.iter().map(|(district, km2)| self.runoff[*district] * km2).sum::<f64>();
            if is_below_dam(reaches, at) {
                inflow += self.dam.release;
            }
            self.channels[at].step(inflow);
        }
        self.to_sea_m3 += self.channels.last().map_or(0.0, |channel| channel.outflow) * 60.0;
    }

    /// Bankfull flow of each reach at its upper and lower end, m³/s: the peak of the design flood.
    ///
    /// Levels are derived from it, so that they fit the rivers whatever the seed made of them.
    pub fn bankfull(districts: &[District], reaches: &[Reach]) -> Vec<[f64; 2]> {
        let mut peaks = vec![[0.0_f64; 2]; reaches.len()];
        for (main, rain_share, release) in [(false, 1.0, TURBINE_M3S), (true, AREAL_REDUCTION, DESIGN_RELEASE_M3S)] {
            let mut water = Water::new(districts, reaches, DESIGN_WETNESS, 0.6);
            for minute in 0..24 * 60 {
                let rain = vec![design_rain_mm(f64::from(minute)) * rain_share; districts.len() + 1];
                water.step(reaches, &rain, Some(release));
                for ((reach, channel), peak) in reaches.iter().zip(&water.channels).zip(&mut peaks) {
                    if reach.main == main {
                        *peak = [peak[0].max(channel.inflow), peak[1].max(channel.outflow)];
                    }
                }
            }
        }
        peaks
    }

    /// Water that came, minus all that left or is still there, m³: zero but for rounding.
    pub fn balance_m3(&self) -> f64 {
        let ground: f64 = self.districts.iter().map(|c| c.balance_mm() * c.area_km2 * 1000.0).sum();
        let flowed: f64 = self.districts.iter().map(|c| c.flowed_mm() * c.area_km2 * 1000.0).sum::<f64>()
            + self.headwaters.flowed_mm() * self.headwaters.area_km2 * 1000.0;
        ground + flowed + self.at_start_m3 - self.in_rivers_m3() - self.to_sea_m3
    }

    fn in_rivers_m3(&self) -> f64 {
        self.dam.stored_m3() + self.channels.iter().map(Channel::stored_m3).sum::<f64>()
    }
}

/// The first piece of the main river begins at the dam.
fn is_below_dam(reaches: &[Reach], at: usize) -> bool {
    reaches[at].main && reaches[at].number == 1
}

/// Rain of one minute of the design storm, mm.
fn design_rain_mm(minute: f64) -> f64 {
    let half = DESIGN_MINUTES / 2.0;
    let peak = DESIGN_RAIN_MM / half;
    (peak * (1.0 - (minute - half).abs() / half)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::city::ground::Ground;
    use crate::city::river;

    #[test]
    fn the_whole_city_keeps_its_water() {
        let ground = Ground::build(5);
        let reaches = river::build(&ground, 5);
        let mut water = Water::new(&ground.districts, &reaches, 0.4, 0.6);
        for minute in 0..5000 {
            let rain = vec![if minute < 300 { 0.4 } else { 0.0 }; ground.districts.len() + 1];
            water.step(&reaches, &rain, None);
        }
        assert!(water.to_sea_m3 > 1e7);
        assert!(water.balance_m3().abs() < 1.0, "{} m³", water.balance_m3());
    }

    #[test]
    fn bankfull_grows_downstream() {
        for seed in 0..5 {
            let ground = Ground::build(seed);
            let reaches = river::build(&ground, seed);
            let bankfull = Water::bankfull(&ground.districts, &reaches);
            let main: Vec<f64> = reaches.iter().zip(&bankfull).filter(|(r, _)| r.main).map(|(_, b)| b[1]).collect();
            assert!(main.windows(2).all(|pair| pair[0] < pair[1] * 1.15), "{main:?}");
            assert!(main[5] > 1.5 * main[0], "{main:?}");
        }
    }
}

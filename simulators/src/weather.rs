//! The weather: rain cells that grow, drift and die, calm-weather showers, and the temperature of the air.
//!
//! A cell is a Gaussian in space and a bell in time. Start at [`Weather::step`], which answers how much rain fell on each
//! district in one minute.

use crate::city::City;
use crate::dice::Dice;
use crate::plane::Point;
use bongsu_sensors::Time;

/// Milliseconds in a minute, the step of the whole simulation.
pub const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Korea keeps UTC+9 the whole year.
const KST_MS: i64 = 9 * 3_600_000;
/// Showers of a calm day: on average one in two and a half days.
const SHOWERS_PER_DAY: f64 = 0.4;

/// A rain cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// When its first drop falls.
    pub from: Time,
    /// How long it lives, minutes.
    pub minutes: f64,
    /// Where its middle is at half of its life.
    pub center: Point,
    /// How fast it drifts east and north, km/h.
    pub drift_km_h: Point,
    /// Standard deviation of its rain in space, km.
    pub radius_km: f64,
    /// Rain in its middle at half of its life, mm/h.
    pub peak_mm_h: f64,
}

impl Cell {
    /// Rain at a place and moment, mm/h: a bell in time (sin²) times a Gaussian in space.
    pub fn intensity_mm_h(&self, at: Point, now: Time) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a storm lasts hours, not aeons")]
        let minute = (now.millis() - self.from.millis()) as f64 / 60_000.0;
        let age = minute / self.minutes;
        if !(0.0..1.0).contains(&age) {
            return 0.0;
        }
        let hours = (minute - self.minutes / 2.0) / 60.0;
        let middle = Point::new(self.center.x + self.drift_km_h.x * hours, self.center.y + self.drift_km_h.y * hours);
        let reach = at.distance(middle) / self.radius_km;
        self.peak_mm_h * (std::f64::consts::PI * age).sin().powi(2) * (-0.5 * reach * reach).exp()
    }

    fn is_over(&self, now: Time) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "a storm lasts hours, not aeons")]
        let end = self.from.millis() + (self.minutes * 60_000.0) as i64;
        now.millis() > end
    }
}

/// The sky over one city.
#[derive(Clone, Debug)]
pub struct Weather {
    seed: u64,
    multiplier: f64,
    cells: Vec<Cell>,
    points: Vec<Point>,
    gusts: Vec<(f64, Dice)>,
    day: Option<i64>,
    air: Dice,
    air_wander: f64,
    showers: bool,
}

impl Weather {
    /// A sky with these cells, and with calm-weather showers where asked for. `multiplier` scales all rain.
    pub fn new(city: &City, seed: u64, multiplier: f64, cells: Vec<Cell>, showers: bool) -> Weather {
        let mut points: Vec<Point> = city.ground.districts.iter().map(|district| district.center).collect();
        points.push(city.headwaters);
        let gusts = (0..points.len()).map(|at| (0.0, Dice::new(seed, &format!("gust {at}")))).collect();
        let air = Dice::new(seed, "air");
        Weather { seed, multiplier, cells, points, gusts, day: None, air, air_wander: 0.0, showers }
    }

    /// Rain of the minute that ends now, mm, for each district and, last, the headwaters above the dam.
    pub fn step(&mut self, now: Time, rain_mm: &mut Vec<f64>) {
        self.open_day(now);
        self.cells.retain(|cell| !cell.is_over(now));
        self.air_wander = 0.999 * self.air_wander + 0.05 * self.air.noise();
        rain_mm.clear();
        for (point, (state, dice)) in self.points.iter().zip(&mut self.gusts) {
            // Rain is gusty: a correlated lognormal factor of mean 1 (AR(1), ten minutes, 20 %).
            *state = 0.905 * *state + 0.425 * dice.noise();
            let mm_h: f64 = self.cells.iter().map(|cell| cell.intensity_mm_h(*point, now)).sum();
            let gust = if mm_h > 0.0 { (0.2 * *state - 0.02).exp() } else { 1.0 };
            // Below this nothing reaches the ground; it also ends the tails of the Gaussian.
            let mm_h = if mm_h < 0.05 { 0.0 } else { mm_h * gust * self.multiplier };
            rain_mm.push(mm_h / 60.0);
        }
    }

    /// Air temperature, °C: season, hour of day and a slow wander.
    pub fn air_c(&self, now: Time) -> f64 {
        let (day_of_year, hour) = season(now);
        let year = (std::f64::consts::TAU * (day_of_year - 210.0) / 365.25).cos();
        let day = (std::f64::consts::TAU * (hour - 15.0) / 24.0).cos();
        12.5 + 13.5 * year + 4.0 * day + self.air_wander
    }

    /// Showers are drawn day by day, so that an endless calm needs no endless list.
    fn open_day(&mut self, now: Time) {
        let day = now.millis().div_euclid(DAY_MS);
        if !self.showers || self.day == Some(day) {
            return;
        }
        self.day = Some(day);
        let mut dice = Dice::new(self.seed, &format!("showers {day}"));
        let mut hour = dice.waiting(24.0 / SHOWERS_PER_DAY);
        while hour < 24.0 {
            #[expect(clippy::cast_possible_truncation, reason = "hours of one day")]
            let from = Time::from_millis(day * DAY_MS + (hour * 3_600_000.0) as i64);
            let center = Point::new(dice.between(2.0, 34.0), dice.between(2.0, 18.0));
            let drift_km_h = Point::new(dice.between(10.0, 22.0), dice.between(-6.0, 6.0));
            let (minutes, radius_km) = (dice.between(30.0, 70.0), dice.between(4.0, 8.0));
            let peak_mm_h = dice.between(4.0, 11.0);
            self.cells.push(Cell { from, minutes, center, drift_km_h, radius_km, peak_mm_h });
            hour += dice.waiting(24.0 / SHOWERS_PER_DAY);
        }
    }
}

/// Day of the year (from 0) and hour of the day, both local and with fractions.
fn season(now: Time) -> (f64, f64) {
    let local = now.millis() + KST_MS;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
    let (days, ms) = (local.div_euclid(DAY_MS) as f64, local.rem_euclid(DAY_MS) as f64);
    (days.rem_euclid(365.2425), ms / 3_600_000.0)
}

/// Hour of the local week, 0 to 167 from Monday midnight, and the minute within the hour.
pub fn hour_of_week(now: Time) -> (usize, u32) {
    let local = now.millis() + KST_MS;
    // 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
    let hours = local.div_euclid(3_600_000) + 72;
    let minute = local.rem_euclid(3_600_000) / MINUTE_MS;
    (usize::try_from(hours.rem_euclid(168)).unwrap_or(0), u32::try_from(minute).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday_in_korea() {
        let check = |text: &str, expect| assert_eq!(hour_of_week(Time::parse(text).expect(text)), expect, "{text}");
        check("2026-07-06T00:00:00+09:00", (0, 0));
        check("2026-07-12T23:59:00+09:00", (167, 59));
    }

    #[test]
    fn a_cell_rains_most_in_its_middle_at_half_of_its_life() {
        let from = Time::from_millis(0);
        let center = Point::new(5.0, 5.0);
        let cell =
            Cell { from, minutes: 60.0, center, drift_km_h: Point::new(0.0, 0.0), radius_km: 2.0, peak_mm_h: 50.0 };
        let at = |minute: i64, x: f64| cell.intensity_mm_h(Point::new(x, 5.0), Time::from_millis(minute * MINUTE_MS));
        assert!((at(30, 5.0) - 50.0).abs() < 1e-9);
        assert!((at(30, 7.0) - 50.0 * (-0.5_f64).exp()).abs() < 1e-9);
        assert!(at(10, 5.0) < at(20, 5.0) && at(61, 5.0) == 0.0 && at(-1, 5.0) == 0.0);
    }
}

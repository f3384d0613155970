//! The rhythm of a city's week: when people are about, as a share of the busiest hour.

/// How many people are about in this hour of the week (0 to 167 from Monday midnight), 0 to 1.
pub fn people_about(hour_of_week: usize, minute: u32) -> f64 {
    let here = at(hour_of_week);
    let next = at((hour_of_week + 1) % 168);
    here + (next - here) * f64::from(minute) / 60.0
}

/// Cars on the road, 0 to 1: rush hours on working days, a flat afternoon at the week-end.
pub fn cars_about(hour_of_week: usize) -> f64 {
    let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
    match (day < 5, hour) {
        (true, 7..=9) => 1.0,
        (true, 17..=19) => 0.95,
        (true, 10..=16) => 0.7,
        (false, 11..=18) => 0.75,
        (_, 6 | 20..=22) => 0.4,
        (_, 23 | 0) => 0.15,
        (_, 1..=5) => 0.06,
        _ => 0.35,
    }
}

fn at(hour_of_week: usize) -> f64 {
    let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
    match (day < 5, hour) {
        (_, 1..=5) => 0.04,
        (_, 0 | 6) => 0.1,
        (true, 7..=9) => 0.55,
        (true, 10..=11) => 0.45,
        (true, 12..=13) => 0.75,
        (true, 14..=17) => 0.6,
        (true, 18..=20) => 1.0,
        (true, _) => 0.5,
        (false, 7..=10) => 0.25,
        (false, 11..=13) => 0.7,
        (false, 14..=19) => 0.95,
        (false, _) => 0.55,
    }
}

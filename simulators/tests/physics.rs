//! What the city does as a whole, judged against the truth it records: floods flood, calm is calm, water takes its time.

use bongsu_sensors::{Level, Time};
use bongsu_simulators::city::station::Role;
use bongsu_simulators::{City, Emission, Scenario, Settings, Simulation, Size, scenario};
use std::collections::BTreeMap;
use std::time::Duration;

/// 2026-07-08 09:00 in Seoul.
const START: &str = "2026-07-08T00:00:00Z";

fn hours(count: f64) -> Duration {
    Duration::from_secs_f64(count * 3600.0)
}

fn start() -> Time {
    Time::parse(START).expect("a time")
}

fn simulation(name: &str, seed: u64, rain: f64, size: Size) -> Simulation {
    let scenario = Scenario::named(name).expect(name);
    let settings = Settings { seed, rain, ..Settings::default() };
    Simulation::new(City::build(seed, size), scenario, &settings, start()).expect("a plain setup")
}

/// Runs a scenario in a city of rivers and rain only, and answers the simulation with all it sent.
fn run(name: &str, seed: u64, rain: f64, length: Duration) -> (Simulation, Vec<Emission>) {
    let mut simulation = simulation(name, seed, rain, Size::stations(0));
    let mut out = Vec::new();
    simulation.step_until(start() + length, &mut out);
    (simulation, out)
}

/// The river gauges by id with their limit of a level.
fn gauges(simulation: &Simulation) -> Vec<(usize, f64)> {
    let city = simulation.city();
    city.gauges().map(|at| (at, city.stations[at].limit(Level::Advisory).expect("levels"))).collect()
}

fn highest_river(simulation: &Simulation) -> Level {
    let city = simulation.city();
    city.gauges().map(|at| simulation.truth().highest(&city.stations[at].id)).max().unwrap_or(Level::None)
}

#[test]
fn thirty_calm_days_stay_far_below_every_level() {
    for seed in 1..=5 {
        let (simulation, _) = run("calm", seed, 1.0, hours(30.0 * 24.0));
        assert_eq!(simulation.truth().crossings, [], "seed {seed}");
        for (at, limit) in gauges(&simulation) {
            let station = &simulation.city().stations[at];
            let Role::Gauge { rating, .. } = station.role else { continue };
            let (peak, _) = simulation.truth().peaks[at].expect("noted");
            let margin = (limit - peak) / rating.depth_m;
            assert!(margin > 0.1, "seed {seed}: {} peaks at {peak:.2} of {limit:.2} m", station.id);
        }
        let rained: f64 = simulation.rained_mm().iter().copied().fold(0.0, f64::max);
        assert!(rained > 1.0 && rained < 120.0, "seed {seed}: {rained} mm");
    }
}

#[test]
fn a_storm_rises_through_the_levels_and_is_gone_within_a_day() {
    let mut warned = 0;
    for seed in 1..=5 {
        let (simulation, _) = run("storm", seed, 1.0, hours(36.0));
        let truth = simulation.truth();
        warned += usize::from(highest_river(&simulation) >= Level::Warning);
        let rising = truth.crossings.iter().filter(|crossing| crossing.rising && crossing.level == Level::Advisory);
        let first = rising.map(|crossing| crossing.at).min().expect("an advisory");
        let after = first.since(start());
        assert!(after >= hours(3.0) && after <= hours(8.0), "seed {seed}: first advisory after {after:?}");
        for (at, limit) in gauges(&simulation) {
            let value = truth.values[at].expect("noted");
            assert!(value < limit, "seed {seed}: {} is still high", simulation.city().stations[at].id);
            assert!(truth.fastest_10m[at] < 0.95, "seed {seed}: {} m in 10 min", truth.fastest_10m[at]);
        }
        assert!(simulation.water().balance_m3().abs() < 5.0, "seed {seed}: {} m³", simulation.water().balance_m3());
    }
    assert!(warned >= 4, "a warning in {warned} of 5 seeds");
}

/// Two weeks before a storm have floods and rivers that come near without one, and the storm still is one.
#[test]
fn the_days_before_have_floods_and_near_ones_and_leave_the_storm_as_it_is() {
    let before = hours(14.0 * 24.0);
    let (mut flooded, mut near, mut warned) = (0, 0, 0);
    for seed in 1..=3 {
        let city = City::build(seed, Size::stations(0));
        let settings = Settings { seed, before, ..Settings::default() };
        let storm = Scenario::named("storm").expect("a scenario");
        let mut simulation = Simulation::new(city, storm, &settings, start()).expect("a plain setup");
        assert_eq!(simulation.next_minute(), start() - before);
        simulation.step_until(start(), &mut Vec::new());
        let truth = simulation.truth();
        for at in simulation.city().gauges() {
            let station = &simulation.city().stations[at];
            let limit = |level| station.limit(level).expect("levels");
            let (peak, _) = truth.peaks[at].expect("noted");
            let span = limit(Level::Watch) - limit(Level::Advisory);
            flooded += usize::from(peak >= limit(Level::Watch));
            near += usize::from((limit(Level::Watch) - span..limit(Level::Watch)).contains(&peak));
            assert!(truth.values[at].expect("noted") < limit(Level::Advisory), "seed {seed}: {} is high", station.id);
        }
        let crossed = truth.crossings.len();
        simulation.step_until(start() + hours(36.0), &mut Vec::new());
        let risen = simulation.truth().crossings[crossed..].iter();
        warned += usize::from(risen.map(|crossing| crossing.level).max() >= Some(Level::Warning));
        assert!(simulation.water().balance_m3().abs() < 5.0, "seed {seed}: {} m³", simulation.water().balance_m3());
    }
    assert!(flooded >= 3 && near >= 3, "{flooded} gauges flooded, {near} came near");
    assert!(warned == 3, "a warning in {warned} of 3 seeds");
}

#[test]
fn a_third_of_the_rain_brings_no_flood() {
    for seed in 1..=5 {
        let mut simulation = simulation("storm", seed, 0.3, Size::default());
        let most = most_rain_in_3h(&mut simulation, 30);
        assert_eq!(simulation.truth().crossings, [], "seed {seed}");
        assert!(most < 60.0, "seed {seed}: {most} mm in 3 h");
    }
}

/// The most rain on one district in three hours, mm, while a simulation passes so many hours.
fn most_rain_in_3h(simulation: &mut Simulation, length: u64) -> f64 {
    let mut rained = vec![simulation.rained_mm().to_vec()];
    for step in 1..=6 * length {
        simulation.step_until(start() + Duration::from_secs(600 * step), &mut Vec::new());
        rained.push(simulation.rained_mm().to_vec());
    }
    let spans = rained.iter().skip(18).zip(&rained);
    spans.flat_map(|(after, before)| after.iter().zip(before).map(|(a, b)| a - b)).fold(0.0, f64::max)
}

#[test]
fn a_storm_is_as_heavy_as_the_country_knows_them() {
    for seed in 1..=5 {
        let most = most_rain_in_3h(&mut simulation("storm", seed, 1.0, Size::stations(0)), 14);
        assert!((90.0..250.0).contains(&most), "seed {seed}: {most} mm in 3 h");
    }
}

#[test]
fn the_peak_travels_downstream() {
    for seed in 1..=5 {
        let (simulation, _) = run("dam_release", seed, 1.0, hours(20.0));
        let city = simulation.city();
        let firsts: Vec<Time> = (1..=6)
            .map(|number| {
                let at = city.station_named(&format!("mir-{number}")).expect("a gauge of the main river");
                simulation.truth().peaks[at].expect("noted").1
            })
            .collect();
        // The tide moves the last two peaks a little, so order is asked of the four above it and of both ends.
        assert!(firsts[..4].is_sorted() && firsts[0] < firsts[3], "seed {seed}: {firsts:?}");
        assert!(firsts[5].since(firsts[0]) > hours(0.7), "seed {seed}: {firsts:?}");
    }
}

#[test]
fn a_dam_release_raises_the_river_without_rain() {
    for seed in 1..=5 {
        let (released, _) = run("dam_release", seed, 1.0, hours(14.0));
        assert!(released.rained_mm().iter().all(|rain| *rain == 0.0), "seed {seed}");
        assert!(highest_river(&released) >= Level::Watch, "seed {seed}");
        let (calm, _) = run("calm", seed, 0.0, hours(14.0));
        for number in 1..=6 {
            let at = released.city().station_named(&format!("mir-{number}")).expect("a gauge");
            let peak = |simulation: &Simulation| simulation.truth().peaks[at].expect("noted").0;
            assert!(peak(&released) > peak(&calm) + 0.5, "seed {seed}: mir-{number}");
        }
    }
}

#[test]
fn a_flash_flood_is_up_within_the_hour_and_believable() {
    for seed in 1..=20 {
        let (simulation, out) = run("flash_flood", seed, 1.0, hours(14.0));
        let (city, truth) = (simulation.city(), simulation.truth());
        let fastest = city
            .gauges()
            .filter(|at| matches!(city.stations[*at].role, Role::Gauge { reach, .. } if !city.reaches[reach].main))
            .filter_map(|at| {
                let id = &city.stations[at].id;
                Some(truth.first(id, Level::Warning)?.since(truth.first(id, Level::Advisory)?))
            })
            .min();
        assert!(fastest.is_some_and(|time| time < hours(1.0)), "seed {seed}: {fastest:?}");
        assert_rates_are_believable(seed, city, &out);
    }
}

/// No honest reading changes faster than its kind says anything can.
fn assert_rates_are_believable(seed: u64, city: &City, out: &[Emission]) {
    let mut last: BTreeMap<(String, String), (Time, f64)> = BTreeMap::new();
    for emission in out {
        for (name, value) in &emission.values {
            let (Some(value), Some((most, within))) = (*value, name.kind().max_rate) else { continue };
            let (low, high) = name.kind().range;
            assert!((low..=high).contains(&value), "seed {seed}: {} {name} = {value}", emission.station);
            let key = (emission.station.to_string(), name.to_string());
            if let Some((then, before)) = last.insert(key, (emission.phenomenon, value)) {
                let share = emission.phenomenon.since(then).as_secs_f64() / within.as_secs_f64();
                let change = (value - before).abs();
                assert!(change <= most * share.max(0.1) + 1e-9, "seed {seed}: {} {name} {change}", emission.station);
            }
        }
    }
    assert!(last.len() >= city.gauges().count());
}

#[test]
fn honest_sensors_are_believable_in_every_weather() {
    for (name, seed) in [("storm", 2), ("bridge_damage", 3), ("outage", 1), ("dam_release", 4)] {
        let mut simulation = simulation(name, seed, 1.0, Size::default());
        let mut out = Vec::new();
        simulation.step_until(start() + hours(12.0), &mut out);
        assert_rates_are_believable(seed, simulation.city(), &out);
    }
}

#[test]
fn the_seed_moves_the_storm() {
    let crossing = |seed| {
        let (simulation, _) = run("storm", seed, 1.0, hours(12.0));
        let first = simulation.truth().crossings.iter().find(|crossing| crossing.rising).cloned();
        first.map(|crossing| (crossing.station.to_string(), crossing.at))
    };
    let firsts: std::collections::BTreeSet<_> = (1..=5).map(crossing).collect();
    let places: std::collections::BTreeSet<_> = firsts.iter().flatten().map(|(place, _)| place).collect();
    assert!(firsts.len() >= 4 && places.len() >= 2, "{firsts:?}");
}

#[test]
fn every_scenario_does_what_it_says() {
    let happens = |name: &str, what: &str| {
        let mut simulation = simulation(name, 3, 1.0, Size::default());
        let mut out = Vec::new();
        simulation.step_until(start() + hours(24.0), &mut out);
        let named: Vec<&str> = simulation.truth().happenings.iter().map(|happening| happening.what).collect();
        assert!(what.is_empty() || named.contains(&what), "{name}: {named:?}");
        (simulation, out)
    };
    for scenario in scenario::ALL {
        happens(scenario.name, "");
    }
    let (bridge, _) = happens("bridge_damage", "damage");
    let struck = bridge.truth().happenings[0].station.clone().expect("a bridge");
    assert!(bridge.truth().highest(&struck) >= Level::Watch);
    let (fire, out) = happens("charger_fire", "runaway");
    let burning = fire.truth().happenings[0].station.clone().expect("a kiosk");
    let said: Vec<&Emission> = out.iter().filter(|emission| emission.station == burning).collect();
    let hottest =
        said.iter().flat_map(|e| &e.values).filter(|(name, _)| name.kind().name == "charger_slot_temperature");
    assert!(hottest.filter_map(|(_, value)| *value).fold(0.0, f64::max) > 90.0);
    let silent_since = start() + hours(24.0) - hours(6.0);
    assert!(said.iter().all(|emission| emission.phenomenon < silent_since), "a burnt kiosk still speaks");
    let (dark, out) = happens("outage", "blackout");
    let cut = dark.truth().happenings[0].clone();
    let during = |e: &&Emission| e.phenomenon > cut.from + hours(0.1) && Some(e.phenomenon) < cut.until;
    let no_mains =
        |e: &&Emission| e.values.iter().any(|(name, v)| name.kind().name == "mains_power" && *v == Some(0.0));
    let wifi_down = |e: &&Emission| e.values.iter().any(|(name, v)| name.kind().name == "wifi_up" && *v == Some(0.0));
    let lost = out.iter().filter(during).filter(|e| no_mains(e) || wifi_down(e)).count();
    assert!(lost > 0 || dark.city().stations.iter().all(|s| s.streams.is_empty()), "nothing felt the power cut");
}

//! Prints what a scenario truly does for some seeds, and how fast it is generated.
//!
//! `cargo run --release -p bongsu-simulators --example figures -- [scenario] [rain] [stations] [hours] [seeds]`

use bongsu_sensors::{Level, Time};
use bongsu_simulators::{City, Scenario, Settings, Simulation, Size};
use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: f64| args.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(default);
    let name = args.first().map_or("storm", String::as_str);
    let Some(scenario) = Scenario::named(name) else {
        eprintln!("no scenario {name:?}");
        return;
    };
    let (rain, hours) = (number(1, 1.0), number(3, 36.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count typed by a person")]
    let size = args.get(2).map_or(Size::default(), |_| Size::stations(number(2, 100.0) as usize));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count typed by a person")]
    let seeds = number(4, 5.0) as u64;
    for seed in 1..=seeds {
        let city = City::build(seed, size);
        let start = Time::from_millis(1_783_468_800_000);
        let settings = Settings { seed, rain, ..Settings::default() };
        let Ok(mut simulation) = Simulation::new(city, scenario, &settings, start) else { return };
        let began = Instant::now();
        let (mut out, mut messages, mut values) = (Vec::new(), 0, 0);
        let mut at = start;
        let mut rained = vec![simulation.rained_mm().to_vec()];
        let end = start + Duration::from_secs_f64(hours * 3600.0);
        while at < end {
            at = (at + Duration::from_secs(600)).min(end);
            simulation.step_until(at, &mut out);
            rained.push(simulation.rained_mm().to_vec());
            messages += out.len();
            values += out.iter().map(|emission| emission.values.len()).sum::<usize>();
            out.clear();
        }
        let took = began.elapsed().as_secs_f64();
        let events = simulation.take_events(end).len();
        println!("seed {seed}: {messages} messages, {values} values, {events} events in {took:.2} s");
        let most = |steps| most_within(&rained, steps);
        println!("  most rain in 1, 3, 12 h: {:.0}, {:.0}, {:.0} mm on one district", most(6), most(18), most(72));
        report(&simulation, start);
    }
}

/// The most rain on one district within so many steps.
fn most_within(rained: &[Vec<f64>], steps: usize) -> f64 {
    let later = rained.iter().skip(steps);
    later.zip(rained).flat_map(|(after, before)| after.iter().zip(before).map(|(a, b)| a - b)).fold(0.0, f64::max)
}

fn report(simulation: &Simulation, start: Time) {
    let (city, truth) = (simulation.city(), simulation.truth());
    let hour = |time: Time| time.since(start).as_secs_f64() / 3600.0;
    let most = simulation.rained_mm().iter().copied().fold(0.0, f64::max);
    println!("  most rain {most:.0} mm, balance {:.3} m3", simulation.water().balance_m3());
    for (at, station) in city.stations.iter().enumerate() {
        let highest = truth.highest(&station.id);
        let (Some((peak, when)), Some(limit)) = (truth.peaks[at], station.limit(Level::Advisory)) else { continue };
        let gauge = station.streams.first().is_some_and(|stream| stream.name.kind().name == "river_stage");
        if highest == Level::None && !(gauge && peak > 0.8 * limit) {
            continue;
        }
        let firsts = Level::RAISED
            .map(|level| truth.first(&station.id, level).map_or("-".into(), |t| format!("{:.1}", hour(t))));
        let fell =
            truth.crossings.iter().rev().find(|c| !c.rising && c.level == Level::Advisory && c.station == station.id);
        println!(
            "  {:14} {highest:9} peak {peak:7.2} (advisory {limit:.2}) at {:5.1} h; levels at {}; below at {}; fastest {:.2}/10min",
            station.id.as_str(),
            hour(when),
            firsts.join(" "),
            fell.map_or("-".into(), |c| format!("{:.1}", hour(c.at))),
            truth.fastest_10m[at],
        );
    }
    for happening in &truth.happenings {
        println!("  {} {:?} {:?} at {:.1} h", happening.what, happening.station, happening.area, hour(happening.from));
    }
}

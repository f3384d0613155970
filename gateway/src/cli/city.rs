//! What `demo` and `simulate` share: a simulated city and what happens to it, as arguments.

use bongsu_sensors::time::parse_duration;
use bongsu_sensors::{Level, Time};
use bongsu_simulators::fault::{self, FaultKind};
use bongsu_simulators::{City, FaultOrder, Scenario, Settings, Simulation, Size, scenario};
use miette::{IntoDiagnostic, miette};
use std::time::Duration;

/// When a fault that is asked for begins, and how long it lasts.
const FAULT_AFTER: Duration = Duration::from_secs(2 * 3600);
const FAULT_LASTS: Duration = Duration::from_secs(20 * 3600);

/// The longest past that is made: what the console looks back on.
const LONGEST_BEFORE: Duration = Duration::from_secs(30 * 86_400);

/// A simulated city and what happens to it.
#[derive(Clone, Debug, clap::Args)]
pub struct CityArguments {
    /// What happens: calm, storm, flash_flood, dam_release, bridge_damage, charger_fire, outage, lying_sensor
    #[arg(long, default_value = "storm", value_name = "NAME")]
    scenario: String,
    /// Which city, and where and when it happens in it
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How hard it rains, as a part of what the scenario says
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    rain: f64,
    /// About how many stations
    #[arg(long = "station-count", default_value_t = 100, value_name = "NUMBER")]
    stations: usize,
    /// A sensor that fails two hours in, for twenty hours: a way to fail, and where else than at a gauge the seed picks a
    /// station, such as drift or stuck@mir-3: drop_out, drift, spike, stuck, duplicate, late, clock_skew, sudden_death
    #[arg(long = "fault", value_name = "NAME[@STATION]")]
    faults: Vec<String>,
    /// How often every station sends, such as 1m [default: each kind of station at its own pace]
    #[arg(long, value_name = "DURATION")]
    cadence: Option<String>,
    /// Days before it, such as 14d, in which lesser storms pass: a past to look back on and to tune rules by
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    before: String,
}

/// What will truly happen, known because the city is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Foresight {
    /// How long after the start a river first reaches each level; `None`: none does within two days.
    pub river: [Option<Duration>; 3],
}

impl CityArguments {
    /// How long before what happens the city begins.
    ///
    /// # Errors
    /// It is no duration of at most [`LONGEST_BEFORE`].
    pub fn before(&self) -> miette::Result<Duration> {
        let before = parse_duration(&self.before).filter(|before| *before <= LONGEST_BEFORE);
        before.ok_or_else(|| miette!(help = "write it as 14d, 30d at most", "--before {} is too much", self.before))
    }

    /// The simulation, and the city it takes place in; what happens is counted from `start`.
    ///
    /// # Errors
    /// An unknown scenario, or a setting that fits no city.
    pub fn build(&self, start: Time) -> miette::Result<Simulation> {
        let scenario = self.scenario()?;
        if !(self.rain.is_finite() && (0.0..=10.0).contains(&self.rain)) {
            return Err(miette!(help = "write a number from 0 to 10", "--rain {} is no rain", self.rain));
        }
        let city = City::build(self.seed, Size::stations(self.stations));
        let cadence = match &self.cadence {
            None => None,
            Some(text) => {
                Some(parse_duration(text).filter(|cadence| *cadence >= Duration::from_secs(60)).ok_or_else(|| {
                    miette!(help = "write it as 1m or 10m, a minute at least", "{text:?} is no cadence")
                })?)
            }
        };
        let faults = self.faults.iter().map(|text| fault(text)).collect::<miette::Result<_>>()?;
        let before = self.before()?;
        let settings = Settings { seed: self.seed, rain: self.rain, faults, cadence, before };
        Simulation::new(city, scenario, &settings, start).into_diagnostic()
    }

    /// The scenario.
    ///
    /// # Errors
    /// No scenario has this name.
    pub fn scenario(&self) -> miette::Result<&'static Scenario> {
        Scenario::named(&self.scenario).ok_or_else(|| {
            let known: Vec<&str> = scenario::ALL.iter().map(|scenario| scenario.name).collect();
            let help = format!("known scenarios: {}", known.join(", "));
            miette!(help = help, "no scenario {:?}", self.scenario)
        })
    }

    /// Runs the city ahead of time, which takes a fraction of a second, to say what will happen.
    ///
    /// # Errors
    /// As [`CityArguments::build`].
    pub fn foresee(&self, start: Time) -> miette::Result<Foresight> {
        let mut simulation = self.build(start)?;
        simulation.step_until(start + Duration::from_secs(48 * 3600), &mut Vec::new());
        let crossings = &simulation.truth().crossings;
        let first = |level: Level| {
            crossings
                .iter()
                .filter(|crossing| crossing.level == level && crossing.at >= start)
                .map(|crossing| crossing.at.since(start))
                .min()
        };
        Ok(Foresight { river: [Level::Advisory, Level::Watch, Level::Warning].map(first) })
    }
}

/// A fault as it is written: `drift`, or `stuck@mir-3`.
fn fault(text: &str) -> miette::Result<FaultOrder> {
    let (name, station) = text.split_once('@').map_or((text, None), |(name, station)| (name, Some(station)));
    let kind = FaultKind::named(name).ok_or_else(|| {
        let known: Vec<&str> = fault::ALL.iter().map(|kind| kind.name).collect();
        miette!(help = format!("known faults: {}", known.join(", ")), "no fault {name:?}")
    })?;
    let station = station.map(str::to_owned);
    Ok(FaultOrder { kind, station, after: FAULT_AFTER, lasting: FAULT_LASTS })
}

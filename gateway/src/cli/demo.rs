//! `bongsu demo`: a simulated city floods, everything embedded in this one process, under a clock that runs ahead.
//!
//! Nothing is scripted: the city publishes over MQTT like any other, the pipeline decides, and whoever publishes a
//! flood to one gauge from outside raises that gauge's incident.

use super::city::{CityArguments, Foresight};
use super::serve::say_ready;
use super::{Ended, Globals};
use crate::alert::words::Language;
use crate::app::{App, Options};
use crate::clock::{FASTEST, Lead};
use crate::config::Config;
use crate::inventory;
use crate::pipeline::Pipeline;
use crate::replay;
use crate::shelf::Shelf;
use crate::source::simulated::Simulated;
use crate::store::Store;
use bongsu_rules::Engine;
use bongsu_rules::incident::Status;
use bongsu_sensors::Time;
use bongsu_simulators::Simulation;
use bongsu_simulators::publish::{PublishSettings, publish};
use miette::{IntoDiagnostic, WrapErr, miette};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// When the demonstration begins: a summer morning in the rainy season.
const START: &str = "2026-07-08T06:00:00+09:00";

/// Watch a simulated city flood: everything in this one process, for practice only
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    city: CityArguments,
    /// How much faster than life
    #[arg(long, default_value_t = 1000.0, value_name = "FACTOR")]
    speed: f64,
    /// Keep the data folder; without it nothing is left behind
    #[arg(long)]
    keep: bool,
    /// Do not open the page in a browser
    #[arg(long)]
    no_open: bool,
    /// Print the line that says it is ready as a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs until it is interrupted.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let start = Time::parse(START).into_diagnostic()?;
    if !(arguments.speed > 0.0 && arguments.speed <= FASTEST) {
        return Err(miette!(
            help = format!("write a number up to {FASTEST}"),
            "--speed {} is no speed",
            arguments.speed
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().into_diagnostic()?;
    // Heard before anything is made that would be left behind.
    let stop = asked_to_stop(&runtime)?;
    let foresight = arguments.city.foresee(start)?;
    let mut simulation = arguments.city.build(start)?;
    let folder = tempfile::Builder::new().prefix("bongsu-demo-").tempdir().into_diagnostic()?;
    let mut config = globals.start(Vec::new())?;
    prepare(&mut config, &simulation, folder.path())?;
    if simulation.next_minute() < start {
        live_until(start, &mut simulation, &config, &stop)?;
    }
    if stop.is_cancelled() {
        return Ok(Ended::Well);
    }
    let data = if arguments.keep { folder.keep() } else { folder.path().to_owned() };
    runtime.block_on(async {
        // Time goes on as the city speaks: it begins when somebody can watch, and waits for a machine that is busy.
        let lead = Lead::begin(start, arguments.speed);
        let mut app = App::start(Options { config, clock: lead.clock(), status: Status::Exercise }).await?;
        say_ready(&app, arguments.json, output)?;
        tell(arguments, &app, foresight)?;
        if !arguments.no_open {
            open(&page(&app));
        }
        let address: SocketAddr = app.addresses.mqtt.parse().into_diagnostic()?;
        let lead = Mutex::new(lead);
        let now = move || lead.lock().unwrap_or_else(PoisonError::into_inner).go_on();
        let settings = PublishSettings::new(address, Arc::new(now));
        let stop = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = app.ended() => {}
            }
        };
        let report = publish(&mut simulation, settings, stop).await;
        for complaint in &report.complaints {
            tracing::warn!("the simulated city: {complaint}");
        }
        app.stop().await?;
        eprintln!("{} messages were sent, {} acknowledged.", report.sent, report.acked);
        if arguments.keep {
            eprintln!("Everything is kept in {}.", data.display());
        }
        Ok(Ended::Well)
    })
}

/// Cancelled when somebody interrupts the program.
fn asked_to_stop(runtime: &tokio::runtime::Runtime) -> miette::Result<CancellationToken> {
    let _inside = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        asked.cancel();
    });
    Ok(stop)
}

/// A configuration of its own: the simulated city, a folder of its own, and ports that are free.
fn prepare(config: &mut Config, simulation: &Simulation, folder: &Path) -> miette::Result<()> {
    let city = simulation.city();
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).into_diagnostic().wrap_err("failed to write the simulated city")
    };
    write("stations.toml", city.stations_toml())?;
    write("areas.geojson", city.areas_geojson())?;
    config.stations = folder.join("stations.toml");
    config.data = folder.join("data");
    config.store.path = config.data.join("city.db");
    config.city.sender_name = "Bongsu demo".into();
    config.city.languages = Language::ALL.map(|language| language.code().to_owned()).to_vec();
    // The city publishes like any device, and so may you: it is a laptop's trial on the loopback address.
    config.mqtt.allow_anonymous_devices = true;
    let listeners = [
        &mut config.mqtt.listen,
        &mut config.public.listen,
        &mut config.operator.listen,
        &mut config.operator.mqtt_listen,
    ];
    for listen in listeners {
        if TcpListener::bind(*listen).is_err() {
            listen.set_port(0);
        }
    }
    Ok(())
}

/// The days before it: the same pipeline decides what the city says, into the same store, as fast as it can.
fn live_until(
    start: Time,
    simulation: &mut Simulation,
    config: &Config,
    stop: &CancellationToken,
) -> miette::Result<()> {
    let (catalog, _) = inventory::catalog(&config.stations)?;
    let rules = inventory::rules(&Shelf::of(config))?;
    std::fs::create_dir_all(&config.data).into_diagnostic().wrap_err("failed to make the data folder")?;
    let store = Store::open(&config.store.path, Status::Exercise, config.limits.dead_letters)?;
    let begins = simulation.next_minute();
    let minutes = |until: Time| until.since(begins).as_secs() / 60;
    let bar = replay::bar(minutes(start));
    bar.set_message("the days before");
    let source = Simulated::until(simulation, start, stop.clone());
    let engine = Engine::new(Status::Exercise);
    let mut pipeline = Pipeline::new(source, engine, store, 0, config.limits.batch_readings);
    pipeline.take_up(begins, catalog, rules, Arc::default())?;
    let counts = pipeline.run(|source, _| bar.set_position(minutes(source.now())))?;
    bar.finish_and_clear();
    eprintln!("The days before: {} observations, {} changes of incidents.", counts.observations, counts.transitions);
    Ok(())
}

/// What will happen and when, in one sentence, and where to watch it.
fn tell(arguments: &Arguments, app: &App, foresight: Foresight) -> miette::Result<()> {
    let scenario = arguments.city.scenario()?;
    let seconds = |after: Duration| (after.as_secs_f64() / arguments.speed).round();
    let when = match foresight.river {
        [Some(advisory), Some(watch), Some(warning)] => format!(
            "rivers reach advisory in about {} s, watch in {} s and warning in {} s",
            seconds(advisory),
            seconds(watch),
            seconds(warning)
        ),
        [Some(advisory), ..] => format!("a river reaches advisory in about {} s", seconds(advisory)),
        _ => "no river reaches a level".to_owned(),
    };
    let mqtt = &app.addresses.mqtt;
    let (host, port) = mqtt.rsplit_once(':').unwrap_or((mqtt, ""));
    eprintln!("EXERCISE. {} At {} times the speed of life {when}.", scenario.story.1, arguments.speed);
    eprintln!("  the page        {}", page(app));
    // Where nobody can log in yet, the one-time link leads in.
    eprintln!("  the console     {}", app.addresses.welcome.as_ref().unwrap_or(&app.addresses.operator));
    eprintln!("  over MQTT       mosquitto_sub -h {host} -p {port} -t 'bongsu/v1/exercise/#' -v");
    eprintln!("  as events       curl -N {}/events", app.addresses.public);
    eprintln!("Ctrl-C ends it.");
    Ok(())
}

/// The page that reloads itself.
fn page(app: &App) -> String {
    format!("{}/?live=1", app.addresses.public)
}

/// Opens the page where there is a screen.
fn open(address: &str) {
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_screen {
        // Where it cannot be opened the address stands on the terminal.
        let _ = Command::new("xdg-open").arg(address).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}

//! `bongsu simulate`: a simulated city, published to any broker or written as files for `bongsu replay`.

use super::city::CityArguments;
use super::{Ended, Globals, output_failed, write_json};
use crate::clock::Clock;
use bongsu_sensors::time::parse_duration;
use bongsu_sensors::{StationId, Time};
use bongsu_simulators::publish::{Login, PublishSettings, publish};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Simulate a city: write its observations as files, or publish them to a broker
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    city: CityArguments,
    /// When it begins (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// How long it lasts, such as 36h
    #[arg(long = "for", value_name = "DURATION", default_value = "36h")]
    lasting: String,
    /// Write stations.toml, areas.geojson and observations.csv to this folder
    #[arg(long, value_name = "DIR", required_unless_present = "mqtt")]
    out: Option<PathBuf>,
    /// Publish to the broker at this host and port, such as localhost:1883
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "out")]
    mqtt: Option<String>,
    /// How much faster than life to publish
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
    /// The user name of all stations
    #[arg(long, value_name = "NAME", requires_all = ["mqtt", "password_file"])]
    username: Option<String>,
    /// A file that holds its password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file of what `bongsu devices add STATION --json` printed, a line for each station; with --connections of as
    /// many as stations each logs in as itself
    #[arg(long, value_name = "FILE", requires = "mqtt", conflicts_with = "username")]
    credentials: Option<PathBuf>,
    /// Most connections; with as many as stations each has its own
    #[arg(long, default_value_t = 8, value_name = "NUMBER")]
    connections: usize,
    /// Print what was done as a JSON object
    #[arg(long)]
    json: bool,
}

/// What was published, as it is printed.
#[derive(Serialize)]
struct Published {
    sent: u64,
    acknowledged: u64,
    refused: u64,
    reconnects: u64,
    most_behind_s: f64,
}

/// What was written, as it is printed.
#[derive(Serialize)]
struct Written {
    stations: usize,
    observations: u64,
}

/// A line of what `devices add --json` prints.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Simulates until the time is up, or it is interrupted.
pub fn run(arguments: &Arguments, _: &Globals, output: &mut dyn Write) -> miette::Result<Ended> {
    let start = match &arguments.start {
        Some(text) => Time::parse(text).into_diagnostic()?,
        None => Clock::System.now(),
    };
    let lasting = parse_duration(&arguments.lasting)
        .ok_or_else(|| miette!(help = "write it as 36h or 7d", "{:?} is no duration", arguments.lasting))?;
    match (&arguments.out, &arguments.mqtt) {
        (Some(folder), _) => write_files(arguments, folder, start, lasting, output),
        (None, Some(address)) => publish_to(arguments, resolve(address)?, start, lasting, output),
        (None, None) => Err(miette!("name a folder with --out, or a broker with --mqtt")),
    }
}

fn write_files(
    arguments: &Arguments,
    folder: &Path,
    start: Time,
    lasting: Duration,
    output: &mut dyn Write,
) -> miette::Result<Ended> {
    let failed = || format!("failed to write to {}", folder.display());
    let mut simulation = arguments.city.build(start + arguments.city.before()?)?;
    fs::create_dir_all(folder).into_diagnostic().wrap_err_with(failed)?;
    let city = simulation.city().clone();
    fs::write(folder.join("stations.toml"), city.stations_toml()).into_diagnostic().wrap_err_with(failed)?;
    fs::write(folder.join("areas.geojson"), city.areas_geojson()).into_diagnostic().wrap_err_with(failed)?;
    let file = fs::File::create(folder.join("observations.csv")).into_diagnostic().wrap_err_with(failed)?;
    let mut file = io::BufWriter::new(file);
    writeln!(file, "time,station,kind,value").into_diagnostic().wrap_err_with(failed)?;
    let mut emissions = Vec::new();
    let mut rows = 0_u64;
    let end = start + lasting;
    let mut at = start;
    while at < end {
        at = (at + Duration::from_secs(3600)).min(end);
        emissions.clear();
        simulation.step_until(at, &mut emissions);
        for emission in &emissions {
            for (name, value) in &emission.values {
                let value = value.map(|value| value.to_string()).unwrap_or_default();
                let station: &StationId = &emission.station;
                writeln!(file, "{},{station},{name},{value}", emission.phenomenon)
                    .into_diagnostic()
                    .wrap_err_with(failed)?;
                rows += 1;
            }
        }
    }
    file.flush().into_diagnostic().wrap_err_with(failed)?;
    let stations = city.stations.len();
    if arguments.json {
        write_json(&Written { stations, observations: rows }, output)?;
    } else {
        writeln!(output, "{rows} observations of {stations} stations in {}", folder.display())
            .map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

/// The address behind a host and a port.
fn resolve(text: &str) -> miette::Result<SocketAddr> {
    let help = "write it as localhost:1883";
    let mut found = text.to_socket_addrs().map_err(|error| miette!(help = help, "{text:?} is no broker: {error}"))?;
    found.next().ok_or_else(|| miette!(help = help, "{text:?} has no address"))
}

/// Who logs in how: a single login for all, or one for each station.
fn logins(arguments: &Arguments) -> miette::Result<BTreeMap<String, Login>> {
    let read = |file: &Path| {
        fs::read_to_string(file).into_diagnostic().wrap_err_with(|| format!("failed to read {}", file.display()))
    };
    if let (Some(username), Some(file)) = (&arguments.username, &arguments.password_file) {
        let login = Login { username: username.clone(), password: read(file)?.trim_end().to_owned() };
        return Ok(BTreeMap::from([("*".to_owned(), login)]));
    }
    let Some(file) = &arguments.credentials else { return Ok(BTreeMap::new()) };
    let mut logins = BTreeMap::new();
    for (line, text) in (1..).zip(read(file)?.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let Credentials { username, password } = serde_json::from_str(text).map_err(|error| {
            let help = "write what `bongsu devices add STATION --json` printed, one object a line";
            miette!(help = help, "{}:{line}: {error}", file.display())
        })?;
        // A device is called after its first station, with a random end.
        let station = username.rsplit_once('-').map_or(username.as_str(), |(station, _)| station).to_owned();
        logins.insert(station, Login { username, password });
    }
    // One device for everybody speaks for everybody.
    if let (1, Some(only)) = (logins.len(), logins.values().next().cloned()) {
        logins.insert("*".to_owned(), only);
    }
    Ok(logins)
}

fn publish_to(
    arguments: &Arguments,
    address: SocketAddr,
    start: Time,
    lasting: Duration,
    output: &mut dyn Write,
) -> miette::Result<Ended> {
    let mut simulation = arguments.city.build(start + arguments.city.before()?)?;
    let clock = Clock::running(start, arguments.speed);
    let credentials = logins(arguments)?;
    let settings = PublishSettings {
        credentials,
        connections: arguments.connections,
        until: Some(start + lasting),
        ..PublishSettings::new(address, Arc::new(move || clock.now()))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().into_diagnostic()?;
    let report = runtime.block_on(async {
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        publish(&mut simulation, settings, stop).await
    });
    for complaint in &report.complaints {
        eprintln!("{complaint}");
    }
    if arguments.json {
        let published = Published {
            sent: report.sent,
            acknowledged: report.acked,
            refused: report.refused,
            reconnects: report.reconnects,
            most_behind_s: report.most_behind.as_secs_f64(),
        };
        write_json(&published, output)?;
    } else {
        writeln!(output, "{} sent, {} acknowledged", report.sent, report.acked).map_err(output_failed)?;
    }
    Ok(if report.sent == report.acked { Ended::Well } else { Ended::WithFindings })
}

//! `bongsu devices`: who may speak for which stations.

use super::{Ended, Globals, checked, output_failed, write_json};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{self, Question, Reply};
use crate::device::{self, Answer, Listed, Request};
use crate::inventory;
use crate::report::Problems;
use crate::store::Store;
use bongsu_sensors::document::nearest;
use bongsu_sensors::{Catalog, Time};
use miette::miette;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Devices: who may speak for which stations
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Let a new device speak for stations, and print its credentials, once
    Add {
        /// The stations it speaks for
        #[arg(required = true, value_name = "STATION")]
        stations: Vec<String>,
        /// It logs in with a certificate of this name (its common name or a DNS name), signed by `client_ca` of
        /// [mqtt.tls], and gets no password
        #[arg(long, value_name = "NAME", conflicts_with = "example")]
        certificate: Option<String>,
        /// Print a line that publishes a first reading, ready to be pasted
        #[arg(long)]
        example: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List all devices
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Take a device's word away; its connections are cut
    Revoke {
        /// The device
        username: String,
    },
    /// Give a device a new secret; the old one ends at once
    Rotate {
        /// The device
        username: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them: by the running program where there is one, else in the store itself.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = checked(&globals.layers(Vec::new())?)?;
    let now = Clock::System.now().millis();
    match command {
        Command::Add { stations, certificate: Some(name), json, .. } => {
            known(&stations, &catalog(&config)?)?;
            match ask(&config, Request::Add { stations, now, certificate: Some(name) })? {
                Answer::Certified { username, certificate } if json => {
                    write_json(&serde_json::json!({"username": username, "certificate": certificate}), output)?;
                    Ok(Ended::Well)
                }
                Answer::Certified { username, certificate } => {
                    writeln!(output, "username     {username}\ncertificate  {certificate}").map_err(output_failed)?;
                    Ok(Ended::Well)
                }
                answer => Err(refused(&answer)),
            }
        }
        Command::Add { stations, example, json, certificate: None } => {
            let catalog = catalog(&config)?;
            known(&stations, &catalog)?;
            let first = stations.first().cloned().unwrap_or_default();
            let credentials = credentials(ask(&config, Request::Add { stations, now, certificate: None })?)?;
            if example {
                print_example(&config, &catalog, &first, &credentials, output)
            } else {
                print(&credentials, json, output)
            }
        }
        Command::List { json } => list(ask(&config, Request::List)?, json, output),
        Command::Revoke { username } => match ask(&config, Request::Revoke { username: username.clone(), now })? {
            Answer::Revoked => {
                writeln!(output, "{username} has no word any more").map_err(output_failed).map(|()| Ended::Well)
            }
            answer => Err(refused(&answer)),
        },
        Command::Rotate { username, json } => {
            let credentials = credentials(ask(&config, Request::Rotate { username })?)?;
            print(&credentials, json, output)
        }
    }
}

fn ask(config: &Config, request: Request) -> miette::Result<Answer> {
    match control::lock(&config.data)? {
        Some(_lock) => {
            let mut store = Store::open_as_it_is(&config.store.path, config.limits.dead_letters)?;
            Ok(device::execute(&mut store, &request, None)?)
        }
        None => match control::ask(&config.data, &Question::Devices(request))? {
            Reply::Devices(answer) => Ok(answer),
            Reply::Failed(reason) => Err(miette!("{reason}")),
            _ => Err(miette!("the running bongsu answered something else; is it another version?")),
        },
    }
}

fn catalog(config: &Config) -> miette::Result<Catalog> {
    match inventory::read_catalog(&config.stations) {
        Ok((_, catalog)) => Ok(catalog),
        Err(mistakes) => Err(Problems::errors("the catalog cannot be used", mistakes).into()),
    }
}

/// A device may only speak for stations that are there: a misspelt one would never be heard.
fn known(stations: &[String], catalog: &Catalog) -> miette::Result<()> {
    for station in stations {
        if catalog.station_named(station).is_none() {
            let help = match nearest(station, catalog.stations.iter().map(|known| known.id.as_str())) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "add it to the catalog first".to_owned(),
            };
            return Err(miette!(help = help, "no station {station:?}"));
        }
    }
    Ok(())
}

/// A user name and its secret.
#[derive(serde::Serialize)]
struct Credentials {
    username: String,
    password: String,
}

fn credentials(answer: Answer) -> miette::Result<Credentials> {
    match answer {
        Answer::Credentials { username, password } => Ok(Credentials { username, password }),
        answer => Err(refused(&answer)),
    }
}

fn refused(answer: &Answer) -> miette::Report {
    match answer {
        Answer::Refused { reason } => miette!("{reason}"),
        _ => miette!("the running bongsu answered something else; is it another version?"),
    }
}

fn print(credentials: &Credentials, json: bool, output: &mut dyn io::Write) -> miette::Result<Ended> {
    if json {
        write_json(credentials, output)?;
        return Ok(Ended::Well);
    }
    writeln!(output, "username  {}\npassword  {}", credentials.username, credentials.password)
        .map_err(output_failed)?;
    eprintln!("The password is shown this once; `bongsu devices rotate {}` gives a new one.", credentials.username);
    Ok(Ended::Well)
}

/// One line that publishes one believable reading.
fn print_example(
    config: &Config,
    catalog: &Catalog,
    station: &str,
    credentials: &Credentials,
    output: &mut dyn io::Write,
) -> miette::Result<Ended> {
    let mqtt = match control::ask(&config.data, &Question::Addresses) {
        Ok(Reply::Addresses(addresses)) => addresses.mqtt.parse().unwrap_or(config.mqtt.listen),
        _ => config.mqtt.listen,
    };
    let stream = catalog.station_named(station).and_then(|at| catalog.datastreams_of(at).first());
    let stream = stream
        .ok_or_else(|| miette!(help = "add [[station.datastream]] to it", "station {station:?} has no datastream"))?;
    let (low, high) = stream.quality.range;
    let value = 1.0_f64.clamp(low, high);
    let Credentials { username, password } = credentials;
    writeln!(
        output,
        "mosquitto_pub -h {} -p {} -u {username} -P {password} -q 1 -t bongsu/v1/{station}/obs -m '{{\"{}\": {value}}}'",
        host(mqtt.ip()),
        mqtt.port(),
        stream.name
    )
    .map_err(output_failed)?;
    Ok(Ended::Well)
}

/// Where a client on this machine finds what listens at an address: every address is none to connect to.
fn host(listens: IpAddr) -> IpAddr {
    match listens {
        IpAddr::V4(all) if all.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(all) if all.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    }
}

fn list(answer: Answer, json: bool, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let Answer::Devices(devices) = answer else { return Err(refused(&answer)) };
    for device in &devices {
        if json {
            write_json(device, output)?;
            continue;
        }
        let Listed { username, stations, created, revoked, certificate } = device;
        let since = Time::from_millis(*created);
        let state = revoked.map_or_else(String::new, |at| format!("  revoked {}", Time::from_millis(at)));
        let by = certificate.as_deref().map_or_else(String::new, |name| format!("  certificate {name}"));
        writeln!(output, "{username:<24} {}  since {since}{by}{state}", stations.join(",")).map_err(output_failed)?;
    }
    if devices.is_empty() && !json {
        eprintln!("No devices yet; `bongsu devices add STATION` lets one speak.");
    }
    Ok(Ended::Well)
}

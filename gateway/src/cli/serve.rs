//! `bongsu serve`: hear the city's devices, decide, and tell everybody, until a signal says stop.

use super::{Ended, Globals, output_failed, write_json};
use crate::app::{App, Options};
use crate::clock::Clock;
use bongsu_rules::incident::Status;
use miette::IntoDiagnostic;
use sd_notify::NotifyState;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Hear the devices of the city, decide what is dangerous, and tell everyone
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What time it is: system, or START@SPEED such as 2017-07-08T00:00:00Z@600. Any clock but the system's is an
    /// exercise: nothing it says is meant
    #[arg(long, default_value = "system", value_name = "CLOCK")]
    clock: Clock,
    /// Print the line that says it is ready as a JSON object
    #[arg(long)]
    json: bool,
}

/// Runs until SIGTERM or SIGINT.
pub fn run(arguments: &Arguments, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let config = globals.start(Vec::new())?;
    let status = if arguments.clock.is_system() { Status::Actual } else { Status::Exercise };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().into_diagnostic()?;
    runtime.block_on(async {
        // Asked for before anything starts, so that an early signal is not the end of a half-started program.
        let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
        let mut hangup = signal(SignalKind::hangup()).into_diagnostic()?;
        let in_force = config.clone();
        let mut app = App::start(Options { config, clock: arguments.clock, status }).await?;
        say_ready(&app, arguments.json, output)?;
        // Without systemd nobody listens, and that is fine.
        let _ = sd_notify::notify(false, &[NotifyState::Ready]);
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = tokio::signal::ctrl_c() => break,
                () = app.ended() => break,
                _ = hangup.recv() => {
                    globals.read_again(&in_force);
                    app.renew_certificates();
                    let reloader = app.reloader();
                    let _ = tokio::task::spawn_blocking(move || reloader.reload_and_tell()).await;
                }
            }
        }
        let _ = sd_notify::notify(false, &[NotifyState::Stopping]);
        app.stop().await?;
        Ok(Ended::Well)
    })
}

/// The one line that tells whoever started the program where it listens.
pub fn say_ready(app: &App, json: bool, output: &mut dyn io::Write) -> miette::Result<()> {
    let addresses = &app.addresses;
    if let Some(link) = &addresses.welcome {
        eprintln!("Nobody can log in yet. This link makes the first administrator, once: {link}");
    }
    if json {
        write_json(addresses, output)?;
    } else {
        writeln!(output, "ready mqtt={} public={} operator={}", addresses.mqtt, addresses.public, addresses.operator)
            .map_err(output_failed)?;
    }
    output.flush().map_err(output_failed)
}

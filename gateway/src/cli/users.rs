//! `bongsu users`: who may log in to the console. Passwords are never typed here: who is added gets a link, and chooses.

use super::alerts::ask;
use super::{Ended, Globals, checked, output_failed, write_json};
use crate::clock::Clock;
use crate::config::Config;
use crate::control;
use crate::people::People;
use crate::people::account::{self, NAMES};
use crate::people::role::Role;
use crate::reception::{self, Answer, Request};
use crate::store::Store;
use miette::miette;
use std::io;

/// People: who may log in to the console
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add an account, and print the link by which its owner chooses a password, once
    Add {
        /// Its name
        username: String,
        /// viewer, operator, approver, rule_author or admin
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// List the accounts
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Give an account another role; its sessions end
    Role {
        /// Its name
        username: String,
        /// viewer, operator, approver, rule_author or admin
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Disable an account; its sessions end
    Disable {
        /// Its name
        username: String,
    },
    /// Print a link that makes an administrator, for those who are locked out
    Welcome,
}

fn role(text: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name).join(", ");
    Role::named(text).ok_or_else(|| format!("write one of: {names}"))
}

/// Runs one of them: by the running program where there is one, else in the store itself where that can be.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let request = match command {
        Command::Add { username, role } => {
            if !account::is_name(&username) {
                return Err(miette!(help = NAMES, "{username:?} cannot be the name of an account"));
            }
            let config = checked(&globals.layers(Vec::new())?)?;
            if let Some(_lock) = control::lock(&config.data)? {
                return add(&config, &username, role, output);
            }
            Request::AddUser { username, role }
        }
        Command::List { json } => return list(ask(globals, Request::Users)?, json, output),
        Command::Role { username, role } => Request::SetRole { username, role },
        Command::Disable { username } => Request::DisableUser(username),
        Command::Welcome => Request::Welcome,
    };
    match ask(globals, request)? {
        Answer::Link(link) => writeln!(output, "{link}").map_err(output_failed)?,
        Answer::Done { .. } => writeln!(output, "done").map_err(output_failed)?,
        Answer::List(_) => return Err(miette!("the running bongsu answered something else; is it another version?")),
    }
    Ok(Ended::Well)
}

/// Adds an account while no program runs.
fn add(config: &Config, username: &str, role: Role, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let mut store = Store::open_as_it_is(&config.store.path, config.limits.dead_letters)?;
    let people = People::default();
    people.refresh(&store)?;
    let now = Clock::System.now();
    let (secret, changes) = reception::invite(&people, username, role, now);
    if !store.change_people(&changes, &[reception::offline(now, "user.add", username, role.name())])? {
        return Err(miette!("there is such an account already"));
    }
    writeln!(output, "http://{}/welcome/{secret}", config.operator.listen).map_err(output_failed)?;
    Ok(Ended::Well)
}

fn list(answer: Answer, json: bool, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let Answer::List(users) = answer else { return Err(miette!("the running bongsu answered something else")) };
    for user in &users {
        if json {
            write_json(user, output)?;
            continue;
        }
        let word = |key: &str| user[key].as_str().unwrap_or("-");
        let state = match (user["disabled"].is_null(), user["active"].as_bool()) {
            (false, _) => "disabled",
            (true, Some(true)) => "active",
            _ => "invited",
        };
        writeln!(output, "{:<24} {:<12} {state}", word("username"), word("role")).map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

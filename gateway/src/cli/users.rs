//! `bongsu users`: who may log in to the console. Passwords are never typed here: who is added gets a link, and chooses.

use super::alerts::ask;
use super::{Ended, Globals, checked, output_failed, write_json};
use crate::clock::Clock;
use crate::config::Config;
use crate::control;
use crate::desk::Fault;
use crate::people::People;
use crate::people::account::{self, NAMES};
use crate::people::role::Role;
use crate::people::vouched::Wanted;
use crate::reception::{self, Answer, Request};
use crate::store::Store;
use crate::store::people::Change;
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
        /// The city's own login ([operator.oidc]) may vouch for it
        #[arg(long)]
        oidc: bool,
        #[command(flatten)]
        how: How,
    },
    /// Let the city's own login ([operator.oidc]) vouch for an account; its sessions end
    Oidc {
        /// Its name
        username: String,
        #[command(flatten)]
        how: How,
        /// No longer
        #[arg(long, conflicts_with_all = ["subject", "only"])]
        off: bool,
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

/// How the city's own login vouches for an account.
#[derive(Clone, Debug, clap::Args)]
pub struct How {
    /// The provider's own name for the person (`sub`); without it the first one who comes under the account's name within
    /// three days
    #[arg(long)]
    subject: Option<String>,
    /// A password opens the account no more
    #[arg(long)]
    only: bool,
}

impl From<How> for Wanted {
    fn from(How { subject, only }: How) -> Wanted {
        Wanted { subject, only }
    }
}

fn role(text: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name).join(", ");
    Role::named(text).ok_or_else(|| format!("write one of: {names}"))
}

/// Runs one of them: by the running program where there is one, else in the store itself where that can be.
pub fn run(command: Command, globals: &Globals, output: &mut dyn io::Write) -> miette::Result<Ended> {
    let request = match command {
        Command::Add { username, role, oidc, how } => {
            if !oidc && (how.only || how.subject.is_some()) {
                return Err(miette!(help = "add --oidc", "--subject and --only are for accounts with --oidc"));
            }
            let vouched = oidc.then(|| Wanted::from(how));
            if !account::is_name(&username) {
                return Err(miette!(help = NAMES, "{username:?} cannot be the name of an account"));
            }
            let config = checked(&globals.layers(Vec::new())?)?;
            if let Some(_lock) = control::lock(&config.data)? {
                return add(&config, &username, role, vouched, output);
            }
            Request::AddUser { username, role, vouched }
        }
        Command::Oidc { username, how, off } => Request::Vouch { username, vouched: (!off).then(|| Wanted::from(how)) },
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
fn add(
    config: &Config,
    username: &str,
    role: Role,
    vouched: Option<Wanted>,
    output: &mut dyn io::Write,
) -> miette::Result<Ended> {
    let mut store = Store::open_as_it_is(&config.store.path, config.limits.dead_letters)?;
    let people = People::default();
    people.refresh(&store)?;
    let now = Clock::System.now();
    let (secret, mut changes) = reception::invite(&people, username, role, now);
    let mut entries = vec![reception::offline(now, "user.add", username, role.name())];
    let is_by_link = !vouched.as_ref().is_some_and(|wanted| wanted.only);
    if let Some(wanted) = vouched {
        let provider = config.operator.oidc.as_ref().ok_or_else(|| miette!("{}", Fault::NoProvider))?;
        entries.push(reception::offline(now, "user.oidc", username, &reception::vouch_detail(Some(&wanted))));
        let vouched = wanted.of(&provider.issuer, now).ok_or_else(|| miette!("{}", Fault::NoSubject))?;
        changes.push(Change::Vouch { username: username.to_owned(), vouched: Some(vouched) });
    }
    if !store.change_people(&changes, &entries)? {
        return Err(miette!("there is such an account already"));
    }
    let console = config.operator.base_url.clone().unwrap_or_else(|| format!("http://{}", config.operator.listen));
    let said = if is_by_link { format!("{console}/welcome/{secret}") } else { "done".to_owned() };
    writeln!(output, "{said}").map_err(output_failed)?;
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
        let (vouched, bound) = (&user["oidc"], user["oidc"]["subject"].is_string());
        let oidc = match (vouched.is_null(), vouched["only"] == true, bound) {
            (true, ..) => "",
            (_, false, false) => " oidc allowed",
            (_, false, true) => " oidc",
            (_, true, false) => " oidc only, allowed",
            (_, true, true) => " oidc only",
        };
        writeln!(output, "{:<24} {:<12} {state}{oidc}", word("username"), word("role")).map_err(output_failed)?;
    }
    Ok(Ended::Well)
}

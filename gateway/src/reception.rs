//! Whoever comes by the control socket, and the first link. The socket's mode is 0600: who may open it owns the program,
//! and may do everything; the audit knows them by their number on this machine.

use crate::control::Reply;
use crate::desk::{Desk, Fault, Yes, unchecked};
use crate::people::account::{self, User};
use crate::people::role::Role;
use crate::people::vouched::Wanted;
use crate::people::{People, Who};
use crate::store::audit::Draft;
use crate::store::people::Change;
use crate::store::{Store, StoreError};
use bongsu_rules::incident::Action;
use bongsu_sensors::Time;
use serde::{Deserialize, Serialize};

/// What is asked over the control socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The incidents.
    Alerts,
    /// An incident, with what an approval must name.
    Alert(String),
    /// An order.
    Order(Box<Action>),
    /// A yes.
    Approve {
        /// To which incident.
        incident: String,
        /// To what was seen.
        hash: String,
        /// How many people it reaches.
        population: Option<u64>,
        /// It may go without a shape.
        without_geometry: bool,
    },
    /// A new account, or a new link for one that was never entered.
    AddUser {
        /// Its name.
        username: String,
        /// Its role.
        role: Role,
        /// Whether the city's own login may vouch for it.
        vouched: Option<Wanted>,
    },
    /// The city's own login may vouch for an account, or no longer.
    Vouch {
        /// Which.
        username: String,
        /// How; `None`: no longer.
        vouched: Option<Wanted>,
    },
    /// An account is disabled.
    DisableUser(String),
    /// An account has another role.
    SetRole {
        /// Which.
        username: String,
        /// The role.
        role: Role,
    },
    /// A link that makes an administrator, for those who are locked out.
    Welcome,
    /// The accounts.
    Users,
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Things, as JSON.
    List(Vec<serde_json::Value>),
    /// It was done.
    Done {
        /// Where the incident stands.
        state: Option<String>,
        /// Another person must agree.
        needs_second: bool,
    },
    /// A one-time link.
    Link(String),
}

/// Nothing more to say.
const JUST_DONE: Answer = Answer::Done { state: None, needs_second: false };

/// What the audit says of who may vouch for an account.
pub fn vouch_detail(vouched: Option<&Wanted>) -> String {
    match vouched {
        None => "off".to_owned(),
        Some(Wanted { subject, only }) => {
            let how = if *only { "only" } else { "allowed" };
            subject.as_ref().map_or(how.to_owned(), |subject| format!("{how}, subject {subject:?}"))
        }
    }
}

/// Takes up who people are; answers the secret of a new first link where nobody could let others in.
///
/// # Errors
/// The store cannot be read or written.
pub fn open(store: &mut Store, people: &People, now: Time) -> Result<Option<String>, StoreError> {
    people.refresh(store)?;
    let is_admin = |user: &User| user.role == Role::Admin && user.takes_passwords() && user.password.is_some();
    if people.users().iter().any(is_admin) {
        return Ok(None);
    }
    // The one before was perhaps never read: only the newest invites.
    let (secret, link) = account::invite(None, now);
    store.change_people(&[Change::UnlinkAllOf(None), link], &[])?;
    people.refresh(store)?;
    Ok(Some(secret))
}

/// Who sits at the machine itself.
pub fn console(uid: u32) -> Who {
    let name = format!("console:{uid}");
    Who { session: name.clone(), name, role: Role::Admin, csrf: None, expires: None, digest: [0; 32] }
}

/// Where they are, for the audit.
const HERE: &str = "control.sock";

/// Answers somebody at the machine itself.
pub async fn answer(desk: &Desk, request: &Request, uid: u32) -> Reply {
    match act(desk, request, &console(uid)).await {
        Ok(answer) => Reply::People(answer),
        Err(fault) => Reply::Failed(fault.to_string()),
    }
}

async fn act(desk: &Desk, request: &Request, who: &Who) -> Result<Answer, Fault> {
    let done = |done: bongsu_rules::incident::Done| Answer::Done {
        state: done.state.map(|state| state.name().to_owned()),
        needs_second: done.needs_second,
    };
    match request {
        Request::Alerts => {
            let all = desk.shared.incidents();
            Ok(Answer::List(all.iter().map(|said| desk.shared.for_operators(&said.transition.incident)).collect()))
        }
        Request::Alert(id) => {
            let said = desk.shared.incident(id);
            let shown = said.map(|said| {
                let mut shown = desk.shared.for_operators(&said.transition.incident);
                shown["preview"] = serde_json::to_value(desk.preview(id)).unwrap_or_default();
                shown
            });
            Ok(Answer::List(shown.into_iter().collect()))
        }
        Request::Order(action) => Ok(done(desk.order(who, HERE, (**action).clone(), unchecked()).await?)),
        Request::Approve { incident, hash, population, without_geometry } => {
            let yes = Yes { hash: hash.clone(), population: *population, without_geometry: *without_geometry };
            Ok(done(desk.approve(who, HERE, incident, yes).await?))
        }
        Request::AddUser { username, role, vouched } => add(desk, who, username, *role, vouched.as_ref()).await,
        Request::Vouch { username, vouched } => {
            let change = desk.vouch(username, vouched.clone())?;
            let entry = desk.draft(who, HERE, "user.oidc", username, &vouch_detail(vouched.as_ref()));
            desk.change(vec![change], vec![entry]).await?;
            Ok(JUST_DONE)
        }
        Request::DisableUser(username) => {
            let entry = desk.draft(who, HERE, "user.disable", username, "");
            let change = Change::Disable { username: username.clone(), at: desk.now() };
            desk.change(vec![change], vec![entry]).await?;
            Ok(JUST_DONE)
        }
        Request::SetRole { username, role } => {
            let entry = desk.draft(who, HERE, "user.role", username, role.name());
            let change = Change::Role { username: username.clone(), role: *role };
            desk.change(vec![change], vec![entry]).await?;
            Ok(JUST_DONE)
        }
        Request::Welcome => {
            let (secret, link) = account::invite(None, desk.now());
            let entry = desk.draft(who, HERE, "user.welcome", "", "");
            desk.change(vec![Change::UnlinkAllOf(None), link], vec![entry]).await?;
            Ok(Answer::Link(desk.shared.welcome(&secret)))
        }
        Request::Users => {
            let listed = |user: User| {
                serde_json::json!({
                    "username": user.username, "role": user.role, "active": user.password.is_some(),
                    "totp": user.totp.is_some(), "created": user.created, "disabled": user.disabled,
                    "oidc": user.vouched.map(|vouched| serde_json::json!({
                        "issuer": vouched.issuer, "subject": vouched.subject, "only": vouched.only,
                    })),
                })
            };
            Ok(Answer::List(desk.people.users().into_iter().map(listed).collect()))
        }
    }
}

/// Adds an account, with the word of an administrator that the city's own login may open it.
async fn add(desk: &Desk, who: &Who, name: &str, role: Role, vouched: Option<&Wanted>) -> Result<Answer, Fault> {
    let (secret, mut changes) = invite(&desk.people, name, role, desk.now());
    let mut entries = vec![desk.draft(who, HERE, "user.add", name, role.name())];
    if let Some(wanted) = vouched {
        changes.push(desk.vouch(name, Some(wanted.clone()))?);
        entries.push(desk.draft(who, HERE, "user.oidc", name, &vouch_detail(Some(wanted))));
    }
    desk.change(changes, entries).await?;
    let is_by_link = !vouched.is_some_and(|wanted| wanted.only);
    Ok(if is_by_link { Answer::Link(desk.shared.welcome(&secret)) } else { JUST_DONE })
}

/// A new account, or a new link for one that was never entered: its secret, and what makes it good.
pub fn invite(people: &People, username: &str, role: Role, now: Time) -> (String, Vec<Change>) {
    let (secret, link) = account::invite(Some(username), now);
    let username = username.to_owned();
    let account = match people.user(&username) {
        Some(user) if !user.is_entered() && user.disabled.is_none() => {
            Change::Role { username: username.clone(), role }
        }
        // One that is there already stops the whole change.
        _ => Change::AddUser(User::new(&username, role, now)),
    };
    (secret, vec![account, Change::UnlinkAllOf(Some(username)), link])
}

/// An entry of the audit for what is done while no program runs.
pub fn offline(now: Time, action: &str, subject: &str, detail: &str) -> Draft {
    Draft {
        time: now,
        who: format!("console:{}", rustix::process::getuid().as_raw()),
        role: Role::Admin.name().to_owned(),
        from_address: "offline".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        record: None,
    }
}

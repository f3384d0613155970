//! From accept to CONNACK.
//!
//! A socket that says nothing costs a task and a timer and holds up nobody.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Caller, Client, Shared, stream};
use crate::authority::{self, Credentials, Denial, Identity};
use crate::config::Limits;
use crate::mailbox::Mailbox;
use crate::rate::Meter;
use crate::session::{Attached, Durable, Session, Wanted};
use crate::store::SessionKey;
use crate::wire::{self, ConnackLimits, Connect, Fault, Reason, Version, Will, kind};

/// Longer client identifiers only serve to fill memory.
const CLIENT_ID_BYTES: usize = 512;
/// Strangers may make the door hold this much each. Room for any credentials and an honest will.
const CONNECT_BYTES: usize = 16 * 1024;
/// How long a client that finds no room may take to ask for some.
const TURN_AWAY: Duration = Duration::from_secs(1);
/// A client with a smaller packet limit gets no reason strings.
const ROOM_FOR_REASONS: usize = 1024;

/// What the CONNECT settled.
pub(super) struct Greeted {
    pub client: Client,
    pub will: Option<Will>,
    pub mailbox: Arc<Mailbox>,
    pub session: Session,
    /// If the session outlives the connection.
    pub durable: Option<Arc<Durable>>,
    /// The session was there before.
    pub present: bool,
    /// What came after the CONNECT.
    pub rest: Bytes,
    /// The CONNACK, to be written.
    pub out: BytesMut,
}

/// Reads the CONNECT and answers it; `None` if the client was refused or left.
pub(super) async fn greet<S>(stream: &mut S, caller: Caller, number: u64, shared: &Arc<Shared>) -> Option<Greeted>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let max = shared.limits.max_packet_bytes.min(CONNECT_BYTES);
    let first = tokio::select! {
        () = shared.closing.cancelled() => return None,
        first = tokio::time::timeout(shared.limits.connect_timeout, first(stream, max)) => first,
    };
    let Ok(Some((connect, rest))) = first else {
        shared.stats.refused_silent.add(1);
        return None;
    };
    let connect = match connect {
        Ok(connect) => connect,
        Err((version, fault)) => {
            // only the version is worth an answer before one is agreed on
            let version = match version {
                None if fault.reason == Reason::UNSUPPORTED_VERSION => Some(Version::V3),
                version => version,
            };
            let denial = Denial::new(fault.reason, fault.text);
            refuse(stream, shared, version, &denial).await;
            return None;
        }
    };
    let version = connect.version;
    match admit(connect, &caller, number, shared).await {
        Ok(greeted) => Some(Greeted { rest, ..greeted }),
        Err(denial) => {
            refuse(stream, shared, Some(version), &denial).await;
            None
        }
    }
}

/// A client that finds no room is told so, if it asks soon.
pub(crate) async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, shared: &Shared) {
    let max = shared.limits.max_packet_bytes.min(CONNECT_BYTES);
    if let Ok(Some((Ok(connect), _))) = tokio::time::timeout(TURN_AWAY, first(&mut stream, max)).await {
        let denial = Denial::new(Reason::QUOTA_EXCEEDED, "too many connections: try again later");
        refuse(&mut stream, shared, Some(connect.version), &denial).await;
    }
}

type First = (Result<Connect, (Option<Version>, Fault)>, Bytes);

/// The first packet, which must be a CONNECT, and what was read after it.
async fn first<S: AsyncRead + Unpin>(stream: &mut S, max: usize) -> Option<First> {
    let mut data = BytesMut::new();
    loop {
        if !matches!(stream::read(stream, &mut data).await, Ok(1..)) {
            return None;
        }
        if data[0] >> 4 != kind::CONNECT {
            let fault = Fault::protocol("the first packet must be CONNECT");
            return Some((Err((None, fault)), Bytes::new()));
        }
        match wire::frame(&data, max) {
            Ok(None) => {}
            Err(fault) => return Some((Err((None, fault)), Bytes::new())),
            Ok(Some(frame)) => {
                let connect = wire::connect(frame.flags(), &data[frame.body..frame.end]);
                let rest = data.freeze().slice(frame.end..);
                return Some((connect, rest));
            }
        }
    }
}

async fn refuse<S>(stream: &mut S, shared: &Shared, version: Option<Version>, denial: &Denial)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    shared.stats.refused.add(denial.reason);
    let mut out = BytesMut::new();
    match version {
        None => {}
        Some(Version::V3) => wire::connack_v3(&mut out, denial.reason, false),
        Some(Version::V5) => wire::connack(&mut out, denial.reason, Some(&denial.text), None),
    }
    stream::farewell(stream, out).await;
}

/// Names a client that did not name itself.
fn assign(connect: &mut Connect, number: u64) -> Result<bool, Denial> {
    let assigned = connect.client_id.is_empty();
    if assigned {
        if connect.version == Version::V3 && !connect.clean_start {
            let text = "an empty client identifier needs a clean session";
            return Err(Denial::new(Reason::CLIENT_ID_NOT_VALID, text));
        }
        connect.client_id = format!("auto-{number}-{:016x}", RandomState::new().hash_one(number));
    }
    if connect.client_id.len() > CLIENT_ID_BYTES {
        let text = "client identifier longer than 512 bytes";
        return Err(Denial::new(Reason::CLIENT_ID_NOT_VALID, text));
    }
    Ok(assigned)
}

async fn admit(mut connect: Connect, caller: &Caller, number: u64, shared: &Arc<Shared>) -> Result<Greeted, Denial> {
    if connect.authentication_method {
        let text = "no authentication method is offered: use user name and password";
        return Err(Denial::new(Reason::BAD_AUTHENTICATION_METHOD, text));
    }
    let assigned = assign(&mut connect, number)?;
    let credentials = Credentials {
        client_id: &connect.client_id,
        username: connect.username.as_deref(),
        password: connect.password.as_deref(),
        certificate: caller.certificate.as_deref(),
    };
    let ask = || shared.authority.connect(caller.plane, caller.address, &credentials);
    let identity = authority::ask(&shared.stats, ask)?;
    let limits = &shared.limits;
    if !shared.connects.may(&identity, limits) {
        let text = "this device connects too often: wait a minute, and look why its connections end";
        return Err(Denial::new(Reason::CONNECTION_RATE_EXCEEDED, text));
    }
    if let Some(will) = &connect.will {
        authority::ask(&shared.stats, || shared.authority.may_publish(&identity, &will.topic))
            .inspect_err(|denial| shared.stats.denied_publish.add(denial.reason))?;
    }
    let mailbox = Arc::new(Mailbox::new(limits.outbound_messages, limits.outbound_bytes));
    let keep_alive_s = keep_alive_s(&connect, limits);
    let longest_s = longest_session_s(shared, &identity)?;
    let client = client(&connect, identity, keep_alive_s, longest_s, limits);
    if !shared.registry.enter(client.key.clone(), number, mailbox.clone()) {
        return Err(Denial::new(Reason::SERVER_UNAVAILABLE, "stopping"));
    }
    let wanted = Wanted {
        key: &client.key,
        number,
        clean_start: connect.clean_start,
        expiry_s: client.session_expiry_s,
        mailbox: &mailbox,
    };
    let Attached { session, durable, present } = match shared.sessions.attach(wanted, limits.connect_timeout).await {
        Ok(attached) => attached,
        Err(denial) => {
            shared.registry.leave(&client.key, number);
            return Err(denial);
        }
    };
    let information = match connect.response_information {
        true => authority::ask(&shared.stats, || Ok(shared.authority.response_information(&client.identity))),
        false => Ok(None),
    };
    let mut out = BytesMut::new();
    match connect.version {
        Version::V3 => wire::connack_v3(&mut out, Reason::SUCCESS, present),
        Version::V5 => {
            let told = ConnackLimits {
                receive_maximum: limits.receive_maximum,
                maximum_packet_size: limits.max_packet_bytes as u32,
                topic_alias_maximum: limits.topic_aliases,
                assigned_client_id: assigned.then_some(&*connect.client_id),
                server_keep_alive_s: (keep_alive_s != connect.keep_alive_s).then_some(keep_alive_s),
                session_present: present,
                session_expiry_s: Some(client.session_expiry_s).filter(|given| *given != connect.session_expiry_s),
                response_information: information.as_ref().ok().and_then(|text| text.as_deref()),
            };
            wire::connack(&mut out, Reason::SUCCESS, None, Some(&told));
        }
    }
    Ok(Greeted { client, will: connect.will, mailbox, session, durable, present, rest: Bytes::new(), out })
}

/// Longest time this client's session may wait for it.
fn longest_session_s(shared: &Shared, who: &Identity) -> Result<u32, Denial> {
    let asked = authority::ask(&shared.stats, || Ok(shared.authority.longest_session(who)))?;
    let longest = [asked, shared.limits.longest_session].into_iter().flatten().min();
    Ok(longest.map_or(u32::MAX, |longest| u32::try_from(longest.as_secs()).unwrap_or(u32::MAX)))
}

/// What the client asked for, or what the door tells a version 5 client instead.
fn keep_alive_s(connect: &Connect, limits: &Limits) -> u16 {
    let asked = connect.keep_alive_s;
    match limits.longest_keep_alive {
        Some(longest) if connect.version == Version::V5 => {
            let longest = u16::try_from(longest.as_secs()).unwrap_or(u16::MAX);
            if asked == 0 || asked > longest { longest } else { asked }
        }
        _ => asked,
    }
}

fn client(
    connect: &Connect,
    identity: Arc<Identity>,
    keep_alive_s: u16,
    longest_session_s: u32,
    limits: &Limits,
) -> Client {
    let id: Arc<str> = connect.client_id.as_str().into();
    let silence = Duration::from_secs(keep_alive_s.into()).mul_f64(limits.keep_alive_grace);
    let maximum_packet_size = connect.maximum_packet_size as usize;
    let asked_s = match connect.version {
        Version::V3 if connect.clean_start => 0,
        Version::V3 => u32::MAX,
        Version::V5 => connect.session_expiry_s,
    };
    Client {
        version: connect.version,
        key: SessionKey { plane: identity.plane, username: identity.username.clone(), client_id: id.clone() },
        id,
        identity,
        meter: Box::new(Meter::new(limits)),
        silence: (keep_alive_s > 0).then_some(silence),
        send_maximum: connect.receive_maximum.min(limits.send_maximum).into(),
        maximum_packet_size,
        explain: connect.problem_information && maximum_packet_size >= ROOM_FOR_REASONS,
        session_expiry_s: asked_s.min(longest_session_s),
        longest_session_s,
    }
}

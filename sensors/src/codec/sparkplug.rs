//! Sparkplug B (`spBv1.0/{group}/{type}/{node}[/{device}]`): births name metrics, data may use numbers for them, deaths
//! say that nothing is known any more.
//!
//! What a node has said of itself is kept in [`Nodes`], bounded. When something was missed (a gap in the sequence, a
//! number nobody was told the name of, data before a birth) the answer asks the node to be born again; what is
//! understood is taken all the same.
//!
//! # Source
//! Eclipse Sparkplug 3.0.0, chapters 4 to 6: <https://sparkplug.eclipse.org/specification/version/3.0/>

#[cfg(test)]
mod tests;
mod wire;

use super::foreign::push;
use super::{Context, Decoded, Via, echo};
use crate::catalog::Datastream;
use crate::reading::{DatastreamId, Reading, Reason};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wire::{Metric, Payload};

/// What every topic begins with.
pub const NAMESPACE: &str = "spBv1.0";

/// Nodes that are remembered.
const NODE_LIMIT: usize = 4_096;
/// Numbers of metrics that are remembered, over all nodes.
const ALIAS_LIMIT: usize = 200_000;
/// Longest name of a metric.
const NAME_LIMIT: usize = 256;
/// A node that was asked to be born again is not asked again before.
const PATIENCE: Duration = Duration::from_secs(60);
/// Numbers in the sequence.
const SEQUENCE: u64 = 256;
/// The metric by which a node counts its sessions.
const SESSION: &str = "bdSeq";

/// What nodes have said of themselves.
#[derive(Debug, Default)]
pub struct Nodes {
    /// By group and node.
    nodes: BTreeMap<(String, String), Node>,
    aliases: usize,
}

#[derive(Debug, Default)]
struct Node {
    is_born: bool,
    session: Option<u64>,
    sequence: Option<u64>,
    asked: Option<Time>,
    /// Metrics by their numbers.
    aliases: BTreeMap<u64, Known>,
    /// What it and each of its devices has given so far: what is stale when it dies.
    given: BTreeMap<Option<String>, BTreeSet<DatastreamId>>,
}

#[derive(Clone, Debug)]
struct Known {
    device: Option<String>,
    /// `None`: nobody wants it.
    name: Option<String>,
    datatype: u32,
}

/// A topic of this namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Topic<'t> {
    group: &'t str,
    verb: &'t str,
    node: &'t str,
    device: Option<&'t str>,
}

impl<'t> Topic<'t> {
    fn parse(topic: &'t str) -> Option<Topic<'t>> {
        let mut levels = topic.split('/');
        let (namespace, group, verb, node) = (levels.next()?, levels.next()?, levels.next()?, levels.next()?);
        let device = levels.next();
        let of_device = verb.starts_with('D');
        let fits = namespace == NAMESPACE && levels.next().is_none() && device.is_some() == of_device;
        fits.then_some(Topic { group, verb, node, device })
    }
}

/// Reads a payload, and remembers what it says of its node.
pub fn decode(context: &Context<'_>, payload: &[u8], out: &mut Decoded) {
    let Some(via) = context.via.filter(|_| out.begin(payload)) else { return };
    let Some(topic) = Topic::parse(via.topic) else {
        let remedy = "no topic of Sparkplug; nodes publish to spBv1.0/{group}/NDATA/{node} and the like";
        return out.refuse_all(Reason::UnknownTopic, String::new(), remedy.into());
    };
    let payload = match Payload::read(payload) {
        Ok(payload) => payload,
        Err(wire::Wrong::TooMany) => return out.refuse_overfull(),
        Err(wire::Wrong::Broken) => {
            let remedy = "no payload of Sparkplug B; send org.eclipse.tahu.protobuf.Payload";
            return out.refuse_all(Reason::Malformed, String::new(), remedy.into());
        }
    };
    let mut nodes = via.nodes.borrow_mut();
    let Some(mut node) = nodes.take(topic) else {
        return out.refuse_all(Reason::TooLarge, String::new(), format!("more than {NODE_LIMIT} nodes"));
    };
    match topic.verb {
        "NBIRTH" | "DBIRTH" | "NDATA" | "DDATA" => said(context, via, topic, &payload, &mut node, out),
        "NDEATH" | "DDEATH" => died(context, topic, &payload, &mut node, out),
        // commands are for nodes
        _ => {}
    }
    nodes.put_back(topic, node);
}

impl Nodes {
    /// What is known of a node; `None`: it is a new one, and there are too many.
    fn take(&mut self, topic: Topic<'_>) -> Option<Node> {
        let key = (topic.group.to_owned(), topic.node.to_owned());
        let node = self.nodes.remove(&key);
        if node.is_none() && self.nodes.len() >= NODE_LIMIT {
            return None;
        }
        let node = node.unwrap_or_default();
        self.aliases -= node.aliases.len();
        Some(node)
    }

    fn put_back(&mut self, topic: Topic<'_>, mut node: Node) {
        while self.aliases + node.aliases.len() > ALIAS_LIMIT && node.aliases.pop_last().is_some() {}
        self.aliases += node.aliases.len();
        self.nodes.insert((topic.group.to_owned(), topic.node.to_owned()), node);
    }
}

fn said(context: &Context<'_>, via: Via<'_>, topic: Topic<'_>, payload: &Payload, node: &mut Node, out: &mut Decoded) {
    let device = topic.device.map(str::to_owned);
    let is_birth = topic.verb.ends_with("BIRTH");
    if topic.verb == "NBIRTH" {
        *node = Node { is_born: true, ..Node::default() };
        node.session = payload.metrics.iter().find(|metric| metric.name() == SESSION).and_then(Metric::whole);
    } else if is_birth {
        node.aliases.retain(|_, known| known.device != device);
    }
    let mut missed = !node.is_born || !follows(node, payload);
    for (place, metric) in payload.metrics.iter().enumerate() {
        if is_birth {
            learn(context, via, metric, &device, node);
        }
        let known = metric.alias.and_then(|alias| node.aliases.get(&alias).cloned());
        let name = match (metric.name(), &known) {
            ("", None) => {
                missed = true;
                continue;
            }
            ("", Some(Known { name: None, .. })) => continue,
            ("", Some(Known { name: Some(name), .. })) => name.clone(),
            (name, _) => name.to_owned(),
        };
        let datatype = metric.datatype.or(known.map(|known| known.datatype)).unwrap_or_default();
        if let Some(id) = take(context, via, (place, &name), metric, datatype, payload.time(), out) {
            node.given.entry(device.clone()).or_default().insert(id);
        }
    }
    if missed {
        ask_for_rebirth(context, topic, node, out);
    }
}

/// Whether nothing was lost before this message.
fn follows(node: &mut Node, payload: &Payload) -> bool {
    let Some(now) = payload.sequence else { return false };
    let expected = node.sequence.map(|last| (last + 1) % SEQUENCE);
    node.sequence = Some(now % SEQUENCE);
    expected.is_none_or(|expected| expected == now)
}

/// Remembers the number of a metric; its name only if somebody wants it.
fn learn(context: &Context<'_>, via: Via<'_>, metric: &Metric, device: &Option<String>, node: &mut Node) {
    let Some(alias) = metric.alias else { return };
    if node.aliases.len() >= ALIAS_LIMIT {
        return;
    }
    let name = metric.name();
    let is_wanted = name.len() <= NAME_LIMIT && wanted(context, via, name).next().is_some();
    let known = Known {
        device: device.clone(),
        name: is_wanted.then(|| name.to_owned()),
        datatype: metric.datatype.unwrap_or_default(),
    };
    node.aliases.insert(alias, known);
}

/// The datastreams that a metric is read for, with the unit it comes in.
fn wanted<'a>(
    context: &Context<'a>,
    via: Via<'a>,
    name: &str,
) -> impl Iterator<Item = (&'a Datastream, Option<&'a str>)> + use<'a> {
    let (catalog, own) = (context.catalog, context.station);
    let fields = &via.dialect.fields;
    let name = name.to_owned();
    let by_name = catalog.datastreams_of(own).iter().filter(|_| fields.is_empty());
    let own_name = name.clone();
    let by_name = by_name.filter(move |stream| stream.name.is_written(&own_name)).map(|stream| (stream, None));
    let by_field = fields.iter().filter(move |field| field.at == name).filter_map(move |field| {
        let stream = catalog.datastream(field.station.unwrap_or(own), field.datastream)?;
        Some((stream, field.unit.as_deref()))
    });
    by_name.chain(by_field)
}

/// Takes one metric; answers the datastream it was for.
fn take(
    context: &Context<'_>,
    via: Via<'_>,
    (place, name): (usize, &str),
    metric: &Metric,
    datatype: u32,
    sent: Option<Time>,
    out: &mut Decoded,
) -> Option<DatastreamId> {
    let (stream, unit) = wanted(context, via, name).next()?;
    let time = metric.time().or(sent);
    if metric.is_null {
        out.readings.push(Reading { datastream: stream.id, time, value: None });
    } else {
        push(stream, metric.number(datatype), unit, time, || format!("metric {}, {}", place + 1, echo(name)), out);
    }
    Some(stream.id)
}

/// Nothing is known any more of what died: its datastreams are missing from now on.
fn died(context: &Context<'_>, topic: Topic<'_>, payload: &Payload, node: &mut Node, out: &mut Decoded) {
    let stale: Vec<BTreeSet<DatastreamId>> = if topic.verb == "NDEATH" {
        let session = payload.metrics.iter().find(|metric| metric.name() == SESSION).and_then(Metric::whole);
        if session != node.session {
            // the will of an earlier session, which has ended long ago
            return;
        }
        let given = std::mem::take(&mut node.given).into_values().collect();
        *node = Node::default();
        given
    } else {
        if node.is_born && !follows(node, payload) {
            ask_for_rebirth(context, topic, node, out);
        }
        let device = topic.device.map(str::to_owned);
        node.aliases.retain(|_, known| known.device != device);
        node.given.remove(&device).into_iter().collect()
    };
    for datastream in stale.into_iter().flatten() {
        out.readings.push(Reading { datastream, time: Some(context.received), value: None });
    }
}

fn ask_for_rebirth(context: &Context<'_>, topic: Topic<'_>, node: &mut Node, out: &mut Decoded) {
    let was_asked = node.asked.is_some_and(|asked| context.received.since(asked) < PATIENCE);
    if !was_asked {
        node.asked = Some(context.received);
        let command = format!("{NAMESPACE}/{}/NCMD/{}", topic.group, topic.node);
        out.answer = Some((command, wire::rebirth(context.received)));
    }
}

//! `/metrics`: counters and gauges in the OpenMetrics text that Prometheus reads.
//!
//! What the web hears of the pipeline it counts itself. Everything else is a closure that is asked when Prometheus
//! asks: register it with [`Metrics::counter`] or [`Metrics::gauge`].

use super::shared::{Committed, Shared};
use bongsu_rules::Effect;
use bongsu_sensors::Reason;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bounds of the commit histogram, seconds: from a good disk to one that is dying.
const COMMIT_SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Labels of a series: name and value.
type Labels = Vec<(String, String)>;

enum Ask {
    Counter(Box<dyn Fn() -> u64 + Send + Sync>),
    Gauge(Box<dyn Fn() -> f64 + Send + Sync>),
}

impl Ask {
    fn encode(&self, to: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Ask::Counter(ask) => ConstCounter::new(ask()).encode(to),
            Ask::Gauge(ask) => ConstGauge::new(ask()).encode(to),
        }
    }
}

struct Asked {
    help: &'static str,
    series: Vec<(Labels, Ask)>,
}

/// What others count: by name, so that the series of one name stand together.
#[derive(Clone, Default)]
struct Elsewhere(Arc<Mutex<BTreeMap<&'static str, Asked>>>);

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Elsewhere")
    }
}

impl Collector for Elsewhere {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, Asked { help, series }) in &*asked {
            let kind = match series.first() {
                Some((_, Ask::Counter(_))) => ConstCounter::new(0_u64).metric_type(),
                _ => ConstGauge::new(0.0).metric_type(),
            };
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, ask) in series {
                if labels.is_empty() {
                    // Without labels there is one series, and the family is used up.
                    ask.encode(family)?;
                    break;
                }
                ask.encode(family.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}

/// The registry, and what the web counts itself.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    elsewhere: Elsewhere,
    observations: Counter,
    duplicates: Counter,
    transitions: Counter,
    dead_letters: Family<Labels, Counter>,
    incidents: Family<Labels, Gauge>,
    commit: Histogram,
    pub(super) listeners: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let metrics = Metrics {
            registry: Mutex::default(),
            elsewhere: Elsewhere::default(),
            observations: Counter::default(),
            duplicates: Counter::default(),
            transitions: Counter::default(),
            dead_letters: Family::default(),
            incidents: Family::default(),
            commit: Histogram::new(COMMIT_SECONDS),
            listeners: Gauge::default(),
        };
        for reason in Reason::ALL {
            // A series that is zero can be told from one that does not exist.
            drop(metrics.dead_letters.get_or_create(&by_reason(reason)));
        }
        let mut registry = Registry::with_prefix("bongsu");
        registry.register("observations", "Readings that became observations", metrics.observations.clone());
        registry.register("duplicates", "Readings that said again what was known", metrics.duplicates.clone());
        registry.register("transitions", "Changes of incidents", metrics.transitions.clone());
        registry.register("dead_letters", "What was refused, by reason", metrics.dead_letters.clone());
        registry.register("incidents", "Incidents that live, by level and state", metrics.incidents.clone());
        registry.register("commit_seconds", "How long commits took", metrics.commit.clone());
        registry.register("sse_clients", "Clients of /events now", metrics.listeners.clone());
        registry.register_collector(Box::new(metrics.elsewhere.clone()));
        *metrics.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }

    /// Registers a number that only grows. `name` stands behind `bongsu_` and gets `_total` itself; the same name again
    /// with other labels is another series of it.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        ask: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.ask(name, help, labels, Ask::Counter(Box::new(ask)));
    }

    /// Registers a number that goes up and down.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        ask: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        self.ask(name, help, labels, Ask::Gauge(Box::new(ask)));
    }

    fn ask(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)], ask: Ask) {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut elsewhere = self.elsewhere.0.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.entry(name).or_insert_with(|| Asked { help, series: Vec::new() }).series.push((labels, ask));
    }

    /// A commit took so long.
    pub fn commit(&self, took: Duration) {
        self.commit.observe(took.as_secs_f64());
    }

    pub(super) fn count(&self, committed: &Committed<'_>) {
        let (mut observations, mut duplicates) = (0, 0);
        for effect in committed.effects {
            match effect {
                Effect::Observed(_) => observations += 1,
                Effect::Duplicate(_) => duplicates += 1,
                _ => {}
            }
        }
        self.observations.inc_by(observations);
        self.duplicates.inc_by(duplicates);
        self.transitions.inc_by(committed.transitions.len() as u64);
        for letter in committed.dead_letters {
            self.dead_letters.get_or_create(&by_reason(letter.reason)).inc();
        }
    }

    /// The text Prometheus reads.
    pub(super) fn text(&self, shared: &Shared) -> String {
        self.incidents.clear();
        for said in shared.board().all() {
            let incident = &said.transition.incident;
            if incident.state.is_over() {
                continue;
            }
            let labels = [("level", incident.level.name()), ("state", incident.state.name())];
            let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
            self.incidents.get_or_create(&labels).inc();
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        text
    }
}

fn by_reason(reason: Reason) -> Labels {
    vec![("reason".to_owned(), reason.name().to_owned())]
}

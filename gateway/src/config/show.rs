//! The configuration as the program relies on it: TOML that could be a configuration file, with a comment on each line
//! that says where the value comes from. Secrets are never part of it.

use super::{Config, Layers, Limits, Named, Oidc, Operator, Store};
use crate::archive::Feeding;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// A section's name and its keys, each with its effective value as TOML.
pub(super) type Section = (String, Vec<Key>);

/// A key and its effective value as TOML.
type Key = (&'static str, Option<String>);

/// The effective value of every key, section by section.
pub(super) fn values(config: &Config) -> Vec<Section> {
    let archives = config.archive.archives.iter();
    let archives = archives.map(|settings| (format!("archive.{}", settings.name()), settings.shown()));
    sections(config).into_iter().map(|(name, keys)| (name.to_owned(), keys)).chain(archives).collect()
}

fn sections(config: &Config) -> Vec<(&'static str, Vec<Key>)> {
    let (remote, tls) = (config.mqtt.remote.as_ref(), config.mqtt.tls.as_ref());
    vec![
        (
            "",
            vec![
                ("stations", Some(path(&config.stations))),
                ("rules", config.rules.as_deref().map(path)),
                ("data", Some(path(&config.data))),
            ],
        ),
        ("city", city(config)),
        (
            "mqtt",
            vec![
                ("listen", Some(quoted(&config.mqtt.listen.to_string()))),
                ("tls_listen", address(config.mqtt.tls_listen)),
                ("ws_listen", address(config.mqtt.ws_listen)),
                ("wss_listen", address(config.mqtt.wss_listen)),
                ("allow_anonymous_devices", Some(config.mqtt.allow_anonymous_devices.to_string())),
                ("remote", remote.map(|remote| quoted(&remote.to_string()))),
                ("remote_username", remote.and_then(|remote| remote.username.as_deref()).map(quoted)),
                ("remote_password", remote.and_then(|remote| remote.password.as_ref()).map(|_| quoted("(hidden)"))),
                ("remote_ca", remote.and_then(|remote| remote.ca.as_deref()).map(path)),
            ],
        ),
        (
            "mqtt.tls",
            vec![
                ("cert", tls.map(|tls| path(&tls.cert))),
                ("key", tls.map(|tls| path(&tls.key))),
                ("client_ca", tls.and_then(|tls| tls.client_ca.as_deref()).map(path)),
            ],
        ),
        (
            "public",
            vec![
                ("listen", Some(quoted(&config.public.listen.to_string()))),
                ("mqtt_listen", address(config.public.mqtt_listen)),
                ("mqtt_tls_listen", address(config.public.mqtt_tls_listen)),
                ("ws_listen", address(config.public.ws_listen)),
                ("wss_listen", address(config.public.wss_listen)),
                ("base_url", config.public.base_url.as_deref().map(quoted)),
            ],
        ),
        ("operator", operator(&config.operator)),
        ("operator.oidc", oidc(config.operator.oidc.as_ref())),
        (
            "release",
            vec![
                ("policy", config.release.policy.as_deref().map(path)),
                ("type_population_above", Some(config.release.type_population_above.to_string())),
            ],
        ),
        ("store", store(&config.store)),
        (
            "log",
            vec![("level", Some(quoted(config.log.level.name()))), ("format", Some(quoted(config.log.format.name())))],
        ),
        limits(&config.limits),
        ("archive", archive(&config.archive)),
    ]
}

/// The keys of the section `operator`.
fn operator(operator: &Operator) -> Vec<Key> {
    vec![
        ("listen", Some(quoted(&operator.listen.to_string()))),
        ("mqtt_listen", Some(quoted(&operator.mqtt_listen.to_string()))),
        ("mqtt_tls_listen", address(operator.mqtt_tls_listen)),
        ("base_url", operator.base_url.as_deref().map(quoted)),
    ]
}

/// The keys of the section `operator.oidc`.
fn oidc(oidc: Option<&Oidc>) -> Vec<Key> {
    let text = |value: Option<&String>| value.map(|text| quoted(text));
    vec![
        ("issuer", text(oidc.map(|oidc| &oidc.issuer))),
        ("client_id", text(oidc.map(|oidc| &oidc.client_id))),
        ("client_secret", oidc.and_then(|oidc| oidc.client_secret.as_ref()).map(|_| quoted("(hidden)"))),
        ("ca", oidc.and_then(|oidc| oidc.ca.as_deref()).map(path)),
        ("username_claim", text(oidc.map(|oidc| &oidc.username_claim))),
        ("one_time_codes", oidc.map(|oidc| oidc.one_time_codes.to_string())),
        ("label_ko", text(oidc.and_then(|oidc| oidc.label_ko.as_ref()))),
        ("label_en", text(oidc.and_then(|oidc| oidc.label_en.as_ref()))),
    ]
}

/// The keys of the section `store`.
fn store(store: &Store) -> Vec<Key> {
    let duration = |duration| quoted(&bongsu_sensors::time::duration_text(duration));
    vec![
        ("path", Some(path(&store.path))),
        ("seal_after", Some(duration(store.seal.after))),
        ("seal_observations", Some(store.seal.rows.to_string())),
        ("keep_raw", store.seal.keep.raw.map(duration)),
        ("keep_hours", store.seal.keep.hours.map(duration)),
        ("keep_days", store.seal.keep.days.map(duration)),
    ]
}

fn limits(limits: &Limits) -> (&'static str, Vec<Key>) {
    (
        "limits",
        vec![
            ("max_connections", Some(limits.max_connections.to_string())),
            ("public_connections", Some(limits.public_connections.to_string())),
            ("connections_by_address", Some(limits.connections_by_address.to_string())),
            ("public_connections_by_address", Some(limits.public_connections_by_address.to_string())),
            ("messages_per_second", Some(limits.messages_per_second.to_string())),
            ("bytes_per_second", Some(limits.bytes_per_second.to_string())),
            ("max_packet_bytes", Some(limits.max_packet_bytes.to_string())),
            ("intake_messages", Some(limits.intake_messages.to_string())),
            ("batch_readings", Some(limits.batch_readings.to_string())),
            ("dead_letters", Some(limits.dead_letters.to_string())),
        ],
    )
}

/// The keys of the section `archive`.
fn archive(feeding: &Feeding) -> Vec<Key> {
    let duration = |duration| Some(quoted(&bongsu_sensors::time::duration_text(duration)));
    vec![
        ("batch_points", Some(feeding.batch_points.to_string())),
        ("every", duration(feeding.every)),
        ("timeout", duration(feeding.timeout)),
        ("max_lag", duration(feeding.max_lag)),
    ]
}

/// The keys of the section `city`.
fn city(config: &Config) -> Vec<Key> {
    vec![
        ("languages", Some(list(&config.city.languages))),
        ("sender", Some(quoted(&config.city.sender))),
        ("sender_name", Some(quoted(&config.city.sender_name))),
        ("contact", config.city.contact.as_deref().map(quoted)),
        ("signing_key", config.city.signing_key.as_deref().map(path)),
        ("signing_certificate", config.city.signing_certificate.as_deref().map(path)),
    ]
}

/// TOML text with the place of each value.
pub fn show(config: &Config, layers: &Layers) -> String {
    let mut shown = String::new();
    for (section, keys) in values(config) {
        if !section.is_empty() {
            let _ = writeln!(shown, "\n[{section}]");
        }
        for (key, value) in keys {
            let place = layers.place(&section, key).unwrap_or_else(|| "default".to_owned());
            let line = match value {
                Some(value) => format!("{key} = {value}"),
                None => format!("# {key} is not set"),
            };
            let _ = writeln!(shown, "{line:<44} # {place}");
        }
    }
    shown
}

/// The keys whose values differ, as `section.key`; each channel counts as one.
pub fn differences(before: &Config, after: &Config) -> Vec<String> {
    let sections = sections(before).into_iter().zip(sections(after));
    let keys = sections.flat_map(|((section, before), (_, after))| {
        let changed = before.into_iter().zip(after).filter(|(before, after)| before.1 != after.1);
        changed.map(move |((key, _), _)| if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") })
    });
    let channels = |config: &Config| format!("{:?} {:?}", config.channels, config.ping);
    let channel = (channels(before) != channels(after)).then(|| "channel".to_owned());
    let archives = |config: &Config| format!("{:?}", config.archive.archives);
    let archive = (archives(before) != archives(after)).then(|| "archive".to_owned());
    keys.chain(channel).chain(archive).collect()
}

/// A text as a basic string in TOML.
pub fn quoted(value: &str) -> String {
    // JSON's escapes are a subset of those of a basic string in TOML.
    serde_json::Value::from(value).to_string()
}

fn address(value: Option<SocketAddr>) -> Option<String> {
    value.map(|address| quoted(&address.to_string()))
}

fn path(value: &Path) -> String {
    quoted(&value.to_string_lossy())
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

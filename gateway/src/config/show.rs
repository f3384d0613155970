//! The configuration as the program relies on it: TOML that could be a configuration file, with a comment on each line
//! that says where the value comes from. Secrets are never part of it.

use super::{Config, Layers, Named};
use std::fmt::Write;
use std::path::Path;

/// A section's name and its keys, each with its effective value as TOML.
pub(super) type Section = (&'static str, Vec<(&'static str, Option<String>)>);

/// The effective value of every key, section by section.
pub(super) fn values(config: &Config) -> Vec<Section> {
    let limits = &config.limits;
    vec![
        (
            "",
            vec![
                ("stations", Some(path(&config.stations))),
                ("rules", config.rules.as_deref().map(path)),
                ("data", Some(path(&config.data))),
            ],
        ),
        (
            "city",
            vec![
                ("languages", Some(list(&config.city.languages))),
                ("sender", Some(text(&config.city.sender))),
                ("sender_name", Some(text(&config.city.sender_name))),
                ("contact", config.city.contact.as_deref().map(text)),
            ],
        ),
        (
            "mqtt",
            vec![
                ("listen", Some(text(&config.mqtt.listen.to_string()))),
                ("ws_listen", config.mqtt.ws_listen.map(|address| text(&address.to_string()))),
                ("allow_anonymous_devices", Some(config.mqtt.allow_anonymous_devices.to_string())),
            ],
        ),
        (
            "public",
            vec![
                ("listen", Some(text(&config.public.listen.to_string()))),
                ("base_url", config.public.base_url.as_deref().map(text)),
            ],
        ),
        (
            "operator",
            vec![
                ("listen", Some(text(&config.operator.listen.to_string()))),
                ("mqtt_listen", Some(text(&config.operator.mqtt_listen.to_string()))),
            ],
        ),
        ("store", vec![("path", Some(path(&config.store.path)))]),
        ("log", vec![("level", Some(text(config.log.level.name()))), ("format", Some(text(config.log.format.name())))]),
        (
            "limits",
            vec![
                ("max_connections", Some(limits.max_connections.to_string())),
                ("max_packet_bytes", Some(limits.max_packet_bytes.to_string())),
                ("intake_messages", Some(limits.intake_messages.to_string())),
                ("batch_readings", Some(limits.batch_readings.to_string())),
                ("dead_letters", Some(limits.dead_letters.to_string())),
            ],
        ),
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
            let place = layers.place(section, key).unwrap_or_else(|| "default".to_owned());
            let line = match value {
                Some(value) => format!("{key} = {value}"),
                None => format!("# {key} is not set"),
            };
            let _ = writeln!(shown, "{line:<44} # {place}");
        }
    }
    shown
}

fn text(value: &str) -> String {
    // JSON's escapes are a subset of those of a basic string in TOML.
    serde_json::Value::from(value).to_string()
}

fn path(value: &Path) -> String {
    text(&value.to_string_lossy())
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", "))
}

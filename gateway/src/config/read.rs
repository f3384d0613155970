//! From the table of all layers to a [`Config`]: types, ranges, and what two keys say about each other.
//!
//! To add a key: a documented line in `default.toml`, a field in [`super`], a line here and one in
//! [`show`](mod@super::show). A test compares the four.

use super::{
    City, Config, Layers, Limits, Log, Mqtt, Named, Oidc, Operator, Public, Release, Remote, Secret, Store, TlsFiles,
};
use crate::archive::duration;
use crate::channel::Settings;
use crate::channel::ping::Ping;
use crate::store::history::{Bounds, Keep, MOST_ROWS};
use bongsu_sensors::document::{Located, Reader, nearest};
use bongsu_sensors::mistake::{Mistakes, Origin, Source};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The database file in the data folder.
const STORE_FILE: &str = "city.db";

/// Reads everything; `None` only where a mistake was told.
pub fn config(layers: &Layers, mistakes: &Mistakes) -> Option<Config> {
    let top = Reader::document(&layers.table, layers.file.as_ref().unwrap_or(&layers.default), mistakes);
    let stations = top.required_at("stations").map(|typed| layers.path(&typed));
    let rules = top.located("rules").map(|typed| layers.path(&typed));
    let data = top.required_at("data").map(|typed| layers.path(&typed));
    let warnings = Mistakes::new();
    let city = top.inner("city").and_then(|section| city(section, layers));
    let (channels, ping) = top.inner("channel").map(|section| channels(section, layers)).unwrap_or_default();
    let store = top.inner("store").and_then(|section| store(section, layers, data.as_ref()));
    let archive = top.inner("archive").and_then(|section| crate::archive::read(section, layers));
    let mqtt = top.inner("mqtt").and_then(|section| mqtt(section, layers, &warnings));
    let public = top.inner("public").and_then(public);
    let operator = top.inner("operator").and_then(|section| operator(section, layers, &warnings));
    let release = top.inner("release").and_then(|section| release(section, layers));
    let log = top.inner("log").and_then(log);
    let limits = top.inner("limits").and_then(limits);
    top.finish();
    let (mqtt, public, operator) = (mqtt?, public?, operator?);
    let all = mqtt.1.iter().chain(&public.1).chain(&operator.1);
    let planes: Vec<_> = all.map(|(name, plane)| (*name, plane)).collect();
    apart(&planes, &layers.default, mistakes);
    if mqtt.0.tls.is_none() {
        let inside = planes.iter().filter(|(name, _)| name.contains("tls") || name.contains("wss"));
        for (name, plane) in inside {
            mistakes.add(&plane.origin, format!("`{name}` needs a certificate"), "add [mqtt.tls] with cert and key");
        }
    }
    Some(Config {
        stations: stations?,
        rules,
        data: data?,
        city: city?,
        mqtt: mqtt.0,
        public: public.0,
        operator: operator.0,
        release: release?,
        channels,
        ping,
        store: store?,
        archive: archive?,
        log: log?,
        limits: limits?,
        warnings: warnings.into_vec(),
    })
}

/// The channels, and the sign of life, which is none.
fn channels(section: Reader<'_>, layers: &Layers) -> (Vec<Arc<dyn Settings>>, Option<Ping>) {
    let ping = section.inner("ping").and_then(crate::channel::ping::read);
    (crate::channel::read(section, layers), ping)
}

fn city(section: Reader<'_>, layers: &Layers) -> Option<City> {
    let languages = section.required_at::<Vec<String>>("languages").filter(|typed| languages(typed, &section));
    let sender = section.required_at::<String>("sender");
    let sender = sender.filter(|typed| {
        let fits = !typed.value.is_empty() && !typed.value.contains([',', '<', '&']) && !has_space(&typed.value);
        let remedy = "write a name such as \"bongsu.seoul.go.kr\": CAP allows no spaces, commas, < or &";
        expect(fits, section.mistakes(), &typed.origin, || format!("{:?} cannot be the sender", typed.value), remedy)
    });
    let sender_name = section.required::<String>("sender_name");
    let contact = section.optional::<String>("contact").filter(|contact| !contact.is_empty());
    let signing_key = section.located("signing_key").map(|typed| layers.path(&typed));
    let signing_certificate = section.located("signing_certificate").map(|typed| layers.path(&typed));
    let resources = section.tables("resource").into_iter().filter_map(crate::alert::resource::read).collect();
    let agencies = section.tables("agency").into_iter().filter_map(crate::relay::read).collect();
    section.finish();
    Some(City {
        resources,
        agencies,
        languages: languages?.value,
        sender: sender?.value,
        sender_name: sender_name?,
        contact,
        signing_key,
        signing_certificate,
    })
}

fn has_space(text: &str) -> bool {
    text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

/// Adds a mistake where something does not hold, and answers whether it does.
fn expect(holds: bool, mistakes: &Mistakes, origin: &Origin, wrong: impl FnOnce() -> String, remedy: &str) -> bool {
    if !holds {
        mistakes.add(origin, wrong(), remedy);
    }
    holds
}

fn languages(typed: &Located<Vec<String>>, section: &Reader<'_>) -> bool {
    let told = |holds, wrong: String, remedy| expect(holds, section.mistakes(), &typed.origin, || wrong, remedy);
    let mut good = told(!typed.value.is_empty(), "no language is left".into(), "write at least one, such as [\"ko\"]");
    for (at, code) in typed.value.iter().enumerate() {
        let mut parts = code.split('-');
        let first = parts.next().unwrap_or_default();
        let shaped = (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
        let rest = parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        let remedy = "write codes such as \"ko\", \"en\" or \"zh-Hans\"";
        good &= told(shaped && rest, format!("{code:?} is no language code"), remedy);
        good &= told(!typed.value[..at].contains(code), format!("language {code:?} stands twice"), "write it once");
    }
    good
}

fn store(section: Reader<'_>, layers: &Layers, data: Option<&PathBuf>) -> Option<Store> {
    let path = section.located("path").map(|typed| layers.path(&typed));
    let after = duration(&section, "seal_after", Duration::from_secs(1));
    let rows = number(&section, "seal_observations", 10_000..=MOST_ROWS);
    let keep = keep(&section);
    section.finish();
    let path = path.or_else(|| data.map(|data| data.join(STORE_FILE)));
    Some(Store { path: path?, seal: Bounds { after: after?, rows: rows?, keep: keep? } })
}

/// How long what is kept: what is coarser at least as long as what it is made of.
fn keep(section: &Reader<'_>) -> Option<Keep> {
    let one = |key| match section.node(key) {
        None => Some(None),
        Some(_) => duration(section, key, Duration::from_secs(86_400)).map(Some),
    };
    let (raw, hours, days) = (one("keep_raw")?, one("keep_hours")?, one("keep_days")?);
    let mut holds = true;
    for (key, keep, finer, than) in [("keep_hours", hours, "keep_raw", raw), ("keep_days", days, "keep_hours", hours)] {
        let Some(keep) = keep else { continue };
        let wrong = match than {
            Some(than) if than <= keep => continue,
            Some(_) => format!("{key} is shorter than {finer}"),
            None => format!("{key} is set and {finer} is not, which is kept for ever"),
        };
        let remedy = format!("keep what is finer no longer: set {finer} as well, at most as long, or leave {key} out");
        section.mistakes().add(section.node(key).map_or(section.origin(), |node| &node.origin), wrong, remedy);
        holds = false;
    }
    holds.then_some(Keep { raw, hours, days })
}

fn address(section: &Reader<'_>, key: &'static str) -> Option<Located<SocketAddr>> {
    let typed = section.required_at::<String>(key)?;
    match typed.value.parse() {
        Ok(value) => Some(Located { value, origin: typed.origin }),
        Err(_) => {
            let remedy = "write an IP address and a port such as \"127.0.0.1:1883\", \"0.0.0.0:1883\" or \"[::]:1883\"";
            section.mistakes().add(&typed.origin, format!("{:?} is no address to listen on", typed.value), remedy);
            None
        }
    }
}

/// Addresses with the names of their keys.
type Addresses = Vec<(&'static str, Located<SocketAddr>)>;

/// An address that may be left out; it is noted under its full name.
fn optional(section: &Reader<'_>, key: &'static str, name: &'static str, all: &mut Addresses) -> Option<SocketAddr> {
    section.node(key)?;
    let typed = address(section, key)?;
    let value = typed.value;
    all.push((name, typed));
    Some(value)
}

fn mqtt(section: Reader<'_>, layers: &Layers, warnings: &Mistakes) -> Option<(Mqtt, Addresses)> {
    let listen = address(&section, "listen");
    let mut all = Vec::new();
    let tls_listen = optional(&section, "tls_listen", "mqtt.tls_listen", &mut all);
    let ws_listen = optional(&section, "ws_listen", "mqtt.ws_listen", &mut all);
    let wss_listen = optional(&section, "wss_listen", "mqtt.wss_listen", &mut all);
    let anonymous = section.required_at::<bool>("allow_anonymous_devices");
    let remote = remote(&section, layers);
    let tls = section.inner("tls").and_then(|section| tls(section, layers));
    section.finish();
    let (listen, anonymous) = (listen?, anonymous?);
    if anonymous.value && !listen.value.ip().is_loopback() {
        let wrong = format!("anyone who reaches {} can report readings", listen.value);
        warnings.add(&anonymous.origin, wrong, "give each device a password with `bongsu devices add`");
    }
    let allow_anonymous_devices = anonymous.value;
    let mqtt = Mqtt { listen: listen.value, tls_listen, ws_listen, wss_listen, tls, remote, allow_anonymous_devices };
    all.insert(0, ("mqtt.listen", listen));
    Some((mqtt, all))
}

fn tls(section: Reader<'_>, layers: &Layers) -> Option<TlsFiles> {
    let file = |key| section.located::<PathBuf>(key).map(|typed| layers.path(&typed));
    let (cert, key, client_ca) = (file("cert"), file("key"), file("client_ca"));
    if (cert.is_none() || key.is_none()) && (cert.is_some() || key.is_some() || client_ca.is_some()) {
        section.complain("[mqtt.tls] is not complete", "write both `cert` and `key`, or neither");
    }
    section.finish();
    Some(TlsFiles { cert: cert?, key: key?, client_ca })
}

fn remote(section: &Reader<'_>, layers: &Layers) -> Option<Remote> {
    let url = section.located::<String>("remote");
    let username = section.located::<String>("remote_username");
    let password = Secret::read(section, "remote_password", "remote_password_file", layers);
    let ca = section.located::<PathBuf>("remote_ca");
    let Some(url) = url else {
        if let Some(typed) = username {
            section.mistakes().add(&typed.origin, "`remote_username` without `remote`", "add `remote`, or remove it");
        }
        return None;
    };
    let parts = ["mqtt://", "mqtts://"].iter().find_map(|scheme| Some((*scheme, url.value.strip_prefix(scheme)?)));
    let place = parts.and_then(|(scheme, rest)| {
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let fits = !host.is_empty() && !host.contains(['/', '@', '?', '#']) && !has_space(host);
        Some((scheme == "mqtts://", host.to_owned(), port.parse().ok()?)).filter(|_| fits)
    });
    let Some((tls, host, port)) = place else {
        let remedy = "write it as \"mqtt://broker.example.city:1883\" or \"mqtts://broker.example.city:8883\"; the \
                      name goes into `remote_username`";
        section.mistakes().add(&url.origin, format!("{:?} is no address of a broker", url.value), remedy);
        return None;
    };
    let (username, ca) = (username.map(|typed| typed.value), ca.map(|typed| layers.path(&typed)));
    Some(Remote { host, port, tls, ca, username, password })
}

fn public(section: Reader<'_>) -> Option<(Public, Addresses)> {
    let listen = address(&section, "listen");
    let mut all = Vec::new();
    let mqtt_listen = optional(&section, "mqtt_listen", "public.mqtt_listen", &mut all);
    let mqtt_tls_listen = optional(&section, "mqtt_tls_listen", "public.mqtt_tls_listen", &mut all);
    let ws_listen = optional(&section, "ws_listen", "public.ws_listen", &mut all);
    let wss_listen = optional(&section, "wss_listen", "public.wss_listen", &mut all);
    let base_url = web_address(&section, "https://warning.example.city");
    section.finish();
    let listen = listen?;
    let public = Public { listen: listen.value, mqtt_listen, mqtt_tls_listen, ws_listen, wss_listen, base_url };
    all.insert(0, ("public.listen", listen));
    Some((public, all))
}

/// The key `base_url`: where people know a plane under, without a slash at its end.
fn web_address(section: &Reader<'_>, example: &str) -> Option<String> {
    let typed = section.located::<String>("base_url")?;
    let trimmed = typed.value.trim_end_matches('/');
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    let fits = host.is_some_and(|host| !host.is_empty() && !host.contains(['?', '#']) && !has_space(host));
    let wrong = || format!("{:?} is no web address", typed.value);
    let remedy = format!("write it as {example:?}");
    expect(fits, section.mistakes(), &typed.origin, wrong, &remedy).then(|| trimmed.to_owned())
}

fn oidc(section: Reader<'_>, layers: &Layers) -> Option<Oidc> {
    let issuer = section.located::<String>("issuer");
    let client_id = section.optional::<String>("client_id");
    let client_secret = Secret::read(&section, "client_secret", "client_secret_file", layers);
    let ca = section.located::<PathBuf>("ca").map(|typed| layers.path(&typed));
    let username_claim = section.optional("username_claim").unwrap_or_else(|| "preferred_username".to_owned());
    let one_time_codes = section.optional("one_time_codes").unwrap_or(true);
    let (label_ko, label_en) = (section.optional("label_ko"), section.optional("label_en"));
    if issuer.is_some() != client_id.is_some() || issuer.is_none() && client_secret.is_some() {
        section.complain("[operator.oidc] is not complete", "write both `issuer` and `client_id`, or neither");
    }
    let issuer = issuer.filter(|typed| {
        let fits = crate::oidc::is_safe(&typed.value) && !typed.value.contains('?') && !has_space(&typed.value);
        let wrong = || format!("{:?} is no issuer", typed.value);
        let remedy = "write it as the provider does, such as \"https://id.example.city/realms/city\"; http is for this \
                      machine only";
        expect(fits, section.mistakes(), &typed.origin, wrong, remedy)
    });
    section.finish();
    let (issuer, client_id) = (issuer?.value, client_id?);
    Some(Oidc { issuer, client_id, client_secret, ca, username_claim, one_time_codes, label_ko, label_en })
}

fn operator(section: Reader<'_>, layers: &Layers, warnings: &Mistakes) -> Option<(Operator, Addresses)> {
    let listen = address(&section, "listen");
    let mqtt = address(&section, "mqtt_listen");
    let mut all = Vec::new();
    let mqtt_tls_listen = optional(&section, "mqtt_tls_listen", "operator.mqtt_tls_listen", &mut all);
    let base_url = web_address(&section, "https://console.example.city");
    let oidc = section.inner("oidc").and_then(|section| oidc(section, layers));
    section.finish();
    let (listen, mqtt) = (listen?, mqtt?);
    for typed in [&listen, &mqtt] {
        if !typed.value.ip().is_loopback() {
            let wrong = format!("passwords and tokens travel in the clear to {}", typed.value);
            warnings.add(&typed.origin, wrong, "put a TLS proxy in front of it and listen on 127.0.0.1");
        }
    }
    let operator = Operator { listen: listen.value, mqtt_listen: mqtt.value, mqtt_tls_listen, base_url, oidc };
    all.extend([("operator.listen", listen), ("operator.mqtt_listen", mqtt)]);
    Some((operator, all))
}

fn release(section: Reader<'_>, layers: &Layers) -> Option<Release> {
    let policy = section.located("policy").map(|typed| layers.path(&typed));
    let type_population_above = section.required::<u64>("type_population_above");
    section.finish();
    Some(Release { policy, type_population_above: type_population_above? })
}

/// Two planes on one address would share a network, or fail when the second one is bound.
///
/// The address that was typed is the one to change, not the default it runs into.
fn apart(planes: &[(&str, &Located<SocketAddr>)], default: &Arc<Source>, mistakes: &Mistakes) {
    let mut planes = planes.to_vec();
    planes.sort_by_key(|(_, plane)| !Arc::ptr_eq(&plane.origin.source, default));
    for (at, (name, plane)) in planes.iter().enumerate() {
        for (other, taken) in &planes[..at] {
            let (a, b) = (plane.value, taken.value);
            let overlap = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
            if a.port() != 0 && a.port() == b.port() && overlap {
                let wrong = format!("`{name}` {a} is taken by `{other}` {b}");
                mistakes.add(&plane.origin, wrong, "give each its own port");
            }
        }
    }
}

fn log(section: Reader<'_>) -> Option<Log> {
    let level = named(&section, "level");
    let format = named(&section, "format");
    section.finish();
    Some(Log { level: level?, format: format? })
}

fn named<T: Named>(section: &Reader<'_>, key: &'static str) -> Option<T> {
    let typed = section.required_at::<String>(key)?;
    let found = T::ALL.iter().find(|(name, _)| *name == typed.value).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = T::ALL.iter().map(|(name, _)| *name).collect();
        let remedy = match nearest(&typed.value, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("write one of: {}", names.join(", ")),
        };
        section.mistakes().add(&typed.origin, format!("`{key}` cannot be {:?}", typed.value), remedy);
    }
    found
}

fn limits(section: Reader<'_>) -> Option<Limits> {
    let max_connections = number(&section, "max_connections", 1..=1_000_000);
    let public_connections = number(&section, "public_connections", 0..=1_000_000);
    let connections_by_address = number(&section, "connections_by_address", 1..=1_000_000);
    let public_connections_by_address = number(&section, "public_connections_by_address", 1..=1_000_000);
    let messages_per_second = number(&section, "messages_per_second", 0..=100_000_000);
    let bytes_per_second = number(&section, "bytes_per_second", 0..=4_000_000_000);
    // The standard's own bound: a packet says its length in 28 bits.
    let max_packet_bytes = number(&section, "max_packet_bytes", 1_024..=268_435_455);
    let intake_messages = number(&section, "intake_messages", 1..=10_000_000);
    let batch_readings = number(&section, "batch_readings", 1..=1_000_000);
    let dead_letters = number(&section, "dead_letters", 0..=100_000_000);
    section.finish();
    Some(Limits {
        max_connections: max_connections?,
        public_connections: public_connections?,
        connections_by_address: connections_by_address?,
        public_connections_by_address: public_connections_by_address?,
        messages_per_second: messages_per_second?,
        bytes_per_second: bytes_per_second?,
        max_packet_bytes: max_packet_bytes?,
        intake_messages: intake_messages?,
        batch_readings: batch_readings?,
        dead_letters: dead_letters?,
    })
}

fn number(section: &Reader<'_>, key: &'static str, range: RangeInclusive<usize>) -> Option<usize> {
    let typed = section.required_at::<usize>(key)?;
    let remedy = format!("write a number from {} to {}", range.start(), range.end());
    let wrong = || format!("`{key}` cannot be {}", typed.value);
    expect(range.contains(&typed.value), section.mistakes(), &typed.origin, wrong, &remedy).then_some(typed.value)
}

//! From a message to XML, byte for byte the canonical form (exclusive XML canonicalisation) of itself: one namespace, no
//! attributes, no comments, no space between elements. That is why a signature over it needs no canonicalisation.

use super::NAMESPACE;
use super::model::{Alert, Area, Info, Pair, Resource};
use std::fmt::Display;

/// What every document begins with; it is no part of what is signed.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What the element `alert` ends with: a signature stands before it.
pub const END: &str = "</alert>";

/// Writes a message, without the declaration. A signature it was read with is not written.
pub fn write(alert: &Alert) -> String {
    let mut out = Out { text: format!("<alert xmlns=\"{NAMESPACE}\">") };
    out.one("identifier", &alert.identifier);
    out.one("sender", &alert.sender);
    out.one("sent", &alert.sent);
    out.one("status", alert.status.name());
    out.one("msgType", alert.msg_type.name());
    out.maybe("source", alert.source.as_ref());
    out.one("scope", alert.scope.name());
    out.maybe("restriction", alert.restriction.as_ref());
    out.maybe("addresses", alert.addresses.as_ref());
    out.every("code", &alert.codes);
    out.maybe("note", alert.note.as_ref());
    if !alert.references.is_empty() {
        let references: Vec<String> = alert.references.iter().map(ToString::to_string).collect();
        out.one("references", references.join(" "));
    }
    out.maybe("incidents", alert.incidents.as_ref());
    alert.infos.iter().for_each(|info| out.group("info", |out| write_info(out, info)));
    out.text.push_str(END);
    out.text
}

/// A text in the canonical form of character data. What XML cannot carry at all becomes U+FFFD.
pub fn escape(text: &str, to: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '\r' => to.push_str("&#xD;"),
            '\t' | '\n' => to.push(letter),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => to.push('\u{fffd}'),
            _ => to.push(letter),
        }
    }
}

struct Out {
    text: String,
}

impl Out {
    fn one(&mut self, name: &str, value: impl Display) {
        self.group(name, |out| escape(&value.to_string(), &mut out.text));
    }

    fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.one(name, value);
        }
    }

    fn every(&mut self, name: &str, values: &[impl Display]) {
        values.iter().for_each(|value| self.one(name, value));
    }

    fn group(&mut self, name: &str, inside: impl FnOnce(&mut Out)) {
        self.text.extend(["<", name, ">"]);
        inside(self);
        self.text.extend(["</", name, ">"]);
    }

    fn pairs(&mut self, name: &str, pairs: &[Pair]) {
        for pair in pairs {
            self.group(name, |out| {
                out.one("valueName", &pair.name);
                out.one("value", &pair.value);
            });
        }
    }
}

fn write_info(out: &mut Out, info: &Info) {
    out.maybe("language", info.language.as_ref());
    info.categories.iter().for_each(|category| out.one("category", category.name()));
    out.one("event", &info.event);
    info.response_types.iter().for_each(|response| out.one("responseType", response.name()));
    out.one("urgency", info.urgency.name());
    out.one("severity", info.severity.name());
    out.one("certainty", info.certainty.name());
    out.maybe("audience", info.audience.as_ref());
    out.pairs("eventCode", &info.event_codes);
    out.maybe("effective", info.effective.as_ref());
    out.maybe("onset", info.onset.as_ref());
    out.maybe("expires", info.expires.as_ref());
    out.maybe("senderName", info.sender_name.as_ref());
    out.maybe("headline", info.headline.as_ref());
    out.maybe("description", info.description.as_ref());
    out.maybe("instruction", info.instruction.as_ref());
    out.maybe("web", info.web.as_ref());
    out.maybe("contact", info.contact.as_ref());
    out.pairs("parameter", &info.parameters);
    info.resources.iter().for_each(|resource| out.group("resource", |out| write_resource(out, resource)));
    info.areas.iter().for_each(|area| out.group("area", |out| write_area(out, area)));
}

fn write_resource(out: &mut Out, resource: &Resource) {
    out.one("resourceDesc", &resource.description);
    out.one("mimeType", &resource.mime_type);
    out.maybe("size", resource.size.as_ref());
    out.maybe("uri", resource.uri.as_ref());
    out.maybe("derefUri", resource.deref_uri.as_ref());
    out.maybe("digest", resource.digest.as_ref());
}

fn write_area(out: &mut Out, area: &Area) {
    out.one("areaDesc", &area.description);
    for polygon in &area.polygons {
        let points: Vec<String> = polygon.iter().map(point).collect();
        out.one("polygon", points.join(" "));
    }
    for (centre, radius) in &area.circles {
        out.one("circle", format!("{} {radius}", point(centre)));
    }
    out.pairs("geocode", &area.geocodes);
    out.maybe("altitude", area.altitude.as_ref());
    out.maybe("ceiling", area.ceiling.as_ref());
}

fn point([latitude, longitude]: &[f64; 2]) -> String {
    format!("{latitude},{longitude}")
}

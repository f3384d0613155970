//! What other systems read: each CAP message under its identifier, and the feed that lists the newest of each incident.

use super::Web;
use super::problem::{Problem, quoted};
use super::shared::Shared;
use crate::alert::words::{self, Language};
use crate::alert::{self, cap};
use axum::extract::{Path, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use bongsu_rules::cap::write::{DECLARATION, escape};
use bongsu_rules::language::Audience;
use bongsu_sensors::Time;

/// Longest identifier: that of an incident with the number of its message.
const IDENTIFIER_LIMIT: usize = 300;

/// `GET /cap/{identifier}.xml`: a message word for word as it was issued.
pub async fn message(State(web): State<Web>, Path(file): Path<String>) -> Result<Response, Problem> {
    let identifier = file.strip_suffix(".xml").filter(|identifier| identifier.len() <= IDENTIFIER_LIMIT);
    let identifier = identifier.ok_or_else(|| no_such_message(&file))?.to_owned();
    let wanted = identifier.clone();
    let found = web.shared.readers.read(move |reader| reader.cap(&wanted)).await?;
    let status = web.shared.settings.status;
    // What has become the operators' own is not repeated to the public.
    let is_public = |audience| audience == Audience::Public;
    let found = found.filter(|(_, incident)| is_public(incident.audience) && incident.status == status);
    let (body, _) = found.ok_or_else(|| no_such_message(&identifier))?;
    Ok(([(header::CONTENT_TYPE, "application/cap+xml; charset=utf-8")], body).into_response())
}

fn no_such_message(identifier: &str) -> Problem {
    let remedy = "/feed.atom lists the messages, each with the address of its CAP document";
    Problem::not_found(format!("there is no message {}", quoted(identifier)), remedy)
}

/// `GET /feed.atom`: the newest message of each incident that lives or ended in the last 48 hours.
pub async fn feed(State(web): State<Web>, uri: Uri) -> Response {
    let language = asked(&web.shared, &uri);
    let feed = write_feed(&web.shared, language);
    ([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], feed).into_response()
}

/// The language a feed is asked in: `?lang=`, else the city's first.
fn asked(shared: &Shared, uri: &Uri) -> Language {
    let query = uri.query().unwrap_or_default();
    let tag = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
    let languages = shared.languages();
    tag.and_then(Language::of_tag).filter(|asked| languages.contains(asked)).unwrap_or(languages[0])
}

struct Feed {
    text: String,
}

impl Feed {
    fn element(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.text.extend(["<", name]);
        for (key, value) in attributes {
            self.text.extend([" ", key, "=\""]);
            let mut escaped = String::new();
            escape(value, &mut escaped);
            self.text.push_str(&escaped.replace('"', "&quot;"));
            self.text.push('"');
        }
        if value.is_empty() {
            return self.text.push_str("/>");
        }
        self.text.push('>');
        escape(value, &mut self.text);
        self.text.extend(["</", name, ">"]);
    }
}

fn write_feed(shared: &Shared, language: Language) -> String {
    let base = shared.settings.base_url.as_str();
    let catalog = shared.catalog();
    let context = shared.context(&catalog);
    let now = shared.pulse().now;
    let shown = shared.board().public(now);
    let zone = cap::zone(catalog.as_deref());
    let mut entries: Vec<(Time, String)> = Vec::new();
    for said in &shown {
        let Some(message) = said.public(shared.settings.status) else { continue };
        let alert = alert::issued(&said.transition.incident, message, context);
        let mut entry = Feed { text: "<entry>".into() };
        let document = alert.cap.as_deref().unwrap_or_default();
        entry.element("id", &[], document);
        entry.element("title", &[], alert.headline.get(language));
        entry.element("updated", &[], &message.sent.in_zone(&zone));
        let page = format!("{base}/alerts/{}?lang={}", alert.incident, language.code());
        entry.element("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)], "");
        let cap_type = "application/cap+xml";
        entry.element("link", &[("rel", "related"), ("type", cap_type), ("href", document)], "");
        let hazard = words::hazard_word(alert.hazard, language);
        entry.element("category", &[("term", alert.hazard), ("label", hazard)], "");
        entry.element("category", &[("term", alert.level.name()), ("scheme", "bongsu:level")], "");
        entry.element("summary", &[], alert.instruction.get(language));
        entry.text.push_str("</entry>");
        entries.push((message.sent, entry.text));
    }
    entries.sort_by_key(|(sent, _)| std::cmp::Reverse(*sent));
    let updated = entries.first().map_or(now, |(sent, _)| *sent);
    let mut feed = Feed { text: DECLARATION.into() };
    feed.text.push_str(&format!("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">", language.code()));
    let own = format!("{base}/feed.atom");
    feed.element("id", &[], &own);
    feed.element("title", &[], &shared.settings.sender_name);
    feed.element("updated", &[], &updated.in_zone(&zone));
    feed.text.push_str("<author>");
    feed.element("name", &[], &shared.settings.sender_name);
    feed.text.push_str("</author>");
    feed.element("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)], "");
    feed.element("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &format!("{base}/"))], "");
    entries.iter().for_each(|(_, entry)| feed.text.push_str(entry));
    feed.text.push_str("</feed>\n");
    feed.text
}

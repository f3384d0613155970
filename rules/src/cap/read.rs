//! From XML to a message, as strict as the standard's schema: every element in its place, every word one of its words.

use super::model::{Alert, Area, Info, Moment, Pair, Reference, Resource};
use super::tree::{self, Node, TreeError};
use super::{NAMESPACE, SIGNATURE_NAMESPACE};

/// Why a text is no CAP 1.2 message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no XML that is taken.
    #[error(transparent)]
    Xml(#[from] TreeError),
    /// It is something else.
    #[error("it is a {name:?} of the namespace {namespace:?}; only an \"alert\" of {NAMESPACE:?} is taken")]
    OtherLanguage {
        /// The name of its element.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// Something is missing, or stands where it does not belong.
    #[error("<{inside}> has <{found}> where only {expected} may stand: elements have a fixed order")]
    Misplaced {
        /// In which element.
        inside: String,
        /// What is there; empty where nothing is.
        found: String,
        /// What may be there.
        expected: String,
    },
    /// Something ends too early.
    #[error("<{inside}> lacks <{missing}>")]
    Missing {
        /// In which element.
        inside: String,
        /// What it lacks.
        missing: &'static str,
    },
    /// A value is none.
    #[error("<{element}> cannot be {value:?}: write {remedy}")]
    Value {
        /// In which element.
        element: String,
        /// What it says.
        value: String,
        /// What it could say.
        remedy: &'static str,
    },
}

/// Reads a message.
///
/// # Errors
/// Where the standard's schema refuses it, and where a coordinate is none.
pub fn read(bytes: &[u8]) -> Result<Alert, ReadError> {
    let root = tree::read(bytes)?;
    if root.name != "alert" || root.namespace != NAMESPACE {
        return Err(ReadError::OtherLanguage { name: root.name, namespace: root.namespace });
    }
    alert(&root)
}

/// The children of an element, taken one after the other in the order of the schema.
struct Inside<'a> {
    element: &'a Node,
    at: usize,
    expected: Vec<&'static str>,
}

impl<'a> Inside<'a> {
    fn new(element: &'a Node) -> Result<Inside<'a>, ReadError> {
        if !element.text.trim().is_empty() {
            let value = element.text.trim().chars().take(64).collect();
            return Err(ReadError::Value { element: element.name.clone(), value, remedy: "elements only" });
        }
        Ok(Inside { element, at: 0, expected: Vec::new() })
    }

    fn next(&mut self, name: &'static str) -> Option<&'a Node> {
        let child = self.element.children.get(self.at)?;
        if child.name == name && child.namespace == NAMESPACE {
            self.at += 1;
            self.expected.clear();
            return Some(child);
        }
        self.expected.push(name);
        None
    }

    fn every<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Node) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let mut found = Vec::new();
        while let Some(node) = self.next(name) {
            found.push(read(node)?);
        }
        Ok(found)
    }

    fn maybe<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Node) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        self.next(name).map(read).transpose()
    }

    fn one<T>(&mut self, name: &'static str, read: impl Fn(&Node) -> Result<T, ReadError>) -> Result<T, ReadError> {
        match self.next(name) {
            Some(node) => read(node),
            None => {
                Err(self.misplaced().unwrap_or(ReadError::Missing { inside: self.element.name.clone(), missing: name }))
            }
        }
    }

    /// What stands here and does not belong here.
    fn misplaced(&self) -> Option<ReadError> {
        let found = self.element.children.get(self.at)?;
        let expected: Vec<String> = self.expected.iter().map(|name| format!("<{name}>")).collect();
        let expected = if expected.is_empty() { "the end".to_owned() } else { expected.join(", ") };
        Some(ReadError::Misplaced { inside: self.element.name.clone(), found: found.name.clone(), expected })
    }

    fn end(self) -> Result<(), ReadError> {
        self.misplaced().map_or(Ok(()), Err)
    }
}

fn text(node: &Node) -> Result<String, ReadError> {
    match node.children.first() {
        None => Ok(node.text.clone()),
        Some(child) => {
            Err(ReadError::Misplaced { inside: node.name.clone(), found: child.name.clone(), expected: "text".into() })
        }
    }
}

fn wrong(node: &Node, value: &str, remedy: &'static str) -> ReadError {
    ReadError::Value { element: node.name.clone(), value: value.chars().take(64).collect(), remedy }
}

fn word<T>(named: fn(&str) -> Option<T>) -> impl Fn(&Node) -> Result<T, ReadError> {
    move |node| {
        let value = text(node)?;
        named(&value).ok_or_else(|| wrong(node, &value, "one of the words of the standard, without spaces around it"))
    }
}

fn moment(node: &Node) -> Result<Moment, ReadError> {
    let value = text(node)?;
    Moment::parse(value.trim()).ok_or_else(|| wrong(node, &value, "a time such as 2026-07-08T20:31:00+09:00"))
}

/// The shape of `xs:language`.
fn language(node: &Node) -> Result<String, ReadError> {
    let value = text(node)?;
    let tag = value.trim();
    let mut parts = tag.split('-');
    let short = |part: &str| (1..=8).contains(&part.len());
    let first = parts.next().is_some_and(|part| short(part) && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let rest = parts.all(|part| short(part) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if first && rest { Ok(tag.to_owned()) } else { Err(wrong(node, &value, "a language tag such as ko-KR")) }
}

/// The shape of `xs:integer` and `xs:decimal`.
fn number(node: &Node) -> Result<String, ReadError> {
    let value = text(node)?;
    let digits = value.trim().trim_start_matches(['+', '-']);
    let fits = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.matches('.').count() <= 1;
    if fits { Ok(value.trim().to_owned()) } else { Err(wrong(node, &value, "a number")) }
}

fn point(text: &str) -> Option<[f64; 2]> {
    let (latitude, longitude) = text.split_once(',')?;
    let read = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    Some([read(latitude)?, read(longitude)?])
}

fn polygon(node: &Node) -> Result<Vec<[f64; 2]>, ReadError> {
    let value = text(node)?;
    let points: Option<Vec<[f64; 2]>> = value.split_whitespace().map(point).collect();
    points.ok_or_else(|| wrong(node, &value, "points such as 37.48,127.01 37.49,127.02 …, latitude first"))
}

fn circle(node: &Node) -> Result<([f64; 2], f64), ReadError> {
    let value = text(node)?;
    let mut parts = value.split_whitespace();
    let centre = parts.next().and_then(point);
    let radius = parts.next().and_then(|radius| radius.parse::<f64>().ok()).filter(|radius| radius.is_finite());
    match (centre, radius, parts.next()) {
        (Some(centre), Some(radius), None) => Ok((centre, radius)),
        _ => Err(wrong(node, &value, "a point and kilometres such as 37.48,127.01 2.5")),
    }
}

fn references(node: &Node) -> Result<Vec<Reference>, ReadError> {
    let value = text(node)?;
    let read = |text: &str| {
        let (rest, sent) = text.rsplit_once(',')?;
        let (sender, identifier) = rest.split_once(',')?;
        Some(Reference { sender: sender.to_owned(), identifier: identifier.to_owned(), sent: Moment::parse(sent)? })
    };
    let all: Option<Vec<Reference>> = value.split_whitespace().map(read).collect();
    all.ok_or_else(|| wrong(node, &value, "sender,identifier,sent for each message, with spaces between them"))
}

fn alert(node: &Node) -> Result<Alert, ReadError> {
    let mut inside = Inside::new(node)?;
    let mut alert = Alert {
        identifier: inside.one("identifier", text)?,
        sender: inside.one("sender", text)?,
        sent: inside.one("sent", moment)?,
        status: inside.one("status", word(super::model::Status::named))?,
        msg_type: inside.one("msgType", word(super::model::MsgType::named))?,
        source: inside.maybe("source", text)?,
        scope: inside.one("scope", word(super::model::Scope::named))?,
        restriction: inside.maybe("restriction", text)?,
        addresses: inside.maybe("addresses", text)?,
        codes: inside.every("code", text)?,
        note: inside.maybe("note", text)?,
        references: inside.maybe("references", references)?.unwrap_or_default(),
        incidents: inside.maybe("incidents", text)?,
        infos: inside.every("info", info)?,
        is_signed: false,
    };
    while let Some(child) = node.children.get(inside.at)
        && child.namespace == SIGNATURE_NAMESPACE
    {
        inside.at += 1;
        alert.is_signed |= child.name == "Signature";
    }
    inside.end()?;
    Ok(alert)
}

fn info(node: &Node) -> Result<Info, ReadError> {
    use super::model::{Category, Certainty, ResponseType, Severity, Urgency};
    let mut inside = Inside::new(node)?;
    let language = inside.maybe("language", language)?;
    let first = inside.one("category", word(Category::named))?;
    let mut categories = vec![first];
    categories.extend(inside.every("category", word(Category::named))?);
    let info = Info {
        language,
        categories,
        event: inside.one("event", text)?,
        response_types: inside.every("responseType", word(ResponseType::named))?,
        urgency: inside.one("urgency", word(Urgency::named))?,
        severity: inside.one("severity", word(Severity::named))?,
        certainty: inside.one("certainty", word(Certainty::named))?,
        audience: inside.maybe("audience", text)?,
        event_codes: inside.every("eventCode", pair)?,
        effective: inside.maybe("effective", moment)?,
        onset: inside.maybe("onset", moment)?,
        expires: inside.maybe("expires", moment)?,
        sender_name: inside.maybe("senderName", text)?,
        headline: inside.maybe("headline", text)?,
        description: inside.maybe("description", text)?,
        instruction: inside.maybe("instruction", text)?,
        web: inside.maybe("web", text)?,
        contact: inside.maybe("contact", text)?,
        parameters: inside.every("parameter", pair)?,
        resources: inside.every("resource", resource)?,
        areas: inside.every("area", area)?,
    };
    inside.end()?;
    Ok(info)
}

fn pair(node: &Node) -> Result<Pair, ReadError> {
    let mut inside = Inside::new(node)?;
    let pair = Pair { name: inside.one("valueName", text)?, value: inside.one("value", text)? };
    inside.end()?;
    Ok(pair)
}

fn resource(node: &Node) -> Result<Resource, ReadError> {
    let mut inside = Inside::new(node)?;
    let resource = Resource {
        description: inside.one("resourceDesc", text)?,
        mime_type: inside.one("mimeType", text)?,
        size: inside.maybe("size", number)?,
        uri: inside.maybe("uri", text)?,
        deref_uri: inside.maybe("derefUri", text)?,
        digest: inside.maybe("digest", text)?,
    };
    inside.end()?;
    Ok(resource)
}

fn area(node: &Node) -> Result<Area, ReadError> {
    let mut inside = Inside::new(node)?;
    let area = Area {
        description: inside.one("areaDesc", text)?,
        polygons: inside.every("polygon", polygon)?,
        circles: inside.every("circle", circle)?,
        geocodes: inside.every("geocode", pair)?,
        altitude: inside.maybe("altitude", number)?,
        ceiling: inside.maybe("ceiling", number)?,
    };
    inside.end()?;
    Ok(area)
}

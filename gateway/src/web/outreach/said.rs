//! What citizens sent, field by field: of a form of the pages, or of a JSON object. What cannot be taken is told with
//! its field, so that a form can say it beside it.

use super::sight::{self, Sight};
use crate::alert::words::Language;
use crate::outreach::{Refused, Wish};
use crate::web::Web;
use crate::web::page::{Filled, Reader, Wrong as Told};
use crate::web::problem::{Problem, quoted};
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use bongsu_rules::hazard;
use bongsu_sensors::Level;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most areas or hazards in one wish.
const LISTED: usize = 64;

/// Length of the name of a device: a random number as it makes one itself.
const DEVICE: std::ops::RangeInclusive<usize> = 16..=64;

/// Why something is not taken: as programs read it, and as a form says it.
#[derive(Debug)]
pub struct Wrong {
    /// For programs.
    pub problem: Problem,
    /// For forms.
    pub told: Told,
}

impl Wrong {
    /// A field that cannot be taken.
    pub fn field(field: &'static str, error: impl Into<String>, remedy: impl Into<String>) -> Wrong {
        Wrong { problem: Problem::bad_request(error, remedy), told: Told::Field(field) }
    }

    /// The office cannot be reached.
    pub fn busy() -> Wrong {
        Wrong { problem: Problem::busy(), told: Told::Busy }
    }
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Wrong {
        let (status, told) = match refused {
            Refused::NoChannel(_) => (StatusCode::NOT_FOUND, Told::NoChannel),
            Refused::Address(_) => (StatusCode::BAD_REQUEST, Told::Field("address")),
            Refused::TooOften => (StatusCode::TOO_MANY_REQUESTS, Told::TooOften),
            Refused::Store => (StatusCode::SERVICE_UNAVAILABLE, Told::Busy),
        };
        let remedy = "/subscribe says what this city offers".into();
        Wrong { problem: Problem { status, error: refused.to_string(), remedy }, told }
    }
}

/// What was sent.
pub struct Said {
    /// The fields.
    pub fields: BTreeMap<String, Value>,
    /// Whether a page's form sent it.
    pub is_form: bool,
    /// How whoever sent it reads pages.
    pub reader: Reader,
}

impl Said {
    /// Reads a body.
    ///
    /// # Errors
    /// It is neither a form nor a JSON object.
    pub fn read(web: &Web, headers: &HeaderMap, body: &Bytes) -> Result<Said, Problem> {
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = media.starts_with("application/x-www-form-urlencoded");
        let malformed = || Problem::bad_request("the body cannot be read", "send a form, or a JSON object");
        let fields: BTreeMap<String, Value> = if is_form {
            let text = std::str::from_utf8(body).map_err(|_| malformed())?;
            let uri: Uri = format!("/?{text}").parse().map_err(|_| malformed())?;
            let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(&uri).map_err(|_| malformed())?;
            form(pairs)
        } else {
            serde_json::from_slice(body).map_err(|_| malformed())?
        };
        let tag = fields.get("lang").and_then(Value::as_str);
        let language = tag.and_then(Language::of_tag).unwrap_or_else(|| web.shared.languages()[0]);
        let is_large = fields.get("text").and_then(Value::as_str) == Some("large");
        Ok(Said { fields, is_form, reader: Reader::of_form(language, is_large) })
    }

    /// What a form shows again.
    pub fn filled(&self, wrong: Told) -> Filled {
        let texts = |value: &Value| match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Filled::again(self.fields.iter().map(|(key, value)| (key.clone(), texts(value))).collect(), wrong)
    }

    /// The text of a field, where there is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The text of a field that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn required(&self, key: &'static str, example: &str) -> Result<&str, Wrong> {
        let missing = || Wrong::field(key, format!("`{key}` is missing"), format!("write it as {example}"));
        self.text(key).ok_or_else(missing)
    }

    fn list(&self, key: &'static str) -> Result<Vec<String>, Wrong> {
        let list: Vec<String> = match self.fields.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(_) => return Err(Wrong::field(key, format!("`{key}` is no list"), "write [\"…\", \"…\"]")),
        };
        if list.len() > LISTED {
            let remedy = format!("write at most {LISTED}");
            return Err(Wrong::field(key, format!("`{key}` lists too many"), remedy));
        }
        Ok(list.into_iter().filter(|part| !part.is_empty()).collect())
    }

    /// What is to be heard of.
    ///
    /// # Errors
    /// An area, a hazard or a level that there is not.
    pub fn wish(&self, web: &Web) -> Result<Wish, Wrong> {
        let (areas, hazards) = (self.list("areas")?, self.list("hazards")?);
        for code in &areas {
            known_area(web, "areas", code)?;
        }
        for name in &hazards {
            known_hazard("hazards", name)?;
        }
        let level = self.text("level").map_or(Ok(Level::Watch), |text| {
            text.parse().map_err(|wrong: String| Wrong::field("level", "`level` is none", wrong))
        })?;
        Ok(Wish { areas, hazards, level, language: self.reader.language() })
    }

    /// What was seen: which sort of sight, and which picture of it. A form sends both as one.
    ///
    /// # Errors
    /// There is no such sight.
    pub fn sight(&self) -> Result<(&'static Sight, &'static str), Wrong> {
        let (what, value) = match self.text("sight").and_then(|both| both.split_once('.')) {
            Some(both) => both,
            None if self.is_form => {
                return Err(Wrong::field("sight", "`sight` is missing", "write it as depth.knee"));
            }
            None => (self.required("what", "depth, damage or felt")?, self.required("value", "knee")?),
        };
        let sight = sight::named(what).ok_or_else(|| {
            Wrong::field("sight", format!("`what` cannot be {}", quoted(what)), "write depth, damage or felt")
        })?;
        let choice = sight.choices.iter().find(|choice| choice.name == value).ok_or_else(|| {
            let names: Vec<&str> = sight.choices.iter().map(|choice| choice.name).collect();
            let remedy = format!("write one of: {}", names.join(", "));
            Wrong::field("sight", format!("`value` cannot be {}", quoted(value)), remedy)
        })?;
        Ok((sight, choice.name))
    }

    /// The hazard of a sight. Who fills in a form need not know what it is called.
    ///
    /// # Errors
    /// There is no such hazard, or a program names none.
    pub fn hazard(&self, sight: &Sight) -> Result<String, Wrong> {
        let named = match self.text("hazard") {
            None if self.is_form => sight.hazard,
            _ => self.required("hazard", "river_flood")?,
        };
        known_hazard("hazard", named)?;
        Ok(named.to_owned())
    }

    /// Where it was seen.
    ///
    /// # Errors
    /// There is no such area.
    pub fn area(&self, web: &Web) -> Result<&str, Wrong> {
        let area = self.required("area", "the code of a district")?;
        known_area(web, "area", area)?;
        Ok(area)
    }

    /// The random number of a device.
    ///
    /// # Errors
    /// It is none.
    pub fn device(&self) -> Result<&str, Wrong> {
        let device = self.required("device", "a random number that the device made itself and keeps")?;
        let is_one = DEVICE.contains(&device.len());
        let (wrong, remedy) =
            ("`device` must be 16 to 64 characters", "make a random number once, and keep it on the device");
        if is_one { Ok(device) } else { Err(Wrong::field("device", wrong, remedy)) }
    }
}

/// The fields of a form: what stands there several times, as boxes do that are ticked, becomes a list.
fn form(pairs: Vec<(String, String)>) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        match fields.get_mut(&key) {
            Some(Value::String(first)) => {
                let both = json!([first, value]);
                fields.insert(key, both);
            }
            Some(Value::Array(list)) => list.push(value.into()),
            _ => drop(fields.insert(key, value.into())),
        }
    }
    fields
}

fn known_area(web: &Web, field: &'static str, code: &str) -> Result<(), Wrong> {
    let city = web.shared.catalog();
    let is_known = city.is_some_and(|city| city.area_named(code).is_some());
    let remedy = "/api/v1/areas lists them";
    if is_known { Ok(()) } else { Err(Wrong::field(field, format!("there is no area {}", quoted(code)), remedy)) }
}

fn known_hazard(field: &'static str, name: &str) -> Result<(), Wrong> {
    if hazard::named(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
    let wrong = format!("there is no hazard {}", quoted(name));
    Err(Wrong::field(field, wrong, format!("write one of: {}", names.join(", "))))
}

//! Query parameters: every key is known or an error that names the known ones, every value is understood or explained.

use super::problem::{Problem, quoted};
use axum::extract::Query;
use axum::http::Uri;
use bongsu_sensors::Time;
use bongsu_sensors::document::nearest;

/// The parameters of one request.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a query that may have these keys, each once.
    ///
    /// # Errors
    /// An unknown key, or one that stands twice.
    pub fn read(uri: &Uri, known: &[&str]) -> Result<Parameters, Problem> {
        let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(uri)
            .map_err(|_| Problem::bad_request("the query cannot be read", "write it as ?key=value&key=value"))?;
        for (at, (key, _)) in pairs.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                let remedy = match (nearest(key, known.iter().copied()), known) {
                    (Some(near), _) => format!("did you mean {near:?}?"),
                    (None, []) => "this path takes no parameters".to_owned(),
                    (None, known) => format!("known parameters: {}", known.join(", ")),
                };
                return Err(Problem::bad_request(format!("unknown parameter {}", quoted(key)), remedy));
            }
            if pairs[..at].iter().any(|(other, _)| other == key) {
                return Err(Problem::bad_request(format!("parameter {key:?} stands twice"), "write it once"));
            }
        }
        Ok(Parameters { pairs })
    }

    /// The value of a key; an empty one counts as absent.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// It is not.
    pub fn required(&self, key: &str, example: &str) -> Result<&str, Problem> {
        let missing = || Problem::bad_request(format!("parameter {key:?} is missing"), format!("add {key}={example}"));
        self.get(key).ok_or_else(missing)
    }

    /// A moment.
    ///
    /// # Errors
    /// No RFC 3339 text.
    pub fn time(&self, key: &str) -> Result<Option<Time>, Problem> {
        let Some(text) = self.get(key) else { return Ok(None) };
        // A plus sign that was not escaped arrives as a space.
        let time = Time::parse(text).or_else(|error| Time::parse(&text.replace(' ', "+")).map_err(|_| error));
        time.map(Some).map_err(|_| {
            let error = format!("parameter {key:?} cannot be {}", quoted(text));
            let remedy =
                "write a time with its offset from UTC, such as 2026-07-08T11:31:00Z or 2026-07-08T20:31:00%2B09:00";
            Problem::bad_request(error, remedy)
        })
    }

    /// A whole number from 1 to `most`.
    ///
    /// # Errors
    /// Anything else.
    pub fn count(&self, key: &str, otherwise: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.get(key) else { return Ok(otherwise) };
        match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => {
                let error = format!("parameter {key:?} cannot be {}", quoted(text));
                Err(Problem::bad_request(error, format!("write a whole number from 1 to {most}")))
            }
        }
    }

    /// One of a few words.
    ///
    /// # Errors
    /// None of them.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.map(Some).ok_or_else(|| unknown(key, text, words.iter().map(|(word, _)| *word)))
    }
}

/// A value that names nothing, with what was perhaps meant.
pub fn unknown<'a>(key: &str, text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Problem {
    /// So many names are listed at most.
    const LISTED: usize = 24;
    let error = format!("parameter {key:?} cannot be {}", quoted(text));
    let remedy = match nearest(text, known.clone()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => {
            let listed: Vec<&str> = known.clone().take(LISTED).collect();
            let more = if known.count() > LISTED { ", …" } else { "" };
            format!("write one of: {}{more}", listed.join(", "))
        }
    };
    Problem::bad_request(error, remedy)
}

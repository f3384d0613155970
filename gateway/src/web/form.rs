//! In which form an answer of many rows is written: as JSON, as a table of CSV, or as a stream of Apache Arrow for those
//! who calculate. Who asks names it, as `format` or in the header `Accept`.
//!
//! Every form is of one page, whose length is bounded. What stands beside the rows, and has a place of its own in JSON
//! only, stands in headers of every form.

use super::parameters::Parameters;
use super::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bongsu_sensors::Time;

/// From when on single observations are kept; absent: all are.
const OBSERVATIONS_SINCE: HeaderName = HeaderName::from_static("observations-since");

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With everything that is known beside the rows.
    Json,
    /// With a header, times as text.
    Csv,
    /// The streaming format of Arrow's columns.
    Arrow,
}

/// Each as it is named in a question, and as what it is sent.
const FORMS: [(&str, Form, &str); 3] = [
    ("json", Form::Json, "application/json"),
    ("csv", Form::Csv, "text/csv; charset=utf-8; header=present"),
    ("arrow", Form::Arrow, "application/vnd.apache.arrow.stream"),
];

impl Form {
    /// The form that is asked for: that of `format`, or else the one of `Accept` that is wanted most.
    ///
    /// # Errors
    /// A `format` that there is none of. Who accepts nothing of what there is gets JSON.
    pub fn asked(parameters: &Parameters, headers: &HeaderMap) -> Result<Form, Problem> {
        let named = parameters.word("format", &FORMS.map(|(word, form, _)| (word, form)))?;
        Ok(named.unwrap_or_else(|| accepted(headers)))
    }

    /// What the question for the rest says of it.
    pub fn in_query(self) -> &'static str {
        match self {
            Form::Json => "",
            Form::Csv => "&format=csv",
            Form::Arrow => "&format=arrow",
        }
    }

    /// An answer in this form. Where there is more, a header says where (RFC 8288).
    pub fn answer(self, body: Vec<u8>, next: Option<&str>, observations_since: Option<Time>) -> Response {
        let mut answer = body.into_response();
        let headers = answer.headers_mut();
        let kind = FORMS.iter().find(|(_, form, _)| *form == self).map_or("", |(.., kind)| kind);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        let link = next.map(|next| format!("<{next}>; rel=\"next\""));
        let since = observations_since.map(|since| since.to_string());
        for (name, text) in [(header::LINK, link), (OBSERVATIONS_SINCE, since)] {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        answer
    }
}

/// The form that is wanted most of those that are accepted by name; of two the first.
fn accepted(headers: &HeaderMap) -> Form {
    let all = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut most = (Form::Json, 0.0);
    for range in all.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let is_named = |(.., named): &&(&str, Form, &str)| {
            named.split(';').next().is_some_and(|named| named.eq_ignore_ascii_case(kind))
        };
        let Some((_, form, _)) = FORMS.iter().find(is_named) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |text| text.parse().unwrap_or(0.0));
        if weight > most.1 {
            most = (*form, weight);
        }
    }
    most.0
}

#[cfg(test)]
mod tests {
    use super::{Form, accepted};
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn the_form_that_is_wanted_most_is_the_one_that_is_sent() {
        const ARROW: &str = "application/vnd.apache.arrow.stream";
        for (accept, form) in [
            ("*/*", Form::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Json),
            (ARROW, Form::Arrow),
            ("Application/Vnd.Apache.Arrow.Stream", Form::Arrow),
            ("text/csv", Form::Csv),
            ("text/csv;q=0.5, application/vnd.apache.arrow.stream;q=0.6", Form::Arrow),
            ("application/json, application/vnd.apache.arrow.stream", Form::Json),
            ("application/vnd.apache.arrow.stream;q=0", Form::Json),
            ("application/vnd.apache.arrow.stream; q=x, text/csv; q=0.1", Form::Csv),
            ("application/vnd.apache.arrow.file", Form::Json),
            ("", Form::Json),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(accepted(&headers), form, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Form::Json);
    }
}

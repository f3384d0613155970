//! Numbers that are none. JSON knows no `NaN`, no `Infinity` and no `1e999`, but devices send them, and one of them must
//! not cost the readings beside it. Asked only after a payload turned out to be no JSON; it does not parse JSON itself.

/// The payload with every number that is none (`NaN`, `-Infinity`, `1e999`) in quotes, so that it refuses itself only;
/// `None` where there is none of them.
pub fn quoted(payload: &[u8]) -> Option<Vec<u8>> {
    let mut quoted = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while at < payload.len() {
        if payload[at] == b'"' {
            at += 1;
            while at < payload.len() && payload[at] != b'"' {
                at += if payload[at] == b'\\' { 2 } else { 1 };
            }
            at += 1;
            continue;
        }
        let token = payload[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let text = std::str::from_utf8(&payload[at..at + token]).unwrap_or_default();
        if text.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
            quoted.extend_from_slice(&payload[copied..at]);
            quoted.extend_from_slice(b"\"NaN\"");
            copied = at + token;
        }
        at += token.max(1);
    }
    if quoted.is_empty() {
        return None;
    }
    quoted.extend_from_slice(&payload[copied..]);
    Some(quoted)
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_is_no_number_is_quoted() {
        let check = |payload: &str, expect: Option<&str>| {
            let quoted = super::quoted(payload.as_bytes()).map(|bytes| String::from_utf8(bytes).expect("text"));
            assert_eq!(quoted.as_deref(), expect, "{payload}");
        };
        check(r#"{"a":NaN,"b":-Infinity,"c":1e999,"d":1e3}"#, Some(r#"{"a":"NaN","b":"NaN","c":"NaN","d":1e3}"#));
        check(r#"{"NaN":"\"NaN","b":nan}"#, Some(r#"{"NaN":"\"NaN","b":"NaN"}"#));
        check(r#"{"a":1,"b":"NaN"}"#, None);
        check(r#"{"a":nano}"#, None);
        check(r#"{"a":NaN,"b":"no end\"#, Some(r#"{"a":"NaN","b":"no end\"#));
        check("", None);
    }
}

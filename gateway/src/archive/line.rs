//! Line protocol: one point a line, `measurement,tag=value field=value nanoseconds`.
//!
//! # Source
//! InfluxData, "Line protocol", InfluxDB OSS v2 documentation: what is escaped where. A line break cannot be escaped, so
//! text of others must not bring one; a backslash at the end of a tag would escape what stands behind it.

use super::point::{Point, Value};
use std::fmt::Write;

/// Writes a point as a line.
pub fn write(to: &mut String, point: &Point) {
    escaped(to, point.series.measurement, &[',', ' ']);
    for (name, value) in &point.series.tags {
        to.push(',');
        escaped(to, name, &[',', '=', ' ']);
        to.push('=');
        escaped(to, value, &[',', '=', ' ']);
    }
    let mut between = ' ';
    for (name, value) in &point.fields {
        to.push(between);
        escaped(to, name, &[',', '=', ' ']);
        to.push('=');
        field(to, value);
        between = ',';
    }
    // Writing into a string cannot fail.
    let _ = writeln!(to, " {}", point.time_ns);
}

/// Writes points as lines.
pub fn lines(points: &[Point]) -> String {
    let mut text = String::with_capacity(points.len() * 96);
    points.iter().for_each(|point| write(&mut text, point));
    text
}

fn escaped(to: &mut String, text: &str, special: &[char]) {
    for letter in text.chars() {
        match letter {
            '\\' => to.push('/'),
            letter if letter.is_control() => to.push('_'),
            letter => {
                if special.contains(&letter) {
                    to.push('\\');
                }
                to.push(letter);
            }
        }
    }
}

fn field(to: &mut String, value: &Value) {
    let _ = match value {
        // Readings are finite; what is not is a mistake of ours that must not cost its neighbours.
        Value::Number(number) if !number.is_finite() => write!(to, "0"),
        Value::Number(number) => write!(to, "{number}"),
        Value::Whole(number) => write!(to, "{number}i"),
        Value::Text(text) => {
            to.push('"');
            for letter in text.chars() {
                match letter {
                    '"' | '\\' => {
                        to.push('\\');
                        to.push(letter);
                    }
                    letter if letter.is_control() => to.push(' '),
                    letter => to.push(letter),
                }
            }
            to.push('"');
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::super::point::Series;
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn point(tags: &[(&'static str, &str)], fields: Vec<(&'static str, Value)>) -> Point {
        let tags = tags.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Point { series: Arc::new(Series::new("water", tags)), time_ns: 1_700_000_000_000_000_000, fields }
    }

    fn check(point: &Point, expect: &str) {
        let mut line = String::new();
        write(&mut line, point);
        assert_eq!(line, format!("{expect}\n"));
    }

    #[test]
    fn lines_are_as_the_protocol_says() {
        let fields = vec![("value", Value::Number(3.124)), ("flag", Value::Whole(1))];
        let tags = [("station", "jamsu"), ("kind", "river_stage"), ("area", "seocho"), ("part", "")];
        check(
            &point(&tags, fields),
            "water,area=seocho,kind=river_stage,station=jamsu value=3.124,flag=1i 1700000000000000000",
        );
        let text = Value::Text("a \"b\" \\c\nd".into());
        check(
            &point(&[("area", "a b,c=d\\")], vec![("text", text)]),
            "water,area=a\\ b\\,c\\=d/ text=\"a \\\"b\\\" \\\\c d\" 1700000000000000000",
        );
    }

    proptest! {
        /// Whatever stands in it, a point is one line, and a parser of InfluxData reads it as what was meant.
        #[test]
        fn a_parser_of_others_reads_what_was_written(tag in "\\PC{1,12}", text in "\\PC{0,20}", number in proptest::num::f64::NORMAL, whole: i64) {
            let fields = vec![("value", Value::Number(number)), ("flag", Value::Whole(whole)), ("text", Value::Text(text.clone()))];
            let written = lines(&[point(&[("area", &tag)], fields)]);
            prop_assert_eq!(written.matches('\n').count(), 1);
            let parsed: Vec<_> = influxdb_line_protocol::parse_lines(&written).collect::<Result<_, _>>().expect("a line");
            prop_assert_eq!(parsed.len(), 1);
            let line = &parsed[0];
            prop_assert_eq!(line.tag_value("area").expect("a tag").to_string(), tag.replace('\\', "/"));
            prop_assert!(matches!(line.field_value("value"), Some(influxdb_line_protocol::FieldValue::F64(read)) if *read == number));
            prop_assert!(matches!(line.field_value("flag"), Some(influxdb_line_protocol::FieldValue::I64(read)) if *read == whole));
            prop_assert!(matches!(line.field_value("text"), Some(influxdb_line_protocol::FieldValue::String(read)) if *read == text.as_str()));
            prop_assert_eq!(line.timestamp, Some(1_700_000_000_000_000_000));
        }
    }
}

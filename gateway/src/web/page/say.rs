//! How the pages write dates, numbers and units, and which language a reader gets.

use crate::alert::words::Language;
use jiff::civil::DateTime;

/// The name of a language in itself.
pub const fn own_name(language: Language) -> &'static str {
    match language {
        Language::Ko => "한국어",
        Language::En => "English",
        Language::Zh => "中文",
        Language::Ja => "日本語",
    }
}

/// A moment as people write it.
pub fn moment(at: DateTime, language: Language) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    let month = usize::from(at.month().unsigned_abs());
    match language {
        Language::Ko => format!("{month}월 {}일 {clock}", at.day()),
        Language::En => format!("{} {}, {clock}", at.day(), MONTHS.get(month.wrapping_sub(1)).unwrap_or(&"")),
        Language::Zh | Language::Ja => format!("{month}月{}日 {clock}", at.day()),
    }
}

/// A number with as many decimals as it is worth, at most two.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A UCUM unit as people write it.
pub fn unit(ucum: &str) -> &str {
    match ucum {
        "1" | "{count}" => "",
        "Cel" => "°C",
        "deg" => "°",
        "m3/s" => "m³/s",
        "cm/s2" => "cm/s²",
        "um/m" => "µm/m",
        other => other,
    }
}

/// A number with its unit.
pub fn quantity(value: f64, ucum: &str) -> String {
    let unit = unit(ucum);
    // A number and its unit stay on one line.
    let gap = if unit.is_empty() || unit == "°" || unit == "%" { "" } else { "\u{a0}" };
    // Nobody waits for a hundredth of a minute.
    let value = if unit == "min" { value.round() } else { value };
    format!("{}{gap}{unit}", number(value))
}

/// A comparison as people write it.
pub fn comparison(op: &str) -> &str {
    match op {
        ">=" => "≥",
        "<=" => "≤",
        "==" => "=",
        "!=" => "≠",
        other => other,
    }
}

/// The language a reader prefers among those there are, by `Accept-Language`.
pub fn preferred(accepted: &str, known: &[Language]) -> Option<Language> {
    let wish = |part: &str| {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let weight: f32 = weight.trim().parse().ok().filter(|weight| *weight > 0.0)?;
        let language = Language::of_tag(tag).filter(|language| known.contains(language))?;
        Some((weight, language))
    };
    // Of equal wishes the first counts.
    let best =
        accepted.split(',').take(16).filter_map(wish).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_worth() {
        assert_eq!([number(6.0), number(6.5), number(6.483), number(-0.001)], ["6", "6.5", "6.48", "0"]);
        assert_eq!(quantity(12.3, "Cel"), "12.3\u{a0}°C");
        assert_eq!(quantity(3.0, "{count}"), "3");
        assert_eq!(quantity(80.0, "%"), "80%");
    }

    #[test]
    fn a_reader_gets_the_language_wished_for_most() {
        let both = [Language::Ko, Language::En];
        assert_eq!(preferred("en-US,en;q=0.9,ko;q=0.8", &both), Some(Language::En));
        assert_eq!(preferred("fr, ko;q=0.5, en;q=0.4", &both), Some(Language::Ko));
        assert_eq!(preferred("fr", &both), None);
        assert_eq!(preferred("en;q=0, ko;q=abc", &both), None);
        assert_eq!(preferred("en", &both[..1]), None);
    }

    #[test]
    fn moments_are_written_as_people_do() {
        let at: DateTime = "2017-07-10T21:05:00".parse().expect("civil");
        assert_eq!(moment(at, Language::Ko), "7월 10일 21:05");
        assert_eq!(moment(at, Language::En), "10 Jul, 21:05");
    }
}

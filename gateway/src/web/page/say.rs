//! How the pages write dates, numbers and units, and which language a reader gets.

use crate::alert::words::{Language, level_word};
use bongsu_sensors::Level;
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

/// What officers call the limit of each level in the evidence of rules, by language, and the level.
const LIMITS: [(Level, [&str; 4]); 4] = [
    // In the order in which no answer is found again: 注意 is what citizens read for the level below it.
    (Level::Watch, ["주의 기준", "watch limit", "注意标准", "注意基準"]),
    (Level::Advisory, ["관심 기준", "advisory limit", "关注标准", "関心基準"]),
    (Level::Warning, ["경계 기준", "warning limit", "警戒标准", "警戒基準"]),
    (Level::Emergency, ["심각 기준", "emergency limit", "严重标准", "深刻基準"]),
];

/// Evidence as citizens read it: limits by the words that stand on the page, not by those of the officers' manuals.
pub fn plainly(label: &str, language: Language) -> String {
    LIMITS.iter().fold(label.to_owned(), |text, (level, names)| {
        let (name, word) = (names[super::word::column(language)], level_word(*level, language));
        let plain = match language {
            Language::Ko => format!("‘{word}’ 기준"),
            Language::En => format!("“{word}” limit"),
            Language::Zh => format!("“{word}”标准"),
            Language::Ja => format!("「{word}」基準"),
        };
        text.replace(name, &plain)
    })
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
    fn citizens_read_limits_in_their_own_words() {
        let check = |label: &str, language: Language, plain: &str| assert_eq!(plainly(label, language), plain);
        check("수위(경계 기준 접근)", Language::Ko, "수위(‘매우 위험’ 기준 접근)");
        check("time to the watch limit", Language::En, "time to the “Danger” limit");
        check("水位（注意基準）", Language::Ja, "水位（「危険」基準）");
        check("水位（関心基準）", Language::Ja, "水位（「注意」基準）");
        // No label of a public rule keeps an officers' word, in any language.
        let host = bongsu_rules::language::Host::new();
        for rule in bongsu_rules::pack::ALL {
            let source = bongsu_sensors::Source::new(rule.name, rule.text);
            let header = host.compile(&source).expect("a shipped rule").header;
            let labels = header.labels.values().filter(|_| header.audience == bongsu_rules::language::Audience::Public);
            for (label, language) in labels.flat_map(|texts| Language::ALL.map(|language| (texts, language))) {
                let Some(text) = label.get(language.code()) else { continue };
                let plain = plainly(text, language);
                for (_, names) in LIMITS {
                    let stem = names[super::super::word::column(language)];
                    assert!(!plain.contains(stem), "{}: {text} is said as {plain}", rule.name);
                }
                let words: &[&str] = match language {
                    Language::Ko => &["관심", "경계", "심각"],
                    Language::En => &["advisory", "watch", "emergency"],
                    Language::Zh => &["关注", "警戒"],
                    Language::Ja => &["関心", "警戒", "深刻"],
                };
                for word in words {
                    assert!(!plain.contains(word), "{}: {text} is said as {plain}, with {word}", rule.name);
                }
            }
        }
    }

    #[test]
    fn moments_are_written_as_people_do() {
        let at: DateTime = "2017-07-10T21:05:00".parse().expect("civil");
        assert_eq!(moment(at, Language::Ko), "7월 10일 21:05");
        assert_eq!(moment(at, Language::En), "10 Jul, 21:05");
    }
}

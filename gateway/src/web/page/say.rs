//! The words of the pages themselves, in each language: labels, dates, numbers, units.

use crate::alert::words::Language;
use jiff::civil::DateTime;

/// A word of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The title of the first page.
    Now,
    /// Everything here is an exercise.
    Exercise,
    /// What is shown may not be how things stand.
    NotCurrent,
    /// This copy of the page has become old.
    Late,
    /// Read it again.
    Reload,
    /// Reload by itself.
    Follow,
    /// Do not reload by itself any more.
    Unfollow,
    /// As of.
    AsOf,
    /// When something was last stored.
    LastCommit,
    /// Nothing was stored yet.
    NoData,
    /// Heading of the alerts.
    Alerts,
    /// There are none.
    NoAlerts,
    /// Heading of the districts.
    Districts,
    /// Districts without an alert.
    Quiet,
    /// The same where nobody can know.
    Unknown,
    /// Heading of what ended.
    Ended,
    /// Since when.
    Since,
    /// When it was last said.
    Updated,
    /// Heading of the evidence.
    Why,
    /// Columns of the evidence.
    Check,
    /// What was measured.
    Measured,
    /// The limit.
    Limit,
    /// The check holds.
    Holds,
    /// It does not.
    HoldsNot,
    /// Nobody knows.
    NotKnown,
    /// Heading of an incident's messages.
    Timeline,
    /// Back to the first page.
    Back,
    /// To the content.
    Skip,
    /// The data behind the pages.
    Data,
    /// There is no such page.
    Missing,
    /// The page cannot be made now.
    Broken,
    /// And so many more.
    More,
    /// The choice of languages.
    Languages,
}

impl Word {
    /// The word in a language.
    pub const fn say(self, language: Language) -> &'static str {
        let (korean, english) = match self {
            Word::Now => ("지금 상황", "Situation now"),
            Word::Exercise => ("훈련입니다. 실제 상황이 아닙니다.", "EXERCISE. Nothing on this page is real."),
            Word::NotCurrent => (
                "최신 정보가 아닙니다. 방송과 현장 안내를 따르세요.",
                "Not current. Follow the radio and instructions on site.",
            ),
            Word::Late => ("이 화면은 1분이 지났습니다.", "This page is more than a minute old."),
            Word::Reload => ("새로 고침", "Reload"),
            Word::Follow => ("자동으로 새로 고침", "Reload automatically"),
            Word::Unfollow => ("자동 새로 고침 끄기", "Stop reloading"),
            Word::AsOf => ("기준 시각", "As of"),
            Word::LastCommit => ("마지막 자료", "last data"),
            Word::NoData => ("아직 받은 자료가 없습니다.", "No data has arrived yet."),
            Word::Alerts => ("지금 알림", "Alerts now"),
            Word::NoAlerts => ("지금 알림이 없습니다.", "There is no alert now."),
            Word::Districts => ("지역별 상황", "By district"),
            Word::Quiet => ("알림 없음", "No alert"),
            Word::Unknown => ("확인할 수 없음", "Not known"),
            Word::Ended => ("최근 끝난 상황", "Ended lately"),
            Word::Since => ("시작", "Since"),
            Word::Updated => ("갱신", "updated"),
            Word::Why => ("왜 알리나요?", "Why?"),
            Word::Check => ("확인한 것", "What was checked"),
            Word::Measured => ("잰 값", "Measured"),
            Word::Limit => ("기준", "Limit"),
            Word::Holds => ("해당", "reached"),
            Word::HoldsNot => ("해당 없음", "not reached"),
            Word::NotKnown => ("알 수 없음", "unknown"),
            Word::Timeline => ("알린 내용", "What was said"),
            Word::Back => ("지금 상황 보기", "Situation now"),
            Word::Skip => ("본문으로", "Skip to content"),
            Word::Data => ("공개 자료", "Open data"),
            Word::Missing => ("그런 화면이 없습니다.", "There is no such page."),
            Word::Broken => (
                "지금은 화면을 보여 드릴 수 없습니다. 잠시 뒤 새로 고치세요.",
                "The page cannot be shown now. Reload in a moment.",
            ),
            Word::More => ("더 있음", "more"),
            Word::Languages => ("언어", "Language"),
        };
        match language {
            Language::Ko => korean,
            Language::En => english,
        }
    }
}

/// The name of a language in itself.
pub const fn own_name(language: Language) -> &'static str {
    match language {
        Language::Ko => "한국어",
        Language::En => "English",
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

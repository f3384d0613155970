//! What citizens are told: the danger in plain words, and what to do at each level, in four languages.
//!
//! The words of the weather agency and the flood-control offices are not used, nor operators' names of levels: a
//! citizen reads the danger and the action. A new hazard is one new entry in the table of each language; a test
//! compares the tables.

mod en;
mod ja;
pub mod kinds;
mod ko;
mod zh;

use bongsu_rules::hazard;
use bongsu_sensors::Level;

/// A language the texts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language there are texts in.
    pub const ALL: [Language; 4] = [Language::Ko, Language::En, Language::Zh, Language::Ja];

    /// Its BCP 47 code.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Ko => "ko",
            Language::En => "en",
            Language::Zh => "zh",
            Language::Ja => "ja",
        }
    }

    /// The language of a BCP 47 tag, whatever region it names: `ko-KR` is Korean.
    pub fn of_tag(tag: &str) -> Option<Language> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }

    /// Those of a list of tags that there are texts in, each once; English where there is none.
    pub fn of_tags(tags: &[String]) -> Vec<Language> {
        let mut known: Vec<Language> = Vec::new();
        for language in tags.iter().filter_map(|tag| Language::of_tag(tag)) {
            if !known.contains(&language) {
                known.push(language);
            }
        }
        if known.is_empty() { vec![Language::En] } else { known }
    }

    /// One of two texts: Korean, or English for all who do not read Korean.
    pub fn pick<T>(self, korean: T, english: T) -> T {
        match self {
            Language::Ko => korean,
            Language::En | Language::Zh | Language::Ja => english,
        }
    }

    /// One of four texts, in the order of [`Language::ALL`].
    pub const fn one(self, texts: [&str; 4]) -> &str {
        texts[self as usize]
    }
}

/// Where something happens, by names.
#[derive(Clone, Debug)]
pub struct Place {
    /// The area.
    pub area: String,
    /// The station that caused it.
    pub station: Option<String>,
}

/// The words for one hazard in one language.
#[derive(Debug)]
pub struct Words {
    hazard: &'static str,
    /// What it is called.
    pub what: &'static str,
    /// Why people are told, in one sentence.
    pub cause: &'static str,
    /// What to do at `advisory`, at `watch`, and at `warning` and above, in one to three short sentences.
    steps: [&'static str; 3],
    /// The same for where there is room for one sentence only.
    short: [&'static str; 3],
}

const fn words(
    hazard: &'static str,
    what: &'static str,
    cause: &'static str,
    steps: [&'static str; 3],
    short: [&'static str; 3],
) -> Words {
    Words { hazard, what, cause, steps, short }
}

impl Words {
    /// What to do at a raised level.
    pub fn steps(&self, level: Level) -> &'static str {
        at(&self.steps, level)
    }

    /// What to do at a raised level, in one short sentence.
    pub fn short(&self, level: Level) -> &'static str {
        at(&self.short, level)
    }
}

fn at(texts: &[&'static str; 3], level: Level) -> &'static str {
    match level {
        Level::None | Level::Advisory => texts[0],
        Level::Watch => texts[1],
        Level::Warning | Level::Emergency => texts[2],
    }
}

/// The words of a hazard; general ones for one that the tables lack.
pub fn of(hazard: &str, language: Language) -> &'static Words {
    let (all, any) = match language {
        Language::Ko => (ko::ALL, &ko::ANY),
        Language::En => (en::ALL, &en::ANY),
        Language::Zh => (zh::ALL, &zh::ANY),
        Language::Ja => (ja::ALL, &ja::ANY),
    };
    all.iter().find(|words| words.hazard == hazard).unwrap_or(any)
}

/// Hazards that endanger nobody: something does not work.
const SERVICES: [&str; 8] =
    ["charger_stockout", "lending", "outage", "wifi", "infrastructure", "security", "rule_failure", "sensor_health"];

/// Whether a hazard endangers people.
pub fn endangers(hazard: &str) -> bool {
    !SERVICES.contains(&hazard)
}

/// Whether a danger that is over is over: the ground may shake again, and what does not work was none.
pub fn passes(hazard: &str) -> bool {
    endangers(hazard) && hazard != "earthquake"
}

/// Hazards that people leave their homes for.
const FLED: [&str; 4] = ["river_flood", "dam_release", "tide", "landslide"];

/// Whether people leave their homes for a hazard, and are told where to go.
pub fn is_fled(hazard: &str) -> bool {
    FLED.contains(&hazard)
}

/// The danger of a level in one or two plain words; empty for `none`.
pub fn level_word(level: Level, language: Language) -> &'static str {
    match level {
        Level::None => "",
        Level::Advisory => language.one(["조심", "Take care", "请小心", "注意"]),
        Level::Watch => language.one(["위험", "Danger", "危险", "危険"]),
        Level::Warning => language.one(["매우 위험", "Great danger", "非常危险", "非常に危険"]),
        Level::Emergency => language.one(["생명 위험", "Life at risk", "生命危险", "命の危険"]),
    }
}

/// The same for what endangers nobody.
fn service_word(level: Level, language: Language) -> &'static str {
    match level {
        Level::None => "",
        Level::Advisory => language.one(["알림", "Notice", "通知", "お知らせ"]),
        Level::Watch => language.one(["발생", "Disruption", "已发生", "発生"]),
        Level::Warning => language.one(["심함", "Severe disruption", "严重", "深刻"]),
        Level::Emergency => language.one(["매우 심함", "Extreme disruption", "极其严重", "きわめて深刻"]),
    }
}

/// How bad it is, in the words that fit the hazard; for `none` that it is over.
pub fn word(hazard: &str, level: Level, language: Language) -> &'static str {
    match level {
        Level::None => language.one(["상황 종료", "Over", "已解除", "解除"]),
        _ if endangers(hazard) => level_word(level, language),
        _ => service_word(level, language),
    }
}

/// What a hazard is called where people read it.
pub fn hazard_word(hazard: &str, language: Language) -> &'static str {
    of(hazard, language).what
}

/// What every text begins with that is not meant.
pub fn exercise_mark(language: Language) -> &'static str {
    language.one(["[훈련] ", "[EXERCISE] ", "[演习] ", "[訓練] "])
}

/// The reserved area of the whole city.
pub fn whole_city(language: Language) -> &'static str {
    language.one(["도시 전체", "the whole city", "全市", "市内全域"])
}

/// What stands in the place of how bad it is where a message is taken back: not that it is over, because it never was.
pub fn withdrawn(language: Language) -> &'static str {
    language.one(["알림 취소", "Withdrawn", "通知已撤回", "お知らせの取り消し"])
}

/// The danger in a line: where, what, how bad. `none` is the all-clear.
pub fn headline(hazard: &str, level: Level, place: &Place, language: Language, is_meant: bool) -> String {
    line(hazard, word(hazard, level, language), place, language, is_meant)
}

/// The same of a message that takes back what was said by mistake.
pub fn withdrawal(hazard: &str, place: &Place, language: Language, is_meant: bool) -> String {
    line(hazard, withdrawn(language), place, language, is_meant)
}

/// Two Chinese names without a gap, unless the letters of street signs would run into each other.
pub fn beside(area: &str, station: &str) -> String {
    let is_latin = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let gap = if is_latin(area.chars().last()) && is_latin(station.chars().next()) { " " } else { "" };
    format!("{area}{gap}{station}")
}

fn line(hazard: &str, word: &str, place: &Place, language: Language, is_meant: bool) -> String {
    let mark = if is_meant { "" } else { exercise_mark(language) };
    let what = hazard_word(hazard, language);
    let Place { area, station } = place;
    let station = |end: &str| station.as_ref().map(|station| format!("{station}{end}")).unwrap_or_default();
    match language {
        Language::Ko | Language::Ja => format!("{mark}{area} {}{what} {word}", station(" ")),
        Language::En => format!("{mark}{word}: {what}, {}{area}", station(", ")),
        Language::Zh => format!("{mark}{}：{what}，{word}", beside(area, station("").trim())),
    }
}

/// Whom to ask for a place to go to, where none is known here.
pub fn ask_refuge(language: Language) -> &'static str {
    language.one([
        "가까운 대피소는 안전디딤돌 앱이나 119에서 확인하세요.",
        "Find shelters in the Emergency Ready App.",
        "请在“Emergency Ready App”查找避难场所。",
        "避難所は「Emergency Ready App」で確かめてください。",
    ])
}

/// What is said when the ground has stopped shaking: it may shake again.
const AFTERSHOCKS: [&str; 4] = [
    "큰 흔들림은 멈췄지만 여진이 있을 수 있습니다. 금이 간 건물에 들어가지 마세요.",
    "The shaking has stopped. Aftershocks are possible. Keep out of damaged buildings.",
    "摇晃已停止，但可能有余震。不要进入受损建筑。",
    "大きなゆれは止まりましたが、余震のおそれがあります。壊れた建物に入らないでください。",
];

/// The same where there is room for one sentence only.
const AFTERSHOCKS_SHORT: [&str; 4] = [
    "여진이 있을 수 있습니다. 금이 간 건물에 들어가지 마세요.",
    "Expect aftershocks. Avoid damaged buildings.",
    "可能有余震，不要进入受损建筑。",
    "余震に注意し、壊れた建物に入らないでください。",
];

/// What is said when a danger is over.
pub fn all_clear(hazard: &str, language: Language) -> &'static str {
    if hazard == "earthquake" {
        language.one(AFTERSHOCKS)
    } else if endangers(hazard) {
        language.one([
            "위험이 지나갔습니다. 현장의 통제와 안내는 계속 따르세요.",
            "The danger has passed. Keep following closures and instructions on site.",
            "危险已经过去。请继续遵守现场的管制和指引。",
            "危険は過ぎました。現場の規制と案内には引き続き従ってください。",
        ])
    } else {
        language.one(["정상으로 돌아왔습니다.", "Back to normal.", "已经恢复正常。", "正常に戻りました。"])
    }
}

/// The same where there is room for one sentence only.
pub fn over(hazard: &str, language: Language) -> &'static str {
    if hazard == "earthquake" {
        language.one(AFTERSHOCKS_SHORT)
    } else if endangers(hazard) {
        language.one([
            "상황이 끝났습니다. 현장 통제는 계속 따르세요.",
            "Danger has passed. Obey closures.",
            "危险已过，请继续遵守管制。",
            "危険は過ぎました。規制には従ってください。",
        ])
    } else {
        all_clear(hazard, language)
    }
}

/// What the highest level begins with.
pub fn life(language: Language) -> &'static str {
    language.one(["생명이 위험합니다. ", "Your life is in danger. ", "您有生命危险。", "命が危険です。"])
}

/// What a rule says in its own words, marked where it is not meant.
pub fn own(text: &str, language: Language, is_meant: bool) -> String {
    let mark = if is_meant { "" } else { exercise_mark(language) };
    format!("{mark}{text}")
}

/// What to do, in one to three short sentences.
pub fn instruction(hazard: &str, level: Level, language: Language, is_meant: bool) -> String {
    let mark = if is_meant { "" } else { exercise_mark(language) };
    let text = match level {
        Level::None => all_clear(hazard, language),
        level => of(hazard, language).steps(level),
    };
    let urgent = if level == Level::Emergency && endangers(hazard) { life(language) } else { "" };
    format!("{mark}{urgent}{text}")
}

/// What a hazard is called in a language, and its CAP category.
pub fn category(hazard: &str) -> &'static str {
    hazard::named(hazard).map_or("Other", |hazard| hazard.category)
}

#[cfg(test)]
mod tests;

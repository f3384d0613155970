//! The texts of one message, from one word's breadth of a cell phone to a page: who, when, where, what, why, do.
//!
//! A text is a template whose slots must all be filled: an empty one is an error, because a warning without a place or
//! a sender is worse than none. For a limited length the richest template that fits is taken; only where even the
//! poorest does not fit is it cut, and never inside a word.

use super::words::{self, Language, Place};
use bongsu_sensors::Level;
use jiff::civil::DateTime;

/// Characters of Korean cell broadcast on old networks, on today's, and of the long form of other countries.
pub const LENGTHS: [usize; 3] = [90, 157, 360];

/// A slot that nothing fills.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the slot {{{0}}} of the text is empty; nothing is said without it")]
pub struct Unfilled(pub String);

/// What a text tells.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Who warns.
    pub sender: &'a str,
    /// What it is.
    pub hazard: &'a str,
    /// How bad it is; `none` is the all-clear.
    pub level: Level,
    /// It takes back what was said by mistake.
    pub is_retracted: bool,
    /// What the rule itself tells people to do; `None`: what its hazard tells them.
    pub own: Option<&'a str>,
    /// Where people go who must leave theirs, and how many such places more there are.
    pub refuge: Option<(String, usize)>,
    /// Where it is.
    pub place: Place,
    /// When it was said, as the city's clocks show it.
    pub at: DateTime,
    /// Whether it is meant.
    pub is_meant: bool,
    /// A page that says more.
    pub link: &'a str,
}

/// The class of Korea's cell broadcast that a hazard's level is proposed for. The highest, 위급, is never proposed by a
/// machine, and what endangers nobody wakes nobody.
pub fn sending_class(hazard: &str, level: Level) -> &'static str {
    match level {
        Level::Warning | Level::Emergency if words::endangers(hazard) => "긴급재난문자",
        _ => "안전안내문자",
    }
}

/// Templates from the richest to the poorest, in the order of [`Language::ALL`]. `{where}` is station and area, `{spot}`
/// one of them.
const LADDER: [[&str; 4]; 8] = [
    [
        "[{sender}] {mark}{day} {time} {where} {what} {word}. {cause} {steps} {refuge} {link}",
        "[{sender}] {mark}{word}: {what}, {where}, {day} {time}. {cause} {steps} {refuge} {link}",
        "[{sender}] {mark}{day} {time} {where}：{what}，{word}。{cause}{steps}{refuge} {link}",
        "[{sender}] {mark}{day} {time} {where} {what} {word}。{cause}{steps}{refuge} {link}",
    ],
    [
        "[{sender}] {mark}{time} {where} {what} {word}. {cause} {steps} {refuge}",
        "[{sender}] {mark}{word}: {what}, {where}, {time}. {cause} {steps} {refuge}",
        "[{sender}] {mark}{time} {where}：{what}，{word}。{cause}{steps}{refuge}",
        "[{sender}] {mark}{time} {where} {what} {word}。{cause}{steps}{refuge}",
    ],
    [
        "[{sender}] {mark}{time} {where} {what} {word}. {cause} {short} {refuge}",
        "[{sender}] {mark}{word}: {what}, {where}, {time}. {cause} {short} {refuge}",
        "[{sender}] {mark}{time} {where}：{what}，{word}。{cause}{short}{refuge}",
        "[{sender}] {mark}{time} {where} {what} {word}。{cause}{short}{refuge}",
    ],
    [
        "[{sender}] {mark}{time} {where} {what} {word}. {short} {refuge}",
        "[{sender}] {mark}{word}: {what}, {where}, {time}. {short} {refuge}",
        "[{sender}] {mark}{time} {where}：{what}，{word}。{short}{refuge}",
        "[{sender}] {mark}{time} {where} {what} {word}。{short}{refuge}",
    ],
    [
        "[{sender}] {mark}{time} {where} {what} {word}. {short}",
        "[{sender}] {mark}{word}: {what}, {where}, {time}. {short}",
        "[{sender}] {mark}{time} {where}：{what}，{word}。{short}",
        "[{sender}] {mark}{time} {where} {what} {word}。{short}",
    ],
    [
        "[{sender}] {mark}{time} {spot} {what} {word}. {short}",
        "[{sender}] {mark}{word}: {what}, {spot}, {time}. {short}",
        "[{sender}] {mark}{time} {spot}：{what}，{word}。{short}",
        "[{sender}] {mark}{time} {spot} {what} {word}。{short}",
    ],
    [
        "[{sender}] {mark}{spot} {what} {word}. {short}",
        "[{sender}] {mark}{word}: {what}, {spot}. {short}",
        "[{sender}] {mark}{spot}：{what}，{word}。{short}",
        "[{sender}] {mark}{spot} {what} {word}。{short}",
    ],
    [
        "[{sender}] {mark}{spot} {what}. {short}",
        "[{sender}] {mark}{what}, {spot}. {short}",
        "[{sender}] {mark}{spot}：{what}。{short}",
        "[{sender}] {mark}{spot} {what}。{short}",
    ],
];

/// For those who read with difficulty: short sentences, one thought each.
const PLAIN: [&str; 4] = [
    "{mark}{sender}에서 알립니다. {spot:은/는} {what} 상황입니다. {plain} {cause} {short} {refuge} {help}",
    "{mark}{sender}: {what}, {spot}. {plain} {cause} {short} {refuge} {help}",
    "{mark}{sender}通知：{spot}，{what}。{plain}{cause}{short}{refuge}{help}",
    "{mark}{sender}からのお知らせ：{spot}、{what}。{plain}{cause}{short}{refuge}{help}",
];

/// The same where it is over: of this danger alone, for another one may stand beside it.
const PLAIN_OVER: [&str; 4] = [
    "{mark}{sender}에서 알립니다. {spot:은/는} {what} 상황이 끝났습니다. 현장 통제와 다른 알림은 계속 따르세요.",
    "{mark}{sender}: {what}, {spot}: it is over. Keep following closures and any other alert.",
    "{mark}{sender}通知：{spot}，{what}，已解除。请继续遵守现场管制和其他通知。",
    "{mark}{sender}からのお知らせ：{spot}、{what}は解除されました。現場の規制とほかのお知らせには引き続き従ってください。",
];

/// The same where it never was, nobody was in danger, or the ground may shake again.
const PLAIN_STEPS: [&str; 4] = [
    "{mark}{sender}에서 알립니다. {spot}, {what}: {steps}",
    "{mark}{sender}: {what}, {spot}. {steps}",
    "{mark}{sender}通知：{spot}，{what}。{steps}",
    "{mark}{sender}からのお知らせ：{spot}、{what}。{steps}",
];

/// For sirens with a voice: no brackets, no abbreviations, the action twice.
const SPEECH: [&str; 4] = [
    "{spoken_mark}{sender}에서 알립니다. {clock} 현재, {where}, {what} {word}. {cause} {short} {refuge} 다시 알립니다. {spoken_mark}{short}",
    "{spoken_mark}This is {sender}. At {clock}, {where}: {what}, {word}. {cause} {short} {refuge} Again: {spoken_mark}{short}",
    "{spoken_mark}{sender}通知。{clock}，{where}，{what}，{word}。{cause}{short}{refuge}再说一遍。{spoken_mark}{short}",
    "{spoken_mark}{sender}からお知らせします。{clock}現在、{where}、{what}、{word}。{cause}{short}{refuge}もう一度お知らせします。{spoken_mark}{short}",
];

impl Facts<'_> {
    /// What people read first: who, what, where, what to do, at most so many characters.
    ///
    /// # Errors
    /// A slot that nothing fills.
    pub fn within(&self, limit: usize, language: Language) -> Result<String, Unfilled> {
        let mut text = String::new();
        for templates in LADDER {
            text = self.fill(language.one(templates), language)?;
            if text.chars().count() <= limit {
                break;
            }
        }
        Ok(cut(&text, limit))
    }

    /// All of it, whatever its length.
    ///
    /// # Errors
    /// A slot that nothing fills.
    pub fn whole(&self, language: Language) -> Result<String, Unfilled> {
        self.fill(language.one(LADDER[0]), language)
    }

    /// In plain language.
    ///
    /// # Errors
    /// A slot that nothing fills.
    pub fn plain(&self, language: Language) -> Result<String, Unfilled> {
        let templates = match self.level {
            _ if self.is_retracted => PLAIN_STEPS,
            Level::None if words::passes(self.hazard) => PLAIN_OVER,
            Level::None => PLAIN_STEPS,
            _ => PLAIN,
        };
        self.fill(language.one(templates), language)
    }

    /// To be read out.
    ///
    /// # Errors
    /// A slot that nothing fills.
    pub fn speech(&self, language: Language) -> Result<String, Unfilled> {
        self.fill(language.one(SPEECH), language)
    }

    /// Where to go, if people are told to leave; where the catalog names no such place, where to ask.
    fn refuge(&self, language: Language) -> String {
        if self.level < Level::Warning || !words::is_fled(self.hazard) {
            return String::new();
        }
        let Some((name, others)) = self.refuge.as_ref() else { return words::ask_refuge(language).to_owned() };
        match (language, others) {
            (Language::Ko, 0) => format!("대피소: {name}."),
            (Language::Ko, _) => format!("대피소: {name} 외 {others}곳."),
            (Language::En, 0) => format!("Shelter: {name}."),
            (Language::En, _) => format!("Shelter: {name} and {others} more."),
            (Language::Zh, 0) => format!("避难所：{name}。"),
            (Language::Zh, _) => format!("避难所：{name}等{}处。", others + 1),
            (Language::Ja, 0) => format!("避難所：{name}。"),
            (Language::Ja, _) => format!("避難所：{name}ほか{others}か所。"),
        }
    }

    fn fill(&self, template: &str, language: Language) -> Result<String, Unfilled> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').unwrap_or((after, ""));
            let (name, particles) = slot.split_once(':').unwrap_or((slot, ""));
            let value = self.slot(name, language).ok_or_else(|| Unfilled(name.to_owned()))?;
            text.extend([before, &value]);
            if let Some((closed, open)) = particles.split_once('/') {
                text.push_str(if ends_closed(&value) { closed } else { open });
            }
            rest = after;
        }
        text.push_str(rest);
        // A slot that may be empty leaves its space behind.
        Ok(text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// What fills a slot; `None` where nothing does.
    fn slot(&self, name: &str, language: Language) -> Option<String> {
        let words = words::of(self.hazard, language);
        let place = &self.place;
        let is_over = self.level == Level::None || self.is_retracted;
        // A city that warns its own district need not be named twice.
        let area = Some(&place.area).filter(|area| *area != self.sender || place.station.is_none());
        let text = match name {
            "sender" => self.sender.to_owned(),
            "mark" | "spoken_mark" if self.is_meant => return Some(String::new()),
            "mark" => words::exercise_mark(language).to_owned(),
            "spoken_mark" => {
                language.one(["훈련입니다. ", "This is an exercise. ", "这是演习。", "これは訓練です。"]).to_owned()
            }
            "day" if language == Language::En => format!("{} {}", self.at.day(), month(self.at.month())),
            "day" => format!("{}/{}", self.at.month(), self.at.day()),
            "time" => format!("{:02}:{:02}", self.at.hour(), self.at.minute()),
            "clock" => clock(self.at, language),
            "where" => match (language, area, &place.station) {
                (_, Some(area), None) => area.clone(),
                (Language::En, Some(area), Some(station)) => format!("{station}, {area}"),
                (Language::Zh, Some(area), Some(station)) => words::beside(area, station),
                (_, Some(area), Some(station)) => format!("{area} {station}"),
                (_, None, station) => station.clone()?,
            },
            "spot" => place.station.as_ref().unwrap_or(&place.area).clone(),
            "what" => words.what.to_owned(),
            "word" if self.is_retracted => words::withdrawn(language).to_owned(),
            "word" => words::word(self.hazard, self.level, language).to_owned(),
            "plain" => plain_word(self.hazard, self.level, language).to_owned(),
            "cause" | "help" | "refuge" if is_over => return Some(String::new()),
            "refuge" => return Some(self.refuge(language)),
            "cause" => words.cause.to_owned(),
            // Who is only to take care needs nobody's help, and one number is said once.
            "help" if !words::endangers(self.hazard) || self.level < Level::Watch => return Some(String::new()),
            "help" if words.short(self.level).contains("119") => return Some(String::new()),
            "help" => help(language).to_owned(),
            "steps" if self.is_retracted => retraction(language).to_owned(),
            "steps" if is_over => words::all_clear(self.hazard, language).to_owned(),
            "short" if self.is_retracted => mistake(language).to_owned(),
            "short" if is_over => words::over(self.hazard, language).to_owned(),
            "steps" if self.own.is_some() => self.own?.to_owned(),
            "steps" => words.steps(self.level).to_owned(),
            "short" if self.own.is_some() => first_sentence(self.own?).to_owned(),
            "short" => words.short(self.level).to_owned(),
            // Who is told to follow no link is sent none.
            "link" if self.hazard == "security" => return Some(String::new()),
            "link" => self.link.to_owned(),
            _ => String::new(),
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }
}

/// What is said when a message is taken back: of this message alone, for another one may stand beside it.
pub fn retraction(language: Language) -> &'static str {
    language.one([
        "앞서 보낸 알림은 잘못 보낸 것이어서 취소합니다. 다른 알림은 계속 따르세요.",
        "The earlier message was sent by mistake and is cancelled. Keep following any other alert.",
        "之前的通知是误发的，现予取消。如有其他通知，请继续遵守。",
        "先ほどのお知らせは誤りのため取り消します。ほかのお知らせには引き続き従ってください。",
    ])
}

/// The same where there is room for one sentence only.
fn mistake(language: Language) -> &'static str {
    language.one(["잘못 보낸 알림입니다.", "Sent by mistake.", "误发，已取消。", "誤りのため取り消します。"])
}

fn help(language: Language) -> &'static str {
    language.one([
        "혼자 피하기 어려우면 옆 사람이나 119에 도움을 요청하세요.",
        "If you need help, ask someone near you or call 119.",
        "需要帮助时，请找身边的人或拨打119。",
        "助けが必要なときは、近くの人に頼むか119に電話してください。",
    ])
}

fn plain_word(hazard: &str, level: Level, language: Language) -> &'static str {
    match level {
        Level::None => "",
        _ if !words::endangers(hazard) => {
            language.one(["지금 불편합니다.", "It does not work now.", "现在不方便。", "いま不便になっています。"])
        }
        Level::Advisory => {
            language.one(["지금 조심해야 합니다.", "Take care now.", "现在要小心。", "いま気をつけてください。"])
        }
        Level::Watch => language.one(["지금 위험합니다.", "It is dangerous now.", "现在很危险。", "いま危険です。"]),
        Level::Warning => language.one([
            "지금 아주 위험합니다.",
            "It is very dangerous now.",
            "现在非常危险。",
            "いまとても危険です。",
        ]),
        Level::Emergency => language.one([
            "지금 그곳에 있으면 목숨이 위험합니다.",
            "Your life is in danger there now.",
            "现在在那里有生命危险。",
            "いまそこにいると命が危険です。",
        ]),
    }
}

const fn month(number: i8) -> &'static str {
    match number {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

/// The time of day as it is read out.
fn clock(at: DateTime, language: Language) -> String {
    let (hour, minute) = (at.hour(), at.minute());
    let past = |unit: &str| if minute == 0 { String::new() } else { format!("{minute}{unit}") };
    match language {
        Language::Ko => {
            let part = match hour {
                0 => "밤",
                1..12 => "오전",
                12 => "낮",
                _ => "오후",
            };
            format!("{part} {}시 {}", twelve(hour), past("분")).trim_end().to_owned()
        }
        Language::En => format!("{}:{minute:02} {}", twelve(hour), if hour < 12 { "a.m." } else { "p.m." }),
        Language::Zh => {
            let part = match hour {
                0..6 => "凌晨",
                6..12 => "上午",
                12 => "中午",
                13..18 => "下午",
                _ => "晚上",
            };
            format!("{part}{}点{}", twelve(hour), past("分"))
        }
        Language::Ja => format!("{}{}時{}", if hour < 12 { "午前" } else { "午後" }, hour % 12, past("分")),
    }
}

const fn twelve(hour: i8) -> i8 {
    if hour % 12 == 0 { 12 } else { hour % 12 }
}

/// The first sentence of a text.
fn first_sentence(text: &str) -> &str {
    let ends = |(at, sign): (usize, char)| match sign {
        '。' | '！' => Some(at + sign.len_utf8()),
        '.' | '!' if text[at + 1..].starts_with(' ') => Some(at + 1),
        _ => None,
    };
    text.char_indices().find_map(ends).map_or(text, |end| &text[..end])
}

/// Whether a word ends in a consonant as Korean hears it, which decides between 은 and 는, 이 and 가, 을 and 를.
pub fn ends_closed(word: &str) -> bool {
    let Some(last) = word.trim_end_matches([')', ']', '"', '\'', '.']).chars().last() else { return false };
    match last {
        // Syllables stand in blocks of 28, the first of each without a final consonant.
        '가'..='힣' => !(last as u32 - '가' as u32).is_multiple_of(28),
        // 영, 일, 삼, 육, 칠, 팔 end in a consonant; 이, 사, 오, 구 do not.
        '0' | '1' | '3' | '6' | '7' | '8' => true,
        'l' | 'm' | 'n' | 'r' | 'L' | 'M' | 'N' | 'R' => true,
        _ => false,
    }
}

/// At most so many characters; what is longer ends with an ellipsis behind a whole word.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut end = 0;
    for (count, (at, letter)) in text.char_indices().enumerate() {
        // One character is kept for the ellipsis.
        if count >= limit {
            break;
        }
        match letter {
            ' ' => end = at,
            '。' | '，' | '、' | '：' if count + 1 < limit => end = at + letter.len_utf8(),
            _ => {}
        }
    }
    format!("{}…", text[..end].trim_end())
}

#[cfg(test)]
mod tests;

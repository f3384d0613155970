//! What citizens are told: one table of hazards, plain danger words, and what to do at each level.
//!
//! The words of the weather agency and the flood-control offices are not used, nor operators' names of levels: a
//! citizen reads the danger and the action. A new hazard is one new entry of [`ALL`].

use bongsu_sensors::Level;

/// A language the texts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
}

impl Language {
    /// Every language there are texts in.
    pub const ALL: [Language; 2] = [Language::Ko, Language::En];

    /// Its BCP 47 code.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Ko => "ko",
            Language::En => "en",
        }
    }

    /// The language of a BCP 47 tag, whatever region it names: `ko-KR` is Korean.
    pub fn of_tag(tag: &str) -> Option<Language> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }

    /// One of two texts.
    pub fn pick<T>(self, korean: T, english: T) -> T {
        match self {
            Language::Ko => korean,
            Language::En => english,
        }
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

/// The words for one hazard.
#[derive(Debug)]
struct Words {
    hazard: &'static str,
    /// What it is called, Korean and English.
    what: (&'static str, &'static str),
    /// It endangers people; otherwise something does not work.
    endangers: bool,
    /// What to do at `advisory`, at `watch`, and at `warning` and above.
    ko: [&'static str; 3],
    en: [&'static str; 3],
}

const fn danger(
    hazard: &'static str,
    what: (&'static str, &'static str),
    ko: [&'static str; 3],
    en: [&'static str; 3],
) -> Words {
    Words { hazard, what, endangers: true, ko, en }
}

const fn service(
    hazard: &'static str,
    what: (&'static str, &'static str),
    ko: [&'static str; 3],
    en: [&'static str; 3],
) -> Words {
    Words { hazard, what, endangers: false, ko, en }
}

/// For a hazard that the table lacks.
const ANY: Words = danger(
    "",
    ("위험 상황", "danger"),
    ["안내에 귀를 기울이세요.", "위험한 곳에서 떨어지세요.", "지금 안전한 곳으로 이동하세요."],
    ["Listen for announcements.", "Keep away from the danger.", "Move to a safe place now."],
);

/// Every hazard.
const ALL: &[Words] = &[
    danger(
        "river_flood",
        ("하천 범람", "river flooding"),
        [
            "하천변과 물가에 가까이 가지 마세요. 안내 방송에 귀를 기울이세요.",
            "하천변, 다리 아래, 둔치 주차장에서 바로 나오세요. 대피할 곳을 확인하세요.",
            "지금 높은 곳이나 대피소로 이동하세요. 물에 잠긴 길을 건너지 마세요.",
        ],
        [
            "Keep away from the river. Listen for announcements.",
            "Leave river banks, paths under bridges and riverside car parks at once. Check where you would go.",
            "Move to high ground or a shelter now. Do not cross flooded roads.",
        ],
    ),
    danger(
        "urban_flood",
        ("도심 침수", "urban flooding"),
        [
            "지하 공간과 낮은 도로를 피하세요. 물막이판을 준비하세요.",
            "반지하와 지하 주차장에서 나오세요. 차보다 몸을 먼저 피하세요.",
            "지금 위층이나 높은 곳으로 대피하세요. 지하로 내려가지 마세요.",
        ],
        [
            "Avoid basements and low roads. Prepare flood boards.",
            "Leave basements and underground car parks. Save yourself before the car.",
            "Go upstairs or to high ground now. Do not go underground.",
        ],
    ),
    danger(
        "underpass_flood",
        ("지하차도 침수", "underpass flooding"),
        [
            "지하차도 대신 다른 길로 가세요.",
            "지하차도에 들어가지 마세요. 안에 있으면 바로 나오세요.",
            "지하차도에 절대 들어가지 마세요. 안에 있으면 차를 두고 걸어서 나오세요.",
        ],
        [
            "Take another road instead of the underpass.",
            "Do not enter the underpass. If you are inside, leave at once.",
            "Never enter the underpass. If you are inside, leave the car and walk out.",
        ],
    ),
    danger(
        "heavy_rain",
        ("집중호우", "heavy rain"),
        [
            "계곡과 하천변 활동을 멈추세요. 나가기 전에 길을 확인하세요.",
            "외출을 줄이고, 계곡과 하천변과 지하 공간에서 나오세요.",
            "밖에 나가지 마세요. 지하와 물가를 떠나 높은 곳에 머무르세요.",
        ],
        [
            "Stop activities in valleys and by rivers. Check your way before you go out.",
            "Stay in where you can. Leave valleys, river banks and basements.",
            "Do not go out. Leave basements and the waterside and stay high.",
        ],
    ),
    danger(
        "dam_release",
        ("댐 방류", "dam release"),
        [
            "하천 안과 물가에서 나오세요. 물이 갑자기 불어날 수 있습니다.",
            "하천변 야영장, 주차장, 낚시터에서 바로 나오세요.",
            "지금 하천에서 떨어진 높은 곳으로 대피하세요.",
        ],
        [
            "Leave the river bed and the water's edge. The water can rise suddenly.",
            "Leave riverside camp sites, car parks and fishing spots at once.",
            "Move to high ground away from the river now.",
        ],
    ),
    danger(
        "tide",
        ("바닷물 범람", "coastal flooding"),
        [
            "갯벌, 방파제, 해안 산책로에 들어가지 마세요.",
            "해안 저지대와 해안 주차장에서 나오세요.",
            "지금 해안에서 떨어진 높은 곳으로 대피하세요.",
        ],
        [
            "Keep off mud flats, breakwaters and sea-front paths.",
            "Leave low ground and car parks by the sea.",
            "Move to high ground away from the sea now.",
        ],
    ),
    danger(
        "landslide",
        ("산사태", "landslide"),
        [
            "산비탈과 계곡에 가까이 가지 마세요.",
            "등산을 멈추세요. 산비탈 아래에서는 대피할 준비를 하세요.",
            "지금 산비탈에서 떨어진 대피소로 이동하세요.",
        ],
        [
            "Keep away from slopes and valleys.",
            "Stop hiking. Below a slope, get ready to leave.",
            "Move to a shelter away from the slope now.",
        ],
    ),
    danger(
        "structure",
        ("시설물 손상", "structural damage"),
        [
            "이 시설물을 되도록 지나지 마세요.",
            "이 시설물에 들어가지 말고 다른 길로 가세요.",
            "지금 이 시설물에서 나와 멀리 떨어지세요.",
        ],
        [
            "Avoid this structure where you can.",
            "Do not enter this structure. Take another way.",
            "Leave this structure now and keep far away.",
        ],
    ),
    danger(
        "earthquake",
        ("지진", "earthquake"),
        [
            "흔들리는 동안 머리를 보호하고, 떨어질 물건 곁을 피하세요.",
            "탁자 아래에서 머리를 보호하세요. 흔들림이 멈추면 계단으로 나오세요.",
            "머리를 보호하고, 흔들림이 멈추면 건물에서 떨어진 넓은 곳으로 가세요. 승강기를 타지 마세요.",
        ],
        [
            "While it shakes, protect your head and keep away from what may fall.",
            "Shelter under a table. When the shaking stops, leave by the stairs.",
            "Protect your head. When the shaking stops, go to an open place away from buildings. Do not use lifts.",
        ],
    ),
    danger(
        "charger_fire",
        ("충전 대여소 화재", "charger station fire"),
        [
            "이 충전 대여소를 쓰지 말고 떨어져 계세요.",
            "대여소에서 멀리 떨어지고 배터리를 만지지 마세요. 연기가 보이면 119에 신고하세요.",
            "지금 건물 밖으로 대피하고 119에 신고하세요. 연기를 마시지 마세요.",
        ],
        [
            "Do not use this charger station. Stand back.",
            "Keep far from it and do not touch batteries. If you see smoke, call 119.",
            "Leave the building now and call 119. Do not breathe the smoke.",
        ],
    ),
    danger(
        "crowd",
        ("인파 밀집", "crowding"),
        [
            "이곳을 피해 다른 길로 가세요.",
            "더 들어가지 말고, 사람이 적은 쪽으로 천천히 나가세요.",
            "지금 멈추세요. 팔로 가슴을 보호하며 사람이 적은 쪽으로 나가고, 밀지 마세요.",
        ],
        [
            "Avoid this place and take another way.",
            "Go no further in. Walk slowly to where there are fewer people.",
            "Stop now. Protect your chest with your arms, move to where there are fewer people, do not push.",
        ],
    ),
    service(
        "charger_stockout",
        ("대여 배터리 부족", "no power banks to lend"),
        ["가까운 다른 대여소를 이용하세요."; 3],
        ["Use another charger station nearby."; 3],
    ),
    service(
        "lending",
        ("대여 배터리 미반납", "power banks not returned"),
        ["빌린 배터리를 가까운 대여소에 반납하세요."; 3],
        ["Return what you borrowed at any charger station."; 3],
    ),
    service(
        "outage",
        ("광역 장애", "outage"),
        [
            "휴대전화 배터리를 아껴 쓰세요.",
            "승강기를 타지 마세요. 도움이 필요한 이웃을 살피세요.",
            "신호등이 꺼진 길을 피하고 안전한 곳에 머무르세요. 위급하면 119에 신고하세요.",
        ],
        [
            "Save the battery of your phone.",
            "Do not use lifts. Look after neighbours who need help.",
            "Avoid roads without traffic lights and stay in a safe place. In an emergency call 119.",
        ],
    ),
    service(
        "wifi",
        ("공공 와이파이 장애", "public WiFi failure"),
        ["이동통신이나 가까운 다른 와이파이를 이용하세요."; 3],
        ["Use mobile data or another WiFi nearby."; 3],
    ),
    service(
        "infrastructure",
        ("도시 기반시설 이상", "infrastructure failure"),
        [
            "시설 안내를 확인하세요.",
            "이 시설 대신 다른 방법을 준비하세요.",
            "이 시설을 쓰지 말고 현장의 안내를 따르세요.",
        ],
        [
            "Check the announcements of the service.",
            "Prepare to do without this service.",
            "Do not use this service and follow instructions on site.",
        ],
    ),
    service(
        "security",
        ("보안 사건", "security event"),
        ["의심스러운 연락이나 링크를 열지 마세요."; 3],
        ["Do not open suspicious messages or links."; 3],
    ),
    service(
        "sensor_health",
        ("센서 이상", "sensor fault"),
        ["현장 센서를 점검하세요."; 3],
        ["Inspect the sensor on site."; 3],
    ),
];

fn of(hazard: &str) -> &'static Words {
    ALL.iter().find(|words| words.hazard == hazard).unwrap_or(&ANY)
}

/// Whether a hazard endangers people; otherwise something does not work.
pub fn endangers(hazard: &str) -> bool {
    of(hazard).endangers
}

/// The danger of a level in one or two plain words; empty for `none`.
pub fn level_word(level: Level, language: Language) -> &'static str {
    match level {
        Level::None => "",
        Level::Advisory => language.pick("조심", "Take care"),
        Level::Watch => language.pick("위험", "Danger"),
        Level::Warning => language.pick("매우 위험", "Great danger"),
        Level::Emergency => language.pick("생명 위험", "Danger to life"),
    }
}

/// The same for what endangers nobody.
fn service_word(level: Level, language: Language) -> &'static str {
    match level {
        Level::None => "",
        Level::Advisory => language.pick("알림", "Notice"),
        Level::Watch => language.pick("발생", "Disruption"),
        Level::Warning => language.pick("심함", "Severe disruption"),
        Level::Emergency => language.pick("매우 심함", "Extreme disruption"),
    }
}

/// What a hazard is called where people read it.
pub fn hazard_word(hazard: &str, language: Language) -> &'static str {
    let (korean, english) = of(hazard).what;
    language.pick(korean, english)
}

/// What every text begins with that is not meant.
pub fn exercise_mark(language: Language) -> &'static str {
    language.pick("[훈련] ", "[EXERCISE] ")
}

/// The reserved area of the whole city.
pub fn whole_city(language: Language) -> &'static str {
    language.pick("도시 전체", "the whole city")
}

/// The danger in a line: where, what, how bad. `none` is the all-clear.
pub fn headline(hazard: &str, level: Level, place: &Place, language: Language, is_meant: bool) -> String {
    let words = of(hazard);
    let mark = if is_meant { "" } else { exercise_mark(language) };
    let what = hazard_word(hazard, language);
    let word = if words.endangers { level_word(level, language) } else { service_word(level, language) };
    let Place { area, station } = place;
    match (language, level) {
        (Language::Ko, level) => {
            let station = station.as_ref().map(|station| format!("{station} ")).unwrap_or_default();
            let word = if level == Level::None { "상황 종료" } else { word };
            format!("{mark}{area} {station}{what} {word}")
        }
        (Language::En, level) => {
            let station = station.as_ref().map(|station| format!("{station}, ")).unwrap_or_default();
            let word = if level == Level::None { "Over" } else { word };
            format!("{mark}{word}: {what}, {station}{area}")
        }
    }
}

/// What to do, in one to three short sentences.
pub fn instruction(hazard: &str, level: Level, language: Language, is_meant: bool) -> String {
    let words = of(hazard);
    let mark = if is_meant { "" } else { exercise_mark(language) };
    let steps = language.pick(&words.ko, &words.en);
    let text = match level {
        Level::None if words.endangers => language.pick(
            "위험이 지나갔습니다. 현장의 통제와 안내는 계속 따르세요.",
            "The danger has passed. Keep following closures and instructions on site.",
        ),
        Level::None => language.pick("정상으로 돌아왔습니다.", "It works again."),
        Level::Advisory => steps[0],
        Level::Watch => steps[1],
        Level::Warning | Level::Emergency => steps[2],
    };
    let urgent = match level {
        Level::Emergency if words.endangers => language.pick("생명이 위험합니다. ", "Your life is in danger. "),
        _ => "",
    };
    format!("{mark}{urgent}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What our own texts never say: agencies' words, and the air-raid word of Seoul 2023.
    const NEVER: [&str; 5] = ["주의보", "경보", "특보", "속보", "경계"];

    #[test]
    fn every_hazard_has_words_of_its_own_at_every_level() {
        let place = Place { area: "서초구".into(), station: Some("잠수교".into()) };
        for hazard in bongsu_rules::hazard::ALL {
            assert!(ALL.iter().filter(|words| words.hazard == hazard.name).count() == 1, "{}", hazard.name);
            for language in Language::ALL {
                for level in Level::RAISED.into_iter().chain([Level::None]) {
                    let texts = [
                        headline(hazard.name, level, &place, language, true),
                        instruction(hazard.name, level, language, true),
                    ];
                    for text in &texts {
                        assert!(NEVER.iter().all(|word| !text.contains(word)), "{text}");
                        assert!(text.chars().count() > 8, "{text}");
                    }
                    assert!(texts[1].ends_with('.'), "{}", texts[1]);
                    let prefixed = headline(hazard.name, level, &place, language, false);
                    assert_eq!(prefixed, format!("{}{}", exercise_mark(language), texts[0]));
                }
            }
        }
        assert_eq!(ALL.len(), bongsu_rules::hazard::ALL.len());
    }

    #[test]
    fn dangers_are_told_apart_by_level() {
        let place = Place { area: "Seocho-gu".into(), station: Some("Jamsu Bridge".into()) };
        let told = |level| headline("river_flood", level, &place, Language::En, true);
        assert_eq!(told(Level::Advisory), "Take care: river flooding, Jamsu Bridge, Seocho-gu");
        assert_eq!(told(Level::Emergency), "Danger to life: river flooding, Jamsu Bridge, Seocho-gu");
        assert_eq!(told(Level::None), "Over: river flooding, Jamsu Bridge, Seocho-gu");
        let place = Place { area: "서초구".into(), station: None };
        assert_eq!(headline("heavy_rain", Level::Warning, &place, Language::Ko, true), "서초구 집중호우 매우 위험");
        let urgent = instruction("river_flood", Level::Emergency, Language::Ko, false);
        assert!(urgent.starts_with("[훈련] 생명이 위험합니다. 지금 높은 곳"), "{urgent}");
    }

    #[test]
    fn tags_with_regions_are_understood() {
        assert_eq!(Language::of_tag("ko-KR"), Some(Language::Ko));
        assert_eq!(Language::of_tag("EN"), Some(Language::En));
        assert_eq!(Language::of_tag("kok"), None);
        assert_eq!(Language::of_tag(""), None);
    }
}

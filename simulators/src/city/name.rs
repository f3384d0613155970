//! Invented names that sound Korean, each with its romanisation. None is meant to be a real district, river or street.

/// A name in Korean and English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

impl Name {
    /// A name in both languages.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Name {
        Name { ko: ko.into(), en: en.into() }
    }
}

/// The metropolitan city and the province around its headwaters.
pub const SIDO: [(&str, &str, &str); 2] =
    [("garam", "가람광역시", "Garam Metropolitan City"), ("solmoe", "솔뫼도", "Solmoe-do")];

/// Stems of districts: code, Korean, English. A district is a stem with 구 or 군.
pub const DISTRICTS: [(&str, &str, &str); 24] = [
    ("eundam", "은담", "Eundam"),
    ("cheongha", "청하", "Cheongha"),
    ("haedam", "해담", "Haedam"),
    ("songha", "송하", "Songha"),
    ("unhyeon", "운현", "Unhyeon"),
    ("hwayul", "화율", "Hwayul"),
    ("mudam", "무담", "Mudam"),
    ("seoyul", "서율", "Seoyul"),
    ("gahyeon", "가현", "Gahyeon"),
    ("dodam", "도담", "Dodam"),
    ("miyul", "미율", "Miyul"),
    ("soyul", "소율", "Soyul"),
    ("ayul", "아율", "Ayul"),
    ("yuhyeon", "유현", "Yuhyeon"),
    ("geumha", "금하", "Geumha"),
    ("danyul", "단율", "Danyul"),
    ("baram", "바람", "Baram"),
    ("narae", "나래", "Narae"),
    ("dasom", "다솜", "Dasom"),
    ("yeoul", "여울", "Yeoul"),
    ("maru", "마루", "Maru"),
    ("haneul", "하늘", "Haneul"),
    ("saebom", "새봄", "Saebom"),
    ("noeul", "노을", "Noeul"),
];

/// Stems of neighbourhoods: code, Korean, English. A neighbourhood is a stem with 동, 읍 or 면.
pub const NEIGHBOURHOODS: [(&str, &str, &str); 24] = [
    ("solnae", "솔내", "Solnae"),
    ("dalbit", "달빛", "Dalbit"),
    ("neuti", "느티", "Neuti"),
    ("beodeul", "버들", "Beodeul"),
    ("handeul", "한들", "Handeul"),
    ("saeteo", "새터", "Saeteo"),
    ("meoru", "머루", "Meoru"),
    ("darae", "다래", "Darae"),
    ("galmae", "갈매", "Galmae"),
    ("mulan", "물안", "Muran"),
    ("dolsaem", "돌샘", "Dolsaem"),
    ("byeolmaru", "별마루", "Byeolmaru"),
    ("onnuri", "온누리", "Onnuri"),
    ("anmal", "안말", "Anmal"),
    ("deulkkot", "들꽃", "Deulkkot"),
    ("hansaem", "한샘", "Hansaem"),
    ("baekkot", "배꽃", "Baekkot"),
    ("kkotmoe", "꽃뫼", "Kkotmoe"),
    ("eunmorae", "은모래", "Eunmorae"),
    ("gamnae", "감내", "Gamnae"),
    ("bamgol", "밤골", "Bamgol"),
    ("hwangto", "황토", "Hwangto"),
    ("moran", "모란", "Moran"),
    ("cheongsol", "청솔", "Cheongsol"),
];

/// The main river.
pub const RIVER: (&str, &str, &str) = ("mir", "미르강", "Mir River");

/// Its tributaries.
pub const TRIBUTARIES: [(&str, &str, &str); 5] = [
    ("dallae", "달래천", "Dallae Stream"),
    ("gallae", "갈래천", "Gallae Stream"),
    ("jorong", "조롱천", "Jorong Stream"),
    ("solgae", "솔개천", "Solgae Stream"),
    ("mulbit", "물빛천", "Mulbit Stream"),
];

/// Gauges along a river are named after what stands there.
pub const LANDMARKS: [(&str, &str); 16] = [
    ("윗나루", "Upper Ferry"),
    ("돌다리", "Stone Bridge"),
    ("느티나무", "Zelkova"),
    ("물레방아", "Watermill"),
    ("솔밭", "Pine Grove"),
    ("갈대숲", "Reed Field"),
    ("큰여울", "Great Rapids"),
    ("새나루", "New Ferry"),
    ("뱃머리", "Landing"),
    ("아랫나루", "Lower Ferry"),
    ("버드나무", "Willow"),
    ("징검다리", "Stepping Stones"),
    ("장승", "Totem Pole"),
    ("두물목", "Confluence"),
    ("모래톱", "Sandbar"),
    ("너럭바위", "Flat Rock"),
];

/// Places of public life, for kiosks and WiFi sites.
pub const PLACES: [(&str, &str); 12] = [
    ("시장", "Market"),
    ("도서관", "Library"),
    ("버스터미널", "Bus Terminal"),
    ("시민공원", "Citizens' Park"),
    ("문화회관", "Culture Hall"),
    ("체육관", "Gymnasium"),
    ("대학교 정문", "University Gate"),
    ("전철역", "Metro Station"),
    ("보건소", "Health Centre"),
    ("청소년센터", "Youth Centre"),
    ("미술관", "Art Museum"),
    ("광장", "Square"),
];

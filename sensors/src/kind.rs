//! What a datastream can observe: one table, [`ALL`]. A new sensor kind is one new entry there and nothing else.
//!
//! Units are UCUM codes. Ranges and rates are what the quantity can physically do anywhere, not what is normal at one
//! place: a station narrows them in the catalog.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration as Span;

/// How the values of a kind add up over time, which decides what a window over them means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// The value at a moment (a stage, a temperature).
    Level,
    /// An amount since the last reading (rain): windows sum it.
    Amount,
    /// A running total that wraps and resets: its rises are amounts.
    Counter,
    /// A state: 0 or 1, or a small code.
    State,
}

/// One thing a datastream can observe.
#[derive(Debug)]
pub struct Kind {
    /// Its name in topics, files and rules.
    pub name: &'static str,
    /// The part of the city's life it belongs to: one of [`DOMAINS`], under which an archive keeps it.
    pub domain: &'static str,
    /// Korean and English names for people.
    pub title: (&'static str, &'static str),
    /// UCUM unit of its values.
    pub unit: &'static str,
    /// Physically possible values; outside them a reading fails the gross range test.
    pub range: (f64, f64),
    /// How often a station usually sends it.
    pub cadence: Span,
    /// Fastest believable change: so much within so long. `None`: it may jump.
    pub max_rate: Option<(f64, Span)>,
    /// Smallest meaningful difference: the floor under every spread estimate.
    pub resolution: f64,
    /// How values add up.
    pub nature: Nature,
    /// The kind whose rule input this feeds: `rainfall_counter` is read by rules as `rainfall`.
    pub feeds: Option<&'static str>,
}

/// The domains of kinds.
pub const DOMAINS: [&str; 8] = ["agency", "water", "weather", "ground", "structure", "power", "charger", "city"];

/// Kinds that agencies and people report; what they say can be typed in, what gauges measure cannot.
const ADMINISTRATIVE: [&str; 3] = ["agency_level", "emergency_calls", "planned_release"];

impl Kind {
    /// Whether it is reported by agencies and people.
    pub fn is_administrative(&self) -> bool {
        ADMINISTRATIVE.contains(&self.name)
    }
}

/// A kind, by its place in [`ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(u8);

impl KindId {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<KindId> {
        ALL.iter().position(|kind| kind.name == name).and_then(|at| u8::try_from(at).ok()).map(KindId)
    }

    /// Its entry in the table.
    pub fn kind(self) -> &'static Kind {
        &ALL[usize::from(self.0)]
    }

    /// Every kind, in the order of the table.
    pub fn all() -> impl Iterator<Item = KindId> {
        (0..u8::try_from(ALL.len()).unwrap_or(u8::MAX)).map(KindId)
    }
}

impl fmt::Display for KindId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().name)
    }
}

/// A kind travels by its name, so that a stored record outlives a reordered table.
impl Serialize for KindId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.kind().name)
    }
}

impl<'de> Deserialize<'de> for KindId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<KindId, D::Error> {
        let name = String::deserialize(from)?;
        KindId::named(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown kind {name:?}")))
    }
}

/// The kind whose name is nearest to a misspelt one, for "did you mean".
pub fn nearest(name: &str) -> Option<&'static str> {
    crate::document::nearest(name, ALL.iter().map(|kind| kind.name))
}

const fn seconds(n: u64) -> Span {
    Span::from_secs(n)
}
const MINUTE: Span = seconds(60);
const TEN_MINUTES: Span = seconds(600);
const HOUR: Span = seconds(3600);

#[rustfmt::skip]
macro_rules! kind {
    ($name:literal, $domain:literal, $ko:literal, $en:literal, $unit:literal, $low:expr, $high:expr, $cadence:expr, $rate:expr, $resolution:expr, $nature:ident) => {
        kind!($name, $domain, $ko, $en, $unit, $low, $high, $cadence, $rate, $resolution, $nature, None)
    };
    ($name:literal, $domain:literal, $ko:literal, $en:literal, $unit:literal, $low:expr, $high:expr, $cadence:expr, $rate:expr, $resolution:expr, $nature:ident, $feeds:expr) => {
        Kind { name: $name, domain: $domain, title: ($ko, $en), unit: $unit, range: ($low, $high), cadence: $cadence, max_rate: $rate, resolution: $resolution, nature: Nature::$nature, feeds: $feeds }
    };
}

/// Every kind. A rate is the fastest a true value was ever seen to change, with room: a flood that rises faster than the
/// table allows would be doubted just when it matters (3 m in 10 minutes: twice the Guadalupe river of July 2025; an
/// underpass fills in minutes; a tsunami is no tide). What can break or fall jumps, so it has none.
///
/// Columns: name, domain, Korean, English, UCUM unit, range, cadence, fastest believable change, resolution, nature.
#[rustfmt::skip]
pub const ALL: &[Kind] = &[
    // what agencies and people say
    kind!("agency_level",            "agency",    "기관 발표 단계",   "agency's warning level (1 advisory to 4 emergency)", "1", 0.0, 4.0, HOUR, None,                  1.0,   State),
    kind!("emergency_calls",         "agency",    "119 신고 건수",    "emergency calls since the last reading", "{count}", 0.0, 100_000.0, TEN_MINUTES, None,               1.0,   Amount),
    kind!("planned_release",         "agency",    "댐 방류 계획량",   "planned dam release",       "m3/s",   0.0,      200_000.0, HOUR,       None,                        1.0,   Level),
    // water
    kind!("river_stage",             "water",     "하천 수위",        "river stage",               "m",      -10.0,    100.0,    TEN_MINUTES, Some((1.0, TEN_MINUTES)),    0.01,  Level),
    kind!("river_discharge",         "water",     "하천 유량",        "river discharge",           "m3/s",   -50_000.0, 500_000.0, TEN_MINUTES, Some((5_000.0, TEN_MINUTES)), 0.1, Level),
    kind!("reservoir_level",         "water",     "저수지 수위",      "reservoir level",           "m",      -50.0,    5_500.0,  TEN_MINUTES, Some((1.0, TEN_MINUTES)),    0.01,  Level),
    kind!("reservoir_inflow",        "water",     "댐 유입량",        "dam inflow",                "m3/s",   -5_000.0, 200_000.0, TEN_MINUTES, Some((5_000.0, TEN_MINUTES)), 0.1,  Level),
    kind!("reservoir_outflow",       "water",     "댐 방류량",        "dam outflow",               "m3/s",   0.0,      200_000.0, TEN_MINUTES, Some((5_000.0, TEN_MINUTES)), 0.1,  Level),
    kind!("reservoir_volume",        "water",     "저수율",           "reservoir storage",         "%",      0.0,      130.0,    HOUR,        Some((10.0, HOUR)),          0.1,   Level),
    kind!("tide_level",              "water",     "조위",             "tide level",                "m",      -12.0,    20.0,     TEN_MINUTES, Some((10.0, TEN_MINUTES)),   0.01,  Level),
    kind!("sewer_level",             "water",     "하수관 수위",      "sewer level",               "m",      0.0,      30.0,     MINUTE,      Some((5.0, MINUTE)),         0.01,  Level),
    kind!("road_water_depth",        "water",     "도로 침수 깊이",   "water depth on a road",     "cm",     0.0,      500.0,    MINUTE,      Some((100.0, MINUTE)),       0.5,   Level),
    kind!("underpass_water_depth",   "water",     "지하차도 침수 깊이", "water depth in an underpass", "cm",  0.0,      1_000.0,  MINUTE,      Some((300.0, MINUTE)),       0.5,   Level),
    kind!("barrier_state",           "water",     "차단기 상태",      "barrier (1 = closed)",      "1",      0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    // weather and soil
    kind!("rainfall",                "weather",   "강우량",           "rain since the last reading", "mm",   0.0,      400.0,    TEN_MINUTES, None,                        0.1,   Amount),
    kind!("rainfall_counter",        "weather",   "누적 강우 계수",   "rain counter (wraps and resets)", "mm", 0.0,    1_000_000.0, TEN_MINUTES, None,                     0.1,   Counter, Some("rainfall")),
    kind!("soil_moisture",           "ground",    "토양 수분",        "soil moisture by volume",   "%",      0.0,      100.0,    HOUR,        Some((30.0, HOUR)),          0.1,   Level),
    kind!("pore_pressure",           "ground",    "간극수압",         "pore water pressure",       "kPa",    -200.0,   1_000.0,  HOUR,        Some((50.0, HOUR)),          0.1,   Level),
    kind!("temperature",             "weather",   "기온",             "air temperature",           "Cel",    -60.0,    70.0,     MINUTE,      Some((10.0, MINUTE)),        0.1,   Level),
    kind!("wind_speed",              "weather",   "풍속",             "wind speed",                "m/s",    0.0,      120.0,    MINUTE,      Some((60.0, MINUTE)),        0.1,   Level),
    // structures
    kind!("tilt",                    "structure", "기울기",           "tilt",                      "deg",    -90.0,    90.0,     MINUTE,      None,                        0.001, Level),
    kind!("strain",                  "structure", "변형률",           "strain",                    "um/m",   -20_000.0, 20_000.0, MINUTE,     None,                        0.1,   Level),
    kind!("displacement",            "structure", "변위",             "displacement",              "mm",     -10_000.0, 10_000.0, MINUTE,     None,                        0.01,  Level),
    kind!("bearing_force",           "structure", "받침 반력",        "bearing force",             "kN",     -100_000.0, 100_000.0, MINUTE,   None,                        0.1,   Level),
    kind!("crack_width",             "structure", "균열 폭",          "crack width",               "mm",     0.0,      1_000.0,  HOUR,        None,                       0.01,  Level),
    kind!("acceleration",            "structure", "가속도",           "acceleration",              "cm/s2",  -5_000.0, 5_000.0,  seconds(1),  None,                        0.01,  Level),
    kind!("ground_acceleration",     "structure", "지반 가속도",      "ground acceleration",       "cm/s2",  -5_000.0, 5_000.0,  Span::from_millis(10), None,              0.001, Level),
    kind!("vibration_frequency",     "structure", "고유 진동수",      "vibration frequency",       "Hz",     0.0,      1_000.0,  TEN_MINUTES, None,                        0.001, Level),
    // power of the device itself
    kind!("battery_voltage",         "power",     "배터리 전압",      "battery voltage",           "V",      0.0,      100.0,    TEN_MINUTES, None,                        0.01,  Level),
    kind!("mains_power",             "power",     "상용 전원",        "mains power (1 = present)", "1",      0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    // charger stations
    kind!("charger_available",       "charger",   "대여 가능 배터리", "power banks ready to lend", "{count}", 0.0,     10_000.0, MINUTE,      None,                        1.0,   Level),
    kind!("charger_slots",           "charger",   "반납 가능 칸",     "free return slots",         "{count}", 0.0,     10_000.0, MINUTE,      None,                        1.0,   Level),
    kind!("charger_rentals",         "charger",   "대여 건수",        "loans since the last reading", "{count}", 0.0,  10_000.0, MINUTE,      None,                        1.0,   Amount),
    kind!("charger_slot_temperature", "charger",   "충전 칸 온도",    "charger slot temperature",  "Cel",    -40.0,    600.0,    MINUTE,      None,                        0.1,   Level),
    kind!("charger_slot_voltage",    "charger",   "충전 칸 전압",     "charger slot voltage",      "V",      0.0,      60.0,     MINUTE,      None,                        0.01,  Level),
    kind!("banks_overdue",           "charger",   "반납 기한이 지난 배터리", "power banks overdue", "{count}", 0.0,     100_000.0, TEN_MINUTES, None,                       1.0,   Level),
    kind!("banks_lost",              "charger",   "분실 배터리",      "power banks lost since the last reading", "{count}", 0.0, 100_000.0, TEN_MINUTES, None,            1.0,   Amount),
    // city systems
    kind!("wifi_up",                 "city",      "공공 와이파이 작동", "public WiFi up (1 = up)", "1",      0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    kind!("wifi_clients",            "city",      "와이파이 접속자",  "WiFi clients",              "{count}", 0.0,     100_000.0, MINUTE,     None,                        1.0,   Level),
    kind!("site_up",                 "city",      "웹사이트 작동",    "site up (1 = up)",          "1",      0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    kind!("site_latency",            "city",      "웹사이트 응답 시간", "site latency",            "ms",     0.0,      600_000.0, MINUTE,     None,                        1.0,   Level),
    kind!("auth_failures",           "city",      "로그인 실패",      "failed logins since the last reading", "{count}", 0.0, 10_000_000.0, MINUTE, None,                    1.0,   Amount),
    kind!("access_denials",          "city",      "접근 거부",        "requests denied since the last reading", "{count}", 0.0, 10_000_000.0, MINUTE, None,                  1.0,   Amount),
    kind!("cell_up",                 "city",      "이동통신 기지국 작동", "mobile mast up (1 = up)", "1",     0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    kind!("signal_up",               "city",      "교통 신호 작동",   "traffic signal up (1 = up)", "1",     0.0,      1.0,      MINUTE,      None,                        1.0,   State),
    kind!("lights_up",               "city",      "가로등 회로 작동", "street light circuit up (1 = up)", "1", 0.0,    1.0,      MINUTE,      None,                        1.0,   State),
    kind!("gas_pressure",            "city",      "도시가스 압력",    "gas main pressure",         "kPa",    0.0,      10_000.0, MINUTE,      None,                        0.1,   Level),
    kind!("water_pressure",          "city",      "상수도 수압",      "water main pressure",       "kPa",    -100.0,   3_000.0,  MINUTE,      None,                        0.1,   Level),
    kind!("pipe_flow",               "city",      "관로 유량",        "pipe flow",                 "L/s",    -100_000.0, 100_000.0, MINUTE,   None,                        0.1,   Level),
    kind!("road_speed",              "city",      "도로 통행 속도",   "road speed",                "km/h",   0.0,      250.0,    MINUTE,      None,                        0.1,   Level),
    kind!("subway_delay",            "city",      "지하철 지연",      "subway delay",              "min",    -60.0,    1_440.0,  MINUTE,      None,                        0.1,   Level),
    kind!("heat_supply_temperature", "city",      "지역난방 공급 온도", "district heat supply temperature", "Cel", 0.0, 250.0,  MINUTE,      Some((60.0, MINUTE)),        0.1,   Level),
    kind!("heat_pressure",           "city",      "지역난방 압력",    "district heat pressure",    "kPa",    0.0,      5_000.0,  MINUTE,      None,                        0.1,   Level),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The conformance test of the table: every entry is usable as it stands.
    #[test]
    fn every_kind_is_complete() {
        assert!(ADMINISTRATIVE.iter().all(|name| KindId::named(name).is_some()));
        assert!(ALL.len() < usize::from(u8::MAX));
        for (at, kind) in ALL.iter().enumerate() {
            let name = kind.name;
            assert_eq!(KindId::named(name).map(|id| usize::from(id.0)), Some(at), "{name} stands twice");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(kind.range.0 < kind.range.1, "{name}");
            assert!(kind.resolution > 0.0, "{name}");
            assert!(DOMAINS.contains(&kind.domain), "{name} is of the unknown domain {}", kind.domain);
            assert!(!kind.unit.is_empty() && !kind.title.0.is_empty() && !kind.title.1.is_empty(), "{name}");
            assert!(kind.cadence.as_millis() > 0, "{name}");
            if let Some(fed) = kind.feeds {
                assert!(KindId::named(fed).is_some(), "{name} feeds an unknown kind {fed}");
            }
            if let Some((rate, within)) = kind.max_rate {
                assert!(rate > 0.0 && within.as_millis() > 0, "{name}");
            }
        }
    }
}

//! What can happen: the hazards a rule may speak of, with their names for people. One table, [`ALL`].

/// A hazard.
#[derive(Debug)]
pub struct Hazard {
    /// Its name in rules, topics and files.
    pub name: &'static str,
    /// Korean and English names for people.
    pub title: (&'static str, &'static str),
    /// Its CAP 1.2 category.
    pub category: &'static str,
}

/// Every hazard. Columns: name, Korean, English, CAP category.
#[rustfmt::skip]
pub const ALL: &[Hazard] = &[
    Hazard { name: "river_flood",      title: ("하천 범람",        "River flooding"),            category: "Met" },
    Hazard { name: "urban_flood",      title: ("도심 침수",        "Urban flooding"),            category: "Met" },
    Hazard { name: "underpass_flood",  title: ("지하차도 침수",    "Underpass flooding"),        category: "Transport" },
    Hazard { name: "heavy_rain",       title: ("호우",             "Heavy rain"),                category: "Met" },
    Hazard { name: "dam_release",      title: ("댐 방류",          "Dam release"),               category: "Safety" },
    Hazard { name: "tide",             title: ("높은 조위",        "High tide"),                 category: "Met" },
    Hazard { name: "landslide",        title: ("산사태",           "Landslide"),                 category: "Geo" },
    Hazard { name: "structure",        title: ("시설물 이상",      "Structural damage"),         category: "Infra" },
    Hazard { name: "earthquake",       title: ("지진",             "Earthquake"),                category: "Geo" },
    Hazard { name: "charger_fire",     title: ("충전 대여소 화재", "Charger station fire"),      category: "Fire" },
    Hazard { name: "charger_stockout", title: ("대여 배터리 부족", "Charger station stock-out"), category: "Other" },
    Hazard { name: "lending",          title: ("대여 미반납",      "Lending ledger"),            category: "Other" },
    Hazard { name: "outage",           title: ("광역 장애",        "Outage"),                    category: "Infra" },
    Hazard { name: "wifi",             title: ("공공 와이파이",    "Public WiFi"),               category: "Infra" },
    Hazard { name: "crowd",            title: ("인파 밀집",        "Crowding"),                  category: "Safety" },
    Hazard { name: "infrastructure",   title: ("도시 기반시설",    "City infrastructure"),       category: "Infra" },
    Hazard { name: "security",         title: ("보안 사건",        "Security event"),            category: "Security" },
    Hazard { name: "rule_failure",     title: ("규칙 오류",        "Rule failure"),              category: "Other" },
    Hazard { name: "sensor_health",    title: ("센서 이상",        "Sensor health"),             category: "Other" },
];

/// Whether a hazard is the system's own: citizens can do nothing about it.
pub fn is_inner(name: &str) -> bool {
    ["rule_failure", "sensor_health"].contains(&name)
}

/// The hazard of this name.
pub fn named(name: &str) -> Option<&'static Hazard> {
    ALL.iter().find(|hazard| hazard.name == name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_hazard_stands_once_and_has_a_cap_category() {
        let categories = [
            "Geo",
            "Met",
            "Safety",
            "Security",
            "Rescue",
            "Fire",
            "Health",
            "Env",
            "Transport",
            "Infra",
            "CBRNE",
            "Other",
        ];
        for (at, hazard) in super::ALL.iter().enumerate() {
            assert!(super::ALL[..at].iter().all(|other| other.name != hazard.name), "{}", hazard.name);
            assert!(bongsu_sensors::name::is_name(hazard.name), "{}", hazard.name);
            assert!(categories.contains(&hazard.category), "{}", hazard.category);
        }
    }
}

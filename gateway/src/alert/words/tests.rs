//! Every hazard has its words, and none of them belong to agencies.

use super::*;

/// What our own texts never say: agencies' words, and the air-raid word of Seoul 2023.
const NEVER: [&str; 5] = [concat!("주의", "보"), concat!("경", "보"), concat!("특", "보"), concat!("속", "보"), "경계"];

#[test]
fn every_hazard_has_words_of_its_own_at_every_level() {
    let place = Place { area: "서초구".into(), station: Some("잠수교".into()) };
    for all in [ko::ALL, en::ALL, zh::ALL, ja::ALL] {
        assert_eq!(all.len(), hazard::ALL.len());
        for hazard in hazard::ALL {
            assert!(all.iter().filter(|words| words.hazard == hazard.name).count() == 1, "{}", hazard.name);
        }
    }
    for hazard in hazard::ALL {
        for language in Language::ALL {
            for level in Level::RAISED.into_iter().chain([Level::None]) {
                let texts = [
                    headline(hazard.name, level, &place, language, true),
                    instruction(hazard.name, level, language, true),
                ];
                for text in &texts {
                    assert!(NEVER.iter().all(|word| !text.contains(word)), "{text}");
                    assert!(text.chars().count() > 6, "{text}");
                }
                assert!(texts[1].ends_with(['.', '。']), "{}", texts[1]);
                let prefixed = headline(hazard.name, level, &place, language, false);
                assert_eq!(prefixed, format!("{}{}", exercise_mark(language), texts[0]));
            }
        }
    }
}

#[test]
fn dangers_are_told_apart_by_level() {
    let place = Place { area: "Seocho-gu".into(), station: Some("Jamsu Bridge".into()) };
    let told = |level| headline("river_flood", level, &place, Language::En, true);
    assert_eq!(told(Level::Advisory), "Take care: river flooding, Jamsu Bridge, Seocho-gu");
    assert_eq!(told(Level::Emergency), "Life at risk: river flooding, Jamsu Bridge, Seocho-gu");
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

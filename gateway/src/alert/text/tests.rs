//! Every text there is, golden, and how they are made.

use super::*;
use std::fmt::Write;

fn facts(hazard: &'static str, level: Level, language: Language) -> Facts<'static> {
    let (sender, area, station) = match language {
        Language::Ko => ("서초구", "서초구", "잠수교"),
        Language::En => ("Seocho-gu", "Seocho-gu", "Jamsu Bridge"),
        Language::Zh => ("瑞草区", "瑞草区", "潜水桥"),
        Language::Ja => ("瑞草区", "瑞草区", "潜水橋"),
    };
    Facts {
        sender,
        hazard,
        level,
        is_retracted: false,
        own: None,
        refuge: None,
        place: Place { area: area.into(), station: Some(station.into()) },
        at: jiff::civil::date(2026, 7, 8).at(20, 31, 0, 0),
        is_meant: true,
        link: "https://warning.example.city/alerts/river_flood-seocho-20260708T113100Z",
    }
}

/// What must stand in a text, whatever its length: who, what, where, do.
fn assert_complete(text: &str, facts: &Facts<'_>, language: Language) {
    let words = words::of(facts.hazard, language);
    let [short, steps] = match facts.level {
        Level::None => [words::over(facts.hazard, language), words::all_clear(facts.hazard, language)],
        level => [words.short(level), words.steps(level)],
    };
    let place = facts.place.station.as_deref().unwrap_or(&facts.place.area);
    let begins = format!("[{}]", facts.sender);
    assert!(text.starts_with(&begins), "who: {text}");
    assert!(text.to_lowercase().contains(&words.what.to_lowercase()), "what: {text}");
    assert!(text.contains(place), "where: {text}");
    assert!(text.contains(short) || text.contains(steps), "do: {text}");
}

/// What is said of a hazard when it was a false alarm: never that it is over, because it never was.
fn withdrawn(golden: &mut String, hazard: &'static str, language: Language) {
    let facts = Facts { is_retracted: true, ..facts(hazard, Level::None, language) };
    let _ = writeln!(golden, "== {hazard} withdrawn");
    let short = facts.within(90, language).expect("filled");
    assert!(short.contains(words::withdrawn(language)), "{short}");
    let made = [facts.within(90, language), facts.plain(language), facts.speech(language)];
    for (name, text) in ["    90", " plain", "speech"].into_iter().zip(made) {
        let text = text.expect("filled");
        assert!(!text.contains(words::word(hazard, Level::None, language)), "{text}");
        let _ = writeln!(golden, "{name}: {text}");
    }
}

/// An exercise, and where people are told to go.
fn practised_and_fled(golden: &mut String, language: Language) {
    let exercise = Facts { is_meant: false, ..facts("river_flood", Level::Warning, language) };
    let fled =
        Facts { refuge: Some((language_name(language).to_owned(), 3)), ..facts("tide", Level::Emergency, language) };
    for (name, facts) in [("exercise", exercise), ("with a shelter", fled)] {
        let _ = writeln!(golden, "== {} {name}", facts.hazard);
        let made = LENGTHS.map(|limit| facts.within(limit, language));
        for text in made.into_iter().chain([facts.plain(language), facts.speech(language)]) {
            let _ = writeln!(golden, "  {}", text.expect("filled"));
        }
    }
}

#[test]
fn every_hazard_level_language_and_length() {
    for language in Language::ALL {
        let mut golden = String::new();
        for hazard in bongsu_rules::hazard::ALL {
            for level in Level::RAISED.into_iter().chain([Level::None]) {
                let facts = facts(hazard.name, level, language);
                let _ = writeln!(golden, "== {} {level} ({})", hazard.name, sending_class(hazard.name, level));
                for limit in LENGTHS {
                    let text = facts.within(limit, language).expect("filled");
                    assert!(text.chars().count() <= limit, "{} of {limit}: {text}", text.chars().count());
                    assert_complete(&text, &facts, language);
                    let _ = writeln!(golden, "{limit:>6}: {text}");
                }
                let _ = writeln!(golden, "   web: {}", facts.whole(language).expect("filled"));
                let _ = writeln!(golden, " plain: {}", facts.plain(language).expect("filled"));
                let _ = writeln!(golden, "speech: {}", facts.speech(language).expect("filled"));
            }
            withdrawn(&mut golden, hazard.name, language);
        }
        practised_and_fled(&mut golden, language);
        for word in [concat!("주의", "보"), concat!("경", "보"), concat!("특", "보"), concat!("속", "보")] {
            assert!(!golden.contains(word), "{word}");
        }
        insta::assert_snapshot!(format!("every_text_{}", language.code()), golden);
    }
}

#[test]
fn an_empty_slot_refuses_the_text() {
    let whole = facts("river_flood", Level::Watch, Language::Ko);
    let check = |facts: Facts<'_>, slot: &str| {
        for language in Language::ALL {
            assert_eq!(facts.within(90, language), Err(Unfilled(slot.into())));
        }
    };
    check(Facts { sender: " ", ..whole.clone() }, "sender");
    check(Facts { link: "", ..whole.clone() }, "link");
    check(Facts { place: Place { area: String::new(), station: None }, ..whole.clone() }, "where");
    assert_eq!(whole.fill("{nothing}", Language::Ko), Err(Unfilled("nothing".into())));
}

#[test]
fn an_exercise_and_a_mistake_say_so_first() {
    let exercise = Facts { is_meant: false, ..facts("river_flood", Level::Warning, Language::Ko) };
    for limit in LENGTHS {
        assert!(exercise.within(limit, Language::Ko).expect("filled").starts_with("[서초구] [훈련] "));
    }
    let spoken = exercise.speech(Language::Ko).expect("filled");
    assert!(spoken.starts_with("훈련입니다. ") && spoken.contains("다시 알립니다. 훈련입니다. "), "{spoken}");
    let mistake = Facts { is_retracted: true, ..facts("river_flood", Level::None, Language::Ko) };
    assert_eq!(
        mistake.within(90, Language::Ko).expect("filled"),
        "[서초구] 20:31 잠수교 하천 범람 알림 취소. 앞서 보낸 알림은 잘못 보낸 것이어서 취소합니다. 다른 알림은 계속 따르세요."
    );
}

#[test]
fn long_names_lose_what_can_be_spared_and_never_half_a_word() {
    let place = Place {
        area: "Seocho-gu".into(),
        station: Some("The old footbridge over the Yangjaecheon beside the sports ground".into()),
    };
    let long = Facts { sender: "Metropolitan Government", place, ..facts("river_flood", Level::Watch, Language::En) };
    let text = long.within(90, Language::En).expect("filled");
    assert!(text.chars().count() <= 90 && text.ends_with('…'), "{text}");
    let kept = text.trim_end_matches('…');
    let whole = long.fill(LADDER[7][1], Language::En).expect("filled");
    assert!(whole.starts_with(kept) && whole[kept.len()..].starts_with(' '), "{text}");
    let text = long.within(157, Language::En).expect("filled");
    assert!(text.ends_with("Leave the river banks at once."), "{text}");
}

#[test]
fn cutting_keeps_whole_words() {
    let check = |text: &str, limit: usize, expect: &str| assert_eq!(cut(text, limit), expect, "{text} {limit}");
    check("one two three", 9, "one two…");
    check("one two three", 8, "one two…");
    check("one two three", 7, "one…");
    check("河水上涨，请离开河岸。", 7, "河水上涨，…");
    check("온통한단어뿐", 3, "…");
}

#[test]
fn particles_follow_the_sound() {
    let check = |word: &str, expect: bool| assert_eq!(ends_closed(word), expect, "{word}");
    check("잠수교", false);
    check("서울", true);
    check("반포 한강공원", true);
    check("중랑천(상류)", false);
    check("제3", true);
    check("A2", false);
    check("", false);
    let plain = |station: &str| {
        let place = Place { area: "서초구".into(), station: Some(station.into()) };
        Facts { place, ..facts("river_flood", Level::Watch, Language::Ko) }.plain(Language::Ko).expect("filled")
    };
    assert!(plain("잠수교").starts_with("서초구에서 알립니다. 잠수교는 하천 범람 상황입니다. 지금 위험합니다."));
    assert!(plain("한강공원").starts_with("서초구에서 알립니다. 한강공원은 하천 범람 상황입니다."));
}

#[test]
fn what_the_rule_itself_tells_people_to_do_stands_in_every_length() {
    let own = "언더패스에서 나오세요. 다리를 건너지 마세요.";
    let of = |level| Facts { own: Some(own), ..facts("river_flood", level, Language::Ko) };
    let facts = of(Level::Warning);
    for limit in LENGTHS {
        let text = facts.within(limit, Language::Ko).expect("filled");
        assert!(text.contains("언더패스에서 나오세요."), "{text}");
        assert!(text.chars().count() <= limit, "{text}");
    }
    assert!(facts.whole(Language::Ko).expect("filled").contains(own));
    assert!(facts.speech(Language::Ko).expect("filled").contains("언더패스에서 나오세요."));
    let over = of(Level::None).whole(Language::Ko).expect("filled");
    assert!(!over.contains("언더패스"), "what was to be done is over: {over}");
}

#[test]
fn who_must_leave_reads_where_to_go() {
    let of = |hazard, level, language| {
        let school = language_name(language);
        Facts { refuge: Some((school.to_owned(), 3)), ..facts(hazard, level, language) }
    };
    for language in Language::ALL {
        let school = language_name(language);
        let warning = of("river_flood", Level::Warning, language);
        for text in
            [warning.within(360, language), warning.whole(language), warning.plain(language), warning.speech(language)]
        {
            let text = text.expect("filled");
            assert!(text.contains(school) && text.contains('3') || text.contains("4处"), "{text}");
        }
        assert!(warning.within(90, language).expect("filled").chars().count() <= 90);
        let stays = [("river_flood", Level::Watch), ("river_flood", Level::None), ("charger_fire", Level::Warning)];
        for (hazard, level) in stays {
            let text = of(hazard, level, language).whole(language).expect("filled");
            assert!(!text.contains(school), "nobody is sent there: {text}");
        }
    }
}

fn language_name(language: Language) -> &'static str {
    language.one(["서초초등학교", "Seocho School", "瑞草小学", "瑞草小学校"])
}

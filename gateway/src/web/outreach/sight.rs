//! What citizens can report: one table of what may be seen, with the words and pictures to choose from. A form shows
//! it, and what is sent is checked against it.

/// One thing to choose.
#[derive(Debug)]
pub struct Choice {
    /// Its name in requests and in the store.
    pub name: &'static str,
    /// What it is called: Korean, English, Chinese, Japanese.
    pub words: [&'static str; 4],
    /// How it is drawn, on 40 by 64 units.
    pub picture: Picture,
}

/// How a choice is drawn.
#[derive(Clone, Copy, Debug)]
pub enum Picture {
    /// A person in water, whose surface is so far below the top.
    Water(u8),
    /// Lines.
    Lines(&'static str),
}

/// A sort of sight.
#[derive(Debug)]
pub struct Sight {
    /// Its name in requests and in the store.
    pub name: &'static str,
    /// The question, in each language.
    pub words: [&'static str; 4],
    /// The hazard it is about where the reader names none.
    pub hazard: &'static str,
    /// What may be answered.
    pub choices: &'static [Choice],
}

const fn choice(name: &'static str, picture: Picture, words: [&'static str; 4]) -> Choice {
    Choice { name, words, picture }
}

use Picture::{Lines, Water};

/// Everything that can be reported: a water depth by what of a person it reaches, what is broken, how a shock was felt.
#[rustfmt::skip]
pub const SIGHTS: &[Sight] = &[
    Sight {
        name: "depth",
        words: ["물이 어디까지 찼나요?", "How deep is the water?", "水有多深？", "水はどこまで来ていますか"],
        hazard: "urban_flood",
        choices: &[
            choice("ankle", Water(56), ["발목", "Ankles", "脚踝", "足首"]),
            choice("knee", Water(48), ["무릎", "Knees", "膝盖", "ひざ"]),
            choice("waist", Water(37), ["허리", "Waist", "腰", "腰"]),
            choice("chest", Water(24), ["가슴", "Chest", "胸口", "胸"]),
            choice("over_head", Water(1), ["머리 위", "Over the head", "没过头顶", "頭の上"]),
        ],
    },
    Sight {
        name: "damage",
        words: ["무엇이 부서졌나요?", "What is damaged?", "什么受损了？", "何が壊れていますか"],
        hazard: "structure",
        choices: &[
            choice("crack", Lines("M6 8h28v52H6zM22 8l-6 14 8 8-8 12 6 18"), ["금이 감", "A crack", "有裂缝", "ひび割れ"]),
            choice("lean", Lines("M4 60h32M12 60 20 10l16 3-7 47M18 24l16 2M16 38l16 2"), ["기울어짐", "It leans", "倾斜", "傾いている"]),
            choice("collapse", Lines("M4 60h32L28 44l-6 6-6-14-8 12zM14 8v16M26 6v26M20 14v10"), ["무너짐", "It has collapsed", "倒塌", "崩れた"]),
            choice("blocked", Lines("M4 28h32v12H4zM10 40l6-12M20 40l6-12M30 40l5-10M10 40v20M30 40v20"), ["길이 막힘", "The way is blocked", "道路受阻", "道がふさがれた"]),
            choice("smoke", Lines("M12 60h16V44H12zM20 44c-9-8 7-10 0-19 9 4 12-8 4-17M12 44C4 36 14 32 8 22"), ["연기", "Smoke", "冒烟", "煙"]),
        ],
    },
    Sight {
        name: "felt",
        words: ["흔들림을 느꼈나요?", "Did you feel it shake?", "感觉到摇晃了吗？", "揺れを感じましたか"],
        hazard: "earthquake",
        choices: &[
            choice("weak", Lines("M12 26h16v30H12zM6 36v10M34 36v10"), ["살짝", "A little", "轻微", "少し"]),
            choice("moderate", Lines("M12 26h16v30H12zM6 32v18M34 32v18"), ["뚜렷이", "Clearly", "明显", "はっきり"]),
            choice("strong", Lines("M10 56 14 26l16 4-4 30zM5 30v22M35 28v24M1 36v10M39 34v12"), ["서 있기 힘듦", "Hard to stand", "站立困难", "立っていられない"]),
            choice("violent", Lines("M8 58 16 30l16 6-6 24zM5 26v26M35 24v28M1 32v14M39 30v16M8 12l6 8M32 10l-6 10M20 6v12"), ["넘어지고 부서짐", "Things fall and break", "物品倒塌破损", "物が倒れ壊れた"]),
        ],
    },
];

/// The sight of this name.
pub fn named(name: &str) -> Option<&'static Sight> {
    SIGHTS.iter().find(|sight| sight.name == name)
}

#[cfg(test)]
mod tests {
    use super::SIGHTS;
    use bongsu_rules::hazard;

    #[test]
    fn every_sight_can_be_chosen_and_belongs_to_a_hazard() {
        for sight in SIGHTS {
            assert!(hazard::named(sight.hazard).is_some(), "{}", sight.hazard);
            for choice in sight.choices {
                assert!(!choice.name.contains('.'), "forms write {}.{}", sight.name, choice.name);
                assert!(choice.words.iter().chain(&sight.words).all(|word| !word.is_empty()), "{}", choice.name);
                assert_eq!(sight.choices.iter().filter(|other| other.name == choice.name).count(), 1);
            }
        }
    }
}

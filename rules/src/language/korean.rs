//! What is wrong in a rule, said in Korean. The messages are written once, in English, where a mistake is found; this
//! table says each of them again. What it does not know stays in English: a half-translated excerpt helps nobody.
//!
//! `{}` stands for whatever the message names, in its order; `{1}`, `{2}` … put it where Korean wants it.

use bongsu_sensors::mistake::Mistake;

/// English and Korean, the more particular first.
const TABLE: &[(&str, &str)] = &[
    // headlines
    ("the rules cannot be used: {} mistakes", "규칙을 쓸 수 없습니다: 잘못 {1}건"),
    ("the rules cannot be used: 1 mistake", "규칙을 쓸 수 없습니다: 잘못 1건"),
    ("the cases cannot be played: {} mistakes", "사례를 시험할 수 없습니다: 잘못 {1}건"),
    ("the cases cannot be played: 1 mistake", "사례를 시험할 수 없습니다: 잘못 1건"),
    ("some rules are left as they were: {} mistakes", "일부 규칙은 예전 그대로 둡니다: 잘못 {1}건"),
    ("some rules are left as they were: 1 mistake", "일부 규칙은 예전 그대로 둡니다: 잘못 1건"),
    // names
    ("unknown name `{}`", "`{1}`(이)라는 이름이 없습니다"),
    ("unknown function `{}`", "`{1}`(이)라는 함수가 없습니다"),
    ("unknown kind {}", "관측 종류 {1}이(가) 없습니다"),
    ("unknown hazard {}", "재난 종류 {1}이(가) 없습니다"),
    ("unknown key `{}`", "`{1}`(이)라는 항목이 없습니다"),
    ("did you mean the label {}?", "라벨 {1}을(를) 뜻하셨습니까?"),
    ("did you mean {}?", "{1}을(를) 뜻하셨습니까?"),
    (
        "{} is for operators: citizens can do nothing about it",
        "{1}은(는) 운영자에게만 알리는 재난 종류입니다. 시민이 할 수 있는 일이 없습니다",
    ),
    (
        "write audience = \"operators\", or another hazard",
        "audience = \"operators\"로 쓰거나 다른 재난 종류를 쓰십시오",
    ),
    ("known names: {}", "쓸 수 있는 이름: {1}"),
    ("known keys: {}", "쓸 수 있는 항목: {1}"),
    ("known hazards: {}", "재난 종류: {1}"),
    ("`bongsu rules reference` lists every kind", "모든 관측 종류는 `bongsu rules reference`에 있습니다"),
    ("`bongsu rules reference` lists every word", "모든 낱말은 `bongsu rules reference`에 있습니다"),
    ("see `bongsu rules reference`", "`bongsu rules reference`를 보십시오"),
    ("`{}` exists already", "`{1}`은(는) 이미 있습니다"),
    ("choose another name, such as `{}`", "`{1}`처럼 다른 이름을 쓰십시오"),
    ("choose another name", "다른 이름을 쓰십시오"),
    ("`{}` is a word of the language", "`{1}`은(는) 규칙 언어의 낱말입니다"),
    ("{} cannot be a name in a rule", "{1}은(는) 규칙에서 이름으로 쓸 수 없습니다"),
    ("use small ASCII letters, digits and `_`", "영문 소문자, 숫자, `_`를 쓰십시오"),
    ("{} cannot name a rule", "{1}은(는) 규칙 이름으로 쓸 수 없습니다"),
    ("{} cannot be a tag", "{1}은(는) 태그로 쓸 수 없습니다"),
    ("write one of a station's `tags`", "지점의 `tags` 가운데 하나를 쓰십시오"),
    (
        "use up to 64 ASCII letters, digits, `-` and `_`, beginning with a letter or digit",
        "영문자, 숫자, `-`, `_`를 64자까지 쓰고, 영문자나 숫자로 시작하십시오",
    ),
    // the language
    ("`{}` is not part of the rule language", "`{1}`은(는) 규칙 언어에 없습니다"),
    ("windows do the looping", "되풀이는 시간 창이 대신합니다"),
    ("write the check where it is used", "검사를 쓰이는 자리에 적으십시오"),
    ("each rule stands alone", "규칙은 저마다 홀로 섭니다"),
    ("write the sentence itself", "문장을 그대로 적으십시오"),
    ("the evidence is recorded by check()", "근거는 check()가 기록합니다"),
    ("a rule answers with raise(), or with nothing", "규칙은 raise()로 답하거나 답하지 않습니다"),
    ("write several `if`", "`if`를 여러 번 쓰십시오"),
    ("what is missing is unknown, never an error", "없는 값은 오류가 아니라 '모름'입니다"),
    ("what is missing is unknown", "없는 값은 '모름'입니다"),
    ("`{}` would read unknown as false", "`{1}`은(는) '모름'을 거짓으로 읽습니다"),
    ("maps are not part of the rule language", "맵은 규칙 언어에 없습니다"),
    ("write a list [a, b]", "목록 [a, b]로 쓰십시오"),
    ("write all([a, b])", "all([a, b])로 쓰십시오"),
    ("write any([a, b])", "any([a, b])로 쓰십시오"),
    ("write not(a)", "not(a)로 쓰십시오"),
    ("write the arithmetic with + - * /", "셈은 + - * /로 쓰십시오"),
    (
        "write check(\"label\", value, \">=\", limit): it records the evidence",
        "check(\"라벨\", 값, \">=\", 기준)으로 쓰십시오. 근거가 기록됩니다",
    ),
    (
        "`raise` in an `else` would also be reached when the check is unknown",
        "`else` 안의 `raise`는 검사 결과를 모를 때도 실행됩니다",
    ),
    ("write its own `if`, with not(…) where it is meant", "따로 `if`를 쓰고, 부정이 필요하면 not(…)을 쓰십시오"),
    ("`check` takes four things", "`check`에는 네 가지가 들어갑니다"),
    ("{} cannot stand here", "{1}은(는) 여기에 올 수 없습니다"),
    (
        "{} is no level; write advisory, watch, warning or emergency",
        "{1} 단계는 없습니다. advisory, watch, warning, emergency 가운데 쓰십시오",
    ),
    ("`{}` takes a text written out here", "`{1}`에는 글자를 그대로 적어야 합니다"),
    ("write it in quotes", "따옴표 안에 적으십시오"),
    ("`{}` lacks an argument", "`{1}`에 들어갈 것이 빠졌습니다"),
    ("`{}` lacks its window", "`{1}`에 시간 창이 빠졌습니다"),
    ("add to [labels]: {}", "[labels]에 더하십시오: {1}"),
    ("the first thing of a check is a key of [labels]", "check의 첫 자리는 [labels]의 항목입니다"),
    ("write \">=\", \">\", \"<=\" or \"<\"", "\">=\", \">\", \"<=\", \"<\" 가운데 쓰십시오"),
    ("the rule fails when it is run: {}", "규칙을 실행하면 실패합니다: {1}"),
    // windows
    ("`{}` is no window", "`{1}`은(는) 시간 창이 아닙니다"),
    ("{} is no window", "{1}은(는) 시간 창이 아닙니다"),
    ("no window", "시간 창이 아닙니다"),
    ("write one such as \"10m\", \"1h\" or \"3d\", up to 40 days", "\"10m\", \"1h\", \"3d\"처럼 40일까지 쓰십시오"),
    ("write a text such as \"1h\", or a duration parameter", "\"1h\"처럼 쓰거나 기간 매개변수를 쓰십시오"),
    ("write one such as \"1h\"", "\"1h\"처럼 쓰십시오"),
    (
        "no datastream of `{}` sends as often as this window is long",
        "`{1}`의 어느 관측도 이 시간 창보다 자주 오지 않습니다",
    ),
    ("write a window of at least {} minutes", "{1}분 이상의 시간 창을 쓰십시오"),
    // what makes no sense
    ("something in {} is compared with something in {}", "단위 {1}인 값을 단위 {2}인 값과 견줍니다"),
    ("something in {} is added to something in {}", "단위 {1}인 값을 단위 {2}인 값에 더합니다"),
    ("something in {} is taken from something in {}", "단위 {1}인 값을 단위 {2}인 값에서 뺍니다"),
    ("bring both to one unit, or correct `unit`", "같은 단위로 맞추거나 `unit`을 바로잡으십시오"),
    ("no {} of {} is ever {} {}", "{1}({2})의 값이 {3} {4}일 수는 없습니다"),
    (
        "readings beyond {} to {} are not believed; the level would never be reached",
        "{1}~{2}을(를) 벗어난 관측값은 믿지 않으므로 이 단계에 이를 수 없습니다",
    ),
    ("{} is never the answer: {} is reached no later", "{1} 단계는 나올 수 없습니다. {2}에 먼저 이릅니다"),
    ("give {} the limit that is reached first", "{1}에 먼저 이르는 기준을 주십시오"),
    ("the rule never raises a level", "규칙이 어느 단계도 올리지 않습니다"),
    ("write if check(…) { raise(\"advisory\") }", "if check(…) { raise(\"advisory\") }처럼 쓰십시오"),
    ("[release] names {}, which the rule never raises", "[release]의 {1} 단계를 규칙이 올리지 않습니다"),
    ("remove the line, or raise the level", "그 줄을 지우거나 그 단계를 올리십시오"),
    // the header
    ("label `{}` lacks a language", "라벨 `{1}`에 빠진 언어가 있습니다"),
    ("`{}` lacks a language", "`{1}`에 빠진 언어가 있습니다"),
    ("{} is no label", "{1}(이)라는 라벨이 없습니다"),
    ("name keys of [labels]", "[labels]의 항목을 쓰십시오"),
    ("{} is a word of the weather agency", "{1}은(는) 기상청·홍수통제소의 말입니다"),
    ("say the danger and what to do in plain words", "위험과 할 일을 쉬운 말로 쓰십시오"),
    ("{} stands for nothing", "{1}에 들어갈 것이 없습니다"),
    ("write {}, or a brace twice", "{1}을(를) 쓰거나 중괄호를 두 번 쓰십시오"),
    ("message `{}` is no table", "메시지 `{1}`은(는) 표가 아닙니다"),
    ("`scope` is missing", "`scope`가 없습니다"),
    ("`{}` is missing", "`{1}` 항목이 없습니다"),
    ("`{}` is empty", "`{1}`이(가) 비었습니다"),
    ("`clear_ratio` is no part of a limit", "`clear_ratio`는 기준의 일부가 아닙니다"),
    ("`{}` is no distance", "`{1}`은(는) 거리가 아닙니다"),
    ("write kilometres, above 0 and up to 500", "0보다 크고 500까지의 킬로미터로 쓰십시오"),
    ("write a number above 0 and up to 1", "0보다 크고 1까지의 수를 쓰십시오"),
    ("`{}` is {}", "`{1}` 값이 {2}입니다"),
    ("the default of `{}` lies outside its range", "`{1}`의 기본값이 범위를 벗어납니다"),
    ("default, min and max are of different sorts", "default, min, max의 종류가 서로 다릅니다"),
    ("no input `{}`", "`{1}`(이)라는 입력이 없습니다"),
    ("name an input of this rule", "이 규칙의 입력을 쓰십시오"),
    ("{} feeds the input {}", "{1}은(는) 입력 {2}에 들어갑니다"),
    ("write kind = {}; it covers both", "kind = {1}로 쓰십시오. 둘 다 들어갑니다"),
    ("{} stations cannot agree", "지점 {1}곳으로는 서로 맞춰 볼 수 없습니다"),
    ("rule {} stands in {} too", "규칙 {1}이(가) {2}에도 있습니다"),
    ("give each rule its own id", "규칙마다 다른 id를 쓰십시오"),
    ("a rule without inputs", "입력이 없는 규칙입니다"),
    ("every input is optional", "모든 입력이 선택(optional)입니다"),
    ("a rule needs one input that it cannot do without", "꼭 필요한 입력이 하나는 있어야 합니다"),
    // overrides
    ("no rule is called {}", "{1}(이)라는 규칙이 없습니다"),
    ("no {} is called {}", "{2}(이)라는 {1}이(가) 없습니다"),
    ("rule {} has no parameter `{}`", "규칙 {1}에는 매개변수 `{2}`이(가) 없습니다"),
    ("{} lies outside the range of `{}`", "{1}은(는) `{2}`의 범위를 벗어납니다"),
    // shapes of values
    ("`{}` is text", "`{1}`이(가) 글입니다"),
    ("`{}` is a whole number", "`{1}`이(가) 정수입니다"),
    ("`{}` is a number", "`{1}`이(가) 소수입니다"),
    ("`{}` is true or false", "`{1}`이(가) 참·거짓입니다"),
    ("`{}` is a date or time", "`{1}`이(가) 날짜나 시각입니다"),
    ("`{}` is a list", "`{1}`이(가) 목록입니다"),
    ("`{}` is a table", "`{1}`이(가) 표입니다"),
    ("write text in quotes, or {}", "따옴표 안에 글을 쓰거나 {1}처럼 쓰십시오"),
    ("write text in quotes", "따옴표 안에 글을 쓰십시오"),
    // what is left says what to write
    ("write {} to {}", "{1}부터 {2}까지 쓰십시오"),
    ("write {}", "이렇게 쓰십시오: {1}"),
    ("add {}", "더하십시오: {1}"),
];

/// A message in Korean, where the table has it.
pub fn translate(english: &str) -> Option<String> {
    TABLE.iter().find_map(|(pattern, korean)| {
        let found = matched(pattern, english)?;
        let fill = |text: String, (at, word): (usize, &&str)| text.replace(&format!("{{{}}}", at + 1), word);
        Some(found.iter().enumerate().fold((*korean).to_owned(), fill))
    })
}

/// A mistake in Korean, as far as the table has it.
pub fn mistake(mistake: &Mistake) -> Mistake {
    let say = |english: &String| translate(english).unwrap_or_else(|| english.clone());
    Mistake { origin: mistake.origin.clone(), message: say(&mistake.message), remedy: say(&mistake.remedy) }
}

/// What stands at each `{}` of a pattern, where the text fits it.
fn matched<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut literals = pattern.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut found = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        // The last word reaches to the end; every other one to the next literal.
        let at = match literals.peek() {
            None => rest
                .len()
                .checked_sub(literal.len())
                .filter(|at| rest.ends_with(literal) && rest.is_char_boundary(*at))?,
            Some(_) => rest.find(literal)?,
        };
        found.push(&rest[..at]);
        rest = &rest[at + literal.len()..];
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_all_of_a_message_or_nothing_of_it() {
        assert_eq!(matched("unknown name `{}`", "unknown name `stag`"), Some(vec!["stag"]));
        assert_eq!(matched("no {} of {} is", "no a of b is"), Some(vec!["a", "b"]));
        assert_eq!(matched("no window", "no window at all"), None);
        assert_eq!(matched("write {}", "wrote it"), None);
    }

    #[test]
    fn what_the_table_has_is_said_in_korean() {
        let check = |english: &str, korean: &str| assert_eq!(translate(english).as_deref(), Some(korean));
        check("unknown name `stag`", "`stag`(이)라는 이름이 없습니다");
        check("no station is called \"jamsuu\"", "\"jamsuu\"(이)라는 station이(가) 없습니다");
        check("something in m is compared with something in mm", "단위 m인 값을 단위 mm인 값과 견줍니다");
        assert_eq!(translate("something nobody has written yet"), None);
    }

    /// As many words as the English names, none twice lost.
    #[test]
    fn every_line_uses_what_its_english_names() {
        for (english, korean) in TABLE {
            for at in 1..=english.matches("{}").count() {
                assert!(korean.contains(&format!("{{{at}}}")), "{english}: {korean}");
            }
        }
    }
}

//! Three-valued answers inside the script: a Rhai bool whose tag says that it is unknown or absent.
//!
//! `if` sees a plain bool and treats what is not true as false; `any`, `all` and `not` read the tag and follow Kleene.
//! The tag survives variables, arrays and calls: the test below proves it, and the language stands on it.

use super::value::Truth;
use rhai::Dynamic;

/// Tag of a bool that stands for *unknown*.
const UNKNOWN: i32 = 1;
/// Tag of a bool that stands for *nothing to decide*.
const ABSENT: i32 = 2;

/// An answer as the script carries it.
pub fn to_script(truth: Truth) -> Dynamic {
    let mut answer = Dynamic::from_bool(truth == Truth::True);
    match truth {
        Truth::Unknown => answer.set_tag(UNKNOWN),
        Truth::Absent => answer.set_tag(ABSENT),
        Truth::True | Truth::False => &mut answer,
    };
    answer
}

/// An answer as the script gave it back; `None`: it is no answer at all.
pub fn from_script(answer: &Dynamic) -> Option<Truth> {
    let holds = answer.as_bool().ok()?;
    Some(match answer.tag() {
        UNKNOWN => Truth::Unknown,
        ABSENT => Truth::Absent,
        _ => Truth::known(holds),
    })
}

/// Kleene's *or*. What is absent is left out.
pub fn any(answers: impl IntoIterator<Item = Truth>) -> Truth {
    answers.into_iter().fold(Truth::Absent, |so_far, next| match (so_far, next) {
        (Truth::True, _) | (_, Truth::True) => Truth::True,
        (Truth::Absent, other) | (other, Truth::Absent) => other,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
        (Truth::False, Truth::False) => Truth::False,
    })
}

/// Kleene's *and*. Where a part is absent it cannot hold: a level that asks for a sensor nobody has is not reached.
pub fn all(answers: impl IntoIterator<Item = Truth>) -> Truth {
    let mut seen = false;
    let joined = answers.into_iter().fold(Truth::True, |so_far, next| {
        seen = true;
        match (so_far, next) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::Absent, _) | (_, Truth::Absent) => Truth::Absent,
            (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
            (Truth::True, Truth::True) => Truth::True,
        }
    });
    if seen { joined } else { Truth::Absent }
}

/// Whether at least so many hold: true as soon as that many do, false when that many cannot. What is absent is left out.
pub fn at_least(count: usize, answers: impl IntoIterator<Item = Truth>) -> Truth {
    let (mut holding, mut open, mut asked) = (0, 0, 0);
    for answer in answers {
        holding += usize::from(answer == Truth::True);
        open += usize::from(answer == Truth::Unknown);
        asked += usize::from(answer != Truth::Absent);
    }
    match (asked, holding >= count, holding + open >= count) {
        (0, ..) => Truth::Absent,
        (_, true, _) => Truth::True,
        (_, _, true) => Truth::Unknown,
        _ => Truth::False,
    }
}

/// Kleene's *not*.
pub fn not(answer: Truth) -> Truth {
    match answer {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rhai::packages::Package;
    use rhai::{Array, Engine};

    /// The proof the language stands on.
    #[test]
    fn the_tag_of_a_bool_survives_variables_arrays_and_calls() {
        let mut engine = Engine::new_raw();
        rhai::packages::LogicPackage::new().register_into_engine(&mut engine);
        engine.register_fn("unknown", || to_script(Truth::Unknown));
        engine.register_fn("first", |answers: Array| answers[0].clone());
        let check = |script: &str, expect: Truth| {
            let answer: Dynamic = engine.eval(script).expect(script);
            assert_eq!(from_script(&answer), Some(expect), "{script}");
        };
        check("unknown()", Truth::Unknown);
        check("let a = unknown(); a", Truth::Unknown);
        check("let a = unknown(); let b = a; b", Truth::Unknown);
        check("let a = [unknown(), true]; a[0]", Truth::Unknown);
        check("let a = [true, unknown()]; a[0]", Truth::True);
        check("first([unknown()])", Truth::Unknown);
        check("let a = [unknown()]; first([a[0], true])", Truth::Unknown);
        check("let a = true; a = unknown(); a", Truth::Unknown);
        check("let a = unknown(); a = true; a", Truth::True);
        check("if unknown() { true } else { false }", Truth::False);
    }

    #[test]
    fn kleene_tables() {
        use Truth::{Absent, False, True, Unknown};
        let check = |answers: &[Truth], either: Truth, both: Truth| {
            assert_eq!(any(answers.iter().copied()), either, "any {answers:?}");
            assert_eq!(all(answers.iter().copied()), both, "all {answers:?}");
            let flipped: Vec<Truth> = answers.iter().rev().copied().collect();
            assert_eq!(any(flipped.iter().copied()), either, "any {flipped:?}");
            assert_eq!(all(flipped), both, "all of the reverse of {answers:?}");
        };
        check(&[True, Unknown], True, Unknown);
        check(&[False, Unknown], Unknown, False);
        check(&[True, False], True, False);
        check(&[Unknown, Unknown], Unknown, Unknown);
        check(&[True, Absent], True, Absent);
        check(&[False, Absent], False, False);
        check(&[Unknown, Absent], Unknown, Absent);
        check(&[Absent, Absent], Absent, Absent);
        check(&[], Absent, Absent);
        let counted = |count: usize, answers: &[Truth]| at_least(count, answers.iter().copied());
        assert_eq!(counted(2, &[True, Unknown, True]), True);
        assert_eq!(counted(2, &[True, Unknown, False]), Unknown);
        assert_eq!(counted(2, &[True, Absent, False]), False);
        assert_eq!(counted(3, &[Unknown, True]), False);
        assert_eq!(counted(1, &[Absent, Absent]), Absent);
        assert_eq!([not(True), not(False), not(Unknown), not(Absent)], [False, True, Unknown, Absent]);
    }
}

//! `$filter`: an expression over the properties of an entity, read once and asked of each.
//!
//! # Source
//! OGC 18-088, SensorThings API 1.1, 9.3.3.5 "$filter": comparisons, `and`, `or`, `not`, brackets, and of the functions
//! those over text that clients use. What is not understood is an error that says what is, never a guess.

use serde_json::Value;

/// Brackets and `not` within each other: deeper ones are no question of a person.
const DEEPEST: usize = 32;

/// Bytes of a filter.
const LONGEST: usize = 2_000;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// The value of a property, by its way from the entity.
    Property(Vec<String>),
    /// A value as written.
    Literal(Value),
    /// Two values compared.
    Compare(Box<Expression>, Comparison, Box<Expression>),
    /// Both.
    And(Box<Expression>, Box<Expression>),
    /// One or both.
    Or(Box<Expression>, Box<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// Something about two texts.
    Text(Function, Box<Expression>, Box<Expression>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater, or later.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less, or earlier.
    Lt,
    /// Less or equal.
    Le,
}

/// Functions over two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `substringof(part, whole)`.
    SubstringOf,
    /// `startswith(whole, part)`.
    StartsWith,
    /// `endswith(whole, part)`.
    EndsWith,
}

const COMPARISONS: &[(&str, Comparison)] = &[
    ("eq", Comparison::Eq),
    ("ne", Comparison::Ne),
    ("gt", Comparison::Gt),
    ("ge", Comparison::Ge),
    ("lt", Comparison::Lt),
    ("le", Comparison::Le),
];

const FUNCTIONS: &[(&str, Function)] =
    &[("substringof", Function::SubstringOf), ("startswith", Function::StartsWith), ("endswith", Function::EndsWith)];

/// One word of an expression.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

/// Reads an expression.
///
/// # Errors
/// What is not understood, and what is.
pub fn parse(text: &str) -> Result<Expression, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let tokens = tokens(text)?;
    let mut rest = &tokens[..];
    let found = or(&mut rest, 0)?;
    match rest.first() {
        None => Ok(found),
        Some(token) => Err(format!("{token:?} stands where it should end")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut quoted = String::new();
                loop {
                    match letters.next() {
                        // Two quotes within a text are one.
                        Some('\'') if letters.peek() == Some(&'\'') => {
                            letters.next();
                            quoted.push('\'');
                        }
                        Some('\'') => break,
                        Some(letter) => quoted.push(letter),
                        None => return Err("a text has no end".to_owned()),
                    }
                }
                tokens.push(Token::Text(quoted));
            }
            letter => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| !matches!(next, ' ' | '\t' | '(' | ')' | ',' | '\'')) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn is_word(token: Option<&Token>, word: &str) -> bool {
    matches!(token, Some(Token::Word(found)) if found == word)
}

fn or(rest: &mut &[Token], depth: usize) -> Result<Expression, String> {
    let mut found = and(rest, depth)?;
    while is_word(rest.first(), "or") {
        *rest = &rest[1..];
        found = Expression::Or(Box::new(found), Box::new(and(rest, depth)?));
    }
    Ok(found)
}

fn and(rest: &mut &[Token], depth: usize) -> Result<Expression, String> {
    let mut found = comparison(rest, depth)?;
    while is_word(rest.first(), "and") {
        *rest = &rest[1..];
        found = Expression::And(Box::new(found), Box::new(comparison(rest, depth)?));
    }
    Ok(found)
}

fn comparison(rest: &mut &[Token], depth: usize) -> Result<Expression, String> {
    if is_word(rest.first(), "not") {
        *rest = &rest[1..];
        return Ok(Expression::Not(Box::new(comparison(rest, deeper(depth)?)?)));
    }
    let left = primary(rest, depth)?;
    let Some(Token::Word(word)) = rest.first() else { return Ok(left) };
    let Some((_, how)) = COMPARISONS.iter().find(|(name, _)| name == word) else {
        if word == "and" || word == "or" {
            return Ok(left);
        }
        return Err(format!("{word:?} is no comparison; write eq, ne, gt, ge, lt, le, and, or"));
    };
    *rest = &rest[1..];
    Ok(Expression::Compare(Box::new(left), *how, Box::new(primary(rest, depth)?)))
}

fn deeper(depth: usize) -> Result<usize, String> {
    if depth < DEEPEST { Ok(depth + 1) } else { Err("too many brackets within each other".to_owned()) }
}

fn expect(rest: &mut &[Token], wanted: &Token) -> Result<(), String> {
    match rest.first() {
        Some(found) if found == wanted => {
            *rest = &rest[1..];
            Ok(())
        }
        Some(found) => Err(format!("{found:?} stands where {wanted:?} is wanted")),
        None => Err(format!("it ends where {wanted:?} is wanted")),
    }
}

fn primary(rest: &mut &[Token], depth: usize) -> Result<Expression, String> {
    let Some((token, behind)) = rest.split_first() else { return Err("it ends too early".to_owned()) };
    *rest = behind;
    match token {
        Token::Text(text) => Ok(Expression::Literal(Value::from(text.clone()))),
        Token::Open => {
            let inner = or(rest, deeper(depth)?)?;
            expect(rest, &Token::Close)?;
            Ok(inner)
        }
        Token::Word(word) if rest.first() == Some(&Token::Open) => {
            let known = FUNCTIONS.iter().find(|(name, _)| name == word);
            let names = || FUNCTIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let (_, function) =
                known.ok_or_else(|| format!("there is no function {word:?} here; there are {}", names()))?;
            expect(rest, &Token::Open)?;
            let first = or(rest, deeper(depth)?)?;
            expect(rest, &Token::Comma)?;
            let second = or(rest, deeper(depth)?)?;
            expect(rest, &Token::Close)?;
            Ok(Expression::Text(*function, Box::new(first), Box::new(second)))
        }
        Token::Word(word) => Ok(match word.as_str() {
            "true" => Expression::Literal(Value::from(true)),
            "false" => Expression::Literal(Value::from(false)),
            "null" => Expression::Literal(Value::Null),
            word if word.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-') => {
                // A number, or a moment, which is written without quotes.
                Expression::Literal(word.parse::<f64>().map_or_else(|_| Value::from(word), Value::from))
            }
            word => Expression::Property(word.split('/').map(str::to_owned).collect()),
        }),
        other => Err(format!("{other:?} stands where a value is wanted")),
    }
}

impl Expression {
    /// Whether it holds, where `property` answers the value of each property.
    pub fn holds(&self, property: &dyn Fn(&[String]) -> Value) -> bool {
        self.value(property) == true
    }

    fn value(&self, property: &dyn Fn(&[String]) -> Value) -> Value {
        match self {
            Expression::Property(way) => property(way),
            Expression::Literal(value) => value.clone(),
            Expression::And(left, right) => Value::from(left.holds(property) && right.holds(property)),
            Expression::Or(left, right) => Value::from(left.holds(property) || right.holds(property)),
            Expression::Not(inner) => Value::from(!inner.holds(property)),
            Expression::Compare(left, how, right) => {
                Value::from(compares(&left.value(property), *how, &right.value(property)))
            }
            Expression::Text(function, first, second) => {
                let (first, second) = (first.value(property), second.value(property));
                let (Some(first), Some(second)) = (first.as_str(), second.as_str()) else { return Value::from(false) };
                Value::from(match function {
                    Function::SubstringOf => second.contains(first),
                    Function::StartsWith => first.starts_with(second),
                    Function::EndsWith => first.ends_with(second),
                })
            }
        }
    }

    /// The earliest and latest moment (milliseconds, both inside) that this leaves of a time, where it says so.
    pub fn span(&self, name: &str) -> (Option<i64>, Option<i64>) {
        match self {
            Expression::And(left, right) => {
                let ((from, to), (other_from, other_to)) = (left.span(name), right.span(name));
                let later = [from, other_from].into_iter().flatten().max();
                (later, [to, other_to].into_iter().flatten().min())
            }
            Expression::Compare(left, how, right) => match (&**left, &**right) {
                (Expression::Property(way), Expression::Literal(literal)) if *way == [name] => {
                    let Some(at) = moment(literal) else { return (None, None) };
                    match how {
                        Comparison::Eq => (Some(at), Some(at)),
                        Comparison::Gt | Comparison::Ge => (Some(at), None),
                        Comparison::Lt | Comparison::Le => (None, Some(at)),
                        Comparison::Ne => (None, None),
                    }
                }
                _ => (None, None),
            },
            _ => (None, None),
        }
    }
}

/// A moment as milliseconds since 1970.
fn moment(value: &Value) -> Option<i64> {
    bongsu_sensors::Time::parse(value.as_str()?).ok().map(bongsu_sensors::Time::millis)
}

fn compares(left: &Value, how: Comparison, right: &Value) -> bool {
    let order = order(left, right);
    match how {
        Comparison::Eq => order == Some(std::cmp::Ordering::Equal),
        Comparison::Ne => order != Some(std::cmp::Ordering::Equal),
        Comparison::Gt => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::Ge => order.is_some_and(std::cmp::Ordering::is_ge),
        Comparison::Lt => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::Le => order.is_some_and(std::cmp::Ordering::is_le),
    }
}

/// How two values stand to each other: moments by time, numbers by size, texts by letters; others only where they equal.
pub fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    if let (Some(left), Some(right)) = (moment(left), moment(right)) {
        return Some(left.cmp(&right));
    }
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (left, right) => (left == right).then_some(std::cmp::Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn holds(text: &str) -> bool {
        let entity = json!({"name": "O'Hara 수위", "result": 3.5, "unit": {"symbol": "m"}, "time": "2026-07-08T00:00:00Z", "none": null});
        let property = |way: &[String]| way.iter().fold(entity.clone(), |at, name| at[name].clone());
        parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}")).holds(&property)
    }

    #[test]
    fn expressions_mean_what_the_standard_says() {
        for yes in [
            "result gt 3",
            "result ge 3.5 and result lt 4",
            "result lt 0 or unit/symbol eq 'm'",
            "not (result eq 1)",
            "name eq 'O''Hara 수위'",
            "substringof('Hara', name)",
            "startswith(name,'O') and endswith(name, '수위')",
            "time eq 2026-07-08T09:00:00+09:00",
            "time lt 2026-07-08T00:00:00.001Z",
            "none eq null and nothing eq null",
            "result lt 1 and result gt 9 or name ne 'x'",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in ["result gt 3.5", "name eq 'm'", "unit/symbol gt 5", "none gt 1", "not true"] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (text, told) in [
            ("result is 3", "\"is\" is no comparison"),
            ("geo.distance(a, b) lt 1", "there is no function \"geo.distance\""),
            ("name eq 'x", "a text has no end"),
            ("(result gt 1", "it ends where Close is wanted"),
            ("result gt", "it ends too early"),
            ("result gt 1 2", "stands where it should end"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.contains(told), "{text}: {wrong}");
        }
        assert!(parse(&"(".repeat(500)).is_err() && parse(&"not ".repeat(400)).is_err());
    }

    #[test]
    fn spans_of_time_are_found() {
        let span = |text: &str| parse(text).expect(text).span("phenomenonTime");
        let (from, to) = (1_783_468_800_000, 1_783_555_200_000);
        let text =
            "phenomenonTime ge 2026-07-08T00:00:00Z and (result gt 1 and phenomenonTime lt 2026-07-09T00:00:00Z)";
        assert_eq!(span(text), (Some(from), Some(to)));
        assert_eq!(span("phenomenonTime ge 2026-07-08T00:00:00Z or result gt 1"), (None, None));
        assert_eq!(span("phenomenonTime eq 2026-07-08T00:00:00Z"), (Some(from), Some(from)));
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_panics(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }
    }
}

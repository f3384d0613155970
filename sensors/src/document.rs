//! TOML that knows where each value stands, read key by key, so that *every* mistake of a file is told at once: wrong
//! types, missing keys, unknown keys (with the nearest known one). The catalog, rule headers, test cases and the
//! configuration are all read through this one door.
//!
//! Documents can be laid over one another (defaults, a file, the environment, flags); each value keeps its own origin.

use crate::mistake::{Mistake, Mistakes, Origin, Source};
use crate::time::parse_duration;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
}

/// The shapes a value can have.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A TOML date-time, as written.
    Instant(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values.
    Table(Table),
    /// A value from the environment or a flag: its type is the one that is asked for.
    Loose(String),
}

impl Value {
    fn shape(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Loose(_) => "text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Instant(_) => "a date or time",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Keys and values in the order they were written.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<(String, Origin, Node)>,
}

impl Table {
    /// Keys, where each key stands, and values, in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin, &Node)> {
        self.entries.iter().map(|(key, origin, node)| (key.as_str(), origin, node))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(name, ..)| name == key).map(|(.., node)| node)
    }

    /// Lays another table over this one: its values replace ours, tables are merged.
    pub fn lay_over(&mut self, upper: Table) {
        for (key, origin, node) in upper.entries {
            match self.entries.iter_mut().find(|(name, ..)| *name == key) {
                None => self.entries.push((key, origin, node)),
                Some((_, at, old)) => match (&mut old.value, node.value) {
                    (Value::Table(below), Value::Table(above)) => below.lay_over(above),
                    (slot, value) => {
                        *slot = value;
                        old.origin = node.origin;
                        *at = origin;
                    }
                },
            }
        }
    }

    /// Puts a loose value at a path, making the tables on the way.
    pub fn set_loose(&mut self, path: &[&str], text: &str, source: &Arc<Source>) {
        let origin = Origin { source: source.clone(), span: 0..source.text.len() };
        let Some((last, way)) = path.split_last() else { return };
        let mut node = Node { value: Value::Loose(text.to_owned()), origin: origin.clone() };
        let mut key = *last;
        for outer in way.iter().rev() {
            let table = Table { entries: vec![(key.to_owned(), origin.clone(), node)] };
            node = Node { value: Value::Table(table), origin: origin.clone() };
            key = outer;
        }
        self.lay_over(Table { entries: vec![(key.to_owned(), origin, node)] });
    }
}

/// Reads TOML text. Mistakes of grammar are added to the list; what could be read is returned.
pub fn parse(source: &Arc<Source>, mistakes: &Mistakes) -> Table {
    parse_part(source, &source.text, mistakes)
}

/// Reads TOML that is only a part of its source: `text` holds it at the very bytes at which it stands there, and blanks
/// elsewhere, so that mistakes point into the source.
pub fn parse_part(source: &Arc<Source>, text: &str, mistakes: &Mistakes) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        mistakes.add(&Origin { source: source.clone(), span }, error.message(), "");
    }
    convert_table(table.get_ref(), source)
}

fn convert_table(table: &DeTable<'_>, source: &Arc<Source>) -> Table {
    let entries = table.iter().map(|(key, value)| {
        let origin = Origin { source: source.clone(), span: key.span() };
        let span = Origin { source: source.clone(), span: value.span() };
        (key.get_ref().to_string(), origin, Node { value: convert(value.get_ref(), source), origin: span })
    });
    Table { entries: entries.collect() }
}

fn convert(value: &DeValue<'_>, source: &Arc<Source>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        // A number that does not fit is a number all the same: the range check of the key that takes it will say so.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Float(number.as_str().parse().unwrap_or(f64::NAN)), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(yes) => Value::Boolean(*yes),
        DeValue::Datetime(moment) => Value::Instant(moment.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: convert(item.get_ref(), source),
                    origin: Origin { source: source.clone(), span: item.span() },
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, source)),
    }
}

/// The name nearest to a misspelt one, where one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            let shorter = candidate.len().min(name.len());
            // In names of a letter or two every letter counts: `q` is no misspelt `x`.
            *distance <= 1 + shorter / 4 && *distance < shorter
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A type that can be read from a value.
pub trait FromNode: Sized {
    /// Reads it, or says what was expected, as in "expected a duration such as \"10m\"".
    ///
    /// # Errors
    /// What was expected instead.
    fn from_node(node: &Node) -> Result<Self, String>;
}

impl FromNode for String {
    fn from_node(node: &Node) -> Result<String, String> {
        match &node.value {
            Value::Text(text) | Value::Loose(text) => Ok(text.clone()),
            _ => Err("text in quotes".into()),
        }
    }
}

impl FromNode for PathBuf {
    fn from_node(node: &Node) -> Result<PathBuf, String> {
        String::from_node(node).map(PathBuf::from).map_err(|_| "a path in quotes".into())
    }
}

impl FromNode for bool {
    fn from_node(node: &Node) -> Result<bool, String> {
        match &node.value {
            Value::Boolean(yes) => Ok(*yes),
            Value::Loose(text) => text.parse().map_err(|_| "true or false".into()),
            _ => Err("true or false".into()),
        }
    }
}

impl FromNode for f64 {
    fn from_node(node: &Node) -> Result<f64, String> {
        let number = match &node.value {
            #[expect(clippy::cast_precision_loss, reason = "a number a person wrote into a file")]
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Loose(text) => text.parse().ok(),
            _ => None,
        };
        number.filter(|n: &f64| n.is_finite()).ok_or_else(|| "a number".into())
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl FromNode for $type {
            fn from_node(node: &Node) -> Result<$type, String> {
                let number = match &node.value {
                    Value::Integer(number) => <$type>::try_from(*number).ok(),
                    Value::Loose(text) => text.parse().ok(),
                    _ => None,
                };
                number.ok_or_else(|| format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX))
            }
        }
    )*};
}
whole_number!(u8, u16, u32, u64, usize, i64);

impl FromNode for Duration {
    fn from_node(node: &Node) -> Result<Duration, String> {
        match &node.value {
            Value::Text(text) | Value::Loose(text) => parse_duration(text),
            _ => None,
        }
        .ok_or_else(|| "a duration such as \"10m\" or \"1h30m\"".into())
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node) -> Result<Vec<T>, String> {
        match &node.value {
            Value::List(items) => {
                items.iter().map(|item| T::from_node(item).map_err(|e| format!("a list, each {e}"))).collect()
            }
            Value::Loose(text) if text.is_empty() => Ok(Vec::new()),
            Value::Loose(text) => text
                .split(',')
                .map(|part| {
                    let item = Node { value: Value::Loose(part.trim().to_owned()), origin: node.origin.clone() };
                    T::from_node(&item).map_err(|e| format!("a list with commas, each {e}"))
                })
                .collect(),
            _ => Err("a list in [brackets]".into()),
        }
    }
}

impl<T: FromNode> FromNode for BTreeMap<String, T> {
    fn from_node(node: &Node) -> Result<BTreeMap<String, T>, String> {
        match &node.value {
            Value::Table(table) => table
                .iter()
                .map(|(key, _, item)| match T::from_node(item) {
                    Ok(value) => Ok((key.to_owned(), value)),
                    Err(e) => Err(format!("a table, and {key:?} in it {e}")),
                })
                .collect(),
            _ => Err("a table such as { key = value }".into()),
        }
    }
}

/// A value with the place it was read from, for checks that come after the reading.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub origin: Origin,
}

/// Reads a table key by key; at [`Reader::finish`] every key nobody asked for is a mistake.
#[derive(Debug)]
pub struct Reader<'a> {
    table: &'a Table,
    origin: Origin,
    mistakes: &'a Mistakes,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    /// Reads a whole document.
    pub fn document(table: &'a Table, source: &Arc<Source>, mistakes: &'a Mistakes) -> Reader<'a> {
        let end = source.text.len();
        Reader::table(table, Origin { source: source.clone(), span: end..end }, mistakes)
    }

    /// Reads a table that stands at a place.
    pub fn table(table: &'a Table, origin: Origin, mistakes: &'a Mistakes) -> Reader<'a> {
        Reader { table, origin, mistakes, asked: RefCell::default() }
    }

    /// Where the table stands.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The list the reader reports to.
    pub fn mistakes(&self) -> &'a Mistakes {
        self.mistakes
    }

    /// Reports a mistake at the table itself.
    pub fn complain(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.add(&self.origin, message, remedy);
    }

    /// The raw value of a key.
    pub fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// The value of a key with its place, where the key is there; a wrong type is reported.
    pub fn located<T: FromNode>(&self, key: &'static str) -> Option<Located<T>> {
        let node = self.node(key)?;
        match T::from_node(node) {
            Ok(value) => Some(Located { value, origin: node.origin.clone() }),
            Err(expected) => {
                let found = node.value.shape();
                self.mistakes.add(&node.origin, format!("`{key}` is {found}"), format!("write {expected}"));
                None
            }
        }
    }

    /// The value of a key, where the key is there; a wrong type is reported.
    pub fn optional<T: FromNode>(&self, key: &'static str) -> Option<T> {
        self.located(key).map(|located| located.value)
    }

    /// The value of a key that must be there.
    pub fn required<T: FromNode>(&self, key: &'static str) -> Option<T> {
        self.required_at(key).map(|located| located.value)
    }

    /// The value of a key that must be there, with its place.
    pub fn required_at<T: FromNode>(&self, key: &'static str) -> Option<Located<T>> {
        let found = self.located(key);
        if found.is_none() && self.table.get(key).is_none() {
            self.complain(format!("`{key}` is missing"), format!("add `{key} = …`"));
        }
        found
    }

    /// The table of a key, where the key is there.
    pub fn inner(&self, key: &'static str) -> Option<Reader<'a>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Table(table) => Some(Reader::table(table, node.origin.clone(), self.mistakes)),
            other => {
                let found = other.shape();
                self.mistakes.add(&node.origin, format!("`{key}` is {found}"), format!("write a table: [{key}]"));
                None
            }
        }
    }

    /// The tables of a `[[key]]` list; none where the key is not there.
    pub fn tables(&self, key: &'static str) -> Vec<Reader<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            self.mistakes.add(&node.origin, format!("`{key}` is no list of tables"), format!("write [[{key}]]"));
            return Vec::new();
        };
        let mut readers = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Table(table) => readers.push(Reader::table(table, item.origin.clone(), self.mistakes)),
                _ => self.mistakes.add(&item.origin, format!("`{key}` holds no table"), format!("write [[{key}]]")),
            }
        }
        readers
    }

    /// Every key of the table with its value: for tables whose keys the writer chooses.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Origin, &'a Node)> + use<'a> {
        self.table.iter()
    }

    /// Ends the reading: a key that nobody asked for is a mistake.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for (key, origin, _) in self.table.iter() {
            if !asked.contains(&key) {
                let remedy = match nearest(key, asked.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys: {}", asked.join(", ")),
                };
                self.mistakes.extend([Mistake::new(origin, format!("unknown key `{key}`"), remedy)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes_of(text: &str) -> Vec<String> {
        let source = Source::new("x.toml", text);
        let mistakes = Mistakes::new();
        let table = parse(&source, &mistakes);
        let reader = Reader::document(&table, &source, &mistakes);
        let _: Option<String> = reader.required("name");
        let _: Option<f64> = reader.optional("height");
        let _: Option<Duration> = reader.optional("every");
        reader.finish();
        mistakes.into_vec().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        assert_eq!(mistakes_of("name = \"a\"\nheight = 3\nevery = \"10m\"\n"), Vec::<String>::new());
        assert_eq!(
            mistakes_of("nam = \"a\"\nheight = \"tall\"\nevery = 10\n"),
            [
                "x.toml:1:1: unknown key `nam`; did you mean `name`?",
                "x.toml:2:10: `height` is text; write a number",
                "x.toml:3:9: `every` is a whole number; write a duration such as \"10m\" or \"1h30m\"",
                "x.toml:4:1: `name` is missing; add `name = …`",
            ]
        );
    }

    #[test]
    fn a_grammar_mistake_does_not_hide_the_others() {
        let found = mistakes_of("name = \"a\"\nheight = = 3\nevry = \"10m\"\n");
        assert!(found.iter().any(|m| m.starts_with("x.toml:2:")), "{found:?}");
        assert!(found.iter().any(|m| m.contains("unknown key `evry`")), "{found:?}");
    }

    #[test]
    fn upper_layers_win_and_keep_their_origin() {
        let mistakes = Mistakes::new();
        let below = Source::new("default", "[mqtt]\nlisten = \"a\"\nport = 1\n");
        let above = Source::new("file", "[mqtt]\nlisten = \"b\"\n");
        let mut table = parse(&below, &mistakes);
        table.lay_over(parse(&above, &mistakes));
        table.set_loose(&["mqtt", "port"], "x", &Source::new("BONGSU_MQTT__PORT", "x"));
        let reader = Reader::document(&table, &below, &mistakes);
        let mqtt = reader.inner("mqtt").expect("table");
        assert_eq!(mqtt.optional::<String>("listen").as_deref(), Some("b"));
        assert_eq!(mqtt.optional::<u16>("port"), None);
        let told: Vec<String> = mistakes.into_vec().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["BONGSU_MQTT__PORT:1:1: `port` is text; write a whole number from 0 to 65535"]);
    }
}

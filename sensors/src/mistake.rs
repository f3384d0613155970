//! What is wrong in a text that a person wrote, where it stands, and what to write instead.
//!
//! Mistakes are collected, never thrown: a person who wrote five wants to see five.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text and where it came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// A file's path, or the name of a variable or flag.
    pub name: String,
    /// All of its text.
    pub text: String,
}

impl Source {
    /// A text with its name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }

    /// Line and column of a byte, both from 1.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        (line, column)
    }

    /// The byte at which a line and column (both from 1) stand.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let mut start = 0;
        for _ in 1..line {
            match self.text[start..].find('\n') {
                Some(at) => start += at + 1,
                None => return self.text.len(),
            }
        }
        let rest = &self.text[start..];
        start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
    }
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where the text came from.
    pub source: Arc<Source>,
    /// Which bytes of it.
    pub span: Range<usize>,
}

/// One mistake: what, where, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong, lowercase.
    pub message: String,
    /// What to write instead.
    pub remedy: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(origin: &Origin, message: impl Into<String>, remedy: impl Into<String>) -> Mistake {
        Mistake { origin: origin.clone(), message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.origin.source.line_column(self.origin.span.start);
        write!(f, "{}:{line}:{column}: {}", self.origin.source.name, self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

impl std::error::Error for Mistake {}

/// A growing list of mistakes, shared by the readers of one document.
#[derive(Debug, Default)]
pub struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    /// An empty list.
    pub fn new() -> Mistakes {
        Mistakes::default()
    }

    /// Adds one.
    pub fn add(&self, origin: &Origin, message: impl Into<String>, remedy: impl Into<String>) {
        self.0.borrow_mut().push(Mistake::new(origin, message, remedy));
    }

    /// Adds several.
    pub fn extend(&self, more: impl IntoIterator<Item = Mistake>) {
        self.0.borrow_mut().extend(more);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Says of whom those from the `first`-th on speak, where their text does not.
    pub fn name_since(&self, first: usize, whose: &str) {
        for mistake in self.0.borrow_mut().iter_mut().skip(first) {
            mistake.message.insert_str(0, whose);
        }
    }

    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// All of them, in the order of the text.
    pub fn into_vec(self) -> Vec<Mistake> {
        let mut all = self.0.into_inner();
        all.sort_by(|a, b| {
            (&a.origin.source.name, a.origin.span.start).cmp(&(&b.origin.source.name, b.origin.span.start))
        });
        all
    }
}

//! `$top`, `$skip`, `$count`, `$orderby`, `$select`, `$expand`, `$filter`: what a client wants of a collection.

use super::filter::{self, Expression};
use crate::web::problem::{Problem, quoted};

/// Entities of a page where no number is asked for, and at most.
const PAGE: usize = 100;
const LONGEST_PAGE: usize = 1_000;

/// Expansions within each other.
const DEEPEST: usize = 4;

/// What is known.
const KNOWN: &str = "$filter, $top, $skip, $orderby, $count, $select, $expand";

/// What a client wants of a collection.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only those for which this holds.
    pub filter: Option<Expression>,
    /// Entities of a page.
    pub top: usize,
    /// So many are passed over.
    pub skip: usize,
    /// By which properties, each with whether it goes down.
    pub order: Vec<(Vec<String>, bool)>,
    /// How many there are in all.
    pub count: bool,
    /// Only these properties.
    pub select: Vec<String>,
    /// What stands beside each, with what is wanted of it.
    pub expand: Vec<(String, Options)>,
}

impl Default for Options {
    fn default() -> Options {
        let (filter, order, select, expand) = (None, Vec::new(), Vec::new(), Vec::new());
        Options { filter, top: PAGE, skip: 0, order, count: false, select, expand }
    }
}

impl Options {
    /// Reads the parameters of a query.
    ///
    /// # Errors
    /// One that is not known, or not understood.
    pub fn read(pairs: &[(String, String)]) -> Result<Options, Problem> {
        let mut options = Options::default();
        for (name, value) in pairs {
            options.set(name, value, 0)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str, depth: usize) -> Result<(), Problem> {
        let wrong = |remedy: String| Problem::bad_request(format!("{name} cannot be {}", quoted(value)), remedy);
        match name {
            "$top" => {
                let top: usize = value.parse().map_err(|_| wrong("write a whole number".to_owned()))?;
                self.top = top.min(LONGEST_PAGE);
            }
            "$skip" => self.skip = value.parse().map_err(|_| wrong("write a whole number".to_owned()))?,
            "$count" => {
                self.count = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(wrong("write true or false".to_owned())),
                }
            }
            "$filter" => self.filter = Some(filter::parse(value).map_err(wrong)?),
            "$select" => self.select = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "$orderby" => {
                for part in value.split(',') {
                    let mut words = part.split_whitespace();
                    let way = words.next().ok_or_else(|| wrong("write a property, and asc or desc".to_owned()))?;
                    let down = match words.next().map(str::to_ascii_lowercase).as_deref() {
                        None | Some("asc") => false,
                        Some("desc") => true,
                        Some(_) => return Err(wrong("write asc or desc behind the property".to_owned())),
                    };
                    self.order.push((way.split('/').map(str::to_owned).collect(), down));
                }
            }
            "$expand" => {
                for part in split(value, ',') {
                    self.expand(part, depth).map_err(wrong)?;
                }
            }
            // The only form there is.
            "$resultFormat" | "$format" if value.eq_ignore_ascii_case("json") => {}
            _ => {
                return Err(Problem::bad_request(
                    format!("unknown option {}", quoted(name)),
                    format!("known: {KNOWN}"),
                ));
            }
        }
        Ok(())
    }

    /// One expansion: `Datastreams`, `Datastreams/ObservedProperty`, `Datastreams($top=1;$expand=Sensor)`.
    fn expand(&mut self, text: &str, depth: usize) -> Result<(), String> {
        if depth >= DEEPEST {
            return Err(format!("at most {DEEPEST} expansions within each other"));
        }
        let text = text.trim();
        let mut options = Options::default();
        // What stands behind a slash belongs to what stands before it, brackets and all.
        let slash = text.find('/').filter(|slash| text.find('(').is_none_or(|open| *slash < open));
        let name = match slash {
            Some(slash) => {
                options.expand(&text[slash + 1..], depth + 1)?;
                &text[..slash]
            }
            None => {
                let (name, inside) = match text.split_once('(') {
                    Some((name, rest)) => (name, rest.strip_suffix(')').ok_or("a bracket is not closed")?),
                    None => (text, ""),
                };
                for part in split(inside, ';').into_iter().filter(|part| !part.trim().is_empty()) {
                    let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} has no value"))?;
                    let set = options.set(name.trim(), value, depth + 1);
                    set.map_err(|problem| format!("{}; {}", problem.error, problem.remedy))?;
                }
                name
            }
        };
        match self.expand.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.expand.extend(options.expand),
            None => self.expand.push((name.to_owned(), options)),
        }
        Ok(())
    }
}

/// Parts between a letter that stands outside brackets and quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut depth, mut quoted, mut start, mut parts) = (0_usize, false, 0, Vec::new());
    for (place, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            letter if letter == at && depth == 0 && !quoted => {
                parts.push(&text[start..place]);
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Options, Problem> {
        Options::read(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn expansions_within_each_other_are_read() {
        let options = read(
            "$expand",
            "Locations,Datastreams($top=2;$expand=ObservedProperty,Observations($top=1;$orderby=phenomenonTime desc))",
        );
        let options = options.expect("good");
        assert_eq!(
            options.expand.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["Locations", "Datastreams"]
        );
        let streams = &options.expand[1].1;
        assert_eq!((streams.top, streams.expand.len()), (2, 2));
        assert_eq!(streams.expand[1].1.order, [(vec!["phenomenonTime".to_owned()], true)]);
        let options = read("$expand", "Datastreams/ObservedProperty,Datastreams/Observations($top=3)").expect("good");
        assert_eq!(options.expand.len(), 1);
        let inner = &options.expand[0].1.expand;
        assert_eq!((inner[0].0.as_str(), inner[1].0.as_str(), inner[1].1.top), ("ObservedProperty", "Observations", 3));
        assert!(read("$expand", "A/B/C/D/E/F").is_err());
        assert!(read("$expand", "A($top=1").is_err());
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (name, value) in
            [("$top", "many"), ("$count", "yes"), ("$orderby", "name up"), ("$search", "x"), ("top", "1")]
        {
            assert!(read(name, value).is_err(), "{name}={value}");
        }
        assert_eq!(read("$top", "1000000").expect("good").top, LONGEST_PAGE);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_written_panics(text in "\\PC{0,60}") {
            let _ = read("$expand", &text);
            let _ = read("$orderby", &text);
        }
    }
}

//! The parameters of a rule: numbers and durations that officers may tune within their ranges.

use super::input::{InputSpec, body_name};
use bongsu_sensors::catalog::Translations;
use bongsu_sensors::document::{FromNode, Node, Reader, Value};

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A duration, for windows.
    Duration(String),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Number(number) => write!(f, "{number}"),
            Setting::Duration(text) => f.write_str(text),
        }
    }
}

/// A parameter of a rule: a number or a duration that officers may tune within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in the body.
    pub name: String,
    /// Its value unless overridden.
    pub default: Setting,
    /// The least it may be.
    pub min: Setting,
    /// The most it may be.
    pub max: Setting,
    /// The step of its slider.
    pub step: Option<f64>,
    /// Its unit, for people.
    pub unit: String,
    /// What it is about and where the default comes from, by language.
    pub why: Translations,
}

/// What a parameter is about, written in one language or in several.
struct Meaning(Translations);

impl FromNode for Meaning {
    fn from_node(node: &Node) -> Result<Meaning, String> {
        if let Ok(text) = String::from_node(node) {
            let language = if text.contains(|letter| matches!(letter, '가'..='힣')) { "ko" } else { "en" };
            return Ok(Meaning([(language.to_owned(), text)].into()));
        }
        let texts = Translations::from_node(node).ok().filter(|texts| !texts.is_empty());
        texts.map(Meaning).ok_or_else(|| "text in quotes, or { ko = \"…\", en = \"…\" }".to_owned())
    }
}

impl Param {
    /// Whether a setting is of this parameter's sort and within its range.
    pub fn admits(&self, setting: &Setting) -> bool {
        setting.is_number() == self.default.is_number()
            && self.min.size() <= setting.size()
            && setting.size() <= self.max.size()
    }
}

impl FromNode for Setting {
    fn from_node(node: &Node) -> Result<Setting, String> {
        if let Ok(number) = f64::from_node(node) {
            return Ok(Setting::Number(number));
        }
        let expected = || "a number, or a duration such as \"1h\"".to_owned();
        let text = String::from_node(node).map_err(|_| expected())?;
        match bongsu_sensors::time::parse_duration(&text) {
            Some(length) if !length.is_zero() => Ok(Setting::Duration(text)),
            _ => Err(expected()),
        }
    }
}

impl Setting {
    /// How much it is: the number, or seconds.
    pub fn size(&self) -> f64 {
        match self {
            Setting::Number(number) => *number,
            Setting::Duration(text) => bongsu_sensors::time::parse_duration(text).unwrap_or_default().as_secs_f64(),
        }
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Setting::Number(_))
    }
}

/// Reads `[params]`.
pub(super) fn params(reader: &Reader<'_>, inputs: &[InputSpec]) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    let Some(table) = reader.inner("params") else { return params };
    let mistakes = reader.mistakes();
    for (name, origin, node) in table.entries() {
        let Value::Table(spec) = &node.value else {
            mistakes.add(
                &node.origin,
                format!("parameter `{name}` is no table"),
                "write { default = 5.0, min = 1.0, max = 9.0, unit = \"mm\" }",
            );
            continue;
        };
        let spec = Reader::table(spec, node.origin.clone(), mistakes);
        let default = spec.required::<Setting>("default");
        let min = spec.required::<Setting>("min");
        let max = spec.required::<Setting>("max");
        let step = spec.optional::<f64>("step");
        let unit = spec.optional::<String>("unit").unwrap_or_default();
        let why = spec.optional::<Meaning>("why").map(|Meaning(texts)| texts).unwrap_or_default();
        spec.finish();
        if inputs.iter().any(|input| input.name == name) {
            mistakes.add(origin, format!("`{name}` is an input already"), "give the parameter another name");
            continue;
        }
        let (true, Some(default), Some(min), Some(max)) = (body_name(name, origin, mistakes), default, min, max) else {
            continue;
        };
        if default.is_number() != min.is_number() || default.is_number() != max.is_number() {
            mistakes.add(
                &node.origin,
                "default, min and max are of different sorts",
                "write three numbers or three durations",
            );
        } else if !(min.size() <= default.size() && default.size() <= max.size()) {
            mistakes.add(
                &node.origin,
                format!("the default of `{name}` lies outside its range"),
                "min ≤ default ≤ max",
            );
        }
        params.push(Param { name: name.to_owned(), default, min, max, step, unit, why });
    }
    params
}

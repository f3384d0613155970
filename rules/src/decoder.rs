//! Scripts that read the bytes of devices which cannot be changed: a `[[source]]` with `decode = "decoder.rhai"`.
//!
//! ```rhai
//! let raw = payload.u16_be(0);
//! #{ river_stage: raw / 1000, battery_voltage: payload.u8(2) / 10 }
//! ```
//! The last expression is a map: the value of each datastream, `()` where it is missing, and `t` for the time in seconds
//! or milliseconds since 1970. `payload` gives numbers (`u8`, `i8`, `u16_be`, `u16_le`, …, `f64_le`, each with a place
//! from 0), `len()`, `text()` and `json()`; `topic` is a text.
//!
//! Bounded like rules: a script can neither wait, nor read, nor write, nor go on for ever. One engine for each thread.

use crate::language::Failure;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage, BasicStringPackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Map, Position, Scope};
use std::sync::Arc;

/// Most operations for one payload: a loop over a thousand samples fits.
const OPERATION_LIMIT: u64 = 50_000;
/// Deepest nesting of expressions, and of JSON.
const DEPTH_LIMIT: usize = 32;
/// Longest text, and most entries of a list or map, a script may make.
const TEXT_LIMIT: usize = 64 * 1024;
const LIST_LIMIT: usize = 10_000;
/// Most variables of a script.
const VARIABLE_LIMIT: usize = 128;

/// What a script has no use for.
const FORBIDDEN: [&str; 11] =
    ["fn", "private", "import", "export", "eval", "Fn", "call", "curry", "print", "debug", "is_def_fn"];

/// A compiled script.
#[derive(Debug)]
pub struct Decoder {
    ast: AST,
}

/// What a script made of a payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Seconds or milliseconds since 1970, where it says when.
    pub time: Option<f64>,
    /// Datastream and value; `None`: missing.
    pub values: Vec<(String, Option<f64>)>,
}

/// The script engine for decoders.
pub struct Decoders {
    engine: Engine,
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoders")
    }
}

impl Default for Decoders {
    fn default() -> Decoders {
        Decoders::new()
    }
}

impl Decoders {
    /// An engine with every word of decoders.
    pub fn new() -> Decoders {
        let mut engine = Engine::new_raw();
        ArithmeticPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        BasicArrayPackage::new().register_into_engine(&mut engine);
        BasicMapPackage::new().register_into_engine(&mut engine);
        BasicStringPackage::new().register_into_engine(&mut engine);
        MoreStringPackage::new().register_into_engine(&mut engine);
        BasicIteratorPackage::new().register_into_engine(&mut engine);
        engine
            .set_max_operations(OPERATION_LIMIT)
            .set_max_expr_depths(DEPTH_LIMIT, DEPTH_LIMIT)
            .set_max_call_levels(8)
            .set_max_string_size(TEXT_LIMIT)
            .set_max_array_size(LIST_LIMIT)
            .set_max_map_size(LIST_LIMIT)
            .set_max_variables(VARIABLE_LIMIT)
            .set_allow_anonymous_fn(false)
            .set_strict_variables(true);
        for word in FORBIDDEN {
            engine.disable_symbol(word);
        }
        words(&mut engine);
        Decoders { engine }
    }

    /// Compiles a script.
    ///
    /// # Errors
    /// Its first mistake, with its place.
    pub fn compile(&self, text: &str) -> Result<Decoder, Failure> {
        let ast = self.engine.compile_with_scope(&scope(&[], ""), text);
        ast.map(|ast| Decoder { ast }).map_err(|error| told(error.position(), error.err_type().to_string()))
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// The script's own mistake, or what it made is no map of numbers.
    pub fn run(&self, decoder: &Decoder, topic: &str, payload: &[u8]) -> Result<Decoded, Failure> {
        let mut scope = scope(payload, topic);
        let made: Dynamic = self.engine.eval_ast_with_scope(&mut scope, &decoder.ast).map_err(|error| {
            let position = error.position();
            match *error {
                EvalAltResult::ErrorTooManyOperations(_) => {
                    told(position, format!("more than {OPERATION_LIMIT} operations; look only at what is needed"))
                }
                mut other => {
                    other.clear_position();
                    told(position, other.to_string())
                }
            }
        })?;
        let Some(made) = made.try_cast::<Map>() else {
            return Err(told(Position::NONE, "the last line is no map; write #{ river_stage: … }".into()));
        };
        let mut decoded = Decoded::default();
        for (name, value) in made {
            let number = number(&value)
                .ok_or_else(|| told(Position::NONE, format!("{name} is no number, but {}", value.type_name())))?;
            match &*name {
                "t" => decoded.time = number,
                _ => decoded.values.push((name.to_string(), number)),
            }
        }
        Ok(decoded)
    }
}

/// A value of the map: `Some(None)` is missing.
#[expect(clippy::cast_precision_loss, reason = "a value of a sensor")]
fn number(value: &Dynamic) -> Option<Option<f64>> {
    if value.is_unit() {
        return Some(None);
    }
    let whole = || value.as_int().ok().map(|whole| whole as f64);
    let state = || value.as_bool().ok().map(|yes| f64::from(u8::from(yes)));
    value.as_float().ok().or_else(whole).or_else(state).map(Some)
}

fn told(position: Position, message: String) -> Failure {
    Failure { line: position.line().unwrap_or(0), column: position.position().unwrap_or(0), message }
}

/// The bytes of a device.
#[derive(Clone)]
struct Payload(Arc<[u8]>);

fn scope(payload: &[u8], topic: &str) -> Scope<'static> {
    let mut scope = Scope::new();
    scope.push_constant("payload", Payload(payload.into()));
    scope.push_constant("topic", topic.to_owned());
    scope
}

type Answer<T> = Result<T, Box<EvalAltResult>>;

impl Payload {
    fn take<const N: usize>(&self, at: i64) -> Answer<[u8; N]> {
        let start = usize::try_from(at).ok();
        let bytes = start.and_then(|start| self.0.get(start..start.checked_add(N)?)?.try_into().ok());
        bytes.ok_or_else(|| format!("{N} bytes at {at} of a payload of {}", self.0.len()).into())
    }
}

macro_rules! numbers {
    ($engine:ident, $($name:literal $type:ty, $from:ident, $bytes:literal;)*) => {$(
        $engine.register_fn($name, |payload: &mut Payload, at: i64| -> Answer<f64> {
            Ok(f64::from(<$type>::$from(payload.take::<$bytes>(at)?)))
        });
    )*};
}

fn words(engine: &mut Engine) {
    engine.register_type_with_name::<Payload>("payload");
    numbers!(engine,
        "u8" u8, from_be_bytes, 1; "i8" i8, from_be_bytes, 1;
        "u16_be" u16, from_be_bytes, 2; "u16_le" u16, from_le_bytes, 2;
        "i16_be" i16, from_be_bytes, 2; "i16_le" i16, from_le_bytes, 2;
        "u32_be" u32, from_be_bytes, 4; "u32_le" u32, from_le_bytes, 4;
        "i32_be" i32, from_be_bytes, 4; "i32_le" i32, from_le_bytes, 4;
        "f32_be" f32, from_be_bytes, 4; "f32_le" f32, from_le_bytes, 4;
        "f64_be" f64, from_be_bytes, 8; "f64_le" f64, from_le_bytes, 8;
    );
    engine.register_fn("len", |payload: &mut Payload| i64::try_from(payload.0.len()).unwrap_or(i64::MAX));
    engine.register_fn("text", |payload: &mut Payload| -> Answer<String> {
        let text = std::str::from_utf8(&payload.0).map_err(|_| "the payload is no UTF-8 text")?;
        if text.len() > TEXT_LIMIT {
            return Err(format!("a text of more than {TEXT_LIMIT} bytes").into());
        }
        Ok(text.to_owned())
    });
    engine.register_fn("json", |payload: &mut Payload| -> Answer<Dynamic> {
        let value = serde_json::from_slice(&payload.0).map_err(|error| format!("no JSON: {error}"))?;
        let mut left = LIST_LIMIT;
        dynamic(value, &mut left).ok_or_else(|| format!("JSON of more than {LIST_LIMIT} values").into())
    });
    engine.register_fn("number", |text: &str| -> Answer<f64> {
        text.trim().parse().map_err(|_| format!("{text:?} is no number").into())
    });
}

/// JSON as a value of the script; `None` where it holds too much.
fn dynamic(value: serde_json::Value, left: &mut usize) -> Option<Dynamic> {
    use serde_json::Value;
    *left = left.checked_sub(1)?;
    Some(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(yes) => yes.into(),
        Value::Number(number) => number.as_f64()?.into(),
        Value::String(text) => text.into(),
        Value::Array(items) => {
            items.into_iter().map(|item| dynamic(item, left)).collect::<Option<Vec<Dynamic>>>()?.into()
        }
        Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| Some((key.into(), dynamic(value, left)?)));
            Dynamic::from_map(entries.collect::<Option<Map>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, payload: &[u8]) -> Result<Decoded, String> {
        let decoders = Decoders::new();
        let decoder = decoders.compile(script).map_err(|error| error.to_string())?;
        decoders.run(&decoder, "hydro/7/data", payload).map_err(|error| error.to_string())
    }

    fn check(script: &str, payload: &[u8], expect: &[(&str, Option<f64>)]) {
        let expect: Vec<_> = expect.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        assert_eq!(run(script, payload).map(|decoded| decoded.values), Ok(expect), "{script}");
    }

    #[test]
    fn bytes_and_json_become_numbers() {
        check("#{ river_stage: payload.u16_be(0) / 1000 }", &[0x0c, 0x34], &[("river_stage", Some(3.124))]);
        check("#{ temperature: payload.i16_le(1) / 10 }", &[0, 0x9c, 0xff], &[("temperature", Some(-10.0))]);
        check("let j = payload.json(); #{ tilt: j.a[1].b }", br#"{"a":[0,{"b":2}]}"#, &[("tilt", Some(2.0))]);
        check("#{ tilt: number(payload.text().split(\";\")[1]) }", b"x;2.5", &[("tilt", Some(2.5))]);
        check("#{ tilt: if payload.u8(0) == 255 { () } else { 1 } }", &[255], &[("tilt", None)]);
        check(
            "let sum = 0; for at in 0..3 { sum += payload.u8(at); } #{ tilt: sum }",
            &[1, 2, 3],
            &[("tilt", Some(6.0))],
        );
        assert_eq!(run("#{ t: payload.u32_be(0) }", &[0, 0, 1, 0]).map(|decoded| decoded.time), Ok(Some(256.0)));
    }

    #[test]
    fn a_script_is_bounded_and_its_mistakes_are_told() {
        let told = |script: &str, payload: &[u8], expect: &str| {
            let told = run(script, payload).expect_err(script);
            assert!(told.contains(expect), "{script}: {told}");
        };
        told("loop { }", &[], "operations");
        told("let x = 1; while true { x += 1; } #{ }", &[], "operations");
        told("let x = \"x\"; loop { x += x; }", &[], "too large");
        told("let x = []; loop { x.push(x); }", &[], "");
        told("#{ tilt: payload.u16_be(1) }", &[1, 2], "2 bytes at 1 of a payload of 2");
        told("#{ tilt: payload.u8(-1) }", &[1, 2], "bytes at -1");
        told("payload.u8(0)", &[1], "no map");
        told("#{ tilt: \"x\" }", &[1], "no number");
        told("#{ tilt: stage }", &[1], "stage");
        told("fn f() { f() } f()", &[], "");
        told("import \"x\"; #{ }", &[], "");
        told("eval(\"1\")", &[], "");
        told("sleep(100)", &[], "sleep");
        told(&"(".repeat(1_000), &[], "");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        told("payload.json()", deep.as_bytes(), "no JSON");
        let wide = format!("[{}0]", "0,".repeat(20_000));
        told("payload.json()", wide.as_bytes(), "more than 10000");
    }
}

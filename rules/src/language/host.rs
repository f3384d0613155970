//! The script engine with exactly the words of the rule language, and hard bounds on what a rule may cost.
//!
//! One host for each thread: a shared engine or syntax tree would make threads wait for each other's counters.

use super::calendar;
use super::header::HoldSpec;
use super::input::Input;
use super::outcome::Outcome;
use super::rule::{Arguments, Rule};
use super::truth::{self, from_script, to_script};
use super::value::{Across, Op, Truth, Value};
use crate::stats::{self, wrong};
use bongsu_sensors::Level;
use rhai::packages::{ArithmeticPackage, BasicMathPackage, LogicPackage, Package};
use rhai::{Array, Caches, Dynamic, Engine, EvalAltResult, ImmutableString, Position, Scope, Stmt, Token};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Most operations of one evaluation. A rule of a hundred checks takes about 3,000.
const OPERATION_LIMIT: u64 = 50_000;
/// Deepest nesting of expressions; the same in debug and release builds, so that a rule that loads here loads there.
const DEPTH_LIMIT: usize = 32;
/// Longest text and longest list a rule may make.
const TEXT_LIMIT: usize = 1_024;
const LIST_LIMIT: usize = 128;
/// Most variables of a rule.
const VARIABLE_LIMIT: usize = 128;

/// Words of Rhai that the rule language does not have, with what to do instead.
pub(super) const FORBIDDEN: [(&str, &str); 17] = [
    ("while", "windows do the looping"),
    ("loop", "windows do the looping"),
    ("for", "windows do the looping"),
    ("do", "windows do the looping"),
    ("until", "windows do the looping"),
    ("fn", "write the check where it is used"),
    ("private", "write the check where it is used"),
    ("import", "each rule stands alone"),
    ("export", "each rule stands alone"),
    ("as", "each rule stands alone"),
    ("eval", "write the sentence itself"),
    ("Fn", "write the check where it is used"),
    ("call", "write the check where it is used"),
    ("curry", "write the check where it is used"),
    ("print", "the evidence is recorded by check()"),
    ("debug", "the evidence is recorded by check()"),
    ("throw", "a rule answers with raise(), or with nothing"),
];

/// Why an evaluation came to nothing: the script's own mistake, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Failure {
    /// Line, from 1; 0 where it is not known.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What went wrong.
    pub message: String,
}

/// What a running evaluation writes into.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    outcome: Outcome,
    /// Set while the question is not "is it reached?" but "may it fall?": limits are eased by the rule's hysteresis.
    easing: Option<HoldSpec>,
    /// What the clocks and calendars of the city show.
    pub(super) moment: Option<jiff::civil::DateTime>,
    /// What each check compares, where somebody wants to know.
    asked: Option<Vec<Asked>>,
    /// What each check is to answer, the next one last, where that was found otherwise.
    answers: Option<Vec<Truth>>,
}

/// What a check compares, in the order of the body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Its label.
    pub label: String,
    /// What is compared.
    pub value: Value,
    /// How.
    pub op: Op,
    /// With what; eased, where that was asked.
    pub limit: Value,
}

/// The script engine.
pub struct Host {
    pub(super) engine: Engine,
    /// The names of every function and method there is.
    pub(super) known: BTreeSet<String>,
    /// The methods whose last argument is a window.
    pub(super) windowed: BTreeSet<String>,
    ledger: Arc<Mutex<Ledger>>,
    /// Which function a word means for which types: found once, not at every evaluation.
    caches: Mutex<Caches>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("functions", &self.known.len()).finish_non_exhaustive()
    }
}

impl Default for Host {
    fn default() -> Host {
        Host::new()
    }
}

impl Host {
    /// A host with every word of the language.
    pub fn new() -> Host {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let mut engine = Engine::new_raw();
        bounds(&mut engine);
        ArithmeticPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        engine.register_type_with_name::<Value>("number").register_type_with_name::<Input>("input");
        operators(&mut engine);
        stats::register(&mut engine);
        words(&mut engine, &ledger);
        calendar::register(&mut engine, &ledger);
        let functions = functions(&engine);
        let known = functions.iter().map(|(name, _)| name.clone()).collect();
        let windowed = functions.into_iter().filter(|(_, windowed)| *windowed).map(|(name, _)| name).collect();
        Host { engine, known, windowed, ledger, caches: Mutex::new(Caches::new()) }
    }

    /// Runs a rule: is a level reached?
    ///
    /// # Errors
    /// The script's own mistake.
    pub fn evaluate(&self, rule: &Rule, inputs: &[Input], arguments: &Arguments) -> Result<Outcome, Failure> {
        self.run(rule, inputs, arguments, None, Depth::Evidence)
    }

    /// The same where no alert stands and none is on its way. Where no level is reached, nobody looks at the evidence, so
    /// it is not written, and what only supports a level is not asked: all the rain around a gauge is the dearest question
    /// of all.
    ///
    /// # Errors
    /// The script's own mistake.
    pub fn evaluate_calm(&self, rule: &Rule, inputs: &[Input], arguments: &Arguments) -> Result<Outcome, Failure> {
        let outcome = self.run(rule, inputs, arguments, None, Depth::Level)?;
        match outcome.level {
            Level::None => Ok(outcome),
            _ => self.evaluate(rule, inputs, arguments),
        }
    }

    /// Runs a rule with its limits eased by its hysteresis: which level may still stand?
    ///
    /// # Errors
    /// The script's own mistake.
    pub fn evaluate_eased(&self, rule: &Rule, inputs: &[Input], arguments: &Arguments) -> Result<Outcome, Failure> {
        self.run(rule, inputs, arguments, Some(rule.header.hold.clone()), Depth::Level)
    }

    /// What a rule compares here, check by check; with limits eased where `eased`.
    ///
    /// # Errors
    /// The script's own mistake.
    pub(crate) fn ask(
        &self,
        rule: &Rule,
        inputs: &[Input],
        arguments: &Arguments,
        eased: bool,
    ) -> Result<Vec<Asked>, Failure> {
        let easing = eased.then(|| rule.header.hold.clone());
        self.script(rule, inputs, arguments, Ledger { easing, asked: Some(Vec::new()), ..Ledger::default() })?;
        Ok(lock(&self.ledger).asked.take().unwrap_or_default())
    }

    /// The level a rule reaches where its checks answer this, in their order, whatever they compare.
    ///
    /// # Errors
    /// The script's own mistake.
    pub(crate) fn level_of(
        &self,
        rule: &Rule,
        inputs: &[Input],
        arguments: &Arguments,
        mut answers: Vec<Truth>,
    ) -> Result<Level, Failure> {
        answers.reverse();
        self.script(rule, inputs, arguments, Ledger { answers: Some(answers), ..Ledger::default() })?;
        Ok(lock(&self.ledger).outcome.level)
    }

    fn run(
        &self,
        rule: &Rule,
        inputs: &[Input],
        arguments: &Arguments,
        easing: Option<HoldSpec>,
        depth: Depth,
    ) -> Result<Outcome, Failure> {
        let supporting = rule.header.hold.corroborate.clone();
        let outcome = Outcome { supporting, terse: depth == Depth::Level, ..Outcome::default() };
        let (deciding, supporting) = rule.statements();
        let mut scope = self.open(rule, inputs, arguments, Ledger { outcome, easing, ..Ledger::default() });
        self.say(deciding, &mut scope)?;
        if depth == Depth::Evidence {
            self.say(supporting, &mut scope)?;
        }
        Ok(std::mem::take(&mut lock(&self.ledger).outcome))
    }

    fn script(&self, rule: &Rule, inputs: &[Input], arguments: &Arguments, ledger: Ledger) -> Result<(), Failure> {
        let mut scope = self.open(rule, inputs, arguments, ledger);
        self.say(rule.ast.statements(), &mut scope)
    }

    /// A new page of the ledger, and the variables of a run.
    fn open(&self, rule: &Rule, inputs: &[Input], arguments: &Arguments, ledger: Ledger) -> Scope<'static> {
        *lock(&self.ledger) = Ledger { moment: arguments.moment, ..ledger };
        rule.scope(inputs, arguments)
    }

    fn say(&self, statements: &[Stmt], scope: &mut Scope<'_>) -> Result<(), Failure> {
        let mut caches = lock(&self.caches);
        let global = &mut self.engine.new_global_runtime_state();
        // The engine calls it outdated without offering another way to keep what it found; the version is pinned.
        #[expect(deprecated, reason = "the only way to evaluate with caches that last")]
        let said = self.engine.eval_statements_raw(global, &mut caches, scope, statements);
        if said.is_err() {
            // A function that was left by an error may have left its own behind.
            *caches = Caches::new();
        }
        said.map(|_| ()).map_err(|error| failure(*error))
    }
}

/// How much of a run is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// The level it reaches.
    Level,
    /// Besides, what supports it, and the evidence of every check.
    Evidence,
}

/// What a panic left half done, the next run overwrites.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(error: EvalAltResult) -> Failure {
    let position = error.position();
    let mut inner = error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, cause, _) = inner {
        inner = *cause;
    }
    inner.clear_position();
    let message = match inner {
        EvalAltResult::ErrorTooManyOperations(_) => format!("more than {OPERATION_LIMIT} operations; a rule is short"),
        EvalAltResult::ErrorRuntime(message, _) => message.to_string(),
        other => other.to_string(),
    };
    Failure { line: position.line().unwrap_or(0), column: position.position().unwrap_or(0), message }
}

fn bounds(engine: &mut Engine) {
    // The tree is judged as it was written; it is optimised afterwards.
    engine.set_optimization_level(rhai::OptimizationLevel::None);
    engine
        .set_max_operations(OPERATION_LIMIT)
        .set_max_expr_depths(DEPTH_LIMIT, DEPTH_LIMIT)
        .set_max_call_levels(8)
        .set_max_string_size(TEXT_LIMIT)
        .set_max_array_size(LIST_LIMIT)
        .set_max_map_size(16)
        .set_max_variables(VARIABLE_LIMIT)
        .set_allow_looping(false)
        .set_allow_anonymous_fn(false)
        .set_allow_shadowing(false)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true);
    for (word, _) in FORBIDDEN {
        engine.disable_symbol(word);
    }
    whole_numbers_are_numbers(engine);
}

/// Every number is one with a fraction, so that `5 / 2` is 2.5 and `x > 1` compares. Only the place in a list stays
/// whole: the number right behind the `[` that follows a name, a `)` or a `]`.
fn whole_numbers_are_numbers(engine: &mut Engine) {
    let before: Mutex<[Option<Token>; 2]> = Mutex::default();
    // The engine calls this its unstable parser hook; the version is pinned and a test guards the behaviour.
    #[expect(deprecated, reason = "the only way to see tokens; the engine marks it volatile, not outdated")]
    engine.on_parse_token(move |token, position, _| {
        let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
        if position.line() == Some(1) && position.position() == Some(1) {
            *before = Default::default();
        }
        let is_place = matches!(before[1], Some(Token::LeftBracket))
            && matches!(before[0], Some(Token::Identifier(_) | Token::RightBracket | Token::RightParen));
        let token = match token {
            #[expect(clippy::cast_precision_loss, reason = "a number a person wrote")]
            Token::IntegerConstant(whole) if !is_place => {
                Token::FloatConstant((rhai::FloatWrapper::new(whole as f64), whole.to_string().into()).into())
            }
            other => other,
        };
        before.swap(0, 1);
        before[1] = Some(token.clone());
        token
    });
}

fn operators(engine: &mut Engine) {
    type Binary = fn(&Value, &Value) -> Value;
    let all: [(&str, Binary); 4] = [("+", Value::plus), ("-", Value::minus), ("*", Value::times), ("/", Value::over)];
    for (sign, apply) in all {
        engine.register_fn(sign, move |a: Value, b: Value| apply(&a, &b));
        engine.register_fn(sign, move |a: Value, b: f64| apply(&a, &Value::constant(b)));
        engine.register_fn(sign, move |a: f64, b: Value| apply(&Value::constant(a), &b));
    }
    engine.register_fn("-", |a: Value| Value::constant(0.0).minus(&a));
    engine.register_fn("abs", |value: &mut Value| value.magnitude());
    engine.register_fn("across", |value: &mut Value, way: ImmutableString| {
        let across = Across::parse(&way).ok_or_else(|| wrong(format!("across({way:?}): {ACROSS_WORDS}")))?;
        Ok::<Value, Box<EvalAltResult>>(Value { across, ..value.clone() })
    });
}

/// What `across` takes.
pub(super) const ACROSS_WORDS: &str = "write \"worst\", \"second\", \"mean\", \"median\", \"min\" or \"max\"";

/// `check`, `any`, `all`, `not`, `raise`.
fn words(engine: &mut Engine, ledger: &Arc<Mutex<Ledger>>) {
    let book = ledger.clone();
    engine.register_fn("check", move |label: ImmutableString, value: Dynamic, op: ImmutableString, limit: Dynamic| {
        let op =
            Op::parse(&op).ok_or_else(|| wrong(format!("check: {op:?} is no comparison; write >=, >, <= or <")))?;
        let value = number(&label, "value", value)?;
        let limit = number(&label, "limit", limit)?;
        let mut book = lock(&book);
        let limit = match &book.easing {
            Some(easing) => eased(&value, op, limit, easing),
            None => limit,
        };
        if let Some(asked) = &mut book.asked {
            asked.push(Asked { label: label.to_string(), value, op, limit });
            return Ok(to_script(Truth::Unknown));
        }
        let answer = book.answers.as_mut().map(|answers| answers.pop().unwrap_or(Truth::Unknown));
        let truth = answer.unwrap_or_else(|| book.outcome.check(&label, &value, op, &limit));
        Ok::<Dynamic, Box<EvalAltResult>>(to_script(truth))
    });
    let book = ledger.clone();
    engine.register_fn("raise", move |level: ImmutableString| {
        let level: Level = level.parse().map_err(wrong)?;
        let mut book = lock(&book);
        book.outcome.level = book.outcome.level.max(level);
        Ok::<(), Box<EvalAltResult>>(())
    });
    for (word, join) in [("any", truth::any as fn(Vec<Truth>) -> Truth), ("all", truth::all)] {
        engine.register_fn(word, move |answers: Array| {
            Ok::<Dynamic, Box<EvalAltResult>>(to_script(join(truths(word, &answers)?)))
        });
    }
    engine.register_fn("at_least", |count: f64, answers: Array| {
        let answers = truths("at_least", &answers)?;
        if !(count >= 1.0 && count.fract() == 0.0) {
            return Err(wrong(format!("at_least({count}, …): write a whole number from 1")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 1")]
        let count = count as usize;
        Ok::<Dynamic, Box<EvalAltResult>>(to_script(truth::at_least(count, answers)))
    });
    engine.register_fn("not", |answer: Dynamic| {
        let truth = from_script(&answer).ok_or_else(|| wrong("not(): takes a check"))?;
        Ok::<Dynamic, Box<EvalAltResult>>(to_script(truth::not(truth)))
    });
}

fn truths(word: &str, answers: &Array) -> Result<Vec<Truth>, Box<EvalAltResult>> {
    let truth = |answer| from_script(answer).ok_or_else(|| wrong(format!("{word}(): takes a list of checks")));
    answers.iter().map(truth).collect()
}

/// A value or limit of a check.
fn number(label: &str, role: &str, given: Dynamic) -> Result<Value, Box<EvalAltResult>> {
    let given = match given.try_cast_result::<Value>() {
        Ok(value) => return Ok(value),
        Err(given) => given,
    };
    #[expect(clippy::cast_precision_loss, reason = "a number a person wrote")]
    let plain = given.as_float().ok().or_else(|| given.as_int().ok().map(|whole| whole as f64));
    match plain {
        Some(plain) if plain.is_finite() => Ok(Value::constant(plain)),
        Some(_) => {
            Err(wrong(format!("check({label:?}): the {role} is no finite number; is something divided by zero?")))
        }
        None => Err(wrong(format!("check({label:?}): the {role} is no number, but {}", given.type_name()))),
    }
}

/// The limit a value must pass on the safe side before its level may fall.
fn eased(value: &Value, op: Op, limit: Value, easing: &HoldSpec) -> Value {
    let margin = value.input.and_then(|input| easing.clear_margin.get(&input));
    let input = limit.input;
    let mut limit = match (margin, easing.clear_ratio) {
        (Some(margin), _) if op.is_upward() => limit.minus(&Value::constant(*margin)),
        (Some(margin), _) => limit.plus(&Value::constant(*margin)),
        (None, Some(ratio)) if op.is_upward() => limit.times(&Value::constant(ratio)),
        (None, Some(ratio)) => limit.over(&Value::constant(ratio)),
        (None, None) => limit,
    };
    limit.input = input;
    limit
}

/// The names of all functions, and whether the last argument of each is a window.
fn functions(engine: &Engine) -> Vec<(String, bool)> {
    let json = engine.gen_fn_metadata_to_json(true).unwrap_or_default();
    let metadata: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
    let all = metadata["functions"].as_array().cloned().unwrap_or_default();
    let function = |function: serde_json::Value| {
        let name = function["name"].as_str()?.to_owned();
        let last =
            function["params"].as_array().and_then(|params| params.last()?.get("name")?.as_str().map(str::to_owned));
        Some((name, last.as_deref() == Some("window")))
    };
    all.into_iter().filter_map(function).collect()
}

/// The place of a position in a source, for mistakes.
pub(super) fn line_column(position: Position) -> (usize, usize) {
    (position.line().unwrap_or(1), position.position().unwrap_or(1))
}

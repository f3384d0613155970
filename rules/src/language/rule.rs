//! A compiled rule: header, syntax tree, and how far back each input must be remembered.

use super::header::{self, Header, Setting};
use super::host::{FORBIDDEN, Host, line_column};
use super::input::{Input, Stream, StreamFacts};
use super::lint;
use super::sense;
use crate::flag::Flag;
use crate::series::{Sample, Series};
use bongsu_sensors::catalog::StationIndex;
use bongsu_sensors::document::nearest;
use bongsu_sensors::mistake::{Mistake, Mistakes, Origin, Source};
use bongsu_sensors::{Level, Time};
use jiff::civil::DateTime;
use rhai::{AST, Dynamic, Expr, OptimizationLevel, ParseErrorType, Position, Stmt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest window a rule may ask for: the horizon of soil water and seasons of a month.
pub const WINDOW_LIMIT: Duration = Duration::from_secs(40 * 86_400);

/// A rule that is ready to run.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its header.
    pub header: Arc<Header>,
    /// Where it was read from.
    pub source: Arc<Source>,
    /// How far back each input must be remembered, by place.
    pub look_back: Vec<Duration>,
    /// The shortest window each input is asked for, by place, and where that is written.
    pub shortest: Vec<Option<(Duration, Origin)>>,
    /// It asks for the hour, the day or the season.
    pub asks_calendar: bool,
    /// The units of checks by label, where they are certain.
    pub units: BTreeMap<String, String>,
    pub(super) ast: AST,
    /// How many of its statements decide; those after them only support what these find.
    deciding: usize,
}

/// The values of a rule's parameters at one place, in the order of the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments {
    settings: Vec<Setting>,
    /// What the clocks and calendars of the city show, for rules that ask.
    pub moment: Option<DateTime>,
}

impl Arguments {
    /// The defaults of the header.
    pub fn defaults(header: &Header) -> Arguments {
        let settings = header.params.iter().map(|param| param.default.clone()).collect();
        Arguments { settings, moment: None }
    }

    /// The defaults with other values for some parameters; a name the header does not know is passed over.
    pub fn with(mut self, header: &Header, set: &[(String, Setting)]) -> Arguments {
        for (name, setting) in set {
            if let Some(at) = header.params.iter().position(|param| param.name == *name) {
                self.settings[at] = setting.clone();
            }
        }
        self
    }

    /// The same at a moment of the city's clocks and calendars.
    pub fn at(&self, moment: DateTime) -> Arguments {
        Arguments { settings: self.settings.clone(), moment: Some(moment) }
    }

    /// The values, in the order of the header.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

impl Host {
    /// Compiles a rule and runs it dry, so that what loads also runs.
    ///
    /// # Errors
    /// Every mistake of the header and the body.
    pub fn compile(&self, source: &Arc<Source>) -> Result<Rule, Vec<Mistake>> {
        let mistakes = Mistakes::new();
        let (header, names) = header::read(source, &mistakes);
        let mut scope = rhai::Scope::new();
        for name in &names {
            // Not as constants: the engine would put their values in the place of their names.
            scope.push(name.as_str(), ());
        }
        let tree = match self.engine.compile_with_scope(&scope, &source.text) {
            Ok(tree) => Some(tree),
            Err(error) => {
                mistakes.extend([grammar(source, &error, &names)]);
                None
            }
        };
        let (Some(header), Some(mut ast)) = (header, tree) else { return Err(mistakes.into_vec()) };
        let found = lint::lint(self, source, &header, &ast, &mistakes);
        let units = sense::judge(source, &header, &ast, &mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes.into_vec());
        }
        ast.clear_source();
        let ast = self.engine.optimize_ast(&rhai::Scope::new(), ast, OptimizationLevel::Simple);
        let deciding = ast.statements().len() - supporting_at_the_end(ast.statements(), &header.hold.corroborate);
        let mut header = header;
        header.hold.steps = found.raised.into_iter().collect();
        let rule = Rule {
            header: Arc::new(header),
            source: source.clone(),
            look_back: found.look_back,
            shortest: found.shortest,
            asks_calendar: found.asks_calendar,
            units,
            ast,
            deciding,
        };
        match dry_run(self, &rule) {
            None => Ok(rule),
            Some(mistake) => Err(vec![mistake]),
        }
    }
}

impl Rule {
    /// The statements that decide, and those at the end that only support what these find.
    pub(super) fn statements(&self) -> (&[Stmt], &[Stmt]) {
        self.ast.statements().split_at(self.deciding)
    }

    /// The variables of a run.
    pub(super) fn scope(&self, inputs: &[Input], arguments: &Arguments) -> rhai::Scope<'static> {
        let mut scope = rhai::Scope::with_capacity(inputs.len() + arguments.settings.len() + 8);
        for (spec, input) in self.header.inputs.iter().zip(inputs) {
            scope.push_constant_dynamic(spec.name.as_str(), Dynamic::from(input.clone()));
        }
        for (param, setting) in self.header.params.iter().zip(&arguments.settings) {
            let value = match setting {
                Setting::Number(number) => Dynamic::from_float(*number),
                Setting::Duration(text) => Dynamic::from(text.clone()),
            };
            scope.push_constant_dynamic(param.name.as_str(), value);
        }
        scope
    }
}

/// How many statements at the end are nothing but checks that support a level: nothing that decides depends on them.
fn supporting_at_the_end(statements: &[Stmt], supporting: &[String]) -> usize {
    let is_support = |statement: &Stmt| {
        let call = match statement {
            Stmt::FnCall(call, _) => call,
            Stmt::Expr(expr) => match &**expr {
                Expr::FnCall(call, _) => call,
                _ => return false,
            },
            _ => return false,
        };
        let Some(Expr::StringConstant(label, _)) = call.args.first() else { return false };
        call.name == "check" && supporting.iter().any(|supporting| *supporting == **label)
    };
    statements.iter().rev().take_while(|statement| is_support(statement)).count()
}

/// The origin of a position in the body: the word that stands there.
pub(super) fn origin(source: &Arc<Source>, position: Position) -> Origin {
    let (line, column) = line_column(position);
    let start = source.offset(line, column);
    let word = source.text[start..].bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    Origin { source: source.clone(), span: start..start + word.max(1).min(source.text.len() - start) }
}

/// A mistake of the script's grammar in the words of this language.
fn grammar(source: &Arc<Source>, error: &rhai::ParseError, names: &[String]) -> Mistake {
    let origin = origin(source, error.position());
    let forbidden = |word: &str| FORBIDDEN.iter().find(|(known, _)| *known == word).map(|(_, instead)| *instead);
    match error.err_type() {
        ParseErrorType::VariableUndefined(name) => {
            let remedy = match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known names: {}", names.join(", ")),
            };
            Mistake::new(&origin, format!("unknown name `{name}`"), remedy)
        }
        ParseErrorType::VariableExists(name) => {
            Mistake::new(&origin, format!("`{name}` exists already"), "choose another name")
        }
        ParseErrorType::Reserved(word) => {
            let remedy = forbidden(word).unwrap_or("choose another name");
            Mistake::new(&origin, format!("`{word}` is not part of the rule language"), remedy)
        }
        ParseErrorType::BadInput(rhai::LexError::ImproperSymbol(word, _)) if forbidden(word).is_some() => {
            let remedy = forbidden(word).unwrap_or_default();
            Mistake::new(&origin, format!("`{word}` is not part of the rule language"), remedy)
        }
        other => Mistake::new(&origin, lowercase_first(&other.to_string()), ""),
    }
}

fn lowercase_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Runs the rule over silence and over made-up observations: unknown functions and wrong arguments show only when a
/// sentence is run.
fn dry_run(host: &Host, rule: &Rule) -> Option<Mistake> {
    let moment = Some(DateTime::constant(2026, 7, 8, 0, 0, 0, 0));
    let arguments = Arguments { moment, ..Arguments::defaults(&rule.header) };
    for filled in [false, true] {
        let inputs: Vec<Input> = (0..).zip(&rule.header.inputs).map(|(at, spec)| made_up(at, spec, filled)).collect();
        if let Err(failure) = host.evaluate(rule, &inputs, &arguments) {
            let position = Position::new(
                u16::try_from(failure.line.max(1)).unwrap_or(u16::MAX),
                u16::try_from(failure.column.max(1)).unwrap_or(u16::MAX),
            );
            let message = format!("the rule fails when it is run: {}", failure.message);
            return Some(Mistake::new(&origin(&rule.source, position), message, "see `bongsu rules reference`"));
        }
    }
    None
}

fn made_up(index: u8, spec: &header::InputSpec, filled: bool) -> Input {
    let now = Time::from_millis(1_500_000_000_000);
    let kind = spec.kind.map_or(&bongsu_sensors::kind::ALL[0], bongsu_sensors::KindId::kind);
    let mut series = Series::default();
    if filled {
        let middle = f64::midpoint(kind.range.0, kind.range.1);
        for back in (0..20_u32).rev() {
            let value = middle + f64::from(back % 3) * kind.resolution;
            series.insert(Sample { time: now - kind.cadence * back, value, flag: Flag::Pass });
        }
    }
    let levels: BTreeMap<Level, f64> = Level::RAISED.into_iter().map(|level| (level, kind.range.1)).collect();
    let facts = StreamFacts {
        station: StationIndex(0),
        cadence: kind.cadence,
        nature: kind.nature,
        resolution: kind.resolution,
        levels,
    };
    let stream = Stream::until(now, Arc::new(facts), Arc::new(series), filled.then_some(now));
    let stream = Stream { silent: !filled, ..stream };
    Input {
        index,
        now,
        streams: Arc::new([stream].into_iter().collect()),
        min_stations: spec.min_stations,
        absent: false,
    }
}

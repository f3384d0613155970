//! What a rule must not say, told before it ever runs; and how far back its windows reach.
//!
//! The script engine would accept all of this. `if a && b` would read an unknown check as false; `raise` in an `else`
//! would warn because data is missing; a bare `depth > 15` would leave no evidence.

use super::calendar;
use super::header::{Header, Setting};
use super::host::{ACROSS_WORDS, Host};
use super::rule::{WINDOW_LIMIT, origin};
use super::value::{Across, Op};
use bongsu_sensors::document::nearest;
use bongsu_sensors::mistake::{Mistakes, Origin, Source};
use bongsu_sensors::time::parse_duration;
use bongsu_sensors::{Level, name};
use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Operators that forget what is unknown, or leave no evidence, with what to write instead.
const OPERATORS: [(&str, &str); 8] = [
    ("!", "write not(a)"),
    (">", COMPARE),
    (">=", COMPARE),
    ("<", COMPARE),
    ("<=", COMPARE),
    ("==", COMPARE),
    ("!=", COMPARE),
    ("%", "write the arithmetic with + - * /"),
];
const COMPARE: &str = "write check(\"label\", value, \">=\", limit): it records the evidence";

/// What a body asks of its surroundings.
pub struct Found {
    /// The levels it raises.
    pub raised: BTreeSet<Level>,
    /// How far back each input must be remembered, by place.
    pub look_back: Vec<Duration>,
    /// The shortest window each input is asked for, by place, and where that is written.
    pub shortest: Vec<Option<(Duration, Origin)>>,
    /// It asks for the hour, the day or the season.
    pub asks_calendar: bool,
}

/// Judges a rule's body.
pub fn lint(host: &Host, source: &Arc<Source>, header: &Header, ast: &AST, mistakes: &Mistakes) -> Found {
    let mut lint = Lint {
        host,
        source,
        header,
        mistakes,
        found: Found {
            raised: BTreeSet::new(),
            look_back: vec![Duration::ZERO; header.inputs.len()],
            shortest: vec![None; header.inputs.len()],
            asks_calendar: false,
        },
        in_else: Vec::new(),
    };
    ast.walk(&mut |path| {
        lint.node(path);
        true
    });
    lint.levels();
    lint.found
}

struct Lint<'a> {
    host: &'a Host,
    source: &'a Arc<Source>,
    header: &'a Header,
    mistakes: &'a Mistakes,
    found: Found,
    in_else: Vec<Position>,
}

impl Lint<'_> {
    fn complain(&self, at: Position, message: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.add(&origin(self.source, at), message, remedy);
    }

    fn node(&mut self, path: &[ASTNode<'_>]) {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::If(flow, _))) => self.branch(flow.branch.statements()),
            Some(ASTNode::Stmt(Stmt::Switch(_, at))) => {
                self.complain(*at, "`switch` is not part of the rule language", "write several `if`")
            }
            Some(ASTNode::Stmt(Stmt::TryCatch(_, at))) => self.complain(
                *at,
                "`try` is not part of the rule language",
                "what is missing is unknown, never an error",
            ),
            Some(ASTNode::Expr(Expr::And(_, at))) => {
                self.complain(*at, "`&&` would read unknown as false", "write all([a, b])")
            }
            Some(ASTNode::Expr(Expr::Or(_, at))) => {
                self.complain(*at, "`||` would read unknown as false", "write any([a, b])")
            }
            Some(ASTNode::Expr(Expr::Coalesce(_, at))) => {
                self.complain(*at, "`??` is not part of the rule language", "what is missing is unknown")
            }
            Some(ASTNode::Expr(Expr::Map(_, at))) => {
                self.complain(*at, "maps are not part of the rule language", "write a list [a, b]")
            }
            Some(ASTNode::Stmt(Stmt::FnCall(call, at)) | ASTNode::Expr(Expr::FnCall(call, at))) => {
                self.call(call, *at, false, path)
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, at))) => self.call(call, *at, true, path),
            _ => {}
        }
    }

    /// A `raise` in an `else` would be reached because something is unknown.
    fn branch(&mut self, branch: &[Stmt]) {
        let mut found = Vec::new();
        for statement in branch {
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
                if let Some(ASTNode::Stmt(Stmt::FnCall(call, at)) | ASTNode::Expr(Expr::FnCall(call, at))) = path.last()
                    && call.name == "raise"
                    && !self.in_else.contains(at)
                {
                    found.push(*at);
                }
                true
            });
        }
        for at in found {
            self.in_else.push(at);
            let message = "`raise` in an `else` would also be reached when the check is unknown";
            self.complain(at, message, "write its own `if`, with not(…) where it is meant");
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position, is_method: bool, path: &[ASTNode<'_>]) {
        let name = call.name.as_str();
        if let Some((_, instead)) = OPERATORS.iter().find(|(sign, _)| call.op_token.is_some() && *sign == name) {
            self.complain(at, format!("`{name}` is not part of the rule language"), *instead);
            return;
        }
        match (name, is_method) {
            ("check", false) => self.check(call, at),
            ("raise", false) => self.raise(call, at),
            (word, false) if calendar::WORDS.contains(&word) => self.found.asks_calendar = true,
            ("limit", true) => {
                self.literal(call, 0, at, |text| text.parse::<Level>().err());
            }
            ("across", true) => {
                let known = |text: &str| Across::parse(text).is_none().then(|| ACROSS_WORDS.to_owned());
                self.literal(call, 0, at, known);
            }
            _ if self.host.windowed.contains(name) => self.window(call, at, path),
            _ if call.op_token.is_none() && !self.host.known.contains(name) => {
                let remedy = match nearest(name, self.host.known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`bongsu rules reference` lists every word".to_owned(),
                };
                self.complain(at, format!("unknown function `{name}`"), remedy);
            }
            _ => {}
        }
    }

    /// A text argument that must stand there literally, so that it can be judged now.
    fn literal(
        &self,
        call: &FnCallExpr,
        place: usize,
        at: Position,
        wrong: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        match call.args.get(place) {
            Some(Expr::StringConstant(text, at)) => match wrong(text) {
                None => return Some(text.to_string()),
                Some(remedy) => self.complain(*at, format!("{text:?} cannot stand here"), remedy),
            },
            Some(other) => self.complain(
                other.start_position(),
                format!("`{}` takes a text written out here", call.name),
                "write it in quotes",
            ),
            None => self.complain(at, format!("`{}` lacks an argument", call.name), "see `bongsu rules reference`"),
        }
        None
    }

    fn check(&self, call: &FnCallExpr, at: Position) {
        if call.args.len() != 4 {
            self.complain(at, "`check` takes four things", "check(\"label\", value, \">=\", limit)");
            return;
        }
        self.literal(call, 0, at, |label| {
            if self.header.labels.contains_key(label) {
                return None;
            }
            Some(match nearest(label, self.header.labels.keys().map(String::as_str)) {
                Some(near) => format!("did you mean the label {near:?}?"),
                None if name::is_name(label) => format!("add to [labels]: {label} = {{ ko = \"…\", en = \"…\" }}"),
                None => "the first thing of a check is a key of [labels]".to_owned(),
            })
        });
        self.literal(call, 2, at, |op| {
            Op::parse(op).is_none().then(|| "write \">=\", \">\", \"<=\" or \"<\"".to_owned())
        });
    }

    fn raise(&mut self, call: &FnCallExpr, at: Position) {
        let level = self.literal(call, 0, at, |text| text.parse::<Level>().err());
        self.found.raised.extend(level.and_then(|level| level.parse::<Level>().ok()));
    }

    /// The window of a method, which is a text or a duration parameter; the input it is asked of must remember so far.
    fn window(&mut self, call: &FnCallExpr, at: Position, path: &[ASTNode<'_>]) {
        let length = match call.args.last() {
            Some(Expr::StringConstant(text, at)) => self.length(text, *at).map(|length| (length, length, *at)),
            Some(Expr::Variable(variable, _, at)) => {
                let param = self.header.params.iter().find(|param| param.name == variable.1.as_str());
                match param.map(|param| (&param.max, &param.default)) {
                    Some((Setting::Duration(longest), Setting::Duration(usual))) => {
                        self.length(longest, *at).zip(parse_duration(usual)).map(|(most, usual)| (most, usual, *at))
                    }
                    _ => {
                        self.complain(
                            *at,
                            format!("`{}` is no window", variable.1),
                            "write a text such as \"1h\", or a duration parameter",
                        );
                        None
                    }
                }
            }
            Some(other) => {
                self.complain(
                    other.start_position(),
                    "no window",
                    "write a text such as \"1h\", or a duration parameter",
                );
                None
            }
            None => {
                self.complain(at, format!("`{}` lacks its window", call.name), "write one such as \"1h\"");
                None
            }
        };
        let Some((longest, usual, at)) = length else { return };
        let root = path.iter().rev().find_map(|node| match node {
            ASTNode::Expr(Expr::Dot(dot, ..)) => match &dot.lhs {
                Expr::Variable(variable, ..) => Some(variable.1.as_str()),
                _ => None,
            },
            _ => None,
        });
        let place_of = |name: &str| self.header.inputs.iter().position(|input| input.name == name);
        let asked = root.and_then(place_of);
        // A statistic of two inputs looks back in both.
        let also = |arg: &Expr| match arg {
            Expr::Variable(variable, ..) => place_of(variable.1.as_str()),
            _ => None,
        };
        let also: Vec<usize> = call.args.iter().filter_map(also).collect();
        for (place, look_back) in self.found.look_back.iter_mut().enumerate() {
            // A window on something that was renamed by `let` may belong to any input.
            if asked.is_none_or(|asked| asked == place) || also.contains(&place) {
                *look_back = (*look_back).max(longest);
            }
        }
        if let Some(shortest) = asked.map(|asked| &mut self.found.shortest[asked])
            && shortest.as_ref().is_none_or(|(shortest, _)| usual < *shortest)
        {
            *shortest = Some((usual, origin(self.source, at)));
        }
    }

    fn length(&self, text: &str, at: Position) -> Option<Duration> {
        let length = parse_duration(text).filter(|length| !length.is_zero() && *length <= WINDOW_LIMIT);
        if length.is_none() {
            let remedy = "write one such as \"10m\", \"1h\" or \"3d\", up to 40 days";
            self.complain(at, format!("{text:?} is no window"), remedy);
        }
        length
    }

    /// Levels that are released but never raised, and a rule that raises nothing.
    fn levels(&self) {
        let whole = Origin { source: self.source.clone(), span: 0..0 };
        if self.found.raised.is_empty() {
            self.mistakes.add(&whole, "the rule never raises a level", "write if check(…) { raise(\"advisory\") }");
        }
        for level in self.header.release.keys().filter(|level| !self.found.raised.contains(level)) {
            let message = format!("[release] names {level}, which the rule never raises");
            self.mistakes.add(&whole, message, "remove the line, or raise the level");
        }
    }
}

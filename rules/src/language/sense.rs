//! What a rule says that cannot be meant: a height compared with an amount of rain, a limit that no sensor's value that
//! is believed can reach, a level that a higher one always covers.
//!
//! Only what is certain is a mistake. Where a unit or a number is not known here, nothing is said.

use super::header::{Header, Setting};
use super::rule::origin;
use super::value::Op;
use bongsu_sensors::mistake::{Mistakes, Source};
use bongsu_sensors::{KindId, Level};
use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Methods that answer in the unit of their input.
const IN_UNIT: [&str; 12] =
    ["last", "mean", "max", "min", "median", "percentile", "limit", "sum", "rise", "stddev", "shift", "ewma"];
/// Methods that answer in the unit of their input per hour.
const PER_HOUR: [&str; 2] = ["slope", "rate"];
/// Methods that answer in minutes.
const IN_MINUTES: [&str; 3] = ["eta", "age", "lag"];
/// Methods whose answer lies where the input's values lie.
const WITHIN_RANGE: [&str; 6] = ["last", "mean", "max", "min", "median", "percentile"];
/// Methods that leave the unit of a number as it is.
const TRANSPARENT: [&str; 2] = ["across", "abs"];

/// One check that alone decides a level: what it asks, and from where on.
struct Decides {
    asked: String,
    op: Op,
    limit: f64,
    level: Level,
    at: Position,
}

/// Finds what makes no sense in a rule's body. Answers the units of its checks by their labels, where they are certain:
/// evidence is told in them where a value has left the unit of its input.
pub fn judge(source: &Arc<Source>, header: &Header, ast: &AST, mistakes: &Mistakes) -> BTreeMap<String, String> {
    let mut sense =
        Sense { source, header, mistakes, names: BTreeMap::new(), decides: Vec::new(), units: BTreeMap::new() };
    ast.walk(&mut |path| {
        sense.node(path);
        true
    });
    sense.covered_levels();
    sense.units
}

struct Sense<'a> {
    source: &'a Arc<Source>,
    header: &'a Header,
    mistakes: &'a Mistakes,
    /// Names given by `let`, with the expression each stands for.
    names: BTreeMap<String, Expr>,
    decides: Vec<Decides>,
    /// The units of checks by label.
    units: BTreeMap<String, String>,
}

impl Sense<'_> {
    fn node(&mut self, path: &[ASTNode<'_>]) {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(named, ..))) => {
                self.names.insert(named.0.name.to_string(), named.1.clone());
            }
            Some(ASTNode::Stmt(Stmt::If(flow, _))) => {
                for statement in flow.body.statements() {
                    let call = match statement {
                        Stmt::FnCall(call, _) => Some(call),
                        Stmt::Expr(last) => match &**last {
                            Expr::FnCall(call, _) => Some(call),
                            _ => None,
                        },
                        _ => None,
                    };
                    self.decides.extend(call.and_then(|call| self.decides(&flow.expr, call)));
                }
            }
            Some(ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))) => {
                self.call(call, *at);
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        match (call.name.as_str(), &call.args[..]) {
            ("check", [label, value, _, limit]) => {
                if let (Expr::StringConstant(label, _), Some(unit)) =
                    (label, self.unit(value).or_else(|| self.unit(limit)))
                {
                    self.units.insert(label.to_string(), unit);
                }
                self.same_unit(value, limit, limit.start_position(), "compared with");
                self.within_range(call);
            }
            ("+", [a, b]) if call.op_token.is_some() => self.same_unit(a, b, at, "added to"),
            ("-", [a, b]) if call.op_token.is_some() => self.same_unit(b, a, at, "taken from"),
            _ => {}
        }
    }

    fn same_unit(&self, a: &Expr, b: &Expr, at: Position, joined: &str) {
        if let (Some(a), Some(b)) = (self.unit(a), self.unit(b))
            && a != b
        {
            let message = format!("something in {a} is {joined} something in {b}");
            self.mistakes.add(&origin(self.source, at), message, "bring both to one unit, or correct `unit`");
        }
    }

    /// The unit of an expression, where it is certain and one that can be wrong.
    fn unit(&self, expr: &Expr) -> Option<String> {
        let unit = match expr {
            Expr::Variable(variable, ..) => {
                let name = variable.1.as_str();
                match self.names.get(name) {
                    Some(meant) => self.unit(meant),
                    None => self.header.params.iter().find(|param| param.name == name).map(|param| param.unit.clone()),
                }
            }
            Expr::Dot(..) => {
                let (root, methods) = self.chain(expr)?;
                let kind = self.kind(&root);
                let method = methods.iter().find(|method| !TRANSPARENT.contains(&method.as_str()));
                match (method.map(String::as_str), kind) {
                    (Some(method), _) if IN_MINUTES.contains(&method) => Some("min".to_owned()),
                    (Some(method), Some(kind)) if IN_UNIT.contains(&method) => Some(kind.kind().unit.to_owned()),
                    (Some(method), Some(kind)) if PER_HOUR.contains(&method) => Some(format!("{}/h", kind.kind().unit)),
                    (None, None) => match &root {
                        Root::Other(inner) => self.unit(inner),
                        Root::Input(_) => None,
                    },
                    _ => None,
                }
            }
            Expr::FnCall(call, _) if call.op_token.is_some() => match (call.name.as_str(), &call.args[..]) {
                ("+" | "-", [a, b]) => self.unit(a).or_else(|| self.unit(b)),
                ("-", [a]) => self.unit(a),
                _ => None,
            },
            _ => None,
        };
        // What counts, or is a part of something, may stand beside anything.
        unit.filter(|unit| !unit.is_empty() && unit != "1" && unit != "%" && !unit.starts_with('{'))
    }

    /// What a chain of methods begins with, and the methods that follow.
    fn chain(&self, expr: &Expr) -> Option<(Root, Vec<String>)> {
        let Expr::Dot(dot, ..) = expr else { return None };
        let mut methods = Vec::new();
        let mut rest = &dot.rhs;
        loop {
            match rest {
                Expr::MethodCall(call, _) => {
                    methods.push(call.name.to_string());
                    break;
                }
                Expr::Dot(more, ..) => {
                    let Expr::MethodCall(call, _) = &more.lhs else { return None };
                    methods.push(call.name.to_string());
                    rest = &more.rhs;
                }
                _ => return None,
            }
        }
        let root = match &dot.lhs {
            Expr::Variable(variable, ..) => {
                let name = variable.1.as_str();
                match (self.header.inputs.iter().position(|input| input.name == name), self.names.get(name)) {
                    (Some(input), _) => Root::Input(input),
                    (None, Some(meant)) => Root::Other(meant.clone()),
                    (None, None) => return None,
                }
            }
            other => Root::Other(other.clone()),
        };
        Some((root, methods))
    }

    fn kind(&self, root: &Root) -> Option<KindId> {
        match root {
            Root::Input(at) => self.header.inputs[*at].kind,
            Root::Other(_) => None,
        }
    }

    /// A number that stands here for certain: written out, or a parameter's default.
    fn number(&self, expr: &Expr) -> Option<f64> {
        match expr {
            Expr::FloatConstant(number, _) => Some(**number),
            Expr::Variable(variable, ..) => {
                let param = self.header.params.iter().find(|param| param.name == variable.1.as_str())?;
                match param.default {
                    Setting::Number(number) => Some(number),
                    Setting::Duration(_) => None,
                }
            }
            _ => None,
        }
    }

    /// A limit beyond what quality control believes of the kind: nothing that is believed reaches it.
    fn within_range(&self, call: &FnCallExpr) {
        let [_, value, Expr::StringConstant(op, _), limit] = &call.args[..] else { return };
        let value = match value {
            Expr::Variable(variable, ..) => self.names.get(variable.1.as_str()).unwrap_or(value),
            _ => value,
        };
        let Some((root, methods)) = self.chain(value) else { return };
        let plain = methods.iter().all(|m| WITHIN_RANGE.contains(&m.as_str()) || m == "across");
        let (Some(kind), true, Some(limit_is), Some(op)) = (self.kind(&root), plain, self.number(limit), Op::parse(op))
        else {
            return;
        };
        let kind = kind.kind();
        // The rises of a counter are no readings of it.
        if kind.nature == bongsu_sensors::Nature::Counter {
            return;
        }
        let (low, high) = kind.range;
        let beyond = if op.is_upward() { !op.holds(high, limit_is) } else { !op.holds(low, limit_is) };
        if beyond {
            let message = format!("no {} of {} is ever {} {limit_is}", kind.name, kind.unit, op.sign());
            let remedy = format!("readings beyond {low} to {high} are not believed; the level would never be reached");
            self.mistakes.add(&origin(self.source, limit.start_position()), message, remedy);
        }
    }

    /// What an `if` with a single check decides by itself.
    fn decides(&self, condition: &Expr, then: &FnCallExpr) -> Option<Decides> {
        let (Expr::FnCall(check, _), "raise", [Expr::StringConstant(level, at)]) =
            (condition, then.name.as_str(), &then.args[..])
        else {
            return None;
        };
        let ("check", [_, value, Expr::StringConstant(op, op_at), limit]) = (check.name.as_str(), &check.args[..])
        else {
            return None;
        };
        let (from, to) = (value.start_position(), *op_at);
        let offset = |at: Position| self.source.offset(at.line().unwrap_or(1), at.position().unwrap_or(1));
        let asked = self.source.text.get(offset(from)..offset(to))?;
        Some(Decides {
            asked: asked.split_whitespace().collect(),
            op: Op::parse(op)?,
            limit: self.number(limit)?,
            level: level.parse().ok()?,
            at: *at,
        })
    }

    /// A level that is reached only where a higher one is reached too, and by nothing else.
    fn covered_levels(&self) {
        for low in &self.decides {
            let covers = |high: &&Decides| {
                high.level > low.level
                    && high.asked == low.asked
                    && high.op == low.op
                    && if low.op.is_upward() { high.limit <= low.limit } else { high.limit >= low.limit }
            };
            let is_only_way = self.decides.iter().filter(|other| other.level == low.level).count() == 1;
            if let Some(high) = self.decides.iter().find(covers).filter(|_| is_only_way) {
                let message = format!("{} is never the answer: {} is reached no later", low.level, high.level);
                let remedy = format!("give {} the limit that is reached first", low.level);
                self.mistakes.add(&origin(self.source, low.at), message, remedy);
            }
        }
    }
}

/// What a chain of methods begins with.
enum Root {
    /// An input, by its place.
    Input(usize),
    /// Another expression.
    Other(Expr),
}

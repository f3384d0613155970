//! How far a parameter reaches into a rule: into limits alone, so that moving it changes what values are compared with and
//! never the values, or into the values too.

use super::rule::Rule;
use rhai::{ASTNode, Expr, FnCallExpr, Stmt};

impl Rule {
    /// How many checks its body writes, where every one of them compares with something that no observation changes:
    /// parameters, numbers, limits of the catalog and their arithmetic. `None`: one of them does not.
    pub(crate) fn fixed_limits(&self) -> Option<usize> {
        let (mut checks, mut fixed) = (0, true);
        self.each_check(|call| {
            checks += 1;
            fixed &= call.args.get(3).is_some_and(|limit| self.is_fixed(limit));
        });
        fixed.then_some(checks)
    }

    /// Whether a parameter stands in limits of checks and nowhere else.
    pub fn only_in_limits(&self, param: &str) -> bool {
        let mut all = 0;
        self.ast.walk(&mut |path: &[ASTNode<'_>]| {
            all += usize::from(matches!(path.last(), Some(ASTNode::Expr(expr)) if is_named(expr, param)));
            true
        });
        let mut in_limits = 0;
        self.each_check(|call| {
            let Some(limit) = call.args.get(3) else { return };
            limit.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
                in_limits += usize::from(matches!(path.last(), Some(ASTNode::Expr(expr)) if is_named(expr, param)));
                true
            });
        });
        all == in_limits
    }

    fn each_check(&self, mut each: impl FnMut(&FnCallExpr)) {
        self.ast.walk(&mut |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _))) = path.last()
                && call.name == "check"
            {
                each(call);
            }
            true
        });
    }

    fn is_fixed(&self, limit: &Expr) -> bool {
        match limit {
            Expr::FloatConstant(..) | Expr::IntegerConstant(..) => true,
            Expr::Variable(variable, ..) => self.header.params.iter().any(|param| param.name == variable.1.as_str()),
            Expr::FnCall(call, _) => call.op_token.is_some() && call.args.iter().all(|arg| self.is_fixed(arg)),
            Expr::Dot(dot, ..) => {
                matches!((&dot.lhs, &dot.rhs), (Expr::Variable(..), Expr::MethodCall(call, _)) if call.name == "limit")
            }
            _ => false,
        }
    }
}

fn is_named(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Variable(variable, ..) if variable.1.as_str() == name)
}

//! The operators between two operands, also those of other languages.

use crate::diagnostic::Code;

use super::super::ast::{Binary, Comparison, Join, Math};
use super::super::lexer::Kind;
use super::Parser;

/// An operator between two operands.
#[derive(Clone, Copy)]
pub(super) enum Infix {
    Join(Join),
    Binary(Binary),
    /// `not in`, which is reported and read as if it stood in front.
    NotIn,
}

pub(super) const OR: u8 = 1;
const AND: u8 = 2;
pub(super) const RELATION: u8 = 3;
const SUM: u8 = 4;
const PRODUCT: u8 = 5;

fn operator(kind: Kind) -> Option<(Infix, u8)> {
    let compare = |comparison| (Infix::Binary(Binary::Compare(comparison)), RELATION);
    let math = |math, binds| (Infix::Binary(Binary::Math(math)), binds);
    Some(match kind {
        Kind::Or => (Infix::Join(Join::Or), OR),
        Kind::And => (Infix::Join(Join::And), AND),
        Kind::Equal => compare(Comparison::Equal),
        Kind::NotEqual => compare(Comparison::NotEqual),
        Kind::Less => compare(Comparison::Less),
        Kind::LessEqual => compare(Comparison::LessEqual),
        Kind::Greater => compare(Comparison::Greater),
        Kind::GreaterEqual => compare(Comparison::GreaterEqual),
        Kind::Plus => math(Math::Add, SUM),
        Kind::Minus => math(Math::Subtract, SUM),
        Kind::Times => math(Math::Multiply, PRODUCT),
        Kind::Divide => math(Math::Divide, PRODUCT),
        Kind::Remainder => math(Math::Remainder, PRODUCT),
        _ => return None,
    })
}

impl Parser<'_, '_, '_, '_> {
    /// The operator that stands here, how tightly it binds, and how it should be written if it isn't.
    pub(super) fn operator(&self) -> Option<(Infix, u8, &'static str)> {
        let token = self.peek();
        if let Some((infix, binds)) = operator(token.kind) {
            return Some((infix, binds, ""));
        }
        let word = self.word(token);
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        let equal = Infix::Binary(Binary::Compare(Comparison::Equal));
        Some(match word {
            "" => return None,
            "in" => (Infix::Binary(Binary::In), RELATION, ""),
            _ if is("in") => (Infix::Binary(Binary::In), RELATION, "in"),
            _ if is("and") => (Infix::Join(Join::And), AND, "&&"),
            _ if is("or") => (Infix::Join(Join::Or), OR, "||"),
            _ if is("is") || is("eq") || is("equals") => (equal, RELATION, "=="),
            _ if is("not") && self.word(self.ahead(1)) == "in" => (Infix::NotIn, RELATION, "!"),
            _ => return None,
        })
    }

    pub(super) fn step_over(&mut self, infix: Infix, meant: &str) {
        let token = self.next();
        if let Infix::NotIn = infix {
            let span = token.span.to(self.next().span);
            let help = "`in` is negated as a whole: `!(model in [\"a\", \"b\"])`";
            self.error(span, &["`not in` isn't an operator"], "", &[help]);
        } else if !meant.is_empty() {
            let written = self.report.quote(token.span);
            let message = [&*written, " isn't an operator"];
            self.report.mend(Code::ConditionSyntax, token.span, &message, &["write `", meant, "`"], meant);
        }
    }
}

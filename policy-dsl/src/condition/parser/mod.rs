//! Tokens to an expression, by the precedence of the operators. Ends at the first thing that can't be read; mistakes that
//! can only be meant in one way, such as `and`, are reported and read so.

mod operator;
mod unexpected;

use crate::diagnostic::Code;
use crate::span::Span;

use super::ast::{Binary, Call, Expr, Form};
use super::lexer::{Kind, Token};
use super::literal;
use super::source::Report;
use operator::{Infix, OR, RELATION};

/// Expressions inside each other; also so many operators of one kind in a row, except `&&` and `||`.
pub(super) const MAX_DEPTH: usize = 32;

/// The condition, or `None` when it can't be read; what is wrong is then reported.
pub(super) fn parse<'s>(tokens: &[Token], report: &mut Report<'s, '_>) -> Option<Expr<'s>> {
    let mut parser = Parser { tokens, at: 0, depth: 0, report };
    let expr = parser.expression()?;
    let next = parser.peek();
    if next.kind != Kind::End {
        parser.left_over(next);
        return None;
    }
    Some(expr)
}

struct Parser<'t, 's, 'k, 'r> {
    tokens: &'t [Token],
    at: usize,
    /// Of the calls of this parser, so that hostile input can't exhaust the stack.
    depth: usize,
    report: &'k mut Report<'s, 'r>,
}

impl<'s> Parser<'_, 's, '_, '_> {
    fn peek(&self) -> Token {
        self.ahead(0)
    }

    /// INVARIANT: the last token is the end, and nothing steps over it.
    fn ahead(&self, count: usize) -> Token {
        let end = || self.tokens.last().copied().unwrap_or(Token { kind: Kind::End, span: Span::default() });
        self.tokens.get(self.at + count).copied().unwrap_or_else(end)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, kind: Kind) -> Option<Token> {
        if self.peek().kind == kind { Some(self.next()) } else { None }
    }

    fn word(&self, token: Token) -> &'s str {
        if token.kind == Kind::Word { self.report.text(token.span) } else { "" }
    }

    fn error(&mut self, span: Span, message: &[&str], label: &str, help: &[&str]) {
        self.report.error(Code::ConditionSyntax, span, message, label, help);
    }

    /// An expression around `inner`; `None` when that is too deep.
    fn build(&mut self, form: Form<'s>, span: Span, inner: usize) -> Option<Expr<'s>> {
        if inner >= MAX_DEPTH {
            self.too_deep(span);
            return None;
        }
        Some(Expr { form, span, depth: inner + 1 })
    }

    fn too_deep(&mut self, span: Span) {
        let message = "more than 32 expressions stand inside each other";
        let help = "use several routes, or `in` with a list instead of many comparisons";
        self.report.error(Code::ConditionTooLarge, span, &[message], "", &[help]);
    }

    /// `a ? b : c`, or anything that binds tighter.
    fn expression(&mut self) -> Option<Expr<'s>> {
        if self.depth >= MAX_DEPTH {
            self.too_deep(self.peek().span);
            return None;
        }
        self.depth += 1;
        let condition = self.infix(OR)?;
        let expr = match self.take(Kind::Question) {
            None => condition,
            Some(question) => {
                let yes = self.infix(OR)?;
                if self.take(Kind::Colon).is_none() {
                    let help = "write `condition ? value : other value`";
                    self.error(question.span, &["this `?` has no `:`"], "", &[help]);
                    return None;
                }
                let no = self.expression()?;
                let span = condition.span.to(no.span);
                let depth = condition.depth.max(yes.depth).max(no.depth);
                self.build(Form::If(Box::new([condition, yes, no])), span, depth)?
            }
        };
        self.depth -= 1;
        Some(expr)
    }

    /// Operators that bind at least as tightly as `least`, from the left.
    fn infix(&mut self, least: u8) -> Option<Expr<'s>> {
        let mut left = self.unary()?;
        // The chain that grows; one in parentheses is an operand like any other.
        let mut open = None;
        while let Some((infix, binds, meant)) = self.operator()
            && binds >= least
        {
            self.step_over(infix, meant);
            let right = self.infix(binds + 1)?;
            let span = left.span.to(right.span);
            let depth = left.depth.max(right.depth);
            let joined = if let Infix::Join(join) = infix { Some(join) } else { None };
            left = match (infix, left.form) {
                (Infix::Join(join), Form::Chain(first, mut operands))
                    if open == Some(join) && first == join =>
                {
                    let depth = (left.depth - 1).max(right.depth);
                    operands.push(right);
                    self.build(Form::Chain(join, operands), span, depth)?
                }
                (Infix::Join(join), form) => {
                    self.build(Form::Chain(join, vec![Expr { form, ..left }, right]), span, depth)?
                }
                (Infix::Binary(binary), form) => {
                    self.build(Form::Binary(binary, Box::new([Expr { form, ..left }, right])), span, depth)?
                }
                (Infix::NotIn, form) => {
                    let form = Form::Binary(Binary::In, Box::new([Expr { form, ..left }, right]));
                    let inner = self.build(form, span, depth)?;
                    self.build(Form::Not(Box::new(inner)), span, depth + 1)?
                }
            };
            open = joined;
        }
        Some(left)
    }

    /// Signs in front of a value.
    fn unary(&mut self) -> Option<Expr<'s>> {
        let sign = self.peek();
        let not = self.word(sign).eq_ignore_ascii_case("not") && begins_value(self.ahead(1).kind);
        if !not && sign.kind != Kind::Not && sign.kind != Kind::Minus {
            return self.member();
        }
        self.next();
        if sign.kind == Kind::Minus
            && let Some(number) = self.take(Kind::Number)
        {
            let span = sign.span.to(number.span);
            return self.build(Form::Number(self.report.text(span)), span, 0);
        }
        if self.depth >= MAX_DEPTH {
            self.too_deep(sign.span);
            return None;
        }
        self.depth += 1;
        let operand = if not { self.infix(RELATION)? } else { self.unary()? };
        self.depth -= 1;
        if not {
            let help = ["write `!(", self.report.text(operand.span), ")`"];
            self.error(sign.span, &["`not` isn't an operator"], "", &help);
        }
        let (span, depth) = (sign.span.to(operand.span), operand.depth);
        let operand = Box::new(operand);
        let form = if sign.kind == Kind::Minus { Form::Minus(operand) } else { Form::Not(operand) };
        self.build(form, span, depth)
    }

    /// A value and what is taken from it: `.name`, `.function(…)`, `[…]`.
    fn member(&mut self) -> Option<Expr<'s>> {
        let mut value = self.primary()?;
        loop {
            if self.take(Kind::Dot).is_some() {
                let name = self.next();
                if name.kind != Kind::Word {
                    self.unexpected(name, "a name");
                    return None;
                }
                value = if self.peek().kind == Kind::Open {
                    self.call(Some(value), name)?
                } else {
                    let (span, depth) = (value.span.to(name.span), value.depth);
                    self.build(Form::Select(Box::new(value), self.word(name)), span, depth)?
                };
            } else if let Some(open) = self.take(Kind::OpenList) {
                let index = self.expression()?;
                let close = self.close(open, Kind::CloseList)?;
                let (span, depth) = (value.span.to(close), value.depth.max(index.depth));
                value = self.build(Form::Index(Box::new([value, index])), span, depth)?;
            } else {
                return Some(value);
            }
        }
    }

    fn primary(&mut self) -> Option<Expr<'s>> {
        let token = self.next();
        let form = match token.kind {
            Kind::Number => Form::Number(self.report.text(token.span)),
            Kind::Text => self.string(token),
            Kind::Word => match self.word(token) {
                "true" => Form::Bool(true),
                "false" => Form::Bool(false),
                "null" => Form::Foreign("`null`"),
                _ if self.peek().kind == Kind::Open => return self.call(None, token),
                name => Form::Name(name),
            },
            Kind::Open => {
                let inner = self.expression()?;
                let span = token.span.to(self.close(token, Kind::Close)?);
                return Some(Expr { span, ..inner });
            }
            Kind::OpenList => {
                let items = self.list(token, Kind::CloseList)?;
                let depth = deepest(&items.0);
                return self.build(Form::List(items.0), token.span.to(items.1), depth);
            }
            Kind::OpenMap => {
                let help = ["write the comparisons out and join them with `||`"];
                let message = ["maps aren't part of Seawall's conditions"];
                self.report.error(Code::ConditionNotSupported, token.span, &message, "", &help);
                return None;
            }
            Kind::Divide => self.bare_path(token),
            _ => {
                self.unexpected(token, "a value");
                return None;
            }
        };
        self.build(form, token.span, 0)
    }

    fn string(&mut self, token: Token) -> Form<'s> {
        let head = self.report.text(token.span);
        if head.starts_with(['b', 'B']) {
            Form::Foreign("a string of bytes")
        } else {
            Form::Text(literal::text(self.report, token.span))
        }
    }

    /// `path == /v1/chat`: what reaches to the next space or bracket is one text without its quotes.
    fn bare_path(&mut self, slash: Token) -> Form<'s> {
        let source = self.report.source;
        let all = source.span(0, source.text.len());
        let rest = source.text(slash.span.to(all));
        let length = rest.find(|c: char| c.is_whitespace() || "()[],\"'".contains(c)).unwrap_or(rest.len());
        let start = (slash.span.start - source.offset) as usize;
        let span = source.span(start, start + length);
        while self.peek().kind != Kind::End && self.peek().span.start < span.end {
            self.next();
        }
        let quoted = ["\"", self.report.text(span), "\""].concat();
        let help = ["write `", &quoted, "`"];
        self.report.mend(Code::ConditionSyntax, span, &["text stands in quotes"], &help, &quoted);
        Form::Broken
    }

    fn call(&mut self, receiver: Option<Expr<'s>>, name: Token) -> Option<Expr<'s>> {
        let open = self.next();
        let (arguments, close) = self.list(open, Kind::Close)?;
        let depth = receiver.as_ref().map_or(0, |value| value.depth).max(deepest(&arguments));
        let span = receiver.as_ref().map_or(name.span, |value| value.span).to(close);
        let call = Call { receiver, name: self.word(name), name_span: name.span, arguments };
        self.build(Form::Call(Box::new(call)), span, depth)
    }

    /// Expressions with commas between them, and the place of the closing bracket.
    fn list(&mut self, open: Token, close: Kind) -> Option<(Vec<Expr<'s>>, Span)> {
        let mut items = Vec::new();
        while self.peek().kind != close {
            items.push(self.expression()?);
            if self.take(Kind::Comma).is_none() {
                break;
            }
        }
        Some((items, self.close(open, close)?))
    }

    fn close(&mut self, open: Token, close: Kind) -> Option<Span> {
        if let Some(token) = self.take(close) {
            return Some(token.span);
        }
        let next = self.peek();
        let bracket = if close == Kind::Close { "`)`" } else { "`]`" };
        if next.kind == Kind::End {
            let opened = self.report.quote(open.span);
            self.error(open.span, &["this ", &opened, " is never closed"], "", &["add a ", bracket]);
        } else {
            self.left_over(next);
        }
        None
    }
}

fn deepest(items: &[Expr]) -> usize {
    items.iter().map(|item| item.depth).max().unwrap_or(0)
}

fn begins_value(kind: Kind) -> bool {
    matches!(kind, Kind::Word | Kind::Number | Kind::Text | Kind::Open | Kind::Not)
}

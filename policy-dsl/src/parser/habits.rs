//! What people write who know other languages: text without quotes, conditions without backticks, values in quotes. Each
//! is reported once, as a whole, with what to write here.

use super::shape::Follow;
use super::{Parser, Read, Stop};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::span::Span;
use crate::token::{Kind, Token, quote, unquoted};
use crate::vocabulary::{Leaf, Shape};

impl<'s> Parser<'s, '_> {
    /// `host api.openai.com`: text that should stand in quotes goes up to the next space.
    pub(super) fn forgotten_quotes(&mut self, expected: &str) -> Span {
        let token = self.peek();
        let rest = self.source.get(token.span.start as usize..).unwrap_or("");
        let ends = |c: char| c.is_whitespace() || "{};,\"`".contains(c);
        let start = token.span.start as usize;
        let span = Span::new(start, start + rest.find(ends).unwrap_or(rest.len()));
        let text = span.text(self.source);
        let quoted = ["\"", &text.replace('\\', "\\\\"), "\""].concat();
        let found = if token.kind == Kind::Pattern { quote(text) } else { token.describe(self.source) };
        let message = ["expected ", expected, ", found ", &found].concat();
        let found = Diagnostic::new(Code::UnexpectedToken, span, message);
        let help = ["put it in quotes: `", &quoted, "`"].concat();
        self.sink.retract(span);
        self.sink.push(found.with_help(help).with_replacement(span, quoted));
        self.pass_over(span);
        span
    }

    /// Passes every token that begins in it.
    fn pass_over(&mut self, span: Span) {
        while self.peek().kind != Kind::End && self.peek().span.start < span.end {
            self.bump();
        }
    }

    /// `timeout "30s"`: a value between quotes that needs none.
    pub(super) fn needless_quotes(&mut self, expected: &str, is_value: impl Fn(&str) -> bool) -> Stop {
        let token = self.peek();
        let inner = unquoted(self.text(token));
        if token.kind != Kind::Text || !is_value(inner) {
            return self.unexpected(expected);
        }
        let message = ["expected ", expected, ", found a string"].concat();
        let help = ["write it without quotes: ", &quote(inner)].concat();
        let found = Diagnostic::new(Code::UnexpectedToken, token.span, message).with_help(help);
        self.sink.push(found.with_replacement(token.span, inner));
        Stop
    }

    /// `when model == "x"`: a condition without backticks, or in quotes, goes up to the end of the line or the next
    /// statement.
    pub(super) fn forgotten_backticks(&mut self) -> Stop {
        let (first, mut span) = (self.peek(), self.peek().span);
        if matches!(first.kind, Kind::Newline | Kind::End | Kind::Close | Kind::Semicolon | Kind::Open) {
            return self.unexpected(Leaf::Condition.described());
        }
        let behind = self.ahead(1);
        let quoted = first.kind == Kind::Text && !self.glued(first, behind);
        while !matches!(self.peek().kind, Kind::Newline | Kind::End | Kind::Close | Kind::Semicolon) {
            span = span.to(self.bump().span);
            if self.at_end() && !self.joined() || quoted {
                break;
            }
        }
        // Signs that are no tokens, such as a closing parenthesis, belong to it.
        let rest = self.source.get(span.end as usize..self.peek().span.start as usize).unwrap_or("");
        let rest = rest.split("//").next().unwrap_or("").trim_end();
        let span = if quoted { span } else { Span::new(span.start as usize, span.end as usize + rest.len()) };
        let text = span.text(self.source);
        let inner = if quoted { unquoted(text) } else { text };
        let condition = ["`", inner, "`"].concat();
        self.sink.retract(span);
        let found = Diagnostic::new(Code::UnexpectedToken, span, "a condition stands between backticks");
        let certain = !inner.contains(['`', '\\', '\n']) && !text.contains(" //");
        let found = found.with_help(["write it like this: when ", &condition].concat());
        self.sink.push(if certain { found.with_replacement(span, condition) } else { found });
        Stop
    }

    /// Whether something stands between the two tokens that is no token.
    fn glued(&self, first: Token, second: Token) -> bool {
        let between = self.source.get(first.span.end as usize..second.span.start as usize);
        first.kind != Kind::Newline && !between.unwrap_or("").trim().is_empty()
    }

    /// Whether the word that stands here goes on with an expression: `turns > 3 && stream`.
    fn joined(&self) -> bool {
        let Some(last) = self.previous() else { return false };
        let sign = matches!(
            last.kind,
            Kind::Less | Kind::Greater | Kind::LessEqual | Kind::GreaterEqual | Kind::Dot
        );
        sign || self.peek().kind == Kind::Word && self.glued(last, self.peek())
    }

    /// `cluster "a", provider openai`, as other languages have it. Whether it was one, which is then told and passed.
    pub(super) fn comma_between_statements(&mut self) -> bool {
        let (comma, next) = (self.peek(), self.ahead(1));
        let ends = match next.kind {
            Kind::Newline | Kind::Close => true,
            Kind::Word => self.block.statement(self.text(next)).is_some(),
            _ => false,
        };
        if comma.kind != Kind::Comma || !ends {
            return false;
        }
        let found = Diagnostic::new(Code::UnexpectedToken, comma.span, "no comma stands between statements");
        // Without anything in between, two words would become one.
        let touches = next.kind == Kind::Word && next.span.start == comma.span.end;
        let found = found.with_help("a statement ends with its line, at `;`, or before the next one");
        self.sink.push(found.with_replacement(comma.span, if touches { " " } else { "" }));
        self.bump();
        true
    }

    /// Words of the language that were left out in front of what stands here.
    pub(super) fn left_out(&mut self, words: &str, example: Option<&str>) {
        let at = self.peek();
        let mut message = ["expected ", &quote(words)].concat();
        if let Some(example) = example {
            message.extend([" as in `", example, "`"]);
        }
        message.extend([", found ", &at.describe(self.source)]);
        let place = Span::new(at.span.start as usize, at.span.start as usize);
        let found = Diagnostic::new(Code::UnexpectedToken, at.span, message);
        let found = found.with_help(["write `", words, "` in front of it"].concat());
        self.sink.push(found.with_replacement(place, [words, " "].concat()));
    }

    /// `90,000` and `90_000`, with all that is written of them.
    pub(super) fn thousands(&mut self, first: Token) -> Option<Stop> {
        let mut span = first.span;
        let text = self.text(first);
        let mut grouped = text.bytes().find(|byte| !byte.is_ascii_digit()) == Some(b'_');
        while grouped || text.bytes().all(|byte| byte.is_ascii_digit()) {
            let (comma, next) = (self.peek(), self.ahead(1));
            let touches = comma.span.start == span.end && next.span.start == comma.span.end;
            let digits = self.text(next).bytes().take_while(u8::is_ascii_digit).count();
            if comma.kind != Kind::Comma || next.kind != Kind::Number || !touches || digits != 3 {
                break;
            }
            self.bump();
            span = span.to(self.bump().span);
            grouped = true;
        }
        if !grouped {
            return None;
        }
        let plain: String = span.text(self.source).chars().filter(|c| !matches!(c, ',' | '_')).collect();
        let message = "the digits of a number stand together";
        let found = Diagnostic::new(Code::WrongUnit, span, message);
        self.sink.push(super::number::instead(found, plain));
        Some(Stop)
    }

    /// A block where only its name may stand: `retry { attempts 3 }` in a route.
    pub(super) fn block_in_place_of_name(&self, kind: &str) -> Option<String> {
        let stands = matches!(self.peek().kind, Kind::Open | Kind::Number | Kind::Dollar);
        let defined = crate::vocabulary::POLICY.statement(kind).is_some();
        (stands && defined && kind != "target").then(|| {
            [
                "define a `",
                kind,
                "` of its own, outside of the `",
                self.block.word,
                "`, and write its name here",
            ]
            .concat()
        })
    }

    /// `default true`: what is written holds, and what isn't doesn't.
    pub(super) fn switch(&mut self, word: &str) -> Option<Stop> {
        let token = self.peek();
        if token.kind != Kind::Word || !matches!(self.text(token), "true" | "yes" | "on" | "enabled") {
            return None;
        }
        let message = [&quote(word), " is no switch"].concat();
        let found = Diagnostic::new(Code::UnexpectedToken, token.span, message);
        let help = ["where it is written it holds: write ", &quote(word), " alone"].concat();
        self.sink.push(found.with_help(help).with_replacement(token.span, ""));
        Some(Stop)
    }

    /// `try a, b,`: a comma behind the last item.
    pub(super) fn trailing_comma(&mut self) {
        let Some(comma) = self.previous() else { return };
        let found = Diagnostic::new(
            Code::UnexpectedToken,
            comma.span,
            "a comma stands behind the last value of the list",
        );
        self.sink.push(found.with_help("remove it").with_replacement(comma.span, ""));
    }

    /// Whether a list that has just had a comma is at its end nevertheless. A name may be a word of the language, so what
    /// looks like a statement is one only when it can't be read as a name.
    pub(super) fn ends_list(&mut self, item: &Shape, follow: Option<&Follow<'_>>) -> bool {
        let token = self.peek();
        match token.kind {
            Kind::Close | Kind::End | Kind::Semicolon => true,
            Kind::Word if self.opens_block(None) => true,
            Kind::Word
                if self.block.statement(self.text(token)).is_some() && !matches!(item, Shape::OneOf(..)) =>
            {
                self.at += 1;
                let is_name = self.at_end()
                    || matches!(self.peek().kind, Kind::Comma | Kind::Open)
                    || self.follows(follow);
                self.at -= 1;
                !is_name
            }
            _ => false,
        }
    }

    /// `90000 tokens per minute`: reports it, and passes over it.
    pub(super) fn period_in_words(&mut self, real: impl Fn(&str) -> Option<&'static str>) -> Read<()> {
        let before = self.previous().map_or(0, |last| last.span.end as usize);
        let per = self.bump();
        let word = self.peek();
        let Some(real) = Some(self.text(word)).filter(|_| word.kind == Kind::Word).and_then(real) else {
            return Err(self.unexpected("a period such as `min`"));
        };
        self.bump();
        let (span, short) = (per.span.to(word.span), ["/", real].concat());
        let found = Diagnostic::new(Code::WrongUnit, span, "a period stands behind `/`");
        let edit = Edit { span: Span::new(before, span.end as usize), replacement: short.clone() };
        let title = ["write `", &short, "`"].concat();
        self.sink.push(found.with_help(title.clone()).with_fix(title, vec![edit]));
        Ok(())
    }
}

//! Reads what a [`Shape`] says, with one token of look-ahead.

use std::collections::BTreeSet;

use super::{Parser, Read, Scope, Stop};
use crate::ast::{Item, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, quote};
use crate::vocabulary::{Leaf, Shape, words_text};

/// The values read so far.
#[derive(Debug, Default)]
pub(super) struct Values<'s> {
    pub(super) values: Vec<Value<'s>>,
    pub(super) spans: Vec<Span>,
    /// One of them was wrong, which has been reported.
    pub(super) wrong: bool,
    /// One of them was refused as not supported.
    pub(super) refused: bool,
}

/// What may stand behind the shape that is being read, from the inside out.
#[derive(Clone, Copy)]
pub(super) struct Follow<'f> {
    shapes: &'static [Shape],
    next: Option<&'f Follow<'f>>,
}

impl<'s> Values<'s> {
    fn push(&mut self, value: Value<'s>, span: Span) {
        self.wrong |= matches!(value, Value::Hole);
        self.values.push(value);
        self.spans.push(span);
    }

    pub(super) fn has_block(&self) -> bool {
        matches!(self.values.last(), Some(Value::Block(_)))
    }
}

impl<'s> Parser<'s, '_> {
    /// Reads one shape. An error means that the rest of the statement can't be made sense of.
    pub(super) fn shape(
        &mut self,
        shape: &'static Shape,
        follow: Option<&Follow<'_>>,
        out: &mut Values<'s>,
    ) -> Read<()> {
        let start = self.peek().span;
        match shape {
            Shape::Fixed(words) => words.split(' ').try_for_each(|word| self.expect(word)),
            Shape::Sign(sign) => self.expect(sign),
            Shape::Word(word) => {
                self.expect(word)?;
                out.push(Value::Word(word), start);
                Ok(())
            }
            Shape::Leaf(leaf) => {
                let value = self.leaf(*leaf)?;
                out.push(value.unwrap_or(Value::Hole), self.since(start));
                Ok(())
            }
            Shape::Seq(parts) => {
                let mut rest: &'static [Shape] = parts;
                while let Some((first, behind)) = rest.split_first() {
                    self.shape(first, Some(&Follow { shapes: behind, next: follow }), out)?;
                    rest = behind;
                }
                Ok(())
            }
            Shape::OneOf(what, alternatives) => self.one_of(what, alternatives, follow, out),
            Shape::Maybe(inner) if self.starts(inner) => self.shape(inner, follow, out),
            Shape::Maybe(_) => {
                out.values.push(Value::Absent);
                out.spans.push(Span::default());
                Ok(())
            }
            Shape::List(item, most, what) => {
                let list = self.list(item, *most, what, follow, out)?;
                out.push(list.map_or(Value::Hole, Value::List), self.since(start));
                Ok(())
            }
            Shape::Block(block) => {
                let block = self.braces(block)?;
                let span = block.span;
                out.push(Value::Block(block), span);
                Ok(())
            }
            Shape::Later(what, inner) => {
                let refused = self.not_supported(start, what);
                let outer = self.in_refused;
                self.in_refused |= refused;
                out.refused |= refused;
                let read = self.shape(inner, follow, out);
                self.in_refused = outer;
                read
            }
        }
    }

    /// Passes this word, number or sign, or reports that it must stand here.
    fn expect(&mut self, text: &str) -> Read<()> {
        if self.is_text(text) {
            self.bump();
            return Ok(());
        }
        let expected = match self.statement {
            Some(statement) if statement.example.contains(text) => {
                [&quote(text), " as in `", statement.example, "`"].concat()
            }
            _ => quote(text),
        };
        Err(self.unexpected(&expected))
    }

    fn is_text(&self, text: &str) -> bool {
        let token = self.peek();
        !matches!(token.kind, Kind::Newline | Kind::End) && self.text(token) == text
    }

    /// Whether the next token can begin this shape.
    pub(super) fn starts(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Fixed(words) => words.split(' ').next().is_some_and(|first| self.is_text(first)),
            Shape::Sign(text) | Shape::Word(text) => self.is_text(text),
            Shape::Leaf(leaf) => self.starts_leaf(*leaf),
            Shape::Seq(parts) => parts.first().is_some_and(|first| self.starts(first)),
            Shape::OneOf(_, parts) => parts.iter().any(|part| self.starts(part)),
            Shape::Maybe(inner) | Shape::List(inner, ..) | Shape::Later(_, inner) => self.starts(inner),
            Shape::Block(_) => self.peek().kind == Kind::Open,
        }
    }

    fn one_of(
        &mut self,
        what: &str,
        alternatives: &'static [Shape],
        follow: Option<&Follow<'_>>,
        out: &mut Values<'s>,
    ) -> Read<()> {
        if let Some(alternative) = alternatives.iter().find(|alternative| self.starts(alternative)) {
            return self.shape(alternative, follow, out);
        }
        let token = self.peek();
        // A number with a wrong unit is told so by whatever takes numbers here.
        let takes =
            |alternative: &&'static Shape| first_leaf(alternative).is_some_and(|leaf| leaf.takes(token.kind));
        if let Some(alternative) = alternatives.iter().rev().find(takes) {
            return self.shape(alternative, follow, out);
        }
        let words = alternatives.iter().filter_map(first_word);
        if token.kind != Kind::Word {
            // What would be refused isn't offered.
            let offered = |alternative: &&'static Shape| {
                self.scope == Scope::WholeLanguage || !matches!(alternative, Shape::Later(..))
            };
            let words = alternatives.iter().filter(offered).filter_map(first_word);
            let leaves = alternatives.iter().filter(offered).filter_map(first_leaf);
            let leaves = leaves.map(|leaf| leaf.described().to_string());
            let expected = either(words.map(quote).chain(leaves));
            return Err(self.unexpected(&expected));
        }
        let word = self.text(token);
        let meant = self.suggest(word, words.clone());
        let found =
            Diagnostic::new(Code::UnknownWord, token.span, ["unknown ", what, " ", &quote(word)].concat());
        self.sink.push(match meant {
            Some(meant) => found.with_suggestion(meant),
            None => found.with_help(["known are ", &words_text(words, "and")].concat()),
        });
        out.wrong = true;
        // Read as what was meant, so that what stands behind it is checked too.
        let meant =
            alternatives.iter().find(|alternative| meant.is_some() && first_word(alternative) == meant);
        match meant.map(plain) {
            Some(Shape::Word(_)) => {
                self.bump();
                out.push(Value::Hole, token.span);
                Ok(())
            }
            Some(Shape::Seq(parts)) => {
                self.bump();
                out.push(Value::Hole, token.span);
                let mut rest = parts.split_first().map_or(&[][..], |(_, rest)| rest);
                while let Some((first, behind)) = rest.split_first() {
                    self.shape(first, Some(&Follow { shapes: behind, next: follow }), out)?;
                    rest = behind;
                }
                Ok(())
            }
            _ => Err(Stop),
        }
    }

    /// Items with commas in between, up to the end of the statement or to what follows the list. A comma may end a line.
    /// A forgotten comma is reported once.
    fn list(
        &mut self,
        item: &'static Shape,
        most: usize,
        what: &str,
        follow: Option<&Follow<'_>>,
        out: &mut Values<'s>,
    ) -> Read<Option<Vec<Item<'s>>>> {
        let (mut items, mut seen) = (Vec::new(), BTreeSet::new());
        let (mut count, mut forgotten, start) = (0_usize, false, self.peek().span);
        loop {
            let at = self.peek().span;
            self.not_behind(what, follow)?;
            let mut read = Values::default();
            self.shape(item, follow, &mut read)?;
            count += 1;
            let span = self.since(at);
            let text = span.text(self.source);
            out.refused |= read.refused;
            // Names have findings of their own, which know more.
            let names = matches!(item, Shape::Leaf(Leaf::Name(_)));
            let repeats = matches!(item, Shape::Leaf(Leaf::Count { .. })) || names;
            if !read.wrong && !repeats && !seen.insert(text) {
                let again = ["`", text.trim_matches('"'), "` stands twice in the list"].concat();
                self.report(Code::RepeatedValue, span, again);
                out.wrong = true;
            }
            out.wrong |= read.wrong;
            items.push(Item { values: read.values, spans: read.spans, span });
            if self.eat(Kind::Comma) {
                self.skip_newlines();
                continue;
            }
            let more = matches!(self.peek().kind, Kind::Word | Kind::Number) && !self.follows(follow);
            if !more || self.at_end() || self.at_wrong_statement() || count > most {
                break;
            }
            if !forgotten {
                self.unexpected("`,` between the values of a list");
            }
            (forgotten, out.wrong) = (true, true);
        }
        if count > most {
            let message =
                [&count.to_string(), " ", what, " are out of range for `", self.word(), "`"].concat();
            let allowed = ["must be 1 to ", &most.to_string()].concat();
            let found = Diagnostic::new(Code::OutOfRange, self.since(start), message);
            self.sink.push(found.with_label(allowed));
            return Ok(None);
        }
        Ok(Some(items))
    }

    /// `try cheapest a, b`: what belongs behind a list isn't taken for one of its names.
    fn not_behind(&mut self, what: &str, follow: Option<&Follow<'_>>) -> Read<()> {
        let (token, next) = (self.peek(), self.ahead(1));
        let behind = token.kind == Kind::Word && next.kind == Kind::Word && self.follows(follow);
        if !behind || self.block.statement(self.text(next)).is_some() {
            return Ok(());
        }
        let message = [&quote(self.text(token)), " stands behind the ", what].concat();
        let found = Diagnostic::new(Code::UnexpectedToken, token.span, message);
        self.sink.push(found.with_help(["write it behind the last of the ", what].concat()));
        Err(Stop)
    }

    /// Whether what stands here belongs behind the list.
    fn follows(&self, follow: Option<&Follow<'_>>) -> bool {
        let mut next = follow;
        while let Some(follow) = next {
            for shape in follow.shapes {
                if self.starts(shape) {
                    return true;
                }
                if !matches!(shape, Shape::Maybe(_)) {
                    return false;
                }
            }
            next = follow.next;
        }
        false
    }
}

/// The shape itself, supported or not.
fn plain(shape: &'static Shape) -> &'static Shape {
    if let Shape::Later(_, inner) = shape { plain(inner) } else { shape }
}

/// The word that the alternative begins with.
fn first_word(shape: &'static Shape) -> Option<&'static str> {
    match shape {
        Shape::Word(word) => Some(word),
        Shape::Fixed(words) => words.split(' ').next(),
        Shape::Seq(parts) => parts.first().and_then(first_word),
        Shape::Later(_, inner) => first_word(inner),
        _ => None,
    }
}

fn first_leaf(shape: &'static Shape) -> Option<Leaf> {
    match shape {
        Shape::Leaf(leaf) => Some(*leaf),
        Shape::Seq(parts) => parts.first().and_then(first_leaf),
        Shape::Later(_, inner) => first_leaf(inner),
        _ => None,
    }
}

/// "a, b or c"
fn either(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => [&others.join(", "), " or ", last].concat(),
        None => String::new(),
    }
}

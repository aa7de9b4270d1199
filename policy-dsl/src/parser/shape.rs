//! Reads what a [`Shape`] says, with one token of look-ahead.

use super::{Parser, Read, Stop};
use crate::ast::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, quote, unquoted};
use crate::vocabulary::{Leaf, Shape, words_text};

/// The values read so far.
#[derive(Debug, Default)]
pub(super) struct Values<'s> {
    pub(super) values: Vec<Value<'s>>,
    pub(super) spans: Vec<Span>,
    /// One of them was wrong, which has been reported.
    pub(super) wrong: bool,
}

/// What may stand behind the shape that is being read, from the inside out.
#[derive(Clone, Copy)]
pub(super) struct Follow<'f> {
    pub(super) shapes: &'static [Shape],
    pub(super) next: Option<&'f Follow<'f>>,
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
            Shape::Fixed(words) => self.fixed(words, &[], out),
            Shape::Sign(sign) => self.fixed(sign, &[], out),
            Shape::Word(word) => {
                self.fixed(word, &[], out)?;
                out.push(Value::Word(word), start);
                Ok(())
            }
            Shape::Leaf(leaf) => {
                let value = self.leaf(*leaf)?;
                out.push(value.unwrap_or(Value::Hole), self.since(start));
                Ok(())
            }
            Shape::Seq(parts) => self.sequence(parts, follow, out),
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
        }
    }

    fn sequence(
        &mut self,
        parts: &'static [Shape],
        follow: Option<&Follow<'_>>,
        out: &mut Values<'s>,
    ) -> Read<()> {
        let mut rest = parts;
        while let Some((first, behind)) = rest.split_first() {
            match first {
                Shape::Fixed(words) => self.fixed(words, behind, out)?,
                Shape::Sign(sign) => self.fixed(sign, behind, out)?,
                _ => self.shape(first, Some(&Follow { shapes: behind, next: follow }), out)?,
            }
            rest = behind;
        }
        Ok(())
    }

    /// Passes these words, or this sign, or reports that they must stand here. `behind` is what follows them.
    fn fixed(&mut self, words: &'static str, behind: &'static [Shape], out: &mut Values<'s>) -> Read<()> {
        let mut left = words;
        while !left.is_empty() {
            let (word, after) = left.split_once(' ').unwrap_or((left, ""));
            if self.is_text(word) {
                self.bump();
                left = after;
                continue;
            }
            // What is missing may be a consequence of what was wrong before.
            if out.wrong {
                return Err(Stop);
            }
            out.wrong = true;
            let token = self.peek();
            let text = self.text(token);
            let example = self.statement.map(|known| known.example).filter(|example| example.contains(left));
            let meant = self.suggest(text, std::iter::once(word)).is_some() || word == ".." && text == "to";
            if token.kind == Kind::Word && meant {
                let message = ["expected ", &quote(word), ", found ", &quote(text)].concat();
                let found = Diagnostic::new(Code::UnexpectedToken, token.span, message);
                self.sink.push(
                    found.with_help(["write ", &quote(word)].concat()).with_replacement(token.span, word),
                );
                self.bump();
                left = after;
            } else if behind.first().is_some_and(|next| self.begins(next)) {
                self.left_out(left, example);
                return Ok(());
            } else if is_comparison(token.kind) && matches!(left, "<" | "<=" | ">" | ">=") {
                let message = ["expected ", &quote(left), ", found ", &quote(text)].concat();
                let found = Diagnostic::new(Code::UnexpectedToken, token.span, message);
                self.sink.push(found.with_help(["this bound is written with ", &quote(left)].concat()));
                self.bump();
                return Ok(());
            } else {
                let mut expected = quote(left);
                match (example, behind.first().and_then(first_leaf)) {
                    (Some(example), _) => expected.extend([" as in `", example, "`"]),
                    (None, Some(leaf)) => expected.extend([" and ", leaf.described()]),
                    (None, None) => {}
                }
                return Err(self.unexpected(&expected));
            }
        }
        Ok(())
    }

    /// Whether this can only be the beginning of the shape: no name, which any word could be.
    fn begins(&self, shape: &'static Shape) -> bool {
        let name =
            matches!(first_leaf(shape), Some(Leaf::Name(_) | Leaf::Define(_) | Leaf::Auth | Leaf::Trigger));
        !name && self.starts(shape) && !self.at_end()
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
            Shape::Maybe(inner) | Shape::List(inner, ..) => self.starts(inner),
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
        if let Some(parts) = self.left_out_word(alternatives) {
            let Some((first, behind)) = parts.split_first() else { return Err(Stop) };
            if let Shape::Word(word) = first {
                out.push(Value::Word(word), token.span);
            }
            out.wrong = true;
            return self.sequence(behind, follow, out);
        }
        let words = alternatives.iter().filter_map(first_word);
        if token.kind == Kind::Text {
            let inner = unquoted(self.text(token));
            if let Some(word) = words.clone().find(|word| *word == inner) {
                let Stop = self.needless_quotes(&quote(word), |_| true);
                self.bump();
                out.push(Value::Hole, token.span);
                return Ok(());
            }
        }
        if token.kind != Kind::Word {
            let leaves = alternatives.iter().filter_map(first_leaf);
            let leaves = leaves.map(|leaf| leaf.described().to_string());
            let expected = either(words.map(quote).chain(leaves));
            let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
            return Err(self.needless_quotes(&expected, is_number));
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
        match meant {
            Some(Shape::Word(_)) => {
                self.bump();
                out.push(Value::Hole, token.span);
                Ok(())
            }
            Some(Shape::Seq(parts)) => {
                self.bump();
                out.push(Value::Hole, token.span);
                self.sequence(parts.split_first().map_or(&[], |(_, rest)| rest), follow, out)
            }
            _ => Err(Stop),
        }
    }

    /// The alternative whose first word was left out, if it can only be that one: `header` in `vary "accept-language"`.
    fn left_out_word(&mut self, alternatives: &'static [Shape]) -> Option<&'static [Shape]> {
        let mut fitting = alternatives.iter().filter_map(|alternative| match alternative {
            Shape::Seq(parts) => Some(*parts),
            _ => None,
        });
        let fits = |parts: &&'static [Shape]| matches!(parts, [Shape::Fixed(_) | Shape::Word(_), next, ..] if self.begins(next));
        let parts = fitting.find(fits)?;
        if fitting.any(|parts| fits(&parts)) {
            return None;
        }
        if let Some(Shape::Fixed(word) | Shape::Word(word)) = parts.first() {
            self.left_out(word, None);
        }
        Some(parts)
    }
}

fn is_comparison(kind: Kind) -> bool {
    matches!(kind, Kind::Less | Kind::Greater | Kind::LessEqual | Kind::GreaterEqual)
}

/// The word that the alternative begins with.
pub(super) fn first_word(shape: &'static Shape) -> Option<&'static str> {
    match shape {
        Shape::Word(word) => Some(word),
        Shape::Fixed(words) => words.split(' ').next(),
        Shape::Seq(parts) => parts.first().and_then(first_word),
        _ => None,
    }
}

fn first_leaf(shape: &'static Shape) -> Option<Leaf> {
    match shape {
        Shape::Leaf(leaf) => Some(*leaf),
        Shape::Seq(parts) => parts.first().and_then(first_leaf),
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

//! Lists: values with commas in between.

use std::collections::BTreeSet;

use super::shape::{Follow, Values, first_word};
use super::{Parser, Read, Stop};
use crate::ast::Item;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, quote};
use crate::vocabulary::{Leaf, Shape};

impl<'s> Parser<'s, '_> {
    /// Items with commas in between, up to the end of the statement or to what follows the list. A comma may end a line.
    /// A forgotten comma is reported once.
    pub(super) fn list(
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
                let line_end = self.at;
                self.skip_newlines();
                if !self.ends_list(item, follow) {
                    continue;
                }
                self.at = line_end;
                self.trailing_comma();
                out.wrong = true;
                break;
            }
            let joint = self.is_word("and") || self.is_word("or");
            let more = (joint || self.starts(item)) && !self.follows(follow);
            if !more || self.at_end() || self.at_wrong_statement() || count > most {
                break;
            }
            if !forgotten {
                self.misspelt_behind(follow)?;
                self.forgotten_comma(joint);
            }
            if joint {
                self.bump();
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

    fn forgotten_comma(&mut self, joint: bool) {
        let token = self.peek();
        let start = self.previous().map_or(token.span.start, |last| last.span.end) as usize;
        let end = if joint { token.span.end as usize } else { start };
        let message =
            ["expected `,` between the values of a list, found ", &token.describe(self.source)].concat();
        let found = Diagnostic::new(Code::UnexpectedToken, token.span, message);
        self.sink.push(found.with_replacement(Span::new(start, end), ","));
    }

    /// `try a, b fastset`: a misspelt word behind a list isn't one more of its names.
    fn misspelt_behind(&mut self, follow: Option<&Follow<'_>>) -> Read<()> {
        let token = self.peek();
        let mut words = Vec::new();
        for shape in follow.map_or(&[][..], |follow| follow.shapes) {
            if let Shape::Maybe(Shape::OneOf(_, alternatives)) = shape {
                words.extend(alternatives.iter().filter_map(first_word));
            }
        }
        let Some(meant) = self.suggest(self.text(token), words.iter().copied()) else { return Ok(()) };
        let message = ["unknown word ", &quote(self.text(token)), " behind a list"].concat();
        self.sink.push(Diagnostic::new(Code::UnknownWord, token.span, message).with_suggestion(meant));
        Err(Stop)
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
    pub(super) fn follows(&self, follow: Option<&Follow<'_>>) -> bool {
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

//! The frame of a statement: its word, and what to make of one that isn't known.

use super::shape::Values;
use super::{Parser, Scope, Stop};
use crate::ast::{Block, Statement};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, Token, quote};
use crate::vocabulary::{self, POLICY, Shape, blocks};

impl<'s> Parser<'s, '_> {
    /// A statement that begins with a word.
    pub(super) fn statement(&mut self, block: &mut Block<'s>) {
        self.opener = self.indentation();
        let word = self.bump();
        let known = block.definition.statement(self.text(word));
        match known.or_else(|| self.unknown_statement(block.definition, word)) {
            Some(definition) => self.read_statement(block, definition, word.span),
            None => {
                // It may be what the block needs, with a word in front of it.
                block.damaged |= block.definition.bare().is_some();
                self.skip();
            }
        }
    }

    /// What stands behind the word, or all of a statement without one.
    pub(super) fn read_statement(
        &mut self,
        block: &mut Block<'s>,
        definition: &'static vocabulary::Statement,
        word: Span,
    ) {
        let outer = (self.statement.replace(definition), self.in_refused);
        let refused = definition.since.is_none() && self.not_supported(word, &named(block, definition));
        self.in_refused |= refused;
        let mut read = Values::default();
        let complete = self.shape(&definition.shape, None, &mut read).is_ok();
        let span = self.since(word);
        (self.statement, self.in_refused) = outer;
        let ended = complete
            && (definition.block().is_some() && read.has_block() || self.end_of_statement(definition.word));
        if !complete {
            self.skip();
        }
        let wrong = !ended || read.wrong;
        let Values { values, spans, .. } = read;
        block.statements.push(Statement { definition, word, span, values, spans, wrong, refused });
    }

    /// A misspelt statement is read as what was meant, so that its value is checked and the name it defines is known.
    fn unknown_statement(
        &mut self,
        block: &'static vocabulary::Block,
        word: Token,
    ) -> Option<&'static vocabulary::Statement> {
        let text = self.text(word);
        let top = self.at_top();
        let meant = self.suggest(text, block.words());
        let full = self.sink.is_full();
        let (code, message) = if top {
            (Code::UnknownBlock, ["unknown block ", &quote(text)].concat())
        } else {
            (Code::UnknownStatement, ["`", block.word, "` has no statement ", &quote(text)].concat())
        };
        let found = Diagnostic::new(code, word.span, message);
        if full {
            self.sink.push(found);
            return None;
        }
        let defines = POLICY.statement(text).is_some() && self.ahead(1).kind == Kind::Open;
        if !top && defines {
            let help = ["a `", text, "` stands by itself, outside of the `", block.word, "`"];
            self.sink.push(found.with_help(help.concat()));
            return None;
        }
        if let Some(statement) = begun_with(text, block) {
            let help = ["write `", statement.word, "` in front of it"].concat();
            let place = Span::new(word.span.start as usize, word.span.start as usize);
            self.sink.push(found.with_help(help).with_replacement(place, [statement.word, " "].concat()));
            self.at -= 1;
            return Some(statement);
        }
        let home = home_of(text, block);
        self.sink.push(match (home, meant) {
            (Some(home), None) if top => {
                let belongs = ["`", text, "` is a statement of `", home.word, "`"].concat();
                found.with_help([&belongs, "; is a brace closed too early?"].concat())
            }
            (_, Some(meant)) => found.with_suggestion(meant),
            (Some(home), None) => {
                found.with_help(["`", text, "` belongs in a `", home.word, "` block"].concat())
            }
            (None, None) => found.with_help(self.offer(block)),
        });
        meant.and_then(|meant| block.statement(meant))
    }

    /// What the block can hold.
    fn offer(&self, block: &'static vocabulary::Block) -> String {
        if let Some(bare) = block.bare() {
            return ["what it holds is written without a word, for example `", bare.example, "`"].concat();
        }
        // What would be refused isn't offered, unless there is nothing else.
        let all =
            self.scope == Scope::WholeLanguage || block.statements.iter().all(|known| known.since.is_none());
        let known = block.statements.iter().filter(|known| all || known.since.is_some());
        let known = vocabulary::words_text(known.map(|known| known.word), "and");
        [if self.at_top() { "a policy is made of " } else { "it has " }, &known].concat()
    }

    /// Reports and skips what stands behind a complete statement.
    pub(super) fn end_of_statement(&mut self, word: &str) -> bool {
        if self.at_end() || self.at_wrong_statement() || self.at_unknown_statement() {
            return true;
        }
        let found = self.peek();
        if self.comma_between_statements() {
            return true;
        }
        if let Some(Stop) = self.switch(word) {
            self.skip();
            return false;
        }
        let expected = match word {
            "" => "the end of the statement".into(),
            word => ["the end of the statement after `", word, "`"].concat(),
        };
        let message = ["expected ", &expected, ", found ", &found.describe(self.source)].concat();
        let report = Diagnostic::new(Code::UnexpectedToken, found.span, message);
        let help = match found.kind {
            Kind::Comma if word == "match" => {
                Some("a route has one path; write another route, or end the path with `*`".to_string())
            }
            Kind::Open => self.block_in_place_of_name(word),
            _ => None,
        };
        self.sink.push(match help {
            Some(help) => report.with_help(help),
            None => report,
        });
        self.skip();
        false
    }
}

/// The statement of the block that goes on with this word, if there is one: `errors` of `trip`, `path` of `match`.
fn begun_with(word: &str, block: &'static vocabulary::Block) -> Option<&'static vocabulary::Statement> {
    let mut begun = block.statements.iter().filter(|statement| {
        let mut found = false;
        each_first_word(&statement.shape, &mut |first| found |= first == word);
        found && !statement.word.is_empty()
    });
    begun.next().filter(|_| begun.next().is_none())
}

fn each_first_word(shape: &Shape, see: &mut dyn FnMut(&str)) {
    match shape {
        Shape::Word(word) => see(word),
        Shape::Fixed(words) => see(words.split(' ').next().unwrap_or("")),
        Shape::OneOf(_, parts) => parts.iter().for_each(|part| each_first_word(part, see)),
        Shape::Seq(parts) => parts.iter().take(1).for_each(|part| each_first_word(part, see)),
        Shape::List(inner, ..) => each_first_word(inner, see),
        Shape::Sign(_) | Shape::Leaf(_) | Shape::Maybe(_) | Shape::Block(_) => {}
    }
}

/// The statement as messages name it.
fn named(block: &Block<'_>, definition: &vocabulary::Statement) -> String {
    if definition.word.is_empty() {
        ["this `", block.definition.word, "`"].concat()
    } else {
        quote(definition.word)
    }
}

/// Another block that has this statement.
fn home_of(word: &str, block: &'static vocabulary::Block) -> Option<&'static vocabulary::Block> {
    let others = blocks().into_iter().filter(|other| !std::ptr::eq(*other, block));
    let mut others = others.filter(|other| !std::ptr::eq(*other, &raw const POLICY));
    others.find(|other| other.statement(word).is_some())
}

//! The frame of a statement: its word, and what to make of one that isn't known.

use super::Parser;
use super::shape::Values;
use crate::ast::{Block, Statement};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Token, quote};
use crate::vocabulary::{self, POLICY, blocks};

impl<'s> Parser<'s, '_> {
    /// A statement that begins with a word.
    pub(super) fn statement(&mut self, block: &mut Block<'s>) {
        let word = self.bump();
        let known = block.definition.statement(self.text(word));
        match known.or_else(|| self.unknown_statement(block.definition, word)) {
            Some(definition) => self.read_statement(block, definition, word.span),
            None => self.skip(),
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
        let refused = refused || read.refused;
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
        let top = std::ptr::eq(block, &raw const POLICY);
        let meant = self.suggest(text, block.words());
        let home = if self.sink.is_full() { None } else { home_of(text, block) };
        let (code, message) = if top {
            (Code::UnknownBlock, ["unknown block ", &quote(text)].concat())
        } else {
            (Code::UnknownStatement, ["`", block.word, "` has no statement ", &quote(text)].concat())
        };
        let found = Diagnostic::new(code, word.span, message);
        self.sink.push(match (home, meant) {
            (Some(home), _) if top => {
                let belongs = ["`", text, "` is a statement of `", home.word, "`"].concat();
                found.with_help([&belongs, "; is a brace closed too early?"].concat())
            }
            (Some(home), _) => {
                found.with_help(["`", text, "` belongs in a `", home.word, "` block"].concat())
            }
            (None, Some(meant)) => found.with_suggestion(meant),
            (None, None) => {
                let known = block.statements.iter().filter(|known| known.since.is_some());
                let known = vocabulary::words_text(
                    known.map(|known| known.word).filter(|word| !word.is_empty()),
                    "and",
                );
                found.with_help([if top { "a policy is made of " } else { "it has " }, &known].concat())
            }
        });
        meant.filter(|_| home.is_none()).and_then(|meant| block.statement(meant))
    }

    /// Reports and skips what stands behind a complete statement.
    pub(super) fn end_of_statement(&mut self, word: &str) -> bool {
        if self.at_end() || self.at_wrong_statement() {
            return true;
        }
        let expected = match word {
            "" => "the end of the statement".into(),
            word => ["the end of the statement after `", word, "`"].concat(),
        };
        self.unexpected(&expected);
        self.skip();
        false
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

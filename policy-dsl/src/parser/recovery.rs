//! Where a statement ends, and where to go on after a mistake.

use super::Parser;
use crate::token::{Kind, Token};
use crate::vocabulary::{self, POLICY, blocks};

impl Parser<'_, '_> {
    /// Whether a statement may end here: at a line's end, `;`, `}` or the next known word.
    pub(super) fn at_end(&self) -> bool {
        let token = self.peek();
        match token.kind {
            Kind::Newline | Kind::Semicolon | Kind::Close | Kind::End => true,
            Kind::Word => !self.at_top() && self.block.statement(self.text(token)).is_some(),
            _ => false,
        }
    }

    fn at_top(&self) -> bool {
        std::ptr::eq(self.block, &raw const POLICY)
    }

    /// Whether a misspelt or misplaced statement stands here, which is then read as one instead of as an error of the
    /// one before.
    pub(super) fn at_wrong_statement(&self) -> bool {
        let token = self.peek();
        if token.kind != Kind::Word || self.at_top() || self.sink.is_full() {
            return false;
        }
        let text = self.text(token);
        blocks().iter().any(|other| other.statement(text).is_some())
            || self.suggest(text, self.block.words()).is_some()
    }

    /// To the end of the statement, over any block within it.
    pub(super) fn skip(&mut self) {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Open => {
                    if !self.skip_braces() {
                        return;
                    }
                }
                // `per output token`, `a, b`: what stands there isn't a statement, even if it is a known word.
                Kind::Word if self.previous().is_some_and(|last| self.continues(last)) => {
                    self.bump();
                }
                _ if self.at_end() => return,
                _ => {
                    self.bump();
                }
            }
        }
    }

    fn continues(&self, last: Token) -> bool {
        last.kind == Kind::Comma || (last.kind == Kind::Word && self.text(last) == "per")
    }

    /// As [`opens_block`], for the token that stands here.
    pub(super) fn opens_block(&self, inside: Option<&vocabulary::Block>) -> bool {
        opens_block(self.source, &self.tokens, self.at, inside)
    }

    /// A string without its closing quote swallows the brace behind it. That has been reported.
    pub(super) fn behind_open_text(&self) -> bool {
        let mut before =
            self.tokens.iter().take(self.at).rev().skip_while(|token| token.kind == Kind::Newline);
        before.next().is_some_and(|token| token.kind == Kind::OpenText)
    }
}

/// Whether a line starts at this token that opens a new block, so that the one before must have lost its brace. Some words
/// are a block at the top level and a statement inside of one, such as `retry`: then the line's `{` decides.
pub(crate) fn opens_block(
    source: &str,
    tokens: &[Token],
    at: usize,
    inside: Option<&vocabulary::Block>,
) -> bool {
    let text = |token: &Token| token.span.text(source);
    let starts_line = at
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|token| token.kind == Kind::Newline);
    let Some(word) = tokens.get(at).filter(|word| word.kind == Kind::Word && starts_line) else {
        return false;
    };
    if POLICY.statement(text(word)).is_none() {
        return false;
    }
    if inside.is_some_and(|block| block.statement(text(word)).is_none()) {
        return true;
    }
    // The brace of another statement on the line doesn't count: `retry a  contract {`, `retry a } route b {`.
    let ends = |(number, token): &(usize, &Token)| match token.kind {
        Kind::Newline | Kind::Semicolon | Kind::Close => true,
        Kind::Word if *number > 0 => inside.is_some_and(|block| block.statement(text(token)).is_some()),
        _ => false,
    };
    let head = tokens.iter().skip(at + 1).enumerate().take_while(|entry| !ends(entry));
    head.into_iter().any(|(_, token)| token.kind == Kind::Open)
}

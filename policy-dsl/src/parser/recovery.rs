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

    pub(super) fn at_top(&self) -> bool {
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

    /// Whether a word with a value behind it stands here: a statement, though none that is known.
    pub(super) fn at_unknown_statement(&self) -> bool {
        let value = matches!(
            self.ahead(1).kind,
            Kind::Text | Kind::Number | Kind::Dollar | Kind::Condition | Kind::Open
        );
        self.peek().kind == Kind::Word && !self.at_top() && value
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

    /// How far the line is indented that begins with what stands here; `None` when it doesn't begin a line.
    pub(super) fn indentation(&self) -> Option<usize> {
        let start = self.peek().span.start;
        match self.previous() {
            None => Some(0),
            Some(last) if last.kind == Kind::Newline => Some((start - last.span.end) as usize),
            Some(_) => None,
        }
    }

    /// Whether a line starts here that belongs to a block around, so that the one being read must have lost its brace. Its
    /// indentation tells; where that is unknown, it must be a block that the policy consists of. Some words are a block
    /// there and a statement inside of one, such as `retry`: then the line's `{` decides.
    pub(super) fn opens_block(&self, inside: Option<&vocabulary::Block>) -> bool {
        let word = self.peek();
        let Some(indent) = self.indentation().filter(|_| word.kind == Kind::Word) else { return false };
        let text = self.text(word);
        let opener =
            if inside.is_some() { self.around.last().and_then(|(_, indent)| *indent) } else { self.indent };
        let belongs_around = match opener {
            Some(opener) if indent > opener => return false,
            Some(_) if inside.is_some() => {
                self.around.iter().any(|(block, _)| block.statement(text).is_some())
            }
            _ => POLICY.statement(text).is_some(),
        };
        if !belongs_around {
            return false;
        }
        if inside.is_some_and(|block| block.statement(text).is_none()) {
            return true;
        }
        has_brace(self.source, &self.tokens, self.at, inside)
    }

    /// A string without its closing quote swallows the brace behind it. That has been reported.
    pub(super) fn behind_open_text(&self) -> bool {
        let mut before =
            self.tokens.iter().take(self.at).rev().skip_while(|token| token.kind == Kind::Newline);
        before.next().is_some_and(|token| token.kind == Kind::OpenText)
    }
}

/// Whether the statement that begins at this token has a `{` on its line. That of another one doesn't count:
/// `retry a  contract {`, `retry a } route b {`.
pub(crate) fn has_brace(
    source: &str,
    tokens: &[Token],
    at: usize,
    inside: Option<&vocabulary::Block>,
) -> bool {
    let ends = |(number, token): &(usize, &Token)| match token.kind {
        Kind::Newline | Kind::Semicolon | Kind::Close => true,
        Kind::Word if *number > 0 => {
            inside.is_some_and(|block| block.statement(token.span.text(source)).is_some())
        }
        _ => false,
    };
    let mut head = tokens.iter().skip(at + 1).enumerate().take_while(|entry| !ends(entry));
    head.any(|(_, token)| token.kind == Kind::Open)
}

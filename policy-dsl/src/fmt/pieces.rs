//! Tokens and comments in the order of the source, with what was between them as far as it matters: line ends.

use crate::lexer::Lexed;
use crate::span::Span;
use crate::token::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Token(Kind),
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) what: What,
    pub(super) span: Span,
    /// Line ends between the piece before and this one. Two or more are a blank line, which a `;` of its own is not.
    pub(super) newlines: usize,
}

impl Piece {
    pub(super) fn starts_line(self) -> bool {
        self.newlines > 0
    }

    pub(super) fn after_blank(self) -> bool {
        self.newlines > 1
    }
}

/// All but line ends and semicolons.
pub(super) fn pieces(lexed: &Lexed) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(lexed.tokens.len() + lexed.comments.len());
    let mut comments = lexed.comments.iter().peekable();
    // The line ends in a row, and the longest row since the last piece.
    let (mut row, mut newlines) = (0, 0);
    for token in &lexed.tokens {
        while let Some(comment) = comments.next_if(|comment| comment.start < token.span.start) {
            pieces.push(Piece { what: What::Comment, span: *comment, newlines });
            (row, newlines) = (0, 0);
        }
        match token.kind {
            Kind::Newline => {
                row += 1;
                newlines = newlines.max(row);
            }
            Kind::Semicolon => row = 0,
            Kind::End => {}
            kind => {
                pieces.push(Piece { what: What::Token(kind), span: token.span, newlines });
                (row, newlines) = (0, 0);
            }
        }
    }
    pieces.extend(comments.map(|comment| Piece { what: What::Comment, span: *comment, newlines }));
    pieces
}

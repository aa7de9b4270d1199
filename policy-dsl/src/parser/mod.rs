//! Tokens to tree. Recovers at the end of a statement, at a brace and at a line that opens a block, so that every
//! mistake is reported once and none hides the next. No recursion: hostile input can't exhaust the stack.

mod block;
mod literal;
mod text;
mod value;

pub(crate) use block::did_you_mean;

use crate::ast::{File, Value};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::lexer;
use crate::span::Span;
use crate::token::{Kind, Token};
use crate::vocabulary;

/// Deeper braces than this are refused.
pub(crate) const DEEPEST: usize = 32;

/// Reads a whole file.
pub(crate) fn parse<'s>(source: &'s str, sink: &mut Sink) -> File<'s> {
    let mut parser = Parser::new(source, sink);
    parser.file()
}

/// Reads the default of a statement, by the same rules as one that is written.
pub(crate) fn parse_default(definition: &vocabulary::Statement) -> Option<Value<'static>> {
    let vocabulary::Presence::Default(text) = definition.presence else { return None };
    let mut sink = Sink::default();
    let value = Parser::new(text, &mut sink).value(definition);
    value.ok().filter(|_| !sink.has_errors())
}

pub(crate) struct Parser<'s, 'k> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    /// The block whose statements are being read; its words end a statement.
    block: Option<&'static vocabulary::Block>,
    sink: &'k mut Sink,
}

/// Why a value could not be read; either way it has been reported and the rest of the statement is to be skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    Wrong,
    NotSupported,
}

type Read<T> = Result<T, Stop>;

impl<'s, 'k> Parser<'s, 'k> {
    fn new(source: &'s str, sink: &'k mut Sink) -> Self {
        let tokens = lexer::lex(source, sink);
        Self { source, tokens, at: 0, block: None, sink }
    }

    fn peek(&self) -> Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> Token {
        let end = Token { kind: Kind::End, span: Span::new(self.source.len(), self.source.len()) };
        self.tokens.get(self.at + count).copied().unwrap_or(end)
    }

    /// The token passed last.
    fn previous(&self) -> Option<Token> {
        self.tokens.get(self.at.checked_sub(1)?).copied()
    }

    /// Passes one token; the end of the file stays.
    fn bump(&mut self) -> Token {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn text(&self, token: Token) -> &'s str {
        token.span.text(self.source)
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let here = self.peek().kind == kind;
        if here {
            self.bump();
        }
        here
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let here = self.is_word(word);
        if here {
            self.bump();
        }
        here
    }

    fn is_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Word && self.text(token) == word
    }

    fn skip_newlines(&mut self) {
        while self.eat(Kind::Newline) {}
    }

    fn report(&mut self, code: Code, span: Span, message: String) {
        self.sink.push(Diagnostic::new(code, span, message));
    }

    /// "expected …, found …" at the token that stands here.
    fn unexpected(&mut self, expected: &str) -> Stop {
        let found = self.peek();
        let message = ["expected ", expected, ", found ", &found.describe(self.source)].concat();
        self.sink.push(Diagnostic::new(Code::UnexpectedToken, found.span, message));
        Stop::Wrong
    }

    /// Reports a part of the language that this version can't carry out.
    fn not_supported(&mut self, span: Span, what: &str) -> Stop {
        let message = [what, " is not supported by this version"].concat();
        let help =
            "it is part of the language, but this version can't carry it out and won't ignore it; remove it";
        self.sink.push(Diagnostic::new(Code::NotSupported, span, message).with_help(help));
        Stop::NotSupported
    }
}

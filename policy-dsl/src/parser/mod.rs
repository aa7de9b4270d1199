//! Tokens to tree. Recovers at the end of a statement, at a brace and at a line that opens a block, so that every
//! mistake is reported once and none hides the next. What a statement looks like stands in the vocabulary, as data:
//! recursion follows that, and not the text, so hostile input can't exhaust the stack.

mod auth;
mod block;
mod duration;
mod file;
mod habits;
mod leaf;
mod list;
mod number;
mod rate;
mod recovery;
mod shape;
mod statement;
mod text;

pub(crate) use leaf::{LONGEST_NAME, dedent};
pub(crate) use recovery::has_brace;
pub(crate) use text::is_reserved;

use crate::ast::{File, Value};
use crate::condition;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::lexer;
use crate::span::Span;
use crate::suggest::{only_nearest, synonym};
use crate::token::{Kind, Token};
use crate::vocabulary::{self, Presence};

/// Deeper braces than this are refused.
pub(crate) const DEEPEST: usize = 32;

/// Which part of the language is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What this version can carry out.
    Supported,
    /// All of it, also what will be refused when the policy is loaded.
    WholeLanguage,
}

/// Reads a whole file.
pub(crate) fn parse<'s>(source: &'s str, scope: Scope, sink: &mut Sink) -> File<'s> {
    Parser::new(source, scope, sink).file()
}

/// Reads the default of a statement, by the same rules as one that is written.
pub(crate) fn parse_default(definition: &'static vocabulary::Statement) -> Option<Vec<Value<'static>>> {
    let Presence::Default(text) = definition.presence else { return None };
    let mut sink = Sink::default();
    let mut parser = Parser::new(text, Scope::WholeLanguage, &mut sink);
    parser.statement = Some(definition);
    let mut read = shape::Values::default();
    let value = parser.shape(&definition.shape, None, &mut read);
    value.ok().filter(|()| !sink.has_errors()).map(|()| read.values)
}

pub(crate) struct Parser<'s, 'k> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    /// The block whose statements are being read; its words end a statement.
    block: &'static vocabulary::Block,
    /// The statement that is being read.
    statement: Option<&'static vocabulary::Statement>,
    /// How many blocks are open.
    depth: usize,
    scope: Scope,
    /// The blocks that are open around the one whose statements are being read, and how far the lines are indented that
    /// opened them and this one; `None` when the line began with something else.
    around: Vec<(&'static vocabulary::Block, Option<usize>)>,
    /// How far the line is indented on which the definition begins that is being read.
    indent: Option<usize>,
    /// The same for the statement that is being read.
    opener: Option<usize>,
    /// Something around has been refused as not supported, so what is in it needn't be again.
    in_refused: bool,
    /// What may still be spent on the search for conditions that are always true or false.
    effort: usize,
    sink: &'k mut Sink,
}

/// The value could not be read. It has been reported, and the rest of the statement is to be skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop;

type Read<T> = Result<T, Stop>;

impl<'s, 'k> Parser<'s, 'k> {
    fn new(source: &'s str, scope: Scope, sink: &'k mut Sink) -> Self {
        let tokens = lexer::lex(source, sink).tokens;
        let block = &vocabulary::POLICY;
        Self {
            source,
            tokens,
            at: 0,
            block,
            statement: None,
            depth: 0,
            around: Vec::new(),
            indent: None,
            opener: None,
            scope,
            in_refused: false,
            effort: condition::MOST_EFFORT,
            sink,
        }
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

    /// Where the token passed last ends, at least where `start` does.
    fn since(&self, start: Span) -> Span {
        self.previous()
            .map_or(start, |last| if last.span.end > start.start { start.to(last.span) } else { start })
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

    fn is_word(&self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Word && self.text(token) == word
    }

    fn skip_newlines(&mut self) {
        while self.eat(Kind::Newline) {}
    }

    /// The word of the statement that is being read, for messages.
    fn word(&self) -> &'static str {
        match self.statement {
            Some(statement) if !statement.word.is_empty() => statement.word,
            _ => self.block.word,
        }
    }

    fn report(&mut self, code: Code, span: Span, message: String) {
        self.sink.push(Diagnostic::new(code, span, message));
    }

    /// "expected …, found …" at the token that stands here.
    fn unexpected(&mut self, expected: &str) -> Stop {
        let found = self.peek();
        let message = ["expected ", expected, ", found ", &found.describe(self.source)].concat();
        self.sink.push(Diagnostic::new(Code::UnexpectedToken, found.span, message));
        Stop
    }

    /// Reports a part of the language that this version can't carry out, unless it is asked about the language itself.
    /// Whether it did.
    fn not_supported(&mut self, span: Span, what: &str) -> bool {
        if self.scope == Scope::WholeLanguage || self.in_refused {
            return false;
        }
        let message = [what, " is not supported by this version"].concat();
        let help =
            "it is part of the language, but this version can't carry it out and won't ignore it; remove it";
        self.sink.push(Diagnostic::new(Code::NotSupported, span, message).with_help(help));
        true
    }

    /// The known word that was meant: one that looks like it, or that says the same. Not searched for when the finding
    /// won't be shown anyway.
    fn suggest<'c>(&self, word: &str, known: impl Iterator<Item = &'c str> + Clone) -> Option<&'c str> {
        if self.sink.is_full() {
            return None;
        }
        only_nearest(word, known.clone()).or_else(|| synonym(word, known))
    }
}

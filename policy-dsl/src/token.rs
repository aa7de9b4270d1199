//! The pieces the lexer cuts the source into.

use crate::span::Span;

/// What a token is; its text is the source under its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name; which of them, only the place it stands in can tell.
    Word,
    /// Digits, perhaps a fraction, and the unit that follows without a space: `30s`, `0.5%`, `128k`.
    Number,
    /// `"…"`, both quotes included.
    Text,
    /// A string whose line ends before its closing quote, or inline text without its last line. The lexer has reported
    /// it. What should close the block may have been swallowed with it.
    OpenText,
    /// A condition between backticks.
    Condition,
    /// A regular expression between slashes.
    Pattern,
    /// Text written in place: `<<JSON` to a line `JSON`.
    Inline,
    Open,
    Close,
    Comma,
    Semicolon,
    Dot,
    /// `..`
    Range,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Dollar,
    Slash,
    Newline,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

impl Token {
    /// How a message calls it. Strings aren't repeated: they can be long, and one may be a secret in the wrong place.
    pub(crate) fn describe(self, source: &str) -> String {
        match self.kind {
            Kind::Text | Kind::OpenText => "a string".into(),
            Kind::Condition => "a condition".into(),
            Kind::Pattern => "a pattern".into(),
            Kind::Inline => "a text written in place".into(),
            Kind::Newline => "the end of the line".into(),
            Kind::End => "the end of the file".into(),
            _ => quote(self.span.text(source)),
        }
    }
}

/// The text of a string token between its quotes.
pub(crate) fn unquoted(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

/// In backticks, cut to a length a message can bear.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 48;
    let mut quoted = String::from("`");
    for c in text.chars().take(LONGEST) {
        match c {
            '\\' | '"' | '\'' => quoted.push(c),
            c => quoted.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        quoted.push('…');
    }
    quoted.push('`');
    quoted
}

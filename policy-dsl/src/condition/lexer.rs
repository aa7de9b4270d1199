//! A condition cut into tokens. What can only be meant in one way, such as a single `=`, is reported and read so.

use crate::diagnostic::Code;
use crate::span::Span;

use super::source::{Report, Source};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// Whatever begins with a digit: also `1.5`, `8k` or `4o`, which the checker refuses with the reason.
    Number,
    /// With its prefix and its quotes.
    Text,
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Question,
    Colon,
    Open,
    Close,
    OpenList,
    CloseList,
    OpenMap,
    CloseMap,
    Dot,
    Comma,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// Symbols, the longer ones first; the third is what should have been written.
const SYMBOLS: &[(&str, Kind, &str)] = &[
    ("===", Kind::Equal, "=="),
    ("!==", Kind::NotEqual, "!="),
    ("&&", Kind::And, ""),
    ("||", Kind::Or, ""),
    ("==", Kind::Equal, ""),
    ("!=", Kind::NotEqual, ""),
    ("<>", Kind::NotEqual, "!="),
    ("<=", Kind::LessEqual, ""),
    ("=<", Kind::LessEqual, "<="),
    (">=", Kind::GreaterEqual, ""),
    ("=>", Kind::GreaterEqual, ">="),
    ("&", Kind::And, "&&"),
    ("|", Kind::Or, "||"),
    ("=", Kind::Equal, "=="),
    ("!", Kind::Not, ""),
    ("<", Kind::Less, ""),
    (">", Kind::Greater, ""),
    ("+", Kind::Plus, ""),
    ("-", Kind::Minus, ""),
    ("*", Kind::Times, ""),
    ("/", Kind::Divide, ""),
    ("%", Kind::Remainder, ""),
    ("?", Kind::Question, ""),
    (":", Kind::Colon, ""),
    ("(", Kind::Open, ""),
    (")", Kind::Close, ""),
    ("[", Kind::OpenList, ""),
    ("]", Kind::CloseList, ""),
    ("{", Kind::OpenMap, ""),
    ("}", Kind::CloseMap, ""),
    (".", Kind::Dot, ""),
    (",", Kind::Comma, ""),
];

/// The last token is the end.
pub(super) fn lex(report: &mut Report) -> Vec<Token> {
    let source = report.source;
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), report };
    while let Some(first) = lexer.rest().chars().next() {
        lexer.token(first);
    }
    lexer.add(Kind::End, 0);
    lexer.tokens
}

struct Lexer<'s, 'k, 'r> {
    source: Source<'s>,
    at: usize,
    tokens: Vec<Token>,
    report: &'k mut Report<'s, 'r>,
}

fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'s> Lexer<'s, '_, '_> {
    fn rest(&self) -> &'s str {
        self.source.text.get(self.at..).unwrap_or("")
    }

    /// The next so many bytes.
    fn span(&self, length: usize) -> Span {
        self.source.span(self.at, self.at + length)
    }

    fn add(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token { kind, span: self.span(length) });
        self.at += length;
    }

    fn token(&mut self, first: char) {
        let rest = self.rest();
        match first {
            ' ' | '\t' | '\r' | '\n' | '\u{c}' => self.at += 1,
            '0'..='9' => self.add(Kind::Number, number_length(rest)),
            _ if rest.starts_with("//") && !self.expects_value() => {
                self.at += rest.find('\n').unwrap_or(rest.len());
            }
            _ => {
                let word = rest.bytes().take_while(|byte| continues_word(*byte)).count();
                let (prefix, tail) = rest.split_at_checked(word).unwrap_or(("", rest));
                let prefixed = matches!(prefix, "" | "r" | "R" | "b" | "B" | "br" | "bR" | "Br" | "BR");
                if prefixed && tail.starts_with(['"', '\'']) {
                    self.text(prefix, tail);
                } else if word > 0 {
                    self.add(Kind::Word, word);
                } else {
                    self.symbol(first);
                }
            }
        }
    }

    /// Two slashes behind an operator are the begin of a path without quotes rather than a comment.
    fn expects_value(&self) -> bool {
        use Kind::{Close, CloseList, Number, Text, Word};
        !self.tokens.last().is_some_and(|last| matches!(last.kind, Word | Number | Text | Close | CloseList))
    }

    /// To the closing quotes; a backslash shields what is behind it, unless the text is raw.
    fn text(&mut self, prefix: &str, tail: &str) {
        let quote = tail.get(..1).unwrap_or("\"");
        let triple = tail.starts_with("\"\"\"") || tail.starts_with("'''");
        let quotes = if triple { tail.get(..3).unwrap_or(quote) } else { quote };
        let raw = prefix.contains(['r', 'R']);
        let mut shielded = false;
        for (at, byte) in tail.bytes().enumerate().skip(quotes.len()) {
            match byte {
                _ if shielded => shielded = false,
                b'\\' if !raw => shielded = true,
                b'\n' if !triple => break,
                _ if tail.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(quotes.as_bytes())) => {
                    return self.add(Kind::Text, prefix.len() + at + quotes.len());
                }
                _ => {}
            }
        }
        let length = prefix.len() + tail.trim_end().len();
        let span = self.span(length);
        let help = ["close it with `", quotes, "`"];
        self.report.error(Code::ConditionSyntax, span, &["the string never ends"], "opened here", &help);
        self.at = self.source.text.len();
        // An empty token where a value should be: the parser says nothing more about it.
        self.tokens.push(Token { kind: Kind::Text, span });
    }

    fn symbol(&mut self, first: char) {
        let rest = self.rest();
        // `=~` is how half of the world writes a regular expression.
        if rest.starts_with("=~") || rest.starts_with("~=") || rest.starts_with("!~") {
            let help = "use `startsWith`, `endsWith`, `contains` or `in`";
            let message = "regular expressions aren't part of Seawall's conditions";
            self.report.error(Code::ConditionNotSupported, self.span(2), &[message], "", &[help]);
            return self.add(Kind::Equal, 2);
        }
        let Some((symbol, kind, meant)) = SYMBOLS.iter().find(|(symbol, ..)| rest.starts_with(symbol)) else {
            return self.stray(first);
        };
        if !meant.is_empty() {
            let span = self.span(symbol.len());
            let message = ["`", symbol, "` isn't an operator"];
            let help = [what(*kind), " is written `", meant, "`"];
            self.report.mend(Code::ConditionSyntax, span, &message, &help, meant);
        }
        self.add(*kind, symbol.len());
    }

    /// A character that begins nothing, and all that stand with it.
    fn stray(&mut self, first: char) {
        let rest = self.rest();
        if let Some((length, inner)) = curly(rest) {
            let span = self.span(length);
            let quoted = ["\"", inner, "\""].concat();
            let help = ["write `", &*quoted, "`"];
            let certain = if inner.contains(['"', '\\']) { "" } else { &*quoted };
            let message = ["strings stand in straight quotes"];
            self.report.mend(Code::ConditionSyntax, span, &message, &help, certain);
            return self.add(Kind::Text, length);
        }
        let known = |c: char| {
            c.is_ascii_alphanumeric() || c.is_whitespace() || "_\"'=!<>&|+-*/%?:()[]{}.,".contains(c)
        };
        let tail = rest.get(first.len_utf8()..).unwrap_or("");
        let length = first.len_utf8() + tail.find(known).unwrap_or(tail.len());
        let span = self.span(length);
        let help = match first {
            ';' => "a condition is one expression; join comparisons with `&&` or `||`",
            '$' | '@' | '#' => "names are written without a sign in front of them: `model`",
            _ => "names are made of letters, digits and `_`; text stands in quotes",
        };
        let quoted = self.report.quote(span);
        self.report.error(Code::ConditionSyntax, span, &["unexpected ", &quoted], "", &[help]);
        self.at += length;
    }
}

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::And => "\"and\"",
        Kind::Or => "\"or\"",
        Kind::NotEqual => "\"differs from\"",
        Kind::LessEqual => "\"at most\"",
        Kind::GreaterEqual => "\"at least\"",
        _ => "\"is equal to\"",
    }
}

/// A number and all that clings to it, so that `4o` or `10.0.0.1` is one thing to be told about.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        let next = bytes.get(length + 1).copied().unwrap_or(b' ');
        let exponent = length > 0 && matches!(bytes.get(length - 1), Some(b'e' | b'E'));
        let decimal = bytes.get(..length).is_some_and(|digits| !digits.starts_with(b"0x"));
        match byte {
            byte if continues_word(*byte) => length += 1,
            b'.' if next.is_ascii_digit() => length += 1,
            b'-' | b'+'
                if exponent && decimal && next.is_ascii_digit() && digits_before(bytes, length - 1) =>
            {
                length += 1;
            }
            _ => break,
        }
    }
    length
}

/// Whether nothing but digits and a dot stand before the `e` of an exponent.
fn digits_before(bytes: &[u8], end: usize) -> bool {
    bytes.get(..end).is_some_and(|head| head.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'))
}

/// A string in the quotes of a word processor: its length and what stands in it.
fn curly(rest: &str) -> Option<(usize, &str)> {
    let pair: &[char] = match rest.chars().next()? {
        '\u{201c}' | '\u{201d}' | '\u{201e}' => &['\u{201c}', '\u{201d}'],
        '\u{2018}' | '\u{2019}' | '\u{201a}' => &['\u{2018}', '\u{2019}'],
        _ => return None,
    };
    let inner = rest.get(3..)?;
    let end = inner.find(pair)?;
    Some((end + 6, inner.get(..end)?))
}

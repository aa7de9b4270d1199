//! Source text to tokens. Never fails: what it can't read it reports and leaves out, so that the parser sees what was
//! meant. Each byte is looked at a bounded number of times, also in hostile input.

use crate::diagnostic::{Code, Diagnostic, Edit, Sink};
use crate::span::{BYTE_ORDER_MARK, Span};
use crate::token::{Kind, Token, quote, unquoted};

/// What the source is made of.
#[derive(Debug)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    /// From `//` to the end of the line; the parser has no use for them, the formatter keeps them.
    pub(crate) comments: Vec<Span>,
}

pub(crate) fn lex(source: &str, sink: &mut Sink) -> Lexed {
    let at = if source.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut lexer = Lexer { source, at, tokens: Vec::new(), comments: Vec::new(), sink, bracket: None };
    while let Some(byte) = lexer.byte(0) {
        lexer.token(byte);
    }
    lexer.end_brackets();
    lexer.hidden();
    lexer.add(Kind::End, source.len());
    Lexed { tokens: lexer.tokens, comments: lexer.comments }
}

struct Lexer<'s, 'k> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Span>,
    sink: &'k mut Sink,
    /// A `[` that waits for its partner on the same line.
    bracket: Option<Diagnostic>,
}

/// What a word may hold behind its first letter.
fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl Lexer<'_, '_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    /// From the current place on.
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or("")
    }

    /// Bytes from here to the end of the line or of the file.
    fn line_length(&self) -> usize {
        let rest = self.rest();
        rest.find('\n').unwrap_or(rest.len())
    }

    fn add(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token { kind, span: Span::new(self.at, end) });
        self.at = end;
    }

    fn error(&mut self, code: Code, end: usize, message: String, help: &str) {
        let found = Diagnostic::new(code, Span::new(self.at, end), message);
        self.sink.push(if help.is_empty() { found } else { found.with_help(help) });
    }

    fn token(&mut self, byte: u8) {
        let next = self.byte(1);
        match (byte, next) {
            (b'\n', _) => {
                self.end_brackets();
                self.add(Kind::Newline, self.at + 1);
            }
            (b' ' | b'\t', _) | (b'\r', None | Some(b'\n')) => self.at += 1,
            (b'/', Some(b'/')) => {
                let end = self.at + self.line_length();
                self.comments.push(Span::new(self.at, end));
                self.at = end;
            }
            (b'/', Some(b'*')) => self.block_comment(),
            (b'/', _) if self.begins_pattern(next) => {
                self.delimited(b'/', Kind::Pattern, Kind::Pattern, "pattern")
            }
            (b'"', _) => self.delimited(b'"', Kind::Text, Kind::OpenText, "string"),
            (b'`', _) => self.delimited(b'`', Kind::Condition, Kind::Condition, "condition"),
            (b'<', Some(b'<')) => self.inline(),
            (b'.', Some(b'.')) => self.add(Kind::Range, self.at + 2),
            (b'<', Some(b'=')) => self.add(Kind::LessEqual, self.at + 2),
            (b'>', Some(b'=')) => self.add(Kind::GreaterEqual, self.at + 2),
            (b'{', _) => self.add(Kind::Open, self.at + 1),
            (b'}', _) => self.add(Kind::Close, self.at + 1),
            (b',', _) => self.add(Kind::Comma, self.at + 1),
            (b';', _) => self.add(Kind::Semicolon, self.at + 1),
            (b'.', _) => self.add(Kind::Dot, self.at + 1),
            (b'<', _) => self.add(Kind::Less, self.at + 1),
            (b'>', _) => self.add(Kind::Greater, self.at + 1),
            (b'$', _) => self.add(Kind::Dollar, self.at + 1),
            (b'/', _) => self.add(Kind::Slash, self.at + 1),
            (b'[' | b']', _) => self.list_bracket(byte),
            (b'0'..=b'9', _) => self.number(),
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', _) => self.word(),
            _ => self.stray(),
        }
    }

    /// `tokens/min` is a rate; a slash that stands free and has something behind it opens a pattern.
    fn begins_pattern(&self, next: Option<u8>) -> bool {
        let free = self.tokens.last().is_none_or(|token| (token.span.end as usize) < self.at);
        free && next.is_some_and(|byte| !byte.is_ascii_whitespace())
    }

    /// To the closing delimiter, a backslash shielding the character behind it. Ends with the line at the latest, so
    /// that a forgotten delimiter costs one line and not the rest of the file.
    fn delimited(&mut self, close: u8, closed: Kind, open: Kind, what: &str) {
        let mut shielded = false;
        for (length, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                b'\n' => break,
                _ if shielded => shielded = false,
                b'\\' => shielded = true,
                _ if byte == close => return self.add(closed, self.at + length + 1),
                _ => {}
            }
        }
        let end = self.at + self.rest().get(..self.line_length()).unwrap_or("").trim_end().len();
        let close = if close == b'`' { "a backtick" } else { &quote(&char::from(close).to_string()) };
        let help = ["close it with ", close, " on the same line"].concat();
        self.error(Code::Unterminated, end, ["the ", what, " never ends"].concat(), &help);
        self.add(open, end);
    }

    /// `<<WORD`, then lines up to one that holds only `WORD`.
    fn inline(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or("");
        let length = 2 + rest.bytes().skip(2).take_while(|byte| continues_word(*byte)).count();
        let (head, body) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let tag = head.get(2..).unwrap_or("").to_string();
        let mut end = self.at + length;
        for (number, line) in body.split_inclusive('\n').enumerate() {
            if number == 0 && !tag.is_empty() && !line.trim().is_empty() {
                let start = end + line.len() - line.trim_start().len();
                let span = Span::new(start, end + line.trim_end().len());
                let message = ["unexpected ", &quote(line.trim()), " behind ", &quote(head)].concat();
                let found = Diagnostic::new(Code::StrayCharacter, span, message);
                self.sink.push(found.with_help("the text begins on the next line"));
            }
            if number > 0 && !tag.is_empty() && line.trim() == tag {
                return self.add(Kind::Inline, end + line.trim_end().len());
            }
            end += line.len();
        }
        let help = ["end it with a line that holds only ", &quote(&tag)].concat();
        self.error(
            Code::Unterminated,
            self.at + length,
            "the text written in place never ends".into(),
            &help,
        );
        self.add(Kind::OpenText, end);
    }

    fn number(&mut self) {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let rest = self.rest();
        let mut length = digits(rest);
        let fraction = rest.get(length..).and_then(|tail| tail.strip_prefix('.')).map_or(0, digits);
        if fraction > 0 {
            length += 1 + fraction;
        }
        let unit = rest.get(length..).unwrap_or("");
        length += match unit.bytes().next() {
            Some(b'%') => 1,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                unit.bytes().take_while(|byte| continues_word(*byte)).count()
            }
            _ => 0,
        };
        self.add(Kind::Number, self.at + length);
    }

    /// A letter that names can't hold is reported, but doesn't cut the word in two, as then each half would be an error.
    fn word(&mut self) {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or("");
        let end = self.at + end;
        if let Some(letter) = word.chars().find(|c| !c.is_ascii()) {
            let message = ["a name can't hold ", &quote(letter.encode_utf8(&mut [0; 4]))].concat();
            let help = "names are made of the letters a to z and A to Z, digits, `_` and `-`";
            self.error(Code::StrayCharacter, end, message, help);
        }
        self.add(Kind::Word, end);
    }

    /// Characters that make the text look like another one: line breaks that aren't any here, what turns the direction of
    /// writing, and in strings also what can't be seen. Elsewhere they are stray characters.
    fn hidden(&mut self) {
        let texts = self.tokens.iter().filter(|token| {
            use Kind::{Condition, Inline, OpenText, Pattern, Text};
            matches!(token.kind, Text | OpenText | Condition | Pattern | Inline)
        });
        let texts = texts.map(|token| (token.span, token.kind != Kind::Inline));
        for (span, also_unseen) in texts.chain(self.comments.iter().map(|comment| (*comment, false))) {
            let text = span.text(self.source);
            let line_end =
                |at: usize| text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'));
            let hides = |(at, c): &(usize, char)| match *c {
                '\r' => !line_end(*at),
                '\u{85}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
                '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{feff}' => {
                    also_unseen
                }
                _ => false,
            };
            let Some((at, c)) = text.char_indices().find(hides) else { continue };
            let start = span.start as usize + at;
            let message =
                ["unexpected ", &quote(c.encode_utf8(&mut [0; 4])), ", which can't be seen"].concat();
            let found =
                Diagnostic::new(Code::StrayCharacter, Span::new(start, start + c.len_utf8()), message);
            self.sink.push(found.with_help("with it the text isn't what it looks like; remove it"));
        }
    }

    /// `/* … */`, to its end or that of the line.
    fn block_comment(&mut self) {
        let line = self.rest().get(..self.line_length()).unwrap_or("");
        let end = self.at + line.find("*/").map_or(line.trim_end().len(), |at| at + 2);
        self.error(Code::StrayCharacter, end, "unexpected `/*`".into(), LINE_COMMENT);
        self.at = end;
    }

    /// `[a, b]` is one mistake and not two.
    fn list_bracket(&mut self, byte: u8) {
        let span = Span::new(self.at, self.at + 1);
        self.at += 1;
        let removal = Edit { span, replacement: String::new() };
        if byte == b']'
            && let Some(mut found) = self.bracket.take()
        {
            for edits in found.fix.iter_mut().map(|fix| &mut fix.edits) {
                // `[]` goes as one: edits must not touch.
                match edits.last_mut().filter(|open| open.span.end == span.start) {
                    Some(open) => open.span.end = span.end,
                    None => edits.push(removal.clone()),
                }
            }
            return self.sink.push(found);
        }
        self.end_brackets();
        let message = ["unexpected `", char::from(byte).encode_utf8(&mut [0; 4]), "`"].concat();
        let found = Diagnostic::new(Code::StrayCharacter, span, message)
            .with_help("lists have no brackets: `429, 503`")
            .with_fix("remove the brackets", vec![removal]);
        if byte == b'[' { self.bracket = Some(found) } else { self.sink.push(found) }
    }

    fn end_brackets(&mut self) {
        if let Some(found) = self.bracket.take() {
            self.sink.push(found);
        }
    }

    /// Characters that begin nothing: one report for all that stand together, and no token.
    fn stray(&mut self) {
        let begins =
            |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_\"`/<>.{},;$#[]".contains(c);
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or(' ');
        if let Some(length) = foreign_string(rest) {
            let inner = unquoted(rest.get(..length).unwrap_or(""));
            let plain = !inner.contains(['"', '\\']);
            let straight = ["\"", inner, "\""].concat();
            let span = Span::new(self.at, self.at + length);
            let found =
                Diagnostic::new(Code::StrayCharacter, span, "strings stand in double quotes: `\"…\"`");
            self.sink.push(if plain { found.with_replacement(span, straight) } else { found });
            return self.add(Kind::Text, self.at + length);
        }
        let tail = rest.get(first.len_utf8()..).unwrap_or("");
        let mut length = first.len_utf8() + tail.find(begins).unwrap_or(tail.len());
        let comment = first == '#' || rest.starts_with("--");
        if comment {
            length = rest.len() - rest.trim_start_matches(first).len();
        }
        let text = rest.get(..length).unwrap_or("");
        let span = Span::new(self.at, self.at + length);
        let found = Diagnostic::new(Code::StrayCharacter, span, ["unexpected ", &quote(text)].concat());
        // `timeout: 30s`, `timeout = 30s`
        let assigns =
            matches!(text, ":" | "=") && self.tokens.last().is_some_and(|last| last.kind == Kind::Word);
        // `env.KEY=…`: what follows may be the secret itself.
        let assigns =
            assigns && self.tokens.iter().rev().nth(1).is_none_or(|before| before.kind != Kind::Dot);
        let found = match first {
            _ if comment => found.with_help(LINE_COMMENT).with_replacement(span, "//"),
            '=' | ':' => {
                let found = found.with_help("a statement is a word and its value: `timeout 30s`");
                let apart = tail.get(length - 1..).is_some_and(|next| next.starts_with(char::is_whitespace));
                if assigns { found.with_replacement(span, if apart { "" } else { " " }) } else { found }
            }
            _ => found,
        };
        self.sink.push(found);
        self.at = if comment { self.at + self.line_length() } else { span.end as usize };
    }
}

const LINE_COMMENT: &str = "a comment starts with `//` and ends with its line";

/// The length of a string in other quotes, which word processors and other languages use. Either quote of a pair closes
/// it, so that a line is searched in vain only once.
fn foreign_string(rest: &str) -> Option<usize> {
    let pair = match rest.chars().next()? {
        '\'' => ['\'', '\''],
        '\u{201c}' | '\u{201d}' => ['\u{201c}', '\u{201d}'],
        '\u{2018}' | '\u{2019}' => ['\u{2018}', '\u{2019}'],
        _ => return None,
    };
    let line = rest.char_indices().take_while(|(_, c)| *c != '\n');
    let (at, close) = line.skip(1).find(|(_, c)| pair.contains(c))?;
    Some(at + close.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<(Kind, &str)> {
        let mut sink = Sink::default();
        let tokens = lex(source, &mut sink).tokens;
        assert!(!sink.has_errors(), "{source}");
        tokens.iter().map(|token| (token.kind, token.span.text(source))).collect()
    }

    #[test]
    fn numbers_keep_their_unit_and_leave_the_range_alone() {
        use Kind::{Dollar, End, Number, Range, Slash, Word};
        assert_eq!(kinds("500ms..32s"), [(Number, "500ms"), (Range, ".."), (Number, "32s"), (End, "")]);
        assert_eq!(kinds("0.5% 2x"), [(Number, "0.5%"), (Number, "2x"), (End, "")]);
        let rate =
            [(Dollar, "$"), (Number, "2.00"), (Word, "tokens"), (Slash, "/"), (Word, "min"), (End, "")];
        assert_eq!(kinds("$2.00 tokens/min"), rate);
    }

    #[test]
    fn text_of_the_whole_language_is_cut_into_tokens() {
        use Kind::{Condition, End, Inline, Newline, Pattern, Text, Word};
        assert_eq!(kinds("deny /a \\/ b/ // c"), [(Word, "deny"), (Pattern, "/a \\/ b/"), (End, "")]);
        assert_eq!(
            kinds(r#"`a == "}"` "b\"c""#),
            [(Condition, r#"`a == "}"`"#), (Text, r#""b\"c""#), (End, "")]
        );
        let inline = "<<JSON\n{ \"a\": \"\\n\" }\n  JSON";
        assert_eq!(
            kinds(&[inline, "\nx"].concat()),
            [(Inline, inline), (Newline, "\n"), (Word, "x"), (End, "")]
        );
    }
}

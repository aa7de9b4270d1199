//! Reading what is nearly JSON, and writing it as JSON.

use std::ops::Range;

use super::Changes;
use crate::json::{Document, Limits};

/// What was read.
pub(super) struct Read {
    pub(super) json: String,
    /// The same without the string that the text breaks off in, if it does.
    pub(super) without: Option<String>,
    pub(super) changes: Changes,
    /// Bytes that were read.
    pub(super) length: usize,
}

/// From the bracket that the text begins with to the one that closes it.
pub(super) fn read(text: &str, limits: Limits) -> Option<Read> {
    let mut reader = Reader {
        rest: text,
        json: String::with_capacity(text.len()),
        open: Vec::new(),
        name: None,
        needs_comma: false,
        changes: Changes::default(),
        depth: limits.depth,
        cut: None,
    };
    reader.read()?;
    let length = text.len() - reader.rest.len();
    let Reader { json, changes, cut, .. } = reader;
    let without = cut.and_then(|cut| Some([json.get(..cut.start)?, json.get(cut.end..)?].concat()));
    Some(Read { json, without, changes, length })
}

struct Reader<'t> {
    rest: &'t str,
    json: String,
    /// The brackets that will close what is open.
    open: Vec<char>,
    /// The name of the member whose value comes next. Written with the value, so that it can be left out with it.
    name: Option<String>,
    /// Something is before the next value.
    needs_comma: bool,
    changes: Changes,
    depth: usize,
    /// Where the string that the text breaks off in was written, with its name.
    cut: Option<Range<usize>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A value or a name, or the closing bracket.
    Next,
    /// After a comma: the same, but a bracket makes the comma needless.
    AfterComma,
    Colon,
    Value,
    /// A comma or the closing bracket.
    More,
}

impl Reader<'_> {
    fn read(&mut self) -> Option<()> {
        let mut expect = Expect::Value;
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
            let Some(character) = self.rest.chars().next() else {
                self.break_off();
                return Some(());
            };
            let in_object = self.open.last() == Some(&'}');
            expect = match (expect, character) {
                (Expect::Next | Expect::AfterComma | Expect::More, '}' | ']') => {
                    if self.open.pop() != Some(character) {
                        return None;
                    }
                    self.changes.commas |= expect == Expect::AfterComma;
                    self.skip(character);
                    self.json.push(character);
                    self.needs_comma = true;
                    if self.open.is_empty() {
                        return Some(());
                    }
                    Expect::More
                }
                (Expect::More, ',') => {
                    self.skip(character);
                    Expect::AfterComma
                }
                (Expect::Colon, ':') => {
                    self.skip(character);
                    Expect::Value
                }
                (Expect::More | Expect::Colon, _) => return None,
                (Expect::Next | Expect::AfterComma, _) if in_object => match self.string(character)? {
                    (name, true) => {
                        self.name = Some(name);
                        Expect::Colon
                    }
                    (_, false) => {
                        self.changes.dropped = true;
                        self.break_off();
                        return Some(());
                    }
                },
                (Expect::Next | Expect::AfterComma | Expect::Value, _) => self.value(character)?,
            };
        }
    }

    fn skip(&mut self, character: char) {
        self.rest = self.rest.get(character.len_utf8()..).unwrap_or("");
    }

    /// The text ends here: what is open is closed.
    fn break_off(&mut self) {
        self.rest = "";
        self.changes.closed = true;
        self.changes.dropped |= self.name.is_some();
        while let Some(bracket) = self.open.pop() {
            self.json.push(bracket);
        }
    }

    /// What stands before a value.
    fn begin(&mut self) {
        if self.needs_comma {
            self.json.push(',');
        }
        if let Some(name) = self.name.take() {
            self.json.push_str(&name);
            self.json.push(':');
        }
        self.needs_comma = true;
    }

    fn value(&mut self, character: char) -> Option<Expect> {
        match character {
            '{' | '[' => {
                if self.open.len() >= self.depth {
                    return None;
                }
                self.begin();
                self.skip(character);
                self.json.push(character);
                self.open.push(if character == '{' { '}' } else { ']' });
                self.needs_comma = false;
                return Some(Expect::Next);
            }
            '"' | '\'' => {
                // One that breaks off is kept as far as it goes, if its schema bears that.
                let (text, is_whole) = self.string(character)?;
                let start = self.json.len();
                self.begin();
                self.json.push_str(&text);
                self.cut = (!is_whole).then_some(start..self.json.len());
            }
            _ => {
                let end =
                    self.rest.find([',', '}', ']', ':', ' ', '\t', '\n', '\r']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                if rest.is_empty() {
                    // More of it may have been meant to come.
                    self.name = None;
                    self.changes.dropped = true;
                    return Some(Expect::More);
                }
                let literal = match word {
                    "True" => Some("true"),
                    "False" => Some("false"),
                    "None" => Some("null"),
                    _ => None,
                };
                self.changes.literals |= literal.is_some();
                let limits = Limits { bytes: word.len(), depth: 0, nodes: 1 };
                let written = literal.or_else(|| Document::read(word, limits).ok().map(|_| word))?;
                self.begin();
                self.json.push_str(written);
            }
        }
        Some(Expect::More)
    }

    /// A string as JSON, closed if it breaks off, and whether it is whole; `None` if this is none.
    fn string(&mut self, quote: char) -> Option<(String, bool)> {
        if quote != '"' && quote != '\'' {
            return None;
        }
        self.changes.quotes |= quote == '\'';
        let mut json = String::from("\"");
        let mut characters = self.rest.chars();
        characters.next();
        let mut is_whole = false;
        while let Some(character) = characters.next() {
            match character {
                _ if character == quote => {
                    is_whole = true;
                    break;
                }
                '"' => json.push_str("\\\""),
                '\\' => {
                    let rest = characters.as_str();
                    let length = escape_length(rest)?;
                    let Some(escape) = rest.get(..length) else {
                        // It breaks off within the escape.
                        self.changes.dropped = true;
                        characters = "".chars();
                        continue;
                    };
                    // JSON knows no escaped single quote, and needs none.
                    self.changes.quotes |= escape == "'";
                    json.push_str(if escape == "'" { "" } else { "\\" });
                    json.push_str(escape);
                    characters = rest.get(length..).unwrap_or("").chars();
                }
                '\0'..' ' => {
                    self.changes.controls = true;
                    json.push_str(&format!("\\u{:04x}", u32::from(character)));
                }
                other => json.push(other),
            }
        }
        json.push('"');
        self.rest = characters.as_str();
        Some((json, is_whole))
    }
}

/// Bytes of the escape behind a backslash, with both halves of a pair. `None` if there is no such escape.
fn escape_length(rest: &str) -> Option<usize> {
    let unit = |text: &str| {
        let hex = text.strip_prefix('u')?;
        let digits: Vec<u8> = hex.bytes().take(4).collect();
        digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)
    };
    match rest.chars().next() {
        None | Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | '\'') => Some(1),
        Some('u') => {
            let digits = unit(rest)?;
            let code = u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).unwrap_or(0);
            if !(0xD800..0xDC00).contains(&code) || digits.len() < 4 {
                return Some(5);
            }
            // Its other half, or nothing as long as that may come.
            let behind = rest.get(5..).unwrap_or("");
            match behind.strip_prefix('\\') {
                Some(second) if second.is_empty() || unit(second).is_some() => Some(11),
                None if behind.is_empty() => Some(11),
                _ => None,
            }
        }
        _ => None,
    }
}

//! JSON without what is private, and what was to be JSON.

use super::{is_name_of_key, quoted, text};
use crate::output::unescape;

/// Arrays and objects within each other. Readers take no more than 127, and this may stand within others.
const DEEPEST: usize = 100;

/// JSON of which every text, and every number that isn't one to calculate with, has been through [`text`], and without the values
/// of members whose names tell that they are secrets. What breaks off is closed. What isn't JSON becomes one text.
pub(crate) fn json(json: &[u8]) -> String {
    let mut writer = Writer { out: String::with_capacity(json.len()), open: Vec::new(), next: Next::Value };
    match writer.read(json) {
        Some(()) => writer.closed(),
        None => {
            // It may hide behind escapes all the same.
            let mut said = String::with_capacity(json.len());
            unescape(json, &mut said);
            quoted(&text(&said))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// A value. Its comma is written with it: perhaps none comes.
    Value,
    /// A value, or the end of the array.
    First,
    /// A name, or the end of the object.
    FirstName,
    Name,
    Colon,
    /// A comma or a closing bracket.
    Comma,
}

struct Open {
    is_array: bool,
    /// What stands in it is a secret.
    is_secret: bool,
    /// So is the value of the member that is read.
    has_secret: bool,
}

struct Writer {
    out: String,
    open: Vec<Open>,
    next: Next,
}

impl Writer {
    /// `None` if it isn't JSON, nor the beginning of such.
    fn read(&mut self, json: &[u8]) -> Option<()> {
        let mut at = json.iter().position(|byte| !byte.is_ascii_whitespace())?;
        while let Some(byte) = json.get(at) {
            let rest = json.get(at..)?;
            at += match byte {
                byte if byte.is_ascii_whitespace() => 1,
                b'"' => self.string(rest)?,
                b'[' | b'{' => self.bracket(*byte == b'[')?,
                b']' | b'}' => self.end(*byte == b']')?,
                b':' if self.next == Next::Colon => self.goes_on(":", Next::Value),
                b',' if self.next == Next::Comma => {
                    self.goes_on("", if self.open.last()?.is_array { Next::Value } else { Next::Name })
                }
                _ => self.word(rest)?,
            };
        }
        Some(())
    }

    fn goes_on(&mut self, written: &str, next: Next) -> usize {
        self.out.push_str(written);
        self.next = next;
        1
    }

    fn is_secret(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_secret || open.has_secret)
    }

    /// Before a value or a name.
    fn begins(&mut self) {
        let last = self.out.as_bytes().last();
        if last.is_some_and(|last| !b"[{:".contains(last)) {
            self.out.push(',');
        }
    }

    fn value(&mut self, written: &str) -> Option<()> {
        if !matches!(self.next, Next::Value | Next::First) {
            return None;
        }
        self.begins();
        self.out.push_str(written);
        self.next = Next::Comma;
        Some(())
    }

    fn string(&mut self, rest: &[u8]) -> Option<usize> {
        let mut is_escaped = false;
        let length = rest.iter().skip(1).position(|byte| {
            let ends = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        });
        let end = length.map_or(rest.len(), |length| length + 1);
        let mut said = String::new();
        unescape(rest.get(1..end)?, &mut said);
        if matches!(self.next, Next::FirstName | Next::Name) {
            self.begins();
            self.out.push_str(&quoted(&text(&said)));
            self.next = Next::Colon;
            self.open.last_mut()?.has_secret = is_name_of_key(said.as_bytes());
        } else if self.is_secret() {
            self.value("\"[key]\"")?;
        } else {
            self.value(&quoted(&text(&said)))?;
        }
        Some((end + 1).min(rest.len()))
    }

    fn bracket(&mut self, is_array: bool) -> Option<usize> {
        let is_secret = self.is_secret();
        self.value(if is_array { "[" } else { "{" })?;
        self.open.push(Open { is_array, is_secret, has_secret: false });
        self.next = if is_array { Next::First } else { Next::FirstName };
        (self.open.len() <= DEEPEST).then_some(1)
    }

    fn end(&mut self, is_array: bool) -> Option<usize> {
        let empty = if is_array { Next::First } else { Next::FirstName };
        let open = self.open.pop_if(|open| open.is_array == is_array)?;
        (self.next == Next::Comma || self.next == empty)
            .then(|| self.goes_on(if open.is_array { "]" } else { "}" }, Next::Comma))
    }

    /// A number or a literal. What of them breaks off has no meaning.
    fn word(&mut self, rest: &[u8]) -> Option<usize> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = std::str::from_utf8(rest.get(..length).filter(|word| !word.is_empty())?).ok()?;
        let literal = ["true", "false", "null"].into_iter().find(|literal| {
            *literal == word || (length == rest.len() && !self.open.is_empty() && literal.starts_with(word))
        });
        if let Some(literal) = literal {
            self.value(if literal == word { literal } else { "null" })?;
            return Some(length);
        }
        if !word.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return None;
        }
        let kept = if self.is_secret() { "[key]".to_owned() } else { text(word) };
        let is_number = kept == word && serde_json::from_str::<f64>(word).is_ok();
        self.value(&if is_number { kept } else { quoted(&kept) })?;
        Some(length)
    }

    /// Closed where it breaks off.
    fn closed(mut self) -> String {
        self.out.push_str(match self.next {
            Next::Value if !self.open.is_empty() && self.out.ends_with(':') => "null",
            Next::Colon => ":null",
            _ => "",
        });
        for open in self.open.iter().rev() {
            self.out.push(if open.is_array { ']' } else { '}' });
        }
        self.out
    }
}

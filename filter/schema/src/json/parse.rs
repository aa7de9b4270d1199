//! Reading JSON, without recursion.

use std::borrow::Cow;

use super::{Document, Kind, Limits, Node, Unreadable};
use crate::sort::sort;

/// Up to so many names are compared with one another; more are sorted.
const FEW: u32 = 8;

pub(super) fn read(text: Cow<'_, str>, limits: Limits) -> Result<Document<'_>, Unreadable> {
    read_as(text, limits, false)
}

/// `is_start` says that the text may go on: then what it breaks off in is open.
pub(super) fn read_as(
    text: Cow<'_, str>,
    limits: Limits,
    is_start: bool,
) -> Result<Document<'_>, Unreadable> {
    if text.len() > limits.bytes.min(u32::MAX as usize >> 1) {
        return Err(Unreadable::TooLarge);
    }
    let mut reader = Reader {
        text: &text,
        bytes: text.as_bytes(),
        at: 0,
        unescaped: String::new(),
        nodes: Vec::with_capacity((text.len() / 8).clamp(4, limits.nodes.max(4))),
        open: Vec::new(),
        limits,
    };
    match reader.read() {
        Ok(()) | Err(Unreadable::Truncated) if is_start => reader.leave_open(),
        other => other?,
    }
    let (unescaped, nodes) = (reader.unescaped, reader.nodes);
    Ok(Document { text, unescaped, nodes })
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    unescaped: String,
    nodes: Vec<Node>,
    /// Arrays and objects that have begun.
    open: Vec<u32>,
    limits: Limits,
}

/// What the text may go on with.
enum Expect {
    Value,
    /// The first item, or the end of an empty array.
    Item,
    /// The first name, or the end of an empty object.
    Name,
    NextName,
    /// After a value.
    More,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Unreadable> {
        let mut expect = Expect::Value;
        loop {
            self.skip_blanks();
            let byte = self.bytes.get(self.at).copied();
            expect = match (expect, byte) {
                (Expect::More, byte) => match (self.open.last().copied(), byte) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => return Err(self.malformed()),
                    (Some(_), None) => return Err(Unreadable::Truncated),
                    (Some(open), Some(byte)) => self.after(open, byte)?,
                },
                (_, None) => return Err(Unreadable::Truncated),
                (Expect::Item, Some(b']')) | (Expect::Name, Some(b'}')) => self.close()?,
                (Expect::Name | Expect::NextName, Some(_)) => {
                    self.name()?;
                    Expect::Value
                }
                (Expect::Value | Expect::Item, Some(byte)) => self.value(byte)?,
            };
        }
    }

    /// Marks what the text breaks off in. A string is left out, and so is a name without its value.
    fn leave_open(&mut self) {
        let (next, end) = (self.nodes.len() as u32, self.text.len() as u32);
        if let Some(last) = self.nodes.last_mut() {
            last.is_open = last.kind == Kind::Number && last.end == end;
        }
        while let Some(open) = self.open.pop() {
            if let Some(node) = self.nodes.get_mut(open as usize) {
                (node.next, node.end, node.is_open) = (next, end, true);
            }
            self.count();
        }
    }

    fn malformed(&self) -> Unreadable {
        Unreadable::Malformed { at: self.at }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn put(&mut self, kind: Kind, is_unescaped: bool, start: usize, end: usize) -> Result<(), Unreadable> {
        if self.nodes.len() >= self.limits.nodes {
            return Err(Unreadable::TooLarge);
        }
        let next = self.nodes.len() as u32 + 1;
        let (start, end) = (start as u32, end as u32);
        self.nodes.push(Node { kind, is_unescaped, is_open: false, count: 0, start, end, next });
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<Expect, Unreadable> {
        match byte {
            b'"' => self.string()?,
            b'{' | b'[' => {
                if self.open.len() >= self.limits.depth {
                    return Err(Unreadable::TooLarge);
                }
                let (kind, expect) = match byte {
                    b'{' => (Kind::Object, Expect::Name),
                    _ => (Kind::Array, Expect::Item),
                };
                self.put(kind, false, self.at, self.at)?;
                self.open.push(self.nodes.len() as u32 - 1);
                self.at += 1;
                return Ok(expect);
            }
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true", Kind::True)?,
            b'f' => self.word("false", Kind::False)?,
            b'n' => self.word("null", Kind::Null)?,
            _ => return Err(self.malformed()),
        }
        self.count();
        Ok(Expect::More)
    }

    /// A value is complete: what holds it has one more.
    fn count(&mut self) {
        if let Some(holder) = self.open.last().and_then(|open| self.nodes.get_mut(*open as usize)) {
            holder.count += 1;
        }
    }

    fn after(&mut self, open: u32, byte: u8) -> Result<Expect, Unreadable> {
        let is_object = self.nodes.get(open as usize).is_some_and(|node| node.kind == Kind::Object);
        match byte {
            b',' => {
                self.at += 1;
                Ok(if is_object { Expect::NextName } else { Expect::Value })
            }
            b'}' if is_object => self.close(),
            b']' if !is_object => self.close(),
            _ => Err(self.malformed()),
        }
    }

    fn close(&mut self) -> Result<Expect, Unreadable> {
        self.at += 1;
        let (next, end) = (self.nodes.len() as u32, self.at as u32);
        if let Some(at) = self.open.pop()
            && let Some(node) = self.nodes.get_mut(at as usize)
        {
            (node.next, node.end) = (next, end);
            if node.kind == Kind::Object {
                let count = node.count;
                self.names_differ(at, count)?;
            }
        }
        self.count();
        Ok(Expect::More)
    }

    fn name(&mut self) -> Result<(), Unreadable> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.malformed());
        }
        self.string()?;
        self.skip_blanks();
        match self.bytes.get(self.at) {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.malformed()),
            None => Err(Unreadable::Truncated),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Unreadable> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.put(kind, false, self.at, self.at + word.len())?;
            self.at += word.len();
            return Ok(());
        }
        Err(if word.as_bytes().starts_with(rest) { Unreadable::Truncated } else { self.malformed() })
    }

    fn digits(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            _ if self.at > start => Ok(()),
            None => Err(Unreadable::Truncated),
            Some(_) => Err(self.malformed()),
        }
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.put(Kind::Number, false, start, self.at)
    }

    fn string(&mut self) -> Result<(), Unreadable> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return self.put(Kind::Text, false, start, self.at - 1);
                }
                Some(b'\\') => return self.escaped_string(start),
                Some(0..0x20) => return Err(self.malformed()),
                Some(_) => self.at += 1,
                None => return Err(Unreadable::Truncated),
            }
        }
    }

    /// Goes on to a byte that may have a meaning in a string, or shortly before. ("Determine if a word has a byte less than n", Bit Twiddling
    /// Hacks, S. E. Anderson: exact for whether there is one.)
    fn skip_plain(&mut self) {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        const HIGHS: u64 = ONES << 7;
        let below =
            |word: u64, limit: u8| word.wrapping_sub(ONES.wrapping_mul(u64::from(limit))) & !word & HIGHS;
        let is_plain = |word: u64| {
            below(word, 0x20)
                | below(word ^ (ONES * u64::from(b'"')), 1)
                | below(word ^ (ONES * u64::from(b'\\')), 1)
                == 0
        };
        let (words, _) = self.bytes.get(self.at..).unwrap_or_default().as_chunks::<8>();
        self.at += 8 * words.iter().take_while(|word| is_plain(u64::from_le_bytes(**word))).count();
    }

    /// From the first escape on, with what was before.
    fn escaped_string(&mut self, start: usize) -> Result<(), Unreadable> {
        let begin = self.unescaped.len();
        let mut copied = start;
        loop {
            let byte = self.bytes.get(self.at).copied().ok_or(Unreadable::Truncated)?;
            match byte {
                b'"' | b'\\' => self.unescaped.push_str(self.text.get(copied..self.at).unwrap_or("")),
                0..0x20 => return Err(self.malformed()),
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if byte == b'"' {
                self.at += 1;
                return self.put(Kind::Text, true, begin, self.unescaped.len());
            }
            let character = self.escape()?;
            self.unescaped.push(character);
            copied = self.at;
        }
    }

    fn escape(&mut self) -> Result<char, Unreadable> {
        let character = match self.bytes.get(self.at + 1) {
            Some(sign @ (b'"' | b'\\' | b'/')) => char::from(*sign),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.utf_16(),
            Some(_) => return Err(self.malformed()),
            None => return Err(Unreadable::Truncated),
        };
        self.at += 2;
        Ok(character)
    }

    fn utf_16(&mut self) -> Result<char, Unreadable> {
        let start = self.at;
        let first = self.unit()?;
        let code = match first {
            0xD800..0xDC00 => match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(b'\\'), Some(b'u')) => match self.unit()? {
                    second @ 0xDC00..0xE000 => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                    _ => first,
                },
                (None, _) | (Some(b'\\'), None) => return Err(Unreadable::Truncated),
                _ => first,
            },
            _ => first,
        };
        char::from_u32(code).ok_or(Unreadable::LoneSurrogate { at: start })
    }

    /// `\u0041`
    fn unit(&mut self) -> Result<u32, Unreadable> {
        self.at += 2;
        let mut value = 0;
        for _ in 0..4 {
            let byte = self.bytes.get(self.at).copied().ok_or(Unreadable::Truncated)?;
            value = value * 16 + char::from(byte).to_digit(16).ok_or_else(|| self.malformed())?;
            self.at += 1;
        }
        Ok(value)
    }

    fn names_differ(&self, object: u32, count: u32) -> Result<(), Unreadable> {
        if count < 2 {
            return Ok(());
        }
        let mut names = Vec::with_capacity(if count > FEW { count as usize } else { 0 });
        let mut few: [&str; FEW as usize] = [""; FEW as usize];
        let (mut at, mut known) = (object as usize + 1, 0);
        for _ in 0..count {
            let Some(name) = self.nodes.get(at) else { break };
            let source = if name.is_unescaped { &self.unescaped } else { self.text };
            let text = source.get(name.start as usize..name.end as usize).unwrap_or("");
            if count > FEW {
                names.push((text, at));
            } else if let Some((before, rest)) = few.split_at_mut_checked(known) {
                if before.contains(&text) {
                    return Err(self.twice(at));
                }
                if let Some(slot) = rest.first_mut() {
                    *slot = text;
                }
                known += 1;
            }
            at = self.nodes.get(at + 1).map_or(at, |value| value.next as usize);
        }
        sort(&mut names, |one, other| one.cmp(other));
        let mut pairs = names.iter().zip(names.iter().skip(1));
        pairs.find(|(a, b)| a.0 == b.0).map_or(Ok(()), |(_, second)| Err(self.twice(second.1)))
    }

    fn twice(&self, at: usize) -> Unreadable {
        // A name with an escape has lost its place; where its object ends is near enough.
        let node = self.nodes.get(at).filter(|node| !node.is_unescaped);
        Unreadable::NameTwice { at: node.map_or(self.at, |node| node.start as usize) }
    }
}

//! Reading JSON, without recursion.

use std::borrow::Cow;

use super::{Document, Kind, Limits, Node, Unreadable, same};
use crate::sort::sort;

/// Up to so many names are compared with one another; more are sorted.
const FEW: u32 = 16;

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
        open: Vec::with_capacity(limits.depth.min(16)),
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

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Unreadable> {
        loop {
            // A value begins here.
            match self.token()? {
                b'"' => self.string()?,
                b'{' => {
                    self.opens(Kind::Object)?;
                    if self.token()? != b'}' {
                        self.name()?;
                        continue;
                    }
                    self.closes()?;
                }
                b'[' => {
                    self.opens(Kind::Array)?;
                    if self.token()? != b']' {
                        continue;
                    }
                    self.closes()?;
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word("true", Kind::True)?,
                b'f' => self.word("false", Kind::False)?,
                b'n' => self.word("null", Kind::Null)?,
                _ => return Err(self.malformed()),
            }
            // One has ended.
            loop {
                let Some(holder) = self.open.last().and_then(|open| self.nodes.get_mut(*open as usize))
                else {
                    return match self.token() {
                        Ok(_) => Err(self.malformed()),
                        Err(_) => Ok(()),
                    };
                };
                holder.count += 1;
                let is_object = holder.kind == Kind::Object;
                match self.token()? {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.token()?;
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => self.closes()?,
                    b']' if !is_object => self.closes()?,
                    _ => return Err(self.malformed()),
                }
            }
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

    /// The next byte that is no blank.
    #[inline]
    fn token(&mut self) -> Result<u8, Unreadable> {
        self.skip_blanks();
        self.bytes.get(self.at).copied().ok_or(Unreadable::Truncated)
    }

    fn opens(&mut self, kind: Kind) -> Result<(), Unreadable> {
        if self.open.len() >= self.limits.depth {
            return Err(Unreadable::TooLarge);
        }
        let number = self.nodes.len() as u32;
        self.put(kind, false, self.at, self.at)?;
        self.open.push(number);
        self.at += 1;
        Ok(())
    }

    /// A value is complete: what holds it has one more.
    fn count(&mut self) {
        if let Some(holder) = self.open.last().and_then(|open| self.nodes.get_mut(*open as usize)) {
            holder.count += 1;
        }
    }

    fn closes(&mut self) -> Result<(), Unreadable> {
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
        Ok(())
    }

    fn name(&mut self) -> Result<(), Unreadable> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.malformed());
        }
        self.string()?;
        if self.token()? != b':' {
            return Err(self.malformed());
        }
        self.at += 1;
        Ok(())
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
        match self.bytes.get(self.at) {
            Some(b'"') => {
                self.at += 1;
                self.put(Kind::Text, false, start, self.at - 1)
            }
            Some(b'\\') => self.escaped_string(start),
            Some(_) => Err(self.malformed()),
            None => Err(Unreadable::Truncated),
        }
    }

    /// Goes on to the next byte that has a meaning in a string. ("Determine if a word has a byte less than n", Bit Twiddling Hacks,
    /// S. E. Anderson: exact for the lowest such byte.)
    #[inline]
    fn skip_plain(&mut self) {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        const HIGHS: u64 = ONES << 7;
        let below =
            |word: u64, limit: u8| word.wrapping_sub(ONES.wrapping_mul(u64::from(limit))) & !word & HIGHS;
        let meaning = |word: u64| {
            below(word, 0x20)
                | below(word ^ (ONES * u64::from(b'"')), 1)
                | below(word ^ (ONES * u64::from(b'\\')), 1)
        };
        let (words, rest) = self.bytes.get(self.at..).unwrap_or_default().as_chunks::<8>();
        for word in words {
            let found = meaning(u64::from_le_bytes(*word));
            if found != 0 {
                self.at += found.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        self.at += rest.iter().take_while(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')).count();
    }

    /// From the first escape on, with what was before.
    fn escaped_string(&mut self, start: usize) -> Result<(), Unreadable> {
        let begin = self.unescaped.len();
        let mut copied = start;
        loop {
            self.skip_plain();
            let byte = self.bytes.get(self.at).copied().ok_or(Unreadable::Truncated)?;
            if byte < 0x20 {
                return Err(self.malformed());
            }
            self.unescaped.push_str(self.text.get(copied..self.at).unwrap_or(""));
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
        // A bit for each name, by a few of its bytes: where no two have the same one, all differ.
        let mut bits = [0_u64; 8];
        let (mut at, mut may_differ) = (object as usize + 1, true);
        for _ in 0..count {
            let mark = mark(self.name_at(at).as_bytes());
            let Some(word) = bits.get_mut(mark as usize / 64 % 8) else { break };
            may_differ &= *word >> (mark % 64) & 1 == 0;
            *word |= 1 << (mark % 64);
            at = self.nodes.get(at + 1).map_or(at, |value| value.next as usize);
        }
        if may_differ { Ok(()) } else { self.names_compared(object, count) }
    }

    #[inline(never)]
    fn names_compared(&self, object: u32, count: u32) -> Result<(), Unreadable> {
        if count <= FEW {
            return self.few_names_compared(object, count);
        }
        let mut names = Vec::with_capacity(count as usize);
        let mut at = object as usize + 1;
        for _ in 0..count {
            names.push((self.name_at(at), at));
            at = self.nodes.get(at + 1).map_or(at, |value| value.next as usize);
        }
        sort(&mut names, |one, other| one.cmp(other));
        let pairs = names.iter().zip(names.iter().skip(1));
        let seconds = pairs.filter(|(a, b)| a.0 == b.0).map(|(_, second)| second.1);
        seconds.min().map_or(Ok(()), |second| Err(self.twice(second)))
    }

    fn few_names_compared(&self, object: u32, count: u32) -> Result<(), Unreadable> {
        let mut few = [""; FEW as usize];
        let mut at = object as usize + 1;
        for known in 0..count as usize {
            let name = self.name_at(at);
            let mut before = few.iter().take(known);
            if before.any(|other| same(other.as_bytes(), name.as_bytes())) {
                return Err(self.twice(at));
            }
            few.get_mut(known).into_iter().for_each(|slot| *slot = name);
            at = self.nodes.get(at + 1).map_or(at, |value| value.next as usize);
        }
        Ok(())
    }

    fn name_at(&self, at: usize) -> &str {
        let Some(name) = self.nodes.get(at) else { return "" };
        let source = if name.is_unescaped { &self.unescaped } else { self.text };
        source.get(name.start as usize..name.end as usize).unwrap_or("")
    }

    fn twice(&self, at: usize) -> Unreadable {
        // A name with an escape has lost its place; where its object ends is near enough.
        let node = self.nodes.get(at).filter(|node| !node.is_unescaped);
        Unreadable::NameTwice { at: node.map_or(self.at, |node| node.start as usize) }
    }
}

/// Nine bits of a name, by its length and what it begins and ends with.
#[inline]
fn mark(name: &[u8]) -> u32 {
    let word = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first) ^ u32::from_le_bytes(*last).rotate_left(11),
        _ => name.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)),
    };
    (word ^ name.len() as u32).wrapping_mul(0x9E37_79B1) >> 23
}

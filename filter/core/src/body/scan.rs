//! Finds its way through JSON without reading more of it than it must.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::{BLOCK, Strings};
use super::{BodyError, MAX_DEPTH};
use crate::search::find_either;

/// What a JSON string says, quotes included here; `None` for any other value, and for text that is none.
pub(crate) fn text_of(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if text.contains(&b'\\') {
        return unescaped(text).map(Cow::Owned);
    }
    std::str::from_utf8(text).ok().map(Cow::Borrowed)
}

/// `None` for escapes that JSON doesn't have.
fn unescaped(text: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", text, b"\""].concat()).ok()
}

/// A place in a text of JSON.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A value that has been skipped.
pub(super) struct Value {
    pub(super) range: Range<usize>,
    /// Elements, if it is an array.
    pub(super) elements: u32,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Steps into what begins with this bracket, if the next byte is one.
    pub(super) fn opens(&mut self, bracket: u8) -> bool {
        let opens = self.token() == Some(bracket);
        self.at += usize::from(opens);
        opens
    }

    /// Goes to the next element of what was stepped into; `false` behind its end.
    pub(super) fn more(&mut self, is_first: bool, close: u8) -> Result<bool, BodyError> {
        let byte = self.token();
        if byte == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        if !is_first {
            if byte != Some(b',') {
                return Err(self.error());
            }
            self.at += 1;
            self.token();
        }
        Ok(true)
    }

    /// The next member of the object that was stepped into, the key without its quotes; `None` behind its end.
    pub(super) fn member(&mut self, is_first: bool) -> Result<Option<(Range<usize>, Value)>, BodyError> {
        if !self.more(is_first, b'}')? {
            return Ok(None);
        }
        let key = self.name()?;
        Ok(Some((key, self.value()?)))
    }

    /// The key that begins here, without its quotes; then comes its value.
    pub(super) fn name(&mut self) -> Result<Range<usize>, BodyError> {
        if self.token() != Some(b'"') {
            return Err(self.error());
        }
        let key = self.string()?;
        if self.token() != Some(b':') {
            return Err(self.error());
        }
        self.at += 1;
        self.token();
        Ok(key)
    }

    /// A member's key. `{"mod\u0065l": …}` names the model too; rare enough to pay for a copy.
    pub(super) fn key(&self, key: Range<usize>) -> Cow<'a, [u8]> {
        let key = self.slice(key);
        if !key.contains(&b'\\') {
            return Cow::Borrowed(key);
        }
        unescaped(key).map_or(Cow::Borrowed(key), |text| Cow::Owned(text.into_bytes()))
    }

    /// Skips white space and looks at the byte after it.
    pub(super) fn token(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    pub(super) fn error(&self) -> BodyError {
        BodyError::Syntax { at: self.at.min(self.bytes.len()) }
    }

    /// Skips the string that begins here; its range without the quotes. Those that are longer than a few blocks are read by the
    /// block, which minds no escapes: an answer or a tool's result that is itself JSON has one every few bytes.
    fn string(&mut self) -> Result<Range<usize>, BodyError> {
        let start = self.at + 1;
        let mut end = start;
        while end < start + BLOCK {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let Some(found) = find_either::<b'"', b'\\'>(rest.get(..2 * BLOCK).unwrap_or(rest)) else {
                break;
            };
            end += found;
            if rest.get(found) == Some(&b'"') {
                self.at = end + 1;
                return Ok(start..end);
            }
            end += 2;
        }
        let (blocks, tail) = self.bytes.get(end..).unwrap_or_default().as_chunks();
        let mut last = [0; BLOCK];
        last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        let mut strings = Strings::default();
        for (number, block) in blocks.iter().chain([&last]).enumerate() {
            let quotes = strings.quotes(block);
            if quotes != 0 {
                let end = end + number * BLOCK + quotes.trailing_zeros() as usize;
                self.at = end + 1;
                return Ok(start..end);
            }
        }
        self.at = self.bytes.len();
        Err(self.error())
    }

    /// Skips the value that begins here.
    pub(super) fn value(&mut self) -> Result<Value, BodyError> {
        let start = self.at;
        let mut elements = 0;
        match self.bytes.get(start) {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'[') => elements = self.container()?,
            Some(b'{') => {
                self.container()?;
            }
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let rest = self.bytes.get(start..).unwrap_or_default();
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                self.at += rest.iter().position(is_end).unwrap_or(rest.len());
            }
            _ => return Err(self.error()),
        }
        Ok(Value { range: start..self.at, elements })
    }

    /// Skips the object or array that begins here and counts what lies directly in it.
    fn container(&mut self) -> Result<u32, BodyError> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        self.at += 1;
        let is_empty = matches!(self.token(), Some(b'}' | b']'));
        let mut last = [0; BLOCK];
        let (blocks, tail) = rest.as_chunks();
        last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        let (mut strings, mut nesting, mut commas) = (Strings::default(), Nesting::default(), 0u32);
        for (number, block) in blocks.iter().chain([&last]).enumerate() {
            let mut outside = strings.read(block);
            let at = start + number * BLOCK;
            while outside.brackets != 0 {
                let place = outside.brackets.trailing_zeros();
                outside.brackets &= outside.brackets - 1;
                let below = (1 << place) - 1;
                if nesting.depth == 1 {
                    commas = commas.saturating_add((outside.commas & below).count_ones());
                }
                outside.commas &= !below;
                self.at = at + place as usize;
                let bracket = self.bytes.get(self.at).copied().unwrap_or_default();
                if !nesting.take(bracket)? {
                    return Err(self.error());
                }
                if nesting.depth == 0 {
                    if outside.strays & below != 0 {
                        return Err(self.error());
                    }
                    self.at += 1;
                    return Ok(if is_empty { 0 } else { commas.saturating_add(1) });
                }
            }
            if nesting.depth == 1 {
                commas = commas.saturating_add(outside.commas.count_ones());
            }
            if outside.strays != 0 {
                self.at = at + outside.strays.trailing_zeros() as usize;
                return Err(self.error());
            }
        }
        self.at = self.bytes.len();
        Err(self.error())
    }
}

/// The brackets that are open.
#[derive(Default)]
struct Nesting {
    /// One bit for each, the innermost lowest: 1 is an array.
    open: u128,
    depth: u32,
}

impl Nesting {
    /// Takes the next bracket; whether it fits.
    fn take(&mut self, bracket: u8) -> Result<bool, BodyError> {
        let is_array = matches!(bracket, b'[' | b']');
        if matches!(bracket, b'{' | b'[') {
            if self.depth == MAX_DEPTH {
                return Err(BodyError::TooDeep);
            }
            (self.open, self.depth) = (self.open << 1 | u128::from(is_array), self.depth + 1);
            return Ok(true);
        }
        let fits = self.depth > 0 && (self.open & 1 == 1) == is_array;
        (self.open, self.depth) = (self.open >> 1, self.depth.saturating_sub(1));
        Ok(fits)
    }
}

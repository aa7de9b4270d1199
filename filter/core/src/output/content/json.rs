//! Values in an event's JSON, with their places.

use std::ops::Range;

use crate::body::{element_places, only_place, places};
use crate::search::find_either;

#[derive(Clone, Copy)]
pub(super) struct Value<'j> {
    json: &'j [u8],
    start: usize,
    end: usize,
}

impl<'j> Value<'j> {
    /// All of this text, which is known to be one.
    pub(super) fn all(json: &'j [u8]) -> Self {
        Self { json, start: 0, end: json.len() }
    }

    /// The only one of this text, if it is one.
    pub(super) fn only(json: &'j [u8]) -> Option<Self> {
        Some(Self::at(json, only_place(json)?))
    }

    fn at(json: &'j [u8], place: Range<usize>) -> Self {
        Self { json, start: place.start, end: place.end }
    }

    pub(super) fn place(self) -> Range<usize> {
        self.start..self.end
    }

    /// As it is written.
    pub(super) fn written(self) -> &'j [u8] {
        self.json.get(self.place()).unwrap_or_default()
    }

    /// The values of these members; none of what is no object.
    pub(super) fn members<const N: usize>(self, keys: [&[u8]; N]) -> [Option<Self>; N] {
        places(self.json, self.start, keys).map(|place| Some(Self::at(self.json, place?)))
    }

    pub(super) fn member(self, key: &[u8]) -> Option<Self> {
        let [value] = self.members([key]);
        value
    }

    /// The elements; none of what is no list.
    pub(super) fn elements(self) -> impl Iterator<Item = Self> {
        element_places(self.json, self.start).map(move |place| Self::at(self.json, place))
    }

    pub(super) fn is_object(self) -> bool {
        self.json.get(self.start) == Some(&b'{')
    }

    pub(super) fn is_list(self) -> bool {
        self.json.get(self.start) == Some(&b'[')
    }

    /// A text as it is written, without its quotes.
    pub(super) fn text(self) -> Option<&'j [u8]> {
        self.written().strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    pub(super) fn number(self) -> Option<u32> {
        std::str::from_utf8(self.written()).ok()?.parse().ok()
    }
}

/// The text of this value, if it is one; empty otherwise.
pub(super) fn word(value: Option<Value<'_>>) -> &[u8] {
    value.and_then(Value::text).unwrap_or_default()
}

/// Adds what a text says that is written like this. What is no text (bytes that aren't UTF-8, half a surrogate pair, as when a
/// character is split between two tokens) becomes U+FFFD.
pub(super) fn unescape(written: &[u8], to: &mut String) {
    let mut rest = written;
    while let Some(end) = find_either::<b'\\', b'\\'>(rest) {
        let (plain, escape) = rest.split_at(end);
        to.push_str(&String::from_utf8_lossy(plain));
        let (char, length) = escaped(escape);
        to.push(char);
        rest = escape.get(length..).unwrap_or_default();
    }
    to.push_str(&String::from_utf8_lossy(rest));
}

/// The character of the escape that begins here, and how long that is.
fn escaped(escape: &[u8]) -> (char, usize) {
    let char = match escape.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'u') => return unicode(escape),
        Some(byte) if byte.is_ascii() => char::from(*byte),
        _ => char::REPLACEMENT_CHARACTER,
    };
    (char, 2)
}

fn unicode(escape: &[u8]) -> (char, usize) {
    let Some(first) = unit(escape) else { return (char::REPLACEMENT_CHARACTER, 2) };
    let second = escape.get(6..).and_then(unit).filter(|second| (0xDC00..0xE000).contains(second));
    if let (0xD800..0xDC00, Some(second)) = (first, second) {
        let code = 0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// The number in `\u1234`.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

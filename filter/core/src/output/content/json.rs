//! Texts in an event's JSON, and which of its members matter.

use crate::body::{Matters, Value};
use crate::search::find_either;

/// Bytes that are copied together.
const WORD: usize = 8;

/// All members that any dialect has something in.
pub(super) fn matters(name: &[u8]) -> Matters {
    match name {
        b"choices"
        | b"delta"
        | b"message"
        | b"content"
        | b"tool_calls"
        | b"function"
        | b"custom"
        | b"function_call"
        | b"candidates"
        | b"parts"
        | b"functionCall"
        | b"promptFeedback"
        | b"content_block"
        | b"response"
        | b"output"
        | b"item"
        | b"part"
        | b"incomplete_details"
        | b"start"
        | b"toolUse"
        | b"contentBlockStart"
        | b"contentBlockDelta"
        | b"messageStop" => Matters::Inside,
        b"type" | b"role" | b"status" | b"reason" | b"index" | b"output_index" | b"content_index"
        | b"contentBlockIndex" | b"text" | b"refusal" | b"thought" | b"partial_json" | b"generation"
        | b"name" | b"arguments" | b"input" | b"args" | b"willContinue" | b"finish_reason"
        | b"finishReason" | b"stop_reason" | b"stopReason" | b"blockReason" | b"audio" | b"images"
        | b"annotations" | b"logprobs" | b"image" | b"inlineData" | b"fileData" => Matters::Itself,
        _ => Matters::No,
    }
}

/// The text of this value, if it is one; empty otherwise.
pub(super) fn word(value: Option<Value<'_>>) -> &[u8] {
    value.and_then(Value::text).unwrap_or_default()
}

/// Adds what a text says that is written like this. What is no text (bytes that aren't UTF-8, half a surrogate pair, as when a
/// character is split between two tokens) becomes U+FFFD.
pub(crate) fn unescape(written: &[u8], to: &mut String) {
    let Some(first) = find_either::<b'\\', b'\\'>(written) else {
        return add(written, to);
    };
    // JSON in JSON has an escape every few bytes: what lies between is copied word by word, and is looked at as UTF-8 once. What grows most are
    // escapes of two bytes that are none: U+FFFD takes three.
    let mut said = vec![0; written.len() / 2 * 3 + 2 * WORD];
    let (plain, mut rest) = written.split_at(first);
    said.get_mut(..first).into_iter().for_each(|to| to.copy_from_slice(plain));
    let mut length = first;
    while !rest.is_empty() {
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut last = [0; WORD];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            last
        });
        if let Some(room) = said.get_mut(length..).and_then(<[u8]>::first_chunk_mut) {
            *room = word;
        }
        let plain = find_either::<b'\\', b'\\'>(&word).unwrap_or(WORD).min(rest.len());
        length += plain;
        rest = rest.get(plain..).unwrap_or_default();
        if let Some(said_of) =
            rest.get(1).and_then(|byte| simple(*byte)).filter(|_| rest.first() == Some(&b'\\'))
        {
            said.get_mut(length).into_iter().for_each(|room| *room = said_of);
            length += 1;
            rest = rest.get(2..).unwrap_or_default();
        } else if rest.first() == Some(&b'\\') {
            let (char, escape) = escaped(rest);
            let end = length + char.len_utf8();
            said.get_mut(length..end).into_iter().for_each(|room| _ = char.encode_utf8(room));
            length = end;
            rest = rest.get(escape..).unwrap_or_default();
        }
    }
    add(said.get(..length).unwrap_or_default(), to);
}

/// How many bytes of a text of which more may come can be unescaped: what they say doesn't hang on what follows. Not more than eleven are left.
pub(crate) fn settled(written: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = written.get(at..).unwrap_or_default();
        let Some(next) = find_either::<b'\\', b'\\'>(rest) else { return written.len() };
        let escape = rest.get(next..).unwrap_or_default();
        if !is_settled(escape) {
            return at + next;
        }
        at += next + escaped(escape).1;
    }
}

fn is_settled(escape: &[u8]) -> bool {
    match escape {
        [] | [_] => false,
        [_, b'u', ..] => {
            let Some(first) = unit(escape) else { return escape.len() >= 6 };
            let next = escape.get(6..).unwrap_or_default();
            let may_pair = next.len() < 6 && (next.starts_with(b"\\u") || b"\\u".starts_with(next));
            !((0xD800..0xDC00).contains(&first) && may_pair)
        }
        _ => true,
    }
}

fn add(text: &[u8], to: &mut String) {
    match std::str::from_utf8(text) {
        Ok(text) => to.push_str(text),
        // Takes several times as long.
        Err(_) => to.push_str(&String::from_utf8_lossy(text)),
    }
}

/// What an escape says that ends with this byte, if one does.
fn simple(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b't' => Some(b'\t'),
        b'r' => Some(b'\r'),
        b'b' => Some(8),
        b'f' => Some(0xC),
        b'u' => None,
        byte => byte.is_ascii().then_some(byte),
    }
}

/// The character of the escape that begins here, and how long that is.
fn escaped(escape: &[u8]) -> (char, usize) {
    match escape.get(1) {
        Some(b'u') => unicode(escape),
        byte => (byte.and_then(|byte| simple(*byte)).map_or(char::REPLACEMENT_CHARACTER, char::from), 2),
    }
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

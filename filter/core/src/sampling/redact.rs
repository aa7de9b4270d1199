//! What is taken out of texts before they go to a sink: what looks like a person's or a key's.
//!
//! | what | how it is told | becomes |
//! |---|---|---|
//! | e-mail address | `local@domain.tld` | `[email]` |
//! | payment card | 13 to 19 digits, in groups or not, with the check digit of ISO/IEC 7812-1 (Luhn) | `[card]` |
//! | bank account | an IBAN whose check digits are right (ISO 13616, modulo 97) | `[iban]` |
//! | telephone number | 7 to 15 digits (ITU-T E.164) in groups, with `+` or a bracket, or 10 to 15 in one piece | `[phone]` |
//! | key | known beginnings (`sk-`, `ghp_`, `AKIA`, a JWT's `eyJ`, …), what follows `Bearer` or `password=`, and what is as long and as mixed as keys are | `[key]` |
//!
//! What looks like one of these and is none goes too. What is written in words, or in the letters of another script, stays:
//! this makes a leak unlikely, and no text anonymous. One pass; at each word it looks no further than [`FAR`] bytes ahead.

use crate::body::text_of;

/// Longest look ahead, in bytes.
const FAR: usize = 64;

/// The text without all that.
pub(crate) fn text(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied, mut is_named) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        if !is_word(*byte) && *byte != b'(' {
            at += 1;
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let is_inside = byte.is_ascii_alphanumeric() || !byte.is_ascii();
        // A word is measured only where it is passed as a whole: a run of dashes, or of numbers, is not one for each of its bytes.
        let mut length = 1;
        let found = iban(rest).or_else(|| number(rest)).or_else(|| {
            if !is_inside {
                return None;
            }
            length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
            let word = rest.get(..length)?;
            is_key(word, is_named).then_some((word.len(), "[key]"))
        });
        match found {
            Some((length, mark)) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str(mark);
                (at, copied, is_named) = (at + length, at + length, false);
            }
            None => {
                let word = rest.get(..length).unwrap_or_default();
                if word.contains(&b'@') {
                    out.push_str(text.get(copied..at).unwrap_or_default());
                    addresses(text.get(at..at + length).unwrap_or_default(), &mut out);
                    copied = at + length;
                }
                is_named = is_named && !is_inside || names_key(word, rest.get(length..).unwrap_or_default());
                at += length;
            }
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// JSON of which every text, and every number that isn't one to calculate with, has been through [`text`]. What isn't JSON
/// becomes one text.
pub(crate) fn json(json: &[u8]) -> String {
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        if *byte == b'"' {
            let Some(said) = rest.get(..string_length(rest)).and_then(text_of) else { return whole(json) };
            out.push_str(&quoted(&text(&said)));
            at += string_length(rest);
        } else if byte.is_ascii_digit() || *byte == b'-' {
            let is_part =
                |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
            let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
            let number = std::str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default();
            let kept = text(number);
            out.push_str(&if kept == number { kept } else { quoted(&kept) });
            at += length;
        } else if byte.is_ascii_graphic() {
            out.push(char::from(*byte));
            at += 1;
        } else if byte.is_ascii_whitespace() {
            at += 1;
        } else {
            return whole(json);
        }
    }
    out
}

fn whole(bytes: &[u8]) -> String {
    quoted(&text(&String::from_utf8_lossy(bytes)))
}

/// As a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// Bytes of the string that begins here, quotes included.
fn string_length(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = rest.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

#[cfg(test)]
thread_local! {
    /// Bytes that have been looked at as part of a word.
    static LOOKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn is_word(byte: u8) -> bool {
    #[cfg(test)]
    LOOKED.set(LOOKED.get() + 1);
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"._%+-@/".contains(&byte)
}

/// The text of one word, without the addresses in it.
fn addresses(word: &str, out: &mut String) {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"._%+-".contains(&byte);
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b".-".contains(&byte);
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('@') {
        let local = before.bytes().rev().take_while(|byte| is_local(*byte)).count();
        let domain = after.bytes().take_while(|byte| is_domain(*byte)).count();
        let name = after.get(..domain).unwrap_or_default().trim_end_matches(['.', '-']);
        let is_name = |(host, end): (&str, &str)| !host.is_empty() && end.chars().count() >= 2;
        if local > 0 && name.rsplit_once('.').is_some_and(is_name) {
            out.push_str(before.get(..before.len() - local).unwrap_or_default());
            out.push_str("[email]");
            rest = after.get(name.len()..).unwrap_or_default();
        } else {
            out.push_str(before);
            out.push('@');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// Two letters and two digits, then letters and digits in groups of four or in one piece.
fn iban(rest: &[u8]) -> Option<(usize, &'static str)> {
    let [a, b, c, d, ..] = rest else { return None };
    if !(a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return None;
    }
    let (mut signs, mut ends) = (Vec::with_capacity(34), Vec::new());
    let mut bytes = rest.iter().take(FAR).enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if byte.is_ascii_digit() || byte.is_ascii_uppercase() {
            signs.push(*byte);
            if !bytes.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric()) {
                ends.push((at + 1, signs.len()));
            }
        } else if *byte != b' ' || !bytes.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric()) {
            break;
        }
    }
    let is_right = |length: usize| {
        let (head, tail) = signs.get(..length).unwrap_or_default().split_at_checked(4).unwrap_or_default();
        let remainder = tail.iter().chain(head).fold(0, |rest: u32, sign| match sign {
            b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
            _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
        });
        (15..=34).contains(&length) && remainder == 1
    };
    ends.into_iter().rev().find(|(_, length)| is_right(*length)).map(|(at, _)| (at, "[iban]"))
}

/// Digits in groups: a card's, or a telephone's.
fn number(rest: &[u8]) -> Option<(usize, &'static str)> {
    let has_plus = rest.first() == Some(&b'+');
    let has_bracket = rest.get(usize::from(has_plus)) == Some(&b'(');
    let start = usize::from(has_plus) + usize::from(has_bracket);
    if !rest.get(start)?.is_ascii_digit() {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(20);
    let (mut groups, mut length): (Vec<usize>, usize) = (Vec::new(), 0);
    let (mut separators, mut has_brackets) = (String::new(), has_bracket);
    let (mut at, mut card) = (start, None);
    let mut group = 0;
    loop {
        match rest.get(at).filter(|_| at < FAR) {
            Some(byte) if byte.is_ascii_digit() => {
                digits.push(byte - b'0');
                group += 1;
                at += 1;
                continue;
            }
            // Part of something longer.
            Some(byte) if group > 0 && (byte.is_ascii_alphabetic() || matches!(byte, b'@' | b'_')) => break,
            _ => {}
        }
        if group == 0 {
            break;
        }
        (length, group) = (at, {
            groups.push(group);
            0
        });
        if (13..=19).contains(&digits.len()) && has_check_digit(&digits) {
            card = Some((length, "[card]"));
        }
        let between = rest.get(at..).unwrap_or_default();
        let next = between.iter().take(3).position(u8::is_ascii_digit).filter(|next| *next > 0);
        let Some(between) = next.and_then(|next| between.get(..next)) else { break };
        let is_separator = |byte: &u8| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')');
        if !between.iter().all(is_separator) || digits.len() > 19 {
            break;
        }
        has_brackets |= between.contains(&b'(');
        separators.extend(between.iter().map(|byte| char::from(*byte)));
        at += between.len();
    }
    if card.is_some() {
        return card;
    }
    let all: usize = groups.iter().sum();
    let is_marked = has_plus || has_brackets;
    let only = |sign: char| !separators.is_empty() && separators.chars().all(|other| other == sign);
    let is_date = matches!(groups[..], [4, 2, 2] | [2, 2, 4] | [4, 2, 2, ..] if !is_marked);
    let is_address = only('.') && groups.len() == 4 && groups.iter().all(|group| *group <= 3);
    let is_decimal = groups.len() == 2 && only('.');
    let is_phone = match groups.len() {
        1 => (10..=15).contains(&all) || (has_plus && (7..=15).contains(&all)),
        _ if is_marked => (7..=15).contains(&all),
        2..=5 => {
            let least = if only(' ') { 9 } else { 7 };
            (least..=15).contains(&all) && !is_date && !is_address && !is_decimal
        }
        _ => false,
    };
    (is_phone && all == digits.len()).then_some((length, "[phone]"))
}

/// The formula of Luhn (ISO/IEC 7812-1, annex B).
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match u32::from(*digit) {
            digit if place % 2 == 0 => digit,
            digit if digit < 5 => digit * 2,
            digit => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit > 0)
}

/// What keys of well-known services begin with.
const BEGINNINGS: [&str; 20] = [
    "sk-",
    "pk-",
    "rk_",
    "sk_",
    "pk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "hf_",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "ya29.",
];

/// Keys are no shorter.
const SHORTEST_KEY: usize = 16;
/// From this length on, what is mixed like a key is taken for one.
const MIXED: usize = 32;

/// `is_named`: what stands before it says that it is one.
fn is_key(word: &[u8], is_named: bool) -> bool {
    let word = word.trim_ascii_end();
    let begins = |beginning: &&str| word.starts_with(beginning.as_bytes());
    if is_named && word.len() >= 8 {
        return true;
    }
    if word.len() >= SHORTEST_KEY && BEGINNINGS.iter().any(begins) {
        return true;
    }
    word.split(|byte| matches!(byte, b'.' | b'@' | b'%')).any(|part| {
        let has = |is: fn(&u8) -> bool| part.iter().any(is);
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        let is_plain = !part.contains(&b'/') && !part.contains(&b'+');
        let is_cased = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        part.len() >= MIXED && part.is_ascii() && is_mixed && (is_plain || is_cased)
    })
}

fn is_name_of_key(word: &[u8]) -> bool {
    const NAMES: [&str; 8] =
        ["password", "passwd", "secret", "token", "api_key", "apikey", "api-key", "access_key"];
    NAMES.iter().any(|name| {
        let end = word.len().checked_sub(name.len()).and_then(|start| word.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// Whether a key follows this word: `Bearer …`, `password: …`.
fn names_key(word: &[u8], after: &[u8]) -> bool {
    let is_scheme = word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic");
    let between = after.iter().take_while(|byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'')).take(5);
    let between: Vec<u8> = between.copied().collect();
    match is_scheme {
        true => !between.is_empty() && between.iter().all(|byte| *byte == b' '),
        false => between.iter().any(|byte| matches!(byte, b':' | b'=')) && is_name_of_key(word),
    }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;

//! What is taken out of texts before they go to a sink: what looks like a person's or a key's.
//!
//! | what | how it is told | becomes |
//! |---|---|---|
//! | e-mail address | `local@domain.tld` | `[email]` |
//! | payment card | 13 to 19 digits, in groups or not, with the check digit of ISO/IEC 7812-1 (Luhn) | `[card]` |
//! | bank account | an IBAN whose check digits are right (ISO 13616, modulo 97) | `[iban]` |
//! | telephone number | 7 to 15 digits (ITU-T E.164) in groups, with `+` or a bracket, or 10 to 15 in one piece | `[phone]` |
//! | key | known beginnings (`sk-`, `ghp_`, `AKIA`, a JWT's `eyJ`, …), what follows `Bearer` or `password=` or is the value of a member of such a name, and what is as long and as mixed as keys are | `[key]` |
//!
//! What looks like one of these and is none goes too. What is written in words, or in the letters of another script, stays:
//! this makes a leak unlikely, and no text anonymous. One pass; at each word it looks no further than [`FAR`] bytes ahead.

mod json;

use std::collections::VecDeque;

pub(crate) use self::json::json;

/// Longest look ahead, in bytes.
const FAR: usize = 64;

/// The text without all that.
pub(crate) fn text(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    // A word is measured only once: a run of dashes, or of numbers, is not one for each of its bytes.
    let mut word_end = 0;
    // What has been found already and lies ahead.
    let mut spans: VecDeque<Span> = VecDeque::new();
    while let Some(byte) = bytes.get(at) {
        while spans.front().is_some_and(|span| span.start < at) {
            spans.pop_front();
        }
        let is_next = |spans: &VecDeque<Span>| spans.front().is_some_and(|span| span.start == at);
        if !is_word(*byte) && *byte != b'(' && !is_next(&spans) {
            at += 1;
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let mut found = None;
        if !is_next(&spans) && !is_decimal(bytes.get(..at).unwrap_or_default()) {
            found = iban(rest).or_else(|| number(rest));
        }
        if found.is_none() && is_sign(*byte) && at >= word_end {
            let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(length).unwrap_or_default();
            word_end = at + length;
            if is_key(word) {
                found = Some((length, "[key]"));
            } else if word.contains(&b'@') {
                addresses(text.get(at..word_end).unwrap_or_default(), at, &mut spans);
            }
            spans.extend(named_key(word, after).map(|(start, length)| {
                let start = word_end + start;
                Span { start, length, mark: "[key]" }
            }));
        }
        if is_next(&spans) {
            found = spans.pop_front().map(|span| (span.length, span.mark));
        }
        match found {
            Some((length, mark)) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str(mark);
                (at, copied) = (at + length, at + length);
            }
            // Something may stand behind what it is glued to: `Tel.+49…`, `wa.me/49…`.
            None => at += rest.iter().position(|byte| !is_sign(*byte)).unwrap_or(rest.len()).max(1),
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// What goes.
struct Span {
    start: usize,
    length: usize,
    mark: &'static str,
}

/// As a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
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

/// Part of what words are made of, and not between such.
fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether what follows are the places behind a point, or a further number of several with points between.
fn is_decimal(before: &[u8]) -> bool {
    matches!(before, [.., digit, b'.'] if digit.is_ascii_digit())
}

/// The addresses in one word, which begins there.
fn addresses(word: &str, mut at: usize, to: &mut VecDeque<Span>) {
    let is_local = |byte: u8| is_sign(byte) || b"._%+-".contains(&byte);
    let is_domain = |byte: u8| is_sign(byte) || b".-".contains(&byte);
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('@') {
        let local = before.bytes().rev().take_while(|byte| is_local(*byte)).count();
        let domain = after.bytes().take_while(|byte| is_domain(*byte)).count();
        let name = after.get(..domain).unwrap_or_default().trim_end_matches(['.', '-']);
        let is_name = |(host, end): (&str, &str)| !host.is_empty() && end.chars().count() >= 2;
        at += before.len() + 1;
        rest = after;
        if local > 0 && name.rsplit_once('.').is_some_and(is_name) {
            let start = at.saturating_sub(local + 1);
            to.push_back(Span { start, length: local + 1 + name.len(), mark: "[email]" });
            rest = after.get(name.len()..).unwrap_or_default();
            at += name.len();
        }
    }
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
/// What follows `password=` is no shorter; where it is made of letters alone, or follows `Bearer`.
const SHORTEST_NAMED: usize = 4;
const SHORTEST_NAMED_WORD: usize = 8;
/// From this length on, what is mixed like a key is taken for one.
const MIXED: usize = 32;

fn is_key(word: &[u8]) -> bool {
    let begins = |beginning: &&str| word.starts_with(beginning.as_bytes());
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

/// Whether a key is what bears this name, as the name itself says.
fn is_name_of_key(word: &[u8]) -> bool {
    const NAMES: [&str; 9] = [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "api-key",
        "access_key",
        "private_key",
    ];
    NAMES.iter().any(|name| {
        let end = word.len().checked_sub(name.len()).and_then(|start| word.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// The key that this word says to follow, by its place behind the word and its length: `Bearer …`, `password: …`.
fn named_key(word: &[u8], after: &[u8]) -> Option<(usize, usize)> {
    let is_scheme = word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic");
    if !is_scheme && !is_name_of_key(word) {
        return None;
    }
    let is_between = |byte: &&u8| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'');
    let start = after.iter().take_while(is_between).take(5).count();
    let (between, after) = after.split_at_checked(start)?;
    let names = match is_scheme {
        true => !between.is_empty() && between.iter().all(|byte| *byte == b' '),
        false => between.iter().any(|byte| matches!(byte, b':' | b'=')),
    };
    if !names {
        return None;
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'&,;<>".contains(byte);
    let length = after.iter().position(ends).unwrap_or(after.len());
    let key = after.get(..length)?;
    let end = key.iter().rev().take_while(|byte| matches!(byte, b'.' | b'!' | b'?' | b')' | b'*')).count();
    let key = key.get(..length - end)?;
    // Short ones that are words are more likely to be just that.
    let is_word = is_scheme || key.iter().all(u8::is_ascii_alphabetic);
    let least = if is_word { SHORTEST_NAMED_WORD } else { SHORTEST_NAMED };
    (key.len() >= least).then_some((start, length))
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;

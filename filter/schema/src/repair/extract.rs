//! Where in a text the JSON is.

use super::{Changes, lenient};
use crate::json::{Document, Limits};

/// Brackets at which JSON is tried to be read.
const MOST_TRIES: usize = 32;

/// All of the text if it is JSON; else what is in its first code block, if that can be read; else the longest array or
/// object that can.
pub(super) fn extract(text: &str, limits: Limits) -> Option<(String, Changes)> {
    if text.len() > limits.bytes {
        return None;
    }
    if Document::read(text, limits).is_ok() {
        return Some((text.to_owned(), Changes::default()));
    }
    let block = code_block(text).and_then(|block| longest(block, limits));
    let (json, mut changes, length) = block.or_else(|| longest(text, limits))?;
    changes.stripped = length < text.trim().len();
    Some((json, changes))
}

/// Between lines of three backticks; to the end of the text if the second is missing.
fn code_block(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once("```")?;
    let (_, block) = behind.split_once('\n')?;
    Some(block.rfind("```").and_then(|end| block.get(..end)).unwrap_or(block))
}

/// Bytes to where as many brackets are closed as were opened, whatever stands between; `None` if that is nowhere.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// The longest array or object that can be read.
fn longest(text: &str, limits: Limits) -> Option<(String, Changes, usize)> {
    let mut best: Option<(String, Changes, usize)> = None;
    let mut at = 0;
    for _ in 0..MOST_TRIES {
        let rest = text.get(at..).unwrap_or("");
        let Some(start) = rest.find(['{', '[']) else { break };
        let from = rest.get(start..).unwrap_or("");
        match lenient::read(from, limits) {
            Some((json, changes, length)) => {
                at += start + length;
                if best.as_ref().is_none_or(|(_, _, longest)| *longest < length) {
                    best = Some((json, changes, length));
                }
            }
            // What is within something unreadable isn't taken out of it.
            None => match balanced(from) {
                Some(length) => at += start + length,
                None => break,
            },
        }
    }
    best
}

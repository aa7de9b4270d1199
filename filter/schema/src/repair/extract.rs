//! Where in a text the JSON is.

use super::{Changes, lenient};
use crate::json::{Document, Limits};

/// Brackets at which JSON is tried to be read. Where there are more, it isn't known which is meant.
const MOST_TRIES: usize = 32;

/// JSON that may be what is meant.
pub(super) struct Candidate {
    pub(super) json: String,
    /// The same without the string that the text breaks off in, if it does.
    pub(super) without: Option<String>,
    pub(super) changes: Changes,
}

/// All of the text if it is JSON; else every array and object that can be read, wherever it stands, but for what the model only thought. Where
/// any JSON will do, brackets in prose prove nothing: then only objects.
pub(super) fn candidates(text: &str, limits: Limits, is_any: bool) -> Option<Vec<Candidate>> {
    if text.len() > limits.bytes {
        return None;
    }
    if Document::read(text, limits).is_ok() {
        return Some(vec![Candidate { json: text.to_owned(), without: None, changes: Changes::default() }]);
    }
    let (mut found, mut tries) = (Vec::new(), 0);
    let mut rest = said(text);
    while let Some(from) = rest.find(['{', '[']).and_then(|start| rest.get(start..)) {
        tries += 1;
        if tries > MOST_TRIES {
            return None;
        }
        let next = match lenient::read(from, limits) {
            Some(lenient::Read { json, without, mut changes, length }) => {
                changes.stripped = length < text.trim().len();
                if !is_any || !changes.stripped || json.starts_with('{') {
                    found.push(Candidate { json, without, changes });
                }
                Some(length)
            }
            // What is within something unreadable isn't taken out of it; but a bracket that is never closed doesn't hide a code block.
            None => balanced(from).or_else(|| Some(from.find("```")? + 3)),
        };
        rest = next.and_then(|next| from.get(next..)).unwrap_or("");
    }
    Some(found)
}

/// What is said behind the thoughts with which some models begin.
fn said(text: &str) -> &str {
    let thought = text.trim_start().strip_prefix("<think>");
    thought.map_or(text, |thought| thought.split_once("</think>").map_or("", |(_, said)| said))
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

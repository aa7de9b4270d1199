use std::fmt;
use std::ops::Range;

use super::SCHEMA_LIMITS;
use crate::json::{Document, Unreadable};

/// Why a schema can't be honoured, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// JSON pointer of the culprit; in another document than the schema's own, behind that one's URI.
    pub pointer: String,
    pub reason: String,
}

impl Refusal {
    pub(super) fn new(pointer: String, reason: impl Into<String>) -> Self {
        Self { pointer, reason: reason.into() }
    }

    /// Where in the schema's text that is, in bytes: the culprit, or its name if it is a string with escapes. `None` if it is in
    /// another document. It reads the text once more.
    #[must_use]
    pub fn place(&self, schema: &str) -> Option<Range<usize>> {
        let document = match Document::read(schema, SCHEMA_LIMITS) {
            Ok(document) => document,
            Err(
                Unreadable::Malformed { at }
                | Unreadable::NameTwice { at }
                | Unreadable::LoneSurrogate { at },
            ) => return Some(at..at),
            Err(Unreadable::Truncated) => return Some(schema.len()..schema.len()),
            Err(Unreadable::TooLarge) => return None,
        };
        let mut here = document.root()?;
        let mut place = here.range();
        let mut parts = self.pointer.split('/');
        if parts.next() != Some("") {
            return None;
        }
        for part in parts {
            let next = here.step(part)?;
            let name = || here.members().find(|(_, value)| value.at() == next.at())?.0.range();
            place = next.range().or_else(name).or(place);
            here = next;
        }
        place
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "the root" } else { &self.pointer };
        write!(to, "{pointer}: {}", self.reason)
    }
}

impl std::error::Error for Refusal {}

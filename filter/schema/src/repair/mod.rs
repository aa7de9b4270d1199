//! Making an answer fit that says the right thing in the wrong way: deterministic, and safe in that nothing is invented. Every
//! name and every string of the result stands in the text, and so does every number; the order stays.

mod coerce;
mod extract;
mod lenient;

use crate::json::Document;
use crate::{Bounds, Schema, Scratch};

/// Rounds of coercing: one can bring to light what another needs.
const MOST_ROUNDS: usize = 4;

/// JSON that fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repaired {
    pub json: String,
    pub changes: Changes,
}

/// What was done to the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Text around the JSON was left out: prose, or the marks of a code block.
    pub stripped: bool,
    /// The text breaks off: open strings, arrays and objects were closed.
    pub closed: bool,
    /// What the text breaks off in was left out, as it can't be told what it would have been: a number, a word, a name, an escape.
    pub dropped: bool,
    /// Commas before a closing bracket were left out.
    pub commas: bool,
    /// Single quotes became double ones.
    pub quotes: bool,
    /// Python's `True`, `False` and `None` became JSON's.
    pub literals: bool,
    /// Line ends and other control characters in strings were escaped.
    pub controls: bool,
    /// Strings became the numbers or booleans that they spell, where the schema asks for these.
    pub coerced: bool,
}

impl std::ops::BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Self) {
        self.stripped |= other.stripped;
        self.closed |= other.closed;
        self.dropped |= other.dropped;
        self.commas |= other.commas;
        self.quotes |= other.quotes;
        self.literals |= other.literals;
        self.controls |= other.controls;
        self.coerced |= other.coerced;
    }
}

impl Changes {
    /// The names of those that were made.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("stripped", self.stripped),
            ("closed", self.closed),
            ("dropped", self.dropped),
            ("commas", self.commas),
            ("quotes", self.quotes),
            ("literals", self.literals),
            ("controls", self.controls),
            ("coerced", self.coerced),
        ];
        all.into_iter().filter(|(_, made)| *made).map(|(name, _)| name)
    }
}

/// The JSON in this text, so that it fits the schema; `None` if that can't be had within the bounds. Text that fits as it is comes back as it
/// is.
#[must_use]
pub fn repair(text: &str, schema: &Schema, bounds: &Bounds, scratch: &mut Scratch) -> Option<Repaired> {
    let (mut json, mut changes) = extract::extract(text, bounds.document)?;
    for _ in 0..MOST_ROUNDS {
        let document = Document::read(json.as_str(), bounds.document).ok()?;
        if schema.check_document(&document, bounds.budget, scratch).is_ok() {
            return Some(Repaired { json, changes });
        }
        json = coerce::coerce(schema, &document, bounds.budget, scratch)?;
        changes.coerced = true;
    }
    None
}

#[cfg(test)]
mod tests;

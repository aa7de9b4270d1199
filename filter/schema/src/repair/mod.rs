//! Making an answer fit that says the right thing in the wrong way: deterministic, and safe in that nothing is invented. Every
//! name and every string of the result stands in the text, and so does every number; the order stays.

mod coerce;
mod extract;
mod lenient;

use self::extract::Candidate;
use crate::check::{self, Stop};
use crate::json::{Document, Limits};
use crate::regex::{Budget, Exhausted};
use crate::{Schema, Scratch};

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

/// The JSON in this text, so that it fits the schema; `None` if that can't be had within the bounds, or if more than one in it would fit. Text
/// that fits as it is comes back as it is. What it takes is taken from the budget.
#[must_use]
#[inline(never)] // See [profile.wasm].
pub fn repair(
    text: &str,
    schema: &Schema,
    limits: Limits,
    budget: &mut Budget,
    scratch: &mut Scratch,
) -> Option<Repaired> {
    let mut found: Option<Repaired> = None;
    for Candidate { json, without, mut changes } in
        extract::candidates(text, limits, schema.program.is_any())?
    {
        let mut fit = Fit { schema, limits, budget, scratch };
        let is_cut = without.is_some();
        let mut fitted = fit.fitted(json, is_cut, &mut changes).ok()?;
        if let (None, Some(without)) = (&fitted, without) {
            changes.dropped = true;
            fitted = fit.fitted(without, false, &mut changes).ok()?;
        }
        let Some(json) = fitted else { continue };
        if found.as_ref().is_some_and(|found| found.json != json) {
            return None;
        }
        found.get_or_insert(Repaired { json, changes });
    }
    found
}

struct Fit<'f> {
    schema: &'f Schema,
    limits: Limits,
    budget: &'f mut Budget,
    scratch: &'f mut Scratch,
}

impl Fit<'_> {
    /// This JSON, with strings coerced, if it fits so. `is_cut` says that its last string breaks off.
    fn fitted(
        &mut self,
        mut json: String,
        is_cut: bool,
        changes: &mut Changes,
    ) -> Result<Option<String>, Exhausted> {
        let mut coerced = false;
        for _ in 0..MOST_ROUNDS {
            let Ok(document) = Document::read(json.as_str(), self.limits) else { return Ok(None) };
            let cut = is_cut.then(|| document.last());
            let caches = self.scratch.of(self.schema);
            match check::holds(&self.schema.program, &document, caches, self.budget, cut) {
                Ok(true) => {
                    changes.coerced = coerced;
                    return Ok(Some(json));
                }
                Err(Stop::Exhausted) => return Err(Exhausted),
                Err(Stop::Cut) => return Ok(None),
                Ok(false) | Err(Stop::TooDeep) => {}
            }
            match coerce::coerce(self.schema, &document, cut, self.budget, self.scratch) {
                Some(new) => (json, coerced) = (new, true),
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;

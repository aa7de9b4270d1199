//! Regular expressions in linear time: whether a text has a match for a pattern of ECMA-262.
//!
//! A pattern becomes a nondeterministic automaton (`nfa.rs`), which is run as a deterministic one whose states are made when they
//! are first needed (`dfa.rs`; Thompson 1968, and [Cox](https://swtch.com/~rsc/regexp/regexp1.html)). Each character costs at most
//! one visit of each of the pattern's nodes, whatever the text; mostly it costs one look-up. What can't be matched in linear time
//! is refused: look-around and back-references.

mod ast;
pub(crate) mod categories;
mod class;
mod dfa;
mod nfa;
mod parse;
mod sieve;
mod symbols;
mod unicode;

use std::fmt;

pub use self::dfa::{Cache, Search};
use self::nfa::Nfa;
pub use self::sieve::{Sieve, Sifted};

/// Most bytes of a pattern.
pub const LONGEST_PATTERN: usize = 8 * 1024;

/// Work that may still be done: a unit is a visit of one node of a pattern or, where the answer is known, sixteen bytes of text;
/// about 10 ns. Shared by all that is done for one document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget(pub u64);

/// The [`Budget`] is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exhausted;

impl Budget {
    pub(crate) fn spend(&mut self, units: usize) -> Result<(), Exhausted> {
        let rest = self.0.checked_sub(units as u64);
        self.0 = rest.unwrap_or(0);
        rest.map(|_| ()).ok_or(Exhausted)
    }
}

/// Why a pattern can't be used, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PatternError {
    /// Bytes before the place where it was noticed.
    pub at: usize,
    pub problem: Problem,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// `(` or `[` without its end.
    Unclosed,
    /// `)` without its beginning.
    Unopened,
    NothingToRepeat,
    /// `{5,2}`
    CountsOutOfOrder,
    /// `[z-a]`
    RangeOutOfOrder,
    /// A backslash before what it can't stand before.
    Escape,
    /// A group that ECMA-262 doesn't know.
    Group,
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`
    LookAround,
    /// `\1`, `\k<name>`
    BackReference,
    /// `\p{…}` of a property that isn't known here.
    Property,
    /// Too long, too deep, or too many nodes once repetitions are written out.
    TooLarge,
}

impl Problem {
    /// Whether the pattern is none of ECMA-262's, rather than one that isn't supported.
    #[must_use]
    pub fn is_syntax(self) -> bool {
        !matches!(self, Self::LookAround | Self::BackReference | Self::Property | Self::TooLarge)
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}, at byte {} of the pattern", self.problem, self.at)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Unclosed => "a bracket isn't closed",
            Self::Unopened => "a closing parenthesis has no opening one",
            Self::NothingToRepeat => "there is nothing to repeat",
            Self::CountsOutOfOrder => "the counts are out of order",
            Self::RangeOutOfOrder => "the range is out of order",
            Self::Escape => "ECMA-262 doesn't know the escape",
            Self::Group => "ECMA-262 doesn't know the group",
            Self::LookAround => "look-around can't be matched in linear time",
            Self::BackReference => "a back-reference can't be matched in linear time",
            Self::Property => "the Unicode property isn't known (general categories are)",
            Self::TooLarge => "the pattern is too large",
        })
    }
}

impl std::error::Error for PatternError {}

/// A pattern, ready to be searched for.
#[derive(Debug)]
pub struct Pattern {
    nfa: Nfa,
    /// Characters that stand in a row in all matches.
    row: Box<[[u64; 2]]>,
}

impl Pattern {
    /// # Errors
    /// When this is no pattern of ECMA-262, or one that isn't supported.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        Self::with_case(pattern, false)
    }

    /// Letters match in either case. By simple case mapping, and not for ranges of more than a thousand characters.
    ///
    /// # Errors
    /// As for [`Pattern::new`].
    pub fn ignoring_case(pattern: &str) -> Result<Self, PatternError> {
        Self::with_case(pattern, true)
    }

    fn with_case(pattern: &str, ignore_case: bool) -> Result<Self, PatternError> {
        if pattern.len() > LONGEST_PATTERN {
            return Err(PatternError { at: LONGEST_PATTERN, problem: Problem::TooLarge });
        }
        let ast = parse::parse(pattern, ignore_case)?;
        let too_large = PatternError { at: pattern.len(), problem: Problem::TooLarge };
        Nfa::of(&ast).map(|nfa| Self { nfa, row: sieve::row(&ast) }).ok_or(too_large)
    }

    /// Bytes of memory that it takes, about: some hundred, but hundreds of thousands where it is written for that.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nfa.size() + size_of_val(&*self.row)
    }

    /// Whether the text has a match, anywhere in it. Use one cache for one pattern.
    ///
    /// # Errors
    /// When the budget doesn't suffice.
    pub fn is_match(&self, text: &str, cache: &mut Cache, budget: &mut Budget) -> Result<bool, Exhausted> {
        match &self.nfa.run {
            Some(run) => {
                budget.spend(text.len() / 16 + 1)?;
                Ok(run.count(text, &self.nfa.symbols).is_some_and(|count| run.is_enough(count)))
            }
            None => dfa::is_match(&self.nfa, text, cache, budget),
        }
    }
}

/// Whether the text is a pattern of ECMA-262, supported or not. Longer ones than are supported are none.
pub(crate) fn is_pattern(text: &str) -> bool {
    if text.len() > LONGEST_PATTERN {
        return false;
    }
    match parse::parse(text, false) {
        Ok(_) => true,
        Err(error) => !error.problem.is_syntax(),
    }
}

#[cfg(test)]
mod tests;

//! The one table of the language: every block and statement with its shape, range, default and meaning. The parser reads
//! a statement by walking its [`Shape`], the checker takes ranges and defaults from it, the editor its completions, and the
//! grammar and the reference in the README are printed from it, so none of them can say something else than the others.
//!
//! What this version of Seawall can't carry out stands here too, marked as later: it is read and checked like the rest,
//! and then refused. To turn a statement on is to take that mark away.

mod shape;
mod syntax;
mod table;
mod text;

pub use shape::{Durations, Leaf, Shape, Text};
pub use syntax::{grammar, syntax, values};
pub use table::{LANGUAGES, POLICY, STATUSES, TRIGGERS};
pub(crate) use text::{
    characters_text, factor_text, multiple_text, range, size_text, time_units_text, words_text,
};
pub use text::{duration_text, money_text, percent_text, tokens_text};

/// The version of Seawall in which a statement became available.
pub const FIRST: &str = "0.1";

/// What stands between braces: statements, each at most once unless it repeats.
#[derive(Debug)]
pub struct Block {
    pub word: &'static str,
    pub statements: &'static [Statement],
    /// What it is for, in one sentence.
    pub doc: &'static str,
}

/// A statement: `word value`. At the top level these are the definitions, such as `target name { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// Empty for a statement that begins with its value, such as the amount of a limit.
    pub word: &'static str,
    pub shape: Shape,
    pub presence: Presence,
    /// Whether it may stand more than once.
    pub repeats: bool,
    pub doc: &'static str,
    pub example: &'static str,
    /// `None` while no version can carry it out.
    pub since: Option<&'static str>,
}

/// What happens when a statement isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// An error.
    Required,
    /// What its absence means, in words.
    Optional(&'static str),
    /// This value holds, written as in a policy.
    Default(&'static str),
}

/// Units of time, the smallest first, and their nanoseconds.
pub const TIME_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// What a rate counts by, and how many seconds that is.
pub const PERIODS: &[(&str, u32)] = &[("s", 1), ("min", 60), ("hour", 3_600), ("day", 86_400)];

/// Multiples of a number of tokens or requests.
pub const MULTIPLES: &[(&str, u64)] = &[("k", 1_000), ("M", 1_000_000)];

/// Units of size in bytes.
pub const SIZE_UNITS: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20)];

/// The largest amount of a rate, in tokens, requests or micro-dollars.
pub const MOST_OF_A_RATE: u64 = 1_000_000_000_000;

/// Shares of a distribution that can be named.
pub const PERCENTILES: &[(&str, u8)] = &[("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)];

impl Block {
    /// Its statement of this name.
    #[must_use]
    pub fn statement(&self, word: &str) -> Option<&'static Statement> {
        self.statements.iter().find(|statement| !statement.word.is_empty() && statement.word == word)
    }

    /// Its statement without a word.
    #[must_use]
    pub fn bare(&self) -> Option<&'static Statement> {
        self.statements.iter().find(|statement| statement.word.is_empty())
    }

    /// The words of its statements.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.statements.iter().map(|statement| statement.word).filter(|word| !word.is_empty())
    }
}

impl Statement {
    /// The block that ends it, if one does.
    #[must_use]
    pub fn block(&self) -> Option<&'static Block> {
        self.shape.block()
    }

    pub(crate) const fn new(
        word: &'static str,
        shape: Shape,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        let (presence, doc) = (Presence::Optional(""), crate::doc(doc));
        Self { word, shape, presence, repeats: false, doc, example, since: Some(FIRST) }
    }

    const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    const fn default(mut self, text: &'static str) -> Self {
        self.presence = Presence::Default(text);
        self
    }

    const fn absent(mut self, meaning: &'static str) -> Self {
        self.presence = Presence::Optional(meaning);
        self
    }

    const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    const fn later(mut self) -> Self {
        self.since = None;
        self
    }

    /// Refused by a build that lacks what carries it out.
    const fn built(self, is_built: bool) -> Self {
        if is_built { self } else { self.later() }
    }
}

/// Every block of the language, each once, outer ones first: the policy itself, what it defines, and what stands in those.
#[must_use]
pub fn blocks() -> Vec<&'static Block> {
    let mut found: Vec<&'static Block> = vec![&POLICY];
    let mut at = 0;
    while let Some(block) = found.get(at).copied() {
        for inner in block.statements.iter().filter_map(Statement::block) {
            if !found.iter().any(|known| std::ptr::eq(*known, inner)) {
                found.push(inner);
            }
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_listed_twice() {
        for block in blocks() {
            for statement in block.statements {
                let same = block.statements.iter().filter(|other| other.word == statement.word).count();
                assert_eq!(same, 1, "{} {}", block.word, statement.word);
            }
        }
    }

    #[test]
    fn every_block_is_found_once() {
        let words: Vec<&str> = blocks().iter().map(|block| block.word).collect();
        for word in ["policy", "target", "route", "contract", "output", "overrides", "test", "request"] {
            assert_eq!(words.iter().filter(|other| **other == word).count(), 1, "{word} in {words:?}");
        }
    }
}

//! The one table of the language: every block and statement with its kind of value, range, default and meaning. The
//! parser knows its words from here, the checker its ranges and defaults, and the reference in the README is printed
//! from it, so none of them can say something else than the others.
//!
//! A statement of the language that this version can't carry out stands here too, as [`Value::NotSupported`]: it is
//! recognised and refused. To turn one on is to give it a kind of value.

use std::time::Duration;

mod table;

pub use table::{BLOCKS, PROVIDERS, STATUSES, TRIGGERS, UNSUPPORTED_PROVIDERS, UNSUPPORTED_TRIGGERS};

/// A block: `word name { … }`.
#[derive(Debug)]
pub struct Block {
    pub word: &'static str,
    /// Empty when this version doesn't support the block.
    pub statements: &'static [Statement],
    pub supported: bool,
    /// What it is for, in one sentence.
    pub doc: &'static str,
}

/// A statement: `word value`.
#[derive(Debug)]
pub struct Statement {
    pub word: &'static str,
    pub value: Value,
    pub presence: Presence,
    /// Whether it may stand more than once.
    pub repeats: bool,
    pub doc: &'static str,
    pub example: &'static str,
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

/// The kind of value a statement takes. All bounds are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Text(Text),
    Provider,
    Auth,
    Triggers,
    Count {
        min: u32,
        max: u32,
    },
    Duration(Durations),
    Backoff(Durations),
    RetryAfter(Durations),
    /// Shares in basis points (1% = 100).
    Trip {
        max_basis_points: u32,
        max_sample: u32,
    },
    Stages {
        max_stages: usize,
        max_probes: u32,
    },
    PathMatch,
    Targets,
    /// The name of a block of this kind.
    Reference(&'static str),
    /// Nothing behind the word.
    Nothing,
    NotSupported,
}

/// What a string is used for, as that decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Cluster,
    Host,
    Path,
    Model,
}

/// From `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    pub min: Duration,
    pub max: Duration,
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

/// The block of this name.
#[must_use]
pub fn block(word: &str) -> Option<&'static Block> {
    BLOCKS.iter().find(|block| block.word == word)
}

impl Block {
    /// Its statement of this name.
    #[must_use]
    pub fn statement(&self, word: &str) -> Option<&'static Statement> {
        self.statements.iter().find(|statement| statement.word == word)
    }
}

/// In the largest unit that divides it: `90s`, `1h`, `500ms`.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let fits =
        |(_, size): &&(&str, u64)| nanos >= u128::from(*size) && nanos.is_multiple_of(u128::from(*size));
    match TIME_UNITS.iter().rev().find(fits) {
        Some((unit, size)) => [&(nanos / u128::from(*size)).to_string(), *unit].concat(),
        None => "0s".into(),
    }
}

/// `2000` is `20%`, `50` is `0.5%`.
#[must_use]
pub fn percent_text(basis_points: u32) -> String {
    let mut text = (basis_points / 100).to_string();
    let hundredths = basis_points % 100;
    if hundredths > 0 {
        text.push('.');
        text.push_str(&(hundredths / 10).to_string());
        if !hundredths.is_multiple_of(10) {
            text.push_str(&(hundredths % 10).to_string());
        }
    }
    text.push('%');
    text
}

impl Durations {
    /// `1ms to 1h`.
    #[must_use]
    pub fn text(self) -> String {
        [&duration_text(self.min), " to ", &duration_text(self.max)].concat()
    }
}

impl Value {
    /// What kind of value it is, for the reference.
    #[must_use]
    pub fn kind_text(self) -> &'static str {
        match self {
            Value::Text(_) => "string",
            Value::Provider => "word",
            Value::Auth => "`bearer` or `header \"NAME\"`, and `env.NAME`",
            Value::Triggers => "list of statuses and words",
            Value::Count { .. } => "number",
            Value::Duration(_) => "duration",
            Value::Backoff(_) => "`full_jitter`, duration `..` duration",
            Value::RetryAfter(_) => "`retry_after up to`, duration",
            Value::Trip { .. } => "`errors >`, percent, `of at least`, number",
            Value::Stages { .. } => "list of numbers",
            Value::PathMatch => "`path`, string",
            Value::Targets => "list of names",
            Value::Reference(_) => "name",
            Value::Nothing | Value::NotSupported => "",
        }
    }

    /// The units that fit, for the reference.
    #[must_use]
    pub fn unit_text(self) -> String {
        match self {
            Value::Duration(_) | Value::Backoff(_) | Value::RetryAfter(_) => time_units_text(),
            Value::Trip { .. } => "`%`".into(),
            _ => String::new(),
        }
    }

    /// What is allowed, for the reference.
    #[must_use]
    pub fn range_text(self) -> String {
        match self {
            Value::Text(text) => text.rule().into(),
            Value::Provider => words_text(PROVIDERS.iter().map(|(word, _)| *word), "or"),
            Value::Auth => {
                "the variable's name: letters, digits, `_`; the header's: a token in lower case".into()
            }
            Value::Triggers => {
                let statuses: Vec<String> = STATUSES.iter().map(u16::to_string).collect();
                let words = TRIGGERS.iter().map(|(word, _)| *word);
                words_text(statuses.iter().map(String::as_str).chain(words), "and")
            }
            Value::Count { min, max } => range(min, max),
            Value::Duration(range) | Value::RetryAfter(range) => range.text(),
            Value::Backoff(range) => range.text() + ", the first not above the second",
            Value::Trip { max_basis_points, max_sample } => {
                ["0% to ", &percent_text(max_basis_points), "; ", &range(1, max_sample)].concat()
            }
            Value::Stages { max_stages, max_probes } => {
                ["1 to ", &max_stages.to_string(), " stages of ", &range(1, max_probes)].concat()
            }
            Value::PathMatch => "starts with `/`; a `*` at its end matches every continuation".into(),
            Value::Targets => "targets of this policy, each at most once in a plan".into(),
            Value::Reference(word) => ["a `", word, "` of this policy"].concat(),
            Value::Nothing | Value::NotSupported => String::new(),
        }
    }
}

impl Text {
    /// What the string may hold, in words.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Text::Cluster => "visible ASCII, no spaces",
            Text::Host => "host name or address, and a port if need be; no `https://`",
            Text::Path => "starts with `/`; visible ASCII, no spaces, `*` or `#`",
            Text::Model => "anything but control characters",
        }
    }
}

/// `1 to 10`.
pub(crate) fn range(min: u32, max: u32) -> String {
    [&min.to_string(), " to ", &max.to_string()].concat()
}

pub(crate) fn time_units_text() -> String {
    words_text(TIME_UNITS.iter().map(|(unit, _)| *unit), "or")
}

/// Each in backticks: "`a`, `b` or `c`".
pub(crate) fn words_text<'w>(words: impl Iterator<Item = &'w str>, conjunction: &str) -> String {
    let mut words = words.peekable();
    let mut text = String::new();
    while let Some(word) = words.next() {
        if !text.is_empty() && words.peek().is_none() {
            text.extend([" ", conjunction, " "]);
        } else if !text.is_empty() {
            text.push_str(", ");
        }
        text.extend(["`", word, "`"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_they_are_written() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (90_000_000_000, "90s"),
            (3_600_000_000_000, "1h"),
            (500_000_000, "500ms"),
        ] {
            assert_eq!(duration_text(Duration::from_nanos(nanos)), text);
        }
        for (points, text) in
            [(0, "0%"), (2000, "20%"), (50, "0.5%"), (125, "1.25%"), (105, "1.05%"), (9999, "99.99%")]
        {
            assert_eq!(percent_text(points), text);
        }
    }

    #[test]
    fn no_word_is_listed_twice() {
        for block in BLOCKS {
            assert_eq!(BLOCKS.iter().filter(|other| other.word == block.word).count(), 1, "{}", block.word);
            for statement in block.statements {
                let same = block.statements.iter().filter(|other| other.word == statement.word).count();
                assert_eq!(same, 1, "{} {}", block.word, statement.word);
            }
        }
    }
}

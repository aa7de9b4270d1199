//! The rules by their names.

use super::Breach;

/// What an answer can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    Schema,
    Deny,
    Require,
    Fields,
    Length,
    Language,
    Finish,
    Refusal,
    Tools,
    Repetition,
    /// It says more than is looked at: whether it fits isn't known.
    Size,
}

impl Rule {
    pub const ALL: [Self; 11] = [
        Self::Schema,
        Self::Deny,
        Self::Require,
        Self::Fields,
        Self::Length,
        Self::Language,
        Self::Finish,
        Self::Refusal,
        Self::Tools,
        Self::Repetition,
        Self::Size,
    ];

    /// Its name in the language, in metrics, logs and errors.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Deny => "deny",
            Self::Require => "require",
            Self::Fields => "fields",
            Self::Length => "length",
            Self::Language => "language",
            Self::Finish => "finish",
            Self::Refusal => "refusals",
            Self::Tools => "tools",
            Self::Repetition => "repeats",
            Self::Size => "size",
        }
    }
}

/// The rules that an answer breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken(u16);

impl Broken {
    /// Those that these places break.
    pub(crate) fn by(breaches: &[Breach]) -> Self {
        breaches.iter().map(|breach| breach.rule).collect()
    }

    pub fn add(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }

    #[must_use]
    pub fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The rules, in a fixed order.
    pub fn rules(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.has(*rule))
    }
}

impl FromIterator<Rule> for Broken {
    fn from_iter<T: IntoIterator<Item = Rule>>(rules: T) -> Self {
        let mut broken = Self::default();
        rules.into_iter().for_each(|rule| broken.add(rule));
        broken
    }
}

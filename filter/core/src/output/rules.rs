//! The rules of a route's `output`, made ready.

use seawall_policy::policy::Output;
use seawall_schema::{Changes, Scratch};

use super::{Asked, Content};

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
}

impl Rule {
    pub const ALL: [Self; 10] = [
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
        }
    }
}

/// The rules that an answer breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken(u16);

impl Broken {
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

    pub fn rules(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |rule| self.has(*rule))
    }
}

/// One place where an answer doesn't fit. It tells nothing that the answer says but names of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) rule: Rule,
    /// The choice, and where in its JSON: a JSON pointer.
    pub(crate) choice: u32,
    pub(crate) pointer: String,
    /// For people and for the model: what is wrong, by the rule.
    pub(crate) message: String,
}

/// The rules of one route.
#[derive(Debug)]
pub(crate) struct Rules {
    policy: Output,
}

impl Rules {
    /// Makes them ready.
    ///
    /// # Errors
    /// What of them can't be honoured.
    pub(crate) fn new(policy: &Output) -> Result<Self, String> {
        Ok(Self { policy: policy.clone() })
    }

    /// The policy's words.
    pub(crate) fn policy(&self) -> &Output {
        &self.policy
    }

    /// Where a whole answer breaks them: none for one that fits.
    pub(crate) fn check(&self, _asked: &Asked, _content: &Content, _scratch: &mut Scratch) -> Vec<Breach> {
        Vec::new()
    }

    /// The same answer with what can be repaired, if all rules hold for it then.
    pub(crate) fn repair(
        &self,
        _asked: &Asked,
        _content: &Content,
        _scratch: &mut Scratch,
    ) -> Option<(Content, Changes)> {
        None
    }
}

//! The policy as it is written, statement by statement. Literals have been read, names haven't been looked up and
//! defaults haven't been filled in. Holes are explicit, so that one mistake isn't reported twice.

use std::time::Duration;

use crate::policy::{Auth, Backoff, PathMatch, Provider, Trigger};
use crate::span::Span;
use crate::vocabulary;

#[derive(Debug, Default)]
pub(crate) struct File<'s> {
    pub(crate) blocks: Vec<Block<'s>>,
    /// Names of blocks that aren't supported, such as groups. A reference to one is not an unknown name.
    pub(crate) unsupported: Vec<Name<'s>>,
    /// What is left can't be judged: another version of the language, or too deep.
    pub(crate) abandoned: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Block<'s> {
    pub(crate) definition: &'static vocabulary::Block,
    /// The block's word, where a missing statement is reported.
    pub(crate) word: Span,
    /// `None` when it is missing, which has been reported.
    pub(crate) name: Option<Name<'s>>,
    pub(crate) statements: Vec<Statement<'s>>,
    /// Something in it could not be read, so a statement that seems to be missing may be there.
    pub(crate) damaged: bool,
}

#[derive(Debug)]
pub(crate) struct Statement<'s> {
    pub(crate) definition: &'static vocabulary::Statement,
    pub(crate) word: Span,
    pub(crate) value: Value<'s>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value<'s> {
    /// Written, wrong and reported.
    Hole,
    /// Written, understood and refused.
    NotSupported,
    Nothing,
    Text(String),
    Provider(Provider),
    Auth(Auth),
    Triggers(Vec<Trigger>),
    Count(u32),
    Duration(Duration),
    Backoff(Backoff),
    Trip {
        error_rate_bp: u32,
        at_least: u32,
    },
    Stages(Vec<u32>),
    Path(PathMatch),
    Names(Vec<Name<'s>>),
    Reference(Name<'s>),
}

impl Block<'_> {
    /// `route default`, the only block whose name is a word of the language.
    pub(crate) fn is_default_route(&self) -> bool {
        self.definition.word == "route" && self.name.is_some_and(|name| name.text == "default")
    }
}

//! The policy as it is written, statement by statement. Literals have been read, names haven't been looked up and
//! defaults haven't been filled in. Holes are explicit, so that one mistake isn't reported twice.

use std::time::Duration;

use crate::condition::Condition;
use crate::policy::{Amount, Auth, PathMatch, Trigger};
use crate::span::Span;
use crate::vocabulary;

#[derive(Debug)]
pub(crate) struct File<'s> {
    /// The definitions, as statements of one block around them all.
    pub(crate) policy: Block<'s>,
    /// What is left can't be judged: another version of the language, or nothing.
    pub(crate) abandoned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Name<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Block<'s> {
    pub(crate) definition: &'static vocabulary::Block,
    pub(crate) statements: Vec<Statement<'s>>,
    /// Something in it could not be read, so a statement that seems to be missing may be there.
    pub(crate) damaged: bool,
    /// From brace to brace.
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Statement<'s> {
    pub(crate) definition: &'static vocabulary::Statement,
    /// Its word; its first token when it has none.
    pub(crate) word: Span,
    /// All of it.
    pub(crate) span: Span,
    /// What its shape is made of, in order: words that only have to be there leave nothing, what was left out leaves
    /// [`Value::Absent`].
    pub(crate) values: Vec<Value<'s>>,
    /// Where each value stands.
    pub(crate) spans: Vec<Span>,
    /// Written, wrong and reported; then `values` may be incomplete.
    pub(crate) wrong: bool,
    /// Refused as not supported.
    pub(crate) refused: bool,
}

/// A value of a statement, read and within its bounds.
#[derive(Clone, Debug)]
pub(crate) enum Value<'s> {
    /// Written, wrong and reported.
    Hole,
    Absent,
    Word(&'static str),
    Define(Name<'s>),
    /// Refers to a block of this kind.
    Name(&'static str, Name<'s>),
    Count(u32),
    Duration(Duration),
    BasisPoints(u32),
    Hundredths(u32),
    Tokens(u64),
    MicroDollars(u64),
    Bytes(u64),
    Amount(Amount),
    PerSecond(u32),
    Percentile(u8),
    Text(String),
    Path(PathMatch),
    Auth(Auth),
    Trigger(Trigger),
    Condition(Condition),
    /// A regular expression.
    Pattern(&'s str),
    List(Vec<Item<'s>>),
    Block(Block<'s>),
}

/// One item of a list: what its shape is made of.
#[derive(Clone, Debug)]
pub(crate) struct Item<'s> {
    pub(crate) values: Vec<Value<'s>>,
    pub(crate) spans: Vec<Span>,
    pub(crate) span: Span,
}

impl<'s> Statement<'s> {
    /// The name it defines.
    pub(crate) fn name(&self) -> Option<Name<'s>> {
        self.values.iter().find_map(|value| if let Value::Define(name) = value { Some(*name) } else { None })
    }

    /// The block that ends it.
    pub(crate) fn block(&self) -> Option<&Block<'s>> {
        if let Some(Value::Block(block)) = self.values.last() { Some(block) } else { None }
    }

    /// Its word and, if it has one, its name: what a finding about the whole of it underlines.
    pub(crate) fn head(&self) -> Span {
        self.name().map_or(self.word, |name| self.word.to(name.span))
    }

    /// Its name, or its word when that is missing.
    pub(crate) fn name_span(&self) -> Span {
        self.name().map_or(self.word, |name| name.span)
    }

    /// `route default`, the only block whose name is a word of the language.
    pub(crate) fn is_default_route(&self) -> bool {
        self.definition.word == "route" && self.name().is_some_and(|name| name.text == "default")
    }

    /// Shows each name that it refers to, also in lists and in the blocks within it.
    pub(crate) fn each_reference(&self, see: &mut dyn FnMut(&'static str, Name<'s>)) {
        each_reference(&self.values, see);
    }
}

fn each_reference<'s>(values: &[Value<'s>], see: &mut dyn FnMut(&'static str, Name<'s>)) {
    for value in values {
        match value {
            Value::Name(kind, name) => see(kind, *name),
            Value::List(items) => items.iter().for_each(|item| each_reference(&item.values, see)),
            Value::Block(block) => {
                block.statements.iter().for_each(|statement| statement.each_reference(see));
            }
            _ => {}
        }
    }
}

impl<'s> Block<'s> {
    /// Its statements with this word.
    pub(crate) fn all<'b>(&'b self, word: &'b str) -> impl Iterator<Item = &'b Statement<'s>> {
        self.statements.iter().filter(move |statement| statement.definition.word == word)
    }

    /// Whether the statement is there, be it wrong.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.all(word).next().is_some()
    }
}

//! A pattern as it is written.

use super::class::Class;

#[derive(Debug)]
pub(super) enum Ast {
    Empty,
    One(Class),
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` if false.
    WordEdge(bool),
    Sequence(Vec<Ast>),
    Choice(Vec<Ast>),
    Repeat {
        what: Box<Ast>,
        least: u32,
        most: Option<u32>,
    },
}

impl Ast {
    /// Whether a match can only begin where the text does.
    pub(super) fn is_at_start(&self) -> bool {
        match self {
            Ast::Start => true,
            Ast::Sequence(parts) => parts.first().is_some_and(Ast::is_at_start),
            Ast::Choice(parts) => parts.iter().all(Ast::is_at_start),
            _ => false,
        }
    }
}

//! A condition as it is written.

use crate::span::Span;

#[derive(Debug)]
pub(super) struct Expr<'s> {
    pub(super) form: Form<'s>,
    pub(super) span: Span,
    /// How many expressions stand inside each other, this one included.
    pub(super) depth: usize,
}

#[derive(Debug)]
pub(super) enum Form<'s> {
    Bool(bool),
    /// As written, also with a sign: what it is worth, the checker says.
    Number(&'s str),
    /// Between its quotes, escapes resolved.
    Text(String),
    /// CEL that Seawall doesn't read, and what it is called.
    Foreign(&'static str),
    Name(&'s str),
    Select(Box<Expr<'s>>, &'s str),
    Index(Box<[Expr<'s>; 2]>),
    Call(Box<Call<'s>>),
    List(Vec<Expr<'s>>),
    Not(Box<Expr<'s>>),
    Minus(Box<Expr<'s>>),
    /// All operands of `&&`, or of `||`.
    Chain(Join, Vec<Expr<'s>>),
    Binary(Binary, Box<[Expr<'s>; 2]>),
    If(Box<[Expr<'s>; 3]>),
    /// Already reported.
    Broken,
}

#[derive(Debug)]
pub(super) struct Call<'s> {
    pub(super) receiver: Option<Expr<'s>>,
    pub(super) name: &'s str,
    pub(super) name_span: Span,
    pub(super) arguments: Vec<Expr<'s>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

impl Join {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Join::And => "&&",
            Join::Or => "||",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Compare(Comparison),
    In,
    Math(Math),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Math {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Math::Add => "+",
            Math::Subtract => "-",
            Math::Multiply => "*",
            Math::Divide => "/",
            Math::Remainder => "%",
        }
    }
}

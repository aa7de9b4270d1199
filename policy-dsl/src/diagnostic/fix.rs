//! Changes of the text that a program may make by itself.

use crate::span::Span;

/// How to change the text so that the finding is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words: "write `openai_west`".
    pub title: String,
    /// All of them or none. They don't overlap.
    pub edits: Vec<Edit>,
}

/// One piece of text to be written over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes. Empty where something is only added.
    pub span: Span,
    /// What comes. Empty where something is only removed.
    pub replacement: String,
}

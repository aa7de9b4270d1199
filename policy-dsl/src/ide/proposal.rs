//! What is proposed to be written.

use crate::span::Span;
use crate::vocabulary::{Block, Leaf, Presence, Shape, Statement};

/// What can stand at a place, the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completions {
    /// What has been typed of it already, and is to be replaced.
    pub replace: Span,
    /// All that fits the place, whether or not it begins with what has been typed.
    pub items: Vec<Completion>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// As it is to be written.
    pub label: String,
    pub kind: CompletionKind,
    /// Some words beside the label.
    pub detail: String,
    /// Markdown.
    pub doc: String,
    /// More than the label, with places to fill in, in the syntax of the Language Server Protocol.
    pub snippet: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// The word of a definition.
    Definition,
    /// The word of a statement.
    Statement,
    /// A word that has to stand here.
    Keyword,
    /// A word that is a value.
    Value,
    /// A whole value as the reference writes it.
    Example,
    /// The name of a definition.
    Name,
    /// A number with its unit.
    Unit,
    /// A name within a condition.
    Variable,
    /// A function within a condition.
    Function,
}

impl Completions {
    pub(super) fn none(replace: Span) -> Self {
        Self { replace, items: Vec::new() }
    }

    /// Adds what isn't there yet.
    pub(super) fn push(&mut self, item: Completion) {
        if !self.items.iter().any(|other| other.label == item.label) {
            self.items.push(item);
        }
    }
}

impl Completion {
    pub(super) fn new(kind: CompletionKind, label: impl Into<String>) -> Self {
        Self { label: label.into(), kind, detail: String::new(), doc: String::new(), snippet: None }
    }
}

/// The statement with a place for each thing that it can't do without.
pub(super) fn snippet(definition: &Statement) -> Option<String> {
    let (name, block): (_, &Block) = match definition.shape {
        Shape::Block(block) => ("", block),
        Shape::Seq([Shape::Leaf(Leaf::Define(_)), Shape::Block(block)]) => ("${1:name} ", block),
        Shape::Seq([Shape::Leaf(Leaf::Title), Shape::Block(block)]) => ("\"${1:what must hold}\" ", block),
        _ => return None,
    };
    let mut text = [definition.word, " ", name, "{\n"].concat();
    text.push_str(&required(block));
    text.push_str("\t$0\n}");
    Some(text)
}

fn required(block: &Block) -> String {
    let mut text = String::new();
    for (index, statement) in block.statements.iter().enumerate() {
        if statement.presence == Presence::Required
            && statement.block().is_none()
            && !statement.word.is_empty()
        {
            let place = (index + 2).to_string();
            // The marks of a string, where its value is one.
            let mut value = ["${", &place, "}"].concat();
            if statement.example.ends_with('"') {
                let before = statement.example.split('"').next().unwrap_or("");
                let before = before.strip_prefix(statement.word).unwrap_or("").trim_start();
                value = [before, "\"", &value, "\""].concat();
            }
            text.extend(["\t", statement.word, " ", &value, "\n"]);
        }
    }
    text
}

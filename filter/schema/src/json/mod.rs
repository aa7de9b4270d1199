//! JSON (RFC 8259) as a tape over its text: one node for each value and each name, in the order of the text. Numbers stay as
//! they are written, and are compared exactly.

mod compare;
mod look;
mod parse;
mod pointer;
mod start;

use std::borrow::Cow;
use std::fmt;

pub(crate) use self::compare::{equal, hash, outside, same};
pub(crate) use self::pointer::{escape, pointer_to};
pub use self::start::Start;

/// What is read at most. Beyond it the text is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Of the text.
    pub bytes: usize,
    /// Arrays and objects within each other.
    pub depth: usize,
    /// Values and names. Each takes 20 bytes.
    pub nodes: usize,
}

/// Why a text isn't JSON that can be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// It ends before the value does: more text could make it JSON.
    Truncated,
    /// It isn't JSON from this byte on.
    Malformed { at: usize },
    /// An object has two members of the same name; the second is here. What that means differs between readers (RFC 8259, 4).
    NameTwice { at: usize },
    /// A `\u` escape of half a character, at this byte.
    LoneSurrogate { at: usize },
    /// Beyond the [`Limits`].
    TooLarge,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => to.write_str("the JSON breaks off"),
            Self::Malformed { at } => write!(to, "it isn't JSON, from byte {at} on"),
            Self::NameTwice { at } => {
                write!(to, "an object has two members of the same name, the second at byte {at}")
            }
            Self::LoneSurrogate { at } => write!(to, "half a surrogate pair at byte {at}"),
            Self::TooLarge => to.write_str("the JSON is too large or too deep"),
        }
    }
}

impl std::error::Error for Unreadable {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    Text,
    Array,
    Object,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// The text of a string isn't as it is written, and lies in `unescaped`.
    is_unescaped: bool,
    /// The text breaks off in it: more may be to come.
    is_open: bool,
    /// Of an array or object, its items or members.
    count: u32,
    /// In the text, or in `unescaped`; of strings without the quotes.
    start: u32,
    end: u32,
    /// The node after this one and all within it.
    next: u32,
}

/// A JSON text that was read.
#[derive(Debug)]
pub struct Document<'t> {
    text: Cow<'t, str>,
    unescaped: String,
    nodes: Vec<Node>,
}

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'d> {
    document: &'d Document<'d>,
    node: &'d Node,
    at: u32,
}

impl<'t> Document<'t> {
    /// Reads one value and nothing else.
    ///
    /// # Errors
    /// When this isn't one, or too large.
    pub fn read(text: impl Into<Cow<'t, str>>, limits: Limits) -> Result<Self, Unreadable> {
        parse::read(text.into(), limits)
    }

    pub(crate) fn root(&self) -> Option<Value<'_>> {
        self.value(0)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of memory that it takes.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>()
            + self.text.len()
            + self.unescaped.capacity()
            + self.nodes.capacity() * size_of::<Node>()
    }

    /// The number of the last node.
    pub(crate) fn last(&self) -> u32 {
        self.nodes.len().saturating_sub(1) as u32
    }

    /// Whether somewhere a member named `$ref` has a value that begins so.
    pub(crate) fn has_ref_to(&self, prefix: &str) -> bool {
        let text = |at: usize| self.value(u32::try_from(at).ok()?)?.text();
        (1..self.nodes.len())
            .any(|at| text(at).is_some_and(|value| value.starts_with(prefix)) && text(at - 1) == Some("$ref"))
    }

    pub(crate) fn value(&self, at: u32) -> Option<Value<'_>> {
        self.nodes.get(at as usize).map(|node| Value { document: self, node, at })
    }
}

impl<'d> Value<'d> {
    pub(crate) fn kind(self) -> Kind {
        self.node.kind
    }

    /// Its node's number.
    pub(crate) fn at(self) -> u32 {
        self.at
    }

    /// The number after all nodes within it.
    pub(crate) fn after(self) -> u32 {
        self.node.next
    }

    pub(crate) fn is_open(self) -> bool {
        self.node.is_open
    }

    /// Items or members.
    pub(crate) fn len(self) -> usize {
        self.node.count as usize
    }

    /// Where in the text it is, with the quotes if it is a string; `None` for a string with escapes, whose place isn't kept.
    pub(crate) fn range(self) -> Option<std::ops::Range<usize>> {
        let quoted = usize::from(self.node.kind == Kind::Text);
        let range = (self.node.start as usize).saturating_sub(quoted)..self.node.end as usize + quoted;
        (!self.node.is_unescaped).then_some(range)
    }

    /// As it is written, but for strings.
    pub(crate) fn written(self) -> &'d str {
        self.document.text.get(self.node.start as usize..self.node.end as usize).unwrap_or("")
    }

    /// The JSON of it; nothing for a string with escapes.
    pub(crate) fn json(self) -> &'d str {
        self.range().and_then(|range| self.document.text.get(range)).unwrap_or("")
    }

    /// The JSON of any value.
    pub(crate) fn to_json(self) -> String {
        match self.json() {
            "" => quoted(self.text().unwrap_or("")),
            json => json.to_owned(),
        }
    }

    pub(crate) fn text(self) -> Option<&'d str> {
        let range = self.node.start as usize..self.node.end as usize;
        match self.node.kind {
            Kind::Text if self.node.is_unescaped => self.document.unescaped.get(range),
            Kind::Text => self.document.text.get(range),
            _ => None,
        }
    }

    pub(crate) fn is_true(self) -> bool {
        self.node.kind == Kind::True
    }

    /// The items of an array; of anything else, none.
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'d>> + use<'d> {
        let mut at = self.at + 1;
        let count = if self.node.kind == Kind::Array { self.node.count } else { 0 };
        (0..count).map_while(move |_| {
            let item = self.document.value(at)?;
            at = item.node.next;
            Some(item)
        })
    }

    /// The members of an object, with the names' own nodes; of anything else, none.
    pub(crate) fn members(self) -> impl Iterator<Item = (Value<'d>, Value<'d>)> + use<'d> {
        let mut at = self.at + 1;
        let count = if self.node.kind == Kind::Object { self.node.count } else { 0 };
        (0..count).map_while(move |_| {
            let name = self.document.value(at)?;
            let value = self.document.value(at + 1)?;
            at = value.node.next;
            Some((name, value))
        })
    }

    pub(crate) fn get(self, name: &str) -> Option<Value<'d>> {
        let is_it = |known: &str| same(known.as_bytes(), name.as_bytes());
        self.members().find(|(known, _)| known.text().is_some_and(is_it)).map(|(_, value)| value)
    }
}

/// As JSON.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..' ' => json.push_str(&format!("\\u{:04x}", character as u32)),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests;

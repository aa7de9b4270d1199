//! JSON pointers (RFC 6901).

use std::fmt::Write as _;

use super::{Document, Kind, Value};

/// A name as part of a pointer.
pub(crate) fn escape(name: &str, into: &mut String) {
    for character in name.chars() {
        match character {
            '~' => into.push_str("~0"),
            '/' => into.push_str("~1"),
            other => into.push(other),
        }
    }
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Where a node is. That of a name is its value's.
pub(crate) fn pointer_to(document: &Document<'_>, target: u32) -> String {
    let mut pointer = String::new();
    let mut here = document.root();
    while let Some(value) = here.filter(|value| value.at() < target) {
        here = match value.kind() {
            Kind::Array => {
                let mut items = value.items().enumerate();
                items.find(|(_, item)| target < item.after()).map(|(at, item)| {
                    let _ = write!(pointer, "/{at}");
                    item
                })
            }
            _ => value.members().find(|(_, value)| target < value.after()).and_then(|(name, value)| {
                pointer.push('/');
                escape(name.text().unwrap_or(""), &mut pointer);
                // The name itself was meant.
                (target >= value.at()).then_some(value)
            }),
        };
    }
    pointer
}

impl<'d> Value<'d> {
    /// One step of a pointer.
    pub(crate) fn step(self, part: &str) -> Option<Value<'d>> {
        match self.kind() {
            Kind::Object => self.get(&unescape(part)),
            Kind::Array if part == "0" || !part.starts_with(['0', '+']) => {
                self.items().nth(part.parse().ok()?)
            }
            _ => None,
        }
    }
}

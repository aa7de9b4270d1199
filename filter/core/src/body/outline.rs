//! A text of JSON as far as its members matter, found in one pass: for those who look for values deep in it, in whatever order
//! its members come.

use std::ops::Range;

use super::scan::Scanner;

/// Values that are kept of one text; each takes 20 bytes.
const MOST: usize = 256 * 1024;
/// Deepest of them. What lies deeper is skipped.
const MOST_DEPTH: u32 = 24;

/// How a member matters, by its name as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matters {
    No,
    /// But nothing in it does.
    Itself,
    /// What is in it does too.
    Inside,
}

#[derive(Debug)]
struct Node {
    /// Nothing, for elements of lists.
    name: Range<u32>,
    place: Range<u32>,
    /// The node behind this one and all that lie in it.
    next: u32,
}

/// Kept from one text to the next, so that only the first asks for memory.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    nodes: Vec<Node>,
}

/// Why there is no outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It isn't JSON, not whole, not alone or nested too deep.
    Unreadable,
    /// More matters than is ever kept.
    TooLarge,
}

impl Outline {
    /// Reads the only value of this text. Work is linear in its length.
    pub(crate) fn read<'j>(
        &'j mut self,
        json: &'j [u8],
        matters: fn(&[u8]) -> Matters,
    ) -> Result<Value<'j>, Failure> {
        self.nodes.clear();
        let mut scan = Scanner::new(json, 0);
        let is_read = scan.token().is_some()
            && self.value(&mut scan, 0..0, Matters::Inside, MOST_DEPTH, matters).is_some()
            && scan.token().is_none();
        if is_read {
            Ok(Value { json, outline: self, at: 0 })
        } else {
            Err(if self.nodes.len() < MOST { Failure::Unreadable } else { Failure::TooLarge })
        }
    }

    fn value(
        &mut self,
        scan: &mut Scanner<'_>,
        name: Range<usize>,
        how: Matters,
        depth: u32,
        matters: fn(&[u8]) -> Matters,
    ) -> Option<()> {
        let number = self.nodes.len();
        if number >= MOST {
            return None;
        }
        let start = scan.at();
        self.nodes.push(Node { name: narrow(name)?, place: 0..0, next: 0 });
        let mut is_first = true;
        match (how, scan.token()?) {
            (Matters::Inside, b'{') if depth > 0 => {
                scan.opens(b'{');
                while scan.more(is_first, b'}').ok()? {
                    is_first = false;
                    let name = scan.name().ok()?;
                    match matters(scan.slice(name.clone())) {
                        Matters::No => scan.value().map(|_| ()).ok()?,
                        how => self.value(scan, name, how, depth - 1, matters)?,
                    }
                }
            }
            (Matters::Inside, b'[') if depth > 0 => {
                scan.opens(b'[');
                while scan.more(is_first, b']').ok()? {
                    is_first = false;
                    self.value(scan, 0..0, Matters::Inside, depth - 1, matters)?;
                }
            }
            _ => scan.value().map(|_| ()).ok()?,
        }
        let next = u32::try_from(self.nodes.len()).ok()?;
        let node = self.nodes.get_mut(number)?;
        (node.place, node.next) = (narrow(start..scan.at())?, next);
        Some(())
    }
}

fn narrow(range: Range<usize>) -> Option<Range<u32>> {
    Some(u32::try_from(range.start).ok()?..u32::try_from(range.end).ok()?)
}

/// A value that matters, and where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Value<'j> {
    json: &'j [u8],
    outline: &'j Outline,
    at: u32,
}

impl<'j> Value<'j> {
    fn node(self) -> Option<&'j Node> {
        self.outline.nodes.get(self.at as usize)
    }

    pub(crate) fn place(self) -> Range<usize> {
        self.node().map_or(0..0, |node| node.place.start as usize..node.place.end as usize)
    }

    /// As it is written.
    pub(crate) fn written(self) -> &'j [u8] {
        self.json.get(self.place()).unwrap_or_default()
    }

    /// What lies directly in it.
    fn inner(self) -> impl Iterator<Item = (&'j Node, Self)> {
        let end = self.node().map_or(0, |node| node.next);
        let mut at = self.at.saturating_add(1);
        std::iter::from_fn(move || {
            let value = (at < end).then_some(Self { at, ..self })?;
            let node = value.node()?;
            at = node.next;
            Some((node, value))
        })
    }

    /// The values of these members; none of what is no object. Of two with one name the last counts, as for most who read JSON.
    pub(crate) fn members<const N: usize>(self, names: [&[u8]; N]) -> [Option<Self>; N] {
        let mut found = [None; N];
        if !self.is_object() {
            return found;
        }
        for (node, value) in self.inner() {
            let name = self.json.get(node.name.start as usize..node.name.end as usize).unwrap_or_default();
            if let Some((_, slot)) = names.iter().zip(&mut found).find(|(wanted, _)| **wanted == name) {
                *slot = Some(value);
            }
        }
        found
    }

    pub(crate) fn member(self, name: &[u8]) -> Option<Self> {
        let [value] = self.members([name]);
        value
    }

    /// The elements; none of what is no list.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let is_list = self.is_list();
        self.inner().filter(move |_| is_list).map(|(_, value)| value)
    }

    pub(crate) fn is_object(self) -> bool {
        self.first() == Some(&b'{')
    }

    pub(crate) fn is_list(self) -> bool {
        self.first() == Some(&b'[')
    }

    fn first(self) -> Option<&'j u8> {
        self.json.get(self.node()?.place.start as usize)
    }

    /// A text as it is written, without its quotes.
    pub(crate) fn text(self) -> Option<&'j [u8]> {
        self.written().strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    pub(crate) fn number(self) -> Option<u32> {
        std::str::from_utf8(self.written()).ok()?.parse().ok()
    }
}

//! Reads an answer that is here in full, and writes it with other texts.

use std::ops::Range;

use seawall_schema::{Document, Limits};

use super::builder::{Builder, MOST_TEXT, Of, Place, Role};
use super::{Content, read};
use crate::body::{Failure, MAX_DEPTH, Outline};
use crate::stream::{Data, Dialect, Edit, Framing, edited, events};

/// What an answer says, and where.
#[derive(Debug)]
pub(crate) struct Reading {
    framing: Framing,
    /// What the first choice's text begins with, and the answer lacks.
    prefill: String,
    content: Content,
    lacks_choices: bool,
    has_marks: bool,
    /// No part of a text may be empty: its dialect doesn't take such back.
    is_in_blocks: bool,
    /// In the order in which they lie in the answer.
    places: Vec<Place>,
    /// The events that have any.
    events: Vec<Range<usize>>,
}

/// A text that is to be another.
struct Change<'n> {
    of: Of,
    text: &'n str,
    /// The same as a JSON string.
    quoted: Vec<u8>,
    /// Which of the places gets it, and the part of the text that this belongs to.
    target: usize,
    part: usize,
}

impl Reading {
    /// Reads an answer in one piece, or a stream that was held to its end. Work is linear in its length.
    ///
    /// # Errors
    /// A document that isn't JSON can't be read; and too large is what says more than 4 MiB, or has more than 128 choices and calls.
    pub(crate) fn of(dialect: Dialect, framing: Framing, body: &[u8]) -> Result<Self, Failure> {
        Self::after("", (dialect, framing), body)
    }

    /// The same of an answer that goes on with this text: it counts as its beginning, and isn't written.
    pub(crate) fn after(
        prefill: &str,
        (dialect, framing): (Dialect, Framing),
        body: &[u8],
    ) -> Result<Self, Failure> {
        let mut builder = Builder::with_places();
        prefill.clone_into(&mut builder.prefill);
        let (mut found, mut outline) = (Vec::new(), Outline::default());
        for event in events(dialect, framing, body) {
            builder.event = found.len();
            let data = Data::of(framing, body.get(event.clone()).ok_or(Failure::Unreadable)?);
            let is_json = read(dialect, &data.json, &mut outline, &mut builder);
            if builder.overflows {
                return Err(Failure::TooLarge);
            }
            if !is_json && framing == Framing::Document {
                return Err(Failure::Unreadable);
            }
            if builder.places.iter().flatten().last().is_some_and(|last| last.event == found.len()) {
                found.push(event);
            }
        }
        let places = builder.places.unwrap_or_default();
        let (prefill, content) = (prefill.to_owned(), builder.content);
        let lacks_choices = builder.lacks_choices && content.choices.is_empty();
        let has_marks = builder.has_marks;
        let is_in_blocks = matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
        Ok(Self { framing, prefill, content, lacks_choices, has_marks, is_in_blocks, places, events: found })
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// It has come to its end, and has no choices: nothing is said in it, not even why.
    pub(crate) fn lacks_choices(&self) -> bool {
        self.lacks_choices
    }

    /// The answer that was read with the texts and arguments of `new` in it, and every other byte as it was. A text goes to where
    /// its first words stood; where the others stood is none, and where a stream tells it once more it is told so.
    ///
    /// `None` if there is no place for one, or if it can't stand in that: arguments that are to be an object must be one, and a text that
    /// goes on with another must begin with that. Other choices and calls than those there are can't be written, nor a text of
    /// several blocks, or one that citations or probabilities tell of: those would be of another text.
    #[inline(never)] // See [profile.wasm].
    pub(crate) fn rewritten(&self, body: &[u8], new: &Content) -> Option<Vec<u8>> {
        let changes = self.changes(new)?;
        let mut out = Vec::with_capacity(body.len());
        let (mut at, mut place) = (0, 0);
        for (number, event) in self.events.iter().enumerate() {
            let mut edits: Vec<Edit> = Vec::new();
            while let Some(next) = self.places.get(place).filter(|next| next.event == number) {
                if let Some(change) = changes.iter().find(|change| change.of == next.of)
                    && let Some(value) = change.value(place, next)?
                {
                    edits.push((next.range.clone(), value));
                }
                place += 1;
            }
            if edits.is_empty() {
                continue;
            }
            out.extend_from_slice(body.get(at..event.start)?);
            out.extend_from_slice(&edited(self.framing, body.get(event.clone())?, &edits)?);
            at = event.end;
        }
        out.extend_from_slice(body.get(at..)?);
        Some(out)
    }

    fn changes<'n>(&self, new: &'n Content) -> Option<Vec<Change<'n>>> {
        let mut changes = Vec::new();
        let (was, new) = (&self.content.choices, &new.choices);
        if was.len() != new.len() {
            return None;
        }
        for (was, new) in was.iter().zip(new) {
            let choice = was.number;
            if choice != new.number || was.calls.len() != new.calls.len() {
                return None;
            }
            if was.text != new.text && self.has_marks {
                return None;
            }
            if was.text != new.text {
                let begins = if choice == 0 { &*self.prefill } else { "" };
                changes.push(self.change(Of::Text { choice }, new.text.strip_prefix(begins)?)?);
            }
            for (call, (was, new)) in was.calls.iter().zip(&new.calls).enumerate() {
                if was.arguments != new.arguments {
                    changes.push(self.change(Of::Arguments { choice, call }, &new.arguments)?);
                }
            }
        }
        Some(changes)
    }

    fn change<'n>(&self, of: Of, text: &'n str) -> Option<Change<'n>> {
        let first = |role: Role, may_be_empty: bool| {
            let fits =
                |place: &Place| place.of == of && place.role == role && (may_be_empty || !place.is_empty);
            self.places.iter().position(fits)
        };
        let target = first(Role::Piece, false)
            .or_else(|| first(Role::Piece, true))
            .or_else(|| first(Role::Default, true))?;
        let part = self.places.get(target)?.part;
        let is_emptied = |place: &Place| place.of == of && place.part != part && !place.is_empty;
        if self.is_in_blocks && matches!(of, Of::Text { .. }) && self.places.iter().any(is_emptied) {
            return None;
        }
        Some(Change { of, text, quoted: serde_json::to_vec(text).ok()?, target, part })
    }
}

impl Change<'_> {
    /// What is to stand at this place of its text: nothing else, if `Some(None)`.
    #[allow(clippy::option_option, reason = "outside: whether it can be written; inside: whether it differs")]
    fn value(&self, number: usize, place: &Place) -> Option<Option<Vec<u8>>> {
        let is_here = number == self.target || (place.role == Role::Copy && place.part == self.part);
        if is_here {
            return Some(Some(if place.is_object { object(self.text)? } else { self.quoted.clone() }));
        }
        let stays = place.is_empty || place.is_object || place.role == Role::Default;
        Some((!stays).then(|| b"\"\"".to_vec()))
    }
}

/// A JSON object in one line, as it must be within an event; `None` for any other text.
fn object(text: &str) -> Option<Vec<u8>> {
    let limits = Limits { bytes: MOST_TEXT, depth: MAX_DEPTH as usize, nodes: MOST_TEXT / 16 };
    Document::read(text, limits).ok()?;
    let text = text.trim_ascii();
    // Within strings there are none.
    let on_one_line = |byte: u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
    text.starts_with('{').then(|| text.bytes().map(on_one_line).collect())
}

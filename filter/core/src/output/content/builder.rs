//! Puts together what an answer says, piece by piece.

use std::ops::Range;

use super::json::{unescape, word};
use super::{Call, Choice, Content};
use crate::body::Value;
use crate::stream::Finish;

/// Bytes of all texts together, as they are written. More is lost.
pub(super) const MOST_TEXT: usize = 4 * 1024 * 1024;
/// Choices and calls together. More are lost.
const MOST: usize = 128;

/// Places of pieces, where they are asked for. An answer with more can't be written with other texts.
const MOST_PLACES: usize = 128 * 1024;

/// What a piece belongs to, by the choice's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Text { choice: u32 },
    Arguments { choice: u32, call: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// More of the text.
    Piece,
    /// All of its part once more.
    Copy,
    /// What counts if no piece follows.
    Default,
}

/// Where a piece lies.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) event: usize,
    /// In the event's data.
    pub(super) range: Range<usize>,
    pub(super) of: Of,
    pub(super) role: Role,
    /// Which part of the choice's text.
    pub(super) part: usize,
    pub(super) is_empty: bool,
    /// An object stands here, not a text that holds one.
    pub(super) is_object: bool,
}

/// A call that has begun.
#[derive(Debug)]
struct Begun {
    choice: u32,
    /// How the dialect names it within the choice.
    key: u32,
    /// Its number within the choice.
    number: usize,
    default: String,
}

/// Which of the calls that have begun.
pub(super) type CallId = usize;

#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) content: Content,
    calls: Vec<Begun>,
    /// Of Responses.
    pub(super) parts: super::responses::Parts,
    /// Where the pieces lie, for those who want to write others.
    pub(super) places: Option<Vec<Place>>,
    /// What the first choice's text begins with and the answer lacks; until that has begun.
    pub(super) prefill: String,
    /// The event that is being read.
    pub(super) event: usize,
    bytes: usize,
    /// The list of choices is there, or should be, and has none.
    pub(super) lacks_choices: bool,
    /// Something tells of places in a text, or of its tokens.
    pub(super) has_marks: bool,
    /// Something was lost.
    pub(super) overflows: bool,
}

impl Builder {
    pub(super) fn with_places() -> Self {
        Self { places: Some(Vec::new()), ..Self::default() }
    }

    /// The choice of this number, which begins if it hasn't.
    pub(super) fn choice(&mut self, number: u32) -> Option<&mut Choice> {
        let at = self.content.choices.partition_point(|choice| choice.number < number);
        if self.content.choices.get(at).is_none_or(|choice| choice.number != number) {
            if self.content.choices.len() + self.calls.len() >= MOST {
                self.overflows = true;
                return None;
            }
            self.content.choices.insert(at, Choice { number, ..Choice::default() });
        }
        self.content.choices.get_mut(at)
    }

    /// More of a choice's text.
    pub(super) fn text(&mut self, choice: u32, part: usize, value: Value<'_>) {
        let Some(written) = value.text() else { return };
        let begins = choice == 0 && !written.is_empty();
        let prefill = if begins { std::mem::take(&mut self.prefill) } else { String::new() };
        let is_added = self.add(choice, written, |choice| {
            choice.text.push_str(&prefill);
            Some(&mut choice.text)
        });
        if is_added {
            self.place(Of::Text { choice }, Role::Piece, part, value);
        }
    }

    /// What tells of places in a text, such as a citation, or of its tokens, if there is any.
    pub(super) fn marks(&mut self, marks: Option<Value<'_>>) {
        self.has_marks |= marks.is_some_and(|marks| !matches!(marks.written(), b"null" | b"[]" | b"{}"));
    }

    /// All of a part of a choice's text once more.
    pub(super) fn repeats_text(&mut self, choice: u32, part: usize, value: Value<'_>) {
        self.place(Of::Text { choice }, Role::Copy, part, value);
    }

    pub(super) fn refusal(&mut self, choice: u32, value: Value<'_>) {
        self.add(choice, value.text().unwrap_or_default(), |choice| Some(&mut choice.refusal));
    }

    /// A choice hands over something else than texts and calls.
    pub(super) fn has_more(&mut self, choice: u32) {
        self.choice(choice).into_iter().for_each(|choice| choice.has_more = true);
    }

    /// Whether a choice has said anything yet.
    pub(super) fn is_silent(&self, number: u32) -> bool {
        let is_silent =
            |choice: &Choice| choice.text.is_empty() && choice.refusal.is_empty() && choice.calls.is_empty();
        self.content.choices.iter().filter(|choice| choice.number == number).all(is_silent)
    }

    pub(super) fn finish(&mut self, number: u32, reason: &[u8]) {
        let Some(finish) = Finish::of(reason) else { return };
        let Some(choice) = self.choice(number) else { return };
        choice.finish = Some(finish);
        let has_begun = |begun: &&mut Begun| begun.choice == number;
        for begun in self.calls.iter_mut().filter(has_begun) {
            let Some(choice) = self.content.choices.iter_mut().find(|choice| choice.number == number) else {
                return;
            };
            if let Some(call) = choice.calls.get_mut(begun.number).filter(|call| call.arguments.is_empty()) {
                call.arguments = std::mem::take(&mut begun.default);
            }
        }
    }

    /// How many calls of a choice have begun.
    pub(super) fn calls_of(&self, choice: u32) -> usize {
        self.calls.iter().filter(|begun| begun.choice == choice).count()
    }

    /// The call that the dialect names like this.
    pub(super) fn known(&self, choice: u32, key: u32) -> Option<CallId> {
        self.calls.iter().rposition(|begun| begun.choice == choice && begun.key == key)
    }

    /// The last call of a choice.
    pub(super) fn last_call(&self, choice: u32) -> Option<CallId> {
        self.calls.iter().rposition(|begun| begun.choice == choice)
    }

    /// The call of this number in a choice.
    pub(super) fn call_number(&self, choice: u32, number: usize) -> Option<CallId> {
        self.calls.iter().position(|begun| begun.choice == choice && begun.number == number)
    }

    /// A call begins, if it hasn't: that of this tool. Who names it once more says nothing new.
    pub(super) fn call(
        &mut self,
        choice: u32,
        key: u32,
        name: Option<Value<'_>>,
        is_text: bool,
    ) -> Option<CallId> {
        let Some(id) = self.known(choice, key) else { return self.new_call(choice, key, name, is_text) };
        if self.call_of(id).is_some_and(|call| call.name.is_empty()) {
            self.add_to_call(id, word(name), |call| &mut call.name);
        }
        Some(id)
    }

    /// A call begins, whatever was named like this before.
    pub(super) fn new_call(
        &mut self,
        choice: u32,
        key: u32,
        name: Option<Value<'_>>,
        is_text: bool,
    ) -> Option<CallId> {
        if self.content.choices.len() + self.calls.len() >= MOST {
            self.overflows = true;
            return None;
        }
        let calls = &mut self.choice(choice)?.calls;
        let number = calls.len();
        calls.push(Call { is_text, ..Call::default() });
        let id = self.calls.len();
        self.calls.push(Begun { choice, key, number, default: String::new() });
        self.add_to_call(id, word(name), |call| &mut call.name);
        Some(id)
    }

    pub(super) fn has_arguments(&self, id: CallId) -> bool {
        let Some(begun) = self.calls.get(id) else { return false };
        let choice = self.content.choices.iter().find(|choice| choice.number == begun.choice);
        choice
            .and_then(|choice| choice.calls.get(begun.number))
            .is_some_and(|call| !call.arguments.is_empty())
    }

    /// More of a call's arguments, or the object that they are.
    pub(super) fn arguments(&mut self, id: CallId, value: Value<'_>) {
        let is_added = match value.text() {
            Some(written) => self.add_to_call(id, written, |call| &mut call.arguments),
            None if value.is_object() => self.add_object(id, value.written()),
            None => false,
        };
        if is_added {
            self.place_call(id, Role::Piece, value);
        }
    }

    /// All of a call's arguments once more.
    pub(super) fn repeats_arguments(&mut self, id: CallId, value: Value<'_>) {
        self.place_call(id, Role::Copy, value);
    }

    /// What a call's arguments are if none follow.
    pub(super) fn default_arguments(&mut self, id: CallId, value: Option<Value<'_>>) {
        let value = value.filter(|value| value.is_object());
        let written = value.map_or(&b"{}"[..], Value::written);
        if !self.takes(written.len()) {
            return;
        }
        if let Some(begun) = self.calls.get_mut(id) {
            begun.default = String::from_utf8_lossy(written).into_owned();
        }
        if let Some(value) = value {
            self.place_call(id, Role::Default, value);
        }
    }

    fn call_of(&mut self, id: CallId) -> Option<&mut Call> {
        let begun = self.calls.get(id)?;
        let choice = self.content.choices.iter_mut().find(|choice| choice.number == begun.choice)?;
        choice.calls.get_mut(begun.number)
    }

    fn add_to_call(&mut self, id: CallId, written: &[u8], field: impl Fn(&mut Call) -> &mut String) -> bool {
        let Some(begun) = self.calls.get(id) else { return false };
        let (choice, number) = (begun.choice, begun.number);
        self.add(choice, written, |choice| choice.calls.get_mut(number).map(field))
    }

    fn add_object(&mut self, id: CallId, written: &[u8]) -> bool {
        let takes = self.takes(written.len());
        let call = self.call_of(id).filter(|_| takes);
        call.map(|call| call.arguments.push_str(&String::from_utf8_lossy(written))).is_some()
    }

    /// Adds to a text of a choice's. One that says more goes on, whatever it has said about its end.
    fn add(
        &mut self,
        choice: u32,
        written: &[u8],
        field: impl FnOnce(&mut Choice) -> Option<&mut String>,
    ) -> bool {
        if !self.takes(written.len()) {
            return false;
        }
        let Some(choice) = self.choice(choice) else { return false };
        if !written.is_empty() {
            choice.finish = None;
        }
        field(choice).map(|text| unescape(written, text)).is_some()
    }

    /// Bytes of what has been taken in.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.min(MOST_TEXT)
    }

    /// Whether there is room for so many bytes more.
    fn takes(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.overflows |= self.bytes > MOST_TEXT;
        !self.overflows
    }

    fn place_call(&mut self, id: CallId, role: Role, value: Value<'_>) {
        let Some(begun) = self.calls.get(id) else { return };
        let of = Of::Arguments { choice: begun.choice, call: begun.number };
        self.place(of, role, 0, value);
    }

    fn place(&mut self, of: Of, role: Role, part: usize, value: Value<'_>) {
        let Some(places) = &mut self.places else { return };
        if places.len() >= MOST_PLACES {
            self.overflows = true;
            return;
        }
        let (range, event) = (value.place(), self.event);
        let place = Place {
            event,
            of,
            role,
            part,
            is_empty: value.text().is_some_and(<[u8]>::is_empty),
            is_object: value.is_object(),
            range,
        };
        // They are met nearly in order: what lies before those that were met is never more than one value.
        let is_before = |other: &Place| (other.event, other.range.start) <= (event, place.range.start);
        let at = places.iter().rposition(is_before).map_or(0, |before| before + 1);
        places.insert(at, place);
    }
}

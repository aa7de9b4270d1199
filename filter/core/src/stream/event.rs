//! One event while its bytes come in.

use super::ErrorEvent;
use super::json::Walker;
use super::seen::Seen;

/// Bytes of an event's data that are kept, in case it is an error: as much as is ever read of one.
const MOST_KEPT: usize = 8 * 1024;

/// What stands in place of JSON at the end of a stream of chat completions.
const DONE: &[u8] = b"[DONE]";

/// What an event turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No event at all: a comment, or a block of lines without data.
    Nothing,
    /// One that is readable; [`Event::seen`] tells more.
    Read,
    /// One that tells what was used, and nothing of the answer.
    Usage,
    /// Not of the dialect.
    Malformed,
}

#[derive(Debug)]
pub(super) struct Event {
    walker: Walker,
    pub(super) seen: Seen,
    /// The start of its data.
    kept: Vec<u8>,
    /// The value of its `event` line, as far as that can matter.
    name: Vec<u8>,
    /// The name is that of an exception.
    is_exception: bool,
    has_data: bool,
}

impl Event {
    pub(super) fn new() -> Self {
        Self {
            walker: Walker::new(),
            seen: Seen::default(),
            kept: Vec::new(),
            name: Vec::new(),
            is_exception: false,
            has_data: false,
        }
    }

    /// Data begins, or another line of it.
    pub(super) fn begin_data(&mut self) {
        if self.has_data {
            self.data(b"\n");
        }
        self.has_data = true;
    }

    /// The data are all of one text.
    pub(super) fn begin_document(&mut self) {
        self.has_data = true;
    }

    /// More of its data.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        self.keep(bytes);
        let _ = self.walker.push(bytes, usize::MAX, &mut self.seen);
    }

    /// More of a text that holds many events, each an element of an array: to the end of the next one. How much that is, and
    /// whether the end is there.
    pub(super) fn elements(&mut self, bytes: &[u8]) -> (usize, bool) {
        self.has_data = true;
        let (used, is_end) = self.walker.push(bytes, 1, &mut self.seen);
        self.keep(bytes.get(..used).unwrap_or_default());
        (used, is_end)
    }

    pub(super) fn begin_name(&mut self) {
        self.name.clear();
    }

    pub(super) fn name(&mut self, bytes: &[u8]) {
        let room = 32usize.saturating_sub(self.name.len()).min(bytes.len());
        self.name.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// An exception that is named outside of its data.
    pub(super) fn exception(&mut self, name: &[u8]) {
        let name =
            name.iter().filter(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').take(64).copied();
        self.name = name.collect();
        self.is_exception = true;
        self.seen.has_error = true;
    }

    /// Whether its JSON is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.walker.is_done() || self.kept.starts_with(DONE)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.walker.is_broken()
    }

    /// It is here in full.
    pub(super) fn end(&mut self) -> Kind {
        self.seen.ends();
        // Events whose data is empty aren't dispatched.
        if self.kept.is_empty() && !self.is_exception {
            return Kind::Nothing;
        }
        self.seen.is_terminal |= self.kept.starts_with(DONE);
        self.seen.has_error |= self.name == b"error";
        if self.is_whole() || self.seen.has_error { Kind::Read } else { Kind::Malformed }
    }

    /// The element that was read of an array is here in full.
    pub(super) fn end_element(&mut self) -> Kind {
        self.seen.ends();
        Kind::Read
    }

    /// It, as an error.
    pub(super) fn error(&self) -> ErrorEvent {
        ErrorEvent { name: self.name.clone(), data: self.kept.clone() }
    }

    /// Ready for the next one.
    pub(super) fn reset(&mut self) {
        self.walker.reset();
        self.next_element();
        self.is_exception = false;
        self.has_data = false;
        self.name.clear();
    }

    /// Ready for the next element of an array.
    pub(super) fn next_element(&mut self) {
        self.seen.reset();
        self.kept.clear();
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST_KEPT.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }
}

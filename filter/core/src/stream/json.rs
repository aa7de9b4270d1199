//! Walks through JSON as it comes, wherever it is split, and tells [`Seen`] about the few members that matter.
//!
//! Unlike the scanner for requests it is strict: an event that isn't JSON must not pass for one, since the SDKs fail on it.
//! It isn't picky about two things that no reader of events breaks at: numbers with odd zeros, and control characters in
//! strings. Memory is constant, time linear, nesting bounded by [`MAX_DEPTH`].

use super::paths::Node;
use super::seen::Seen;
use crate::body::MAX_DEPTH;
use crate::search::find_either;

/// Longest key or value that can matter.
const TEXT: usize = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the outermost value.
    Start,
    /// Before a value; right behind `[` there may be none.
    Value {
        may_close: bool,
    },
    /// Before a key; right behind `{` there may be none.
    Key {
        may_close: bool,
    },
    InKey,
    Colon,
    InString,
    /// In a number or a literal.
    InWord,
    /// Behind a value.
    After,
    /// Behind the outermost value.
    Done,
    Broken,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    node: Node,
    is_array: bool,
}

#[derive(Debug)]
pub(super) struct Walker {
    state: State,
    open: [Open; MAX_DEPTH as usize],
    depth: usize,
    /// What the value that comes next, or is being read, is to us.
    node: Node,
    /// The start of the key or value that is being read, as it is written, and how long that is in all.
    text: [u8; TEXT],
    length: usize,
    /// Right behind a backslash.
    escaped: bool,
}

impl Walker {
    pub(super) fn new() -> Self {
        let none = Open { node: Node::Skip, is_array: false };
        Self {
            state: State::Start,
            open: [none; MAX_DEPTH as usize],
            depth: 0,
            node: Node::Root,
            text: [0; TEXT],
            length: 0,
            escaped: false,
        }
    }

    /// Ready for another text.
    pub(super) fn reset(&mut self) {
        self.state = State::Start;
        self.depth = 0;
        self.node = Node::Root;
        self.escaped = false;
    }

    /// Whether a whole value, and nothing but one, was seen.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Reads on, up to the bracket after which `stop_at` others are open. How much was read, and whether that is why it was
    /// no more.
    pub(super) fn push(&mut self, bytes: &[u8], stop_at: usize, seen: &mut Seen) -> (usize, bool) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            match self.state {
                State::InKey | State::InString => {
                    rest = self.string(rest, seen);
                    continue;
                }
                State::InWord => {
                    let is_word =
                        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                    let end = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
                    self.keep(rest.get(..end).unwrap_or_default(), seen);
                    rest = rest.get(end..).unwrap_or_default();
                    if !rest.is_empty() {
                        self.word_ends(seen);
                    }
                    continue;
                }
                State::Broken => break,
                _ => {}
            }
            rest = after;
            if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                continue;
            }
            if self.token(byte, seen) && self.depth == stop_at {
                return (bytes.len() - rest.len(), true);
            }
        }
        (bytes.len(), false)
    }

    /// One byte between strings and words; whether it closed something.
    fn token(&mut self, byte: u8, seen: &mut Seen) -> bool {
        match (self.state, byte) {
            (State::Start | State::Value { .. }, b'{') => self.opens(false, seen),
            (State::Start | State::Value { .. }, b'[') => self.opens(true, seen),
            (State::Value { .. }, b'"') => self.begin(State::InString),
            (State::Value { .. }, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                self.begin(State::InWord);
                self.keep(&[byte], seen);
            }
            (State::Value { may_close: true }, b']') | (State::Key { may_close: true }, b'}') => {
                self.closes(seen);
                return true;
            }
            (State::Key { .. }, b'"') => self.begin(State::InKey),
            (State::Colon, b':') => self.state = State::Value { may_close: false },
            (State::After, _) => return self.after(byte, seen),
            _ => self.state = State::Broken,
        }
        false
    }

    /// Behind a value; whether the byte closed something.
    fn after(&mut self, byte: u8, seen: &mut Seen) -> bool {
        let top = self.top();
        match byte {
            b',' if top.is_array => {
                self.node = top.node.element();
                self.state = State::Value { may_close: false };
            }
            b',' => self.state = State::Key { may_close: false },
            b']' if top.is_array => {
                self.closes(seen);
                return true;
            }
            b'}' if !top.is_array => {
                self.closes(seen);
                return true;
            }
            _ => self.state = State::Broken,
        }
        false
    }

    fn top(&self) -> Open {
        let none = Open { node: Node::Skip, is_array: false };
        self.depth.checked_sub(1).and_then(|last| self.open.get(last)).copied().unwrap_or(none)
    }

    fn opens(&mut self, is_array: bool, seen: &mut Seen) {
        let Some(slot) = self.open.get_mut(self.depth) else {
            self.state = State::Broken;
            return;
        };
        *slot = Open { node: self.node, is_array };
        self.depth += 1;
        if self.node != Node::Skip {
            seen.opens(self.node, is_array);
        }
        if is_array {
            self.node = self.node.element();
        }
        self.state = if is_array { State::Value { may_close: true } } else { State::Key { may_close: true } };
    }

    fn closes(&mut self, seen: &mut Seen) {
        let top = self.top();
        if top.node != Node::Skip {
            seen.closes(top.node);
        }
        self.depth = self.depth.saturating_sub(1);
        self.state = if self.depth == 0 { State::Done } else { State::After };
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.length = 0;
        self.escaped = false;
    }

    /// Keeps what of a key or value can matter.
    fn keep(&mut self, bytes: &[u8], seen: &mut Seen) {
        if self.state == State::InString && self.node.is_content() {
            seen.said(bytes);
        }
        if self.length < TEXT && (self.node != Node::Skip || self.state != State::InString) {
            let room = self.text.get_mut(self.length..).unwrap_or_default();
            room.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Reads on in a key or a string value; what is behind it. Escapes are stepped over here, since a text that is itself JSON has
    /// one every few bytes.
    fn string<'a>(&mut self, bytes: &'a [u8], seen: &mut Seen) -> &'a [u8] {
        let mut end = 0;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            if self.escaped {
                let Some(byte) = rest.first() else { break };
                self.escaped = false;
                if !matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') {
                    self.state = State::Broken;
                    return &[];
                }
                end += 1;
                continue;
            }
            let Some(found) = find_either::<b'"', b'\\'>(rest) else { break };
            end += found;
            if rest.get(found) == Some(&b'"') {
                self.keep(bytes.get(..end).unwrap_or_default(), seen);
                self.string_ends(seen);
                return bytes.get(end + 1..).unwrap_or_default();
            }
            self.escaped = true;
            end += 1;
        }
        self.keep(bytes, seen);
        &[]
    }

    fn string_ends(&mut self, seen: &mut Seen) {
        let text = self.text.get(..self.length).unwrap_or_default();
        if self.state == State::InKey {
            // A key that is too long for the buffer is none of those that matter, and neither is an empty text.
            self.node = self.top().node.member(text);
            self.state = State::Colon;
            return;
        }
        if self.node != Node::Skip {
            seen.text(self.node, text, self.length == 0);
        }
        self.state = State::After;
    }

    fn word_ends(&mut self, seen: &mut Seen) {
        let text = self.text.get(..self.length.min(TEXT)).unwrap_or_default();
        self.state = State::After;
        match text {
            b"true" => seen.flag(self.node),
            b"false" | b"null" => {}
            number if is_number(number) => seen.number(self.node, number),
            _ => self.state = State::Broken,
        }
    }
}

fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}

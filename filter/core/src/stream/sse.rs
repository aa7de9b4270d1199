//! Cuts server-sent events, as WHATWG HTML 9.2.6 reads them: lines end in LF, CR or CRLF; an empty line ends an event; one
//! byte order mark may stand in front; comments and unknown fields are nothing; several `data` lines are one text.

use super::event::Event;
use crate::search::find_either;

/// What the line being read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Its name is still being read: so many bytes of it so far.
    Name(usize),
    /// Right behind the colon of `data` or `event`: one space is no part of the value.
    Value(Field),
    In(Field),
    /// A comment, or a field that says nothing here.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Data,
    Event,
}

#[derive(Debug)]
pub(super) struct Sse {
    line: Line,
    name: [u8; 6],
    /// The last byte was a CR: a LF right behind it belongs to it.
    after_cr: bool,
    /// And the one before ended an event.
    after_event: bool,
    /// Bytes of a byte order mark seen, while there may be one.
    mark: Option<usize>,
}

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

impl Sse {
    pub(super) fn new() -> Self {
        Self { line: Line::Name(0), name: [0; 6], after_cr: false, after_event: false, mark: Some(0) }
    }

    /// Reads to the end of an event: how much that is, and whether the end is there.
    pub(super) fn read(&mut self, bytes: &[u8], event: &mut Event) -> (usize, bool) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Some(seen) = self.mark {
                let is_mark = BYTE_ORDER_MARK.get(seen) == Some(&byte);
                self.mark = (is_mark && seen < 2).then_some(seen + 1);
                if is_mark {
                    at += 1;
                    continue;
                }
            }
            if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                at += 1;
                // It belongs to an event whose end was seen without it.
                if std::mem::take(&mut self.after_event) {
                    return (at, true);
                }
                continue;
            }
            self.after_event = false;
            let rest = bytes.get(at..).unwrap_or_default();
            let end = match self.line {
                Line::Name(_) => rest.iter().position(|byte| matches!(byte, b':' | b'\n' | b'\r')),
                _ => find_either::<b'\n', b'\r'>(rest),
            };
            let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.text(text, event);
            let Some(end) = end else { return (bytes.len(), false) };
            at += end + 1;
            match rest.get(end) {
                Some(b':') => self.named(event),
                ending => {
                    self.after_cr = ending == Some(&b'\r');
                    if self.line_ends(event) {
                        self.after_event = self.after_cr;
                        // That of a CRLF goes with it where it is there already.
                        if self.after_cr && bytes.get(at) == Some(&b'\n') {
                            (self.after_cr, self.after_event) = (false, false);
                            at += 1;
                        }
                        return (at, true);
                    }
                }
            }
        }
        (bytes.len(), false)
    }

    /// The stream has ended. What stands in an unfinished line counts as if it were finished.
    pub(super) fn finish(&mut self, event: &mut Event) {
        self.line_ends(event);
    }

    fn text(&mut self, text: &[u8], event: &mut Event) {
        let mut text = text;
        if let Line::Value(field) = self.line
            && let Some((&first, after)) = text.split_first()
        {
            self.line = Line::In(field);
            text = if first == b' ' { after } else { text };
        }
        match self.line {
            Line::Name(length) => {
                let room = self.name.get_mut(length..).unwrap_or_default();
                room.iter_mut().zip(text).for_each(|(slot, byte)| *slot = *byte);
                self.line = Line::Name(length.saturating_add(text.len()));
            }
            Line::In(Field::Data) => event.data(text),
            Line::In(Field::Event) => event.name(text),
            Line::Value(_) | Line::Other => {}
        }
    }

    /// A colon: what was before it is the field's name.
    fn named(&mut self, event: &mut Event) {
        self.line = match self.field() {
            Some(field) => {
                begin(field, event);
                Line::Value(field)
            }
            None => Line::Other,
        };
    }

    fn field(&self) -> Option<Field> {
        let Line::Name(length) = self.line else { return None };
        match self.name.get(..length)? {
            b"data" => Some(Field::Data),
            b"event" => Some(Field::Event),
            _ => None,
        }
    }

    /// Whether the line was empty, and so the event's end.
    fn line_ends(&mut self, event: &mut Event) -> bool {
        let is_empty = self.line == Line::Name(0);
        // A line that is a name alone is a field with an empty value.
        if let Some(field) = self.field() {
            begin(field, event);
        }
        self.line = Line::Name(0);
        is_empty
    }
}

fn begin(field: Field, event: &mut Event) {
    match field {
        Field::Data => event.begin_data(),
        Field::Event => event.begin_name(),
    }
}

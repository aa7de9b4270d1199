//! What the bytes of one event carry, and how they are written with other data.
//!
//! | framing | its data |
//! |---|---|
//! | server-sent events | its `data` lines, joined |
//! | event stream | the payload of its frame; of InvokeModel's chunks what they hold in base 64 |
//! | array | the element, without what separates it from the one before |
//! | document | all of it |

use std::borrow::Cow;
use std::ops::Range;

use super::event::Kind;
use super::frames::{decoded, layout};
use super::watch::{Step, Watch};
use super::{Dialect, Framing, write};
use crate::body::places;
use crate::search::find_either;

/// Where the readable events lie in a whole answer. A document is one event.
pub(crate) fn events(dialect: Dialect, framing: Framing, body: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut watch = Watch::new(dialect, framing);
    // Where the next event begins, and the place behind all that was read.
    let (mut start, mut at, mut is_over) = (0, 0, false);
    std::iter::from_fn(move || {
        while !is_over {
            let rest = body.get(at..).filter(|rest| !rest.is_empty());
            let (used, step) = match rest {
                Some(_) if framing == Framing::Document => (body.len(), Step::More),
                Some(rest) => watch.next(rest),
                None if framing == Framing::Document => (0, Step::Event(Kind::Read)),
                None => (0, watch.finish().map_or(Step::Broken, Step::Event)),
            };
            at += used;
            is_over = rest.is_none() || step == Step::Broken || used == 0;
            if let Step::Event(kind) = step {
                let event = std::mem::replace(&mut start, at)..at;
                if kind == Kind::Read {
                    return Some(event);
                }
            }
        }
        None
    })
}

/// The data of one event.
pub(crate) struct Data<'e> {
    pub(crate) json: Cow<'e, [u8]>,
    /// Where its first part lies in the event.
    start: usize,
    /// Where the others begin, and where they lie in the event.
    others: Vec<(usize, usize)>,
}

impl<'e> Data<'e> {
    /// Of a whole event.
    pub(crate) fn of(framing: Framing, event: &'e [u8]) -> Self {
        let from = |start: usize| Self {
            json: Cow::Borrowed(event.get(start..).unwrap_or_default()),
            start,
            others: Vec::new(),
        };
        match framing {
            Framing::Document => from(0),
            Framing::Array => from(event.iter().position(|byte| *byte == b'{').unwrap_or(event.len())),
            Framing::Sse => Self::of_lines(event),
            Framing::EventStream => {
                let Some((_, place, is_chunk)) = layout(event) else { return from(event.len()) };
                let payload = event.get(place.clone()).unwrap_or_default();
                let json = if is_chunk { Cow::Owned(decoded(payload)) } else { Cow::Borrowed(payload) };
                Self { json, start: place.start, others: Vec::new() }
            }
        }
    }

    fn of_lines(event: &'e [u8]) -> Self {
        let mut data: Option<Self> = None;
        let mut at = if event.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        while let Some(rest) = event.get(at..).filter(|rest| !rest.is_empty()) {
            let line =
                rest.get(..find_either::<b'\n', b'\r'>(rest).unwrap_or(rest.len())).unwrap_or_default();
            at += line.len() + 1;
            let Some(value) = value_of_data(line) else { continue };
            let start = at - 1 - value.len();
            match &mut data {
                Some(data) => {
                    let json = data.json.to_mut();
                    json.push(b'\n');
                    data.others.push((json.len(), start));
                    json.extend_from_slice(value);
                }
                None => data = Some(Self { json: Cow::Borrowed(value), start, others: Vec::new() }),
            }
        }
        data.unwrap_or(Self { json: Cow::Borrowed(&[]), start: event.len(), others: Vec::new() })
    }

    /// Where in the event a range of the data lies, with what stands between its parts.
    fn place(&self, range: &Range<usize>) -> Range<usize> {
        let at = |place: usize| {
            let behind = self.others.partition_point(|(start, _)| *start <= place);
            let part = behind.checked_sub(1).and_then(|part| self.others.get(part)).copied();
            let (start, lies) = part.unwrap_or((0, self.start));
            lies + place.saturating_sub(start)
        };
        let end = if range.is_empty() { at(range.end) } else { at(range.end - 1) + 1 };
        at(range.start)..end
    }
}

/// What a line says, if it is one of data.
fn value_of_data(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    match rest.strip_prefix(b":") {
        Some(value) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        None => rest.is_empty().then_some(rest),
    }
}

/// A value in an event's data, and what is to stand in its place: JSON in one line.
pub(crate) type Edit = (Range<usize>, Vec<u8>);

/// The same event with other values in its data, in the order of their places. `None` for one that can't be written.
pub(crate) fn edited(framing: Framing, event: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let data = Data::of(framing, event);
    if framing != Framing::EventStream {
        return Some(spliced(event, edits, |range| data.place(range)));
    }
    let (headers, place, is_chunk) = layout(event)?;
    let json = spliced(&data.json, edits, Range::clone);
    if !is_chunk {
        return Some(write::frame(headers, &json));
    }
    let payload = event.get(place)?;
    let [bytes] = places(payload, 0, [b"bytes"]);
    let encoded = [b"\"", &base64(&json)[..], b"\""].concat();
    Some(write::frame(headers, &spliced(payload, &[(bytes?, encoded)], Range::clone)))
}

fn spliced(text: &[u8], edits: &[Edit], place: impl Fn(&Range<usize>) -> Range<usize>) -> Vec<u8> {
    let more: usize = edits.iter().map(|(_, value)| value.len()).sum();
    let mut out = Vec::with_capacity(text.len() + more);
    let mut at = 0;
    for (range, value) in edits {
        let place = place(range);
        out.extend_from_slice(text.get(at..place.start).unwrap_or_default());
        out.extend_from_slice(value);
        at = place.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut three = [0; 4];
        three.iter_mut().skip(1).zip(group).for_each(|(slot, byte)| *slot = *byte);
        let bits = u32::from_be_bytes(three);
        for place in 0..4 {
            let digit = ALPHABET.get((bits >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= group.len() { digit } else { b'=' });
        }
    }
    text
}

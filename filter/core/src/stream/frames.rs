//! Cuts the frames of `application/vnd.amazon.eventstream`.
//!
//! A frame is its length and that of its headers (4 bytes each, big endian), a checksum of those 8 bytes, the headers, the
//! payload, and a checksum of it all. Checksums are left to the caller's SDK: a byte that changed on the way can't get
//! past it, and here it would cost more than everything else. Source: Smithy, "Amazon Event Stream Specification".

use std::ops::Range;

use super::event::Event;

/// Bytes of the prelude, and of the checksum at the end.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
/// Longest headers that are read; those of Bedrock take about 100 bytes. The format allows 128 KiB.
const MOST_HEADERS: usize = 8 * 1024;
/// Longest frame that the format allows: 16 MiB of payload and the rest.
const MOST: usize = 16 * 1024 * 1024 + 128 * 1024 + PRELUDE + CHECKSUM;

#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Prelude and headers of the frame that is being read.
    head: Vec<u8>,
    /// What of the frame is still to come behind its headers.
    payload: usize,
    checksum: usize,
    base64: Base64,
}

/// There is no way to find the next frame.
pub(super) struct Broken;

impl Frames {
    /// Reads to the end of a frame: how much that is, and whether the end is there.
    pub(super) fn read(&mut self, bytes: &[u8], event: &mut Event) -> Result<(usize, bool), Broken> {
        let mut at = 0;
        if self.checksum == 0 {
            while self.head.len() < self.head_length()? {
                let missing = self.head_length()? - self.head.len();
                let rest = bytes.get(at..).unwrap_or_default();
                let part = rest.get(..missing).unwrap_or(rest);
                if part.is_empty() {
                    return Ok((at, false));
                }
                self.head.extend_from_slice(part);
                at += part.len();
            }
            let (total, headers) = self.lengths();
            self.payload = total - PRELUDE - headers - CHECKSUM;
            self.checksum = CHECKSUM;
            self.headers(event)?;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let payload = rest.get(..self.payload).unwrap_or(rest);
        if self.base64.is_on {
            self.base64.read(payload, |bytes| event.data(bytes));
        } else if !payload.is_empty() {
            event.data(payload);
        }
        self.payload -= payload.len();
        at += payload.len();
        if self.payload > 0 {
            return Ok((at, false));
        }
        let skipped = bytes.len().saturating_sub(at).min(self.checksum);
        self.checksum -= skipped;
        let is_end = self.checksum == 0;
        if is_end {
            self.head.clear();
        }
        Ok((at + skipped, is_end))
    }

    fn lengths(&self) -> (usize, usize) {
        lengths(&self.head)
    }

    /// How long prelude and headers are, as far as that is known.
    fn head_length(&self) -> Result<usize, Broken> {
        if self.head.len() < PRELUDE {
            return Ok(PRELUDE);
        }
        let (total, headers) = self.lengths();
        let fits = headers <= MOST_HEADERS && total <= MOST && total >= PRELUDE + headers + CHECKSUM;
        if fits { Ok(PRELUDE + headers) } else { Err(Broken) }
    }

    fn headers(&mut self, event: &mut Event) -> Result<(), Broken> {
        let mut rest = self.head.get(PRELUDE..).unwrap_or_default();
        let mut is_chunk = false;
        event.begin_data();
        while let Some((name, value, after)) = header(rest)? {
            match (name, value) {
                (b":message-type", b"exception" | b"error") => event.seen.has_error = true,
                (b":event-type", b"metadata") => event.seen.is_terminal = true,
                (b":event-type", b"chunk") => is_chunk = true,
                (b":exception-type" | b":error-code", name) => event.exception(name),
                _ => {}
            }
            rest = after;
        }
        self.base64 = Base64 { is_on: is_chunk, ..Base64::default() };
        Ok(())
    }
}

/// Of a frame and of its headers, by its prelude.
fn lengths(head: &[u8]) -> (usize, usize) {
    let word = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        u32::from_be_bytes(bytes.unwrap_or_default()) as usize
    };
    (word(0), word(4))
}

/// The headers of a whole frame, where its payload lies, and whether that is a chunk of InvokeModel's.
pub(super) fn layout(frame: &[u8]) -> Option<(&[u8], Range<usize>, bool)> {
    let (total, length) = lengths(frame);
    let payload = PRELUDE.checked_add(length)?..total.min(frame.len()).checked_sub(CHECKSUM)?;
    let headers = frame.get(PRELUDE..payload.start)?;
    frame.get(payload.clone())?;
    let (mut rest, mut is_chunk) = (headers, false);
    while let Some((name, value, after)) = header(rest).ok()? {
        is_chunk |= (name, value) == (b":event-type", b"chunk");
        rest = after;
    }
    Some((headers, payload, is_chunk))
}

/// The event in a chunk of InvokeModel's.
pub(super) fn decoded(payload: &[u8]) -> Vec<u8> {
    let mut event = Vec::with_capacity(payload.len() / 4 * 3);
    Base64::default().read(payload, |bytes| event.extend_from_slice(bytes));
    event
}

type Header<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// The first header's name and value, the latter empty unless it is a text, and what follows.
fn header(bytes: &[u8]) -> Result<Option<Header<'_>>, Broken> {
    let Some((&length, rest)) = bytes.split_first() else { return Ok(None) };
    let (name, rest) = rest.split_at_checked(length.into()).ok_or(Broken)?;
    let (&kind, rest) = rest.split_first().ok_or(Broken)?;
    let fixed = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        9 => 16,
        6 | 7 => {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or(Broken)?;
            let (value, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(Broken)?;
            return Ok(Some((name, if kind == 7 { value } else { &[] }, rest)));
        }
        _ => return Err(Broken),
    };
    let (_, rest) = rest.split_at_checked(fixed).ok_or(Broken)?;
    Ok(Some((name, &[], rest)))
}

/// InvokeModel's chunks: `{"bytes":"<the event in base 64>", …}`, the event being one of the model's own dialect.
#[derive(Debug, Default)]
struct Base64 {
    is_on: bool,
    /// Quotes seen: what is encoded stands between the third and the fourth.
    quotes: u8,
    bits: u32,
    count: u8,
}

impl Base64 {
    fn read(&mut self, payload: &[u8], mut take: impl FnMut(&[u8])) {
        let (mut text, mut length) = ([0; 96], 0);
        for &byte in payload {
            if byte == b'"' {
                self.quotes = self.quotes.saturating_add(1);
                continue;
            }
            if self.quotes != 3 {
                continue;
            }
            let six = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => continue,
            };
            self.bits = self.bits << 6 | u32::from(six);
            self.count += 1;
            // Two characters hold the first byte, three the second, four the third.
            if self.count > 1 {
                let shift = 8 - 2 * self.count;
                if let Some(slot) = text.get_mut(length) {
                    *slot = (self.bits >> shift) as u8;
                    length += 1;
                }
            }
            self.count %= 4;
            if length > text.len() - 3 {
                take(text.get(..length).unwrap_or_default());
                length = 0;
            }
        }
        if length > 0 {
            take(text.get(..length).unwrap_or_default());
        }
    }
}

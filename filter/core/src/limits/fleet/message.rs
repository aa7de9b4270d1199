//! What is said to a rate limit service and what it answers: the few fields of `envoy.service.ratelimit.v3` that matter here, in
//! protobuf's wire format (<https://protobuf.dev/programming-guides/encoding/>). Fields that aren't known are passed over.
//!
//! | message | fields |
//! |---|---|
//! | `RateLimitRequest` | 1 domain, 2 descriptors, 3 hits_addend |
//! | `RateLimitDescriptor` | 1 entries (1 key, 2 value), 2 limit (1 requests_per_unit, 2 unit) |
//! | `RateLimitResponse` | 1 overall_code (1 OK, 2 OVER_LIMIT), 2 statuses |
//! | `DescriptorStatus` | 1 code, 4 duration_until_reset (1 seconds, 2 nanos) |

use std::time::Duration;

/// What all limits of Seawall count in.
const DOMAIN: &str = "seawall";

/// An answer that is longer isn't read.
const MAX_ANSWER: usize = 16 * 1024;

/// No limit counts by anything longer.
const LONGEST_RESET: Duration = Duration::from_secs(31 * 86_400);

/// An amount in a unit of time, as engines take it that don't have it from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) per_unit: u32,
    /// 1 second, 2 minute, 3 hour, 4 day.
    pub(super) unit: u8,
}

/// What a service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Ok,
    /// No more fits, until then if that is told.
    Over(Option<Duration>),
    /// It doesn't know.
    Unknown,
}

pub(super) fn descriptor(entries: &[(&str, &str)], limit: Option<Override>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for (key, value) in entries {
        let mut entry = Vec::with_capacity(key.len() + value.len() + 8);
        text(&mut entry, 1, key.as_bytes());
        text(&mut entry, 2, value.as_bytes());
        text(&mut bytes, 1, &entry);
    }
    if let Some(Override { per_unit, unit }) = limit {
        let mut limit = Vec::with_capacity(8);
        number(&mut limit, 1, per_unit.into());
        number(&mut limit, 2, unit.into());
        text(&mut bytes, 2, &limit);
    }
    bytes
}

pub(super) fn request(descriptor: &[u8], hits: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(DOMAIN.len() + descriptor.len() + 16);
    text(&mut bytes, 1, DOMAIN.as_bytes());
    text(&mut bytes, 2, descriptor);
    number(&mut bytes, 3, hits.into());
    bytes
}

/// `None` for what is no such message.
pub(super) fn read(bytes: &[u8]) -> Option<Said> {
    if bytes.len() > MAX_ANSWER {
        return None;
    }
    let (mut code, mut reset) = (0, None);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(found)) => code = found,
            (2, Value::Bytes(status)) => reset = reset.max(status_reset(status)?),
            _ => {}
        }
        Some(())
    })?;
    Some(match code {
        1 => Said::Ok,
        2 => Said::Over(reset),
        _ => Said::Unknown,
    })
}

/// Of a descriptor that is over its limit, how long that lasts.
fn status_reset(bytes: &[u8]) -> Option<Option<Duration>> {
    let (mut code, mut reset) = (0, None);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(found)) => code = found,
            (4, Value::Bytes(time)) => reset = Some(duration(time)?),
            _ => {}
        }
        Some(())
    })?;
    Some(reset.filter(|_| code == 2))
}

/// Negative ones are none.
fn duration(bytes: &[u8]) -> Option<Duration> {
    let mut time = Duration::ZERO;
    fields(bytes, |field, value| {
        let Value::Number(number) = value else { return Some(()) };
        let number = if number > i64::MAX as u64 { 0 } else { number };
        time = time.saturating_add(match field {
            1 => Duration::from_secs(number),
            2 => Duration::from_nanos(number),
            _ => Duration::ZERO,
        });
        Some(())
    })?;
    Some(time.min(LONGEST_RESET))
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a kind that none of the known fields has.
    Other,
}

/// Calls `each` for every field; `None` when the bytes are no message, or `each` says so.
fn fields<'a>(mut bytes: &'a [u8], mut each: impl FnMut(u64, Value<'a>) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            1 => cut(&mut bytes, 8).map(|_| Value::Other)?,
            2 => {
                let size = usize::try_from(varint(&mut bytes)?).ok()?;
                Value::Bytes(cut(&mut bytes, size)?)
            }
            5 => cut(&mut bytes, 4).map(|_| Value::Other)?,
            _ => return None,
        };
        each(tag >> 3, value)?;
    }
    Some(())
}

fn cut<'a>(bytes: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (cut, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    Some(cut)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn number(bytes: &mut Vec<u8>, field: u8, value: u64) {
    bytes.push(field << 3);
    put_varint(bytes, value);
}

fn text(bytes: &mut Vec<u8>, field: u8, value: &[u8]) {
    bytes.push(field << 3 | 2);
    put_varint(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_is_what_the_protocol_says() {
        let limit = Some(Override { per_unit: 300, unit: 2 });
        let descriptor = descriptor(&[("limit", "tpm"), ("tenant", "acme")], limit);
        let expected =
            b"\x0a\x0c\x0a\x05limit\x12\x03tpm\x0a\x0e\x0a\x06tenant\x12\x04acme\x12\x05\x08\xac\x02\x10\x02";
        assert_eq!(descriptor, expected);
        let whole = request(&descriptor, 90_000);
        let expected = [b"\x0a\x07seawall\x12\x25", expected.as_slice(), b"\x18\x90\xbf\x05"].concat();
        assert_eq!(whole, expected);
    }

    /// A status of that code, whose limit starts afresh in so many seconds and nanoseconds.
    fn status(code: u64, seconds: u64, nanos: u64) -> Vec<u8> {
        let (mut time, mut status, mut field) = (Vec::new(), Vec::new(), Vec::new());
        number(&mut time, 1, seconds);
        number(&mut time, 2, nanos);
        number(&mut status, 1, code);
        // The current limit, and what remains.
        text(&mut status, 2, b"\x08\x05\x10\x02");
        number(&mut status, 3, 0);
        text(&mut status, 4, &time);
        text(&mut field, 2, &status);
        field
    }

    #[test]
    fn an_answer_is_read_for_what_it_says_and_when_there_is_more() {
        let over = |statuses: &[Vec<u8>]| read(&[b"\x08\x02".to_vec(), statuses.concat()].concat());
        assert_eq!(read(b"\x08\x01"), Some(Said::Ok));
        assert_eq!(read(b""), Some(Said::Unknown));
        assert_eq!(read(b"\x08\x00"), Some(Said::Unknown));
        assert_eq!(over(&[]), Some(Said::Over(None)));
        let reset = Said::Over(Some(Duration::from_millis(2_500)));
        assert_eq!(over(&[status(1, 9, 0), status(2, 2, 500_000_000), status(2, 1, 0)]), Some(reset));
        assert_eq!(over(&[status(2, u64::MAX, 5)]), Some(Said::Over(Some(Duration::from_nanos(5)))));
        assert_eq!(over(&[status(2, i64::MAX as u64, 0)]), Some(Said::Over(Some(LONGEST_RESET))));
    }

    #[test]
    fn what_is_no_such_message_says_nothing() {
        for bytes in
            [&b"\x08"[..], b"\x12\x05ab", b"\x0b", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"]
        {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        assert_eq!(read(&[b"\x08\x01".to_vec(), vec![0; MAX_ANSWER]].concat()), None);
        // Fields that aren't known, of every kind.
        assert_eq!(read(b"\x48\x01\x51abcdefgh\x5a\x01x\x65abcd\x08\x01"), Some(Said::Ok));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_is_written_can_be_read(name in "[a-z]{1,9}", value in "\\PC{0,300}", hits in any::<u32>()) {
            let bytes = request(&descriptor(&[(&name, &value)], None), hits);
            let mut seen = Vec::new();
            fields(&bytes, |field, found| {
                if let (3, Value::Number(found)) = (field, &found) {
                    assert_eq!(*found, u64::from(hits));
                }
                if let (2, Value::Bytes(found)) = (field, &found) {
                    assert!(found.windows(value.len().max(1)).any(|part| part == value.as_bytes()) || value.is_empty());
                }
                seen.push(field);
                Some(())
            }).unwrap();
            prop_assert_eq!(seen, [1, 2, 3]);
        }
    }
}

//! The protocol's messages, as far as they matter here.

use std::time::Duration;

/// A `RateLimitRequest` with one descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub domain: String,
    /// The descriptor's keys and values.
    pub entries: Vec<(String, String)>,
    /// One, where the request says nothing.
    pub hits: u32,
}

/// What a service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Ok,
    /// No more fits, until then if that is told.
    Over(Option<Duration>),
    Unknown,
}

impl Question {
    /// `None` when the bytes are no such message, or have another number of descriptors.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (mut question, mut descriptors) = (Self { hits: 1, ..Self::default() }, 0);
        for (field, value) in fields(bytes)? {
            match (field, value) {
                (1, Value::Bytes(domain)) => question.domain = text(domain)?,
                (2, Value::Bytes(descriptor)) => {
                    descriptors += 1;
                    question.entries = entries(descriptor)?;
                }
                (3, Value::Number(hits)) => question.hits = u32::try_from(hits).ok()?.max(1),
                _ => {}
            }
        }
        (descriptors == 1).then_some(question)
    }

    /// Its entries, such as `limit=tpm tenant=acme`.
    #[must_use]
    pub fn key(&self) -> String {
        let entries = self.entries.iter().map(|(key, value)| format!("{key}={value}"));
        entries.collect::<Vec<_>>().join(" ")
    }
}

impl Said {
    /// As a `RateLimitResponse`.
    #[must_use]
    pub fn write(self) -> Vec<u8> {
        let code = match self {
            Self::Unknown => 0,
            Self::Ok => 1,
            Self::Over(_) => 2,
        };
        let mut status = vec![0x08, code];
        if let Self::Over(Some(reset)) = self {
            let mut time = vec![0x08];
            put_varint(&mut time, reset.as_secs());
            time.push(0x10);
            put_varint(&mut time, reset.subsec_nanos().into());
            status.push(0x22);
            put_varint(&mut status, time.len() as u64);
            status.extend(time);
        }
        let mut bytes = vec![0x08, code, 0x12];
        put_varint(&mut bytes, status.len() as u64);
        bytes.extend(status);
        bytes
    }
}

fn entries(descriptor: &[u8]) -> Option<Vec<(String, String)>> {
    let mut entries = Vec::new();
    for (field, value) in fields(descriptor)? {
        if let (1, Value::Bytes(entry)) = (field, value) {
            let (mut key, mut value) = (String::new(), String::new());
            for (field, part) in fields(entry)? {
                match (field, part) {
                    (1, Value::Bytes(found)) => key = text(found)?,
                    (2, Value::Bytes(found)) => value = text(found)?,
                    _ => {}
                }
            }
            entries.push((key, value));
        }
    }
    Some(entries)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            2 => {
                let size = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(size)?;
                bytes = rest;
                Value::Bytes(value)
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
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

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read() {
        let bytes = b"\x0a\x07seawall\x12\x1e\x0a\x0c\x0a\x05limit\x12\x03tpm\x0a\x0e\x0a\x06tenant\x12\x04acme\x18\x90\xbf\x05";
        let question = Question::read(bytes).unwrap();
        assert_eq!((question.domain.as_str(), question.hits), ("seawall", 90_000));
        assert_eq!(question.key(), "limit=tpm tenant=acme");
        assert_eq!(Question::read(b"\x0a\x07seawall"), None);
        assert_eq!(Question::read(b"\x12\x05x"), None);
    }

    #[test]
    fn what_is_said_is_written_as_the_protocol_has_it() {
        assert_eq!(Said::Ok.write(), b"\x08\x01\x12\x02\x08\x01");
        let over = Said::Over(Some(Duration::from_millis(2_500))).write();
        assert_eq!(over, b"\x08\x02\x12\x0c\x08\x02\x22\x08\x08\x02\x10\x80\xca\xb5\xee\x01");
    }
}

//! `format`: what the drafts define, by the RFCs that they name.

mod email;
mod hostname;
mod idna;
mod pointer;
mod time;
mod uri;

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::json::{Document, Limits};
use crate::regex;

/// A format's place in [`FORMATS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Format(usize);

type Named = (&'static str, fn(&str) -> bool);

static FORMATS: [Named; 19] = [
    ("date", time::is_date),
    ("time", time::is_time),
    ("date-time", time::is_date_time),
    ("duration", time::is_duration),
    ("email", |text| email::is_email(text, false)),
    ("idn-email", |text| email::is_email(text, true)),
    ("hostname", hostname::is_hostname),
    ("idn-hostname", hostname::is_idn_hostname),
    ("ipv4", |text| text.parse::<Ipv4Addr>().is_ok()),
    ("ipv6", |text| text.parse::<Ipv6Addr>().is_ok()),
    ("uri", |text| uri::is_reference(text, false, true)),
    ("uri-reference", |text| uri::is_reference(text, false, false)),
    ("iri", |text| uri::is_reference(text, true, true)),
    ("iri-reference", |text| uri::is_reference(text, true, false)),
    ("uri-template", uri::is_template),
    ("uuid", is_uuid),
    ("json-pointer", pointer::is_pointer),
    ("relative-json-pointer", pointer::is_relative_pointer),
    ("regex", regex::is_pattern),
];

impl Format {
    /// `None` if it isn't known; nothing is asserted then, as the drafts say.
    pub(crate) fn of(name: &str) -> Option<Self> {
        FORMATS.iter().position(|(known, _)| *known == name).map(Self)
    }

    pub(crate) fn name(self) -> &'static str {
        FORMATS.get(self.0).map_or("", |(name, _)| name)
    }

    pub(crate) fn holds(self, text: &str) -> bool {
        FORMATS.get(self.0).is_none_or(|(_, holds)| holds(text))
    }
}

/// RFC 9562, 4.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether this is base64 (RFC 4648, 4, padded), and JSON, or the base64 of JSON.
pub(crate) fn has_content(text: &str, is_base64: bool, is_json: bool) -> bool {
    let decoded = if is_base64 { base64(text) } else { Some(text.as_bytes().to_vec()) };
    let limits = Limits { bytes: usize::MAX, depth: 1_000, nodes: 1_000_000 };
    match decoded {
        Some(bytes) if is_json => {
            String::from_utf8(bytes).is_ok_and(|json| Document::read(json, limits).is_ok())
        }
        decoded => decoded.is_some(),
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for (at, group) in groups.iter().enumerate() {
        let padding = match group {
            [_, _, b'=', b'='] => 2,
            [_, _, _, b'='] => 1,
            _ => 0,
        };
        if padding > 0 && at + 1 < groups.len() {
            return None;
        }
        let mut bits = 0_u32;
        for (place, byte) in group.iter().enumerate() {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if place >= 4 - padding => 0,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let [_, decoded @ ..] = bits.to_be_bytes();
        bytes.extend(decoded.get(..3 - padding).unwrap_or_default());
    }
    rest.is_empty().then_some(bytes)
}

//! URIs (RFC 3986), IRIs (RFC 3987) and templates of URIs (RFC 6570).

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::uri::is_scheme;

/// What ASCII's characters are in a part: allowed in every one, or by themselves what the part's own signs are.
static SIGNS: [u8; 128] = signs();

const ALLOWED: u8 = 1;
const COLON: u8 = 2;
const AT: u8 = 4;
const SLASH: u8 = 8;
const QUESTION: u8 = 16;

const fn signs() -> [u8; 128] {
    let mut signs = [0; 128];
    let mut byte = 0;
    while byte < 128_u8 {
        let sign = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => ALLOWED,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => ALLOWED,
            b':' => COLON,
            b'@' => AT,
            b'/' => SLASH,
            b'?' => QUESTION,
            _ => 0,
        };
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            signs[byte as usize] = sign;
        }
        byte += 1;
    }
    signs
}

/// What may stand in a part: unreserved characters, percent-encoded ones, and these signs.
fn is_part(text: &str, own: u8, is_international: bool) -> bool {
    let is_plain = |byte: u8| SIGNS.get(usize::from(byte)).is_some_and(|sign| sign & (ALLOWED | own) != 0);
    let plain = text.bytes().take_while(|byte| is_plain(*byte)).count();
    let mut rest = text.get(plain..).unwrap_or("").chars();
    while let Some(character) = rest.next() {
        let is_allowed = match u8::try_from(character) {
            Ok(b'%') => {
                let mut hex = rest.by_ref().take(2);
                let both = [hex.next(), hex.next()];
                both.iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            Ok(byte @ 0..128) => is_plain(byte),
            _ => is_international && is_ucs_char(character),
        };
        if !is_allowed {
            return false;
        }
    }
    true
}

/// RFC 3987, 2.2: `ucschar`, and `iprivate` left out.
fn is_ucs_char(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xA0..=0xD7FF | 0xF900..=0xFDCF | 0xFDF0..=0xFFEF)
        || (code >= 0x1_0000
            && code & 0xFFFF <= 0xFFFD
            && !(0xE_0000..0xE_1000).contains(&code)
            && code < 0xF_0000)
}

pub(super) fn is_reference(text: &str, is_international: bool, is_absolute: bool) -> bool {
    let (rest, fragment) = split(text, b'#');
    let (rest, query) = split(rest, b'?');
    let colon =
        rest.bytes().position(|byte| SIGNS.get(usize::from(byte)).is_none_or(|sign| *sign != ALLOWED));
    let scheme = colon.and_then(|colon| rest.split_at_checked(colon));
    let scheme = scheme.and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix(':')?)));
    let scheme = scheme.filter(|(scheme, _)| is_scheme(scheme));
    let rest = scheme.map_or(rest, |(_, rest)| rest);
    if is_absolute && scheme.is_none() {
        return false;
    }
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest
                .split_at_checked(rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len()))
                .unwrap_or((rest, ""));
            (Some(authority), path)
        }
        None => (None, rest),
    };
    // The first segment of a relative path would be taken for a scheme.
    let is_ambiguous = scheme.is_none() && path.split('/').next().is_some_and(|first| first.contains(':'));
    !is_ambiguous
        && authority.is_none_or(|authority| is_authority(authority, is_international))
        && is_part(path, COLON | AT | SLASH, is_international)
        && is_part(query, COLON | AT | SLASH | QUESTION, is_international)
        && is_part(fragment, COLON | AT | SLASH | QUESTION, is_international)
}

/// What is before this sign and behind it.
fn split(text: &str, sign: u8) -> (&str, &str) {
    let at = text.bytes().position(|byte| byte == sign).unwrap_or(text.len());
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    (before, behind.get(1..).unwrap_or(""))
}

fn is_authority(text: &str, is_international: bool) -> bool {
    let (user, host_and_port) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host_and_port.strip_prefix('[') {
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else { return false };
            if !is_literal(address) {
                return false;
            }
            ("", after.strip_prefix(':').or(after.is_empty().then_some("")))
        }
        None => {
            host_and_port.split_once(':').map_or((host_and_port, Some("")), |(host, port)| (host, Some(port)))
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    is_part(user, COLON, is_international) && is_part(host, 0, is_international) && port.is_some_and(is_port)
}

/// An IPv6 address, or one of a version to come.
fn is_literal(text: &str) -> bool {
    if let Some(future) = text.strip_prefix(['v', 'V']) {
        let parts = future.split_once('.');
        return parts.is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && is_part(address, COLON, false)
        });
    }
    text.parse::<Ipv6Addr>().is_ok() && text.parse::<Ipv4Addr>().is_err()
}

pub(super) fn is_template(text: &str) -> bool {
    let mut rest = text;
    loop {
        let (literal, after) =
            rest.split_once('{').map_or((rest, None), |(literal, after)| (literal, Some(after)));
        let is_literal = |character: char| {
            !matches!(
                character,
                '\0'..=' ' | '"' | '\'' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '\u{7F}'
            )
        };
        if !literal.chars().all(is_literal) {
            return false;
        }
        let Some(after) = after else { return true };
        let Some((expression, next)) = after.split_once('}') else { return false };
        let variables = expression.strip_prefix(['+', '#', '.', '/', ';', '?', '&']).unwrap_or(expression);
        if !variables.split(',').all(is_variable) {
            return false;
        }
        rest = next;
    }
}

/// A name, and how much of its value is taken (RFC 6570, 2.3 and 2.4).
fn is_variable(text: &str) -> bool {
    let name = match text.split_once(':') {
        Some((name, length)) => {
            let is_length = (1..=4).contains(&length.len())
                && !length.starts_with('0')
                && length.bytes().all(|byte| byte.is_ascii_digit());
            if !is_length {
                return false;
            }
            name
        }
        None => text.strip_suffix('*').unwrap_or(text),
    };
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '%' | '.');
    !name.is_empty() && name.chars().all(is_name) && !name.starts_with('.') && !name.ends_with('.')
}

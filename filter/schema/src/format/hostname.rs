//! Names of hosts (RFC 1123, 2.1), and those in other scripts (RFC 5890).

use super::idna;

/// Of a name without the separator at its end, and of a label (RFC 1034, 3.1).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

pub(super) fn is_hostname(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_formed = !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_formed && (label.get(2..4) != Some("--") || is_a_label(label))
}

/// One that stands for a label in another script (RFC 5890, 2.3.2.1).
fn is_a_label(label: &str) -> bool {
    let encoded = label.split_at_checked(4).filter(|(prefix, _)| prefix.eq_ignore_ascii_case("xn--"));
    let decoded = encoded.and_then(|(_, encoded)| idna::decode(encoded));
    decoded.is_some_and(|decoded| {
        decoded.iter().any(|character| !character.is_ascii()) && idna::is_u_label(&decoded)
    })
}

pub(super) fn is_idn_hostname(text: &str) -> bool {
    let mut length = 0;
    text.split(['.', '\u{3002}', '\u{FF0E}', '\u{FF61}']).all(|label| {
        let characters: Vec<char> = label.chars().collect();
        let (is_label, bytes) = if label.is_ascii() {
            (is_label(label), label.len())
        } else {
            let bytes = idna::encoded_length(&characters) + 4;
            (bytes <= LONGEST_LABEL && idna::is_u_label(&characters), bytes)
        };
        length += bytes + 1;
        is_label && length <= LONGEST_NAME + 1
    })
}

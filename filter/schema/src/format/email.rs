//! Mail addresses (RFC 5321, 4.1.2; RFC 6531 for other characters than ASCII's).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::hostname;

pub(super) fn is_email(text: &str, is_international: bool) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    if !is_international && !text.is_ascii() {
        return false;
    }
    let is_local = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => is_quoted(quoted),
        None => local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom)),
    };
    let is_domain = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => match address.strip_prefix("IPv6:") {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => address.parse::<Ipv4Addr>().is_ok(),
        },
        None if is_international => hostname::is_idn_hostname(domain),
        None => hostname::is_hostname(domain),
    };
    is_local && is_domain
}

fn is_atom(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character) || !character.is_ascii()
}

fn is_quoted(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_escaped = character == '\\';
        let meant = if is_escaped { characters.next() } else { Some(character) };
        match meant {
            Some('"') if !is_escaped => return false,
            Some(' '..='~') => {}
            Some(other) if !other.is_ascii() => {}
            _ => return false,
        }
    }
    true
}

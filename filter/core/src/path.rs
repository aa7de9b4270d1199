//! Paths as servers understand them, however they are written.
//!
//! What needn't be escaped means the same where it is, segments of one dot mean nothing, and those of two take one back (RFC 3986,
//! 6.2.2.2 and 6.2.2.3). A colon is taken for itself, empty segments for none and backslashes for slashes, as many servers do. Whoever decides by a path
//! decides by this form of it; what goes to a provider is what the caller wrote.

use std::borrow::Cow;

/// A path without its query, in the form that is compared.
pub(crate) fn plain(path: &str) -> Cow<'_, str> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let mut before = 0;
    let is_odd = |byte: u8| {
        let follows = std::mem::replace(&mut before, byte) == b'/' && matches!(byte, b'/' | b'.');
        follows || matches!(byte, b'%' | b'\\')
    };
    if path.bytes().any(is_odd) { Cow::Owned(resolved(&unescaped(path))) } else { Cow::Borrowed(path) }
}

/// The same without slashes at its end, which some servers overlook.
pub(crate) fn bare(path: &str) -> Cow<'_, str> {
    match plain(path) {
        Cow::Borrowed(path) => Cow::Borrowed(path.trim_end_matches('/')),
        Cow::Owned(mut path) => {
            path.truncate(path.trim_end_matches('/').len());
            Cow::Owned(path)
        }
    }
}

fn unescaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, escape)) = rest.split_once('%') {
        text.push_str(before);
        let byte = escape.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(byte);
        rest = match byte.filter(is_plain) {
            Some(byte) => {
                text.push(char::from(byte));
                escape.get(2..).unwrap_or_default()
            }
            None => {
                text.push('%');
                escape
            }
        };
    }
    text + rest
}

fn resolved(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut ends_open = false;
    for segment in path.split(['/', '\\']) {
        ends_open = matches!(segment, "" | "." | "..");
        match segment {
            ".." => text.truncate(text.rfind('/').unwrap_or(0)),
            "" | "." => {}
            _ => {
                text.push('/');
                text.push_str(segment);
            }
        }
    }
    if ends_open {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form_however_it_is_written() {
        for (path, expected) in [
            ("/v1/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions?x=%73//..", "/v1/chat/completions"),
            ("/v1/chat/completion%73", "/v1/chat/completions"),
            ("/v1/%63hat/%63ompletion%73?x", "/v1/chat/completions"),
            ("//v1/./chat//completions", "/v1/chat/completions"),
            ("/v1/x/../chat/completions", "/v1/chat/completions"),
            ("/v1/x/%2e%2E/chat/completions", "/v1/chat/completions"),
            ("/v1\\chat//completions", "/v1/chat/completions"),
            ("/../../a", "/a"),
            ("/a/", "/a/"),
            ("/a/b/..", "/a/"),
            ("/models/g%3AgenerateContent", "/models/g:generateContent"),
            ("/a%2Fb%20c%25%zz%7", "/a%2Fb%20c%25%zz%7"),
            ("/a%c3%a9%", "/a%c3%a9%"),
            ("/a%\u{e9}", "/a%\u{e9}"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(plain(path), expected, "{path}");
            assert_eq!(bare(path), expected.trim_end_matches('/'), "{path}");
        }
        assert!(matches!(plain("/v1/chat/completions?x=1"), Cow::Borrowed(_)));
    }
}

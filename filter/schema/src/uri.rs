//! References between schemas: URIs (RFC 3986), resolved and normalised as far as identifiers need it.

/// Before the `#`, and behind it.
pub(crate) fn split_fragment(uri: &str) -> (&str, &str) {
    uri.split_once('#').unwrap_or((uri, ""))
}

struct Parts<'u> {
    scheme: Option<&'u str>,
    authority: Option<&'u str>,
    path: &'u str,
    query: Option<&'u str>,
}

fn parts(uri: &str) -> Parts<'_> {
    let (rest, _) = split_fragment(uri);
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, after)) if is_scheme(scheme) => (Some(scheme), after),
        _ => (None, rest),
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return Parts { scheme, authority: None, path: rest, query };
    };
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    Parts { scheme, authority: Some(authority), path, query }
}

pub(crate) fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// RFC 3986, 5.2.2, without the fragment.
pub(crate) fn resolve(base: &str, reference: &str) -> String {
    let (base, to) = (parts(base), parts(reference));
    if to.scheme.is_some() || to.authority.is_some() {
        let scheme = to.scheme.or(base.scheme);
        return join(scheme, to.authority, &without_dots(to.path), to.query);
    }
    if to.path.is_empty() {
        return join(base.scheme, base.authority, base.path, to.query.or(base.query));
    }
    let path = if to.path.starts_with('/') {
        without_dots(to.path)
    } else if base.authority.is_some() && base.path.is_empty() {
        without_dots(&format!("/{}", to.path))
    } else {
        let folder = base.path.rfind('/').and_then(|slash| base.path.get(..=slash)).unwrap_or("");
        without_dots(&format!("{folder}{}", to.path))
    };
    join(base.scheme, base.authority, &path, to.query)
}

fn join(scheme: Option<&str>, authority: Option<&str>, path: &str, query: Option<&str>) -> String {
    let mut uri = String::new();
    if let Some(scheme) = scheme {
        uri.push_str(&scheme.to_ascii_lowercase());
        uri.push(':');
    }
    if let Some(authority) = authority {
        uri.push_str("//");
        uri.push_str(&authority.to_ascii_lowercase());
    }
    uri.push_str(path);
    if let Some(query) = query {
        uri.push('?');
        uri.push_str(query);
    }
    uri
}

/// RFC 3986, 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for part in path.split('/') {
        ends_open = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." if kept.len() > 1 => {
                kept.pop();
            }
            ".." => {}
            other => kept.push(other),
        }
    }
    let mut joined = kept.join("/");
    if ends_open && !joined.ends_with('/') {
        joined.push('/');
    }
    joined
}

/// `%2F` and its like; what isn't well-formed stays.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_the_rfc_says() {
        // RFC 3986, 5.4, and what schemas have besides.
        let base = "http://a/b/c/d;p?q";
        let cases = [
            (base, "g:h", "g:h"),
            (base, "g", "http://a/b/c/g"),
            (base, "./g", "http://a/b/c/g"),
            (base, "g/", "http://a/b/c/g/"),
            (base, "/g", "http://a/g"),
            (base, "//g", "http://g"),
            (base, "?y", "http://a/b/c/d;p?y"),
            (base, "", base),
            (base, "#s", base),
            (base, ".", "http://a/b/c/"),
            (base, "..", "http://a/b/"),
            (base, "../g", "http://a/b/g"),
            (base, "../../../g", "http://a/g"),
            (base, "./g/.", "http://a/b/c/g/"),
            ("", "item.json", "item.json"),
            ("", "#/$defs/a", ""),
            ("urn:uuid:1", "#/$defs/a", "urn:uuid:1"),
            ("HTTP://Example.com", "a", "http://example.com/a"),
        ];
        for (base, reference, expected) in cases {
            assert_eq!(resolve(base, reference), expected, "{reference} in {base}");
        }
        assert_eq!(percent_decode("a%25b%zz%c3%a9%"), "a%b%zzé%");
    }
}

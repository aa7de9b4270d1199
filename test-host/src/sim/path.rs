//! What Envoy makes of a request's path before any filter sees it, as the shipped configuration has it (`normalize_path`,
//! `merge_slashes`, `path_with_escaped_slashes_action: REJECT_REQUEST`): a provider that reads `/v1//x` as `/v1/x` must not be
//! reached past the route of the latter.

/// The path as filters see it; `None` if Envoy refuses it with 400.
pub(super) fn normalized(path: &str) -> Option<String> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let plain = decoded(path)?.replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = plain.trim_start_matches('/').split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                // `/a/.` is the directory `/a/`.
                if index + 1 == segments.len() {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    // Only now, so that `/a//../b` is `/a/b`.
    let last = kept.len().saturating_sub(1);
    let merged: Vec<&str> = kept
        .iter()
        .enumerate()
        .filter(|(index, segment)| !segment.is_empty() || *index == last)
        .map(|(_, segment)| *segment)
        .collect();
    let query = query.map(|query| ["?", query].concat()).unwrap_or_default();
    Some(["/", &merged.join("/"), &query].concat())
}

/// Without the escapes of characters that need none (RFC 3986, 2.3); `None` where a slash is escaped.
fn decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match u8::from_str_radix(escape, 16).ok().map(char::from) {
            Some('/' | '\\') => return None,
            Some(plain) if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => {
                text.push(plain);
                text.push_str(rest);
            }
            _ => {
                text.push('%');
                text.push_str(part);
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_comes_to_what_envoy_makes_of_it() {
        for (path, seen) in [
            ("/v1/chat/completions", Some("/v1/chat/completions")),
            ("/v1//chat/completions", Some("/v1/chat/completions")),
            ("/v1/./chat/completions", Some("/v1/chat/completions")),
            ("/v1/a/../chat", Some("/v1/chat")),
            ("/v1\\chat", Some("/v1/chat")),
            ("/v1/%63hat", Some("/v1/chat")),
            ("/%2e%2e/x", Some("/x")),
            ("/../x", Some("/x")),
            ("/v1/%2e/chat", Some("/v1/chat")),
            ("/v1/chat/?a=//b/./%2f", Some("/v1/chat/?a=//b/./%2f")),
            ("/v1/chat//", Some("/v1/chat/")),
            ("/%7Ea%c3%a4", Some("/~a%c3%a4")),
            ("/v1/%zz", Some("/v1/%zz")),
            ("/", Some("/")),
            ("/v1%2Fchat", None),
            ("/v1%5cchat", None),
        ] {
            assert_eq!(normalized(path).as_deref(), seen, "{path}");
        }
    }
}

//! What strings may hold. Most become the value of an HTTP header, where a space or a line break would be an injection.

use crate::token::quote;
use crate::vocabulary::Text;

/// Longer ones can only be a mistake: they are sent with every request.
const LONGEST: usize = 1024;

/// Headers that belong to the connection or to the body, so a credential in them breaks the request.
const RESERVED: &[&str] =
    &["connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"];

/// What is wrong, and what to do about it.
pub(super) type Objection = (String, Option<String>);

/// Whether the value can be used as this kind of text.
pub(super) fn check(rule: Text, word: &str, value: &str) -> Result<(), Objection> {
    if rule == Text::Header {
        return check_header(value);
    }
    if rule == Text::Free {
        return Ok(());
    }
    if value.is_empty() {
        return Err((["`", word, "` is empty"].concat(), None));
    }
    if value.len() > LONGEST {
        return Err((["`", word, "` is longer than 1024 bytes"].concat(), None));
    }
    if let (Text::Host, Some((_, host))) = (rule, value.split_once("://")) {
        let host = host.split('/').next().unwrap_or(host);
        return Err(("`host` holds a scheme".into(), Some(["write `\"", host, "\"`"].concat())));
    }
    if rule == Text::Host && value.contains('/') {
        return Err((
            "`host` holds a path".into(),
            Some("write the path as a statement of its own: `path`".into()),
        ));
    }
    if rule == Text::Path && !value.starts_with('/') {
        return Err((
            ["`", word, "` must start with `/`"].concat(),
            Some(["write `\"/", value, "\"`"].concat()),
        ));
    }
    let allowed = |c: char| match rule {
        Text::Model | Text::Label | Text::File | Text::Free => !c.is_control(),
        Text::Cluster | Text::Header => c.is_ascii_graphic(),
        Text::HeaderValue => c.is_ascii_graphic() || c == ' ',
        Text::Method => c.is_ascii_uppercase(),
        Text::Host => c.is_ascii_alphanumeric() || "-._:[]".contains(c),
        Text::Path => c.is_ascii_graphic() && c != '*' && c != '#',
    };
    match value.chars().find(|c| !allowed(*c)) {
        Some(' ') => Err((["`", word, "` must not hold a space"].concat(), None)),
        Some(c) => Err((["`", word, "` must not hold ", &quote(c.encode_utf8(&mut [0; 4]))].concat(), None)),
        None => Ok(()),
    }
}

/// The path of `match`, without the `*` that may end it.
pub(super) fn check_match(path: &str) -> Result<(), Objection> {
    if path.contains('?') {
        let help = "paths are compared without their query: leave out what starts with `?`".into();
        return Err(("a query can't be matched".into(), Some(help)));
    }
    if path.contains('*') {
        let help = "write `/v1/*` to match every path that starts with `/v1/`".into();
        return Err(("`*` can only stand at the end of a path".into(), Some(help)));
    }
    check(Text::Path, "path", path)
}

/// A header's name as HTTP/2 writes it.
pub(super) fn check_header(name: &str) -> Result<(), Objection> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(token) {
        let help = "a header's name is made of letters, digits and `-`: `x-api-key`".into();
        return Err(("this is not the name of a header".into(), Some(help)));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        let help = ["write `\"", &name.to_ascii_lowercase(), "\"`"].concat();
        return Err(("header names are written in lower case".into(), Some(help)));
    }
    Ok(())
}

/// A header that can carry a credential.
pub(super) fn check_credential_header(name: &str) -> Result<(), Objection> {
    check_header(name)?;
    if RESERVED.contains(&name) || name.starts_with("x-seawall-") || name.starts_with("x-envoy-") {
        return Err((["the header ", &quote(name), " can't carry credentials"].concat(), None));
    }
    Ok(())
}

/// As POSIX has it.
pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

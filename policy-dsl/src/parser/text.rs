//! What strings may hold. Most become the value of an HTTP header, where a space or a line break would be an injection.

use crate::diagnostic::{Code, Diagnostic};
use crate::policy::Network;
use crate::span::Span;
use crate::token::quote;
use crate::vocabulary::Text;

/// Longer ones can only be a mistake: they are sent with every request.
const LONGEST: usize = 1024;

/// Headers that belong to the connection or to the body, so another value in them breaks the request.
const RESERVED: &[&str] =
    &["connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"];

/// What is wrong with a string, and what to do about it.
pub(super) struct Objection {
    message: String,
    help: Option<String>,
    /// What the string must be instead, where that is certain.
    instead: Option<String>,
}

impl Objection {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, instead: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    fn instead(self, text: impl Into<String>) -> Self {
        Self { instead: Some(text.into()), ..self }
    }

    pub(super) fn at(self, span: Span) -> Diagnostic {
        let mut found = Diagnostic::new(Code::InvalidText, span, self.message);
        found.help = self.help;
        let Some(instead) = self.instead else { return found };
        let text = ["\"", &instead.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat();
        found.with_help(["write `", &text, "`"].concat()).with_replacement(span, text)
    }
}

/// Whether the value can be used as this kind of text.
pub(super) fn check(rule: Text, word: &str, value: &str) -> Result<(), Objection> {
    if rule == Text::Header {
        return check_header(value);
    }
    if rule == Text::Free {
        return Ok(());
    }
    if rule == Text::Network {
        let objection = || Objection::new(["`", word, "` needs an address or a network"].concat());
        let help = "write `10.0.0.7`, `10.0.0.0/8` or `fd00::/8`";
        return Network::parse(value).map(|_| ()).ok_or_else(|| objection().help(help));
    }
    if value.is_empty() {
        return Err(Objection::new(["`", word, "` is empty"].concat()));
    }
    if value.len() > LONGEST {
        return Err(Objection::new(["`", word, "` is longer than 1024 bytes"].concat()));
    }
    if let (Text::Host, Some((_, host))) = (rule, value.split_once("://")) {
        let host = host.split('/').next().unwrap_or(host);
        return Err(Objection::new("`host` holds a scheme").instead(host));
    }
    if rule == Text::Host && value.contains('/') {
        return Err(
            Objection::new("`host` holds a path").help("write the path as a statement of its own: `path`")
        );
    }
    if rule == Text::Path && !value.starts_with('/') {
        let message = ["`", word, "` must start with `/`"].concat();
        return Err(Objection::new(message).instead(["/", value].concat()));
    }
    let allowed = |c: char| match rule {
        Text::Model | Text::Label | Text::File | Text::Free => !c.is_control(),
        Text::Cluster | Text::Header => c.is_ascii_graphic(),
        Text::HeaderValue => c.is_ascii_graphic() || c == ' ',
        Text::Method => c.is_ascii_uppercase(),
        Text::Host | Text::Network => c.is_ascii_alphanumeric() || "-._:[]".contains(c),
        Text::Path => c.is_ascii_graphic() && c != '*' && c != '#',
    };
    match value.chars().find(|c| !allowed(*c)) {
        Some(' ') => Err(Objection::new(["`", word, "` must not hold a space"].concat())),
        Some(c) => {
            let c = quote(c.encode_utf8(&mut [0; 4]));
            Err(Objection::new(["`", word, "` must not hold ", &c].concat()))
        }
        None => Ok(()),
    }
}

/// `*` alone, for every path.
pub(super) fn everything() -> Objection {
    Objection::new("`path` must start with `/`").instead("/*")
}

/// The path of `match`, without the `*` that may end it.
pub(super) fn check_match(path: &str) -> Result<(), Objection> {
    if path.contains('?') {
        let help = "paths are compared without their query: leave out what starts with `?`";
        return Err(Objection::new("a query can't be matched").help(help));
    }
    if path.contains('*') {
        let help = "write `/v1/*` to match every path that starts with `/v1/`";
        return Err(Objection::new("`*` can only stand at the end of a path").help(help));
    }
    check(Text::Path, "path", path)
}

/// A header's name as HTTP/2 writes it.
pub(super) fn check_header(name: &str) -> Result<(), Objection> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(token) {
        let help = "a header's name is made of letters, digits and `-`: `x-api-key`";
        return Err(Objection::new("this is not the name of a header").help(help));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        let found = Objection::new("header names are written in lower case");
        return Err(found.instead(name.to_ascii_lowercase()));
    }
    Ok(())
}

/// A header that can carry a credential.
pub(super) fn check_credential_header(name: &str) -> Result<(), Objection> {
    check_header(name)?;
    if is_reserved(name) {
        return Err(Objection::new(["the header ", &quote(name), " can't carry credentials"].concat()));
    }
    Ok(())
}

/// Whether a header belongs to the connection, to the body, to the proxy or to the filter.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("x-seawall-") || name.starts_with("x-envoy-")
}

/// As POSIX has it.
pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// What can name a block.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
}

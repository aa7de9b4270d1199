//! What of a request must not be shown: the values of headers that may hold credentials, wherever they turn up.

use super::request::Request;
use crate::policy::{Auth, Policy};

/// Stands for a value that isn't shown.
pub(super) const HIDDEN: &str = "****";

/// Shorter values aren't looked for in other texts, where they are mere words: `test`, `none`.
const SHORTEST: usize = 8;

/// Parts of header names that speak of credentials: too many are hidden rather than too few.
const SENSITIVE: [&str; 11] = [
    "auth",
    "cookie",
    "credential",
    "csrf",
    "jwt",
    "key",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
];

/// Whether the value of a header may be a secret; the name is in lower case.
pub(super) fn is_sensitive(name: &str) -> bool {
    SENSITIVE.iter().any(|part| name.contains(part)) || name == "x-forwarded-client-cert"
}

/// The secrets of one request, the longest first.
pub(super) struct Secrets(Vec<String>);

pub(super) fn of(policy: &Policy, request: &Request) -> Secrets {
    let is_credential = |name: &str| {
        is_sensitive(name)
            || policy.credentials().any(|auth| matches!(auth, Auth::Header { name: own, .. } if own == name))
    };
    let mut found = Vec::new();
    for (_, value) in request.headers.iter().filter(|(name, _)| is_credential(name)) {
        found.push(value.trim().to_owned());
        // Also without its scheme, and each cookie by itself.
        found.extend(value.split([' ', ';', ',', '=']).map(|part| part.trim().to_owned()));
    }
    // Some callers put their key there.
    if let Some((_, query)) = request.path.split_once('?') {
        found.push(query.to_owned());
        found.extend(query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1.to_owned())));
    }
    found.retain(|secret| secret.len() >= SHORTEST);
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    Secrets(found)
}

impl Secrets {
    /// The text without them. A condition's text has `"`, `\` and the backtick escaped, so they are looked for in that
    /// form too.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
            let escaped = secret.replace('\\', "\\\\").replace('"', "\\\"").replace('`', "\\`");
            if escaped != *secret {
                text = text.replace(&escaped, HIDDEN);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_of_credentials_are_known() {
        for name in
            ["authorization", "x-api-key", "api-key", "cookie", "x-goog-api-key", "x-amz-security-token"]
        {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["content-type", "x-tenant-id", "accept", "x-request-deadline-ms"] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}

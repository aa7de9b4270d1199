//! Which headers go where.

use seawall_policy::policy::{CREDENTIAL_HEADERS, ROUTER_HEADERS};

use crate::answer::PREFIX;
use crate::config::Target;
use crate::effect::{HeaderList, Pairs};
use crate::headers::Headers;

/// What the host sets on a request that it sends elsewhere by itself. Taken out again where that was the filter's doing.
pub(crate) const REDIRECTED: &str = "x-envoy-original-url";

/// Headers of one connection (RFC 9110, 7.6.1), and those that describe a body which is sent anew.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The caller's credentials that this target must not see.
pub(crate) fn foreign_credentials(headers: &Headers, target: &Target) -> Vec<String> {
    let is_there = |name: &str| headers.names().any(|known| known == name.as_bytes());
    let sent = |name: &&&str| target.hides(name.as_bytes()) && is_there(name);
    CREDENTIAL_HEADERS.iter().filter(sent).map(|name| (*name).to_owned()).collect()
}

/// Whether the caller's own key goes to this target.
pub(crate) fn carries_callers_key(headers: &Headers, target: &Target) -> bool {
    let is_sent = |name: &[u8]| {
        let is_replaced = target.set.iter().any(|(set, _)| set.as_bytes() == name);
        is_one_of(&CREDENTIAL_HEADERS, name) && !is_replaced
    };
    let in_path = || headers.get(":path").is_some_and(|path| without_keys(path).is_some());
    !target.has_credentials && (headers.names().any(is_sent) || in_path())
}

/// A path without the keys that some callers put into its query (Gemini takes `?key=…`); `None` where there are none.
pub(crate) fn without_keys(path: &str) -> Option<String> {
    let (base, query) = path.split_once('?')?;
    let is_key = |pair: &&str| matches!(pair.split('=').next(), Some("key" | "api_key" | "access_token"));
    if !query.split('&').any(|pair| is_key(&pair)) {
        return None;
    }
    let mut kept = base.to_owned();
    for (pair, sign) in
        query.split('&').filter(|pair| !is_key(pair)).zip(std::iter::once('?').chain(std::iter::repeat('&')))
    {
        kept.push(sign);
        kept.push_str(pair);
    }
    Some(kept)
}

impl Target {
    /// Whether it gets credentials of its own in place of this header.
    fn hides(&self, name: &[u8]) -> bool {
        let is_set = || self.set.iter().any(|(set, _)| set.as_bytes() == name);
        self.has_credentials && is_one_of(&CREDENTIAL_HEADERS, name) && !is_set()
    }
}

/// The request headers a caller may not send: the filter's own, and on matched requests the router's.
pub(crate) fn forbidden(headers: &Headers, is_matched: bool) -> Vec<String> {
    let is_forbidden = |name: &&[u8]| {
        name.starts_with(PREFIX.as_bytes())
            || is_matched && name.starts_with(b"x-envoy-") && is_one_of(&ROUTER_HEADERS, name)
    };
    let names = headers.names().filter(is_forbidden);
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// The headers of a provider's answer with which it would speak in the filter's name.
pub(crate) fn forged(headers: &Headers) -> Vec<String> {
    let names = headers.names().filter(|name| is_ours(name));
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

fn is_ours(name: &[u8]) -> bool {
    name.starts_with(PREFIX.as_bytes()) || name == b"x-should-retry"
}

/// Headers of an attempt that is sent from here: the caller's, with the target's in place of those of the same name, and
/// this path if it is another one.
pub(crate) fn dispatched_headers(headers: &Headers, target: &Target, path: Option<&str>) -> Pairs {
    let set = &target.set;
    let is_path = |name: &[u8]| path.is_some() && name == b":path";
    let is_replaced =
        |name: &[u8]| is_path(name) || set.iter().any(|(replaced, _)| replaced.as_bytes() == name);
    let is_kept = |name: &[u8]| {
        !name.starts_with(PREFIX.as_bytes())
            && !name.starts_with(b"x-envoy-")
            && !is_one_of(&HOP_BY_HOP, name)
            && !is_replaced(name)
            && !target.hides(name)
    };
    let kept = headers.iter().filter(|(name, _)| is_kept(name));
    let set = set.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let set = set.filter(|(name, _)| !is_path(name));
    let set = set.chain(path.map(|path| (&b":path"[..], path.as_bytes())));
    // Pseudo-headers come first (RFC 9113, 8.3).
    let (pseudo, plain): (Vec<_>, Vec<_>) = kept.chain(set).partition(|(name, _)| name.starts_with(b":"));
    owned(pseudo.into_iter().chain(plain))
}

/// Headers of a provider's answer that the filter gives again, as the client gets them: its own in place of the provider's.
pub(crate) fn provider_headers(headers: &Headers, own: &HeaderList) -> Pairs {
    let is_kept = |name: &[u8]| {
        !name.starts_with(b":")
            && !is_ours(name)
            && !name.starts_with(b"x-envoy-")
            && !matches!(name, b"date" | b"server")
            && !is_one_of(&HOP_BY_HOP, name)
    };
    let is_own = |name: &[u8]| own.iter().any(|(known, _)| known.as_bytes() == name);
    let kept = headers.iter().filter(|(name, _)| is_kept(name) && !is_own(name));
    owned(kept.chain(own.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))))
}

/// What a list of the filter's own comes to.
pub(crate) fn pairs(list: &HeaderList) -> Pairs {
    owned(list.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Pairs {
    pairs.map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect()
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

#[cfg(test)]
mod tests {
    use seawall_policy::policy::TargetId;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_callers_key_in_the_query_is_taken_out() {
        for (path, without) in [
            ("/v1beta/models/x:generateContent?key=K", Some("/v1beta/models/x:generateContent")),
            ("/a?alt=sse&key=K&b=1", Some("/a?alt=sse&b=1")),
            ("/a?monkey=1", None),
            ("/a?key", Some("/a")),
            ("/key=1", None),
        ] {
            assert_eq!(without_keys(path).as_deref(), without, "{path}");
        }
    }

    #[test]
    fn a_target_with_credentials_of_its_own_sees_none_of_the_callers() {
        let policy = "seawall 1\n\
            target keyed { cluster \"k\"  provider openai  auth header \"x-api-key\" env.KEY }\n\
            target open { cluster \"o\"  provider openai }\n\
            route r { match path \"/\"  try keyed, open }";
        let policy = seawall_policy::check(policy).policy.unwrap();
        let config = Config::new(policy, |_| Some("own".into())).unwrap();
        let headers: Headers = [
            ("authorization", "Bearer theirs"),
            ("x-api-key", "theirs"),
            ("api-key", "theirs"),
            ("x-a", "b"),
        ]
        .into_iter()
        .collect();
        let target = |id| config.target(TargetId(id)).unwrap();
        let sent = |id| dispatched_headers(&headers, target(id), None);
        let pair = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());

        assert_eq!(foreign_credentials(&headers, target(0)), ["api-key", "authorization"]);
        assert_eq!(sent(0), [pair("x-a", "b"), pair("x-api-key", "own")]);
        assert!(foreign_credentials(&headers, target(1)).is_empty());
        assert_eq!(sent(1).len(), 4, "without its own it gets what the caller sends");
    }
}

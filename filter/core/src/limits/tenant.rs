//! Whose request it is.
//!
//! | source | from | is the name in `tenants` |
//! |---|---|---|
//! | `jwt "claim"` | the claim of the token that Envoy verified | yes |
//! | `header "name"` | the header's first value | yes |
//! | `san` | the first name in the client's certificate | yes |
//! | `api_key` | the key the caller sends, as a keyed hash | no: a key is no name |
//!
//! The first source that is present decides; an empty value is none. Who has none is `anonymous`, and all of those are one tenant.
//! Names are told apart by a keyed hash and kept nowhere.

use seawall_policy::policy::{CREDENTIAL_HEADERS, ConversationSource, Policy, TenantSource};

use super::book::Who;
use super::fleet;
use super::keyed::HashKey;
use crate::headers::Headers;

/// Of whom nothing says who they are.
const ANONYMOUS: &str = "anonymous";

/// What the host knows of a caller beyond the request's headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// What the verified token says, in the order of the policy's sources.
    pub claims: Vec<Option<String>>,
    /// The first subject alternative name of the client's certificate.
    pub san: Option<String>,
    /// What the request's metadata say that was asked for, in order.
    pub metadata: Vec<Option<String>>,
}

impl Identity {
    /// The name that a property of the host is. The host hands over values without their types: texts as they are; numbers, which in
    /// metadata are doubles, as eight bytes, little endian; truth values and lists in bytes that no name has.
    #[must_use]
    pub fn name(value: Vec<u8>) -> Option<String> {
        let is_name = |text: &str| !text.is_empty() && !text.contains(|char: char| char.is_ascii_control());
        match String::from_utf8(value) {
            Ok(text) if is_name(&text) => Some(text),
            Ok(other) => whole_number(other.as_bytes()),
            Err(other) => whole_number(other.as_bytes()),
        }
    }
}

/// In decimal digits. One that is too large to be told from its neighbours is none.
fn whole_number(bytes: &[u8]) -> Option<String> {
    const TOO_LARGE: f64 = 9_007_199_254_740_992.0; // 2^53
    let number = f64::from_le_bytes(bytes.try_into().ok()?);
    (number.fract() == 0.0 && number.abs() < TOO_LARGE).then(|| (number as i64).to_string())
}

/// The claims that a policy asks for, in order.
pub(crate) fn claims(policy: &Policy) -> impl Iterator<Item = &str> {
    policy.tenant.iter().filter_map(|source| match source {
        TenantSource::Jwt { claim } => Some(claim.as_str()),
        _ => None,
    })
}

/// Where the metadata stand that name conversations, route by route: namespaces and keys.
pub(crate) fn metadata(policy: &Policy) -> impl Iterator<Item = (&str, &str)> {
    policy.routes.iter().filter_map(|route| match &route.contract.conversation.as_ref()?.by {
        ConversationSource::Metadata { namespace, key } => Some((namespace.as_str(), key.as_str())),
        ConversationSource::Header(_) => None,
    })
}

/// Whether it takes more than headers to know whose a request is, and to which conversation it belongs.
pub(crate) fn asks_host(policy: &Policy) -> bool {
    metadata(policy).next().is_some()
        || policy.tenant.iter().any(|source| matches!(source, TenantSource::Jwt { .. } | TenantSource::San))
}

/// What a caller is known by.
enum Known<'r> {
    Name(&'r str),
    Key(&'r [u8]),
}

fn known<'r>(policy: &Policy, headers: &'r Headers, identity: &'r Identity) -> Known<'r> {
    let mut claims = identity.claims.iter();
    let found = policy.tenant.iter().find_map(|source| {
        let name = match source {
            TenantSource::Jwt { .. } => claims.next()?.as_deref(),
            TenantSource::San => identity.san.as_deref(),
            TenantSource::Header { name, .. } => headers.get(name),
            TenantSource::ApiKey => return api_key(headers).map(Known::Key),
        };
        name.map(str::trim).filter(|name| !name.is_empty()).map(Known::Name)
    });
    found.unwrap_or(Known::Name(ANONYMOUS))
}

/// How a rate limit service is told of the tenant; the same in all proxies.
pub(crate) fn label(policy: &Policy, headers: &Headers, identity: &Identity) -> String {
    match known(policy, headers, identity) {
        Known::Name(name) => fleet::of_name(name),
        Known::Key(key) => fleet::of_key(key),
    }
}

/// Whose request it is, and of which tier.
pub(crate) fn who(
    policy: &Policy,
    key: HashKey,
    headers: &Headers,
    identity: &Identity,
    route: usize,
) -> Who {
    let (tenant, tier) = match known(policy, headers, identity) {
        Known::Name(name) => (key.hash(name.as_bytes()), tier_of(policy, Some(name))),
        Known::Key(found) => (key.hash(&[b"\0key ", found].concat()), tier_of(policy, None)),
    };
    let conversation = conversation(policy, headers, identity, route).map(|name| {
        // Nobody can use up what another tenant's conversation of this name may use.
        key.hash(&[&tenant.to_le_bytes()[..], b"\0conversation ", name.as_bytes()].concat())
    });
    Who { tenant, tier, route, conversation }
}

/// What its conversation is called, where that is limited.
fn conversation<'r>(
    policy: &Policy,
    headers: &'r Headers,
    identity: &'r Identity,
    route: usize,
) -> Option<&'r str> {
    let by = |route: usize| Some(&policy.routes.get(route)?.contract.conversation.as_ref()?.by);
    let name = match by(route)? {
        ConversationSource::Header(name) => headers.get(name)?,
        ConversationSource::Metadata { .. } => {
            let is_asked = |route: &usize| matches!(by(*route), Some(ConversationSource::Metadata { .. }));
            identity.metadata.get((0..route).filter(is_asked).count())?.as_deref()?
        }
    };
    Some(name.trim()).filter(|name| !name.is_empty())
}

/// The caller as conditions name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named<'r> {
    /// Empty for one that is known by its key alone.
    pub(crate) tenant: &'r str,
    /// Empty where no tier takes the tenant.
    pub(crate) tier: &'r str,
}

impl<'r> Named<'r> {
    pub(crate) fn of(policy: &'r Policy, headers: &'r Headers, identity: &'r Identity) -> Self {
        let name = if let Known::Name(name) = known(policy, headers, identity) { Some(name) } else { None };
        let tier = tier_of(policy, name).and_then(|tier| policy.tiers.get(tier));
        Self { tenant: name.unwrap_or_default(), tier: tier.map_or("", |tier| &tier.name) }
    }
}

/// The key a caller sends, without the word that says how. Of two keys only the provider knows which one counts, and whoever put a
/// random one beside their own would be a new tenant each time: they are nobody in particular.
fn api_key(headers: &Headers) -> Option<&[u8]> {
    let is_credential = |name: &[u8]| CREDENTIAL_HEADERS.iter().any(|known| known.as_bytes() == name);
    let mut keys = headers.iter().filter(|(name, _)| is_credential(name)).filter_map(|(_, value)| {
        let value = value.trim_ascii();
        let (scheme, rest) = value.split_at_checked(6).unwrap_or((value, b""));
        let key = if scheme.eq_ignore_ascii_case(b"bearer") { rest.trim_ascii() } else { value };
        (!key.is_empty()).then_some(key)
    });
    let key = keys.next()?;
    keys.all(|other| other == key).then_some(key)
}

/// The tier that names the tenant, or the default one.
fn tier_of(policy: &Policy, name: Option<&str>) -> Option<usize> {
    let names =
        |tenants: &[String], name: &str| tenants.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
    let named = name.and_then(|name| policy.tiers.iter().position(|tier| names(&tier.tenants, name)));
    named.or_else(|| policy.tiers.iter().position(|tier| tier.is_default))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::rng::Seed;

    fn key() -> HashKey {
        HashKey::shared(&mut MemoryStore::default(), &mut Seed(1).derive(0))
    }

    fn policy(sources: &str) -> Policy {
        super::super::tests::policy(&format!(
            "seawall 1\n\
             target t {{ cluster \"t\"  provider openai }}\n\
             tenant by {sources}\n\
             tier gold {{ tenants \"globex\", \"acme\" }}\n\
             tier rest {{ default }}\n\
             route r {{ match path \"/\"  try t }}"
        ))
    }

    fn from(policy: &Policy, headers: &[(&str, &str)], identity: &Identity) -> (u64, String) {
        let headers = headers.iter().copied().collect();
        let Who { tenant, tier, .. } = who(policy, key(), &headers, identity, 0);
        (tenant, policy.tiers[tier.unwrap()].name.clone())
    }

    #[test]
    fn texts_and_whole_numbers_are_names_and_nothing_else_is() {
        let numbers = [0.0, -0.0, 1.0, 42.0, -7.0, 1e15, 9_007_199_254_740_991.0];
        let texts = ["0", "0", "1", "42", "-7", "1000000000000000", "9007199254740991"];
        for (number, text) in numbers.into_iter().zip(texts) {
            assert_eq!(Identity::name(f64::to_le_bytes(number).to_vec()).as_deref(), Some(text));
        }
        for text in ["acme", "12345678", "a name with spaces", "zw\u{f6}lf"] {
            assert_eq!(Identity::name(text.into()).as_deref(), Some(text));
        }
        for number in [1.5, 9_007_199_254_740_992.0, -1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(Identity::name(number.to_le_bytes().to_vec()), None, "{number}");
        }
        for other in [&b""[..], b"\0", b"\x01", b"\x01\0\0\0\x04\0\0\0acme", b"\xff\xfe"] {
            assert_eq!(Identity::name(other.to_vec()), None, "{other:?}");
        }
    }

    #[test]
    fn the_first_source_that_is_present_decides() {
        let policy = policy("jwt \"org\", san, jwt \"sub\", header \"x-tenant\" trusted, api_key");
        assert_eq!(claims(&policy).collect::<Vec<_>>(), ["org", "sub"]);
        assert!(asks_host(&policy));
        let named = |name: &str| {
            (key().hash(name.as_bytes()), if name == "acme" { "gold" } else { "rest" }.to_owned())
        };
        let of = |claims: [Option<&str>; 2], san: Option<&str>, headers: &[(&str, &str)]| {
            let claims = claims.map(|claim| claim.map(str::to_owned)).to_vec();
            from(&policy, headers, &Identity { claims, san: san.map(str::to_owned), metadata: Vec::new() })
        };
        let headers = [("x-tenant", " acme "), ("authorization", "Bearer k")];
        assert_eq!(of([Some("o"), Some("s")], Some("n"), &headers), named("o"));
        assert_eq!(of([Some(""), Some("s")], Some("acme"), &headers), named("acme"));
        assert_eq!(of([None, Some("s")], None, &headers), named("s"));
        assert_eq!(of([None, None], None, &headers), named("acme"));
        assert_eq!(of([None, None], None, &[]), named("anonymous"));
        assert_eq!(from(&policy, &[], &Identity::default()), named("anonymous"));
    }

    #[test]
    fn a_key_is_told_apart_wherever_it_is_sent_and_is_no_name() {
        let policy = policy("api_key");
        assert!(!asks_host(&policy));
        let of = |name: &str, value: &str| from(&policy, &[(name, value)], &Identity::default());
        assert_eq!(of("authorization", "Bearer acme"), of("x-api-key", "acme"));
        assert_ne!(of("x-api-key", "acme"), of("x-api-key", "other"));
        assert_ne!(of("x-api-key", "acme").0, key().hash(b"acme"));
        assert_eq!(of("x-api-key", "acme").1, "rest");
        let anonymous = key().hash(ANONYMOUS.as_bytes());
        assert_eq!(of("authorization", "Bearer ").0, anonymous);
        let both = |keys: [(&str, &str); 2]| from(&policy, &keys, &Identity::default()).0;
        for name in ["x-api-key", "authorization"] {
            assert_eq!(both([("x-api-key", "made up"), (name, "acme")]), anonymous, "{name}");
            assert_eq!(both([("x-api-key", "acme"), (name, "acme")]), of("x-api-key", "acme").0);
        }
    }
}

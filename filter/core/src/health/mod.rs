//! `GET /seawall/health`: how the targets are, for those who may read it.
//!
//! The filter answers it before any route. Whoever may not read it gets what that path would get without the page: nothing
//! shows that it is there.

mod page;

use std::net::IpAddr;

use seawall_policy::policy::{self, Auth, EnvVar, Network};

pub(crate) use self::page::page;
use self::page::{Numbers, RouteRow, Row};
use crate::breaker::Guards;
use crate::config::Config;
use crate::contract::latency;
use crate::headers::Headers;

use crate::stats::Stats;
use crate::store::Store;
use crate::time::Timestamp;

const PATH: &str = "/seawall/health";

/// Who may read it.
pub(crate) struct Readers {
    /// A header and the value that it must have.
    secret: Option<(String, String)>,
    /// Where they may come from; anywhere if empty.
    from: Vec<Network>,
}

/// Whether a request may read the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It asks for something else, or has not the secret.
    Denied,
    /// It has, but must come from the right address.
    ByAddress,
    Granted,
}

impl Readers {
    pub(crate) fn new(health: &policy::Health, secret: &mut impl FnMut(&EnvVar) -> String) -> Self {
        let secret = health.auth.as_ref().map(|auth| match auth {
            Auth::Bearer(variable) => ("authorization".to_owned(), ["Bearer ", &secret(variable)].concat()),
            Auth::Header { name, value } => (name.clone(), secret(value)),
        });
        Self { secret, from: health.from.clone() }
    }

    pub(crate) fn access(&self, headers: &Headers) -> Access {
        let path = headers.get(":path").and_then(|path| path.split('?').next());
        if path != Some(PATH) || headers.get(":method") != Some("GET") {
            return Access::Denied;
        }
        let shows = |(name, value): &(String, String)| {
            headers.get(name).is_some_and(|shown| is_same(shown.as_bytes(), value.as_bytes()))
        };
        match &self.secret {
            Some(secret) if !shows(secret) => Access::Denied,
            _ if self.from.is_empty() => Access::Granted,
            _ => Access::ByAddress,
        }
    }

    /// The header that holds the secret.
    pub(crate) fn secret_header(&self) -> Option<&str> {
        self.secret.as_ref().map(|(name, _)| name.as_str())
    }

    /// `address` as the host writes it, with a port or without.
    pub(crate) fn admit(&self, address: &str) -> bool {
        address_of(address).is_some_and(|address| self.from.iter().any(|network| network.holds(address)))
    }
}

/// What is known of every target, each with its models; also of those that no breaker guards.
pub(crate) fn rows(
    config: &Config,
    (guards, stats): (&mut Guards, &mut Stats),
    store: &mut dyn Store,
    now: Timestamp,
) -> Vec<Row> {
    let known = guards.known(store);
    let mut rows: Vec<Row> = Vec::with_capacity(known.len());
    for number in 0..config.policy().targets.len() {
        let id = policy::TargetId(number);
        let guarded = known.iter().filter(|known| known.target == id).map(|known| Row::guarded(known, now));
        let before = rows.len();
        rows.extend(guarded);
        for (model, view) in stats.known(store, number, now) {
            let mut own = rows.iter_mut().skip(before).filter(|row| row.model == model).peekable();
            // A model that no breaker guards has a row as well, if it was used.
            if own.peek().is_some() {
                own.for_each(|row| row.numbers.add(&view, now));
            } else if view.attempts() > 0 || rows.len() == before {
                let mut numbers = Numbers::default();
                numbers.add(&view, now);
                rows.push(Row { target: id, model, breaker: None, numbers });
            }
        }
    }
    rows
}

/// What is known of every route whose contract says how long its requests may take.
pub(crate) fn routes(
    config: &Config,
    stats: &mut Stats,
    store: &mut dyn Store,
    now: Timestamp,
) -> Vec<RouteRow> {
    let routes = config.policy().routes.iter().enumerate();
    let told = routes.filter_map(|(number, route)| Some((route, config.latency(number)?)));
    let row = |(route, rule): (&policy::Route, &latency::Rule)| RouteRow {
        name: route.name.as_str().into(),
        percentile: rule.percentile,
        most: rule.most,
        now: rule.percentile((&mut *stats, &mut *store), now),
    };
    told.map(row).collect()
}

/// `10.0.0.7:4321`, `[::1]:4321`, or without the port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => text,
        },
    };
    bare.parse().ok()
}

/// Compares every byte whatever the first that differs, so that the time it takes tells nothing but a length.
fn is_same(shown: &[u8], secret: &[u8]) -> bool {
    let differing = shown.iter().zip(secret).fold(0, |differing, (a, b)| differing | (a ^ b));
    std::hint::black_box(differing) == 0 && shown.len() == secret.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(secret: Option<(&str, &str)>, from: &[&str]) -> Readers {
        let secret = secret.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Readers { secret, from: from.iter().filter_map(|network| Network::parse(network)).collect() }
    }

    fn access(readers: &Readers, list: &[(&str, &str)]) -> Access {
        let path = if list.iter().any(|(name, _)| *name == ":path") { None } else { Some((":path", PATH)) };
        readers.access(&list.iter().copied().chain([(":method", "GET")]).chain(path).collect())
    }

    #[test]
    fn only_who_shows_the_secret_may_read_it() {
        let readers = readers(Some(("x-key", "s3cret")), &[]);
        for (shown, expected) in [
            (vec![], Access::Denied),
            (vec![("x-key", "")], Access::Denied),
            (vec![("x-key", "s3cre")], Access::Denied),
            (vec![("x-key", "s3cret!")], Access::Denied),
            (vec![("x-key", "S3cret")], Access::Denied),
            (vec![("authorization", "s3cret")], Access::Denied),
            (vec![("x-key", "s3cret")], Access::Granted),
            (vec![("x-key", "s3cret"), (":path", "/seawall/health?a=b")], Access::Granted),
            (vec![("x-key", "s3cret"), (":path", "/seawall/health/")], Access::Denied),
            (vec![("x-key", "s3cret"), (":path", "/v1/models")], Access::Denied),
        ] {
            assert_eq!(access(&readers, &shown), expected, "{shown:?}");
        }
        let post = [(":path", PATH), (":method", "POST"), ("x-key", "s3cret")];
        assert_eq!(readers.access(&post.into_iter().collect()), Access::Denied);
    }

    #[test]
    fn with_both_the_secret_comes_first_and_the_address_must_fit_as_well() {
        let both = readers(Some(("x-key", "s3cret")), &["10.0.0.0/8"]);
        assert_eq!(access(&both, &[]), Access::Denied);
        assert_eq!(access(&both, &[("x-key", "s3cret")]), Access::ByAddress);
        assert_eq!(access(&readers(None, &["10.0.0.0/8"]), &[]), Access::ByAddress);
    }

    #[test]
    fn an_address_is_read_with_its_port_and_without() {
        let readers = readers(None, &["10.0.0.0/8", "::1", "fd00::/8"]);
        for (address, expected) in [
            ("10.0.0.7:4321", true),
            ("10.0.0.7", true),
            ("11.0.0.7:4321", false),
            ("[::1]:4321", true),
            ("::1", true),
            ("fd12::7", true),
            ("[fe80::1]:1", false),
            ("[::ffff:10.1.1.1]:80", true),
            ("", false),
            ("/var/run/envoy.sock", false),
            ("envoy://internal", false),
            ("[", false),
        ] {
            assert_eq!(readers.admit(address), expected, "{address}");
        }
    }
}

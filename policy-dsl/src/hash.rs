//! The hash that names a policy. It is taken over an encoding of what the policy means, written out by hand so that it
//! changes only on purpose: each number in eight bytes, each text behind its length, each choice behind its number.
//! Targets and breakers are in the order of their names, and a plan names its targets, because the order of these blocks
//! in the file means nothing. Where something was written (spans) is left out.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::policy::{Auth, PathMatch, Policy, Provider, Retry, Trigger};

/// Changes whenever the encoding does, so that hashes of two encodings never meet.
const ENCODING: &str = "seawall policy 1";

/// First 12 hex digits of the SHA-256.
pub(crate) fn of(policy: &Policy) -> String {
    let mut encoding = Encoding(Vec::new());
    encoding.policy(policy);
    let digest = Sha256::digest(&encoding.0);
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    digest.iter().take(6).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The places of these names, in the order of the names.
fn by_name<'p>(names: impl Iterator<Item = &'p str>) -> impl Iterator<Item = usize> {
    let mut names: Vec<(&str, usize)> = names.zip(0..).collect();
    names.sort_unstable();
    names.into_iter().map(|(_, at)| at)
}

struct Encoding(Vec<u8>);

impl Encoding {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Not 0 when it is there, so that an absent text differs from an empty one.
    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn duration(&mut self, duration: Duration) {
        self.number(duration.as_secs());
        self.number(u64::from(duration.subsec_nanos()));
    }

    fn policy(&mut self, policy: &Policy) {
        self.text(ENCODING);
        self.length(policy.targets.len());
        let names = policy.targets.iter().map(|target| target.name.as_str());
        for target in by_name(names).filter_map(|at| policy.targets.get(at)) {
            self.text(&target.name);
            self.text(&target.cluster);
            self.number(match target.provider {
                Provider::OpenAi => 1,
            });
            self.optional(target.host.as_deref());
            self.optional(target.path.as_deref());
            match &target.auth {
                None => self.number(0),
                Some(Auth::Bearer(variable)) => {
                    self.number(1);
                    self.text(&variable.name);
                }
                Some(Auth::Header { name, value }) => {
                    self.number(2);
                    self.text(name);
                    self.text(&value.name);
                }
            }
            self.optional(target.model.as_deref());
        }
        self.length(policy.breakers.len());
        let names = policy.breakers.iter().map(|breaker| breaker.name.as_str());
        for breaker in by_name(names).filter_map(|at| policy.breakers.get(at)) {
            self.text(&breaker.name);
            self.duration(breaker.window);
            self.number(u64::from(breaker.error_rate_bp));
            self.number(u64::from(breaker.at_least));
            self.duration(breaker.open);
            self.length(breaker.recover.len());
            for probes in &breaker.recover {
                self.number(u64::from(*probes));
            }
        }
        self.routes(policy);
    }

    fn routes(&mut self, policy: &Policy) {
        self.length(policy.routes.len());
        for route in &policy.routes {
            self.text(&route.name);
            match &route.path {
                PathMatch::Exact(path) => {
                    self.number(1);
                    self.text(path);
                }
                PathMatch::Prefix(path) => {
                    self.number(2);
                    self.text(path);
                }
            }
            self.length(route.plan.len());
            for target in &route.plan {
                self.optional(policy.targets.get(target.0).map(|target| target.name.as_str()));
            }
            self.retry(&route.retry);
            let breaker = route.breaker.and_then(|breaker| policy.breakers.get(breaker.0));
            self.optional(breaker.map(|breaker| breaker.name.as_str()));
            self.duration(route.timeout);
        }
    }

    fn retry(&mut self, retry: &Retry) {
        self.length(retry.on.len());
        for trigger in &retry.on {
            self.number(match trigger {
                Trigger::Timeout => 1,
                Trigger::Connect => 2,
                Trigger::Reset => 3,
                Trigger::Status(status) => u64::from(*status),
            });
        }
        self.number(u64::from(retry.attempts));
        self.duration(retry.backoff.base);
        self.duration(retry.backoff.cap);
        self.duration(retry.honor_retry_after);
    }
}

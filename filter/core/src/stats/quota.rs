//! What is left of a provider's quota, by its newest word, so that a target is passed over before it answers 429.
//!
//! What is left to a caller's own key counts for all callers only as far as it is told to be reset within a minute, as its
//! throttling does (see [`verdict`](crate::breaker)): others have other keys, or share its account.
//!
//! Providers refill all the time (token bucket): what is left grows evenly from when it was told up to the limit at the
//! reset. Where no limit is told all of it comes at the reset, and where no reset is, a minute later; ten
//! seconds where neither is.

use std::time::Duration;

use crate::classify::{Grant, Unit};
use crate::time::Timestamp;

/// Where a provider names no reset.
const MINUTE: Duration = Duration::from_secs(60);
/// And where it names no limit either.
const SLICE: Duration = Duration::from_secs(10);
/// Nothing it says is believed for longer; by then it is asked again.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What a provider says is left; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    pub requests: Option<Remaining>,
    pub tokens: Option<Remaining>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    pub left: u32,
    pub limit: u32,
    pub told: Timestamp,
    /// When the limit is left again.
    pub resets: Timestamp,
}

impl Quota {
    /// What the headers of an answer grant. Of several dimensions in one unit the one that has least left, since each of
    /// them must be enough; tokens of answers alone say little about what a request may still ask.
    pub(crate) fn new(grants: &[Grant], now: Timestamp) -> Self {
        let least = |is_unit: fn(Unit) -> bool| {
            let counted = grants.iter().filter(|grant| is_unit(grant.dimension.unit));
            let remaining = counted.filter_map(|grant| {
                let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
                let left = number(grant.remaining?);
                let limit = grant.limit.map_or(left, number).max(left);
                // Azure OpenAI tells neither of requests, and counts them in slices of so many seconds.
                let unsaid = if grant.limit.is_none() { SLICE } else { MINUTE };
                let resets = now.after(grant.reset.unwrap_or(unsaid).min(LONGEST));
                Some(Remaining { left, limit, told: now, resets })
            });
            remaining.min_by_key(|remaining| (remaining.left, u64::MAX - remaining.resets.0))
        };
        let requests = least(|unit| unit == Unit::Requests);
        let tokens = least(|unit| matches!(unit, Unit::Tokens | Unit::InputTokens));
        Self { requests, tokens }
    }

    /// From when on there is likely enough left for one request of so many tokens.
    #[must_use]
    pub fn suffices_from(&self, tokens: u32) -> Timestamp {
        let requests = self.requests.map(|remaining| remaining.has_from(1));
        requests.max(self.tokens.map(|remaining| remaining.has_from(tokens.max(1)))).unwrap_or_default()
    }
}

impl Remaining {
    fn has_from(&self, wanted: u32) -> Timestamp {
        let missing = u64::from(wanted.saturating_sub(self.left));
        if missing == 0 {
            return Timestamp(0);
        }
        let (whole, all) = (u64::from(self.limit.saturating_sub(self.left)), self.resets.since(self.told));
        // More than the limit never fits: that is for the provider to say.
        let share = (all.as_millis() as u64).saturating_mul(missing.min(whole)) / whole.max(1);
        if whole == 0 { self.resets } else { self.told.after(Duration::from_millis(share)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::quota;
    use crate::headers::Headers;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(1_700_000_000_000_000_000 + seconds * 1_000_000_000)
    }

    fn told(headers: &[(&str, &str)]) -> Quota {
        let headers: Headers = headers.iter().copied().collect();
        Quota::new(&quota(&headers, at(0)), at(0))
    }

    #[test]
    fn a_bucket_refills_evenly() {
        let quota = told(&[
            ("x-ratelimit-limit-tokens", "60000"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "1m0s"),
            ("x-ratelimit-remaining-requests", "10"),
        ]);
        for (tokens, from) in [(1_000, 1), (30_000, 30), (60_000, 60), (1_000_000, 60)] {
            assert_eq!(quota.suffices_from(tokens), at(from), "{tokens}");
        }
    }

    #[test]
    fn without_a_limit_all_comes_at_the_reset_and_without_a_reset_soon() {
        let none = |reset: &[(&str, &str)]| {
            told(&[&[("x-ratelimit-remaining-requests", "0")], reset].concat()).suffices_from(1)
        };
        assert_eq!(none(&[("x-ratelimit-reset-requests", "7s")]), at(7));
        assert_eq!(
            none(&[("x-ratelimit-limit-requests", "20")]).min(at(60)),
            none(&[("x-ratelimit-limit-requests", "20"), ("x-ratelimit-reset-requests", "60s")]),
            "a minute"
        );
        assert_eq!(none(&[]), at(10), "Azure's slices");
        assert_eq!(none(&[("x-ratelimit-reset-requests", "9999h")]), at(3_600), "hostile");
    }

    #[test]
    fn every_dimension_must_be_enough() {
        let quota = told(&[
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-tokens-remaining", "8000"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2023-11-14T22:13:50Z"),
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ]);
        assert_eq!(
            (quota.requests.map(|left| left.left), quota.tokens.map(|left| left.left)),
            (Some(49), Some(0))
        );
        assert_eq!(quota.suffices_from(10), at(30));
    }

    #[test]
    fn who_says_nothing_limits_nothing() {
        assert_eq!(told(&[("content-type", "application/json")]), Quota::default());
        assert_eq!(Quota::default().suffices_from(u32::MAX), Timestamp(0));
    }
}

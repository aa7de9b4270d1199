//! The retry budget: what keeps retries from making an outage worse.
//!
//! A provider that is down fails every request; three attempts each would triple the traffic it gets while it tries to recover.
//! `budget 10% of requests, at least 3/s` admits one retry for every ten requests, and three in any second, of all
//! requests of one route in all workers; see [`share`](super::share) for the window and its slack. Each route has a budget of its
//! own: one that fails takes nothing from the others.
//!
//! Retries must happen at one layer. A caller that retries by itself (official SDKs twice, an Envoy in front as configured) says so in a
//! header; its retry is no request that pays for others but one that uses the budget up. It is answered like any other
//! request; while callers do the retrying the filter does less of it.

use std::time::Duration;

use seawall_policy::policy::{RetryBudget, Route, Target};

use super::Bound;
use crate::headers::Headers;

/// The window is ten of these. Short, so that what a calm minute has saved up isn't spent in the first second of an outage.
const SLOT: Duration = Duration::from_secs(1);

/// The budget of a route whose first target is `first`.
pub(crate) fn bound(route: &Route, first: &Target, budget: RetryBudget) -> Bound {
    Bound {
        // With the cluster: two filters in one proxy may give different routes the same name.
        key: ["seawall/budget/", &route.name, "/", &first.cluster].concat().into(),
        slot: SLOT,
        share_bp: budget.share_bp,
        at_least_per_second: budget.at_least_per_second,
    }
}

/// Whether the caller says that this request is one it has made before.
///
/// - `x-stainless-retry-count`: retries so far, by the official SDKs of OpenAI and Anthropic (`_base_client.py`).
/// - `x-envoy-attempt-count`: attempts so far, this one included, by an Envoy with `include_request_attempt_count`.
pub(crate) fn is_callers_retry(headers: &Headers) -> bool {
    let is_above = |name, least: u32| {
        let count = headers.get(name).and_then(|value| value.trim().parse::<u32>().ok());
        count.is_some_and(|count| count > least)
    };
    is_above("x-stainless-retry-count", 0) || is_above("x-envoy-attempt-count", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_say_that_they_retry() {
        for (name, value, expected) in [
            ("x-stainless-retry-count", "0", false),
            ("x-stainless-retry-count", "1", true),
            ("x-stainless-retry-count", " 2 ", true),
            ("x-stainless-retry-count", "-1", false),
            ("x-stainless-retry-count", "99999999999", false),
            ("x-stainless-retry-count", "", false),
            ("x-envoy-attempt-count", "1", false),
            ("x-envoy-attempt-count", "2", true),
            ("x-envoy-attempt-count", "two", false),
            ("x-retry-count", "7", false),
        ] {
            let headers: Headers = [(name, value)].into_iter().collect();
            assert_eq!(is_callers_retry(&headers), expected, "{name}: {value}");
        }
    }
}

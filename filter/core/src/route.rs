//! Which route takes a request: the first whose path matches and whose condition holds.
//!
//! | the first route that may take it | when the headers are here | when the body is here |
//! |---|---|---|
//! | has no condition, or one on headers alone that holds | takes it | |
//! | has a condition on the body, and a body that can be read is to come | held until then | takes it if the condition holds, else the next one |
//! | has a condition on the body, and none is to come, or none that can be read | its condition sees an empty body | |
//!
//! A request that no route takes goes where it was going, as it came. A body that turns out to be no JSON is an empty one to
//! conditions, too. The hour is that of the request's arrival for all of them: otherwise a request that comes at one hour, and
//! its body in the next, could find every route closed.

use seawall_policy::policy::PathMatch;

use crate::body;
use crate::config::Config;
use crate::headers::Headers;
use crate::limits::{Identity, Named};
use crate::sight::{Body, Sight};
use crate::time::Timestamp;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This route takes it.
    Route(usize),
    /// Its body decides; this is the first route that may take it.
    Body(usize),
    /// No route takes it.
    Pass,
}

impl Config {
    /// Chooses by what is known when a request's headers are here.
    pub(crate) fn choose_by_headers(
        &self,
        headers: &Headers,
        identity: &Identity,
        arrived: Timestamp,
        has_body: bool,
    ) -> Choice {
        let named = self.named(headers, identity);
        match self.choose(0, &Sight::new(headers, arrived, Body::Awaited).of(named)) {
            Choice::Body(from) if !has_body || !body::is_json(headers) => {
                self.choose(from, &Sight::new(headers, arrived, Body::Silent).of(named))
            }
            choice => choice,
        }
    }

    /// The caller as conditions name it; nobody where none asks.
    pub(crate) fn named<'r>(&'r self, headers: &'r Headers, identity: &'r Identity) -> Named<'r> {
        if self.asks.caller { Named::of(self.policy(), headers, identity) } else { Named::default() }
    }

    /// Chooses among the routes from this one on.
    pub(crate) fn choose(&self, from: usize, sight: &Sight<'_>) -> Choice {
        for (number, route) in self.policy().routes.iter().enumerate().skip(from) {
            let is_on_path = match &route.path {
                PathMatch::Exact(exact) => sight.path() == exact,
                PathMatch::Prefix(prefix) => sight.path().starts_with(prefix.as_str()),
            };
            if !is_on_path {
                continue;
            }
            match &route.when {
                Some(when) if when.needs_body() && sight.awaits_body() => return Choice::Body(number),
                Some(when) if !when.holds(sight) => {}
                _ => return Choice::Route(number),
            }
        }
        Choice::Pass
    }
}

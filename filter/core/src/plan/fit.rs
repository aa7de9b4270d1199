//! What a request asks of its target, read from its body; see [`fit`] for what that means to a target.
//!
//! [`fit`]: seawall_policy::policy::fit

use seawall_policy::policy::Capability;
use seawall_policy::policy::fit::{Capabilities, Demand, Unfit};

use super::Place;
use crate::body::Facts;

/// Reads it from a body that brings `input` tokens, and allows an answer of `output`; `of_interest` are the capabilities that a target of the route lacks. A body
/// that can't be read asks for nothing that is known.
pub(crate) fn demand(
    body: &[u8],
    facts: Option<&Facts>,
    (input, output): (u64, Option<u64>),
    of_interest: Capabilities,
) -> Demand {
    let Some(facts) = facts else { return Demand { input, ..Demand::default() } };
    Demand {
        input,
        output,
        needs: of_interest.iter().filter(|capability| facts.needs(*capability, body)).collect(),
    }
}

impl Place {
    /// Whether a request may say what a stream's events are to tell.
    pub(crate) fn takes_stream_options(&self) -> bool {
        let options = [Capability::StreamOptions].into_iter().collect();
        self.lacks.and(options).is_empty()
    }

    /// Whether this place can serve a request.
    pub(crate) fn fits(&self, demand: &Demand) -> bool {
        self.unfit(demand).is_none()
    }

    /// What keeps this place from serving a request.
    pub(super) fn unfit(&self, demand: &Demand) -> Option<Unfit> {
        demand.unfit(self.lacks, self.context, self.max_tokens)
    }
}

//! Whether a target can serve a request at all, as far as that is known before it is tried.

use seawall_policy::policy::Capability;

use super::Place;
use super::order::EXPECTED_OUTPUT;
use crate::body::Facts;

/// Bytes of a request's body that are taken for one token of its prompt.
///
/// English text has about four characters a token (OpenAI, "What are tokens and how to count them?"). The body's names and
/// signs are counted along, and so are images, which makes the estimate a high one. It is replaced where tokens are counted.
const BYTES_PER_TOKEN: u64 = 4;

/// Capabilities, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(u8);

impl Capabilities {
    pub(crate) fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.0 & bit(*capability) != 0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(capabilities.into_iter().fold(0, |bits, capability| bits | bit(capability)))
    }
}

fn bit(capability: Capability) -> u8 {
    1 << capability as u8
}

/// What a request asks of its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Estimated tokens of the prompt.
    pub(crate) input: u64,
    /// Most tokens of the answer, where the request says.
    pub(crate) output: Option<u64>,
    pub(crate) needs: Capabilities,
}

impl Demand {
    /// Reads it from a body; `of_interest` are the capabilities that a target of the route lacks. A body that can't be read
    /// asks for nothing that is known.
    pub(crate) fn new(body: &[u8], facts: Option<&Facts>, of_interest: Capabilities) -> Self {
        let Some(facts) = facts else {
            return Self { input: body.len() as u64 / BYTES_PER_TOKEN, ..Self::default() };
        };
        Self {
            input: body.len() as u64 / BYTES_PER_TOKEN,
            output: facts.most_tokens(body),
            needs: of_interest.iter().filter(|capability| facts.needs(*capability, body)).collect(),
        }
    }
}

impl Demand {
    /// Tokens that it is expected to use up, prompt and answer together.
    pub(crate) fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output.map_or(EXPECTED_OUTPUT, |most| most.min(EXPECTED_OUTPUT)))
    }
}

/// Why no target of a plan can serve a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// What it needs and some target lacks.
    pub(crate) missing: Capabilities,
    /// The tokens it needs, and the largest context window that is too small for them.
    pub(crate) window: Option<(u64, u64)>,
}

impl Unfit {
    pub(super) fn and(self, other: Self) -> Self {
        let larger =
            |(needed, window), (other, wider)| if wider > window { (other, wider) } else { (needed, window) };
        let window = match (self.window, other.window) {
            (Some(one), Some(another)) => Some(larger(one, another)),
            (one, another) => one.or(another),
        };
        Self { missing: self.missing.with(other.missing), window }
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> String {
        let mut text = String::from("no target of this route can serve this request");
        let mut before = ": it needs ";
        for capability in self.missing.iter() {
            text.push_str(before);
            text.push_str(capability.word());
            before = ", ";
        }
        if let Some((needed, window)) = self.window {
            for part in [
                before,
                "about ",
                &needed.to_string(),
                " tokens, and the largest context window holds ",
                &window.to_string(),
            ] {
                text.push_str(part);
            }
        }
        text
    }
}

impl Place {
    /// What keeps this place from serving a request.
    pub(super) fn unfit(&self, demand: &Demand) -> Option<Unfit> {
        let missing = demand.needs.and(self.lacks);
        let needed = demand.input.saturating_add(self.most_output(demand).unwrap_or_default());
        let window = self.context.filter(|window| needed > *window).map(|window| (needed, window));
        (!missing.is_empty() || window.is_some()).then_some(Unfit { missing, window })
    }

    /// Most tokens that the answer may have here.
    pub(super) fn most_output(&self, demand: &Demand) -> Option<u64> {
        match (demand.output, self.max_tokens) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }
}

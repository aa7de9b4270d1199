//! Whether a target can serve a request at all, as far as that is known before it is tried.
//!
//! The one place that decides it: for the filter's plans, and for what `seawall explain` tells of a request.

use super::{Capability, Price};

/// Bytes of a request's body that are taken for one token of its prompt.
///
/// English text has about four characters a token (OpenAI, "What are tokens and how to count them?"). The body's names and
/// signs are counted along, and so are images, which makes the estimate a high one. It is replaced where tokens are counted.
pub const BYTES_PER_TOKEN: u64 = 4;

/// Tokens that an answer is taken to have where it may have more.
pub const EXPECTED_OUTPUT: u64 = 512;

/// Capabilities, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |capability| self.0 & bit(*capability) != 0)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and those.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is among both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
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
pub struct Demand {
    /// Estimated tokens of the prompt.
    pub input: u64,
    /// Most tokens of the answer, where the request says.
    pub output: Option<u64>,
    pub needs: Capabilities,
}

impl Demand {
    /// Tokens that it is expected to use up, prompt and answer together.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output.map_or(EXPECTED_OUTPUT, |most| most.min(EXPECTED_OUTPUT)))
    }

    /// Most tokens that its answer may have at a target where the plan says so much.
    #[must_use]
    pub fn most_output(&self, max_tokens: Option<u64>) -> Option<u64> {
        match (self.output, max_tokens) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }

    /// What one attempt is expected to cost at this price, in pico-dollars, where the plan allows so many tokens.
    #[must_use]
    pub fn cost(&self, price: Price, max_tokens: Option<u64>) -> u64 {
        let output = self.most_output(max_tokens).map_or(EXPECTED_OUTPUT, |most| most.min(EXPECTED_OUTPUT));
        price.input.saturating_mul(self.input).saturating_add(price.output.saturating_mul(output))
    }

    /// What the cap on a failover's cost compares, in pico-dollars: what one attempt is expected to cost at this price, and what it
    /// costs with the longest answer that the request or the plan allows. Of prices that differ more for answers than for
    /// prompts the second is the dearer. Where nothing bounds an answer both are the same.
    #[must_use]
    pub fn costs(&self, price: Price, max_tokens: Option<u64>) -> [u64; 2] {
        let output = self.most_output(max_tokens).unwrap_or(EXPECTED_OUTPUT);
        let longest =
            price.input.saturating_mul(self.input).saturating_add(price.output.saturating_mul(output));
        [self.cost(price, max_tokens), longest]
    }

    /// What keeps a target from serving it that lacks this and whose context window holds so many tokens, if that is known.
    #[must_use]
    pub fn unfit(&self, lacks: Capabilities, context: Option<u64>, max_tokens: Option<u64>) -> Option<Unfit> {
        let missing = self.needs.and(lacks);
        let needed = self.input.saturating_add(self.most_output(max_tokens).unwrap_or_default());
        let window = context.filter(|window| needed > *window).map(|window| (needed, window));
        (!missing.is_empty() || window.is_some()).then_some(Unfit { missing, window })
    }
}

/// Whether a failover may go to a target of these [`Demand::costs`]: they are at most so many hundredths of the first one's.
#[must_use]
pub fn is_affordable(costs: [u64; 2], first: [u64; 2], hundredths: u32) -> bool {
    let is_within =
        |(cost, first): (u64, u64)| cost.saturating_mul(100) <= first.saturating_mul(hundredths.into());
    costs.into_iter().zip(first).all(is_within)
}

/// Fewer tokens of an answer aren't worth their prompt, unless the caller asks for fewer; OpenAI's Responses take no smaller
/// bound ("Create a response", `max_output_tokens`).
pub const LEAST_OUTPUT: u64 = 16;

/// Most tokens that the answer to a prompt of `input` tokens may have at this price, where an attempt may cost `most`
/// micro-dollars; `None` without a bound. `asked` is the most that it may have anyway.
///
/// # Errors
/// What the prompt costs, in micro-dollars, where nothing worth it is left.
pub fn affordable(most: u64, price: Price, input: u64, asked: Option<u64>) -> Result<Option<u64>, u64> {
    // In pico-dollars.
    let prompt = input.saturating_mul(price.input);
    let spent = Err(prompt.div_ceil(1_000_000));
    let Some(left) = most.saturating_mul(1_000_000).checked_sub(prompt) else { return spent };
    let Some(output) = left.checked_div(price.output) else { return Ok(None) };
    if output < asked.unwrap_or(LEAST_OUTPUT).min(LEAST_OUTPUT) { spent } else { Ok(Some(output)) }
}

/// Why no target of a plan can serve a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfit {
    /// What it needs and some target lacks.
    pub missing: Capabilities,
    /// The tokens it needs, and the largest context window that is too small for them.
    pub window: Option<(u64, u64)>,
}

impl Unfit {
    /// Both reasons together: of two windows the larger, which would have been the nearest to suffice.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let larger =
            |(needed, window), (other, wider)| if wider > window { (other, wider) } else { (needed, window) };
        let window = match (self.window, other.window) {
            (Some(one), Some(another)) => Some(larger(one, another)),
            (one, another) => one.or(another),
        };
        Self { missing: self.missing.with(other.missing), window }
    }

    /// What the caller is told.
    #[must_use]
    pub fn message(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// $2 a million in, $8 out.
    const PRICE: Price = Price { input: 2_000_000, cached: 500_000, output: 8_000_000 };

    #[test]
    fn a_failover_is_held_to_what_it_may_cost_however_long_its_answer_becomes() {
        let price = |output| Price { input: 3_000_000, cached: 0, output };
        let (first, dear) = (price(3_000_000), price(30_000_000));
        let is_within = |output, max_tokens, hundredths| {
            let demand = Demand { input: 20_000, output, ..Demand::default() };
            let [costs, first] = [dear, first].map(|price| demand.costs(price, max_tokens));
            is_affordable(costs, first, hundredths)
        };
        // 24 cents and 6 of prompt against 2.4 and 6.
        assert!(!is_within(Some(8_000), None, 300));
        assert!(is_within(Some(8_000), None, 400));
        // As many tokens as the plan leaves; or as are expected.
        assert!(is_within(Some(8_000), Some(500), 300));
        assert!(is_within(Some(100), None, 300));
        assert!(is_within(None, None, 300));
        assert!(!is_within(None, Some(8_000), 300));
        // No number is too large, and what costs nothing is no dearer.
        assert!(is_affordable([u64::MAX; 2], [u64::MAX; 2], 100));
        assert!(is_affordable([0; 2], [0; 2], 100));
    }

    #[test]
    fn an_answer_may_cost_what_the_prompt_leaves() {
        let free = Price { input: 0, cached: 0, output: 0 };
        let table = [
            // $0.25 for 25,000 tokens at $2, which leaves $0.20 for as many at $8.
            (250_000, PRICE, 25_000, None, Ok(Some(25_000))),
            (250_000, PRICE, 125_000, None, Err(250_000)),
            (250_000, PRICE, 125_001, None, Err(250_002)),
            // 15 tokens are left.
            (250_000, PRICE, 124_940, None, Err(249_880)),
            (250_000, PRICE, 124_940, Some(15), Ok(Some(15))),
            (250_000, PRICE, 124_936, None, Ok(Some(16))),
            (1, free, u64::MAX, None, Ok(None)),
            (0, PRICE, 0, Some(0), Ok(Some(0))),
            // No number is too large.
            (250_000, PRICE, u64::MAX, None, Err(u64::MAX / 1_000_000 + 1)),
        ];
        for (most, price, input, asked, expected) in table {
            assert_eq!(affordable(most, price, input, asked), expected, "{most} {input} {asked:?}");
        }
    }
}

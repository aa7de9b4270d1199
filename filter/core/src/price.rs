//! What tokens cost.

use seawall_policy::policy::Price;

use crate::stream::Usage;

/// What so much usage costs, in whole micro-dollars, rounded up: many small ones must not cost nothing. What was written into the
/// provider's cache counts as other input.
pub(crate) fn micro_dollars(usage: Usage, price: Price) -> u64 {
    let cached = usage.cached.min(usage.input);
    let parts = [(usage.input - cached, price.input), (cached, price.cached), (usage.output, price.output)];
    let pico =
        parts.iter().fold(0_u64, |sum, (tokens, price)| sum.saturating_add(tokens.saturating_mul(*price)));
    pico.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_costs_what_the_target_s_price_says() {
        // $2 a million in, $0.50 cached, $8 out; in pico-dollars a token.
        let price = Price { input: 2_000_000, cached: 500_000, output: 8_000_000 };
        let usage = |input, cached, output| Usage { input, cached, output, reasoning: 0 };
        let table = [
            (usage(0, 0, 0), 0),
            (usage(1_000_000, 0, 0), 2_000_000),
            (usage(1_000_000, 1_000_000, 0), 500_000),
            (usage(1_000, 400, 100), 2_200),
            // No provider counts more cached than input.
            (usage(10, 20, 0), 5),
            (usage(u64::MAX, 0, u64::MAX), u64::MAX.div_ceil(1_000_000)),
        ];
        for (usage, expected) in table {
            assert_eq!(micro_dollars(usage, price), expected, "{usage:?}");
        }
        let tiny = Price { input: 1, cached: 0, output: 1 };
        assert_eq!(micro_dollars(usage(1, 0, 0), tiny), 1);
    }
}

//! What one request may use: its route's contract.
//!
//! | rule | what it is held against | otherwise |
//! |---|---|---|
//! | `body` | bytes of the body | 413 |
//! | `turns` | messages of the body | 400 |
//! | `input` | tokens of the prompt, as the first target's model counts them | 400, or the oldest turns are left out ([`trim`](mod@trim)), or the larger target takes it |
//! | `output` | the most tokens that the answer may have | the body's own bound is lowered, or set |
//! | `cost` | the prompt at each target's price, and what the answer may cost at most | the answer's bound is lowered to what the money leaves; a target where that isn't worth its prompt is passed over; 400 where all are |
//! | `latency` | a percentile of how long the route's requests take ([`latency`]) | it is told; nothing is refused |
//!
//! They hold for what can be read, bodies of JSON, whatever their headers call them; of others only `body` and, by their length,
//! `input` and `cost`; of uploads, and of requests that only count tokens, only `body`. What a model is asked in a compressed body, or
//! in a batch, goes nowhere where a rule or a limit would have to know it. Cost is that of one attempt: each that follows, or stands beside
//! it, may cost as much. Where
//! a count is an estimate, it is what the rule holds against, and the caller is told that it is one.

pub(crate) mod latency;
mod trim;

pub(crate) use seawall_policy::policy::fit::affordable;

pub(crate) use self::trim::{MOST_MESSAGES, Trimmed, trim};
use crate::limits::dollars;

/// What a request asks too much of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    Turns {
        counted: u32,
        most: u64,
    },
    /// In tokens.
    Input {
        counted: u64,
        most: u64,
        is_exact: bool,
        /// What would remain with everything left out that may be.
        least: Option<u64>,
    },
    /// What the prompt alone costs at the cheapest target, in micro-dollars.
    Cost {
        counted: u64,
        most: u64,
        tokens: u64,
    },
}

impl Breach {
    /// The word of the rule.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Turns { .. } => "turns",
            Self::Input { .. } => "input",
            Self::Cost { .. } => "cost",
        }
    }

    /// What the caller is told.
    pub(crate) fn message(&self) -> String {
        match *self {
            Self::Turns { counted, most } => [
                "the conversation has ",
                &counted.to_string(),
                " messages, and at most ",
                &most.to_string(),
                " may be sent here",
            ]
            .concat(),
            Self::Input { counted, most, is_exact, least } => {
                // Anthropic's own words, which clients and classifiers of all dialects know.
                let mut text = [
                    "prompt is too long: ",
                    &counted.to_string(),
                    " tokens > ",
                    &most.to_string(),
                    " maximum",
                    if is_exact { " (counted exactly)" } else { " (an estimate)" },
                ]
                .concat();
                if let Some(least) = least {
                    for part in ["; without its oldest turns it still has ", &least.to_string()] {
                        text += part;
                    }
                }
                text
            }
            Self::Cost { counted, most, tokens } => [
                "the prompt of about ",
                &tokens.to_string(),
                " tokens costs ",
                &dollars(counted),
                " and leaves nothing for an answer: an attempt may cost at most ",
                &dollars(most),
            ]
            .concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_says_its_numbers() {
        let input = |least| Breach::Input { counted: 40_000, most: 32_000, is_exact: true, least };
        for (breach, expected) in [
            (input(None), "prompt is too long: 40000 tokens > 32000 maximum (counted exactly)"),
            (
                input(Some(33_000)),
                "prompt is too long: 40000 tokens > 32000 maximum (counted exactly); without its oldest turns it still has 33000",
            ),
            (
                Breach::Turns { counted: 25, most: 20 },
                "the conversation has 25 messages, and at most 20 may be sent here",
            ),
            (
                Breach::Cost { counted: 310_000, most: 250_000, tokens: 155_000 },
                "the prompt of about 155000 tokens costs $0.31 and leaves nothing for an answer: an attempt may cost at most $0.25",
            ),
        ] {
            assert_eq!(breach.message(), expected);
        }
    }
}

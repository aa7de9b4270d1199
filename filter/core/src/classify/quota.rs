//! What a provider still grants, by the headers of any of its answers.
//!
//! | provider | headers |
//! |---|---|
//! | OpenAI, Azure OpenAI | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` |
//! | Mistral | `x-ratelimit-{limit,remaining}-{req,tokens}-{minute,month}` |
//! | Cerebras | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}-{minute,day}` |
//! | others | `x-ratelimit-{limit,remaining,reset}` |
//! | Anthropic | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}` |
//!
//! Gemini, Bedrock and vLLM say nothing. A number that is none, such as Azure's −1, is not there.

use std::time::Duration;

use super::dimension::{Dimension, Period, Unit};
use crate::headers::Headers;
use crate::retry::wait;
use crate::time::Timestamp;

/// Dimensions that are read of one answer; no provider has more.
const MOST: usize = 8;

/// What is granted in one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) dimension: Dimension,
    pub(crate) limit: Option<u64>,
    pub(crate) remaining: Option<u64>,
    /// Until all of it is there again.
    pub(crate) reset: Option<Duration>,
}

/// What the headers of an answer say about what is left. Without such headers it allocates nothing and reads only names.
pub(crate) fn quota(headers: &Headers, now: Timestamp) -> Vec<Grant> {
    let mut grants = Vec::new();
    for (name, value) in headers.iter() {
        let Some((part, dimension)) = part_of(name) else { continue };
        let Ok(value) = std::str::from_utf8(value) else { continue };
        let Some(grant) = at(&mut grants, dimension) else { continue };
        match part {
            Part::Limit => grant.limit = value.trim().parse().ok(),
            Part::Remaining => grant.remaining = value.trim().parse().ok(),
            Part::Reset => grant.reset = wait(value, now),
        }
    }
    grants
}

/// The dimension that has run out. Of several the one that takes longest: until then none of them is enough.
pub(super) fn exhausted(grants: &[Grant]) -> Option<&Grant> {
    grants
        .iter()
        .filter(|grant| grant.remaining == Some(0))
        .max_by_key(|grant| (grant.reset, grant.dimension))
}

fn at(grants: &mut Vec<Grant>, dimension: Dimension) -> Option<&mut Grant> {
    let known = grants.iter().position(|grant| grant.dimension == dimension);
    if known.is_none() && grants.len() < MOST {
        grants.push(Grant { dimension, limit: None, remaining: None, reset: None });
        return grants.last_mut();
    }
    grants.get_mut(known?)
}

enum Part {
    Limit,
    Remaining,
    Reset,
}

/// What a header of this name says about which dimension.
fn part_of(name: &[u8]) -> Option<(Part, Dimension)> {
    let (part, rest) = if let Some(rest) = name.strip_prefix(b"x-ratelimit-") {
        let end = rest.iter().position(|byte| *byte == b'-').unwrap_or(rest.len());
        rest.split_at_checked(end)?
    } else {
        let rest = name.strip_prefix(b"anthropic-ratelimit-")?;
        let end = rest.iter().rposition(|byte| *byte == b'-')?;
        let (rest, part) = rest.split_at_checked(end)?;
        (part.strip_prefix(b"-")?, rest)
    };
    let part = match part {
        b"limit" => Part::Limit,
        b"remaining" => Part::Remaining,
        b"reset" => Part::Reset,
        _ => return None,
    };
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let periods = [(&b"-minute"[..], Period::Minute), (b"-day", Period::Day), (b"-month", Period::Month)];
    let period = periods.iter().find_map(|(word, period)| Some((rest.strip_suffix(*word)?, *period)));
    let (unit, period) = period.unwrap_or((rest, Period::Unsaid));
    let unit = match unit {
        b"" | b"requests" | b"req" => Unit::Requests,
        b"tokens" => Unit::Tokens,
        b"input-tokens" => Unit::InputTokens,
        b"output-tokens" => Unit::OutputTokens,
        _ => return None,
    };
    Some((part, Dimension { period, unit }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2025-08-21T12:40:00Z.
    const NOW: Timestamp = Timestamp(1_755_780_000_000_000_000);

    fn said(headers: &[(&str, &str)]) -> Vec<String> {
        let headers: Headers = headers.iter().copied().collect();
        let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let line = |grant: &Grant| {
            let reset = grant.reset.map_or("-".to_owned(), |reset| format!("{}ms", reset.as_millis()));
            let (remaining, limit) = (number(grant.remaining), number(grant.limit));
            format!("{} {remaining}/{limit} {reset}", grant.dimension.word())
        };
        quota(&headers, NOW).iter().map(line).collect()
    }

    #[test]
    fn openai_grants_requests_and_tokens() {
        let headers = [
            (":status", "200"),
            ("content-type", "application/json"),
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-remaining-tokens", "29996"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        assert_eq!(said(&headers), ["requests 499/500 120ms", "tokens 29996/30000 360000ms"]);
    }

    #[test]
    fn azure_says_minus_one_for_nothing() {
        let headers = [
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-remaining-tokens", "-1"),
            ("x-ratelimit-reset-tokens", "0"),
            ("x-ratelimit-remaining-requests", "19"),
        ];
        assert_eq!(said(&headers), ["tokens -/- 0ms", "requests 19/- -"]);
    }

    #[test]
    fn anthropic_grants_four_dimensions_until_a_time() {
        let headers = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2025-08-21T12:40:01Z"),
            ("anthropic-ratelimit-input-tokens-limit", "30000"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2025-08-21T12:41:00Z"),
            ("anthropic-ratelimit-output-tokens-remaining", "8000"),
            ("anthropic-ratelimit-output-tokens-reset", "2025-08-21T12:39:59Z"),
            ("anthropic-ratelimit-tokens-remaining", "8000"),
            ("anthropic-ratelimit-unified-status", "allowed"),
        ];
        let expected = [
            "requests 49/50 1000ms",
            "input_tokens 0/30000 60000ms",
            "output_tokens 8000/- 0ms",
            "tokens 8000/- -",
        ];
        assert_eq!(said(&headers), expected);
    }

    #[test]
    fn mistral_and_cerebras_say_the_period() {
        let headers = [
            ("x-ratelimit-limit-tokens-minute", "500000"),
            ("x-ratelimit-remaining-tokens-minute", "0"),
            ("x-ratelimit-tokens-query-cost", "1200"),
            ("x-ratelimit-remaining-req-minute", "59"),
            ("x-ratelimit-remaining-tokens-month", "10"),
            ("x-ratelimit-remaining-requests-day", "0"),
            ("x-ratelimit-reset-requests-day", "33011.382867097855"),
        ];
        let expected = [
            "tokens_per_minute 0/500000 -",
            "requests_per_minute 59/- -",
            "tokens_per_month 10/- -",
            "requests_per_day 0/- 33011383ms",
        ];
        assert_eq!(said(&headers), expected);
    }

    #[test]
    fn a_proxy_may_name_no_unit() {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1755780030000")];
        assert_eq!(said(&headers), ["requests 0/- 30000ms"]);
    }

    #[test]
    fn of_what_ran_out_the_longest_counts_and_not_the_smallest_reset() {
        let headers: Headers = [
            ("x-ratelimit-remaining-requests", "3"),
            ("x-ratelimit-reset-requests", "9m"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "40s"),
            ("x-ratelimit-remaining-requests-day", "0"),
            ("x-ratelimit-reset-requests-day", "20s"),
        ]
        .into_iter()
        .collect();
        let grants = quota(&headers, NOW);
        let grant = exhausted(&grants).unwrap();
        assert_eq!((grant.dimension.word(), grant.reset), ("tokens", Some(Duration::from_secs(40))));
    }

    proptest! {
        #[test]
        fn any_headers_are_read(parts in prop::collection::vec(("(x|anthropic)-ratelimit-[a-z-]{0,30}", ".{0,20}"), 0..40)) {
            let headers: Headers = parts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            prop_assert!(quota(&headers, NOW).len() <= MOST);
        }
    }
}

//! What a caller is told of limits: which one refuses and why, and how it stands with the others, in its own dialect.
//!
//! | dialect | headers |
//! |---|---|
//! | OpenAI, Azure OpenAI, Gemini, Bedrock | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`; resets as Go writes durations, `6m0s`, `120ms` |
//! | Anthropic | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`; resets in RFC 3339 |
//!
//! Of several limits of one kind it is the one with least left, and of several kinds of tokens that share a header the one of which
//! the least part is. What is left is what may be used at once; the reset is when all of
//! it is back.

use std::time::Duration;

use seawall_policy::policy::{Provider, Tokens};

use super::admit::{Desk, Refusal, Spot};
use super::book::Asked;
use super::measure::Measure;
use super::rule::{Counts, Rule, dollars};
use crate::effect::{HeaderList, Text};
use crate::time::{Timestamp, nanos, rfc3339};

/// How it stands with what a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    counts: Counts,
    limit: u64,
    remaining: u64,
    reset: Duration,
}

impl Standing {
    /// What part of it is left.
    fn left(&self) -> f64 {
        self.remaining as f64 / self.limit.max(1) as f64
    }

    fn leaves_less_than(&self, other: &Self) -> bool {
        (self.remaining, other.reset) <= (other.remaining, self.reset)
    }
}

impl Desk<'_> {
    /// How it stands with these limits: one of each kind, that with least left.
    pub(super) fn standings(&mut self, asked: &[Asked]) -> Vec<Standing> {
        let now = self.now;
        let mut standings: Vec<Standing> = Vec::new();
        for Asked { place, slots } in asked {
            for &slot in slots {
                let standing = self.look(Spot { place: *place, slot }, |rule, balance| {
                    let (remaining, reset) = balance.remaining(rule.measure, now);
                    let limit = rule.measure.amount();
                    // What others have used of a fleet's limit is not known here.
                    let is_known = matches!(rule.measure, Measure::Rate(_)) && rule.service.is_none();
                    is_known.then_some(Standing { counts: rule.counts, limit, remaining, reset })
                });
                let Some(standing) = standing.flatten() else { continue };
                match standings.iter_mut().find(|known| known.counts == standing.counts) {
                    Some(known) if known.leaves_less_than(&standing) => {}
                    Some(known) => *known = standing,
                    None => standings.push(standing),
                }
            }
        }
        standings
    }

    /// Of which of these limits so much is used, in basis points, as the policy warns of.
    pub(super) fn nearly_used(&mut self, asked: &[Asked]) -> Vec<(Spot, u32)> {
        let (now, mut near) = (self.now, Vec::new());
        for Asked { place, slots } in asked {
            let Some((read, shelf)) = self.read(*place).zip(self.book.shelf(*place)) else { continue };
            let place = place.with_row(read.found.key);
            for &slot in slots {
                let (Some(rule), Some(balance)) = (shelf.rules.get(slot), read.found.row.balances.get(slot))
                else {
                    continue;
                };
                let used = balance.used_bp(rule.measure, now);
                if rule.warn_bp.is_some_and(|warn| used >= warn) {
                    near.push((Spot { place, slot }, used));
                }
            }
        }
        near
    }
}

/// Headers that tell how it stands.
pub(crate) fn headers(standings: &[Standing], dialect: Provider, now: Timestamp) -> HeaderList {
    let mut list = HeaderList::new();
    // Where one header tells of all kinds of tokens, it is the kind of which the least part is left.
    let is_shared =
        |known: &Standing| dialect != Provider::Anthropic && matches!(known.counts, Counts::Tokens(_));
    let shared = standings.iter().filter(|known| is_shared(known));
    let scarcest = shared.min_by(|one, other| one.left().total_cmp(&other.left()));
    let told = standings.iter().filter(|known| !is_shared(known)).chain(scarcest);
    for Standing { counts, limit, remaining, reset } in told {
        let (names, reset) = match (dialect, counts) {
            (Provider::Anthropic, Counts::Requests) => {
                (names::ANTHROPIC_REQUESTS, rfc3339(up(now.after(*reset))))
            }
            (Provider::Anthropic, Counts::Tokens(Tokens::All)) => {
                (names::ANTHROPIC_TOKENS, rfc3339(up(now.after(*reset))))
            }
            (Provider::Anthropic, Counts::Tokens(Tokens::Input)) => {
                (names::ANTHROPIC_INPUT, rfc3339(up(now.after(*reset))))
            }
            (Provider::Anthropic, Counts::Tokens(Tokens::Output)) => {
                (names::ANTHROPIC_OUTPUT, rfc3339(up(now.after(*reset))))
            }
            (_, Counts::Requests) => (names::REQUESTS, go(*reset)),
            // Of the others there are no headers of their own.
            (_, Counts::Tokens(_)) => (names::TOKENS, go(*reset)),
            (_, Counts::Concurrent | Counts::Money) => continue,
        };
        let [of_limit, of_remaining, of_reset] = names;
        list.push((Text::Word(of_limit), limit.to_string().into()));
        list.push((Text::Word(of_remaining), remaining.to_string().into()));
        list.push((Text::Word(of_reset), reset.into()));
    }
    list
}

mod names {
    pub(super) const REQUESTS: [&str; 3] =
        ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
    pub(super) const TOKENS: [&str; 3] =
        ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
    pub(super) const ANTHROPIC_REQUESTS: [&str; 3] = [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ];
    pub(super) const ANTHROPIC_TOKENS: [&str; 3] = [
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ];
    pub(super) const ANTHROPIC_INPUT: [&str; 3] = [
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ];
    pub(super) const ANTHROPIC_OUTPUT: [&str; 3] = [
        "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ];
}

/// The next whole second.
fn up(time: Timestamp) -> Timestamp {
    Timestamp(time.0.div_ceil(1_000_000_000).saturating_mul(1_000_000_000))
}

/// A duration as Go's `time.Duration` prints it, in whole milliseconds, rounded up.
fn go(time: Duration) -> String {
    let millis = nanos(time).div_ceil(1_000_000);
    let (seconds, part) = (millis / 1_000, millis % 1_000);
    if seconds == 0 {
        return if part == 0 { "0s".to_owned() } else { [&part.to_string(), "ms"].concat() };
    }
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    if hours > 0 {
        text += &hours.to_string();
        text.push('h');
    }
    if hours > 0 || minutes > 0 {
        text += &minutes.to_string();
        text.push('m');
    }
    text += &seconds.to_string();
    if part > 0 {
        let digits = (1_000 + part).to_string();
        text.push('.');
        text += digits.get(1..).unwrap_or_default().trim_end_matches('0');
    }
    text.push('s');
    text
}

/// In words why a request doesn't pass: which limit, what it would take, when it fits, and who waits already.
pub(crate) fn why(rule: &Rule, refusal: &Refusal) -> String {
    let mut text = ["the limit `", &*rule.name, "` of ", &rule.words].concat();
    let cost = match rule.counts {
        Counts::Money => dollars(refusal.cost),
        counts => [&refusal.cost.to_string(), " ", counts.word()].concat(),
    };
    match refusal.wait {
        None => {
            for part in [" is less than this one request may use, ", &cost] {
                text += part;
            }
        }
        Some(wait) => {
            text += match rule.counts {
                Counts::Concurrent => " is reached",
                _ => " doesn't leave enough: this request may use ",
            };
            if rule.counts != Counts::Concurrent {
                text += &cost;
            }
            for part in ["; try again in ", &go(wait)] {
                text += part;
            }
            if refusal.waiting > 0 && refusal.may_wait {
                for part in [", ", &refusal.waiting.to_string(), " wait in line before it"] {
                    text += part;
                }
            }
        }
    }
    text
}

/// In words why a conversation is over, to an agent that would go on.
pub(crate) fn why_stop(rule: &Rule, refusal: &Refusal, used: u64) -> String {
    let amount = |amount: u64| match rule.counts {
        Counts::Money => dollars(amount),
        counts => [&amount.to_string(), " ", counts.word()].concat(),
    };
    let mut text = ["stop: this conversation has used ", &amount(used), " of ", &rule.words].concat();
    if rule.counts == Counts::Money {
        for part in [", and this request may cost ", &amount(refusal.cost)] {
            text += part;
        }
    }
    text + "; nothing more is answered in it"
}

/// Hundredths of what is usual, with one decimal.
pub(crate) fn multiple(hundredths: u64) -> String {
    [&(hundredths / 100).to_string(), ".", &(hundredths / 10 % 10).to_string(), "x baseline"].concat()
}

/// Basis points as whole percents, rounded down.
pub(crate) fn percent(share_bp: u32) -> String {
    [&(share_bp / 100).to_string(), "%"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::{FIRST, One, SECOND, tokens};

    #[test]
    fn how_much_more_than_usual_has_one_decimal() {
        for (hundredths, text) in
            [(729, "7.2x baseline"), (101, "1.0x baseline"), (u64::MAX, "184467440737095516.1x baseline")]
        {
            assert_eq!(multiple(hundredths), text);
        }
    }

    #[test]
    fn durations_are_written_as_go_does() {
        for (millis, text) in [
            (0, "0s"),
            (120, "120ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (1_005, "1.005s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
            (3_723_040, "1h2m3.04s"),
        ] {
            assert_eq!(go(Duration::from_millis(millis)), text);
        }
        assert_eq!(go(Duration::from_nanos(1)), "1ms", "never too early");
    }

    fn told(dialect: Provider) -> Vec<(String, String)> {
        let mut one = One::new(
            "limit rpm per tenant { 600 requests/min  burst 10% }\n\
             limit few global { 60 requests/min  burst 100% }\n\
             limit tpm per tenant { 60k input tokens/min  burst 10% }\n\
             limit calls per tenant { 3 concurrent }",
        );
        let now = 1_700_000_000 * SECOND;
        for _ in 0..3 {
            let _ticket = one.admit(now, tokens(1_000)).unwrap();
        }
        let asked = {
            let ask = one.fixture.ask(7, FIRST, tokens(1));
            one.fixture.book.asked(ask.policy, ask.limits, ask.who, ask.stage)
        };
        let standings = one.limits.desk(&one.fixture.book, &mut one.store, Timestamp(now)).standings(&asked);
        let headers = headers(&standings, dialect, Timestamp(now));
        let mut told: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        told.sort();
        told
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn how_it_stands_is_told_in_the_callers_dialect() {
        let openai = pairs(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-limit-tokens", "60000"),
            ("x-ratelimit-remaining-requests", "57"),
            ("x-ratelimit-remaining-tokens", "3000"),
            ("x-ratelimit-reset-requests", "3s"),
            ("x-ratelimit-reset-tokens", "3s"),
        ]);
        assert_eq!(told(Provider::OpenAi), openai);
        assert_eq!(told(Provider::Gemini), openai);
        let anthropic = pairs(&[
            ("anthropic-ratelimit-input-tokens-limit", "60000"),
            ("anthropic-ratelimit-input-tokens-remaining", "3000"),
            ("anthropic-ratelimit-input-tokens-reset", "2023-11-14T22:13:23Z"),
            ("anthropic-ratelimit-requests-limit", "60"),
            ("anthropic-ratelimit-requests-remaining", "57"),
            ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:23Z"),
        ]);
        assert_eq!(told(Provider::Anthropic), anthropic);
    }

    #[test]
    fn one_header_for_all_tokens_tells_of_the_scarcest() {
        let of = |tokens, limit, remaining| {
            let reset = Duration::ZERO;
            Standing { counts: Counts::Tokens(tokens), limit, remaining, reset }
        };
        let (input, output) = (of(Tokens::Input, 100_000, 60_000), of(Tokens::Output, 1_000_000, 100_000));
        for standings in [[input, output], [output, input]] {
            let told = headers(&standings, Provider::OpenAi, Timestamp(0));
            let values: Vec<_> = told.iter().map(|(_, value)| value.to_string()).collect();
            assert_eq!(values, ["1000000", "100000", "0s"]);
            assert_eq!(headers(&standings, Provider::Anthropic, Timestamp(0)).len(), 6);
        }
    }

    #[test]
    fn a_refusal_says_which_limit_and_why() {
        let said = |limit: &str, of: u64, times: usize| {
            let mut one = One::new(limit);
            let mut refusal = None;
            for _ in 0..times {
                refusal = one.admit(SECOND, tokens(of)).err();
            }
            let refusal = refusal.unwrap();
            why(one.fixture.book.rule(refusal.spot).unwrap(), &refusal)
        };
        assert_eq!(
            said("limit tpm per tenant { 60k tokens/min  burst 10% }", 4_000, 2),
            "the limit `tpm` of 60000 tokens/min doesn't leave enough: this request may use 4000 tokens; try again in 2s"
        );
        assert_eq!(
            said("limit tpm per tenant { 60k tokens/min }", 60_001, 1),
            "the limit `tpm` of 60000 tokens/min is less than this one request may use, 60001 tokens"
        );
        assert_eq!(
            said("limit calls global { 2 concurrent }", 1, 3),
            "the limit `calls` of 2 concurrent requests is reached; try again in 1s"
        );
    }
}

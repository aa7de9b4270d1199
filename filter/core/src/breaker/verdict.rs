//! From what an attempt came to, to what it says about its target.
//!
//! | outcome | says |
//! |---|---|
//! | success | the target works; unless it was too dear, too slow for too long, or of no use |
//! | throttled, with a wait | the target takes no more until then |
//! | quota exhausted | the target takes no more for long |
//! | truncated, invalid output | an answer of no use; an error where the policy doesn't look at quality |
//! | model not found | an error of that model alone: of the guard that models share, nothing |
//! | content policy within an answer: a refusal | an answer of no use |
//! | content policy, context length, client error | the target works: the request is at fault |
//! | any other | an error of the target |
//!
//! Throttled and quota exhausted say nothing where the caller's own key was sent and the wait is longer than a minute, or not told;
//! nor does then what such a key has left, by which targets are passed over (see [`stats`](crate::stats)).

use std::time::Duration;

use super::record::Verdict;
use super::rules::{Drift, Rules};
use super::{Cause, Signal};
use crate::models::Proof;
use crate::telemetry::Outcome;

/// What is known of an attempt that is over.
pub(crate) struct Finding<'f> {
    pub(crate) outcome: Outcome,
    /// How long the provider wants to be left alone, if it says so.
    pub(crate) wait: Option<Duration>,
    /// Whether an answer that came whole was refused or cut off by its length.
    pub(crate) is_bad: bool,
    /// What it cost, if that is known.
    pub(crate) micro_dollars: Option<u64>,
    /// The share of good answers in basis points, and in hundredths of its baseline; `None` while nothing new is known.
    pub(crate) quality: Option<(u32, u32)>,
    /// How a percentile stands to its baseline; `None` while nothing new is known.
    pub(crate) drift: Option<&'f dyn Fn(Signal, u8) -> Option<Drift>>,
}

impl Finding<'_> {
    /// One about which nothing more is known.
    pub(crate) fn plain(outcome: Outcome) -> Self {
        Self { outcome, wait: None, is_bad: false, micro_dollars: None, quality: None, drift: None }
    }

    /// Whether it shows that the provider knows the model.
    pub(super) fn proof(&self) -> Option<Proof> {
        match self.outcome {
            Outcome::Success => Some(Proof::Known),
            Outcome::Throttled
            | Outcome::Overloaded
            | Outcome::QuotaExhausted
            | Outcome::ServerError
            | Outcome::Truncated
            | Outcome::InvalidOutput => Some(Proof::Doubtful),
            _ => None,
        }
    }

    /// `is_shared`: whether the guard it counts at is that of many models.
    pub(super) fn verdict(&self, rules: &Rules, is_shared: bool) -> Verdict {
        match self.outcome {
            Outcome::Success => match self.excess(rules) {
                Some(cause) => Verdict::Excess(cause),
                None if self.is_bad => Verdict::BadAnswer,
                None => Verdict::Success,
            },
            // In an answer the model itself declines; in an error a filter stands before it.
            Outcome::ContentPolicy if self.is_bad => self.bad_answer(rules),
            Outcome::Truncated | Outcome::InvalidOutput if rules.watches_quality() => self.bad_answer(rules),
            Outcome::QuotaExhausted => Verdict::Exhausted { wait: self.wait.filter(|wait| !wait.is_zero()) },
            Outcome::Throttled => match self.wait {
                Some(wait) if !wait.is_zero() => Verdict::Throttled { wait },
                _ => Verdict::Failure,
            },
            Outcome::ModelNotFound if is_shared => Verdict::Dropped,
            Outcome::ModelNotFound => Verdict::Failure,
            outcome if outcome.is_failure() => Verdict::Failure,
            _ => Verdict::Success,
        }
    }

    fn bad_answer(&self, rules: &Rules) -> Verdict {
        rules.quality_dropped(self.quality).map_or(Verdict::BadAnswer, Verdict::Excess)
    }

    fn excess(&self, rules: &Rules) -> Option<Cause> {
        let cost = self.micro_dollars.and_then(|cost| rules.cost_exceeded(cost));
        let quality = || rules.quality_dropped(self.quality);
        cost.or_else(quality).or_else(|| rules.drift_exceeded(self.drift?))
    }
}

#[cfg(test)]
mod tests {
    use seawall_policy::policy::{Breaker, Trip};

    use super::*;

    fn rules(trips: Vec<Trip>) -> Rules {
        let second = Duration::from_secs(1);
        let (name, recover) = ("b".to_owned(), vec![1]);
        Rules::new(&Breaker { name, window: second, trips, open: second, recover, force: None })
    }

    #[test]
    fn each_outcome_says_one_thing_about_its_target() {
        let three = Duration::from_secs(3);
        let wait = Some(three);
        let (throttled, exhausted) = (Verdict::Throttled { wait: three }, Verdict::Exhausted { wait });
        let (known, doubtful) = (Some(Proof::Known), Some(Proof::Doubtful));
        let table = [
            (Outcome::Success, Verdict::Success, known),
            (Outcome::Throttled, throttled, doubtful),
            (Outcome::Overloaded, Verdict::Failure, doubtful),
            (Outcome::QuotaExhausted, exhausted, doubtful),
            (Outcome::ServerError, Verdict::Failure, doubtful),
            (Outcome::Timeout, Verdict::Failure, None),
            (Outcome::Refused, Verdict::Failure, None),
            (Outcome::Reset, Verdict::Failure, None),
            (Outcome::Truncated, Verdict::Failure, doubtful),
            (Outcome::InvalidOutput, Verdict::Failure, doubtful),
            (Outcome::ContextLength, Verdict::Success, None),
            (Outcome::ContentPolicy, Verdict::Success, None),
            (Outcome::ModelNotFound, Verdict::Failure, None),
            (Outcome::ClientError, Verdict::Success, None),
        ];
        for (outcome, verdict, proof) in table {
            let found = Finding { wait, ..Finding::plain(outcome) };
            assert_eq!(
                (found.verdict(&rules(vec![]), false), found.proof()),
                (verdict, proof),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn throttling_without_a_time_is_an_error_and_a_spent_quota_has_its_own() {
        for wait in [None, Some(Duration::ZERO)] {
            let of = |outcome| Finding { wait, ..Finding::plain(outcome) }.verdict(&rules(vec![]), false);
            assert_eq!(of(Outcome::Throttled), Verdict::Failure);
            assert_eq!(of(Outcome::QuotaExhausted), Verdict::Exhausted { wait: None });
        }
    }

    #[test]
    fn a_model_that_is_not_there_says_nothing_about_the_others() {
        assert_eq!(Finding::plain(Outcome::ModelNotFound).verdict(&rules(vec![]), true), Verdict::Dropped);
    }

    #[test]
    fn answers_of_no_use_count_for_quality_where_the_policy_looks_at_it() {
        let quality = rules(vec![Trip::Quality { below_bp: 9_000, at_least: 20 }]);
        for outcome in [Outcome::Truncated, Outcome::InvalidOutput] {
            assert_eq!(Finding::plain(outcome).verdict(&quality, false), Verdict::BadAnswer);
        }
        let refused = Finding { is_bad: true, ..Finding::plain(Outcome::Success) };
        assert_eq!(refused.verdict(&rules(vec![]), false), Verdict::BadAnswer);
    }

    #[test]
    fn fewer_good_answers_than_usual_are_told_by_any_answer() {
        let rules = rules(vec![Trip::QualityDrop { below_baseline_hundredths: 80 }]);
        for (outcome, is_bad) in [
            (Outcome::Success, false),
            (Outcome::Success, true),
            (Outcome::ContentPolicy, true),
            (Outcome::InvalidOutput, false),
        ] {
            let verdict = |hundredths| {
                let quality = Some((7_000, hundredths));
                Finding { quality, is_bad, ..Finding::plain(outcome) }.verdict(&rules, false)
            };
            assert_eq!(verdict(79), Verdict::Excess(Cause::QualityDrop { share_bp: 7_000, hundredths: 79 }));
            assert!(!matches!(verdict(80), Verdict::Excess(_) | Verdict::Failure));
        }
    }

    #[test]
    fn a_success_that_is_too_dear_or_too_slow_is_told_as_that() {
        let trips = vec![
            Trip::Cost { above_micro_dollars: 100 },
            Trip::Latency { percentile: 95, above_baseline_hundredths: 300 },
        ];
        let rules = rules(trips);
        let verdict = |micro_dollars, hundredths| {
            let drift = |_, _| Some(Drift { now: Duration::from_secs(9), hundredths });
            let found = Finding { micro_dollars, drift: Some(&drift), ..Finding::plain(Outcome::Success) };
            found.verdict(&rules, false)
        };
        assert_eq!(verdict(Some(100), 300), Verdict::Success);
        assert_eq!(verdict(Some(101), 301), Verdict::Excess(Cause::Cost { micro_dollars: 101 }));
        assert!(matches!(verdict(None, 301), Verdict::Excess(Cause::Drift { hundredths: 301, .. })));
    }
}

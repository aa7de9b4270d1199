//! Retries, breakers and the times that go with them, in words.

use super::document::Lines;
use super::words::{code, count, list, trigger};
use super::written::Written;
use crate::policy::{Breaker, BudgetSpent, Forced, HedgeDelay, Jitter, Retry, Route, Trip};
use crate::vocabulary::{duration_text, factor_text, money_text, percent_text};

pub(super) fn retry(lines: &mut Lines, route: &Route, targets: usize, written: &Written) {
    let Retry { on, attempts, backoff, honor_retry_after, budget } = &route.retry;
    let name = written.retry_of(&route.name);
    let mark = |word| name.map_or(" (default)", |name| written.mark("retry", name, word));
    let over = if targets == 1 { "" } else { ", over all its targets" };
    if *attempts == 1 {
        let mark = if name.is_none() { " (default)" } else { mark("attempts") };
        return lines.say(
            0,
            "retry",
            format!("none: there is one attempt in all, and its failure goes to the caller{mark}"),
        );
    }
    let attempts = count(*attempts, "attempt");
    match name {
        Some(name) => {
            let mark = mark("attempts");
            lines.say(0, "retry", format!("up to {attempts} in all{over}{mark}; by {}", code(name)));
        }
        None => lines.say(0, "retry", format!("up to {attempts} in all: each target once (default)")),
    }
    let triggers: Vec<String> = on.iter().map(|found| trigger(*found)).collect();
    lines.say(1, "", format!("another follows after {}{}", list(&triggers, "or"), mark("on")));
    let (base, cap) = (duration_text(backoff.base), duration_text(backoff.cap));
    let wait = match backoff.jitter {
        Jitter::Full => {
            format!("a random time between 0 and {base}, a bound that doubles with each retry up to {cap}")
        }
        Jitter::Equal => {
            format!(
                "half of {base} and a random time up to the other half; doubles with each retry up to {cap}"
            )
        }
        Jitter::Decorrelated => {
            format!("a random time between {base} and three times the wait before, at most {cap}")
        }
        Jitter::None => format!("{base}, which doubles with each retry up to {cap}"),
    };
    lines.say(1, "", format!("before another at the same target it waits {wait}{}", mark("backoff")));
    let honor = if honor_retry_after.is_zero() {
        "a `retry-after` is never waited out: it ends the attempts at that target".into()
    } else {
        let honor = duration_text(*honor_retry_after);
        format!("waits out a `retry-after` of up to {honor}; a longer one ends the attempts at that target")
    };
    lines.say(1, "", format!("{honor}{}", mark("honor")));
    if targets > 1 {
        lines.say(
            1,
            "",
            "the next target is tried at once; after a timeout, the one that was silent isn't asked again",
        );
    }
    if let Some(budget) = budget {
        let floor = match budget.at_least_per_second {
            0 => String::new(),
            least => format!(", but {} per second are always allowed", count(least, "retry")),
        };
        let spent = match budget.spent {
            BudgetSpent::Fail => "goes to the caller",
            BudgetSpent::NextTarget => "goes to the next target",
        };
        let share = percent_text(budget.share_bp);
        lines.say(
            1,
            "",
            format!("all requests together may retry {share} of the requests{floor}; beyond that a failure {spent}"),
        );
    }
}

/// What a breaker does. It is told once, with its name.
pub(super) fn breaker(lines: &mut Lines, depth: u8, breaker: &Breaker, written: &Written) {
    let Breaker { name, window, trips, open, recover, force } = breaker;
    let mark = |word| written.mark("breaker", name, word);
    match force {
        Some(Forced::Open) => {
            lines.caution(depth, "", "is held open: nothing is sent to the targets that it guards")
        }
        Some(Forced::Closed) => lines.caution(depth, "", "is held closed: it never opens"),
        None => {}
    }
    let trips: Vec<String> = trips.iter().map(|trip| one_trip(*trip)).collect();
    let window = format!("{}{}", duration_text(*window), mark("window"));
    lines.say(depth, "opens", format!("when, within {window}, {}{}", list(&trips, "or"), mark("trip")));
    lines.say(
        depth,
        "open",
        format!(
            "for {}{} nothing is sent there; twice as long after each recovery that fails, up to four times",
            duration_text(*open),
            mark("open")
        ),
    );
    let stages: Vec<String> = recover.iter().map(ToString::to_string).collect();
    let probes = match recover.as_slice() {
        [1] => "one probe is let through, and must succeed".into(),
        [only] => format!("{only} probes are let through, and all must succeed"),
        _ => format!(
            "{} probes are let through, stage by stage, and all of a stage must succeed",
            list(&stages, "then")
        ),
    };
    lines.say(depth, "recovers", format!("{probes}; a failure opens it again{}", mark("recover")));
}

fn one_trip(trip: Trip) -> String {
    match trip {
        Trip::ErrorRate { above_bp, at_least } => {
            format!("more than {} of at least {} failed", percent_text(above_bp), count(at_least, "attempt"))
        }
        Trip::ErrorsInARow(errors) => match errors {
            1 => "an attempt failed".into(),
            errors => format!("{errors} attempts in a row failed"),
        },
        Trip::Latency { percentile, above_baseline_hundredths } => {
            let factor = factor_text(above_baseline_hundredths);
            format!("the latency's p{percentile} was above {factor} its usual")
        }
        Trip::FirstToken { percentile, above_baseline_hundredths } => {
            let factor = factor_text(above_baseline_hundredths);
            format!("the first token's p{percentile} was above {factor} its usual")
        }
        Trip::PerToken { percentile, above_baseline_hundredths } => {
            let factor = factor_text(above_baseline_hundredths);
            format!("the p{percentile} of the time per output token was above {factor} its usual")
        }
        Trip::Quality { below_bp, at_least } => {
            format!(
                "fewer than {} of at least {} were good",
                percent_text(below_bp),
                count(at_least, "answer")
            )
        }
        Trip::QualityDrop { below_baseline_hundredths } => {
            format!(
                "the share of good answers was below {} its usual",
                factor_text(below_baseline_hundredths)
            )
        }
        Trip::Cost { above_micro_dollars } => {
            format!("a request cost more than {}", money_text(above_micro_dollars))
        }
    }
}

/// `streams`: whether the answer is to be streamed, if that is known.
pub(super) fn timeout(lines: &mut Lines, route: &Route, written: &Written, streams: Option<bool>) {
    let timeout = route.timeout;
    let mark = written.mark("route", &route.name, "timeout");
    let total = duration_text(timeout.total);
    match timeout.adaptive {
        None => lines.say(0, "timeout", format!("an attempt may take {total} to answer{mark}")),
        Some(adaptive) => {
            let (factor, min) = (factor_text(adaptive.hundredths), duration_text(adaptive.min));
            let percentile = adaptive.percentile;
            lines.say(
                0,
                "timeout",
                format!("an attempt may take {factor} the p{percentile} of its target's answers, at least {min} and at most {total}"),
            );
        }
    }
    if streams != Some(false) {
        stream_times(lines, route);
    }
    if let Some(most) = timeout.per_output_token {
        lines.say(1, "", format!("and {} more for each token that `max_tokens` allows", duration_text(most)));
    }
}

pub(super) fn deadline(lines: &mut Lines, route: &Route) {
    if let Some(deadline) = &route.deadline {
        let text = match (&deadline.header, deadline.default) {
            (Some(header), Some(default)) => format!(
                "a request may take as many milliseconds in all as its header {} says, {} without it",
                code(header),
                duration_text(default),
            ),
            (Some(header), None) => {
                format!(
                    "a request may take as many milliseconds in all as its header {} says, if it has one",
                    code(header)
                )
            }
            (None, default) => {
                format!("a request may take {} in all", duration_text(default.unwrap_or_default()))
            }
        };
        lines.say(0, "deadline", text + ", with all attempts and waits");
    }
}

pub(super) fn hedge(lines: &mut Lines, route: &Route) {
    if let Some(hedge) = route.hedge {
        let after = match hedge.after {
            HedgeDelay::Percentile(percentile) => format!("longer than the p{percentile} of answers"),
            HedgeDelay::Fixed(delay) => format!("longer than {}", duration_text(delay)),
        };
        let most = hedge.at_most_bp.map_or_else(
            || "any number of the requests".into(),
            |most| format!("at most {} of the requests", percent_text(most)),
        );
        lines.say(
            0,
            "hedge",
            format!("an attempt that takes {after} gets a second one beside it at the next target, and the first answer wins; for {most}"),
        );
    }
}

fn stream_times(lines: &mut Lines, route: &Route) {
    let timeout = route.timeout;
    let most = [(timeout.first_token, "until the first token"), (timeout.idle, "of silence within a stream")];
    for (most, what) in most {
        if let Some(most) = most {
            lines.say(1, "", format!("at most {} {what}", duration_text(most)));
        }
    }
    let retried = if route.retry.attempts > 1 {
        "; one that is retried after a timeout or a connection that was refused or broke, or without the upstream half, arrives as \
         a whole and may take ten times as long"
    } else {
        ""
    };
    lines.say(1, "", format!("a stream must have begun by then{retried}"));
}

//! Values in words.

use std::time::Duration;

use crate::policy::{Amount, Money, Per, Provider, Tokens, Trigger};
use crate::vocabulary::{duration_text, money_text, multiple_text};

/// A name of the policy.
pub(super) fn code(name: &str) -> String {
    ["`", name, "`"].concat()
}

/// A text of the policy or the request.
pub(super) fn quoted(text: &str) -> String {
    ["\"", text, "\""].concat()
}

/// `1 attempt`, `3 attempts`.
pub(super) fn count(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let (plural, ending) = match what.strip_suffix("ry") {
        _ if number == 1 => (what, ""),
        Some(stem) => (stem, "ries"),
        None => (what, "s"),
    };
    format!("{number} {plural}{ending}")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<S: AsRef<str>>(items: &[S], conjunction: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().into(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", first.join(", "), last.as_ref())
        }
    }
}

/// A duration that was worked out: `850ms`, `100.1s`, `10m 40.1s`, `2h 5m`. Rounded up, so that nothing takes longer.
pub(super) fn span(duration: Duration) -> String {
    if duration < Duration::from_millis(1) {
        return duration_text(duration);
    }
    let millis = duration.as_nanos().div_ceil(1_000_000);
    let seconds = |millis: u128| {
        let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
        format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match (millis / 3_600_000, millis % 3_600_000 / 60_000, millis % 60_000) {
        _ if millis < 1_000 => format!("{millis}ms"),
        _ if millis <= 120_000 => seconds(millis),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, rest) => format!("{minutes}m {}", seconds(rest)),
        (hours, 0, 0) => format!("{hours}h"),
        (hours, minutes, 0) => format!("{hours}h {minutes}m"),
        (hours, minutes, rest) => format!("{hours}h {minutes}m {}", seconds(rest)),
    }
}

pub(super) fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "OpenAI",
        Provider::Azure => "Azure OpenAI",
        Provider::Anthropic => "Anthropic",
        Provider::Gemini => "Gemini",
        Provider::Bedrock => "Bedrock",
    }
}

fn per(per: Per) -> &'static str {
    match per {
        Per::Second => "second",
        Per::Minute => "minute",
        Per::Hour => "hour",
        Per::Day => "day",
    }
}

pub(super) fn amount(amount: Amount) -> String {
    match amount {
        Amount::Tokens { kind, amount, per: time } => {
            let kind = match kind {
                Tokens::All => "",
                Tokens::Input => "input ",
                Tokens::Output => "output ",
            };
            format!("{} {kind}tokens per {}", multiple_text(amount), per(time))
        }
        Amount::Requests { amount, per: time } => {
            format!("{} requests per {}", multiple_text(amount), per(time))
        }
        Amount::Concurrent(amount) => format!("{} requests at the same time", multiple_text(amount)),
        Amount::Money { micro_dollars, per: time, window } => match window {
            Money::Calendar => format!("{} per calendar {} (UTC)", money_text(micro_dollars), per(time)),
            Money::Rolling => format!("{} within any {}", money_text(micro_dollars), per(time)),
        },
    }
}

pub(super) fn trigger(trigger: Trigger) -> String {
    match trigger {
        Trigger::Status(status) => status.to_string(),
        Trigger::Timeout => "a timeout".into(),
        Trigger::Connect => "no connection".into(),
        Trigger::Reset => "a broken connection".into(),
        Trigger::InvalidOutput => "an answer that is empty, breaks off or can't be read".into(),
        Trigger::ContentPolicy => "a refusal of the content filter".into(),
        Trigger::ModelNotFound => "a model that the target doesn't have".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_that_were_worked_out_are_easy_to_read() {
        for (millis, text) in [
            (0, "0s"),
            (850, "850ms"),
            (1_000, "1s"),
            (100_100, "100.1s"),
            (120_000, "120s"),
            (640_100, "10m 40.1s"),
            (600_000, "10m"),
            (3_600_000, "1h"),
            (7_500_000, "2h 5m"),
            (3_601_000, "1h 0m 1s"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
        assert_eq!(span(Duration::from_nanos(1_000_000_001)), "1.001s");
    }

    #[test]
    fn things_are_counted_and_listed() {
        assert_eq!((count(1_u32, "target"), count(0_u32, "retry")), ("1 target".into(), "0 retries".into()));
        assert_eq!(list(&["a"], "and"), "a");
        assert_eq!(list(&["a", "b", "c"], "or"), "a, b or c");
        assert_eq!(list::<&str>(&[], "or"), "");
    }
}

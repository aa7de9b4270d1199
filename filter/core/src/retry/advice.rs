//! What a failed answer tells its caller about trying again, so that SDKs neither multiply what the filter did nor hammer.
//!
//! | why it failed | `x-should-retry` | `retry-after`, `retry-after-ms` |
//! |---|---|---|
//! | attempts, budget or deadline spent; not retried; asked to wait for too long; nothing left to try after an attempt | `false`: the filter has done what can be done | what the provider asks for |
//! | nothing was tried: every breaker is open, a limit is reached, or the proxy is full | – if the wait is one that SDKs wait for, so that they do; else `false` | that wait; of a limit exactly, however long it is |
//! | a conversation is used up, or tool calls repeat in it | `false` | – |
//! | the request is more than a contract admits | `false` | – |
//! | the request is at fault, and SDKs would try it again by its status (408, 409, 429, 5xx) | `false` | what the provider asks for |
//! | the request is at fault, by any other status | – | as the provider answered |
//!
//! The official SDKs obey `x-should-retry` before all else and prefer `retry-after-ms` to `retry-after`; OpenAI's gives up above 120 s, Anthropic's
//! falls back to its own short waits above 60 s (`_base_client.py` of both). Other clients sleep for whatever they are told, so
//! nobody is told more than two minutes, whatever the provider says: asking once too often is better than sleeping for a day. But
//! what one of the policy's own limits says is certain: who comes back before is refused again.

use std::time::Duration;

use crate::effect::{HeaderList, Text};
use crate::telemetry::Reason;
use crate::time::nanos;

/// The longest wait that all official SDKs wait as told.
const WAITED_FOR: Duration = Duration::from_secs(60);

/// The longest wait that is handed on, but for those of limits.
const LONGEST: Duration = Duration::from_secs(120);

/// Adds what an answer with this reason, and this status of the provider's, says; `attempts` were made, and `wait` is when another
/// may help.
pub(crate) fn advise(
    (reason, status): (Reason, Option<u16>),
    attempts: u32,
    wait: Option<Duration>,
    list: &mut HeaderList,
) {
    let may_retry = match reason {
        Reason::ClientError if matches!(status, Some(408 | 409 | 429 | 500..)) => false,
        Reason::AttemptsSpent
        | Reason::BudgetSpent
        | Reason::DeadlineExceeded
        | Reason::NotRetried
        | Reason::RetryAfterTooLong => false,
        // The filter has asked as often as the policy says.
        Reason::InvalidOutput => false,
        // The same again would be redirected, or refused, again.
        Reason::Redirected | Reason::ConversationSpent | Reason::LoopDetected | Reason::ContractExceeded => {
            false
        }
        // What is larger than a limit never fits.
        Reason::LimitReached if wait.is_none() => false,
        Reason::BreakerOpen | Reason::LimitReached | Reason::Overloaded => {
            attempts == 0 && wait.is_none_or(|wait| wait <= WAITED_FOR)
        }
        _ => return,
    };
    if !may_retry {
        list.push((Text::Word("x-should-retry"), Text::Word("false")));
    }
    if let Some(wait) = wait {
        // Rounded up: never too early.
        let is_own = reason == Reason::LimitReached && status.is_none();
        let longest = if is_own { Duration::MAX } else { LONGEST };
        let millis = nanos(wait.min(longest)).div_ceil(1_000_000).max(1);
        list.push((Text::Word("retry-after"), millis.div_ceil(1_000).to_string().into()));
        list.push((Text::Word("retry-after-ms"), millis.to_string().into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advised(reason: Reason, attempts: u32, wait_ms: Option<u64>) -> String {
        let mut list = HeaderList::new();
        advise((reason, None), attempts, wait_ms.map(Duration::from_millis), &mut list);
        list.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sdks_are_told_not_to_repeat_what_the_filter_has_done() {
        for reason in [
            Reason::AttemptsSpent,
            Reason::BudgetSpent,
            Reason::DeadlineExceeded,
            Reason::NotRetried,
            Reason::RetryAfterTooLong,
            Reason::Redirected,
            Reason::ConversationSpent,
            Reason::LoopDetected,
        ] {
            assert_eq!(advised(reason, 1, None), "false", "{reason:?}");
            assert_eq!(advised(reason, 3, Some(2_000)), "false 2 2000", "{reason:?}");
        }
        assert_eq!(advised(Reason::BreakerOpen, 2, Some(2_000)), "false 2 2000");
    }

    #[test]
    fn a_request_at_fault_is_not_to_be_repeated_whatever_its_status_says() {
        let advised = |status| {
            let mut list = HeaderList::new();
            advise((Reason::ClientError, Some(status)), 1, Some(Duration::from_secs(86_400)), &mut list);
            list.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ")
        };
        for status in [408, 409, 429, 500, 529] {
            assert_eq!(advised(status), "false 120 120000", "{status}");
        }
        assert_eq!(advised(400), "");
    }

    #[test]
    fn they_may_come_back_where_nothing_was_tried_if_they_wait_that_long() {
        assert_eq!(advised(Reason::BreakerOpen, 0, Some(30_000)), "30 30000");
        assert_eq!(advised(Reason::BreakerOpen, 0, Some(60_001)), "false 61 60001");
        assert_eq!(advised(Reason::Overloaded, 0, Some(1_000)), "1 1000");
    }

    #[test]
    fn a_limits_own_wait_is_told_as_it_is() {
        assert_eq!(advised(Reason::LimitReached, 0, Some(20_000)), "20 20000");
        assert_eq!(advised(Reason::LimitReached, 0, Some(1_800_000)), "false 1800 1800000");
        assert_eq!(advised(Reason::LimitReached, 0, None), "false");
        // A provider's word is not the limit's.
        let mut list = HeaderList::new();
        advise((Reason::LimitReached, Some(429)), 1, Some(Duration::from_secs(1_800)), &mut list);
        let told = list.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>();
        assert_eq!(told, ["false", "120", "120000"]);
    }

    #[test]
    fn an_answer_about_the_request_is_left_as_it_is() {
        for reason in [Reason::Ok, Reason::Retried, Reason::ClientError, Reason::BodyInvalid] {
            assert_eq!(advised(reason, 1, Some(2_000)), "", "{reason:?}");
        }
    }

    #[test]
    fn no_wait_is_rounded_down_nor_absurd() {
        for (wait, expected) in [
            (Duration::ZERO, "false 1 1"),
            (Duration::from_nanos(1), "false 1 1"),
            (Duration::from_micros(1_000_001), "false 2 1001"),
            (Duration::from_secs(120), "false 120 120000"),
            (Duration::from_secs(86_400), "false 120 120000"),
            (Duration::MAX, "false 120 120000"),
        ] {
            let mut list = HeaderList::new();
            advise((Reason::AttemptsSpent, None), 3, Some(wait), &mut list);
            let told = list.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ");
            assert_eq!(told, expected, "{wait:?}");
        }
    }
}

//! The decision trace: what the filter decided, one line each, the same in the test host as on Envoy.
//!
//! The filter logs a decision as the word `seawall`, a verb, and `key=value` pairs:
//! `seawall attempt n=1 target=primary outcome=throttled status=429 next=retry exchange=12 wait_ms=734`.
//! Its canonical form leaves out what may differ from run to run though the decision is the same: the number of the
//! exchange, which depends on what the worker served before, the length of a random wait, and measured times, and what was
//! measured against a baseline, as that depends on when it was looked at.

const LEADING: &str = "seawall";

/// Keys that are not part of a decision.
const DROPPED: [&str; 4] = ["exchange", "wait_ms", "now_ms", BASELINE];

const BASELINE: &str = "baseline";
/// One that isn't where a baseline stands beside it.
const SHARE: &str = "share";

/// The canonical trace line of a message that the filter logged, or `None` when it tells no decision.
#[must_use]
pub fn decision(log_message: &str) -> Option<String> {
    let mut words = log_message.split_ascii_whitespace();
    if words.next()? != LEADING {
        return None;
    }
    let mut line = words.next().filter(|verb| verb.bytes().all(|byte| byte.is_ascii_lowercase()))?.to_owned();
    let has_baseline =
        words.clone().any(|word| word.strip_prefix(BASELINE).is_some_and(|rest| rest.starts_with('=')));
    for word in words {
        let (key, _) = word.split_once('=')?;
        let is_measured = has_baseline && key == SHARE;
        if !is_measured && !DROPPED.contains(&key) {
            line.push(' ');
            line.push_str(word);
        }
    }
    Some(line)
}

/// Whether a canonical line is the last one that a request leads to.
#[must_use]
pub fn ends_request(decision: &str) -> bool {
    matches!(decision.split(' ').next(), Some("answer" | "pass"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_lose_what_differs_from_run_to_run() {
        let cases = [
            (
                "seawall attempt n=1 target=primary outcome=throttled status=429 next=retry exchange=12 wait_ms=734",
                Some("attempt n=1 target=primary outcome=throttled status=429 next=retry"),
            ),
            (
                "seawall answer status=200 attempts=2 target=primary reason=retried exchange=12",
                Some("answer status=200 attempts=2 target=primary reason=retried"),
            ),
            (
                "seawall breaker target=primary from=closed to=open exchange=-",
                Some("breaker target=primary from=closed to=open"),
            ),
            (
                "seawall breaker target=primary from=closed to=open reason=quality share=74.32% baseline=0.74x model=m",
                Some("breaker target=primary from=closed to=open reason=quality model=m"),
            ),
            (
                "seawall breaker target=primary from=closed to=open reason=errors share=100.00% of=4",
                Some("breaker target=primary from=closed to=open reason=errors share=100.00% of=4"),
            ),
            ("seawall pass exchange=3", Some("pass")),
            ("seawall pass exchange=3\n", Some("pass")),
            ("seawall policy 1a2b3c loaded", None),
            ("seawall: bad policy", None),
            ("seawall", None),
            ("something else a=b", None),
            ("", None),
        ];
        for (message, expected) in cases {
            assert_eq!(decision(message).as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn answers_and_passes_end_a_request() {
        assert!(ends_request("answer status=200 attempts=1"));
        assert!(ends_request("pass"));
        assert!(!ends_request("attempt n=1"));
        assert!(!ends_request("breaker target=primary"));
    }
}

//! Judging what a test in a policy expects, in the policy's own words.

use std::fmt::Display;

use seawall_policy::policy_test::Wanted;
use seawall_policy::vocabulary::duration_text;

use super::expect::{Timing, shortened, shown};
use crate::driver::Observed;

/// What was expected and what was seen instead; `None` when they are the same.
pub(super) fn unmet(wanted: &Wanted, seen: &Observed, timing: Timing) -> Option<String> {
    let header = |name: &str| {
        let found = seen.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    match wanted {
        Wanted::Status(status) => differ("status", status, &seen.status),
        Wanted::Target(target) => named("target", target, header("x-seawall-target")),
        Wanted::Reason(reason) => named("reason", reason, header("x-seawall-reason")),
        Wanted::Attempts { count, target } => {
            let made = attempts(&seen.trace, target.as_deref());
            let at = target.as_ref().map_or_else(String::new, |target| format!(" at `{target}`"));
            (usize::try_from(*count) != Ok(made))
                .then(|| format!("expected {}{at}, saw {made}{}", counted(*count), told(seen)))
        }
        Wanted::Passed => (!seen.trace.iter().any(|line| line == "pass"))
            .then(|| format!("expected that no route takes the request{}", told(seen))),
        Wanted::Cut => {
            seen.complete.then(|| "expected an answer that breaks off, saw one that ends properly".to_owned())
        }
        Wanted::Header { name, value } => {
            let found = header(name);
            (value.as_deref() != found).then(|| {
                let wanted = value.as_deref().map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
                format!("expected header {name}: {wanted}, saw {}", shown(found))
            })
        }
        Wanted::Output(fate) => {
            let found = header("x-seawall-output").and_then(|told| told.split(' ').next());
            (*fate != found).then(|| {
                let wanted = fate.map_or_else(|| "nothing".to_owned(), |fate| format!("`{fate}`"));
                format!("expected that its `output` makes {wanted} of the answer, saw {}", shown(found))
            })
        }
        Wanted::Body(text) => {
            let body = String::from_utf8_lossy(&seen.body);
            (!body.contains(text)).then(|| format!("expected `{text}` in the body, saw {}", shortened(&body)))
        }
        Wanted::AtLeast(time) => (seen.elapsed < *time).then(|| took("least", *time, seen)),
        Wanted::AtMost(time) => {
            (timing == Timing::Virtual && seen.elapsed > *time).then(|| took("most", *time, seen))
        }
    }
}

fn differ<T: PartialEq + Display>(what: &str, wanted: &T, found: &T) -> Option<String> {
    (wanted != found).then(|| format!("expected {what} {wanted}, saw {found}"))
}

fn named(what: &str, wanted: &str, found: Option<&str>) -> Option<String> {
    (Some(wanted) != found).then(|| format!("expected {what} `{wanted}`, saw {}", shown(found)))
}

fn took(bound: &str, time: std::time::Duration, seen: &Observed) -> String {
    format!("expected at {bound} {}, took {}", duration_text(time), duration_text(seen.elapsed))
}

fn counted(attempts: u32) -> String {
    if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") }
}

/// Attempts in the filter's decisions, those at `target` if one is named.
fn attempts(trace: &[String], target: Option<&str>) -> usize {
    let attempts = trace.iter().filter_map(|line| line.strip_prefix("attempt "));
    let at = |line: &&str| {
        target.is_none_or(|target| line.split(' ').any(|word| word.strip_prefix("target=") == Some(target)))
    };
    attempts.filter(at).count()
}

/// The decisions: what the reader of a wrong number wants to know next.
fn told(seen: &Observed) -> String {
    let lines = seen.trace.iter().map(|line| format!("\n    {line}"));
    if seen.trace.is_empty() { String::new() } else { format!(":{}", lines.collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn seen() -> Observed {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let trace = [
            "attempt n=1 target=a outcome=overloaded status=503 next=retry",
            "attempt n=2 target=a outcome=overloaded status=503 next=failover",
            "attempt n=3 target=ab outcome=success status=200 next=deliver",
            "answer status=200 attempts=3 target=ab reason=failed_over",
        ];
        Observed {
            status: 200,
            headers: vec![header("x-seawall-target", "ab"), header("x-seawall-reason", "failed_over")],
            body: b"{\"object\":\"chat.completion\"}".to_vec(),
            complete: true,
            left: false,
            first_byte: None,
            trace: trace.map(str::to_owned).to_vec(),
            upstream: BTreeMap::new(),
            saw: BTreeMap::new(),
            asked: BTreeMap::new(),
            elapsed: Duration::from_millis(1_500),
        }
    }

    fn attempts_at(count: u32, target: Option<&str>) -> Wanted {
        Wanted::Attempts { count, target: target.map(str::to_owned) }
    }

    #[test]
    fn what_is_as_expected_is_not_told() {
        let header = |name: &str, value: Option<&str>| Wanted::Header {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let met = [
            Wanted::Status(200),
            Wanted::Target("ab".to_owned()),
            Wanted::Reason("failed_over"),
            attempts_at(3, None),
            attempts_at(2, Some("a")),
            attempts_at(1, Some("ab")),
            attempts_at(0, Some("b")),
            header("x-seawall-target", Some("ab")),
            header("x-other", None),
            Wanted::Output(None),
            Wanted::Body("chat.completion".to_owned()),
            Wanted::AtLeast(Duration::from_millis(1_500)),
            Wanted::AtMost(Duration::from_millis(1_500)),
        ];
        for wanted in met {
            assert_eq!(unmet(&wanted, &seen(), Timing::Virtual), None, "{wanted:?}");
        }
    }

    #[test]
    fn what_differs_is_told_with_what_was_seen() {
        let ms = Duration::from_millis;
        let cases = [
            (Wanted::Status(503), "expected status 503, saw 200"),
            (
                Wanted::Output(Some("repaired")),
                "expected that its `output` makes `repaired` of the answer, saw none",
            ),
            (Wanted::Target("a".to_owned()), "expected target `a`, saw `ab`"),
            (Wanted::Reason("ok"), "expected reason `ok`, saw `failed_over`"),
            (attempts_at(1, Some("a")), "expected 1 attempt at `a`, saw 2:\n    attempt n=1"),
            (attempts_at(2, None), "expected 2 attempts, saw 3:\n    attempt n=1"),
            (Wanted::Passed, "expected that no route takes the request:\n    attempt n=1"),
            (Wanted::Cut, "expected an answer that breaks off, saw one that ends properly"),
            (Wanted::Body("error".to_owned()), "expected `error` in the body, saw `{\"object\":"),
            (Wanted::AtLeast(ms(1_501)), "expected at least 1501ms, took 1500ms"),
            (Wanted::AtMost(ms(1_000)), "expected at most 1s, took 1500ms"),
        ];
        for (wanted, told) in cases {
            let text = unmet(&wanted, &seen(), Timing::Virtual).unwrap_or_default();
            assert!(text.starts_with(told), "{wanted:?}: {text}");
        }
        let header = |value: Option<&str>| Wanted::Header {
            name: "x-seawall-target".to_owned(),
            value: value.map(str::to_owned),
        };
        let text = |value| unmet(&header(value), &seen(), Timing::Virtual).unwrap_or_default();
        assert_eq!(text(Some("b")), "expected header x-seawall-target: `b`, saw `ab`");
        assert_eq!(text(None), "expected header x-seawall-target: none, saw `ab`");
    }

    #[test]
    fn a_real_machine_may_be_slower_but_not_faster() {
        let ms = Duration::from_millis;
        assert_eq!(unmet(&Wanted::AtMost(ms(1)), &seen(), Timing::Real), None);
        assert!(unmet(&Wanted::AtLeast(ms(2_000)), &seen(), Timing::Real).is_some());
    }
}

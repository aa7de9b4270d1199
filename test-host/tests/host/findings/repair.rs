//! Fixes, made in whole policies.

use seawall_policy::{Severity, check};
use seawall_test_host::diagnostics::repair::repair;

const VALID: &str = r#"seawall 1
target openai_east { cluster "east"  provider openai  host "api.openai.com"  auth bearer env.KEY }
target openai_west { cluster "west"  provider openai }
retry standard { on 429, 500, timeout  attempts 4  backoff full_jitter 200ms .. 10s  honor retry_after up to 30s }
breaker careful { window 60s  trip errors > 20% of at least 10  open 60s  recover 1, 5, 10 }
route chat { match path "/v1/chat/*"  try openai_east  then openai_west  retry standard  breaker careful  timeout 30s }
route default { pass }
"#;

fn errors(source: &str) -> usize {
    check(source).diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
}

/// Every word of three letters and more, with a slip of each kind in it.
fn misspelt() -> impl Iterator<Item = String> {
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '_';
    let words = VALID.match_indices(is_word).filter_map(move |(at, _)| {
        let starts = !VALID[..at].ends_with(is_word);
        let length = VALID[at..].find(|c| !is_word(c))?;
        (starts && length >= 3).then_some((at, length))
    });
    words.flat_map(|(at, length)| {
        let (before, word, after) = (&VALID[..at], &VALID[at..at + length], &VALID[at + length..]);
        let (start, end) = word.split_at(length / 2);
        let swapped: String = start[..start.len() - 1].chars().chain(end[..1].chars()).collect();
        let rest = [&start[start.len() - 1..], &end[1..]].concat();
        [
            [before, start, &end[1..], after].concat(),
            [before, start, "x", end, after].concat(),
            [before, &swapped, &rest, after].concat(),
        ]
    })
}

#[test]
fn a_repair_leads_to_no_more_errors_and_leaves_nothing_for_a_second_one() {
    for source in misspelt() {
        let repaired = repair(&source);
        assert!(errors(&repaired.text) <= errors(&source), "{source}\n{}", repaired.text);
        assert_eq!(check(&repaired.text), repaired.checked);
        let again = repair(&repaired.text);
        assert_eq!(again.text, repaired.text, "{source}");
        assert_eq!(again.made, [], "{source}");
        assert_eq!(repaired.made.is_empty(), repaired.text == source);
    }
}

#[test]
fn a_single_slip_that_has_a_fix_is_repaired_completely() {
    let mut count = 0;
    for source in misspelt() {
        let found = check(&source).diagnostics;
        if found.len() == 1 && found[0].fix.is_some() {
            let repaired = repair(&source);
            assert_eq!(repaired.made.len(), 1, "{source}");
            assert!(repaired.checked.diagnostics.is_empty(), "{source}\n{:#?}", repaired.checked.diagnostics);
            count += 1;
        }
    }
    assert!(count > 50, "only {count} slips have a fix");
}

#[test]
fn a_policy_without_findings_is_left_alone() {
    let repaired = repair(VALID);
    assert_eq!((repaired.text.as_str(), repaired.made.len()), (VALID, 0));
}

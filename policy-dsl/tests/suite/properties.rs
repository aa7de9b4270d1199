//! Nothing panics, every span lies on characters, and a policy is there exactly when there is no error.

use proptest::prelude::*;
use seawall_policy::{Severity, check, render};

const VALID: &str = r#"seawall 1
// a comment
target openai_east { cluster "east"  provider openai  host "api.openai.com"  auth bearer env.KEY  model "gpt-4.1" }
target openai_west { cluster "west"  provider openai  path "/v1"  auth header "x-api-key" env.KEY }
retry standard { on 429, 500, timeout  attempts 4  backoff full_jitter 200ms .. 10s  honor retry_after up to 30s }
breaker standard { window 60s  trip errors > 20% of at least 10  open 60s  recover 1, 5, 10 }
route chat {
  match path "/v1/chat/*"
  try openai_east
  then openai_west
  retry standard
  breaker standard
  timeout 30s
}
route default { pass }
"#;

fn holds(source: &str) -> Result<(), TestCaseError> {
    let checked = check(source);
    let errors = checked.diagnostics.iter().any(|found| found.severity == Severity::Error);
    prop_assert_eq!(checked.policy.is_none(), errors);
    for found in &checked.diagnostics {
        let (start, end) = (found.span.start as usize, found.span.end as usize);
        prop_assert!(start <= end && source.get(start..end).is_some(), "{:?}", found);
        prop_assert!(!found.message.is_empty() && !found.message.contains('\n'), "{:?}", found);
    }
    let text = render("p.seawall", source, &checked.diagnostics);
    let shown = text.matches("\n").count();
    prop_assert!(shown >= checked.diagnostics.len() * 4, "{}", text);
    Ok(())
}

/// Words, punctuation and values as they occur, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "seawall 1\n",
        "target",
        "retry",
        "breaker",
        "route",
        "default",
        "group",
        "limit",
        "contract",
        "output",
        "a",
        "b",
        "{",
        "}",
        "{",
        "}",
        "\n",
        "\n",
        ";",
        ",",
        "..",
        ".",
        ">",
        "cluster",
        "provider",
        "openai",
        "anthropic",
        "auth",
        "bearer",
        "env",
        "header",
        "\"x\"",
        "\"",
        "match path \"/\"",
        "try",
        "then",
        "timeout",
        "30s",
        "30",
        "20%",
        "on",
        "429",
        "400",
        "attempts",
        "backoff full_jitter",
        "1s .. 2s",
        "honor retry_after up to",
        "trip errors > 3% of",
        "at least 3",
        "pass",
        "<<JSON",
        "JSON\n",
        "`",
        "/x",
        "$3",
        "ö",
        "\u{feff}",
        "\r\n",
        "// c",
    ]);
    prop::collection::vec(pieces, 0..80).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(source in "\\PC{0,200}") {
        holds(&source)?;
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        holds(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_sequence_of_words_is_judged(source in pieces()) {
        holds(&source)?;
        holds(&format!("seawall 1\n{source}"))?;
    }

    #[test]
    fn any_mutation_of_a_policy_is_judged(
        cuts in prop::collection::vec((0..VALID.len(), 0..12_usize, "[a-z{}\"0-9%. \n;,ö]{0,6}"), 1..5),
    ) {
        let mut source = VALID.to_string();
        for (at, length, insert) in cuts {
            let mut start = at.min(source.len());
            while !source.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(source.len());
            while !source.is_char_boundary(end) { end += 1; }
            source.replace_range(start..end, &insert);
        }
        holds(&source)?;
    }

    #[test]
    fn layout_and_comments_leave_the_hash(
        gaps in prop::collection::vec(prop::sample::select(vec![" ", "\t", "   ", " \t "]), 64),
        breaks in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\n\n", " // x\n", "\n// \"{\n", " ;\n"]), 32),
    ) {
        let mut gaps = gaps.into_iter().cycle();
        let mut breaks = breaks.into_iter().cycle();
        let mut source = String::new();
        let mut comment = false;
        for c in VALID.chars() {
            match c {
                '\n' => { comment = false; source.push_str(breaks.next().unwrap()); }
                ' ' if !comment => source.push_str(gaps.next().unwrap()),
                c => { comment |= c == '/' && source.ends_with('/'); source.push(c); }
            }
        }
        let (plain, laid_out) = (check(VALID), check(&source));
        prop_assert!(laid_out.policy.is_some(), "{}", render("p", &source, &laid_out.diagnostics));
        prop_assert_eq!(plain.policy, laid_out.policy);
    }
}

//! Second places and fixes, whatever the policy: they lie in it, and making the fixes gives a text that can be checked.

use proptest::prelude::*;
use seawall_policy::{Diagnostic, Fix, Span, apply, check, render};

const VALID: &str = r#"seawall 1
target openai_east { cluster "east"  provider openai  host "api.openai.com"  auth bearer env.KEY  model "gpt-4.1" }
target openai_west { cluster "west"  provider openai  path "/v1"  auth header "x-api-key" env.KEY }
retry standard { on 429, 500, timeout  attempts 4  backoff full_jitter 200ms .. 10s  honor retry_after up to 30s }
breaker careful { window 60s  trip errors > 20% of at least 10  open 60s  recover 1, 5, 10 }
route chat {
  match path "/v1/chat/*"
  try openai_east
  then openai_west
  retry standard
  breaker careful
  timeout 30s
}
route default { pass }
"#;

fn lies_in(source: &str, span: Span) -> bool {
    span.start <= span.end && source.get(span.start as usize..span.end as usize).is_some()
}

fn holds(source: &str) -> Result<String, TestCaseError> {
    let found: Vec<Diagnostic> = check(source).diagnostics;
    for one in &found {
        for other in &one.related {
            prop_assert!(lies_in(source, other.span) && !other.label.contains('\n'), "{:?}", one);
        }
        let Some(fix) = &one.fix else { continue };
        prop_assert!(!fix.title.is_empty() && !fix.title.contains('\n'), "{:?}", one);
        prop_assert!(fix.edits.iter().all(|edit| lies_in(source, edit.span)), "{:?}", one);
        // Alone, each can be made.
        prop_assert_eq!(apply(source, &[fix]).made, vec![0], "{:?}", one);
    }
    let fixes: Vec<&Fix> = found.iter().filter_map(|one| one.fix.as_ref()).collect();
    let fixed = apply(source, &fixes);
    prop_assert_eq!(fixed.made.is_empty(), fixes.is_empty());
    Ok(fixed.text)
}

/// A letter more or less, words swapped or doubled: what happens when a person types.
fn slips() -> impl Strategy<Value = String> {
    let slip = (0..VALID.len(), 0..5_usize, "[a-zA-Z_\" ,{}%0-9ö]{1,3}");
    prop::collection::vec(slip, 1..6).prop_map(|slips| {
        let mut source = VALID.to_string();
        for (at, kind, text) in slips {
            let at = (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap();
            let end = source[at..].find(' ').map_or(source.len(), |length| at + length);
            match kind {
                0 => source.insert_str(at, &text),
                1 => source.replace_range(at..end, ""),
                2 => source.replace_range(at..end, &source[at..end].repeat(2)),
                3 => source.replace_range(at..end, &source[at..end].chars().rev().collect::<String>()),
                _ => source.replace_range(at..end, &source[at..end].to_uppercase()),
            }
        }
        source
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fixes_of_a_mutated_policy_fit_it_and_lead_to_a_text_that_can_be_judged(source in slips()) {
        let mut source = source;
        for _ in 0..4 {
            source = holds(&source)?;
        }
    }

    #[test]
    fn any_findings_of_any_text_are_rendered(
        source in "[a-z\t\n \r\"ö\u{202e}]{0,60}",
        spans in prop::collection::vec((0..70_u32, 0..70_u32, "[a-z]{0,4}"), 1..8),
    ) {
        // Also such as no checker would report: behind the end, within a character, the wrong way round.
        let mut spans = spans.into_iter().map(|(start, end, label)| (Span { start, end }, label));
        let (span, label) = spans.next().unwrap();
        let mut found = Diagnostic::new(seawall_policy::Code::Unused, span, "x").with_label(label);
        for (span, label) in spans {
            found = found.with_related(span, label.clone()).with_replacement(span, label);
        }
        let text = render("p", &source, std::slice::from_ref(&found));
        prop_assert!(text.starts_with("warning[SW0501]: x\n") && text.contains('^'), "{}", text);
        let fixed = apply(&source, &[found.fix.as_ref().unwrap_or(&Fix { title: String::new(), edits: vec![] })]);
        prop_assert!(fixed.made.len() <= 1);
    }
}

//! No text makes the reader panic, findings lie inside the text, and what is called constant is.

use proptest::prelude::*;
use seawall_policy::{Code, Diagnostic, Severity};

use super::generate;
use super::support::{read, valid};

/// The condition, if there is one, gets through all that can be asked of it.
fn judged(source: &str) -> Result<(), TestCaseError> {
    let (condition, found) = read(source);
    let errors = found.iter().any(|finding| finding.severity == Severity::Error);
    prop_assert_eq!(condition.is_none(), errors, "{} {:?}", source, found);
    for finding in &found {
        let places = finding.related.iter().map(|related| related.span);
        for span in places.chain([finding.span]) {
            let (start, end) = (span.start as usize, span.end as usize);
            prop_assert!(start <= end && source.get(start..end).is_some(), "{} {:?}", source, finding);
        }
        prop_assert!(!finding.message.is_empty() && !finding.message.contains('\n'), "{:?}", finding);
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            prop_assert!(
                source.get(edit.span.start as usize..edit.span.end as usize).is_some(),
                "{:?}",
                finding
            );
        }
    }
    let Some(condition) = condition else { return Ok(()) };
    let text = condition.text();
    if text.len() <= seawall_policy::condition::MAX_BYTES {
        let (again, found) = read(&text);
        prop_assert_eq!(again.as_ref(), Some(&condition), "{} {} {:?}", source, text, found);
    }
    prop_assert!(condition.implies(&condition));
    Ok(())
}

/// The value that a finding says its text always has.
fn claimed(finding: &Diagnostic) -> Option<bool> {
    if finding.code != Code::ConditionConstant {
        return None;
    }
    match finding.message.as_str() {
        message if message.ends_with(" is always true") => Some(true),
        message if message.ends_with(" is always false") => Some(false),
        _ => None,
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "model",
        "stream",
        "turns",
        "tools",
        "headers",
        "tokens",
        "tokens.input",
        "hour",
        "header",
        "gpt-4",
        "\"a\"",
        "'b'",
        "\"",
        "3",
        "0",
        "4k",
        "1.5",
        "-",
        "!",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "?",
        ":",
        "==",
        "=",
        "!=",
        "<",
        ">=",
        "in",
        "not",
        "and",
        "&&",
        "||",
        "+",
        "*",
        "/",
        "%",
        "true",
        "null",
        "size",
        "startsWith",
        "[\"x-a\"]",
        "{",
        "}",
        "// c",
        "\n",
        "ö",
        "“",
        "”",
        "\\",
        "r'",
        "'''",
        "/v1",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(source in "\\PC{0,80}") {
        judged(&source)?;
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        judged(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_sequence_of_pieces_is_judged(source in pieces()) {
        judged(&source)?;
        judged(&source.replace(' ', ""))?;
    }

    #[test]
    fn any_condition_is_read_again_from_its_text(source in generate::condition()) {
        judged(&source)?;
    }

    #[test]
    fn any_mutation_of_a_condition_is_judged(
        source in generate::condition(),
        cuts in prop::collection::vec((0..200_usize, 0..4_usize, "[a-z{}\"0-9%. =!&|()ö]{0,3}"), 1..3),
    ) {
        let mut source = source;
        for (at, length, insert) in cuts {
            let mut start = at.min(source.len());
            while !source.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(source.len());
            while !source.is_char_boundary(end) { end += 1; }
            source.replace_range(start..end, &insert);
        }
        judged(&source)?;
    }

    /// A part that is called constant is a condition of its own, and has that value for every request; a part that is
    /// said never to matter can be either value.
    #[test]
    fn what_is_called_constant_is(source in generate::condition(), requests in prop::collection::vec(generate::request(), 24)) {
        let (condition, found) = read(&source);
        let condition = condition.unwrap();
        for finding in &found {
            let part = finding.span.text(&source);
            if let Some(value) = claimed(finding) {
                let part = valid(part);
                for request in &requests {
                    prop_assert_eq!(part.holds(request), value, "{} {:?} {:?}", source, finding, request);
                }
            } else {
                for value in ["true", "false"] {
                    let mut without = source.clone();
                    without.replace_range(finding.span.start as usize..finding.span.end as usize, &format!("({value})"));
                    let without = valid(&without);
                    let same = requests.iter().all(|request| without.holds(request) == condition.holds(request));
                    // One of the two leaves the condition as it is.
                    if same { break; }
                    prop_assert!(value == "true", "{} {:?}", source, finding);
                }
            }
        }
    }

    #[test]
    fn what_is_implied_holds(
        a in generate::condition(),
        b in generate::condition(),
        requests in prop::collection::vec(generate::request(), 24),
    ) {
        let (a, b) = (valid(&a), valid(&b));
        let (implies, excludes) = (a.implies(&b), a.excludes(&b));
        for request in &requests {
            prop_assert!(!implies || !a.holds(request) || b.holds(request), "{} {} {:?}", a.text(), b.text(), request);
            prop_assert!(!excludes || !a.holds(request) || !b.holds(request), "{} {} {:?}", a.text(), b.text(), request);
        }
    }

    /// What is told about the parts agrees with the whole, and nothing depends on the layout.
    #[test]
    fn chains_come_to_what_their_parts_are(parts in prop::collection::vec(generate::condition(), 1..4), request in generate::request()) {
        let parts: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
        let all = parts.iter().all(|part| valid(part).holds(&request));
        let any = parts.iter().any(|part| valid(part).holds(&request));
        prop_assert_eq!(valid(&parts.join("&&")).holds(&request), all);
        prop_assert_eq!(valid(&parts.join("\n || ")).holds(&request), any);
    }
}

//! Fixes of a language of our own: each rule finds one word, calls it an error and would replace it.

use seawall_policy::Span;

use super::*;

/// What is wrong with a text, given rules of what is replaced by what. An empty replacement is no fix.
fn judge(rules: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Checked {
    move |text: &str| {
        let mut diagnostics: Vec<Diagnostic> = rules
            .iter()
            .flat_map(|(wrong, right)| {
                text.match_indices(wrong).map(move |(at, word)| (at, word.len(), *right))
            })
            .map(|(at, length, right)| {
                let span = Span::new(at, at + length);
                let found = Diagnostic::new(Code::UnknownName, span, "wrong");
                if right.is_empty() { found } else { found.with_replacement(span, right) }
            })
            .collect();
        diagnostics.sort_by_key(|found| found.span.start);
        Checked { policy: None, diagnostics }
    }
}

fn repaired(text: &str, rules: &'static [(&'static str, &'static str)]) -> (String, usize) {
    let repaired = repair_by(text, &judge(rules));
    (repaired.text, repaired.made.len())
}

#[test]
fn what_a_fix_uncovers_is_fixed_too() {
    assert_eq!(repaired("ab xb", &[("ab", "bc"), ("bc", "cd"), ("cd", "ok")]), ("ok xb".into(), 3));
}

#[test]
fn fixes_that_touch_are_made_one_after_the_other() {
    assert_eq!(repaired("xxxx x", &[("x", "y")]), ("yyyy y".into(), 5));
}

#[test]
fn a_fix_that_leads_to_more_errors_is_left_out_and_the_others_are_made() {
    let rules = &[("bad", "good"), ("trap", "worse worse"), ("worse", "")];
    assert_eq!(repaired("bad trap bad", rules), ("good trap good".into(), 2));
    assert_eq!(repaired("trap", rules), ("trap".into(), 0));
}

#[test]
fn fixes_that_undo_each_other_come_to_an_end() {
    let (text, made) = repaired("a", &[("a", "b"), ("b", "a")]);
    assert_eq!((text.as_str(), made), ("b", 1));
}

#[test]
fn what_was_done_is_told_with_its_place() {
    let repaired = repair_by("\n\n ab", &judge(&[("ab", "ok")]));
    let place = Position { line: 3, column: 2 };
    assert_eq!(repaired.made, [Made { code: Code::UnknownName, place, title: "write `ok`".into() }]);
}

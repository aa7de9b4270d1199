//! How findings with several places look.

use super::render;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

const SOURCE: &str = "seawall 1\nroute a {\n  try u  try v, u\n\n\ttimeout 2s\n}\nroute a { pass }\n";

fn span(text: &str, nth: usize) -> Span {
    let (at, _) = SOURCE.match_indices(text).nth(nth).unwrap();
    Span::new(at, at + text.len())
}

fn shown(found: Diagnostic) -> String {
    let text = render("p", SOURCE, &[found]);
    text.split_once(" |\n").unwrap().1.to_string()
}

fn twice(first: Span, again: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, again, "twice").with_label("again").with_related(first, "first")
}

#[test]
fn places_on_other_lines_are_shown_in_their_order() {
    let wanted = "\
2 | route a {
  |       - first
...
7 | route a { pass }
  |       ^ again
";
    assert_eq!(shown(twice(span("a", 2), span("a", 3))), wanted);
    let wanted = "\
2 | route a {
  |       ^ again
3 |   try u  try v, u
  |        -------- first
";
    assert_eq!(shown(twice(span("  try v,", 0), span("a", 2))), wanted);
}

#[test]
fn labels_on_one_line_hang_below_but_for_the_last() {
    let found = twice(span("u", 1), span("u", 2)).with_related(span("v", 0), "between");
    let wanted = "\
3 |   try u  try v, u
  |       -      -  ^ again
  |       |      |
  |       |      between
  |       first
";
    assert_eq!(shown(found), wanted);
}

#[test]
fn places_within_each_other_keep_what_is_wrong_whole() {
    let wanted = "\
3 |   try u  try v, u
  |   -------^^^-----
  |   |      |
  |   |      again
  |   first
";
    assert_eq!(shown(twice(span("try u  try v, u", 0), span("try", 1))), wanted);
    let wanted = "\
3 |   try u  try v, u
  |   ^^^
  |   |
  |   again
  |   first
";
    assert_eq!(shown(twice(span("try", 0), span("try", 0))), wanted);
}

#[test]
fn of_a_piece_over_several_lines_the_first_and_the_last_are_shown() {
    let wanted = "\
2 | route a {
  |         ^
...
6 | }
  | ^ again
";
    let block = Span::new(span("{", 0).start as usize, span("}", 0).end as usize);
    assert_eq!(shown(Diagnostic::new(Code::Unused, block, "x").with_label("again")), wanted);
    let wanted = "\
3 |   try u  try v, u
  |              ^^^^
...
5 |     timeout 2s
  |     ^^^^^^^^^^
";
    let two = Span::new(span("v", 0).start as usize, span("timeout 2s", 0).end as usize);
    assert_eq!(shown(Diagnostic::new(Code::Unused, two, "x")), wanted);
}

#[test]
fn a_fix_is_told_where_the_help_does_not_say_it() {
    let found = || Diagnostic::new(Code::UnknownName, span("v", 0), "unknown");
    let tail = |found| shown(found).lines().skip(3).collect::<Vec<_>>().join("\n");
    assert_eq!(tail(found().with_suggestion("x")), "  = help: did you mean `x`?");
    assert_eq!(tail(found().with_replacement(span(", u", 0), "")), "  = fix: remove it");
    let both = found().with_help("one target is enough").with_replacement(span("v, ", 0), "");
    assert_eq!(tail(both), "  = help: one target is enough\n  = fix: remove it");
}

//! The policy as a tree.

use seawall_policy::ide::{Document, Outline};

use super::with;

fn print(outlines: &[Outline], depth: usize, out: &mut String) {
    for outline in outlines {
        assert!(outline.span.start <= outline.head.start && outline.head.end <= outline.span.end);
        let line = ["  ".repeat(depth).as_str(), outline.kind, " ", &outline.name, "\n"].concat();
        out.push_str(&line);
        print(&outline.children, depth + 1, out);
    }
}

#[test]
fn definitions_hold_their_blocks() {
    let source = with(
        "route chat { try a { max_tokens 5 }  contract { turns <= 3 }  output { invalid reject } }\ntenant by san\n\
         test \"it works\" {\n  request { }\n  expect { status 200 }\n}\nroute default { pass }",
    );
    let mut out = String::new();
    print(&Document::new(&source).outline(), 0, &mut out);
    let wanted = "target openai_east\ntarget openai_west\ngroup both\nlimit tpm\nretry standard\nbreaker standard\n\
                  route chat\n  try try\n  contract contract\n  output output\ntenant tenant\n\
                  test it works\n  request request\n  expect expect\nroute default\n";
    assert_eq!(out, wanted);
}

#[test]
fn a_definition_that_is_never_closed_reaches_to_the_next() {
    let source = "seawall 1\ntarget a {\n  cluster \"a\"\n\n\nroute r {\n  try a\n";
    let document = Document::new(source);
    let outline = document.outline();
    let texts: Vec<&str> = outline.iter().map(|outline| outline.span.text(source)).collect();
    assert_eq!(texts, ["target a {\n  cluster \"a\"", "route r {\n  try a"]);
}

#[test]
fn what_spans_several_lines_can_be_folded() {
    let source = "seawall 1\ntarget a { cluster \"a\" }\nroute r {\n  contract {\n    turns <= 3\n  }\n}\n";
    let document = Document::new(source);
    let starts: Vec<u32> = document.folds().iter().map(|span| span.start).collect();
    assert_eq!(starts.len(), 2);
    assert!(starts[0] < starts[1]);
}

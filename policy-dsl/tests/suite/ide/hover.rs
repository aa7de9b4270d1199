//! What there is to say about a place.

use seawall_policy::ide::Document;
use seawall_policy::vocabulary::blocks;

use super::{cursor, with};

fn hover(marked: &str) -> Option<(String, String)> {
    let (source, at) = cursor(&with(marked));
    let found = Document::new(&source).hover(at)?;
    Some((found.span.text(&source).to_string(), found.markdown))
}

#[test]
fn a_place_is_explained_by_what_stands_there() {
    for (marked, about, told) in [
        ("route r { time$0out 30s }", "timeout", "**`timeout`** in `route`"),
        ("route r { timeout 3$00s }", "30s", "- default: `60s`"),
        ("route r { timeout 30$0s }", "30s", "- unit: `x`; `ns`, `us`, `ms`, `s`, `m` or `h`"),
        ("retry r { back$0off full_jitter 1s .. 2s }", "backoff", "\"full_jitter\" | \"equal_jitter\""),
        ("retry r { atte$0mpts 3 }", "attempts", "- allowed: 1 to 10"),
        ("retry r { budget 10% of requ$0ests }", "requests", "Callers' own retries use"),
        ("route r { cac$0he 1h }", "cache", "Not supported by this version"),
        ("target t { clus$0ter \"a\" }", "cluster", "- required"),
        ("breaker b { tr$0ip errors > 1% of at least 1 }", "trip", "- may stand more than once"),
        ("breaker b { trip errors > 1% of at least 1$0 }", "1", "trip errors > 20% of at least 10"),
        ("tar$0get t { }", "target", "Statements: `like`, `cluster`"),
        ("route r { contr$0act { } }", "contract", "What one request may use"),
        ("limit l global { 9$00k tokens/min }", "90k", "the value of a `limit`"),
        // Names show what they stand for.
        ("route r { try openai_w$0est }", "openai_west", "target openai_west { like openai_east"),
        ("route r { retry stand$0ard }", "standard", "retry standard { attempts 3 }"),
        ("route r { try nob$0ody }", "nobody", "**`try`** in `route`"),
        // Conditions.
        ("route r { when `mod$0el == \"a\"` }", "model", "string"),
        ("route r { when `tokens.in$0put > 5` }", "tokens.input", "tokens of the prompt"),
        (
            "route r { when `model.starts$0With(\"a\")` }",
            "startsWith",
            "whether a string begins with another",
        ),
        ("route r { when `mod$0el.startsWith(\"a\")` }", "model", "model that the client asks for"),
        ("route r { when `\"mod$0el\" == model` }", "`\"model\" == model`", "**`when`** in `route`"),
    ] {
        let (span, text) = hover(marked).unwrap_or_default();
        assert_eq!(span, about, "{marked}");
        assert!(text.contains(told), "{marked}\n{text}");
    }
}

#[test]
fn nothing_is_said_about_nothing() {
    for marked in ["route r { $0 }", "// try $0a", "nonsense$0 { }", "\n$0\n"] {
        assert_eq!(hover(marked), None, "{marked}");
    }
    let (source, at) = cursor("sea$0wall 1\n");
    assert!(Document::new(&source).hover(at).unwrap().markdown.contains("version of the language"));
}

#[test]
fn every_statement_of_the_language_is_explained_in_its_own_example() {
    for block in blocks() {
        for statement in block.statements.iter().filter(|statement| !statement.word.is_empty()) {
            // The reference says it all; only whether it is found in a block is asked here.
            if block.word == "policy" {
                let (source, at) = cursor(&["seawall 1\n$0", statement.example].concat());
                let found = Document::new(&source).hover(at).expect(statement.example);
                assert!(found.markdown.contains(statement.doc), "{}", statement.example);
            }
        }
    }
}

//! Whatever the text is and wherever the cursor stands.

use proptest::prelude::*;
use seawall_policy::Scope;
use seawall_policy::ide::Document;

const WHOLE: &str = include_str!("../../reference.seawall");

fn ask(source: &str, at: usize) {
    let document = Document::new(source);
    for scope in [Scope::Supported, Scope::WholeLanguage] {
        let found = document.complete(at, scope);
        assert!(source.get(found.replace.start as usize..found.replace.end as usize).is_some());
    }
    let _ = document.hover(at);
    let _ = document.definition(at);
    if let Some(symbol) = document.symbol_at(at) {
        assert!(document.references(at).contains(&symbol));
        let _ = document.rename(at, "another");
    }
    let _ = document.outline();
    let _ = document.folds();
}

proptest! {
    #[test]
    fn no_text_and_no_place_is_too_odd(source in any::<String>(), at in 0_usize..100) {
        ask(&source, at);
    }

    #[test]
    fn no_cut_of_a_policy_is_too_odd(cut in 0..WHOLE.len(), at in 0..WHOLE.len()) {
        let mut cut = cut;
        while !WHOLE.is_char_boundary(cut) {
            cut -= 1;
        }
        ask(&WHOLE[..cut], at);
        ask(&WHOLE[cut..], at);
    }

    #[test]
    fn a_place_behind_the_end_is_the_end(past in 0_usize..10) {
        let document = Document::new(WHOLE);
        let end = document.complete(WHOLE.len(), Scope::WholeLanguage);
        prop_assert_eq!(document.complete(WHOLE.len() + past, Scope::WholeLanguage), end);
    }
}

#[test]
fn every_word_of_a_policy_without_mistakes_is_understood() {
    let document = Document::new(WHOLE);
    let mut at = 0;
    for line in WHOLE.split_inclusive('\n') {
        let code = line.split("//").next().unwrap();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for (start, _) in code.match_indices(|c: char| c.is_ascii_alphabetic()) {
            let free =
                !code[..start].ends_with(is_word) && code[..start].matches(['"', '`']).count() % 2 == 0;
            if free && !code.starts_with("seawall") && !code[..start].contains('/') {
                assert!(
                    document.hover(at + start).is_some(),
                    "nothing known at {:?} of {line}",
                    &code[start..]
                );
            }
        }
        at += line.len();
    }
}

#[test]
fn a_large_text_is_read_in_linear_time() {
    // Would take hours if any of it were quadratic.
    for piece in [
        "target a { cluster \"a\" }\n",
        "{",
        "}",
        "\n",
        "route r {\n",
        "a,\n\n",
        "try a b ",
        "`",
        "\"",
        "x.",
        "limit",
    ] {
        let source = ["seawall 1\n", &piece.repeat((1 << 19) / piece.len())].concat();
        let document = Document::new(&source);
        let _ = document.outline();
        let _ = document.folds();
        let _ = document.hover(source.len() / 2);
        let _ = document.complete(source.len(), Scope::WholeLanguage);
    }
    let targets: String = (0..20_000).map(|number| format!("target t{number} {{ }}\n")).collect();
    let source = ["seawall 1\n", &targets, "route r { try t0, "].concat();
    let document = Document::new(&source);
    assert_eq!(document.complete(source.len(), Scope::Supported).items.len(), 19_999);
    assert!(document.rename(source.find("t19999").unwrap(), "other").is_ok());
}

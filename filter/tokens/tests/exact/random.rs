//! Random texts, from arbitrary Unicode to what looks like text.

use proptest::prelude::*;

use crate::reference::{REFERENCES, assert_same};

/// Characters of one kind, of which texts are made in runs.
const KINDS: &[&str] = &[
    "\\PC",
    "[a-z]",
    "[A-Z]",
    "[a-zA-Z]",
    "[0-9]",
    "[ \\t\\n\\r]",
    "\\s",
    "[!-/:-@\\[-`{-~]",
    "[\u{4e00}-\u{9fff}]",
    "[\u{3040}-\u{30ff}]",
    "[\u{ac00}-\u{d7a3}]",
    "[а-яА-Я]",
    "[\u{900}-\u{97f}]",
    "[\u{600}-\u{6ff}]",
    "\\p{M}",
    "\\p{Lm}",
    "\\p{Lt}",
    "\\p{N}",
    "['sSſtTlLvVeErRdDmM]",
    "[\u{1f300}-\u{1faff}]",
    "[\\x00-\\x1f\\x7f-\\xa0]",
    "[a-zA-Z0-9+/]",
];

fn runs() -> impl Strategy<Value = String> {
    let kinds: Vec<_> = KINDS.iter().map(|kind| format!("{kind}{{1,12}}")).collect();
    let run = proptest::sample::select(kinds)
        .prop_flat_map(|pattern| proptest::string::string_regex(&pattern).unwrap());
    proptest::collection::vec(run, 0..16).prop_map(|runs| runs.concat())
}

/// Tokens one after the other, whether they would be chosen or not: what tempts a merge to go wrong.
fn tokens() -> impl Strategy<Value = String> {
    proptest::collection::vec((any::<bool>(), 0_u32..199_998), 1..24).prop_map(|tokens| {
        let mut bytes = Vec::new();
        for (which, token) in tokens {
            let (_, reference) = &REFERENCES[usize::from(which)];
            bytes.extend(reference.decode_bytes(&[if which { token % 100_256 } else { token }]).unwrap());
        }
        String::from_utf8_lossy(&bytes).replace('\u{fffd}', "")
    })
}

/// The same without what ends a piece, so that one piece holds it all.
fn one_piece() -> impl Strategy<Value = String> {
    tokens().prop_map(|text| {
        text.chars().filter(|character| character.is_lowercase() || *character > '\u{2fff}').collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn arbitrary_unicode_is_counted_exactly(text: String) {
        assert_same(&text);
    }

    #[test]
    fn runs_of_characters_of_a_kind_are_counted_exactly(text in runs()) {
        assert_same(&text);
    }

    #[test]
    fn any_tokens_in_a_row_are_counted_exactly(text in tokens()) {
        assert_same(&text);
    }

    #[test]
    fn any_tokens_within_one_piece_are_counted_exactly(text in one_piece()) {
        assert_same(&text);
    }
}

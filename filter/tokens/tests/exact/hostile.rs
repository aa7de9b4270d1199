//! Inputs made to be slow or to be counted wrong.

use proptest::prelude::*;
use seawall_tokens::{Encoding, LONGEST_PIECE};

use crate::reference::{assert_same, counts};

/// What a long piece may be made of.
const ALPHABETS: &[&str] = &[
    "a",
    "ab",
    "abcdefghijklmnopqrstuvwxyz",
    "eationsr",
    " ",
    "\n",
    " \t",
    "!",
    "-=",
    "!@#$%^&*()",
    "中",
    "的一是不了人我在",
    "龘靐齉龖䨻",
    "のにはをがと",
    "가나다라",
    "ಠ",
    "дом",
    "🙂🙃",
    "\u{301}",
    "0A",
    "=",
    "\u{0}",
];

fn pseudo_random(alphabet: &str, characters: usize, mut seed: u64) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alphabet[(seed >> 33) as usize % alphabet.len()]
    })
    .take(characters)
    .collect()
}

#[test]
fn pieces_up_to_the_longest_are_counted_exactly() {
    for alphabet in ALPHABETS {
        let width = alphabet.chars().map(char::len_utf8).max().unwrap();
        for bytes in [
            1,
            2,
            3,
            15,
            16,
            17,
            63,
            64,
            65,
            127,
            128,
            129,
            255,
            256,
            257,
            1_000,
            LONGEST_PIECE - 1,
            LONGEST_PIECE,
        ] {
            assert_same(&pseudo_random(alphabet, bytes / width, bytes as u64));
        }
    }
}

/// Where a piece is cut a token may be: two more at most.
#[test]
fn longer_pieces_are_counted_nearly_and_say_so() {
    for alphabet in ALPHABETS.iter().filter(|alphabet| **alphabet != "0A") {
        let text = pseudo_random(alphabet, 40_000, 7);
        let cuts = (text.len() / LONGEST_PIECE) as u64;
        for (encoding, count, expected) in counts(&text) {
            assert!(!count.is_exact, "{encoding:?} of {alphabet:?}");
            assert!(
                count.tokens.abs_diff(expected) <= 2 * cuts,
                "{encoding:?} of {alphabet:?}: {count:?}, not {expected}"
            );
        }
    }
}

#[test]
fn a_million_of_a_character_ends() {
    for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
        for character in ["a", " ", "\n", "!", "中", "\u{301}", "🙂"] {
            let count = encoding.count(&character.repeat(1_000_000));
            assert!(!count.is_exact && count.tokens > 0);
        }
    }
}

#[test]
fn base64_is_counted_exactly() {
    let base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for seed in 0..20 {
        assert_same(&pseudo_random(base64, 20_000, seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn long_texts_of_mixed_scripts_are_counted_exactly(
        runs in proptest::collection::vec((proptest::sample::select(ALPHABETS), 1_usize..400, any::<u64>()), 1..40)
    ) {
        let text: String = runs.into_iter().map(|(alphabet, length, seed)| pseudo_random(alphabet, length, seed) + ".").collect();
        assert_same(&text);
    }
}

//! Every text that is kept is judged in every test run; the fuzzer starts from them.

use std::fs;
use std::path::{Path, PathBuf};

use seawall_policy_fuzz::{dictionary, judge};

/// Where the texts lie: those that were found, and the policies of the other tests.
const CORPUS: &[&str] = &["corpus", "../tests", "../tests/golden", "../tests/literate", "../tests/condition"];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn every_text_of_the_corpus_holds() {
    let mut count = 0;
    for directory in CORPUS {
        for entry in fs::read_dir(here(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                judge(&fs::read(path).unwrap());
                count += 1;
            }
        }
    }
    assert!(count > 20, "the corpus has gone missing");
}

#[test]
fn the_dictionary_holds_the_words_of_the_language() {
    let words = dictionary();
    for word in ["\"route \"", "\"retry_after up to \"", "\"first_token \"", "\"tokens.input\"", "\"<= \""] {
        assert!(words.lines().any(|line| line == word), "{word} in\n{words}");
    }
    // As libFuzzer reads it: each line a text in quotes, of ASCII alone.
    assert!(words.lines().all(|line| line.len() > 2 && line.starts_with('"') && line.ends_with('"')));
    assert!(words.is_ascii());
}

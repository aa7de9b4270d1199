//! What tiktoken-rs counts.

use std::sync::LazyLock;

use seawall_tokens::{Count, Encoding};
use tiktoken_rs::CoreBPE;

pub(crate) static REFERENCES: LazyLock<[(Encoding, CoreBPE); 2]> = LazyLock::new(|| {
    [
        (Encoding::O200kBase, tiktoken_rs::o200k_base().unwrap()),
        (Encoding::Cl100kBase, tiktoken_rs::cl100k_base().unwrap()),
    ]
});

/// What both say of a text, with both vocabularies.
pub(crate) fn counts(text: &str) -> impl Iterator<Item = (Encoding, Count, u64)> {
    REFERENCES.iter().map(move |(encoding, reference)| {
        (*encoding, encoding.count(text), reference.count_ordinary(text) as u64)
    })
}

#[track_caller]
pub(crate) fn assert_same(text: &str) {
    for (encoding, count, expected) in counts(text) {
        assert_eq!(count, Count { tokens: expected, is_exact: true }, "{encoding:?} of {text:?}");
    }
}

//! What is true of the vocabularies and what the way of counting rests on.

use std::collections::HashMap;

use crate::reference::{REFERENCES, assert_same};

/// A token merges from its bytes, no merge has a lower rank than the one before, and its own is the last: so of two
/// merges that touch one another the one with the lower rank comes first, whatever stands around them.
#[test]
fn ranks_rise_from_merge_to_merge() {
    for ((encoding, reference), size) in REFERENCES.iter().zip([199_998_u32, 100_256]) {
        let texts: Vec<_> = (0..size).map(|rank| reference.decode_bytes(&[rank]).unwrap()).collect();
        let ranks: HashMap<&[u8], u32> = texts.iter().map(Vec::as_slice).zip(0..).collect();
        for (rank, text) in texts.iter().enumerate() {
            let mut ends: Vec<usize> = (0..=text.len()).collect();
            let mut last = None;
            while ends.len() > 2 {
                let pairs = ends.windows(3).enumerate();
                let ranked = pairs.filter_map(|(at, ends)| Some((*ranks.get(&text[ends[0]..ends[2]])?, at)));
                let (lowest, at) =
                    ranked.min().unwrap_or_else(|| panic!("{encoding:?}: {text:?} is not merged"));
                assert!(Some(lowest) >= last, "{encoding:?}: {text:?}");
                last = Some(lowest);
                ends.remove(at + 1);
            }
            assert!(text.len() == 1 || last == Some(rank as u32), "{encoding:?}: {text:?}");
        }
    }
}

#[test]
fn every_token_that_is_text_is_counted_exactly() {
    for ((_, reference), size) in REFERENCES.iter().zip([199_998_u32, 100_256]) {
        for rank in 0..size {
            if let Ok(text) = String::from_utf8(reference.decode_bytes(&[rank]).unwrap()) {
                assert_same(&text);
            }
        }
    }
}

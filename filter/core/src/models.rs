//! The models that callers of a target have used: one cell that all workers share, so that all mean the same model by the
//! same breaker and the same statistics.
//!
//! A fixed number of places, filled in the order of arrival and never emptied. A name gets one once the provider has answered it,
//! so names made up by a caller take none. A provider that fails or is too busy says so of any name: with such an answer a name
//! gets one only while few are taken, so that the others are left for those that it really knows. The cell: a version, a count, and
//! for each place a length and that many bytes.

use crate::store::{self, Store};

/// Models of one target that are told apart. The others are one.
pub(crate) const MOST_MODELS: usize = 64;

/// Places taken, from which on only a success gives another one.
const MOST_DOUBTFUL: usize = MOST_MODELS / 4;

/// Bytes of the longest name that has a place.
pub(crate) const LONGEST_NAME: usize = 95;

const VERSION: u8 = 1;
const PLACE: usize = 1 + LONGEST_NAME;
const SIZE: usize = 2 + MOST_MODELS * PLACE;

/// What an answer to an attempt with a name shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A success: the provider knows it.
    Known,
    /// An error that says nothing of the name.
    Doubtful,
}

impl Proof {
    /// Places in which such a name finds one.
    pub(crate) fn places(self) -> usize {
        match self {
            Self::Known => MOST_MODELS,
            Self::Doubtful => MOST_DOUBTFUL,
        }
    }
}

/// Whether a name can have a place: visible ASCII that needs no escape in JSON, and not too long.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// The names in a cell; none in one that cannot be read.
fn names(bytes: Option<&[u8]>) -> impl Iterator<Item = &str> {
    let (count, places) = match bytes {
        Some([VERSION, count, places @ ..]) if places.len() == SIZE - 2 => (*count, places),
        _ => (0, &[][..]),
    };
    places.chunks_exact(PLACE).take(count.into()).filter_map(|place| {
        let (length, name) = place.split_first()?;
        std::str::from_utf8(name.get(..usize::from(*length))?).ok().filter(|name| is_name(name))
    })
}

/// Every name that has a place.
pub(crate) fn read(store: &mut dyn Store, key: &str) -> Vec<String> {
    let cell = store.get(key);
    names(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).map(str::to_owned).collect()
}

/// Gives a name a place if it has none, and says whether it has one now.
pub(crate) fn enrol(store: &mut dyn Store, key: &str, name: &str, proof: Proof) -> bool {
    if !is_name(name) {
        return false;
    }
    store::update(store, key, |bytes| {
        let known: Vec<&str> = names(bytes).collect();
        if known.contains(&name) {
            return (None, true);
        }
        if known.len() >= proof.places() {
            return (None, false);
        }
        let mut cell = Vec::with_capacity(SIZE);
        cell.extend_from_slice(&[VERSION, known.len() as u8 + 1]);
        for name in known.into_iter().chain([name]) {
            cell.push(name.len() as u8);
            cell.extend_from_slice(name.as_bytes());
            cell.resize(cell.len() + LONGEST_NAME - name.len(), 0);
        }
        cell.resize(SIZE, 0);
        (Some(cell), true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn a_name_has_one_place_and_the_cell_its_size() {
        let mut store = MemoryStore::default();
        for name in ["gpt-4.1", "gpt-4o", "gpt-4.1"] {
            assert!(enrol(&mut store, "k", name, Proof::Known));
            assert_eq!(store.get("k").unwrap().0.len(), SIZE);
        }
        assert_eq!(read(&mut store, "k"), ["gpt-4.1", "gpt-4o"]);
    }

    #[test]
    fn what_comes_after_the_last_place_has_none() {
        let mut store = MemoryStore::default();
        for n in 0..MOST_MODELS {
            assert!(enrol(&mut store, "k", &format!("model-{n}"), Proof::Known));
        }
        let full = store.get("k");
        assert!(!enrol(&mut store, "k", "one-more", Proof::Known));
        assert!(enrol(&mut store, "k", "model-0", Proof::Known));
        assert_eq!(store.get("k"), full);
    }

    #[test]
    fn names_that_only_errors_have_answered_leave_most_places_to_the_others() {
        let mut store = MemoryStore::default();
        let taken = (0..1_000).filter(|n| enrol(&mut store, "k", &format!("made-up-{n}"), Proof::Doubtful));
        assert_eq!(taken.count(), 16);
        for n in 16..MOST_MODELS {
            assert!(enrol(&mut store, "k", &format!("model-{n}"), Proof::Known));
        }
        assert!(!enrol(&mut store, "k", "one-more", Proof::Known));
        assert!(enrol(&mut store, "k", "model-20", Proof::Doubtful), "it has a place");
    }

    #[test]
    fn odd_names_have_no_place() {
        let mut store = MemoryStore::default();
        let (longest, too_long) = ("m".repeat(LONGEST_NAME), "m".repeat(LONGEST_NAME + 1));
        assert!(enrol(&mut store, "k", &longest, Proof::Known));
        for name in ["", "two words", "quo\"te", "back\\slash", "bell\u{7}", "ümlaut", &too_long] {
            assert!(!enrol(&mut store, "k", name, Proof::Known), "{name}");
        }
        assert_eq!(read(&mut store, "k"), [longest]);
    }

    #[test]
    fn foreign_bytes_hold_no_names() {
        for bytes in [&b""[..], &[VERSION], &[VERSION, 255], &[VERSION + 1; SIZE], &[255; SIZE]] {
            let mut store = MemoryStore::default();
            store.set("k", bytes, None).unwrap();
            assert!(read(&mut store, "k").is_empty());
        }
        let (mut store, mut long) = (MemoryStore::default(), vec![VERSION, 2]);
        long.resize(SIZE, 255);
        store.set("k", &long, None).unwrap();
        assert!(read(&mut store, "k").is_empty(), "lengths beyond their places");
    }
}

//! Which items or members of a value have been evaluated: what `unevaluatedItems` and `unevaluatedProperties` leave alone.

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    is_all: bool,
    /// A bit for each item or member, by its place.
    bits: Vec<u64>,
}

impl Seen {
    pub(super) fn add(&mut self, at: usize) {
        if self.bits.len() <= at / 64 {
            self.bits.resize(at / 64 + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    pub(super) fn add_first(&mut self, count: usize) {
        for at in 0..count {
            self.add(at);
        }
    }

    pub(super) fn add_all(&mut self) {
        self.is_all = true;
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.is_all || self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Words that merging it takes.
    pub(super) fn len(&self) -> usize {
        self.bits.len()
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.is_all |= other.is_all;
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word |= other;
        }
    }
}

//! An alphabet for each pattern: characters that it doesn't tell apart are one symbol.

use std::collections::BTreeMap;

use super::class::Class;
use crate::sort::sort;

#[derive(Debug)]
pub(super) struct Symbols {
    /// By code point.
    ascii: [u16; 128],
    /// Where each run of characters of one symbol begins, ascending.
    starts: Vec<(u32, u16)>,
    /// A character of each symbol.
    samples: Vec<u32>,
}

impl Symbols {
    /// `None` if there are too many.
    pub(super) fn of(classes: &[Class]) -> Option<Self> {
        // Where a class begins or ends: one walk over the characters then knows for each run which classes it is in.
        let mut bounds = vec![(0, None)];
        for (at, class) in classes.iter().enumerate() {
            bounds.extend(
                class
                    .ranges()
                    .iter()
                    .flat_map(|(first, last)| [*first, last + 1])
                    .map(|bound| (bound, Some(at))),
            );
        }
        sort(&mut bounds, |(one, _), (other, _)| one.cmp(other));
        let mut in_which = vec![0_u32; classes.len().div_ceil(32)];
        // Of the type that the automaton's states have, too.
        let mut known = BTreeMap::<Box<[u32]>, u32>::new();
        let (mut starts, mut samples) = (Vec::<(u32, u16)>::with_capacity(bounds.len()), Vec::new());
        for run in bounds.chunk_by(|(one, _), (other, _)| one == other) {
            let start = run.first().map_or(0, |(start, _)| *start);
            for at in run.iter().filter_map(|(_, class)| *class) {
                if let Some(word) = in_which.get_mut(at / 32) {
                    *word ^= 1 << (at % 32);
                }
            }
            let symbol = match known.get(&*in_which) {
                Some(symbol) => *symbol as u16,
                None => {
                    let symbol = u16::try_from(known.len()).ok()?;
                    known.insert(in_which.as_slice().into(), symbol.into());
                    samples.push(start);
                    symbol
                }
            };
            if starts.last().is_none_or(|(_, before)| *before != symbol) {
                starts.push((start, symbol));
            }
        }
        let mut symbols = Self { ascii: [0; 128], starts, samples };
        for code in 0..128 {
            let symbol = symbols.search(code);
            if let Some(slot) = symbols.ascii.get_mut(code as usize) {
                *slot = symbol;
            }
        }
        Some(symbols)
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.samples)
    }

    pub(super) fn sample(&self, symbol: u16) -> u32 {
        self.samples.get(usize::from(symbol)).copied().unwrap_or(0)
    }

    pub(super) fn get(&self, character: char) -> u16 {
        match self.ascii.get(character as usize) {
            Some(symbol) => *symbol,
            None => self.search(u32::from(character)),
        }
    }

    fn search(&self, character: u32) -> u16 {
        let after = self.starts.partition_point(|(start, _)| *start <= character);
        after.checked_sub(1).and_then(|at| self.starts.get(at)).map_or(0, |(_, symbol)| *symbol)
    }
}

//! An alphabet for each pattern: characters that it doesn't tell apart are one symbol.

use std::collections::BTreeMap;

use super::class::Class;

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
        let mut bounds = vec![0];
        for &(first, last) in classes.iter().flat_map(Class::ranges) {
            bounds.extend([first, last + 1]);
        }
        bounds.sort_unstable();
        bounds.dedup();
        let mut known = BTreeMap::<Vec<u64>, u16>::new();
        let (mut starts, mut samples) = (Vec::<(u32, u16)>::with_capacity(bounds.len()), Vec::new());
        for start in bounds {
            let mut in_which = vec![0_u64; classes.len().div_ceil(64)];
            for (at, class) in classes.iter().enumerate() {
                if let Some(word) = in_which.get_mut(at / 64) {
                    *word |= u64::from(class.contains(start)) << (at % 64);
                }
            }
            let next = u16::try_from(known.len()).ok()?;
            let symbol = *known.entry(in_which).or_insert_with(|| {
                samples.push(start);
                next
            });
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

//! Sorting in little code: a slice's own takes some 5 KB for each type.

use std::cmp::Ordering;

/// Sorts, n log n whatever the order; equal items end up in any.
pub(crate) fn sort<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    heap_sort(&mut Items { items, compare });
}

/// What the sort asks of what it sorts. Not generic beyond here: it is in the module once.
trait Sortable {
    fn len(&self) -> usize;
    fn is_less(&self, a: usize, b: usize) -> bool;
    fn swap(&mut self, a: usize, b: usize);
}

struct Items<'i, T, C> {
    items: &'i mut [T],
    compare: C,
}

impl<T, C: Fn(&T, &T) -> Ordering> Sortable for Items<'_, T, C> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn is_less(&self, a: usize, b: usize) -> bool {
        match (self.items.get(a), self.items.get(b)) {
            (Some(a), Some(b)) => (self.compare)(a, b) == Ordering::Less,
            _ => false,
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.items.swap(a, b);
    }
}

fn heap_sort(items: &mut dyn Sortable) {
    let count = items.len();
    for top in (0..count / 2).rev() {
        sift(items, top, count);
    }
    for last in (1..count).rev() {
        items.swap(0, last);
        sift(items, 0, last);
    }
}

/// Lets an item sink to where none of those below it, up to `end`, is greater.
fn sift(items: &mut dyn Sortable, mut top: usize, end: usize) {
    loop {
        let mut child = 2 * top + 1;
        if child >= end {
            return;
        }
        if child + 1 < end && items.is_less(child, child + 1) {
            child += 1;
        }
        if !items.is_less(top, child) {
            return;
        }
        items.swap(top, child);
        top = child;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn items_come_into_order(mut items: Vec<u16>) {
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items, u16::cmp);
            prop_assert_eq!(items, expected);
        }
    }
}

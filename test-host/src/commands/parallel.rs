//! Work at several things at once, told in their order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Works at `items`, at most `jobs` at a time, and tells of each in the order of the items, as soon as all before it are told.
///
/// # Errors
/// The first of `tell`; what has not begun by then is left.
pub(super) fn in_order<I: Sync, R: Send, E>(
    items: &[I],
    jobs: NonZeroUsize,
    work: impl Fn(&I) -> R + Sync,
    mut tell: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.get() {
            let (next, work, done) = (&next, &work, done.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    // Nobody listens any more: something couldn't be told.
                    if done.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let (mut waiting, mut told) = (BTreeMap::new(), 0);
        // Dropped when telling fails, so that the workers end.
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&told) {
                tell(result)?;
                told += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

    #[test]
    fn what_ends_first_is_told_when_its_turn_has_come() {
        // The first ends after the second has begun: they run at once.
        let barrier = Barrier::new(2);
        let mut told = Vec::new();
        let work = |item: &u32| {
            if *item < 2 {
                barrier.wait();
            }
            item * 10
        };
        let tell = |result| {
            told.push(result);
            Ok::<_, ()>(())
        };
        assert_eq!(in_order(&[0, 1, 2, 3, 4], TWO, work, tell), Ok(()));
        assert_eq!(told, [0, 10, 20, 30, 40]);
    }

    #[test]
    fn when_telling_fails_nothing_else_is_told() {
        let items: Vec<u32> = (0..100).collect();
        let mut told = 0;
        let tell = |result: u32| {
            told += 1;
            if result == 3 { Err("broken pipe") } else { Ok(()) }
        };
        assert_eq!(in_order(&items, TWO, |item| *item, tell), Err("broken pipe"));
        assert_eq!(told, 4);
    }
}

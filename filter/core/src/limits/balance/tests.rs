//! What is given back, held against the same without it.

use proptest::prelude::*;

use super::*;
use crate::limits::pace::Pace;

const SECOND: u64 = 1_000_000_000;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is given back, and when: no less is owed than if it had never been reserved, and at most so much more as was paid back
    /// in the time that it was reserved for.
    #[test]
    fn what_is_given_back_forgives_nothing(
        steps in prop::collection::vec((0..5_u8, 1..50_u64, 0..3 * SECOND), 1..80),
    ) {
        let measure = Measure::Rate(Pace::new(600, 60 * SECOND, 10_000));
        let fresh = Balance::read(measure, &mut Reader(&[0; 64])).unwrap();
        let (mut with, mut without) = (fresh.clone(), fresh);
        let (mut now, mut kept, mut extra, mut lost) = (Timestamp(1_000 * SECOND), Vec::new(), Vec::new(), 0);
        for (what, amount, pause) in steps {
            for balance in [&mut with, &mut without] {
                balance.catch_up(measure, now);
            }
            match what {
                0 => {
                    with.reserve(measure, now, amount);
                    without.reserve(measure, now, amount);
                    kept.push(amount);
                }
                1 | 2 => {
                    with.reserve(measure, now, amount);
                    extra.push((now, amount));
                }
                3 if !kept.is_empty() => {
                    let of = Settlement::one(0, (kept.swap_remove(0), amount), Duration::ZERO);
                    with.settle(measure, now, &of);
                    without.settle(measure, now, &of);
                }
                4 if !extra.is_empty() => {
                    let (since, reserved) = extra.swap_remove(0);
                    lost += now.0 - since.0;
                    with.undo(measure, reserved, now.since(since));
                }
                _ => {}
            }
            let owed = |balance: &Balance| match balance.used {
                Used::Rate { upper, .. } => upper.saturating_sub(now.0),
                _ => 0,
            };
            let (one, other) = (owed(&with), owed(&without));
            prop_assert!(one >= other, "{} is less than {}", one, other);
            prop_assert!(!extra.is_empty() || one <= other + lost, "{} is more than {} and {}", one, other, lost);
            now = now.after(Duration::from_nanos(pause));
        }
    }
}

//! How long to wait before the next attempt at the same target.
//!
//! The kinds are those of "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). With `grown` = min(cap, base ·
//! 2^retry) and `retry` counting from 0:
//!
//! | kind | wait |
//! |---|---|
//! | full | random(0, grown) |
//! | equal | grown / 2 + random(0, grown / 2) |
//! | decorrelated | min(cap, random(base, 3 · the wait before)), the first time 3 · base |
//! | none | grown |
//!
//! Random means that every nanosecond of the range is as likely as any other. None is for a single caller: a crowd that
//! waits alike comes back as a crowd.

use std::time::Duration;

use seawall_policy::policy::{Backoff, Jitter};

use crate::rng::Rng;
use crate::time::nanos;

/// The wait before retry number `retry`, where the one before it was `previous`.
pub(crate) fn wait(backoff: Backoff, retry: u32, previous: Duration, rng: &mut Rng) -> Duration {
    let (base, cap) = (nanos(backoff.base), nanos(backoff.cap));
    let grown = base.saturating_mul(1_u64.checked_shl(retry).unwrap_or(u64::MAX)).min(cap);
    Duration::from_nanos(match backoff.jitter {
        Jitter::Full => rng.up_to(grown),
        Jitter::Equal => grown - rng.up_to(grown / 2),
        Jitter::Decorrelated => {
            let longest = nanos(previous).max(base).saturating_mul(3);
            base.saturating_add(rng.up_to(longest.saturating_sub(base))).min(cap)
        }
        Jitter::None => grown,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::Seed;

    const KINDS: [Jitter; 4] = [Jitter::Full, Jitter::Equal, Jitter::Decorrelated, Jitter::None];

    fn of(jitter: Jitter) -> Backoff {
        Backoff { jitter, base: Duration::from_millis(500), cap: Duration::from_secs(8) }
    }

    /// A thousand waits before one retry, each of another exchange.
    fn waits(jitter: Jitter, retry: u32, previous_ms: u64) -> Vec<Duration> {
        let previous = Duration::from_millis(previous_ms);
        (0..1_000).map(|exchange| wait(of(jitter), retry, previous, &mut Seed(7).derive(exchange))).collect()
    }

    #[test]
    fn each_kind_fills_its_range_evenly() {
        for (jitter, retry, previous_ms, least_ms, most_ms) in [
            (Jitter::Full, 0, 0, 0, 500),
            (Jitter::Full, 2, 0, 0, 2_000),
            (Jitter::Full, 4, 0, 0, 8_000),
            (Jitter::Full, 200, 0, 0, 8_000),
            (Jitter::Equal, 0, 0, 250, 500),
            (Jitter::Equal, 3, 0, 2_000, 4_000),
            (Jitter::Equal, 99, 0, 4_000, 8_000),
            (Jitter::Decorrelated, 0, 0, 500, 1_500),
            (Jitter::Decorrelated, 1, 500, 500, 1_500),
            (Jitter::Decorrelated, 5, 2_000, 500, 6_000),
        ] {
            let (least, most) = (Duration::from_millis(least_ms), Duration::from_millis(most_ms));
            let drawn = waits(jitter, retry, previous_ms);
            assert!(drawn.iter().all(|wait| (least..=most).contains(wait)), "{jitter:?} {retry}");
            for tenth in 0..10 {
                let from = least + (most - least) * tenth / 10;
                let to = least + (most - least) * (tenth + 1) / 10;
                let count = drawn.iter().filter(|wait| (from..to).contains(wait)).count();
                // 100 expected, and 5 standard deviations to either side.
                assert!((53..=147).contains(&count), "{jitter:?} {retry}: {count} in tenth {tenth}");
            }
        }
    }

    #[test]
    fn decorrelated_waits_gather_at_the_cap_and_never_pass_it() {
        let drawn = waits(Jitter::Decorrelated, 9, 8_000);
        let capped = drawn.iter().filter(|wait| **wait == Duration::from_secs(8)).count();
        assert!((500..850).contains(&capped), "two thirds of random(0.5, 24) lie above 8: {capped}");
    }

    #[test]
    fn without_jitter_it_doubles_up_to_the_cap() {
        let millis: Vec<_> = (0..6).map(|retry| waits(Jitter::None, retry, 0)[0].as_millis()).collect();
        assert_eq!(millis, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    }

    #[test]
    fn two_exchanges_and_two_workers_draw_different_waits() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let wait = |seed: u64, exchange: u64| {
                wait(of(jitter), 3, Duration::ZERO, &mut Seed(seed).derive(exchange))
            };
            assert_eq!(wait(1, 1), wait(1, 1));
            assert_ne!(wait(1, 1), wait(1, 2));
            assert_ne!(wait(1, 1), wait(2, 1));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_wait_passes_the_cap_nor_what_is_explained(
            jitter in prop::sample::select(KINDS.to_vec()),
            base_ms in 0..100_000_u64,
            more_ms in 0..10_000_000_u64,
            seed in any::<u64>(),
        ) {
            let (base, cap) = (Duration::from_millis(base_ms), Duration::from_millis(base_ms + more_ms));
            let backoff = Backoff { jitter, base, cap };
            let (mut rng, mut previous) = (Seed(seed).derive(1), Duration::ZERO);
            for retry in 0..40 {
                let drawn = wait(backoff, retry, previous, &mut rng);
                let grown = base.saturating_mul(2_u32.saturating_pow(retry)).min(cap);
                let (least, most) = match jitter {
                    Jitter::Full => (Duration::ZERO, grown),
                    Jitter::Equal => (grown / 2, grown),
                    Jitter::Decorrelated => (base, previous.max(base).saturating_mul(3).min(cap)),
                    Jitter::None => (grown, grown),
                };
                prop_assert!(least <= drawn && drawn <= most, "{drawn:?} not in {least:?} ..= {most:?}");
                previous = drawn;
            }
        }
    }
}

//! How long to wait before the next attempt at the same target.

use std::time::Duration;

use seawall_policy::policy::Backoff;

use crate::rng::Rng;
use crate::time::nanos;

/// Full jitter: random(0, min(cap, base · 2^retry)), `retry` counting from 0.
/// ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
pub(crate) fn full_jitter(backoff: Backoff, retry: u32, rng: &mut Rng) -> Duration {
    let grown = nanos(backoff.base).saturating_mul(1_u64.checked_shl(retry).unwrap_or(u64::MAX));
    Duration::from_nanos(rng.up_to(grown.min(nanos(backoff.cap))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use seawall_policy::policy::Jitter;

    const BACKOFF: Backoff =
        Backoff { jitter: Jitter::Full, base: Duration::from_millis(500), cap: Duration::from_secs(8) };

    #[test]
    fn stays_between_zero_and_the_growing_bound() {
        for (retry, bound_ms) in
            [(0, 500), (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 8_000), (200, 8_000)]
        {
            let mut rng = Seed(7).derive(u64::from(retry));
            let waits: Vec<_> = (0..1_000).map(|_| full_jitter(BACKOFF, retry, &mut rng)).collect();
            let bound = Duration::from_millis(bound_ms);
            assert!(waits.iter().all(|wait| *wait <= bound), "retry {retry}");
            // Spread over all of the range, not huddled at an end.
            assert!(waits.iter().any(|wait| *wait < bound / 10), "retry {retry}");
            assert!(waits.iter().any(|wait| *wait > bound * 9 / 10), "retry {retry}");
        }
    }

    #[test]
    fn no_base_means_no_wait() {
        let backoff = Backoff { jitter: Jitter::Full, base: Duration::ZERO, cap: Duration::ZERO };
        assert_eq!(full_jitter(backoff, 3, &mut Seed(1).derive(1)), Duration::ZERO);
    }

    #[test]
    fn two_exchanges_and_two_workers_draw_different_waits() {
        let wait = |seed: u64, exchange: u64| full_jitter(BACKOFF, 4, &mut Seed(seed).derive(exchange));
        assert_eq!(wait(1, 1), wait(1, 1));
        assert_ne!(wait(1, 1), wait(1, 2));
        assert_ne!(wait(1, 1), wait(2, 1));
    }
}

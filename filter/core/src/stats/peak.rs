//! How slow a target is right now, for `fastest`: jumps to a peak at once, forgets it over half a minute.
//!
//! The peak-EWMA of Finagle (`com.twitter.finagle.loadbalancer.PeakEwma`) and Linkerd, with e^(-t/τ) replaced by τ / (τ + t):
//! it needs no exponential, and differs by what a second more or less of τ would. Longer τ than there (10 s), because an
//! answer of a model takes seconds.

use std::time::Duration;

use crate::time::Timestamp;

const TAU: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Peak {
    pub(super) micros: u64,
    pub(super) at: Timestamp,
}

impl Peak {
    pub(super) fn observe(&mut self, now: Timestamp, micros: u64) {
        let left = self.micros.saturating_sub(micros);
        self.micros = micros.saturating_add(decayed(left, now.since(self.at)));
        self.at = self.at.max(now);
    }

    /// Decays without an observation too: a target that was slow long ago gets another chance.
    pub(super) fn read(self, now: Timestamp) -> u64 {
        decayed(self.micros, now.since(self.at))
    }
}

fn decayed(micros: u64, time: Duration) -> u64 {
    let (tau, time) = (TAU.as_millis() as u64, u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    // An hour more or less is no matter here, but overflowing is.
    micros.min(u64::MAX / tau) * tau / tau.saturating_add(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_by_and_by() {
        let mut peak = Peak::default();
        peak.observe(at(100), 1_000);
        assert_eq!(peak.read(at(100)), 1_000);
        peak.observe(at(100), 9_000);
        peak.observe(at(100), 1_000);
        assert_eq!(peak.read(at(100)), 9_000, "one fast answer does not undo it");
        peak.observe(at(130), 1_000);
        assert_eq!(peak.read(at(130)), 5_000);
        peak.observe(at(190), 1_000);
        assert!(peak.read(at(190)) < 2_500);
    }

    #[test]
    fn silence_and_a_clock_that_steps_back_are_no_peak() {
        let mut peak = Peak::default();
        assert_eq!(peak.read(at(5)), 0);
        peak.observe(at(100), u64::MAX);
        assert!(peak.read(at(u64::MAX / 2_000_000_000)) < u64::MAX / 1_000);
        let mut back = Peak { micros: 1_000, at: at(100) };
        back.observe(at(40), 500);
        assert_eq!(back, Peak { micros: 1_000, at: at(100) });
    }
}

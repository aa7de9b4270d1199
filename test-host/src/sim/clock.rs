//! Time that only moves when it is told to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2026-01-01T00:00:00Z in seconds since the epoch. Virtual time starts at a plausible date, so that a filter which
/// takes zero for "never" or subtracts a window from "now" meets what it would meet in production.
const START_SECONDS: u64 = 1_767_225_600;

/// The one clock of a world; wall time and monotonic time are both read from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    elapsed: Duration,
}

impl Clock {
    /// Time since the start of the world.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Goes to that point, never back.
    pub fn advance_to(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
    }

    /// Nanoseconds since the epoch, as the host tells them.
    #[must_use]
    pub fn nanos(&self) -> u64 {
        let now = Duration::from_secs(START_SECONDS).saturating_add(self.elapsed);
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }

    /// The same, as providers take it.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let mut clock = Clock::default();
        clock.advance_to(Duration::from_secs(2));
        clock.advance_to(Duration::from_secs(1));
        assert_eq!(clock.elapsed(), Duration::from_secs(2));
        assert_eq!(clock.nanos(), 1_767_225_602_000_000_000);
    }
}

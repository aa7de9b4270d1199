mod closed;
mod half_open;
mod open;
mod properties;
mod remembered;
mod workers;

use super::rules::{DriftLimit, Share};
use super::window::Slot;
use super::*;

fn rules() -> Rules {
    Rules {
        window: Duration::from_secs(60),
        open: Duration::from_secs(30),
        recover: vec![1, 5, 10],
        force: None,
        errors: vec![Share { bound_bp: 5_000, at_least: 4 }],
        errors_in_a_row: None,
        quality: Vec::new(),
        quality_drop: None,
        drifts: Vec::new(),
        cost: None,
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1_000_000_000)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SMALL: Ask = Ask { tokens: 100, longest: Duration::from_secs(60), is_last_resort: false };
const LARGE: Ask = Ask { tokens: 100_000, ..SMALL };

impl Breaker {
    fn try_admit(&mut self, seconds: u64) -> Option<Ticket> {
        match self.admit(&rules(), at(seconds), SMALL).0 {
            Admission::Admitted(ticket) => Some(ticket),
            Admission::Refused { .. } => None,
        }
    }

    fn refused_until(&self, seconds: u64) -> Option<Timestamp> {
        match self.clone().admit(&rules(), at(seconds), SMALL).0 {
            Admission::Admitted(_) => None,
            Admission::Refused { until } => Some(until),
        }
    }

    fn one(&mut self, seconds: u64, verdict: Verdict) {
        self.one_by(&rules(), seconds, verdict);
    }

    fn one_by(&mut self, rules: &Rules, seconds: u64, verdict: Verdict) -> Option<Transition> {
        let Admission::Admitted(ticket) = self.admit(rules, at(seconds), SMALL).0 else {
            panic!("refused at {seconds}: {self:?}")
        };
        self.record(rules, at(seconds), ticket, verdict)
    }

    /// A breaker that tripped at this second.
    fn tripped(seconds: u64) -> Self {
        let mut breaker = Self::default();
        for _ in 0..4 {
            breaker.one(seconds, Verdict::Failure);
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker
    }

    /// Lets all probes succeed.
    fn recover(&mut self, seconds: u64) {
        self.recover_from(0, seconds);
    }

    /// The same when so many have.
    fn recover_from(&mut self, probes: u64, seconds: u64) {
        for _ in probes..16 {
            self.one(seconds, Verdict::Success);
        }
        assert_eq!(self.state(), BreakerState::Closed);
    }
}

//! A breaker as bytes: little-endian, fixed size, with a version. What cannot be read is a new, closed breaker: losing
//! counts is harmless, refusing traffic is not.

use super::cause::Cause;
use super::window::{SLOTS, Slot, Window};
use super::{Breaker, Phase, Then};
use crate::time::Timestamp;

const VERSION: u8 = 3;
const SIZE: usize = 4 + 5 * 4 + 5 * 8 + Cause::SIZE + SLOTS * 12;

impl Breaker {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let zero = Timestamp(0);
        let (phase, stage, admitted, succeeded, time, lease) = match self.phase {
            Phase::Closed => (0, 0, 0, 0, zero, zero),
            Phase::Open { until, then: Then::Probe } => (1, 0, 0, 0, until, zero),
            Phase::HalfOpen { stage, admitted, succeeded, progress, lease } => {
                (2, stage, admitted, succeeded, progress, lease)
            }
            Phase::Open { until, then: Then::Close } => (3, 0, 0, 0, until, zero),
        };
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend_from_slice(&[VERSION, phase, stage, self.doublings]);
        for number in [self.generation, self.opened, admitted, succeeded, self.in_a_row] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [time.0, lease.0, self.since.0, self.window.slot_ns, self.window.newest] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.cause.encode(&mut bytes);
        for slot in &self.window.slots {
            for number in [slot.successes, slot.bad, slot.failures] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads a cell; `None` when it is absent or not one of ours.
    pub(crate) fn decode(bytes: Option<&[u8]>) -> Option<Self> {
        let mut bytes = bytes.filter(|bytes| bytes.len() == SIZE)?;
        let [version, phase, stage, doublings] = take(&mut bytes)?;
        if version != VERSION {
            return None;
        }
        let mut word = || take(&mut bytes).map(u32::from_le_bytes);
        let (generation, opened) = (word()?, word()?);
        let (admitted, succeeded, in_a_row) = (word()?, word()?, word()?);
        let mut long = || take(&mut bytes).map(u64::from_le_bytes);
        let (time, lease, since) = (Timestamp(long()?), Timestamp(long()?), Timestamp(long()?));
        let (slot_ns, newest) = (long()?, long()?);
        let (kind, number) = (take(&mut bytes)?, take(&mut bytes).map(u64::from_le_bytes)?);
        let cause = Cause::decode(kind, number, take(&mut bytes).map(u32::from_le_bytes)?)?;
        let mut slots = [Slot::default(); SLOTS];
        for slot in &mut slots {
            let mut word = || take(&mut bytes).map(u32::from_le_bytes);
            *slot = Slot { successes: word()?, bad: word()?, failures: word()? };
        }
        let phase = match phase {
            0 => Phase::Closed,
            1 => Phase::Open { until: time, then: Then::Probe },
            2 => Phase::HalfOpen { stage, admitted, succeeded, progress: time, lease },
            3 => Phase::Open { until: time, then: Then::Close },
            _ => return None,
        };
        let window = Window { slot_ns, newest, slots };
        Some(Self { generation, opened, phase, since, cause, doublings, in_a_row, window })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_cause_survives_the_trip() {
        let slots = [Slot { successes: 8, bad: 3, failures: 9 }; SLOTS];
        let window = Window { slot_ns: 6, newest: 7, slots };
        for phase in [
            Phase::Closed,
            Phase::Open { until: Timestamp(u64::MAX), then: Then::Probe },
            Phase::Open { until: Timestamp(1), then: Then::Close },
            Phase::HalfOpen {
                stage: 2,
                admitted: 10,
                succeeded: 3,
                progress: Timestamp(5),
                lease: Timestamp(u64::MAX),
            },
        ] {
            for cause in Cause::EACH {
                let breaker = Breaker {
                    generation: u32::MAX,
                    opened: 8,
                    phase,
                    since: Timestamp(4),
                    cause,
                    doublings: 2,
                    in_a_row: 17,
                    window: window.clone(),
                };
                assert_eq!(Breaker::decode(Some(&breaker.encode())), Some(breaker));
            }
        }
    }

    #[test]
    fn foreign_bytes_are_no_breaker() {
        let good = Breaker::default().encode();
        assert_eq!(good.len(), SIZE);
        let changed = |at: usize, value| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        let (older, odd_phase, odd_cause) = (changed(0, 2), changed(1, 4), changed(64, 99));
        for bytes in
            [None, Some(&b""[..]), Some(&good[1..]), Some(&older), Some(&odd_phase), Some(&odd_cause)]
        {
            assert_eq!(Breaker::decode(bytes), None);
        }
    }
}

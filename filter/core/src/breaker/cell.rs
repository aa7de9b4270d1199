//! A breaker as bytes: little-endian, fixed size, with a version. What cannot be read is a new, closed breaker: losing
//! counts is harmless, refusing traffic is not.

use super::window::{SLOTS, Slot, Window};
use super::{Breaker, Phase};
use crate::time::Timestamp;

const VERSION: u8 = 1;
const SIZE: usize = 40 + SLOTS * 8;

impl Breaker {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (phase, stage, admitted, succeeded, time) = match self.phase {
            Phase::Closed => (0, 0, 0, 0, Timestamp(0)),
            Phase::Open { until } => (1, 0, 0, 0, until),
            Phase::HalfOpen { stage, admitted, succeeded, progress } => {
                (2, stage, admitted, succeeded, progress)
            }
        };
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend_from_slice(&[VERSION, phase, stage, 0]);
        for number in [self.generation, admitted, succeeded] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [time.0, self.window.slot_ns, self.window.newest] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for slot in &self.window.slots {
            bytes.extend_from_slice(&slot.successes.to_le_bytes());
            bytes.extend_from_slice(&slot.failures.to_le_bytes());
        }
        bytes
    }

    /// Reads a cell; `None` when it is absent or not one of ours.
    pub(crate) fn decode(bytes: Option<&[u8]>) -> Option<Self> {
        let mut bytes = bytes.filter(|bytes| bytes.len() == SIZE)?;
        let [version, phase, stage, _] = take(&mut bytes)?;
        if version != VERSION {
            return None;
        }
        let mut word = || take(&mut bytes).map(u32::from_le_bytes);
        let (generation, admitted, succeeded) = (word()?, word()?, word()?);
        let mut long = || take(&mut bytes).map(u64::from_le_bytes);
        let (time, slot_ns, newest) = (Timestamp(long()?), long()?, long()?);
        let mut slots = [Slot::default(); SLOTS];
        for slot in &mut slots {
            slot.successes = u32::from_le_bytes(take(&mut bytes)?);
            slot.failures = u32::from_le_bytes(take(&mut bytes)?);
        }
        let phase = match phase {
            0 => Phase::Closed,
            1 => Phase::Open { until: time },
            2 => Phase::HalfOpen { stage, admitted, succeeded, progress: time },
            _ => return None,
        };
        Some(Self { generation, phase, window: Window { slot_ns, newest, slots } })
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
    fn every_phase_survives_the_trip() {
        let window = Window { slot_ns: 6, newest: 7, slots: [Slot { successes: 8, failures: 9 }; SLOTS] };
        for phase in [
            Phase::Closed,
            Phase::Open { until: Timestamp(u64::MAX) },
            Phase::HalfOpen { stage: 2, admitted: 10, succeeded: 3, progress: Timestamp(5) },
        ] {
            let breaker = Breaker { generation: u32::MAX, phase, window: window.clone() };
            assert_eq!(Breaker::decode(Some(&breaker.encode())), Some(breaker));
        }
    }

    #[test]
    fn foreign_bytes_are_no_breaker() {
        let good = Breaker::default().encode();
        let mut newer = good.clone();
        newer[0] = VERSION + 1;
        let mut odd_phase = good.clone();
        odd_phase[1] = 3;
        for bytes in [None, Some(&b""[..]), Some(&good[1..]), Some(&newer), Some(&odd_phase)] {
            assert_eq!(Breaker::decode(bytes), None);
        }
    }
}

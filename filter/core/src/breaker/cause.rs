//! Why a breaker changed, with the numbers that made it.

use std::fmt;
use std::time::Duration;

use crate::time::nanos;

/// What is compared with its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// From the request to the end of its answer.
    Latency,
    /// From the request to the first token of its answer.
    FirstToken,
    /// Of each output token after the first.
    PerToken,
}

/// Why a breaker is where it is. As text it is the `reason` of the decision trace and of the health page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// It has never changed.
    #[default]
    New,
    /// The share of errors, in basis points of so many attempts.
    Errors { share_bp: u32, of: u32 },
    /// So many errors without an answer in between.
    ErrorsInARow(u32),
    /// A percentile rose to so many hundredths of its baseline.
    Drift { signal: Signal, percentile: u8, now: Duration, hundredths: u32 },
    /// The share of good answers, in basis points of so many.
    Quality { share_bp: u32, of: u32 },
    /// The share of good answers, in basis points, fell to so many hundredths of its baseline.
    QualityDrop { share_bp: u32, hundredths: u32 },
    /// One request cost this.
    Cost { micro_dollars: u64 },
    /// The provider said when it will take requests again.
    Throttled,
    /// The provider's quota, or what was paid for, is used up.
    QuotaExhausted,
    /// A probe failed.
    ProbeFailed,
    /// The time it was open has passed.
    CooldownOver,
    /// All probes succeeded.
    Recovered,
    /// The time that the provider gave has passed.
    ResetPassed,
    /// The policy forces it.
    Forced,
}

impl Cause {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Errors { .. } => "errors",
            Self::ErrorsInARow(_) => "errors_in_a_row",
            Self::Drift { signal: Signal::Latency, .. } => "latency",
            Self::Drift { signal: Signal::FirstToken, .. } => "first_token",
            Self::Drift { signal: Signal::PerToken, .. } => "per_token",
            Self::Quality { .. } | Self::QualityDrop { .. } => "quality",
            Self::Cost { .. } => "cost",
            Self::Throttled => "throttled",
            Self::QuotaExhausted => "quota_exhausted",
            Self::ProbeFailed => "probe_failed",
            Self::CooldownOver => "cooldown_over",
            Self::Recovered => "recovered",
            Self::ResetPassed => "reset_passed",
            Self::Forced => "forced",
        }
    }
}

/// The word, then its numbers as `<key>=<value>`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match *self {
            Self::Errors { share_bp, of } | Self::Quality { share_bp, of } => {
                write!(f, " share={}.{:02}% of={of}", share_bp / 100, share_bp % 100)
            }
            Self::ErrorsInARow(errors) => write!(f, " errors={errors}"),
            Self::Drift { percentile, now, hundredths, .. } => {
                let (whole, part) = (hundredths / 100, hundredths % 100);
                let millis = nanos(now) / 1_000_000;
                write!(f, " percentile=p{percentile} now_ms={millis} baseline={whole}.{part:02}x")
            }
            Self::QualityDrop { share_bp, hundredths } => {
                let (whole, part) = (hundredths / 100, hundredths % 100);
                write!(f, " share={}.{:02}% baseline={whole}.{part:02}x", share_bp / 100, share_bp % 100)
            }
            Self::Cost { micro_dollars } => {
                let (dollars, rest) = (micro_dollars / 1_000_000, micro_dollars % 1_000_000);
                write!(f, " cost=${dollars}.{rest:06}")
            }
            _ => Ok(()),
        }
    }
}

// In a cell: a byte for the kind, one for a percentile, and two numbers.
impl Cause {
    pub(super) const SIZE: usize = 2 + 8 + 4;

    pub(super) fn encode(self, bytes: &mut Vec<u8>) {
        let (kind, percentile, long, word): (u8, u8, u64, u32) = match self {
            Self::New => (0, 0, 0, 0),
            Self::Errors { share_bp, of } => (1, 0, share_bp.into(), of),
            Self::ErrorsInARow(errors) => (2, 0, 0, errors),
            Self::Drift { signal, percentile, now, hundredths } => {
                let kind = match signal {
                    Signal::Latency => 3,
                    Signal::FirstToken => 4,
                    Signal::PerToken => 14,
                };
                (kind, percentile, nanos(now), hundredths)
            }
            Self::Quality { share_bp, of } => (5, 0, share_bp.into(), of),
            Self::Cost { micro_dollars } => (6, 0, micro_dollars, 0),
            Self::Throttled => (7, 0, 0, 0),
            Self::QuotaExhausted => (8, 0, 0, 0),
            Self::ProbeFailed => (9, 0, 0, 0),
            Self::CooldownOver => (10, 0, 0, 0),
            Self::Recovered => (11, 0, 0, 0),
            Self::ResetPassed => (12, 0, 0, 0),
            Self::Forced => (13, 0, 0, 0),
            Self::QualityDrop { share_bp, hundredths } => (15, 0, share_bp.into(), hundredths),
        };
        bytes.extend_from_slice(&[kind, percentile]);
        bytes.extend_from_slice(&long.to_le_bytes());
        bytes.extend_from_slice(&word.to_le_bytes());
    }

    /// `None` for a kind that is none.
    pub(super) fn decode([kind, percentile]: [u8; 2], long: u64, word: u32) -> Option<Self> {
        let share_bp = u32::try_from(long).unwrap_or(u32::MAX);
        let drift =
            |signal| Self::Drift { signal, percentile, now: Duration::from_nanos(long), hundredths: word };
        Some(match kind {
            0 => Self::New,
            1 => Self::Errors { share_bp, of: word },
            2 => Self::ErrorsInARow(word),
            3 => drift(Signal::Latency),
            4 => drift(Signal::FirstToken),
            5 => Self::Quality { share_bp, of: word },
            6 => Self::Cost { micro_dollars: long },
            7 => Self::Throttled,
            8 => Self::QuotaExhausted,
            9 => Self::ProbeFailed,
            10 => Self::CooldownOver,
            11 => Self::Recovered,
            12 => Self::ResetPassed,
            13 => Self::Forced,
            14 => drift(Signal::PerToken),
            15 => Self::QualityDrop { share_bp, hundredths: word },
            _ => return None,
        })
    }

    #[cfg(test)]
    pub(super) const EACH: [Self; 17] = [
        Self::New,
        Self::Errors { share_bp: 4_550, of: 20 },
        Self::ErrorsInARow(5),
        Self::Drift {
            signal: Signal::Latency,
            percentile: 95,
            now: Duration::from_millis(4_200),
            hundredths: 301,
        },
        Self::Drift {
            signal: Signal::FirstToken,
            percentile: 99,
            now: Duration::from_nanos(u64::MAX),
            hundredths: u32::MAX,
        },
        Self::Quality { share_bp: 8_000, of: u32::MAX },
        Self::QualityDrop { share_bp: 7_205, hundredths: 74 },
        Self::Cost { micro_dollars: 2_310_000 },
        Self::Throttled,
        Self::QuotaExhausted,
        Self::ProbeFailed,
        Self::CooldownOver,
        Self::Recovered,
        Self::ResetPassed,
        Self::Forced,
        Self::ErrorsInARow(u32::MAX),
        Self::Drift {
            signal: Signal::PerToken,
            percentile: 50,
            now: Duration::from_micros(61_200),
            hundredths: 204,
        },
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_says_its_numbers() {
        let said: Vec<String> = Cause::EACH.iter().map(ToString::to_string).collect();
        assert_eq!(
            said[..8],
            [
                "new",
                "errors share=45.50% of=20",
                "errors_in_a_row errors=5",
                "latency percentile=p95 now_ms=4200 baseline=3.01x",
                "first_token percentile=p99 now_ms=18446744073709 baseline=42949672.95x",
                "quality share=80.00% of=4294967295",
                "quality share=72.05% baseline=0.74x",
                "cost cost=$2.310000",
            ]
        );
    }

    #[test]
    fn every_cause_survives_its_cell() {
        for cause in Cause::EACH {
            let mut bytes = Vec::new();
            cause.encode(&mut bytes);
            assert_eq!(bytes.len(), Cause::SIZE);
            let long = u64::from_le_bytes(bytes[2..10].try_into().unwrap());
            let word = u32::from_le_bytes(bytes[10..].try_into().unwrap());
            assert_eq!(Cause::decode([bytes[0], bytes[1]], long, word), Some(cause));
        }
        assert_eq!(Cause::decode([16, 0], 0, 0), None);
    }
}

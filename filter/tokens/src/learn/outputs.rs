//! How many tokens answers have, of one model on one route.

const VERSION: u8 = 1;

/// Four for each doubling, up to 2^18 tokens: what a bucket says is up to 19 % too much.
const BUCKETS: usize = 72;

/// When so many answers are counted all counts are halved: the newest some hundred weigh most.
const MOST: u32 = 512;

/// Answers by how many tokens they had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outputs {
    answers: [u16; BUCKETS],
}

impl Default for Outputs {
    fn default() -> Self {
        Self { answers: [0; BUCKETS] }
    }
}

impl Outputs {
    /// Bytes of a cell.
    pub const BYTES: usize = 1 + 2 * BUCKETS;

    /// Reads a cell; a fresh one if it is of another version or damaged.
    #[must_use]
    pub fn read(cell: &[u8]) -> Self {
        let mut read = Self::default();
        if let Some((&VERSION, counts)) = cell.split_first()
            && cell.len() == Self::BYTES
        {
            for (place, two) in read.answers.iter_mut().zip(counts.as_chunks().0) {
                *place = u16::from_le_bytes(*two);
            }
        }
        read
    }

    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut cell = vec![VERSION];
        cell.extend(self.answers.iter().flat_map(|count| count.to_le_bytes()));
        cell
    }

    /// Learns from an answer's output tokens.
    pub fn learn(&mut self, tokens: u64) {
        if self.total() >= MOST {
            for count in &mut self.answers {
                *count /= 2;
            }
        }
        if let Some(count) = self.answers.get_mut(bucket(tokens)) {
            *count = count.saturating_add(1);
        }
    }

    fn total(&self) -> u32 {
        self.answers.iter().map(|count| u32::from(*count)).sum()
    }

    /// So many tokens this share of answers, in percent, stays within; `None` before the first answer.
    #[must_use]
    pub fn quantile(&self, percent: u32) -> Option<u64> {
        let wanted = (u64::from(self.total()) * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.answers.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        })?;
        Some(most(bucket))
    }
}

/// How many output tokens to reserve: what the request allows, else what was learned. Without either nothing is
/// reserved, and the first call goes out.
#[must_use]
pub fn expected_output(allowed: Option<u64>, learned: Option<u64>) -> u64 {
    allowed.or(learned).unwrap_or(0)
}

fn bucket(tokens: u64) -> usize {
    let tokens = tokens.max(1);
    let doublings = tokens.ilog2();
    // The two bits after the first.
    let quarter = if doublings >= 2 { tokens >> (doublings - 2) } else { tokens << (2 - doublings) } & 3;
    (doublings as usize * 4 + quarter as usize).min(BUCKETS - 1)
}

/// The most tokens that go into a bucket.
fn most(bucket: usize) -> u64 {
    let next = bucket as u64 + 1;
    let quarters = (4 + next % 4) << (next / 4);
    (quarters / 4).max(2) - u64::from(quarters.is_multiple_of(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_follow_what_was_seen() {
        let mut outputs = Outputs::default();
        assert_eq!(outputs.quantile(90), None);
        for tokens in 1..=100 {
            outputs.learn(tokens * 10);
        }
        let p90 = outputs.quantile(90).unwrap();
        assert!((900..=1_100).contains(&p90), "{p90}");
        for _ in 0..3_000 {
            outputs.learn(50);
        }
        assert!((50..=60).contains(&outputs.quantile(95).unwrap()));
    }

    #[test]
    fn what_a_request_allows_comes_before_what_was_learned_and_the_first_call_is_never_refused() {
        assert_eq!(expected_output(Some(100), Some(500)), 100);
        assert_eq!(expected_output(None, Some(500)), 500);
        assert_eq!(expected_output(None, None), 0);
    }

    proptest! {
        #[test]
        fn a_bucket_says_at_most_a_fifth_too_much(tokens in 1_u64..200_000) {
            let mut outputs = Outputs::default();
            outputs.learn(tokens);
            let said = Outputs::read(&outputs.write()).quantile(50).unwrap();
            prop_assert!(said >= tokens && said * 4 <= tokens * 5 + 4, "{said} for {tokens}");
        }

        #[test]
        fn any_bytes_are_a_cell(cell: Vec<u8>, tokens: u64) {
            let mut outputs = Outputs::read(&cell);
            outputs.learn(tokens);
            prop_assert!(outputs.quantile(50).is_some());
        }
    }
}

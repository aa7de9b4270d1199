//! Counts in bounded time: beyond a budget of work, samples stand for the rest.

use crate::Encoding;

/// Windows into a text that is sampled: one somewhere in each of as many parts.
const WINDOWS: usize = 16;

/// With less in reach, too little of a text is looked at for its count to stand for it another time.
pub(crate) const LEAST_KEPT: u32 = (8 * WINDOWS * LEAST) as u32;

/// Least work that is worth a window; below, what was counted before stands for the text.
const LEAST: usize = 128;

/// A text gets a window of so much all the same for each so many bytes, up to [`WINDOWS`]: what comes late may be of another kind.
const LATE: usize = 64 * LEAST;

/// Tokens per thousand bytes where nothing was counted before.
const UNSEEN: u64 = 300;

/// Least tokens per thousand bytes of what nobody has looked at, whatever was counted before: about those of English. Blanks have
/// far less, and say nothing of the text behind them.
const LEAST_SHARE: u64 = 200;

/// How much may be counted, in bytes of ordinary text: each costs about 10 ns in Wasm. Text whose pieces must be merged
/// costs more per byte: Chinese about three times as much, letters without end up to ten times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Budget(pub usize);

impl Default for Budget {
    /// About a millisecond.
    fn default() -> Self {
        Self(100_000)
    }
}

/// Counts the texts of one request, all within one budget.
///
/// ```
/// use seawall_tokens::{Budget, Counter, Encoding};
///
/// let mut counter = Counter::new(Encoding::O200kBase, Budget::default());
/// assert_eq!(counter.count("tiktoken is great!"), 6);
/// assert!(counter.is_exact());
/// let much = counter.count(&"All happy families are alike. ".repeat(100_000));
/// assert!(!counter.is_exact() && much.abs_diff(600_000) < 6_000);
/// ```
#[derive(Clone, Debug)]
pub struct Counter {
    encoding: Encoding,
    left: usize,
    /// Counts that were not those of the reference.
    estimates: u32,
    /// Those that would be others with more budget.
    bounded: u32,
    /// What has been counted, not sampled.
    tokens: u64,
    bytes: u64,
    /// Bytes that are still to come, about.
    ahead: usize,
    /// Where samples are taken is drawn by it.
    draws: u64,
}

impl Counter {
    #[must_use]
    pub fn new(encoding: Encoding, budget: Budget) -> Self {
        let (left, estimates, bounded) = (budget.0, 0, 0);
        Self { encoding, left, estimates, bounded, tokens: 0, bytes: 0, ahead: 0, draws: 0 }
    }

    /// For so many bytes in several texts. Samples are taken where nobody foresees who doesn't know the seed, and so can't hide
    /// anything between them.
    pub(crate) fn ahead_of(self, bytes: usize, seed: u64) -> Self {
        Self { ahead: bytes, draws: seed, ..self }
    }

    /// So many bytes need not be counted.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.ahead = self.ahead.saturating_sub(bytes);
    }

    /// What is left of the budget.
    #[must_use]
    pub fn left(&self) -> Budget {
        Budget(self.left)
    }

    /// How much of the budget a text of so many bytes may use.
    pub(crate) fn reach(&self, bytes: usize) -> u32 {
        let others = self.ahead.saturating_sub(bytes).min(self.left / 2);
        (self.left - others).try_into().unwrap_or(u32::MAX)
    }

    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether all counts up to now are those of the reference; otherwise at least one is an estimate.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.estimates == 0
    }

    /// How many counts were not those of the reference.
    pub(crate) fn estimates(&self) -> u32 {
        self.estimates
    }

    /// How many counts might be others another time, when something else is counted too.
    pub(crate) fn bounded(&self) -> u32 {
        self.bounded
    }

    /// Something was not counted as it would have been with more budget.
    pub(crate) fn bind(&mut self) {
        self.bounded = self.bounded.saturating_add(1);
    }

    /// How many tokens the text is. Once the budget is spent it is an estimate, and at most a 64th of it is counted.
    pub fn count(&mut self, text: &str) -> u64 {
        let mut tokens = 0;
        let mut rest = text;
        self.skip(text.len());
        if text.len() <= self.left {
            // Text that costs more than it looks is counted for most of what is left; samples of its rest take the last eighth. As
            // much as others may cost that are still to come is left to them, up to half.
            let kept = (self.left / 8).max(self.ahead.min(self.left / 2));
            let counted = self.counted(text, self.left - kept);
            tokens = counted.tokens;
            rest = text.get(counted.end..).unwrap_or_default();
        }
        if rest.is_empty() { tokens } else { tokens + self.sampled(rest) }
    }

    fn counted(&mut self, text: &str, limit: usize) -> crate::encoding::Counted {
        let counted = self.encoding.count_up_to(text, limit);
        self.left = self.left.saturating_sub(counted.work);
        self.estimates = self.estimates.saturating_add(u32::from(!counted.is_exact));
        // Without a vocabulary all counts are estimates, and the same each time. A long piece is cut by what is left.
        self.bounded = self.bounded.saturating_add((!counted.is_exact && self.encoding.is_built_in()).into());
        self.tokens += counted.tokens;
        self.bytes += counted.end as u64;
        counted
    }

    fn sampled(&mut self, text: &str) -> u64 {
        self.estimates = self.estimates.saturating_add(1);
        self.bind();
        let left = self.left - self.ahead.min(self.left / 2);
        let (mut each, mut windows, mut least) = (left / WINDOWS, WINDOWS, 0);
        if each < LEAST {
            let share = self.tokens * 1_000 / self.bytes.max(1);
            let share = if self.bytes < 1_000 { UNSEEN } else { share.max(LEAST_SHARE) };
            least = scaled(text.len(), share, 1_000);
            (each, windows) = (LEAST, (text.len() / LATE).min(WINDOWS));
        }
        let stride = text.len().div_ceil(windows.max(1));
        let mut tokens = 0;
        for window in 0..windows {
            // From one word to another, so that no piece is torn.
            let (begin, next) = (boundary(text, window * stride), boundary(text, (window + 1) * stride));
            let start = boundary(text, begin + self.draw((next - begin).saturating_sub(each))).max(begin);
            let sample =
                text.get(start..boundary(text, next.min(start + each)).max(start)).unwrap_or_default();
            let counted = self.counted(sample, each);
            tokens += scaled(next - begin, counted.tokens, counted.end as u64);
        }
        tokens.max(least)
    }

    /// A number up to `most` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
    fn draw(&mut self, most: usize) -> usize {
        self.draws = self.draws.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.draws ^ self.draws >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed >> 32) as usize % (most + 1)
    }
}

/// A character's boundary there or shortly before, after a line or a word if one ends there.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    let near = text.as_bytes().get(at.saturating_sub(32)..at).unwrap_or_default();
    if at < text.len()
        && let Some(blank) = near.iter().rposition(|byte| matches!(byte, b' ' | b'\n'))
    {
        return at - near.len() + blank;
    }
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// So many bytes at `tokens` per `bytes`.
fn scaled(length: usize, tokens: u64, bytes: u64) -> u64 {
    (length as u64).saturating_mul(tokens).div_ceil(bytes.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = [
        "Call me Ishmael. Some years ago, never mind how long precisely, I went to sea.\n",
        "fn main() { let xs: Vec<u32> = (0..10).map(|x| x * x).collect(); }\n",
        "在一个遥远的小村庄里，住着一位年迈的木匠。他每天清晨起床，先到河边打水。",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    #[test]
    fn within_its_budget_a_count_is_exact() {
        for text in TEXTS {
            let mut counter = Counter::new(Encoding::O200kBase, Budget::default());
            let expected = Encoding::O200kBase.count(text);
            assert_eq!(counter.count(text), expected.tokens);
            assert!(counter.is_exact());
        }
    }

    #[test]
    fn beyond_its_budget_it_is_near_and_costs_no_more() {
        for text in TEXTS {
            let text = text.repeat(20_000);
            for budget in [10_000, 100_000] {
                let mut counter = Counter::new(Encoding::O200kBase, Budget(budget));
                let expected = Encoding::O200kBase.count(&text).tokens;
                let counted = counter.count(&text);
                assert!(!counter.is_exact());
                assert!(
                    counted.abs_diff(expected) * 50 <= expected,
                    "{counted}, not {expected}: {:?}",
                    text.get(..60)
                );
                assert!(counter.bytes <= budget as u64 && counter.left <= budget);
            }
        }
    }

    #[test]
    fn samples_see_all_of_a_text() {
        let text = [TEXTS[0].repeat(5_000), TEXTS[2].repeat(5_000), "!?".repeat(100_000)].concat();
        let expected = Encoding::O200kBase.count(&text).tokens;
        let counted = Counter::new(Encoding::O200kBase, Budget(50_000)).count(&text);
        assert!(counted.abs_diff(expected) * 10 <= expected, "{counted}, not {expected}");
    }

    #[test]
    fn no_text_costs_much_more_than_the_limit() {
        for text in ["a", "中", " ", "!", "ab", "Ωλ", "9", "word "] {
            for limit in [1, 10, 100, 1_000, 10_000, 100_000] {
                let counted = Encoding::O200kBase.count_up_to(&text.repeat(limit / text.len()), limit);
                assert!(counted.work <= 2 * limit + 1_000, "{text}: {}", counted.work);
            }
        }
    }

    #[test]
    fn many_texts_share_one_budget() {
        let mut counter = Counter::new(Encoding::Cl100kBase, Budget(20_000));
        let mut total = 0;
        for _ in 0..10_000 {
            total += counter.count(TEXTS[0]);
        }
        let expected = 10_000 * Encoding::Cl100kBase.count(TEXTS[0]).tokens;
        assert!(
            counter.bytes <= 20_000 && total.abs_diff(expected) * 10 <= expected,
            "{total}, not {expected}"
        );
    }

    #[test]
    fn without_a_budget_there_still_is_an_answer() {
        let mut counter = Counter::new(Encoding::O200kBase, Budget(0));
        assert_eq!(counter.count(""), 0);
        assert!(counter.is_exact());
        assert!(counter.count(TEXTS[0]) > 0);
        assert!(!counter.is_exact());
    }
}

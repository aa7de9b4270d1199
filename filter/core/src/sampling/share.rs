//! Which answers are looked at: so many of a hundred, and never more.
//!
//! Each answer adds its share to a debt, and one that is drawn pays one whole. So of `n` answers at most `n · share` are drawn,
//! at any time, and in the long run just as many. Which ones is left to chance, or traffic with a rhythm would show always the
//! same side.

use crate::rng::Rng;

/// A whole, in basis points.
const WHOLE: u32 = 10_000;

/// What one worker owes. Little is carried over, so that nothing is made up for in a burst.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Debt(u32);

impl Debt {
    /// Whether this answer is one of them.
    pub(super) fn draw(&mut self, share_bp: u32, rng: &mut Rng) -> bool {
        self.0 = self.0.saturating_add(share_bp.min(WHOLE)).min(3 * WHOLE);
        let is_due = self.0 >= WHOLE
            && (self.0 >= 2 * WHOLE
                || share_bp >= WHOLE
                || rng.up_to(u64::from(WHOLE) - 1) < 2 * u64::from(share_bp));
        self.0 -= if is_due { WHOLE } else { 0 };
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    #[test]
    fn never_more_than_the_share_and_in_the_long_run_no_less() {
        for share in [0, 1, 99, 100, 200, 3_333, 5_000, 9_999, 10_000] {
            let (mut debt, mut rng, mut drawn) = (Debt::default(), Seed(7).derive(share.into()), 0_u64);
            for answers in 1..=50_000_u64 {
                drawn += u64::from(debt.draw(share, &mut rng));
                assert!(drawn * 10_000 <= answers * u64::from(share), "{share}: {drawn} of {answers}");
                assert!((drawn + 2) * 10_000 >= answers * u64::from(share), "{share}: {drawn} of {answers}");
            }
        }
    }

    #[test]
    fn traffic_with_a_rhythm_is_seen_from_all_sides() {
        let (mut debt, mut rng, mut seen) = (Debt::default(), Seed(3).derive(1), [0; 10]);
        (0..20_000).filter(|_| debt.draw(1_000, &mut rng)).for_each(|answer| seen[answer % 10] += 1);
        assert!(seen.iter().all(|count| *count > 30), "{seen:?}");
    }
}

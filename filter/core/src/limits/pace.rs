//! So much per time, and at most so much at once.

/// The pace at which a rate limit is paid back. All of it in whole numbers: a limit is exact to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Units (tokens or requests) in a period; at least 1 and less than 2^40.
    amount: u64,
    /// In nanoseconds; a day at most.
    period: u64,
    /// Units that may be used at once; from 1.
    burst: u64,
    /// In which time they are paid back, in nanoseconds.
    burst_time: u64,
    /// Whether the policy warns of how much is used.
    warns: bool,
}

impl Pace {
    /// `burst_bp`: what may be used at once, in basis points of the amount; one unit at least, or nothing would pass.
    pub(super) fn new(amount: u64, period: u64, burst_bp: u32) -> Self {
        let amount = amount.clamp(1, (1 << 40) - 1);
        let burst = mul_div(amount, u64::from(burst_bp), 10_000, false).max(1);
        let pace = Self { amount, period: period.max(1), burst, burst_time: 0, warns: false };
        Self { burst_time: pace.time(burst), ..pace }
    }

    /// One that the policy warns of.
    pub(super) fn that_warns(self, warns: bool) -> Self {
        Self { warns, ..self }
    }

    pub(super) fn warns(self) -> bool {
        self.warns
    }

    pub(super) fn amount(self) -> u64 {
        self.amount
    }

    pub(super) fn period(self) -> u64 {
        self.period
    }

    /// In which time is paid back what may be used at once by a request of this cost. One that is larger than the burst, but no
    /// larger than the amount, passes when nothing is owed; or it never would.
    pub(super) fn burst_time(self, cost: u64) -> u64 {
        if cost <= self.burst { self.burst_time } else { self.time(cost) }
    }

    /// Nanoseconds in which so many units are paid back, rounded up.
    pub(super) fn time(self, units: u64) -> u64 {
        mul_div(units, self.period, self.amount, true)
    }

    /// Units that are paid back in so many nanoseconds, rounded down.
    pub(super) fn units(self, time: u64) -> u64 {
        mul_div(time, self.amount, self.period, false)
    }
}

/// `a · b / c`, at most `u64::MAX`. Exact where `b` and `c` are less than 2^48, without numbers of 128 bits, whose division
/// would be the largest function of the module, or their product, which is another call of it.
pub(super) fn mul_div(a: u64, b: u64, c: u64, is_rounded_up: bool) -> u64 {
    let c = c.max(1);
    let (quotient, rest) = if a.leading_zeros() + b.leading_zeros() >= u64::BITS {
        let product = a.wrapping_mul(b);
        (product / c, product % c)
    } else {
        // Long division, 16 bits of `a` at a time.
        let (mut quotient, mut rest) = (0_u64, 0_u64);
        for shift in [48, 32, 16, 0] {
            let digit = (a >> shift) & 0xffff;
            let partial = (rest << 16).saturating_add(digit.saturating_mul(b));
            if quotient >> 48 != 0 {
                return u64::MAX;
            }
            quotient = (quotient << 16).saturating_add(partial / c);
            rest = partial % c;
        }
        (quotient, rest)
    };
    quotient.saturating_add(u64::from(is_rounded_up && rest > 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    #[test]
    fn a_pace_is_exact() {
        let tpm = Pace::new(90_000, MINUTE, 2_000);
        assert_eq!(tpm.time(3), 2_000_000);
        assert_eq!(tpm.time(1), 666_667, "rounded up");
        assert_eq!(tpm.units(666_666), 0, "rounded down");
        assert_eq!(tpm.units(MINUTE), 90_000);
        assert_eq!((tpm.burst_time(1), tpm.burst_time(20_000)), (tpm.time(18_000), tpm.time(20_000)));
    }

    #[test]
    fn one_unit_at_least_passes_at_once() {
        for burst_bp in [1_000, 0] {
            let pace = Pace::new(3, MINUTE, burst_bp);
            assert_eq!(pace.burst_time(0), pace.time(1));
        }
    }

    #[test]
    fn what_is_out_of_range_is_the_most_there_is() {
        assert_eq!(Pace::new(1, 86_400_000_000_000, 0).time(u64::MAX), u64::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn long_division_is_division(
            a in any::<u64>(), small in 0..1_u64 << 40, b in 0..1_u64 << 47, c in 1..1_u64 << 47, up in any::<bool>(),
        ) {
            for a in [a, small] {
                let product = u128::from(a) * u128::from(b);
                let expected = product / u128::from(c) + u128::from(up && product % u128::from(c) > 0);
                let expected = u64::try_from(expected).unwrap_or(u64::MAX);
                prop_assert_eq!(mul_div(a, b, c, up), expected);
            }
        }
    }
}

//! What calls about samples may cost: so much in each period of the calendar, over all workers.
//!
//! A call is paid for before it is made, with the most it can cost, and gets back what it hasn't used. What isn't told is
//! taken for used, but for errors, which no provider charges. So what was spent exceeds the budget only by what a provider has
//! used beyond what it was asked for; that is counted, too. The cell: a version, the number of the period, and what is spent of
//! it, in micro-dollars. What a call of an earlier period gives back is nobody's any more.

use seawall_policy::policy::{Per, Price, Spending};

use crate::price;
use crate::store::{self, Store};
use crate::stream::Usage;
use crate::time::Timestamp;

const VERSION: u8 = 1;
const SIZE: usize = 17;

#[derive(Clone, Debug)]
pub(super) struct Budget {
    key: String,
    spending: Spending,
    price: Option<Price>,
}

/// What a call has paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paid {
    period: u64,
    micro_dollars: u64,
}

impl Budget {
    /// `key`: where it is counted.
    pub(super) fn new(key: String, spending: Spending, price: Option<Price>) -> Self {
        Self { key, spending, price }
    }

    /// Pays for a call of at most so many tokens; `None`: it isn't to be made. Without a price nobody can tell what it costs.
    pub(super) fn pay(
        &self,
        store: &mut dyn Store,
        now: Timestamp,
        (input, output): (u64, u64),
    ) -> Option<Paid> {
        let (price, period) = (self.price?, self.period(now));
        let usage = Usage { input, output, ..Usage::default() };
        let micro_dollars = price::micro_dollars(usage, price);
        let (paid, is_written) = store::try_update(store, &self.key, |bytes| {
            let (known, spent) = bytes.and_then(decode).unwrap_or_default();
            // A clock that steps back begins no period anew.
            let (period, spent) = if known >= period { (known, spent) } else { (period, 0) };
            let spent = spent.saturating_add(micro_dollars);
            let fits = spent <= self.spending.micro_dollars;
            (fits.then(|| encode(period, spent)), fits.then_some(Paid { period, micro_dollars }))
        });
        paid.filter(|_| is_written)
    }

    /// The call has ended, and has used this; `None` where nobody says.
    pub(super) fn settle(&self, store: &mut dyn Store, paid: Paid, used: Option<Usage>) {
        let Some((used, price)) = used.zip(self.price) else { return };
        self.correct(store, paid, price::micro_dollars(used, price));
    }

    /// No call was made, or one that costs nothing.
    pub(super) fn refund(&self, store: &mut dyn Store, paid: Paid) {
        self.correct(store, paid, 0);
    }

    /// What was paid for has cost this.
    fn correct(&self, store: &mut dyn Store, paid: Paid, cost: u64) {
        if cost == paid.micro_dollars {
            return;
        }
        store::update(store, &self.key, |bytes| {
            let same = bytes.and_then(decode).filter(|(period, _)| *period == paid.period);
            let spent = same.map(|(_, spent)| spent.saturating_sub(paid.micro_dollars).saturating_add(cost));
            (spent.map(|spent| encode(paid.period, spent)), ())
        });
    }

    fn period(&self, now: Timestamp) -> u64 {
        let seconds = match self.spending.per {
            Per::Second => 1,
            Per::Minute => 60,
            Per::Hour => 3_600,
            Per::Day => 86_400,
        };
        now.0 / 1_000_000_000 / seconds
    }
}

fn decode(bytes: &[u8]) -> Option<(u64, u64)> {
    let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
    let (period, rest) = rest.split_first_chunk()?;
    let spent = rest.first_chunk().filter(|_| bytes.len() == SIZE)?;
    Some((u64::from_le_bytes(*period), u64::from_le_bytes(*spent)))
}

fn encode(period: u64, spent: u64) -> Vec<u8> {
    [&[VERSION][..], &period.to_le_bytes(), &spent.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::MemoryStore;

    const DAY: u64 = 86_400_000_000_000;
    /// $2 in, $8 out, for a million tokens each.
    const PRICE: Price = Price { input: 2_000_000, cached: 500_000, output: 8_000_000 };

    fn budget(micro_dollars: u64) -> Budget {
        Budget::new("b".into(), Spending { micro_dollars, per: Per::Day }, Some(PRICE))
    }

    #[test]
    fn a_day_begins_anew_and_a_clock_that_steps_back_begins_nothing() {
        let (mut store, budget) = (MemoryStore::default(), budget(100));
        let mut pays = |day: u64| budget.pay(&mut store, Timestamp(day * DAY), (50, 0)).is_some();
        assert_eq!([7, 7, 8, 7, 8].map(&mut pays), [true, false, true, false, false]);
    }

    #[test]
    fn what_is_paid_after_a_clock_stepped_back_is_of_the_later_day() {
        let (mut store, budget) = (MemoryStore::default(), budget(100));
        let mut pay = |day: u64, tokens| budget.pay(&mut store, Timestamp(day * DAY), (tokens, 0));
        assert_eq!(pay(8, 30), Some(Paid { period: 8, micro_dollars: 60 }));
        let late = pay(7, 10).unwrap();
        assert_eq!(late, Paid { period: 8, micro_dollars: 20 });
        assert_eq!([pay(8, 20), pay(7, 20)], [None, None]);
        budget.refund(&mut store, late);
        assert!(budget.pay(&mut store, Timestamp(8 * DAY), (20, 0)).is_some());
    }

    #[test]
    fn without_a_price_nothing_is_asked() {
        let budget = Budget { price: None, ..budget(100) };
        assert_eq!(budget.pay(&mut MemoryStore::default(), Timestamp(0), (0, 0)), None);
    }

    proptest! {
        #[test]
        fn nothing_is_asked_for_that_the_budget_does_not_cover_whatever_was_used(
            calls in prop::collection::vec((0_u64..3, 0_u64..2_000, 0_u64..100, 0_u64..=300, 0..3_u8), 1..200),
            most in 1_u64..20_000,
        ) {
            let (mut store, budget) = (MemoryStore::default(), budget(most));
            let (mut now, mut used) = (DAY, [0_u64; 1_000]);
            for (later, input, output, share, end) in calls {
                now += later * DAY / 4;
                let Some(paid) = budget.pay(&mut store, Timestamp(now), (input, output)) else { continue };
                let spent = Usage { input: input * share / 100, cached: 0, output: output * share / 100, reasoning: 0 };
                let day = &mut used[paid.period as usize];
                prop_assert!(*day + paid.micro_dollars <= most);
                match end {
                    0 => budget.refund(&mut store, paid),
                    1 => {
                        *day += price::micro_dollars(spent, PRICE);
                        budget.settle(&mut store, paid, Some(spent));
                    }
                    _ => {
                        let all = Usage { input, output, ..Usage::default() };
                        *day += price::micro_dollars(all, PRICE);
                        budget.settle(&mut store, paid, None);
                    }
                }
            }
        }
    }
}

//! Which target of a stage comes first, and which after it.
//!
//! | order | first |
//! |---|---|
//! | as written | the first |
//! | `weighted` | drawn by weight, the next from those that are left; those of weight 0 last, as written |
//! | `cheapest` | the least expected cost; those without a price last |
//! | `fastest` | the least peak-EWMA of its latency, times the requests under way and this one |
//! | `least_loaded` | the fewest requests under way |
//!
//! The whole stage is looked at. Two choices at random are for numbers that are old or many (Mitzenmacher, "The Power of Two
//! Choices in Randomized Load Balancing", 2001); here all workers count in one place and a stage has a few targets. Of equals
//! the first is as written where prices are compared, and random where load is: workers must not all choose the same.

use std::collections::BinaryHeap;

use seawall_policy::policy::Order;
use seawall_policy::policy::fit::Demand;

use super::Place;
use crate::rng::Rng;

/// What is known of the places' load, over all workers.
pub(crate) trait Load {
    /// Attempts under way.
    fn in_flight(&mut self, place: &Place) -> u64;
    /// How long an attempt would likely wait for its answer, in any unit: the peak-EWMA of its latency times the attempts under
    /// way and this one. A place that nobody has measured yet is the fastest, but for one attempt at a time.
    fn wait(&mut self, place: &Place) -> u64;
}

impl Place {
    /// What one attempt is expected to cost, in pico-dollars; `None` without a price.
    pub(super) fn expected_cost(&self, demand: &Demand) -> Option<u64> {
        Some(demand.cost(self.price?, self.max_tokens))
    }

    /// The same, and with the longest answer that is allowed.
    pub(super) fn costs(&self, demand: &Demand) -> Option<[u64; 2]> {
        Some(demand.costs(self.price?, self.max_tokens))
    }
}

/// A place that has been given its rank: the least comes first.
type Ranked = (u64, u16, u16);

/// Appends the numbers of a stage's places in their order; the first of them has the number `start`.
pub(super) fn arrange(
    order: &Order,
    places: &[Place],
    start: u16,
    demand: &Demand,
    load: &mut dyn Load,
    rng: &mut Rng,
    to: &mut Vec<u16>,
) {
    let numbers = (0u16..).zip(places);
    match order {
        Order::AsWritten => to.extend(numbers.map(|(number, _)| start + number)),
        Order::Weighted(weights) => draw(weights, start, rng, to),
        Order::Cheapest => {
            let rank = |place: &Place| place.expected_cost(demand).unwrap_or(u64::MAX);
            sort(numbers.map(|(number, place)| (rank(place), number, start + number)), to);
        }
        Order::Fastest | Order::LeastLoaded => {
            let count = places.len() as u64;
            let shift = rng.up_to(count.saturating_sub(1));
            let mut rank = |place| match order {
                Order::LeastLoaded => load.in_flight(place),
                _ => load.wait(place),
            };
            let ranked = numbers.map(|(number, place)| {
                let turned = (u64::from(number) + shift) % count.max(1);
                (rank(place), turned as u16, start + number)
            });
            sort(ranked, to);
        }
    }
}

/// A heap's sort is a tenth of the code that a slice's is.
fn sort(ranked: impl Iterator<Item = Ranked>, to: &mut Vec<u16>) {
    let sorted = ranked.collect::<BinaryHeap<Ranked>>().into_sorted_vec();
    to.extend(sorted.into_iter().map(|(_, _, number)| number));
}

fn draw(weights: &[u32], start: u16, rng: &mut Rng, to: &mut Vec<u16>) {
    let mut left: Vec<(u16, u32)> = (start..).zip(weights.iter().copied()).collect();
    let mut sum: u64 = left.iter().map(|(_, weight)| u64::from(*weight)).sum();
    while sum > 0 {
        let mut drawn = rng.up_to(sum - 1);
        let hit = left.iter().position(|(_, weight)| {
            let is_hit = drawn < u64::from(*weight);
            drawn = drawn.saturating_sub(u64::from(*weight));
            is_hit
        });
        let Some(hit) = hit else { break };
        let (number, weight) = left.remove(hit);
        sum -= u64::from(weight);
        to.push(number);
    }
    to.extend(left.into_iter().map(|(number, _)| number));
}

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_policy::policy::Capability;

use super::*;
use crate::rng::Seed;

/// Requests under way at some places, and how long one would wait.
#[derive(Default)]
struct Known(BTreeMap<usize, (u64, u64)>);

impl Load for Known {
    fn in_flight(&mut self, place: &Place) -> u64 {
        self.0.get(&place.prepared).map_or(0, |known| known.0)
    }

    fn wait(&mut self, place: &Place) -> u64 {
        self.0.get(&place.prepared).map_or(0, |known| known.1)
    }
}

fn place(target: usize) -> Place {
    let (prepared, target) = (target, TargetId(target));
    Place {
        target,
        prepared,
        post: None,
        context: None,
        price: None,
        lacks: Capabilities::default(),
        max_tokens: None,
    }
}

/// Dollars per million tokens of the prompt and of the answer.
fn priced(target: usize, input: u64, output: u64) -> Place {
    let (input, output) = (input * 1_000_000, output * 1_000_000);
    Place { price: Some(Price { input, cached: input, output }), ..place(target) }
}

fn plan_of(stages: Vec<(Vec<Place>, Order)>) -> Plan {
    Plan::new(stages.into_iter(), None)
}

fn sequence_of(plan: &Plan, demand: &Demand, load: &mut Known, seed: u64) -> Result<Vec<usize>, Unfit> {
    let sequence = plan.sequence(demand, load, &mut Seed(seed).derive(1))?;
    Ok(sequence.places(plan.count(), None).collect())
}

fn chosen(plan: &Plan, demand: &Demand) -> Vec<usize> {
    sequence_of(plan, demand, &mut Known::default(), 1).unwrap()
}

#[test]
fn a_plain_plan_goes_as_it_is_written() {
    let plan =
        plan_of(vec![(vec![place(4), place(2)], Order::AsWritten), (vec![place(9)], Order::AsWritten)]);
    assert!(plan.is_plain());
    assert_eq!(chosen(&plan, &Demand::default()), [0, 1, 2]);
}

#[test]
fn a_weighted_stage_is_drawn_by_weight_and_the_next_stage_comes_after_it() {
    let weights = Order::Weighted(vec![80, 20, 0]);
    let plan =
        plan_of(vec![(vec![place(0), place(1), place(2)], weights), (vec![place(3)], Order::AsWritten)]);
    let mut first = [0u32; 4];
    for seed in 0..10_000 {
        let sequence = sequence_of(&plan, &Demand::default(), &mut Known::default(), seed).unwrap();
        assert_eq!(sequence[2..], [2, 3], "what weighs nothing comes last in its stage");
        first[sequence[0]] += 1;
    }
    assert!((7_800..8_200).contains(&first[0]), "{first:?}");
    assert_eq!(first[0] + first[1], 10_000);
}

#[test]
fn the_cheapest_depends_on_the_request() {
    // The first is cheap to demand, the second cheap to let answer, the third has no price, the fourth is cut short.
    let cut = Place { max_tokens: Some(10), ..priced(3, 3, 100) };
    let plan = plan_of(vec![(vec![priced(0, 1, 20), priced(1, 4, 4), place(2), cut], Order::Cheapest)]);
    let demand = |input, output| Demand { input, output, ..Demand::default() };
    assert_eq!(chosen(&plan, &demand(10_000, Some(100))), [0, 3, 1, 2]);
    assert_eq!(chosen(&plan, &demand(100, None)), [3, 1, 0, 2]);
    assert_eq!(chosen(&plan, &demand(u64::MAX, Some(u64::MAX))), [0, 1, 2, 3], "no number is too large");
}

#[test]
fn the_fastest_comes_first() {
    let plan = plan_of(vec![((0..3).map(place).collect(), Order::Fastest)]);
    let mut load = Known(BTreeMap::from([(0, (0, 300)), (1, (9, 90)), (2, (1, 250))]));
    for seed in 0..20 {
        assert_eq!(sequence_of(&plan, &Demand::default(), &mut load, seed).unwrap(), [1, 2, 0]);
    }
}

#[test]
fn the_least_loaded_comes_first_and_equals_share() {
    let plan = plan_of(vec![((0..3).map(place).collect(), Order::LeastLoaded)]);
    let mut load = Known(BTreeMap::from([(0, (2, 1)), (1, (1, 9)), (2, (7, 5))]));
    assert_eq!(sequence_of(&plan, &Demand::default(), &mut load, 1).unwrap(), [1, 0, 2]);
    let mut first = [0u32; 3];
    for seed in 0..3_000 {
        first[sequence_of(&plan, &Demand::default(), &mut Known::default(), seed).unwrap()[0]] += 1;
    }
    assert!(first.iter().all(|count| (900..1_100).contains(count)), "{first:?}");
}

#[test]
fn a_target_that_cannot_serve_the_request_is_not_in_its_sequence() {
    let lacks =
        |target, what: &[Capability]| Place { lacks: what.iter().copied().collect(), ..place(target) };
    let plan = plan_of(vec![(
        vec![lacks(0, &[Capability::Vision]), lacks(1, &[Capability::Tools, Capability::Json]), place(2)],
        Order::AsWritten,
    )]);
    let demand =
        |needs: &[Capability]| Demand { needs: needs.iter().copied().collect(), ..Demand::default() };
    assert_eq!(chosen(&plan, &demand(&[])), [0, 1, 2]);
    assert_eq!(chosen(&plan, &demand(&[Capability::Vision])), [1, 2]);
    assert_eq!(chosen(&plan, &demand(&[Capability::Vision, Capability::Json])), [2]);
    assert_eq!(plan.lacks().iter().count(), 3);
}

#[test]
fn prompt_and_answer_must_fit_the_context_window() {
    let window = |target, window, max_tokens| Place { context: Some(window), max_tokens, ..place(target) };
    let plan = plan_of(vec![(
        vec![window(0, 1_000, None), window(1, 1_000, Some(100)), window(2, 8_000, None)],
        Order::AsWritten,
    )]);
    let demand = |input, output| Demand { input, output, ..Demand::default() };
    assert_eq!(chosen(&plan, &demand(900, None)), [0, 1, 2]);
    assert_eq!(chosen(&plan, &demand(900, Some(100))), [0, 1, 2]);
    assert_eq!(chosen(&plan, &demand(900, Some(101))), [1, 2], "an override makes room");
    assert_eq!(chosen(&plan, &demand(1_001, None)), [2]);
    let unfit = sequence_of(&plan, &demand(8_000, Some(500)), &mut Known::default(), 1).unwrap_err();
    assert_eq!(unfit, Unfit { window: Some((8_500, 8_000)), ..Unfit::default() });
}

#[test]
fn the_error_names_what_is_lacking() {
    let unfit = |missing: &[Capability], window| Unfit { missing: missing.iter().copied().collect(), window };
    let says = |unfit: Unfit| unfit.message().split_once(": ").unwrap().1.to_owned();
    assert_eq!(says(unfit(&[Capability::Json, Capability::Vision], None)), "it needs vision, json");
    assert_eq!(
        says(unfit(&[], Some((9, 8)))),
        "it needs about 9 tokens, and the largest context window holds 8"
    );
    assert_eq!(
        says(unfit(&[Capability::Tools], Some((9, 8)))),
        "it needs tools, about 9 tokens, and the largest context window holds 8"
    );
}

#[test]
fn failing_over_costs_no_more_than_the_contract_allows() {
    let stage = |place| (vec![place], Order::AsWritten);
    let places = [priced(0, 2, 2), priced(1, 6, 6), priced(2, 7, 7), place(3), priced(4, 1, 1)];
    let plan = Plan::new(places.into_iter().map(stage), Some(300));
    let demand = Demand { input: 1_000, ..Demand::default() };
    assert_eq!(chosen(&plan, &demand), [0, 1, 3, 4]);
    let lacking = Place { lacks: [Capability::Json].into_iter().collect(), ..priced(0, 1, 1) };
    let plan = Plan::new([lacking, priced(1, 5, 5), priced(2, 15, 15)].into_iter().map(stage), Some(300));
    let json = Demand { needs: [Capability::Json].into_iter().collect(), ..demand };
    assert_eq!(chosen(&plan, &json), [1, 2], "it is measured by the first that can serve the request");
}

#[test]
fn a_larger_context_is_one_that_is_known_to_be() {
    let window = |target, context| Place { context, ..place(target) };
    let plan = plan_of(vec![(
        vec![window(0, None), window(1, Some(8)), window(2, Some(4)), window(3, None), window(4, Some(9))],
        Order::AsWritten,
    )]);
    let larger = |than| (0..5).filter(|place| plan.is_larger(*place, than)).collect::<Vec<_>>();
    assert_eq!(larger(0), [1, 2, 4]);
    assert_eq!(larger(1), [4]);
    assert_eq!(larger(2), [1, 4]);
    assert_eq!(larger(4), [] as [usize; 0]);
}

#[test]
fn what_comes_after_a_place_is_by_the_sequence() {
    let later = |sequence: &Sequence, after| sequence.places(3, after).collect::<Vec<_>>();
    assert_eq!(later(&Sequence::Plain, None), [0, 1, 2]);
    assert_eq!(later(&Sequence::Plain, Some(0)), [1, 2]);
    let chosen = Sequence::Chosen([2, 0].into());
    assert_eq!(later(&chosen, None), [2, 0]);
    assert_eq!(later(&chosen, Some(2)), [0]);
    assert_eq!(later(&chosen, Some(0)), [] as [usize; 0]);
}

/// Some places and an order for them.
fn stage() -> impl Strategy<Value = (Vec<Place>, Order)> {
    let window = prop::option::of(0u64..2_000);
    let any_place = (window, prop::option::of(0u64..20), 0u8..32, prop::option::of(1u64..2_000), 0u32..100);
    (prop::collection::vec(any_place, 1..6), 0..5).prop_map(|(places, order)| {
        let order = match order {
            0 => Order::AsWritten,
            1 => Order::Weighted(places.iter().map(|(.., weight)| *weight).collect()),
            2 => Order::Cheapest,
            3 => Order::Fastest,
            _ => Order::LeastLoaded,
        };
        let place =
            |(target, (context, price, lacks, max_tokens, _)): (usize, (_, Option<u64>, u8, _, _))| Place {
                context,
                price: price.map(|price| Price { input: price, cached: price, output: price }),
                lacks: some_of(lacks),
                max_tokens,
                ..place(target)
            };
        (places.into_iter().enumerate().map(place).collect(), order)
    })
}

fn some_of(bits: u8) -> Capabilities {
    Capability::ALL.into_iter().filter(|capability| bits & 1 << *capability as u8 != 0).collect()
}

proptest! {
    #[test]
    fn a_sequence_has_each_place_that_fits_once_and_in_the_order_of_the_stages(
        stages in prop::collection::vec(stage(), 1..4), failover_cost in prop::option::of(100u32..1_000),
        input in 0u64..2_000, output in prop::option::of(0u64..2_000), needs in 0u8..32, seed in any::<u64>(),
    ) {
        let ends: Vec<usize> = stages.iter().scan(0, |end, (places, _)| { *end += places.len(); Some(*end) }).collect();
        let stage_of = |number: usize| ends.iter().position(|end| number < *end).unwrap();
        let plan = Plan::new(stages.into_iter(), failover_cost);
        let demand = Demand { input, output, needs: some_of(needs) };
        let fits = |number: &usize| plan.places[*number].unfit(&demand).is_none();
        let fit: Vec<usize> = (0..plan.count()).filter(fits).collect();
        match sequence_of(&plan, &demand, &mut Known::default(), seed) {
            Err(unfit) => {
                prop_assert!(fit.is_empty());
                prop_assert_ne!(unfit, Unfit::default());
            }
            Ok(sequence) => {
                prop_assert!(sequence.is_sorted_by_key(|number| stage_of(*number)));
                let mut sorted = sequence.clone();
                sorted.sort_unstable();
                sorted.dedup();
                prop_assert_eq!(sorted.len(), sequence.len());
                prop_assert!(sequence.iter().all(fits));
                let costs = |number: &usize| plan.places[*number].costs(&demand);
                let is_dear = |number: &usize| match (failover_cost, costs(&sequence[0]), costs(number)) {
                    (Some(most), Some(first), Some(costs)) => {
                        costs.iter().zip(first).any(|(cost, first)| cost * 100 > first * u64::from(most))
                    }
                    _ => false,
                };
                for number in fit {
                    prop_assert_eq!(sequence.contains(&number), !is_dear(&number), "{}", number);
                }
            }
        }
    }
}

//! Cells: the table of tenants, changed policies, foreign bytes.

use proptest::prelude::*;

use super::super::cell::{SETS, WAYS};
use super::*;

const RPM: &str = "limit rpm per tenant { 60 requests/min  burst 5% }";

fn size(store: &MemoryStore) -> usize {
    store.sizes().sum()
}

/// A hash as good as any other.
fn spread(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[test]
fn tenants_however_many_leave_memory_flat() {
    let mut one = One::new(RPM);
    let mut sizes = Vec::new();
    for n in 0..80_000_u64 {
        drop(one.try_at(SECOND + n * 1_000_000, spread(n), FIRST, tokens(1)));
        if n % 20_000 == 19_999 && n > 40_000 {
            sizes.push((one.store.keys().count(), size(&one.store)));
        }
    }
    // All cells are there, and a cell can't grow: more names can't take more.
    let cells = SETS as usize;
    assert!(sizes.iter().all(|known| *known == sizes[0]), "{sizes:?}");
    assert!(sizes[0].0 == cells && sizes[0].1 < cells * 520, "{sizes:?}");
}

#[test]
fn a_hot_tenant_is_never_forgotten_however_many_others_come() {
    let mut one = One::new(RPM);
    let hot = 5;
    for _ in 0..3 {
        let _ticket = one.try_at(SECOND, hot, FIRST, tokens(1)).unwrap();
    }
    for n in 1..1_000 {
        drop(one.try_at(SECOND, hot + n * SETS, FIRST, tokens(1)));
    }
    assert!(one.try_at(SECOND, hot, FIRST, tokens(1)).is_err());
}

#[test]
fn those_who_find_no_row_share_one_and_get_their_own_when_one_is_free() {
    let mut one = One::new(RPM);
    let tenant = |n: u64| 5 + n * SETS;
    let mut admitted = |nanos: u64, n: u64| {
        let tickets: Vec<_> =
            (0..5).filter_map(|_| one.try_at(nanos, tenant(n), FIRST, tokens(1)).ok()).collect();
        let count = tickets.len();
        tickets.into_iter().for_each(|ticket| one.settle(nanos, ticket, tokens(1)));
        count
    };
    let own: Vec<_> = (0..WAYS as u64).map(|n| admitted(SECOND, n)).collect();
    assert_eq!(own, [3; WAYS]);
    let late: Vec<_> = (100..104).map(|n| admitted(SECOND, n)).collect();
    assert_eq!(late, [3, 0, 0, 0], "one for all of them");
    // A second later everybody has one request back; nobody's debt is forgotten when rows change hands.
    assert_eq!((0..WAYS as u64).map(|n| admitted(2 * SECOND, n)).sum::<usize>(), WAYS);
    assert_eq!((100..104).map(|n| admitted(2 * SECOND, n)).sum::<usize>(), 1);
    // All debts are paid.
    assert_eq!((100..104).map(|n| admitted(20 * SECOND, n)).collect::<Vec<_>>(), [3; 4]);
}

#[test]
fn a_changed_policy_keeps_what_is_known() {
    let mut one = One::new(
        "limit gone per tenant { 10 concurrent }\n\
         limit rpm per tenant { 60 requests/min  burst 5% }",
    );
    let tickets: Vec<_> = (0..3).map(|_| one.admit(SECOND, tokens(1)).unwrap()).collect();
    assert!(one.admit(SECOND, tokens(1)).is_err());
    drop(tickets);
    let store = one.cells();
    let mut other = One::new(
        "limit rpm per tenant { 60 requests/min  burst 10% }\n\
         limit added per tenant { 2 concurrent }",
    );
    other.store = store;
    let mut passes = || (0..9).filter_map(|_| other.admit(SECOND, tokens(1)).ok()).count();
    assert_eq!(passes(), 2, "of a burst of six, three are used, and two is what the new limit admits");
}

#[test]
fn a_limit_that_is_to_warn_or_no_longer_keeps_what_is_known() {
    for (before, after) in [("", "warn 80%"), ("warn 80%", "")] {
        let limit = |warn: &str| {
            format!(
                "limit first per tenant {{ 100 requests/min  burst 100%  {warn} }}\n\
                 limit rpm per tenant {{ 60 requests/min  burst 5%  {warn} }}"
            )
        };
        let mut one = One::new(&limit(before));
        let _tickets: Vec<_> = (0..3).map(|_| one.admit(SECOND, tokens(1)).unwrap()).collect();
        let mut other = One::new(&limit(after));
        other.store = one.cells();
        assert!(other.admit(SECOND, tokens(1)).is_err(), "{before} to {after}");
    }
}

/// Policies of one proxy, each with a worker of its own.
struct Proxy {
    store: MemoryStore,
    policies: Vec<(Fixture, Limits)>,
}

impl Proxy {
    fn new<'t>(policies: impl IntoIterator<Item = &'t str>) -> Self {
        let policies = policies.into_iter().zip(1..);
        let policies = policies.map(|(text, vm)| (Fixture::new(text), Limits::new(vm))).collect();
        Self { store: MemoryStore::default(), policies }
    }

    fn admit(&mut self, policy: usize, nanos: u64, tenant: u64, of: Use) -> Result<Ticket, Refusal> {
        let (fixture, limits) = &mut self.policies[policy];
        let ask = fixture.ask(tenant, FIRST, of);
        limits.admit(&mut self.store, Timestamp(nanos), &ask, &mut Vec::new())
    }

    fn settle(&mut self, policy: usize, nanos: u64, ticket: Ticket, of: Use) {
        let (fixture, limits) = &mut self.policies[policy];
        limits.settle(&mut self.store, Timestamp(nanos), &fixture.book, ticket, of);
        limits.close(&mut self.store, Timestamp(nanos), &fixture.book);
    }

    /// How many of these pass, and are over at once.
    fn passes(&mut self, policy: usize, nanos: u64, tenant: u64, of: Use) -> usize {
        let tickets: Vec<_> = (0..20).filter_map(|_| self.admit(policy, nanos, tenant, of).ok()).collect();
        let count = tickets.len();
        tickets.into_iter().for_each(|ticket| self.settle(policy, nanos, ticket, of));
        count
    }
}

#[test]
fn policies_side_by_side_leave_what_the_others_know() {
    for scope in ["per tenant", "global"] {
        let mut proxy = Proxy::new([
            &*format!(
                "limit rpm {scope} {{ 60 requests/min  burst 5% }}\nlimit calls {scope} {{ 4 concurrent }}"
            ),
            &*format!("limit tpm {scope} {{ 600 tokens/min  burst 5% }}"),
        ]);
        let _held: Vec<_> = (0..2).map(|_| proxy.admit(0, SECOND, 7, tokens(1)).unwrap()).collect();
        assert_eq!(proxy.passes(1, SECOND, 7, tokens(10)), 3);
        assert_eq!(proxy.passes(0, SECOND, 7, tokens(1)), 1);
        let cells = size(&proxy.store);
        for n in 0..20 {
            let now = SECOND + n;
            assert_eq!(
                (proxy.passes(1, now, 7, tokens(10)), proxy.passes(0, now, 7, tokens(1))),
                (0, 0),
                "{scope}"
            );
        }
        assert_eq!(size(&proxy.store), cells, "no cell grows");
        // Three seconds later the rates are paid back, and two of four places are still held.
        assert_eq!(proxy.passes(1, 4 * SECOND + 100, 7, tokens(10)), 3);
        assert_eq!(proxy.passes(0, 4 * SECOND + 100, 7, tokens(1)), 2, "{scope}");
    }
}

#[test]
fn what_streams_of_the_policy_before_settle_takes_nothing_from_a_new_limit() {
    let mut proxy = Proxy::new([
        "limit rpm per tenant { 60 requests/min  burst 5% }",
        "limit added per tenant { 60 requests/hour  burst 10% }\n\
         limit rpm per tenant { 60 requests/min  burst 5% }",
    ]);
    let old = proxy.admit(0, SECOND, 7, tokens(1)).unwrap();
    assert_eq!(proxy.passes(1, SECOND, 7, tokens(1)), 2, "three with the one before");
    let late = proxy.admit(0, 4 * SECOND, 7, tokens(1)).unwrap();
    proxy.settle(0, 4 * SECOND, old, tokens(1));
    assert_eq!(proxy.passes(1, 4 * SECOND, 7, tokens(1)), 2);
    proxy.settle(0, 60 * SECOND, late, tokens(1));
    let after: Vec<_> = (0..4).map(|n| proxy.passes(1, (60 + n) * SECOND, 7, tokens(1))).collect();
    assert_eq!(after, [2, 1, 0, 0], "of six in an hour four are used, and one is back after a minute");
}

/// Tenants of one cell.
fn of_cell(n: u64) -> u64 {
    5 + n * SETS
}

/// Two policies, and tenants of the first one's in all rows of the cell.
fn full() -> Proxy {
    let mut proxy = Proxy::new([
        "limit slow per tenant { 60 requests/hour  burst 5% }",
        "limit quick per tenant { 60 requests/min  burst 5% }",
    ]);
    for n in 0..WAYS as u64 {
        assert_eq!(proxy.passes(0, SECOND, of_cell(n), tokens(1)), 3);
    }
    proxy
}

#[test]
fn a_row_in_which_another_policy_knows_something_is_not_given_away() {
    let mut proxy = full();
    let others: Vec<_> = (100..104).map(|n| proxy.passes(1, 2 * SECOND, of_cell(n), tokens(1))).collect();
    assert_eq!(others, [3, 0, 0, 0], "all rows are somebody's");
    assert_eq!(proxy.passes(0, 3 * SECOND, of_cell(100), tokens(1)), 3, "the same for the other");
    assert_eq!(
        (0..WAYS as u64).map(|n| proxy.passes(0, 3 * SECOND, of_cell(n), tokens(1))).sum::<usize>(),
        0
    );
    // All is paid back: rows are free, and change hands.
    let hour = 3_600 * SECOND;
    let others: Vec<_> = (100..104).map(|n| proxy.passes(1, hour, of_cell(n), tokens(1))).collect();
    assert_eq!(others, [3; 4]);
    assert_eq!(proxy.passes(0, hour, of_cell(0), tokens(1)), 3);
}

#[test]
fn who_gets_a_row_by_another_policy_keeps_what_the_common_row_knows() {
    let mut proxy = full();
    // It comes a minute before the rows are free, and shares the common one.
    assert_eq!(proxy.passes(0, 150 * SECOND, of_cell(100), tokens(1)), 3);
    assert_eq!(proxy.passes(1, 190 * SECOND, of_cell(100), tokens(1)), 3, "a row of its own");
    assert_eq!(proxy.passes(0, 190 * SECOND, of_cell(100), tokens(1)), 0);
}

#[test]
fn policies_however_many_leave_cells_flat_and_those_that_go_on_their_balances() {
    let of = |n| {
        format!("limit l{n} per tenant {{ 60 requests/{}  burst 5% }}", if n == 0 { "hour" } else { "day" })
    };
    let texts: Vec<_> = (0..60).map(of).collect();
    let mut proxy = Proxy::new(texts.iter().map(String::as_str));
    let mut sizes = Vec::new();
    let day = 86_400 * SECOND;
    for n in 1..texts.len() {
        let now = day + n as u64 * 60 * SECOND;
        assert_eq!(proxy.passes(n, now, 7, tokens(1)), 3);
        // The first goes on beside all of those that come after one another.
        assert_eq!(proxy.passes(0, now, 7, tokens(1)), if n == 1 { 3 } else { 1 }, "{n}");
        sizes.push(size(&proxy.store));
    }
    assert!(sizes.iter().all(|size| *size < 9 * (8 + 17 * 45) + 200), "{sizes:?}");
    assert_eq!(sizes.last(), sizes.iter().max(), "it stays as large as it has become: {sizes:?}");
    // What has known nothing for long is left out.
    assert_eq!(proxy.passes(1, 4 * day, 7, tokens(1)), 3);
    let mut alone = Proxy::new([texts[1].as_str()]);
    assert_eq!(alone.passes(0, day, 7, tokens(1)), 3);
    assert_eq!(size(&proxy.store), size(&alone.store));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Policies that share a proxy and no limit decide as if each had a proxy of its own.
    #[test]
    fn policies_side_by_side_decide_as_if_alone(
        steps in prop::collection::vec((0..3_usize, 0..4_u64, 0..30_u64, 0..5_u64, any::<bool>()), 1..120),
    ) {
        let texts = [
            "limit a1 per tenant { 60 requests/min  burst 10% }\nlimit a2 global { 6 concurrent }",
            "limit b1 per tenant { 600 tokens/min  burst 10%  warn 50% }\nlimit b2 per tenant { 3 concurrent }\n\
             limit b3 global { 90 requests/min  burst 10% }",
            "limit c1 per tenant { 30 input tokens/s  burst 100% }\nlimit c2 global { 5 concurrent }",
        ];
        let mut together = Proxy::new(texts);
        let mut alone: Vec<_> = texts.iter().map(|text| Proxy::new([*text])).collect();
        let (mut now, mut under_way) = (1_000_000 * SECOND, Vec::new());
        for (policy, tenant, used, seconds, ends) in steps {
            now += seconds * SECOND;
            let tenant = 5 + tenant * SETS;
            let both = (together.admit(policy, now, tenant, tokens(20)), alone[policy].admit(0, now, tenant, tokens(20)));
            match both {
                (Ok(one), Ok(other)) => under_way.push((policy, one, other)),
                (Err(one), Err(other)) => prop_assert_eq!((one.wait, one.is_exact), (other.wait, other.is_exact)),
                (one, other) => prop_assert!(false, "{:?} and {:?}", one, other),
            }
            if ends && !under_way.is_empty() {
                let (policy, one, other) = under_way.swap_remove(0);
                together.settle(policy, now, one, tokens(used));
                alone[policy].settle(0, now, other, tokens(used));
            }
        }
    }
}

#[test]
fn what_knows_something_stays_before_what_was_written_later() {
    let of = |n| {
        format!("limit l{n} per tenant {{ 60 requests/{}  burst 5% }}", if n == 0 { "day" } else { "min" })
    };
    let texts: Vec<_> = (0..30).map(of).collect();
    let mut proxy = Proxy::new(texts.iter().map(String::as_str));
    assert_eq!(proxy.passes(0, SECOND, 7, tokens(1)), 3);
    for n in 1..texts.len() {
        assert_eq!(proxy.passes(n, n as u64 * 40 * SECOND, 7, tokens(1)), 3);
    }
    assert_eq!(proxy.passes(0, 1_200 * SECOND, 7, tokens(1)), 0, "one comes back in 24 minutes");
}

#[test]
fn foreign_bytes_begin_anew_and_nothing_panics() {
    let mut one = One::new(RPM);
    let ticket = one.admit(SECOND, tokens(1)).unwrap();
    let key = one.store.keys().next().unwrap();
    let good = one.store.get(&key).unwrap().0;
    one.settle(SECOND, ticket, tokens(1));
    let cut = good[..good.len() - 1].to_vec();
    let mut older = good.clone();
    older[0] = 99;
    let mut many = good.clone();
    many[2] = 255;
    let mut huge = good.clone();
    huge[8..10].fill(255);
    for bytes in [Vec::new(), vec![1], vec![4, 9, 1, 0], vec![0xff; good.len()], cut, older, many, huge] {
        let version = one.store.get(&key).map(|(_, version)| version);
        one.store.set(&key, &bytes, version).unwrap();
        let _ticket = one.admit(SECOND, tokens(1)).unwrap();
    }
}

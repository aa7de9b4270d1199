//! Cells: the table of tenants, changed policies, foreign bytes.

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
        drop(one.try_at(SECOND + n * 1_000_000, spread(n), Stage::Request, tokens(1)));
        if n % 20_000 == 19_999 && n > 40_000 {
            sizes.push((one.store.keys().count(), size(&one.store)));
        }
    }
    // All cells are there, and a cell can't grow: more names can't take more.
    let cells = SETS as usize;
    assert!(sizes.iter().all(|known| *known == sizes[0]), "{sizes:?}");
    assert!(sizes[0].0 == cells && sizes[0].1 < cells * 512, "{sizes:?}");
}

#[test]
fn a_hot_tenant_is_never_forgotten_however_many_others_come() {
    let mut one = One::new(RPM);
    let hot = 5;
    for _ in 0..3 {
        let _ticket = one.try_at(SECOND, hot, Stage::Request, tokens(1)).unwrap();
    }
    for n in 1..1_000 {
        drop(one.try_at(SECOND, hot + n * SETS, Stage::Request, tokens(1)));
    }
    assert!(one.try_at(SECOND, hot, Stage::Request, tokens(1)).is_err());
}

#[test]
fn those_who_find_no_row_share_one_and_get_their_own_when_one_is_free() {
    let mut one = One::new(RPM);
    let tenant = |n: u64| 5 + n * SETS;
    let mut admitted = |nanos: u64, n: u64| {
        let tickets: Vec<_> =
            (0..5).filter_map(|_| one.try_at(nanos, tenant(n), Stage::Request, tokens(1)).ok()).collect();
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
    many[1] = 255;
    for bytes in [Vec::new(), vec![1], vec![1, 1, 9, 0], vec![0xff; good.len()], cut, older, many] {
        let version = one.store.get(&key).map(|(_, version)| version);
        one.store.set(&key, &bytes, version).unwrap();
        let _ticket = one.admit(SECOND, tokens(1)).unwrap();
    }
}

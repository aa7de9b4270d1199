//! A provider that has every fault from which callers are to be kept, one after the other and all of them at once. One kind is
//! missing: a quota that is used up, because then the provider would rightly not be asked again.

use std::time::Duration;

use seawall_provider::{Behaviour, ErrorKind, Fault, Plan, Provider, Times};
use tokio::time::sleep;

/// A share of the requests is enough: the rest go through, and the load stays full.
const PERIOD: u64 = 25;

/// Changes what the provider does, for ever.
pub(super) async fn go_on(provider: Provider, seed: u64, every: Duration) {
    let mut random = seed;
    loop {
        // The only error is a port that can't be opened again; the next plan tries that too.
        let _ = provider.set_plan(plan(&mut random)).await;
        sleep(every).await;
    }
}

fn plan(random: &mut u64) -> Plan {
    match next(random) % 20 {
        0 => Plan::Refused,
        1 => all(Behaviour { status: Some(503), ..Behaviour::default() }),
        2 => all(Behaviour { fault: Some(Fault::Reset), ..Behaviour::default() }),
        3..8 => Plan::default(),
        _ => Plan::Script((0..500).map(|_| mixed(random)).collect()),
    }
}

fn all(behaviour: Behaviour) -> Plan {
    Plan::Script(vec![Behaviour { times: Times::Forever, ..behaviour }])
}

/// Mostly some sound answers in a row; or one that is not.
fn mixed(random: &mut u64) -> Behaviour {
    let error = |error| Behaviour { error: Some(error), ..Behaviour::default() };
    let fault = |fault| Behaviour { fault: Some(fault), ..Behaviour::default() };
    match next(random) % PERIOD {
        0 => Behaviour { reset: Some(Duration::from_millis(50)), ..error(ErrorKind::RateLimit) },
        1 => error(ErrorKind::Overloaded),
        2 => error(ErrorKind::ServerError),
        3 => error(ErrorKind::ContextLength),
        4 => error(ErrorKind::TokenRateLimit),
        5 => Behaviour { status: Some(200), ..error(ErrorKind::Overloaded) },
        6 => fault(Fault::Reset),
        7 => fault(Fault::ResetAfterHeaders),
        8 => fault(Fault::Cut),
        9..13 => fault(Fault::MissingEnd),
        13 => fault(Fault::LeftOpen),
        14 => Behaviour { latency: Duration::from_millis(100), ..Behaviour::default() },
        15 => fault(Fault::Hang),
        16 => fault(Fault::Stall),
        17 => fault(Fault::Empty),
        18 => fault(Fault::Truncated),
        19 => fault(Fault::Malformed),
        20 => fault(Fault::BadEvent),
        21 => error(ErrorKind::Timeout),
        _ => Behaviour { times: Times::Count(200), ..Behaviour::default() },
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

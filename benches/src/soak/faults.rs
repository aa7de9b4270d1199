//! Providers that have every fault from which callers are to be kept, one after the other and all of them at once; the first one
//! much more of them than the second. One kind is missing: a quota that is used up, because then a provider would rightly not be
//! asked again.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_provider::{Behaviour, ErrorKind, Fault, Finish, Plan, Provider, Times};
use tokio::time::sleep;

/// So many kinds of behaviour that [`unsound`] knows.
const KINDS: u64 = 33;

/// How often a provider fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Poor,
    Fair,
}

/// Changes what the provider does, for ever.
pub(super) async fn go_on(provider: Provider, health: Health, seed: u64, every: Duration) {
    let mut random = seed;
    loop {
        // The only error is a port that can't be opened again; the next plan tries that too.
        let _ = provider.set_plan(plan(&mut random, health)).await;
        sleep(every).await;
    }
}

fn plan(random: &mut u64, health: Health) -> Plan {
    match (health, next(random) % 20) {
        (Health::Poor, 0) => Plan::Refused,
        (Health::Poor, 1) => all(Behaviour { status: Some(503), ..Behaviour::default() }),
        (Health::Poor, 2) => all(Behaviour { fault: Some(Fault::Reset), ..Behaviour::default() }),
        (_, 3..8) => Plan::default(),
        _ => {
            Plan::Script((0..1_000).flat_map(|_| [unsound(random, health), sound(random, health)]).collect())
        }
    }
}

fn all(behaviour: Behaviour) -> Plan {
    Plan::Script(vec![Behaviour { times: Times::Forever, ..behaviour }])
}

/// Some sound answers in a row: so many that the breaker opens for an outage, and not for what is mixed in.
fn sound(random: &mut u64, health: Health) -> Behaviour {
    let least = if health == Health::Poor { 4 } else { 30 };
    Behaviour { times: Times::Count(least + (next(random) % 16) as u32), ..Behaviour::default() }
}

fn unsound(random: &mut u64, health: Health) -> Behaviour {
    let ms = Duration::from_millis;
    let error = |error| Behaviour { error: Some(error), ..Behaviour::default() };
    let fault = |fault| Behaviour { fault: Some(fault), ..Behaviour::default() };
    let later = |after, behaviour| Behaviour { after: Some(after), ..behaviour };
    // While one is throttled nobody asks it: for long, that is rare.
    let is_rare = next(random).is_multiple_of(16) && health == Health::Poor;
    match next(random) % KINDS {
        0 => Behaviour { reset: Some(ms(30)), ..error(ErrorKind::RateLimit) },
        1 => error(ErrorKind::Overloaded),
        2 => error(ErrorKind::ServerError),
        3 => error(ErrorKind::ContextLength),
        4 => Behaviour { reset: Some(ms(20)), ..error(ErrorKind::TokenRateLimit) },
        5 => Behaviour { status: Some(200), ..error(ErrorKind::Overloaded) },
        6 => fault(Fault::Reset),
        7 => fault(Fault::ResetAfterHeaders),
        8 => fault(Fault::Cut),
        9..13 => fault(Fault::MissingEnd),
        13 => fault(Fault::LeftOpen),
        14 => Behaviour { latency: ms(100), ..Behaviour::default() },
        15 => fault(Fault::Hang),
        16 => fault(Fault::Stall),
        17 => fault(Fault::Empty),
        18 => fault(Fault::Truncated),
        19 => fault(Fault::Malformed),
        20 => fault(Fault::BadEvent),
        21 => error(ErrorKind::Timeout),
        // Longer than the policy honours; and as long as it does.
        22 if is_rare => Behaviour { reset: Some(ms(1_500)), ..error(ErrorKind::RateLimit) },
        23 if is_rare => Behaviour {
            headers: BTreeMap::from([("retry-after".to_owned(), "1".to_owned())]),
            ..error(ErrorKind::RateLimit)
        },
        // Late enough for a hedge, and early enough to win or to lose against it.
        24 => Behaviour { latency: ms(300), ..Behaviour::default() },
        25 => Behaviour { latency: ms(205), ..Behaviour::default() },
        26 => Behaviour { first_token: ms(400), ..Behaviour::default() },
        27 => Behaviour { latency: ms(250), ..error(ErrorKind::ServerError) },
        // Streams that take their time, and end of it.
        28 => Behaviour { between_tokens: ms(20), tokens: Some(30), ..Behaviour::default() },
        29 => later(6, Behaviour { between_tokens: ms(10), ..fault(Fault::Cut) }),
        30 => later(4, Behaviour { between_tokens: ms(10), ..fault(Fault::Stall) }),
        31 => later(3, Behaviour { status: Some(200), ..error(ErrorKind::Overloaded) }),
        // What the rules of a route refuse.
        32 => Behaviour { finish: Finish::Length, ..Behaviour::default() },
        _ => Behaviour::default(),
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

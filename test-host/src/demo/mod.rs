//! A world to look at: a real Envoy between a little traffic and two simulated providers, one of which misbehaves.

mod live;
mod traffic;
mod world;

pub use live::watch;
pub use traffic::send as send_traffic;
pub use world::{Ports, World};

use seawall_provider::{Behaviour, Plan, Times};

/// Attempts between two outages, and the rounds of both that a session can outlast.
const ROUNDS: usize = 500;

/// What the primary provider of the demo does, over and over: mostly answers, a 429 or a 503 every few requests, and now
/// and then an outage long enough to open its breaker.
#[must_use]
pub fn misbehaviour() -> Plan {
    let answers = |times| Behaviour { times: Times::Count(times), ..Behaviour::default() };
    let failures = |status, times| Behaviour { status: Some(status), ..answers(times) };
    let throttled =
        Behaviour { headers: [("retry-after".to_owned(), "1".to_owned())].into(), ..failures(429, 1) };
    let weather =
        [answers(2), failures(503, 1), answers(3), throttled, answers(2), failures(500, 2), answers(4)];
    // The good answers after it are more than the breaker needs to close.
    let outage = [failures(503, 14), answers(30)];
    let round: Vec<_> = weather.iter().cycle().take(weather.len() * 4).chain(&outage).cloned().collect();
    Plan::Script(round.iter().cycle().take(round.len() * ROUNDS).cloned().collect())
}

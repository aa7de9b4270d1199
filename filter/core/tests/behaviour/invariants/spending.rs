//! Requests of several tenants that use tokens, money and places at once, under the same faults as in [`schedule`](super::schedule).
//!
//! Each request is a conversation of its own, of which its refusal tells in the end to the micro-dollar what it has been charged.

use std::time::Duration;

use proptest::prelude::*;
use seawall_core::Timestamp;

use super::fates::{Fates, fates};
use super::schedule::Upset;
use crate::world::{Fate, World};

pub(super) const TENANTS: [&str; 3] = ["t0", "t1", "t2"];

/// In micro-dollars: of a token of the prompt, and of the answer.
pub(super) const PRICES: [(&str, u64, u64); 3] = [("a", 1, 100), ("b", 2, 70), ("c", 3, 150)];

/// Of a day: what a tenant may spend, in micro-dollars; and its output tokens, ten times which may be used at once.
pub(super) const SPEND: u64 = 50_000_000;
pub(super) const WORDS: u64 = 20_000;

/// Narrow limits. Output tokens in a second, and at once: of a tenant, at a target.
pub(super) const TENANT_RATE: (u64, u64) = (3_000, 3_000);
pub(super) const TARGET_RATE: (u64, u64) = (6_000, 6_000);
/// Requests at once: of all, of a tenant; and attempts at a target.
pub(super) const CALLS: usize = 6;
pub(super) const MINE: usize = 3;
pub(super) const THERE: usize = 4;
/// Most that wait in the line that there is.
pub(super) const QUEUE: usize = 4;

/// Which of the limits lets wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Nowhere,
    OfAll,
    /// Each tenant has its own.
    OfTenants,
    OfTokens,
}

#[derive(Debug)]
pub(super) struct Plan {
    modes: [&'static str; 2],
    invalid: &'static str,
    balances: bool,
    workers: u64,
    upstream_half: bool,
    seed: u64,
    fates: Fates,
    /// Limits that are met, and where one waits for them.
    pub(super) narrow: Option<Line>,
    arrivals: Vec<Arrival>,
}

#[derive(Clone, Debug)]
struct Arrival {
    /// Milliseconds after the one before.
    pause: u64,
    worker: usize,
    tenant: usize,
    model: &'static str,
    streams: bool,
    most: Option<u64>,
    leaves: Option<u64>,
    deadline: Option<u64>,
    upset: Option<Upset>,
}

/// A request that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) id: u32,
    pub(super) tenant: usize,
    /// Output tokens that it allows.
    pub(super) most: Option<u64>,
}

/// What has become of it all.
pub(super) struct Spree {
    pub(super) world: World,
    pub(super) sent: Vec<Sent>,
    /// When workers died.
    pub(super) traps: Vec<Timestamp>,
}

prop_compose! {
    fn arrival()(
        pause in prop_oneof![4 => 0u64..60, 1 => 0u64..1_000],
        (worker, tenant) in (0usize..4, 0usize..3),
        model in prop::sample::select(vec!["gpt-4.1", "o3"]),
        streams: bool,
        most in prop::option::weighted(0.8, prop::sample::select(vec![300, 600, 1_500])),
        leaves in prop::option::weighted(0.15, 0u64..1_500),
        deadline in prop::option::weighted(0.2, 0u64..4_000),
        upset in prop::option::weighted(0.06, prop::sample::select(vec![Upset::Reconfigured, Upset::Trapped])),
    ) -> Arrival {
        Arrival { pause, worker, tenant, model, streams, most, leaves, deadline, upset }
    }
}

prop_compose! {
    pub(super) fn plan(is_narrow: bool)(
        modes in prop::array::uniform2(prop::sample::select(vec!["live", "until_commit", "complete"])),
        invalid in prop::sample::select(vec!["pass", "reject", "retry 1, then fail_over", "retry 2, pass"]),
        (balances, upstream_half) in any::<(bool, bool)>(),
        workers in 2u64..5,
        seed: u64,
        fates in fates(1..60),
        line in prop::sample::select(vec![Line::Nowhere, Line::OfAll, Line::OfTenants, Line::OfTokens]),
        arrivals in prop::collection::vec(arrival(), 1..60),
    ) -> Plan {
        let narrow = is_narrow.then_some(line);
        Plan { modes, invalid, balances, workers, upstream_half, seed, fates, narrow, arrivals }
    }
}

/// What a provider says was used: what `max_tokens` allows at most.
fn meter(body: &str, id: u32, attempt: usize) -> (u64, u64) {
    let most: u64 = body.split_once("\"max_tokens\":").map_or(2_000, |(_, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    });
    let odd = u64::from(id) * 7_919 + attempt as u64 * 104_729;
    (8 + odd % 5, most.min(100 + odd % most.saturating_sub(99).max(1)))
}

impl Plan {
    fn targets() -> String {
        let one = |(name, input, output): (&str, u64, u64)| {
            let model = if name == "b" { "model \"other\"" } else { "" };
            format!(
                "target {name} {{ cluster \"{name}\"  provider openai  host \"{name}.test\"  {model}\n\
                 price ${input} in, ${output} out per 1M tokens }}\n"
            )
        };
        let free = "target p { cluster \"p\"  provider openai  host \"p.test\"  price $0 in, $1 out per 1M tokens }\n";
        ["seawall 1\ntenant by header \"x-tenant\" trusted\n", free]
            .into_iter()
            .map(str::to_owned)
            .chain(PRICES.map(one))
            .collect()
    }

    fn limits(narrow: Option<Line>) -> String {
        let waits = |line: Line| {
            if narrow == Some(line) { format!("wait up to 400ms  queue {QUEUE}") } else { String::new() }
        };
        let of = |amount: usize| if narrow.is_some() { amount } else { 1_000 };
        let rate = |(rate, burst): (u64, u64)| {
            let rate = if narrow.is_some() { rate } else { 1_000_000 };
            format!("{rate} output tokens/s  burst {}%", burst * 100 / rate.min(burst))
        };
        let dollars = SPEND / 1_000_000;
        let (calls, mine, there) = (of(CALLS), of(MINE), of(THERE));
        format!(
            "limit calls global     {{ {calls} concurrent  {} }}\n\
             limit mine  per tenant {{ {mine} concurrent  {} }}\n\
             limit there per target {{ {there} concurrent }}\n\
             limit pace  per tenant {{ {}  {} }}\n\
             limit each  per target {{ {} }}\n\
             limit spend per tenant {{ ${dollars}/day }}\n\
             limit words per tenant {{ {WORDS} output tokens/day  burst 1000% }}\n",
            waits(Line::OfAll),
            waits(Line::OfTenants),
            rate(TENANT_RATE),
            waits(Line::OfTokens),
            rate(TARGET_RATE),
        )
    }

    fn policy(&self, number: usize) -> String {
        let (mode, invalid) = (self.modes[number], self.invalid);
        let order = if self.balances { "  least_loaded" } else { "" };
        let (targets, limits) = (Self::targets(), Self::limits(self.narrow));
        format!(
            r#"{targets}{limits}
            retry quick {{ attempts 4  backoff full_jitter 50ms .. 1s  honor retry_after up to 2s }}
            route chat {{
                match path "/v1/chat/completions"  try a, b{order}  then c  retry quick
                timeout 1s, first_token 950ms, idle 300ms  deadline header "x-budget-ms" default 6s
                hedge after 300ms at most 20%  stream {mode}
                limit calls, mine, there, pace, each, spend, words
                contract {{ conversation <= $1000 by header "x-talk" }}
                output {{ finish stop  invalid {invalid} }}
            }}
            "#
        )
    }

    /// The same limits with nothing that keeps one from asking each by itself.
    fn questions() -> String {
        let (targets, limits) = (Self::targets(), Self::limits(Some(Line::Nowhere)));
        let alone = |name: &str, target: &str, limit: &str| {
            format!(
                "route {name} {{ match path \"/{name}\"  try {target}  limit {limit}  timeout 1s  retry once }}\n"
            )
        };
        let routes = [
            ("calls", "p", "calls"),
            ("mine", "p", "mine"),
            ("spend", "p", "spend"),
            ("words", "p", "words"),
        ];
        let at = PRICES.map(|(target, ..)| alone(&["at_", target].concat(), target, "there"));
        let routes: String =
            routes.map(|(name, target, limit)| alone(name, target, limit)).concat() + &at.concat();
        format!(
            "{targets}{limits}retry once {{ attempts 1 }}\n{routes}\
             route chat {{ match path \"/v1/chat/completions\"  try p  contract {{ conversation <= $1000 by header \"x-talk\" }} }}\n"
        )
    }

    /// Lets all of it happen, until nothing is under way any more and what the dead had is forgotten.
    pub(super) fn run(&self) -> Spree {
        let policies = [0, 1].map(|number| self.policy(number));
        let policies = policies.each_ref().map(String::as_str);
        let mut world = World::with_policies(&policies, self.workers, self.seed, self.fates.begin());
        world.upstream_half = self.upstream_half;
        world.meter = Some(meter);
        let (mut sent, mut traps) = (Vec::new(), Vec::new());
        for arrival in &self.arrivals {
            world.run_for(Duration::from_millis(arrival.pause));
            match arrival.upset {
                Some(Upset::Reconfigured) => world.reconfigure(arrival.worker),
                Some(Upset::Trapped) => {
                    traps.push(world.now);
                    world.trap(arrival.worker);
                }
                None => {}
            }
            sent.push(arrival.send(&mut world, sent.len(), self.narrow.is_some()));
        }
        world.run_for(Duration::from_secs(60));
        Spree { world, sent, traps }
    }

    /// From now on limits can be asked one by one.
    pub(super) fn ask(&self, spree: &mut Spree) {
        self.fates.always(Fate::Status(400));
        spree.world.replace(&Self::questions());
    }

    /// Nobody answers what is sent from now on.
    pub(super) fn hang(&self) {
        self.fates.always(Fate::Hang);
    }
}

impl Arrival {
    fn send(&self, world: &mut World, number: usize, is_bounded: bool) -> Sent {
        let most = self.most.or(is_bounded.then_some(600));
        let talk = number.to_string();
        let millis = self.deadline.map(|millis| millis.to_string());
        let mut headers = vec![("x-tenant", TENANTS[self.tenant]), ("x-talk", talk.as_str())];
        headers.extend(millis.as_deref().map(|millis| ("x-budget-ms", millis)));
        let id = world.send_to(
            self.worker,
            "/v1/chat/completions",
            &headers,
            body(self.model, self.streams, most),
        );
        if let Some(after) = self.leaves {
            world.leave_after(id, Duration::from_millis(after));
        }
        Sent { id, tenant: self.tenant, most }
    }
}

pub(super) fn body(model: &str, streams: bool, most: Option<u64>) -> Vec<u8> {
    let most = most.map(|most| format!(r#","max_tokens":{most}"#)).unwrap_or_default();
    let stream = if streams { r#","stream":true"# } else { "" };
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Tell me"}}]{stream}{most}}}"#)
        .into_bytes()
}

//! What happens: requests, faults of providers, clients that leave, workers that die or get another policy.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;

use super::fates::{Fates, fates};
use crate::world::{Fate, World};

pub(super) const ATTEMPTS: [usize; 2] = [4, 3];
pub(super) const DEFAULT_MS: u64 = 6_000;
/// Seconds.
pub(super) const HONORED: u64 = 3;
/// In hundredths of the requests, and retries in a second.
pub(super) const BUDGET: (u64, u64) = (10, 1);
/// In hundredths of the requests.
pub(super) const HEDGES: u64 = 10;
/// Of narrow limits: attempts in a second at one target, and at once; requests at once.
pub(super) const TARGET_RATE: (u64, u64) = (20, 5);
pub(super) const CALLS: usize = 6;
/// The target with the largest context.
pub(super) const LARGEST: &str = "c";
/// Probes of the stages of a recovery.
pub(super) const RECOVER: [usize; 2] = [1, 3];

/// What the two policies of a schedule say, in so far as laws depend on it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) modes: [&'static str; 2],
    skips: bool,
    /// In which order the first two targets are asked.
    order: &'static str,
    /// What opens a breaker, besides errors.
    trip: &'static str,
    /// A breaker stands before its targets.
    is_guarded: bool,
    /// A spent budget ends the request.
    pub(super) fails_fast: bool,
    pub(super) workers: u64,
    /// What follows an answer that is cut off.
    invalid: &'static str,
    /// Limits are narrow, so that many requests meet them.
    pub(super) is_narrow: bool,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) terms: Terms,
    upstream_half: bool,
    refuses_redirects: bool,
    seed: u64,
    fates: Fates,
    arrivals: Vec<Arrival>,
}

/// One request.
#[derive(Clone, Debug)]
struct Arrival {
    /// Milliseconds after the one before.
    pause: u64,
    worker: usize,
    body: &'static str,
    /// Milliseconds until its body comes, and until its client leaves, if it does.
    body_after: u64,
    leaves: Option<u64>,
    deadline: Option<u64>,
    is_callers_retry: bool,
    /// What happens to its worker before it arrives.
    upset: Option<Upset>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Upset {
    Reconfigured,
    Trapped,
}

prop_compose! {
    fn arrival()(
        pause in prop_oneof![4 => 0u64..40, 1 => 0u64..1_000],
        worker in 0usize..4,
        body in prop::sample::select(vec![
            r#"{"model":"gpt-4.1","messages":[]}"#,
            r#"{"model":"gpt-4.1","stream":true}"#,
            r#"{"model":"o3"}"#,
            r#"{"model":"o3","stream":true}"#,
            r#"{"stream":true}"#,
            "{",
        ]),
        body_after in prop_oneof![9 => Just(0u64), 1 => 1u64..1_500],
        leaves in prop::option::weighted(0.1, 0u64..3_000),
        deadline in prop::option::weighted(0.3, 0u64..4_000),
        is_callers_retry in prop::bool::weighted(0.1),
        upset in prop::option::weighted(0.05, prop::sample::select(vec![Upset::Reconfigured, Upset::Trapped])),
    ) -> Arrival {
        Arrival { pause, worker, body, body_after, leaves, deadline, is_callers_retry, upset }
    }
}

prop_compose! {
    pub(super) fn plan(requests: Range<usize>)(
        modes in prop::array::uniform2(prop::sample::select(vec!["live", "until_commit", "complete"])),
        (skips, fails_fast) in any::<(bool, bool)>(),
        order in prop_oneof![
            3 => Just(""),
            3 => Just("least_loaded"),
            1 => prop::sample::select(vec!["weighted 70, 30", "cheapest", "fastest"]),
        ],
        trip in prop_oneof![
            3 => Just(""),
            1 => prop::sample::select(vec![
                "trip 4 errors in a row", "trip latency p95 > 3x baseline", "trip quality < 60% of at least 8",
            ]),
        ],
        is_guarded in prop::bool::weighted(0.7),
        invalid in prop::sample::select(vec!["pass", "reject", "retry 1, then fail_over", "fail_over, pass", "retry 2, pass"]),
        workers in 2u64..5,
        upstream_half: bool,
        refuses_redirects in prop::bool::weighted(0.1),
        seed: u64,
        fates in fates(1..80),
        arrivals in prop::collection::vec(arrival(), requests),
    ) -> Plan {
        let terms = Terms { modes, skips, order, trip, is_guarded, fails_fast, workers, invalid, is_narrow: false };
        Plan { terms, upstream_half, refuses_redirects, seed, fates, arrivals }
    }
}

impl Terms {
    fn policy(&self, number: usize) -> String {
        let (attempts, mode) = (ATTEMPTS[number], self.modes[number]);
        let malformed = if self.skips { "malformed skip" } else { "malformed end" };
        let breaker = if self.is_guarded { "  breaker sensitive" } else { "" };
        let Self { invalid, order, trip, .. } = self;
        let spent = if self.fails_fast { "else fail" } else { "" };
        let ((share, floor), [first, second]) = (BUDGET, RECOVER);
        // The wide ones are for all of it: what a request doesn't give back leaves a timer behind.
        let ((rate, burst), calls) = (TARGET_RATE, CALLS);
        let (calls, each) = if self.is_narrow {
            (
                format!("{calls} concurrent  wait up to 500ms"),
                format!("{rate} requests/s  burst {}%", burst * 100 / rate),
            )
        } else {
            ("1M concurrent".to_owned(), "1M concurrent".to_owned())
        };
        format!(
            r#"
            seawall 1
            target a {{ cluster "a"  provider openai  host "a.test"  context 100k tokens  price $1 in, $4 out per 1M tokens }}
            target b {{
                cluster "b"  provider openai  host "b.test"  model "other"  context 100k tokens
                price $2 in, $2 out per 1M tokens
            }}
            target {LARGEST} {{ cluster "c"  provider openai  host "c.test"  context 1M tokens }}
            retry quick {{
                attempts {attempts}  backoff full_jitter 50ms .. 2s  honor retry_after up to {HONORED}s
                budget {share}% of requests, at least {floor}/s {spent}
            }}
            limit calls  global     {{ {calls} }}
            limit tokens per tenant {{ 1M tokens/s  burst 1000% }}
            limit each   per target {{ {each} }}
            limit fleet  global     {{ 1M requests/s  via rate_limit_service "counts" }}
            limit places per target {{ 1M requests/s  via rate_limit_service "counts" }}
            breaker sensitive {{ window 10s  trip errors > 50% of at least 8  {trip}  open 5s  recover {first}, {second} }}
            route chat {{
                match path "/v1/chat/completions"  try a, b {order}  then {LARGEST}  retry quick{breaker}
                timeout 1s, first_token 950ms, idle 300ms  deadline header "x-budget-ms" default {DEFAULT_MS}ms
                hedge after 300ms at most {HEDGES}%  stream {mode} {malformed}  limit calls, tokens, each, fleet, places
                output {{ finish stop  invalid {invalid} }}
            }}
            route a {{ match path "/only/a"  try a  retry quick  breaker sensitive  timeout 1s }}
            route b {{ match path "/only/b"  try b  retry quick  breaker sensitive  timeout 1s }}
            route c {{ match path "/only/c"  try {LARGEST}  retry quick  breaker sensitive  timeout 1s }}
            "#
        )
    }
}

impl Terms {
    /// The first two targets share what comes.
    pub(super) fn balances(&self) -> bool {
        self.order == "least_loaded"
    }
}

impl Plan {
    /// The same with limits that are met.
    pub(super) fn narrow(mut self) -> Self {
        self.terms.is_narrow = true;
        self
    }

    /// Lets all of it happen, until nothing is under way any more.
    pub(super) fn run(&self) -> World {
        let policies = [0, 1].map(|number| self.terms.policy(number));
        let policies = policies.each_ref().map(String::as_str);
        let mut world = World::with_policies(&policies, self.terms.workers, self.seed, self.fates.begin());
        (world.upstream_half, world.refuses_redirects) = (self.upstream_half, self.refuses_redirects);
        let seed = self.seed;
        world.service = Box::new(move |n| match (n ^ seed) % 40 {
            0 => None,
            1 => Some((Duration::from_millis(1), Err(14))),
            2 => Some((Duration::from_millis(1), Ok(vec![0xff]))),
            3 => Some((Duration::from_millis(150), Ok(vec![8, 1]))),
            millis => Some((Duration::from_millis(millis), Ok(vec![8, 1]))),
        });
        for arrival in &self.arrivals {
            world.run_for(Duration::from_millis(arrival.pause));
            match arrival.upset {
                Some(Upset::Reconfigured) => world.reconfigure(arrival.worker),
                Some(Upset::Trapped) => world.trap(arrival.worker),
                None => {}
            }
            arrival.send(&mut world);
        }
        world.settle();
        world
    }

    /// The providers are well again; a few more requests are sent, so that every breaker gets its probes.
    pub(super) fn recover(&self, world: &mut World) {
        self.fates.always(Fate::Status(200));
        for _ in 0..6 {
            for path in ["/only/a", "/only/b", "/only/c"] {
                for body in [r#"{"model":"gpt-4.1"}"#, r#"{"model":"o3"}"#, "{}"] {
                    world.send_to(0, path, &[], body.into());
                    world.run_for(Duration::from_secs(3));
                }
            }
        }
        world.settle();
    }
}

impl Plan {
    /// Sends requests that nobody answers, all at once, and says where they went first.
    pub(super) fn load(&self, world: &mut World, requests: usize) -> Vec<String> {
        self.fates.always(Fate::Hang);
        let body = br#"{"model":"gpt-4.1"}"#;
        world.service = Box::new(|_| Some((Duration::ZERO, Ok(vec![8, 1]))));
        let mut send = || {
            let id = world.send_to(0, "/v1/chat/completions", &[], body.to_vec());
            // Until its rate limit services have answered.
            world.run_for(Duration::ZERO);
            id
        };
        let sent: Vec<_> = (0..requests).map(|_| send()).collect();
        let targets = sent.iter().map(|id| world.tried(*id)).collect();
        world.settle();
        targets
    }
}

impl Plan {
    /// One target fails for good: requests come until its breaker has had time to open.
    pub(super) fn fail(&self, world: &mut World) {
        self.fates.always(Fate::Status(500));
        for _ in 0..10 {
            world.send_to(0, "/only/a", &[], br#"{"model":"gpt-4.1"}"#.to_vec());
            world.run_for(Duration::from_millis(100));
        }
    }
}

impl Arrival {
    fn send(&self, world: &mut World) {
        let millis = self.deadline.map(|millis| millis.to_string());
        let mut headers = vec![("x-stainless-retry-count", if self.is_callers_retry { "1" } else { "0" })];
        headers.extend(millis.as_deref().map(|millis| ("x-budget-ms", millis)));
        let after = Duration::from_millis(self.body_after);
        let id = world.send_slowly(self.worker, &headers, self.body.into(), after);
        let request = world.requests.get_mut(&id).unwrap();
        request.by = request.arrived.after(Duration::from_millis(self.deadline.unwrap_or(DEFAULT_MS)));
        request.is_callers_retry = self.is_callers_retry;
        if let Some(after) = self.leaves {
            world.leave_after(id, Duration::from_millis(after));
        }
    }
}

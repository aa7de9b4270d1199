//! A policy made ready to run: everything that can be worked out once is, so that a request costs little.

mod asks;
mod routes;
mod target;

use std::fmt;
use std::time::Duration;

use seawall_policy::policy::{
    Amount, Contract, EnvVar, LimitId, Order, Policy, Price, Provider, Route, TargetId, Trip,
};

use crate::breaker::{Guards, PostPlan};
use crate::contract::latency;
use crate::effect::Text;
use crate::health::Readers;
use crate::limits::{self, Book};
use crate::output;
use crate::plan::{Place, Plan};
use crate::retry::Bound;
use crate::sampling::Plans;
use crate::stats::{Keys, MOST_SLOT};

pub(crate) use self::asks::Asks;
use self::routes::{budget, hedges, latencies, plan, rules};
pub(crate) use self::target::Target;

/// A policy with its secrets.
pub struct Config {
    policy: Policy,
    pub(crate) hash: Text,
    /// Those of the policy by their ids, then those that the overrides of plans make of them.
    targets: Vec<Target>,
    /// Where breakers stand.
    posts: Vec<PostPlan>,
    /// For each route, the places where an attempt can be made.
    plans: Vec<Plan>,
    /// Who may read the health page, if there is one.
    pub(crate) health: Option<Readers>,
    pub(crate) book: Book,
    /// The retry budget of each route.
    budgets: Vec<Option<Bound>>,
    /// What bounds the hedges of each route.
    hedges: Vec<Option<Bound>>,
    /// What the contract of each route says of latency.
    latencies: Vec<Option<latency::Rule>>,
    /// What the output of each route asks of answers.
    outputs: Vec<Option<output::Rules>>,
    /// What is looked at after answers were delivered.
    pub(crate) samples: Plans,
    /// What its routes ask for that takes some work.
    pub(crate) asks: Asks,
}

/// Why a policy that checks can't be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Variables that have no value a header can hold.
    Missing(Vec<EnvVar>),
    /// The output of a route.
    Output { route: String, why: String },
}

impl Config {
    /// Resolves a policy; `env` reads the host's environment.
    ///
    /// # Errors
    /// Every variable the policy names that has no value a header can hold; or what of a route's output can't be honoured.
    pub fn new(policy: Policy, env: impl Fn(&str) -> Option<String>) -> Result<Self, Unusable> {
        let mut missing = Vec::new();
        let mut secret = |variable: &EnvVar| {
            let value = env(&variable.name).filter(|value| is_header_value(value));
            if value.is_none() {
                missing.push(variable.clone());
            }
            value.unwrap_or_default()
        };
        let mut targets = policy.targets.iter().map(|target| Target::new(target, &mut secret)).collect();
        let health = policy.health.as_ref().map(|health| Readers::new(health, &mut secret));
        if !missing.is_empty() {
            return Err(Unusable::Missing(missing));
        }
        let mut posts = Vec::new();
        let plans =
            policy.routes.iter().map(|route| plan(&policy, route, &mut posts, &mut targets)).collect();
        let budgets = policy.routes.iter().map(|route| budget(&policy, route)).collect();
        let hedges = policy.routes.iter().map(|route| hedges(&policy, route)).collect();
        let (hash, book, asks) = (policy.hash.as_str().into(), Book::new(&policy), Asks::of(&policy));
        let (latencies, samples) = (latencies(&policy), Plans::new(&policy));
        let outputs = policy.routes.iter().map(rules).collect::<Result<_, _>>()?;
        let mut config = Self {
            hash,
            targets,
            posts,
            plans,
            health,
            book,
            budgets,
            hedges,
            latencies,
            outputs,
            samples,
            asks,
            policy,
        };
        let mut routes = 0..config.policy.routes.len();
        let minds_caller = config.asks.caller || routes.clone().any(|route| config.has_limits(route));
        config.asks.host = minds_caller && limits::asks_host(&config.policy);
        config.asks.counting = routes.any(|route| config.counts_requests(route));
        Ok(config)
    }

    pub(crate) fn route(&self, index: usize) -> Option<&Route> {
        self.policy.routes.get(index)
    }

    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(id.0)
    }

    pub(crate) fn plan(&self, route: usize) -> Option<&Plan> {
        self.plans.get(route)
    }

    pub(crate) fn budget(&self, route: usize) -> Option<&Bound> {
        self.budgets.get(route)?.as_ref()
    }

    pub(crate) fn hedges(&self, route: usize) -> Option<&Bound> {
        self.hedges.get(route)?.as_ref()
    }

    /// How many places a route's plan has.
    pub(crate) fn place_count(&self, route: usize) -> usize {
        self.plans.get(route).map_or(0, Plan::count)
    }

    pub(crate) fn place(&self, route: usize, position: usize) -> Option<&Place> {
        self.plans.get(route)?.place(position)
    }

    pub(crate) fn target_at(&self, route: usize, position: usize) -> Option<TargetId> {
        Some(self.place(route, position)?.target)
    }

    /// The target at one place, as the policy has it. Where cells of targets lie, its name and cluster tell it from all others.
    pub(crate) fn target_named(
        &self,
        route: usize,
        position: usize,
    ) -> Option<(TargetId, &seawall_policy::policy::Target)> {
        let id = self.target_at(route, position)?;
        Some((id, self.policy.targets.get(id.0)?))
    }

    /// What tokens cost at one place of a route's plan.
    pub(crate) fn price_at(&self, route: usize, position: usize) -> Option<Price> {
        self.place(route, position)?.price
    }

    /// Most tokens that an answer may have at one place of a route's plan, by the policy.
    pub(crate) fn most_tokens_at(&self, route: usize, position: usize) -> Option<u64> {
        self.place(route, position)?.max_tokens
    }

    /// What a route asks of its answers.
    pub(crate) fn output(&self, route: usize) -> Option<&output::Rules> {
        // A build without what rules need sees that none follows from here, and leaves it out.
        self.outputs.get(route)?.as_ref().filter(|_| output::IS_BUILT_IN)
    }

    /// What the contract of a route says of latency.
    pub(crate) fn latency(&self, route: usize) -> Option<&latency::Rule> {
        self.latencies.get(route)?.as_ref()
    }

    /// Whether anything on a route depends on how many tokens a request has: a limit or a quota of them or of money, its contract, a context
    /// window, or what places cost.
    pub(crate) fn counts_tokens(&self, route: usize) -> bool {
        let counts = |amount: &Amount| matches!(amount, Amount::Tokens { .. } | Amount::Money { .. });
        let limit = |id: &LimitId| self.policy.limits.get(id.0).is_some_and(|limit| counts(&limit.amount));
        self.plan(route).is_some_and(Plan::depends_on_tokens)
            || self.route(route).is_some_and(|route| {
                let contract = &route.contract;
                let holds = contract.input.is_some() || contract.cost_micro_dollars.is_some();
                holds || route.limits.iter().any(limit)
            })
            || self.quotas(route).any(counts)
            || self
                .route(route)
                .and_then(|route| route.contract.conversation.as_ref()?.micro_dollars)
                .is_some()
    }

    /// What the providers of a route's targets grant, where the policy says that.
    fn quotas(&self, route: usize) -> impl Iterator<Item = &Amount> {
        let places = self.plan(route).map(Plan::places).unwrap_or_default();
        places
            .iter()
            .filter_map(|place| self.policy.targets.get(place.target.0))
            .flat_map(|target| &target.quota)
    }

    /// Whether a limit holds in a route, or its targets have quotas.
    pub(crate) fn counts_requests(&self, route: usize) -> bool {
        self.has_limits(route) || self.quotas(route).next().is_some()
    }

    /// Whether anything on a route depends on what requests bring, or on what they ask for.
    pub(crate) fn minds_prompts(&self, route: usize) -> bool {
        let contract = self.route(route).map(|route| &route.contract);
        let holds = |contract: &Contract| {
            contract.output.is_some() || contract.turns.is_some() || contract.loops.is_some()
        };
        contract.is_some_and(holds) || self.counts_tokens(route)
    }

    /// Whether the policy says what a target's provider grants.
    pub(crate) fn has_quota(&self, target: TargetId) -> bool {
        self.policy.targets.get(target.0).is_some_and(|target| !target.quota.is_empty())
    }

    fn has_limits(&self, route: usize) -> bool {
        let limits = |route: &Route| !route.limits.is_empty() || route.contract.conversation.is_some();
        self.route(route).is_some_and(limits)
    }

    /// Whether anything on a route depends on what its answers used: on their tokens, what they cost, or how long each token took.
    pub(crate) fn wants_usage(&self, route: usize) -> bool {
        let breaker = self.route(route).and_then(|route| self.policy.breakers.get(route.breaker?.0));
        let trips = breaker.map(|breaker| breaker.trips.as_slice()).unwrap_or_default();
        self.counts_tokens(route)
            || trips.iter().any(|trip| matches!(trip, Trip::Cost { .. } | Trip::PerToken { .. }))
    }

    /// The dialect of the target at one place of a route's plan.
    pub(crate) fn provider(&self, route: usize, position: usize) -> Provider {
        let target = self.target_at(route, position).and_then(|id| self.policy.targets.get(id.0));
        target.map_or(Provider::OpenAi, |target| target.provider)
    }

    /// The target at one place of a route's plan, and how long an attempt at it may take.
    pub(crate) fn attempt(&self, route: usize, position: usize) -> Option<(&Target, Duration)> {
        let prepared = self.place(route, position)?.prepared;
        Some((self.targets.get(prepared)?, self.route(route)?.timeout.total))
    }

    /// The target at a place, with what the stage changes.
    pub(crate) fn prepared(&self, place: &Place) -> Option<&Target> {
        self.targets.get(place.prepared)
    }

    /// The post of a breaker at one place of a route's plan.
    pub(crate) fn post_at(&self, route: usize, position: usize) -> Option<usize> {
        self.place(route, position)?.post
    }

    /// The guards of one worker, who knows nothing yet.
    pub(crate) fn guards(&self) -> Guards {
        Guards::new(self.posts.iter().cloned())
    }

    /// Where the statistics of each target lie, and behind them those of routes whose contract says something of latency.
    pub(crate) fn stats_keys(&self) -> impl Iterator<Item = Keys> {
        let stages = || self.policy.routes.iter().flat_map(|route| &route.plan);
        let routes = self.latencies.iter().flatten().map(|rule| Keys {
            cells: [&*rule.key, "/stats"].concat().into(),
            models: [&*rule.key, "/models"].concat().into(),
            named: Vec::new(),
            slot: MOST_SLOT,
        });
        let targets = self.policy.targets.iter().enumerate().map(move |(number, target)| {
            let here = stages().filter(move |stage| stage.targets.contains(&TargetId(number)));
            let models = here.filter_map(|stage| stage.overrides.model.as_ref()).chain(&target.model);
            // With the cluster: two filters in one proxy may give different targets the same name.
            let key =
                |what: &str| ["seawall/", what, "/", &target.name, "/", &target.cluster].concat().into();
            Keys {
                cells: key("stats"),
                models: key("models"),
                named: models.map(|model| model.as_str().into()).collect(),
                slot: self.slot(TargetId(number)),
            }
        });
        targets.chain(routes)
    }

    /// Half of the shortest window over which a breaker compares this target's answers with what is usual, in seconds, 30 at
    /// most: two such slots are the window.
    fn slot(&self, target: TargetId) -> u32 {
        let here = self.posts.iter().filter(|post| post.target == target);
        let shortest = here.filter_map(|post| post.rules.drift_window()).min();
        shortest.map_or(MOST_SLOT, |window| (window.as_secs() / 2).clamp(1, MOST_SLOT.into()) as u32)
    }

    /// Whether what other workers have under way decides about anything.
    pub(crate) fn compares_load(&self) -> bool {
        let mut stages = self.policy.routes.iter().flat_map(|route| &route.plan);
        stages.any(|stage| matches!(stage.order, Order::Fastest | Order::LeastLoaded))
    }

    /// The policy as it was checked: names and version, no secrets.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// Whether this may stand in a header (RFC 9110, 5.5): not empty, visible ASCII and spaces inside.
pub(crate) fn is_header_value(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Nothing but the version: the rest holds secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("hash", &self.hash).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_wanted_where_tokens_or_money_are_counted() {
        let wants = |top: &str, route: &str| {
            let target = "target a { cluster \"a\"  provider openai  price $1 in, $2 out per 1M tokens }";
            let text = format!("seawall 1\n{target}\n{top}\nroute r {{ match path \"/\"  try a  {route} }}");
            let checked = seawall_policy::check(&text);
            let findings = seawall_policy::render("test", &text, &checked.diagnostics);
            Config::new(checked.policy.expect(&findings), |_| None).unwrap().wants_usage(0)
        };
        let table = [
            ("", "", false),
            ("limit l global { 5 requests/s }", "limit l", false),
            ("limit l global { 5 concurrent }", "limit l", false),
            ("limit l global { 5k tokens/min }", "limit l", true),
            ("limit l global { 5k output tokens/min }", "limit l", true),
            ("limit l per target { $5/day }", "limit l", true),
            ("breaker b { trip 5 errors in a row }", "breaker b", false),
            ("breaker b { trip cost > $1 per request }", "breaker b", true),
            ("breaker b { trip per_token p90 > 2x baseline }", "breaker b", true),
            ("breaker b { trip first_token p90 > 2x baseline }", "breaker b", false),
        ];
        for (top, route, expected) in table {
            assert_eq!(wants(top, route), expected, "{top}");
        }
    }
}

//! A policy made ready to run: everything that can be worked out once is, so that a request costs little.

use std::fmt;
use std::time::Duration;

use seawall_policy::condition::{NumberName, Slot, TextName};
use seawall_policy::policy::{
    Amount, Auth, EnvVar, InputAction, LimitId, Order, Output, Overrides, Policy, Price, Provider, Route,
    TargetId, Trip,
};

use crate::body::Change;
use crate::breaker::{Guards, PostPlan, Rules};
use crate::contract::latency;
use crate::effect::{HeaderList, Text};
use crate::health::Readers;
use crate::limits::{self, Book};
use crate::model_path;
use crate::output;
use crate::plan::{Place, Plan};
use crate::request::without_keys;
use crate::retry::{self, Bound};
use crate::sampling::{self, Plans};
use crate::stats::{Keys, MOST_SLOT};

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

/// The rules for answers of a route.
fn rules(route: &Route) -> Result<Option<output::Rules>, Unusable> {
    if let Some(file) = route.output.as_ref().and_then(sampling::unbundled) {
        let why = ["the prompt is in the file `", file, "`: put it in with `seawall bundle`"].concat();
        return Err(Unusable::Output { route: route.name.clone(), why });
    }
    let rules = route.output.as_ref().filter(|output| has_rules(output)).map(output::Rules::new).transpose();
    rules.map_err(|why| Unusable::Output { route: route.name.clone(), why })
}

/// Whether answers are held to anything. One that only has samples looked at leaves them alone.
fn has_rules(output: &Output) -> bool {
    let plain = Output { judge: None, drift: None, audit: None, invalid: Vec::new(), ..output.clone() };
    plain != Output::default()
}

/// What a policy asks for beyond what is read anyway: found out once, as it takes a walk over all routes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asks {
    /// Conditions: who calls.
    pub(crate) caller: bool,
    /// Conditions: how many tokens the prompt has.
    pub(crate) tokens: bool,
    /// Limits or conditions: who calls, where only the host knows.
    pub(crate) host: bool,
    /// Limits or quotas: what is used.
    pub(crate) counting: bool,
}

impl Asks {
    fn of(policy: &Policy) -> Self {
        let asks =
            |slot| policy.routes.iter().filter_map(|route| route.when.as_ref()).any(|when| when.asks(slot));
        Self {
            caller: asks(Slot::Text(TextName::Tenant)) || asks(Slot::Text(TextName::Tier)),
            tokens: asks(Slot::Number(NumberName::InputTokens)),
            ..Self::default()
        }
    }
}

/// What an attempt at one target needs.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: Text,
    pub(crate) cluster: Text,
    /// Headers that make a request one for this target.
    pub(crate) set: HeaderList,
    /// Whether one of them is a credential.
    pub(crate) has_credentials: bool,
    /// The model that it asks for in place of the caller's, if a header can name it, and as it stands in a path.
    pub(crate) model: Option<Text>,
    model_in_path: Option<String>,
    /// What it has changed in the body.
    pub(crate) change: Change,
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

impl Target {
    fn new(target: &seawall_policy::policy::Target, secret: &mut impl FnMut(&EnvVar) -> String) -> Self {
        let mut set = HeaderList::new();
        if let Some(host) = &target.host {
            set.push((Text::Word(":authority"), host.as_str().into()));
        }
        if let Some(path) = &target.path {
            set.push((Text::Word(":path"), path.as_str().into()));
        }
        match &target.auth {
            Some(Auth::Bearer(variable)) => {
                set.push((Text::Word("authorization"), format!("Bearer {}", secret(variable)).into()));
            }
            Some(Auth::Header { name, value }) => set.push((name.as_str().into(), secret(value).into())),
            None => {}
        }
        let model = target.model.as_deref().and_then(quoted);
        let change = Change { provider: target.provider, model, max_tokens: None, temperature: None };
        Self {
            name: target.name.as_str().into(),
            cluster: target.cluster.as_str().into(),
            set,
            has_credentials: target.auth.is_some(),
            model: target.model.as_deref().and_then(named),
            model_in_path: target.model.as_deref().map(model_path::escaped),
            change,
        }
    }

    /// The path of its requests, if that is another than the caller's.
    pub(crate) fn path(&self, callers: &str) -> Option<Text> {
        let own = self.set.iter().find(|(name, _)| **name == *":path").map(|(_, path)| path);
        let is_hidden = self.has_credentials && own.is_none();
        let stripped = if is_hidden { without_keys(callers) } else { None };
        let path = own.map_or(stripped.as_deref().unwrap_or(callers), |path| path);
        let model = self.model_in_path.as_ref();
        let changed = model.and_then(|model| model_path::with_model(self.change.provider, path, model));
        changed.or(stripped).map(Text::from).or_else(|| own.cloned())
    }

    /// The same target for a stage that changes its requests, and a contract that bounds their answers.
    fn with(&self, overrides: &Overrides, output: Option<u64>) -> Self {
        let mut target = self.clone();
        let path = overrides.path.iter().map(|path| (":path", path));
        let headers = overrides.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in path.chain(headers) {
            target.set.retain(|(set, _)| **set != *name);
            target.set.push((name.into(), value.as_str().into()));
        }
        let Change { model, max_tokens, temperature, .. } = &mut target.change;
        if let Some(other) = &overrides.model {
            *model = quoted(other);
            target.model = named(other);
            target.model_in_path = Some(model_path::escaped(other));
        }
        *max_tokens = least(overrides.max_tokens, output);
        *temperature = overrides.temperature.map(decimal);
        target
    }
}

/// Most tokens of an answer, by a stage and by the contract.
fn least(stage: Option<u32>, contract: Option<u64>) -> Option<u64> {
    [stage.map(u64::from), contract].into_iter().flatten().min()
}

/// What contracts say of latency, by the numbers of routes.
fn latencies(policy: &Policy) -> Vec<Option<latency::Rule>> {
    let mut subject = policy.targets.len();
    let rule = |route: &Route| {
        let (percentile, most) = route.contract.latency?;
        let first = policy.targets.get(route.targets().next()?.0)?;
        // With the cluster: two filters in one proxy may give different routes the same name.
        let key = ["seawall/routes/", &route.name, "/", &first.cluster].concat();
        subject += 1;
        Some(latency::Rule { subject: subject - 1, percentile, most, key })
    };
    policy.routes.iter().map(rule).collect()
}

fn named(model: &str) -> Option<Text> {
    is_header_value(model).then(|| model.into())
}

fn budget(policy: &Policy, route: &Route) -> Option<Bound> {
    let first = policy.targets.get(route.targets().next()?.0)?;
    Some(retry::budget(route, first, route.retry.budget?))
}

fn hedges(policy: &Policy, route: &Route) -> Option<Bound> {
    let first = policy.targets.get(route.targets().next()?.0)?;
    retry::hedge::bound(route, first, route.hedge?)
}

/// As a JSON string.
fn quoted(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

/// Ten-thousandths as a JSON number.
fn decimal(number: u32) -> String {
    let text = format!("{}.{:04}", number / 10_000, number % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A route's plan. Posts not met before are added, and targets that are changed for a stage.
fn plan(policy: &Policy, route: &Route, posts: &mut Vec<PostPlan>, targets: &mut Vec<Target>) -> Plan {
    let breaker = route.breaker.and_then(|id| policy.breakers.get(id.0));
    // Whatever route leads to a breaker at a target and model, it is the same.
    let mut post = |target: TargetId, model: Option<&String>| {
        let breaker = breaker?;
        let seawall_policy::policy::Target { name, cluster, .. } = policy.targets.get(target.0)?;
        // With the cluster: two filters in one proxy may give different targets the same name.
        let key = format!("seawall/breaker/{}/{name}/{cluster}", breaker.name);
        let known = posts.iter().position(|post| post.key == key && post.model.as_ref() == model);
        Some(known.unwrap_or_else(|| {
            posts.push(PostPlan {
                rules: Rules::new(breaker),
                breaker: breaker.name.as_str().into(),
                target,
                key,
                models_key: format!("seawall/models/{name}/{cluster}"),
                model: model.cloned(),
            });
            posts.len() - 1
        }))
    };
    let output = route.contract.output;
    let mut place = |id: TargetId, overrides: &Overrides| {
        let target = policy.targets.get(id.0)?;
        let prepared = if *overrides == Overrides::default() && output.is_none() {
            id.0
        } else {
            let changed = targets.get(id.0)?.with(overrides, output);
            targets.push(changed);
            targets.len() - 1
        };
        Some(Place {
            target: id,
            prepared,
            post: post(id, overrides.model.as_ref().or(target.model.as_ref())),
            context: target.context,
            price: target.price,
            lacks: target.lacks.iter().copied().collect(),
            max_tokens: least(overrides.max_tokens, output),
        })
    };
    let stages = route.plan.iter().map(|stage| {
        let places = stage.targets.iter().filter_map(|id| place(*id, &stage.overrides)).collect();
        (places, stage.order.clone())
    });
    let plan = Plan::new(stages, route.contract.failover_cost);
    let larger = match route.contract.input {
        Some((_, InputAction::Use(target))) => place(target, &Overrides::default()),
        _ => None,
    };
    plan.with_larger(larger)
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
    fn a_stage_that_changes_requests_has_targets_of_its_own() {
        let policy = "seawall 1\n\
            target a { cluster \"a\"  provider openai  path \"/a\"  model \"m\" }\n\
            target b { cluster \"b\"  provider openai }\n\
            route r { match path \"/\"  try a  then b }";
        let policy = seawall_policy::check(policy).policy.unwrap();
        let config = Config::new(policy, |_| None).unwrap();
        let overrides = Overrides {
            max_tokens: Some(512),
            model: Some("other \"m\"".into()),
            temperature: Some(2_500),
            headers: vec![("x-a".into(), "b".into())],
            path: Some("/b".into()),
        };
        let plain = config.target(TargetId(0)).unwrap();
        let changed = plain.with(&overrides, None);
        assert_eq!(changed.change.model.as_deref(), Some(r#""other \"m\"""#));
        assert_eq!(
            (changed.change.max_tokens, changed.change.temperature.as_deref()),
            (Some(512), Some("0.25"))
        );
        let set: Vec<_> = changed.set.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(set, [(":path", "/b"), ("x-a", "b")]);
        assert_eq!(plain.with(&Overrides::default(), None).change.model.as_deref(), Some("\"m\""));
    }

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

    #[test]
    fn ten_thousandths_are_json_numbers() {
        for (number, text) in [(0, "0"), (2_000, "0.2"), (10_000, "1"), (20_000, "2"), (12_345, "1.2345")] {
            assert_eq!(decimal(number), text);
        }
    }
}

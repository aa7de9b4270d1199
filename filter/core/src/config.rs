//! A policy made ready to run: everything that can be worked out once is, so that a request costs little.

use std::fmt;
use std::time::Duration;

use seawall_policy::policy::{Auth, BreakerId, EnvVar, Policy, Route, TargetId};

use crate::breaker::Rules;
use crate::effect::{HeaderList, Text};

/// A policy with its secrets.
pub struct Config {
    policy: Policy,
    pub(crate) hash: Text,
    targets: Vec<Target>,
    guards: Vec<Guard>,
    /// What each breaker of the policy is made to do.
    rules: Vec<Rules>,
    /// For each route, the places where an attempt can be made, in order.
    plans: Vec<Vec<Place>>,
}

/// A place of a route's plan.
struct Place {
    target: TargetId,
    /// The number of its guard; none where the route has no breaker.
    guard: Option<usize>,
}

/// A breaker at one target, whatever route leads there.
#[derive(PartialEq)]
pub(crate) struct Guard {
    pub(crate) breaker: BreakerId,
    pub(crate) target: TargetId,
    /// Where its state lies.
    pub(crate) key: Text,
}

/// What an attempt at one target needs.
pub(crate) struct Target {
    pub(crate) name: Text,
    pub(crate) cluster: Text,
    /// Headers that make a request one for this target.
    pub(crate) set: HeaderList,
    /// Whether one of them is a credential.
    pub(crate) has_credentials: bool,
    /// The model as a JSON string.
    pub(crate) model: Option<String>,
}

impl Config {
    /// Resolves a policy; `env` reads the host's environment.
    ///
    /// # Errors
    /// Every variable the policy names that has no value a header can hold.
    pub fn new(policy: Policy, env: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<EnvVar>> {
        let mut missing = Vec::new();
        let mut secret = |variable: &EnvVar| {
            let value = env(&variable.name).filter(|value| is_header_value(value));
            if value.is_none() {
                missing.push(variable.clone());
            }
            value.unwrap_or_default()
        };
        let targets = policy.targets.iter().map(|target| Target::new(target, &mut secret)).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut guards = Vec::new();
        let plans = policy.routes.iter().map(|route| plan(&policy, route, &mut guards)).collect();
        let rules = policy.breakers.iter().map(Rules::new).collect();
        Ok(Self { hash: policy.hash.as_str().into(), targets, guards, rules, plans, policy })
    }

    pub(crate) fn route(&self, index: usize) -> Option<&Route> {
        self.policy.routes.get(index)
    }

    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(id.0)
    }

    /// How many places a route's plan has.
    pub(crate) fn place_count(&self, route: usize) -> usize {
        self.plans.get(route).map_or(0, Vec::len)
    }

    fn place(&self, route: usize, position: usize) -> Option<&Place> {
        self.plans.get(route)?.get(position)
    }

    pub(crate) fn target_at(&self, route: usize, position: usize) -> Option<TargetId> {
        Some(self.place(route, position)?.target)
    }

    /// The target at one place of a route's plan, and how long an attempt at it may take.
    pub(crate) fn attempt(&self, route: usize, position: usize) -> Option<(&Target, Duration)> {
        Some((self.target(self.target_at(route, position)?)?, self.route(route)?.timeout.total))
    }

    /// The number of the guard at one place of a route's plan.
    pub(crate) fn guard_at(&self, route: usize, position: usize) -> Option<usize> {
        self.place(route, position)?.guard
    }

    pub(crate) fn guard_count(&self) -> usize {
        self.guards.len()
    }

    pub(crate) fn guard(&self, number: usize) -> Option<(&Guard, &Rules)> {
        let guard = self.guards.get(number)?;
        Some((guard, self.rules.get(guard.breaker.0)?))
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
        let quote = |model: &String| serde_json::to_string(model).ok();
        Self {
            name: target.name.as_str().into(),
            cluster: target.cluster.as_str().into(),
            set,
            has_credentials: target.auth.is_some(),
            model: target.model.as_ref().and_then(quote),
        }
    }
}

/// The places of a route's plan; guards not met before are added.
fn plan(policy: &Policy, route: &Route, guards: &mut Vec<Guard>) -> Vec<Place> {
    let breaker = route.breaker.and_then(|id| Some((id, &policy.breakers.get(id.0)?.name)));
    let mut number = |target: TargetId| {
        let (breaker, name) = breaker?;
        let seawall_policy::policy::Target { name: target_name, cluster, .. } =
            policy.targets.get(target.0)?;
        // With the cluster: two filters in one proxy may give different targets the same name.
        let key = format!("seawall/breaker/{name}/{target_name}/{cluster}").into();
        let guard = Guard { breaker, target, key };
        Some(guards.iter().position(|known| *known == guard).unwrap_or_else(|| {
            guards.push(guard);
            guards.len() - 1
        }))
    };
    route.targets().map(|target| Place { target, guard: number(target) }).collect()
}

/// Whether this may stand in a header (RFC 9110, 5.5): not empty, visible ASCII and spaces inside.
fn is_header_value(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Nothing but the version: the rest holds secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("hash", &self.hash).finish_non_exhaustive()
    }
}

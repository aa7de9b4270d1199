//! Targets, tenants, limits and breakers.

use std::time::Duration;

use super::{Lower, Settings, basis_points, count, distinct, duration, list, sorted, text};
use crate::ast::{File, Item, Statement, Value};
use crate::policy::{
    Amount, Anomaly, Backoff, Breaker, BudgetSpent, Capability, Forced, Group, Health, Jitter, Limit, Money,
    Network, Price, Provider, Retry, RetryBudget, Scope, Target, TenantSource, Tier, Trigger, Trip,
};
use crate::vocabulary::{STATUSES, TRIGGERS};

impl Lower<'_, '_> {
    pub(super) fn target(&self, name: &str, _: &Statement<'_>) -> Option<Target> {
        let get =
            |word: &str| self.resolved.targets.statement(name, word).map(|statement| &statement.values[..]);
        let words = |word: &str| get(word).map_or(Some(None), |values| text(values).map(Some));
        let [Value::Word(provider)] = get("provider")? else { return None };
        Some(Target {
            name: name.to_string(),
            cluster: text(get("cluster")?)?,
            provider: match *provider {
                "openai" => Provider::OpenAi,
                "azure" => Provider::Azure,
                "anthropic" => Provider::Anthropic,
                "gemini" => Provider::Gemini,
                "bedrock" => Provider::Bedrock,
                _ => return None,
            },
            host: words("host")?,
            path: words("path")?,
            auth: match get("auth") {
                None => None,
                Some([Value::Auth(auth)]) => Some(auth.clone()),
                Some(_) => return None,
            },
            model: words("model")?,
            context: match get("context") {
                None => None,
                Some([Value::Tokens(tokens)]) => Some(*tokens),
                Some(_) => return None,
            },
            price: match get("price") {
                None => None,
                Some(values) => Some(price(values)?),
            },
            quota: get("quota").map_or(Some(Vec::new()), amounts)?,
            lacks: get("lacks").map_or(Some(Vec::new()), capabilities)?,
        })
    }

    pub(super) fn group(&self, name: &str, group: &Statement<'_>) -> Option<Group> {
        let mut members = Vec::new();
        for statement in &group.block()?.statements {
            for item in list(&statement.values)? {
                members.push(self.target_id(item.values.first()?)?);
            }
        }
        Some(Group { name: name.to_string(), members: distinct(members) })
    }

    #[expect(clippy::unused_self, reason = "one form for all definitions")]
    pub(super) fn tier(&self, name: &str, tier: &Statement<'_>) -> Option<Tier> {
        let block = tier.block()?;
        let settings = Settings::of(block);
        let mut tenants = Vec::new();
        for statement in block.all("tenants") {
            for item in list(&statement.values)? {
                tenants.push(text(&item.values)?);
            }
        }
        let tenants = sorted(tenants);
        Some(Tier {
            name: name.to_string(),
            tenants,
            is_default: block.has("default"),
            priority: settings.read("priority", count)?,
            weight: settings.read("weight", count)?,
        })
    }

    #[expect(clippy::unused_self, reason = "one form for all definitions")]
    pub(super) fn tenant(&self, file: &File<'_>) -> Option<Vec<TenantSource>> {
        let Some(tenant) = file.policy.all("tenant").next() else { return Some(Vec::new()) };
        let source = |values: &[Value<'_>]| match values {
            [Value::Word("jwt"), Value::Text(claim)] => Some(TenantSource::Jwt { claim: claim.clone() }),
            [Value::Word("header"), Value::Text(name), trusted] => {
                let trusted = matches!(trusted, Value::Word("trusted"));
                Some(TenantSource::Header { name: name.clone(), trusted })
            }
            [Value::Word("san")] => Some(TenantSource::San),
            [Value::Word("api_key"), _] => Some(TenantSource::ApiKey),
            _ => None,
        };
        list(&tenant.values)?.iter().map(|item| source(&item.values)).collect()
    }

    #[expect(clippy::unused_self, clippy::option_option, reason = "one form for all definitions")]
    pub(super) fn health(&self, file: &File<'_>) -> Option<Option<Health>> {
        let Some(health) = file.policy.all("health").next() else { return Some(None) };
        let settings = Settings::of(health.block()?);
        let networks = |values: &[Value<'_>]| {
            let network = |item: &Item<'_>| Network::parse(&text(&item.values)?);
            list(values)?.iter().map(network).collect::<Option<Vec<_>>>()
        };
        Some(Some(Health {
            auth: settings.maybe("auth", |values| match values {
                [Value::Auth(auth)] => Some(auth.clone()),
                _ => None,
            })?,
            // A set: the order in which it is written means nothing.
            from: distinct(settings.maybe("from", networks)?.unwrap_or_default()),
        }))
    }

    pub(super) fn limit(&self, name: &str, limit: &Statement<'_>) -> Option<Limit> {
        let settings = Settings::of(limit.block()?);
        let scope = match limit.values.get(1..limit.values.len().saturating_sub(1))? {
            [Value::Word("global")] => Scope::Global,
            [Value::Word("tenant")] => Scope::Tenant,
            [Value::Word("tier")] => Scope::Tier,
            [Value::Word("route")] => Scope::Route,
            [Value::Word("target")] => Scope::Target,
            [Value::Word("group"), group] => Scope::Group(self.group_id(group)?),
            _ => return None,
        };
        let amount = match settings.written("")? {
            [Value::Amount(Amount::Money { micro_dollars, per, .. }), Value::Word("rolling")] => {
                Amount::Money { micro_dollars: *micro_dollars, per: *per, window: Money::Rolling }
            }
            [Value::Amount(amount), _] => *amount,
            _ => return None,
        };
        Some(Limit {
            name: name.to_string(),
            scope,
            amount,
            burst_bp: settings.read("burst", basis_points)?,
            wait: settings.maybe("wait", duration)?,
            queue: settings.read("queue", count)?,
            warn_bp: settings.maybe("warn", basis_points)?,
            anomaly: settings.maybe("anomaly", anomaly)?,
            observe: settings.written("observe").is_some(),
            service: settings.maybe("via", text)?,
        })
    }

    #[expect(clippy::unused_self, reason = "one form for all definitions")]
    pub(super) fn breaker(&self, name: &str, breaker: &Statement<'_>) -> Option<Breaker> {
        let block = breaker.block()?;
        let settings = Settings::of(block);
        let mut trips = block.all("trip").map(|trip| one_trip(&trip.values)).collect::<Option<Vec<_>>>()?;
        if trips.is_empty() {
            trips.push(settings.read("trip", one_trip)?);
        }
        // Any of them trips it: their order means nothing.
        let trips = distinct(trips);
        let stages = |values: &[Value<'_>]| list(values)?.iter().map(|item| count(&item.values)).collect();
        Some(Breaker {
            name: name.to_string(),
            window: settings.read("window", duration)?,
            trips,
            open: settings.read("open", duration)?,
            recover: settings.read("recover", stages)?,
            force: settings.maybe("force", |values| match values {
                [Value::Word("open")] => Some(Forced::Open),
                [Value::Word("closed")] => Some(Forced::Closed),
                _ => None,
            })?,
        })
    }

    #[expect(clippy::unused_self, reason = "one form for all definitions")]
    pub(super) fn retry(&self, settings: Settings<'_>) -> Option<Retry> {
        Some(Retry {
            on: settings.read("on", triggers)?,
            attempts: settings.read("attempts", count)?,
            backoff: settings.read("backoff", backoff)?,
            honor_retry_after: settings.read("honor", duration)?,
            budget: settings.maybe("budget", budget)?,
        })
    }
}

fn price(values: &[Value<'_>]) -> Option<Price> {
    let (mut input, mut cached, mut output) = (None, None, None);
    for item in list(values)? {
        match &item.values[..] {
            [Value::MicroDollars(price), Value::Word("in")] => input = Some(*price),
            [Value::MicroDollars(price), Value::Word("cached")] => cached = Some(*price),
            [Value::MicroDollars(price), Value::Word("out")] => output = Some(*price),
            _ => return None,
        }
    }
    Some(Price { input: input?, cached: cached.or(input)?, output: output? })
}

fn amounts(values: &[Value<'_>]) -> Option<Vec<Amount>> {
    let amount = |values: &[Value<'_>]| match values {
        [Value::Amount(amount)] => Some(*amount),
        _ => None,
    };
    list(values)?.iter().map(|item| amount(&item.values)).collect()
}

fn capabilities(values: &[Value<'_>]) -> Option<Vec<Capability>> {
    let capability = |values: &[Value<'_>]| match values {
        [Value::Word(word)] => Capability::ALL.into_iter().find(|known| known.word() == *word),
        _ => None,
    };
    Some(sorted(list(values)?.iter().map(|item| capability(&item.values)).collect::<Option<Vec<_>>>()?))
}

/// The window of an anomaly that names none.
const ANOMALY_WINDOW: Duration = Duration::from_mins(5);

fn anomaly(values: &[Value<'_>]) -> Option<Anomaly> {
    let [Value::Hundredths(factor), window] = values else { return None };
    let window = if let Value::Duration(window) = window { *window } else { ANOMALY_WINDOW };
    Some(Anomaly { above_baseline_hundredths: *factor, window })
}

pub(crate) fn one_trip(values: &[Value<'_>]) -> Option<Trip> {
    Some(match *values {
        [Value::Word("errors"), Value::BasisPoints(above_bp), Value::Count(at_least)] => {
            Trip::ErrorRate { above_bp, at_least }
        }
        [Value::Count(errors)] => Trip::ErrorsInARow(errors),
        [Value::Word("latency"), Value::Percentile(percentile), Value::Hundredths(factor)] => {
            Trip::Latency { percentile, above_baseline_hundredths: factor }
        }
        [Value::Word("first_token"), Value::Percentile(percentile), Value::Hundredths(factor)] => {
            Trip::FirstToken { percentile, above_baseline_hundredths: factor }
        }
        [Value::Word("per_token"), Value::Percentile(percentile), Value::Hundredths(factor)] => {
            Trip::PerToken { percentile, above_baseline_hundredths: factor }
        }
        [Value::Word("quality"), Value::BasisPoints(below_bp), Value::Count(at_least)] => {
            Trip::Quality { below_bp, at_least }
        }
        [Value::Word("quality"), Value::Hundredths(below_baseline_hundredths)] => {
            Trip::QualityDrop { below_baseline_hundredths }
        }
        [Value::Word("cost"), Value::MicroDollars(above_micro_dollars)] => Trip::Cost { above_micro_dollars },
        _ => return None,
    })
}

/// A set: the order in which it is written means nothing.
fn triggers(values: &[Value<'_>]) -> Option<Vec<Trigger>> {
    let mut written = Vec::new();
    for item in list(values)? {
        let [Value::Trigger(trigger)] = &item.values[..] else { return None };
        written.push(*trigger);
    }
    let statuses = STATUSES.iter().map(|status| Trigger::Status(*status));
    let known = statuses.chain(TRIGGERS.iter().map(|(_, trigger)| *trigger));
    Some(known.filter(|trigger| written.contains(trigger)).collect())
}

fn backoff(values: &[Value<'_>]) -> Option<Backoff> {
    let [Value::Word(jitter), Value::Duration(base), Value::Duration(cap)] = *values else { return None };
    let jitter = match jitter {
        "full_jitter" => Jitter::Full,
        "equal_jitter" => Jitter::Equal,
        "decorrelated_jitter" => Jitter::Decorrelated,
        "no_jitter" => Jitter::None,
        _ => return None,
    };
    Some(Backoff { jitter, base, cap })
}

fn budget(values: &[Value<'_>]) -> Option<RetryBudget> {
    let [Value::BasisPoints(share_bp), ref floor, ref spent] = *values else { return None };
    Some(RetryBudget {
        share_bp,
        at_least_per_second: if let Value::PerSecond(floor) = floor { *floor } else { 0 },
        spent: if matches!(spent, Value::Word("fail")) { BudgetSpent::Fail } else { BudgetSpent::NextTarget },
    })
}

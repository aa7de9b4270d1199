//! A checked tree to the policy as it runs: names become places, absent statements their defaults.

use std::time::Duration;

use crate::ast::{Block, File, Statement, Value};
use crate::check::Names;
use crate::hash;
use crate::parser::parse_default;
use crate::policy::{Backoff, Breaker, BreakerId, Policy, Retry, Route, Target, TargetId, Trigger};
use crate::vocabulary::{self, STATUSES, TRIGGERS};

/// `None` only for a tree with errors.
pub(crate) fn policy(file: &File<'_>, names: &Names<'_>) -> Option<Policy> {
    let of_kind = |kind: &'static str| file.blocks.iter().filter(move |block| block.definition.word == kind);
    let targets = of_kind("target").map(target).collect::<Option<Vec<_>>>()?;
    let breakers = of_kind("breaker").map(breaker).collect::<Option<Vec<_>>>()?;
    let retries = of_kind("retry").map(|block| retry(Settings::of(block))).collect::<Option<Vec<_>>>()?;
    let plain = retry(Settings { definition: vocabulary::block("retry")?, statements: &[] })?;
    let routes = of_kind("route")
        .filter(|block| !block.is_default_route())
        .map(|block| route(block, names, &retries, &plain))
        .collect::<Option<Vec<_>>>()?;
    let mut policy = Policy { hash: String::new(), targets, breakers, routes };
    policy.hash = hash::of(&policy);
    Some(policy)
}

/// The statements of a block, or their defaults.
#[derive(Clone, Copy)]
struct Settings<'b> {
    definition: &'static vocabulary::Block,
    statements: &'b [Statement<'b>],
}

impl<'b> Settings<'b> {
    fn of(block: &'b Block<'b>) -> Self {
        Self { definition: block.definition, statements: &block.statements }
    }

    fn value(self, word: &str) -> Option<Value<'b>> {
        match self.statements.iter().find(|statement| statement.definition.word == word) {
            Some(statement) => Some(statement.value.clone()),
            None => parse_default(self.definition.statement(word)?),
        }
    }

    fn duration(self, word: &str) -> Option<Duration> {
        if let Value::Duration(duration) = self.value(word)? { Some(duration) } else { None }
    }

    fn text(self, word: &str) -> Option<String> {
        if let Value::Text(text) = self.value(word)? { Some(text) } else { None }
    }

    fn triggers(self, word: &str) -> Option<Vec<Trigger>> {
        let Value::Triggers(written) = self.value(word)? else { return None };
        // A set: the order in which it is written means nothing.
        let statuses = STATUSES.iter().map(|status| Trigger::Status(*status));
        let known = statuses.chain(TRIGGERS.iter().map(|(_, trigger)| *trigger));
        Some(known.filter(|trigger| written.contains(trigger)).collect())
    }

    fn count(self, word: &str) -> Option<u32> {
        if let Value::Count(count) = self.value(word)? { Some(count) } else { None }
    }

    fn backoff(self, word: &str) -> Option<Backoff> {
        if let Value::Backoff(backoff) = self.value(word)? { Some(backoff) } else { None }
    }
}

fn target(block: &Block<'_>) -> Option<Target> {
    let settings = Settings::of(block);
    let Value::Provider(provider) = settings.value("provider")? else { return None };
    let auth = match settings.value("auth") {
        Some(Value::Auth(auth)) => Some(auth),
        _ => None,
    };
    Some(Target {
        name: block.name?.text.to_string(),
        cluster: settings.text("cluster")?,
        provider,
        host: settings.text("host"),
        path: settings.text("path"),
        auth,
        model: settings.text("model"),
    })
}

fn breaker(block: &Block<'_>) -> Option<Breaker> {
    let settings = Settings::of(block);
    let Value::Trip { error_rate_bp, at_least } = settings.value("trip")? else { return None };
    let Value::Stages(recover) = settings.value("recover")? else { return None };
    Some(Breaker {
        name: block.name?.text.to_string(),
        window: settings.duration("window")?,
        error_rate_bp,
        at_least,
        open: settings.duration("open")?,
        recover,
    })
}

fn retry(settings: Settings<'_>) -> Option<Retry> {
    Some(Retry {
        on: settings.triggers("on")?,
        attempts: settings.count("attempts")?,
        backoff: settings.backoff("backoff")?,
        honor_retry_after: settings.duration("honor")?,
    })
}

/// `plain` is what holds in a route that names no retry block, save for its attempts: each target once.
fn route(block: &Block<'_>, names: &Names<'_>, retries: &[Retry], plain: &Retry) -> Option<Route> {
    let settings = Settings::of(block);
    let Value::Path(path) = settings.value("match")? else { return None };
    let mut plan = Vec::new();
    // `try` comes first wherever it is written.
    for word in ["try", "then"] {
        for statement in block.statements.iter().filter(|statement| statement.definition.word == word) {
            let Value::Names(targets) = &statement.value else { return None };
            for target in targets {
                plan.push(TargetId(names.index("target", target.text)?));
            }
        }
    }
    let retry = match settings.value("retry") {
        Some(Value::Reference(name)) => retries.get(names.index("retry", name.text)?)?.clone(),
        _ => Retry { attempts: u32::try_from(plan.len()).ok()?, ..plain.clone() },
    };
    let breaker = match settings.value("breaker") {
        Some(Value::Reference(name)) => Some(BreakerId(names.index("breaker", name.text)?)),
        _ => None,
    };
    let timeout = settings.duration("timeout")?;
    Some(Route { name: block.name?.text.to_string(), path, plan, retry, breaker, timeout })
}

//! Routes, and what holds in them.

use std::time::Duration;

use super::plan::ids;
use super::{Lower, Settings, count, distinct, duration, list, sorted};
use crate::ast::{Block, File, Statement, Value};
use crate::policy::{
    Adaptive, BreakerId, CacheRule, Canary, Contract, Conversation, ConversationSource, Deadline, Hedge,
    HedgeDelay, Idempotency, InputAction, Malformed, Retry, Route, Sticky, StreamMode, Timeout, Trace, Vary,
};
use crate::vocabulary::POLICY;

impl Lower<'_, '_> {
    pub(super) fn routes(&self, file: &File<'_>) -> Option<Vec<Route>> {
        let plain = self.retry(Settings::none(POLICY.statement("retry")?.block()?))?;
        let routes = file.policy.all("route").filter(|route| !route.is_default_route());
        routes.map(|route| self.route(route, &plain)).collect()
    }

    /// `plain` is what holds in a route that names no retry block, save for its attempts: each target once.
    fn route(&self, route: &Statement<'_>, plain: &Retry) -> Option<Route> {
        let block = route.block()?;
        let settings = Settings::of(block);
        let [Value::Path(path)] = settings.written("match")? else { return None };
        let plan = self.plan(block)?;
        let targets: usize = plan.iter().map(|stage| stage.targets.len()).sum();
        let retry = match settings.written("retry") {
            Some([Value::Name(kind, name)]) => {
                self.retry(Settings::of(self.resolved.names.block(kind, name.text)?))?
            }
            Some(_) => return None,
            None => Retry { attempts: u32::try_from(targets).ok()?, ..plain.clone() },
        };
        let breaker = settings.maybe("breaker", |values| match values {
            [Value::Name(kind, name)] => self.resolved.names.index(kind, name.text).map(BreakerId),
            _ => None,
        })?;
        let mut limits = Vec::new();
        for statement in block.all("limit") {
            limits.extend(ids(&statement.values, |value| self.limit_id(value))?);
        }
        let shadow = |statement: &Statement<'_>| match &statement.values[..] {
            [target, Value::BasisPoints(share)] => Some((self.target_id(target)?, *share)),
            _ => None,
        };
        let (stream, malformed) = settings.read("stream", stream)?;
        Some(Route {
            name: route.name()?.text.to_string(),
            path: path.clone(),
            when: settings.maybe("when", |values| match values {
                [Value::Condition(condition)] => Some(condition.clone()),
                _ => None,
            })?,
            plan,
            limits: distinct(limits),
            retry,
            breaker,
            timeout: settings.read("timeout", timeout)?,
            deadline: settings.maybe("deadline", deadline)?,
            hedge: settings.maybe("hedge", hedge)?,
            stream,
            malformed,
            contract: self.contract(block)?,
            output: self.output(block)?,
            cache: settings.maybe("cache", cache)?,
            idempotency: settings.maybe("idempotency", |values| match values {
                [Value::Text(header), Value::Duration(keep)] => {
                    Some(Idempotency { header: header.clone(), keep: *keep })
                }
                _ => None,
            })?,
            shadow: block.all("shadow").map(shadow).collect::<Option<_>>()?,
            canary: settings.maybe("canary", |values| self.canary(values))?,
            trace: settings.maybe("trace", |values| match values {
                [Value::BasisPoints(share_bp), Value::Word("otel"), header] => Some(Trace {
                    share_bp: *share_bp,
                    prompt_version: if let Value::Text(header) = header {
                        Some(header.clone())
                    } else {
                        None
                    },
                }),
                _ => None,
            })?,
        })
    }

    fn canary(&self, values: &[Value<'_>]) -> Option<Canary> {
        let [target, Value::BasisPoints(share_bp), sticky] = values else { return None };
        let sticky = match sticky {
            Value::Word("tenant") => Some(Sticky::Tenant),
            Value::Word("conversation") => Some(Sticky::Conversation),
            _ => None,
        };
        Some(Canary { target: self.target_id(target)?, share_bp: *share_bp, sticky })
    }

    fn contract(&self, route: &Block<'_>) -> Option<Contract> {
        let Some(block) = route.all("contract").next().and_then(Statement::block) else {
            return Some(Contract::default());
        };
        let settings = Settings::of(block);
        Some(Contract {
            input: settings.maybe("input", |values| {
                let [Value::Tokens(most), action @ ..] = values else { return None };
                let action = match action {
                    [Value::Absent | Value::Word("reject")] => InputAction::Reject,
                    [Value::Word("trim")] => InputAction::TrimOldest,
                    [Value::Word("use"), target] => InputAction::Use(self.target_id(target)?),
                    _ => return None,
                };
                Some((*most, action))
            })?,
            output: settings.maybe("output", |values| match values {
                [Value::Tokens(most)] => Some(*most),
                _ => None,
            })?,
            cost_micro_dollars: settings.maybe("cost", |values| match values {
                [Value::MicroDollars(most)] => Some(*most),
                _ => None,
            })?,
            turns: settings.maybe("turns", count)?,
            body_bytes: settings.maybe("body", |values| match values {
                [Value::Bytes(most)] => Some(*most),
                _ => None,
            })?,
            conversation: settings.maybe("conversation", conversation)?,
            loops: settings.maybe("loops", count)?,
            latency: settings.maybe("latency", |values| match values {
                [Value::Percentile(percentile), Value::Duration(most)] => Some((*percentile, *most)),
                _ => None,
            })?,
            failover_cost: settings.maybe("failover", |values| match values {
                [Value::Hundredths(most)] => Some(*most),
                _ => None,
            })?,
        })
    }
}

fn conversation(values: &[Value<'_>]) -> Option<Conversation> {
    let [Value::List(amounts), source @ ..] = values else { return None };
    let (mut micro_dollars, mut requests): (Option<u64>, Option<u32>) = (None, None);
    for amount in amounts {
        // Of two of a kind the smaller one holds.
        match amount.values[..] {
            [Value::MicroDollars(most)] => micro_dollars = micro_dollars.into_iter().chain([most]).min(),
            [Value::Count(most)] => requests = requests.into_iter().chain([most]).min(),
            _ => return None,
        }
    }
    let (by, warn) = match source {
        [Value::Word("header"), Value::Text(name), warn] => (ConversationSource::Header(name.clone()), warn),
        [Value::Word("metadata"), Value::Text(namespace), Value::Text(key), warn] => {
            (ConversationSource::Metadata { namespace: namespace.clone(), key: key.clone() }, warn)
        }
        _ => return None,
    };
    let warn_bp = if let Value::BasisPoints(share) = warn { Some(*share) } else { None };
    Some(Conversation { micro_dollars, requests, by, warn_bp })
}

fn timeout(values: &[Value<'_>]) -> Option<Timeout> {
    let mut timeout = Timeout {
        total: Duration::from_secs(60),
        adaptive: None,
        first_token: None,
        idle: None,
        per_output_token: None,
    };
    for item in list(values)? {
        match item.values[..] {
            [Value::Duration(total)] => timeout.total = total,
            [
                Value::Hundredths(hundredths),
                Value::Percentile(percentile),
                Value::Duration(min),
                Value::Duration(max),
            ] => {
                timeout.total = max;
                timeout.adaptive = Some(Adaptive { percentile, hundredths, min });
            }
            [Value::Word("first_token"), Value::Duration(most)] => timeout.first_token = Some(most),
            [Value::Word("idle"), Value::Duration(most)] => timeout.idle = Some(most),
            [Value::Word("per"), Value::Duration(most)] => timeout.per_output_token = Some(most),
            _ => return None,
        }
    }
    Some(timeout)
}

fn deadline(values: &[Value<'_>]) -> Option<Deadline> {
    match values {
        [Value::Word("header"), Value::Text(header), default] => Some(Deadline {
            header: Some(header.clone()),
            default: if let Value::Duration(default) = default { Some(*default) } else { None },
        }),
        values => Some(Deadline { header: None, default: Some(duration(values)?) }),
    }
}

fn hedge(values: &[Value<'_>]) -> Option<Hedge> {
    let [after, at_most] = values else { return None };
    let after = match after {
        Value::Percentile(percentile) => HedgeDelay::Percentile(*percentile),
        Value::Duration(delay) => HedgeDelay::Fixed(*delay),
        _ => return None,
    };
    let at_most_bp = if let Value::BasisPoints(share) = at_most { Some(*share) } else { None };
    Some(Hedge { after, at_most_bp })
}

fn stream(values: &[Value<'_>]) -> Option<(StreamMode, Malformed)> {
    let [Value::Word(mode), malformed] = values else { return None };
    let mode = match *mode {
        "live" => StreamMode::Live,
        "until_commit" => StreamMode::UntilCommit,
        "complete" => StreamMode::Complete,
        _ => return None,
    };
    let skips = matches!(malformed, Value::Word("skip"));
    Some((mode, if skips { Malformed::Skip } else { Malformed::End }))
}

fn cache(values: &[Value<'_>]) -> Option<CacheRule> {
    let [Value::Duration(fresh), stale, vary] = values else { return None };
    let source = |values: &[Value<'_>]| match values {
        [Value::Word("header"), Value::Text(name)] => Some(Vary::Header(name.clone())),
        [Value::Word("prompt_version")] => Some(Vary::PromptVersion),
        _ => None,
    };
    let vary = match vary {
        Value::List(items) => items.iter().map(|item| source(&item.values)).collect::<Option<Vec<_>>>()?,
        _ => Vec::new(),
    };
    let stale = if let Value::Duration(stale) = stale { Some(*stale) } else { None };
    Some(CacheRule { fresh: *fresh, stale, vary: sorted(vary) })
}

//! What loads and can't be meant: rules that can never take effect, contradict each other, or leave a door open.

mod breakers;
mod callers;
mod cost;
mod dialects;
mod effects;
mod output;
mod plan;
mod sampling;
mod time;

use super::Resolved;
use crate::ast::{Block, File, Statement, Value};
use crate::condition::MOST_EFFORT;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Amount, Policy, Route, Scope};
use crate::span::Span;

/// Judges a policy without errors, as it is written and as it was understood.
pub(crate) fn check(file: &File<'_>, resolved: &Resolved<'_>, policy: &Policy, sink: &mut Sink) {
    let mut effort = MOST_EFFORT;
    let written = file.policy.all("route").filter(|route| !route.is_default_route());
    for (written, route) in written.zip(&policy.routes) {
        let Some(block) = written.block() else { continue };
        let route = Judged { written, block, route, policy, resolved };
        time::check(&route, sink);
        cost::check(&route, sink);
        plan::check(&route, &mut effort, sink);
        dialects::check(&route, sink);
        breakers::check(&route, sink);
        callers::check_route(&route, sink);
        output::check(&route, &mut effort, sink);
        sampling::check(&route, sink);
        effects::check(&route, &mut effort, sink);
    }
    for retry in file.policy.all("retry") {
        budget(retry, sink);
        effects::once(retry, sink);
    }
    for breaker in file.policy.all("breaker") {
        effects::trips(breaker, sink);
    }
    callers::check(file, resolved, sink);
    callers::credentials(file, resolved, sink);
    for limit in file.policy.all("limit") {
        limit_without_effect(limit, resolved, policy, sink);
    }
}

/// A route, as it is written and as it was understood.
struct Judged<'r, 'f> {
    written: &'r Statement<'f>,
    block: &'r Block<'f>,
    route: &'r Route,
    policy: &'r Policy,
    resolved: &'r Resolved<'f>,
}

impl Judged<'_, '_> {
    /// Where this statement of the route stands, or the route's name when its default holds.
    fn span(&self, word: &str) -> Span {
        self.block.all(word).next().map_or(self.written.name_span(), |statement| statement.span)
    }

    /// Where the contract names the target for longer prompts.
    fn larger_span(&self) -> Option<Span> {
        let mut span = None;
        let contracts = self.block.all("contract").filter_map(Statement::block);
        for input in contracts.flat_map(|contract| contract.all("input")) {
            input.each_reference(&mut |_, name| span = Some(name.span));
        }
        span
    }

    /// Where a statement of the retry block that the route names stands.
    fn retry_span(&self, word: &str) -> Option<Span> {
        let mut name = None;
        self.block.all("retry").next()?.each_reference(&mut |_, found| name = Some(found.text));
        let retry = self.resolved.names.block("retry", name?)?;
        retry.all(word).next().map(|statement| statement.span)
    }
}

fn budget(retry: &Statement<'_>, sink: &mut Sink) {
    for budget in retry.block().into_iter().flat_map(|block| block.all("budget")) {
        if let [Value::BasisPoints(0), Value::Absent, ..] = &budget.values[..] {
            let found =
                Diagnostic::new(Code::NoRetryBudget, budget.span, "this budget pays for no retry at all");
            sink.push(found.with_help(
                "allow a share of the requests, `budget 10% of requests`, or write `attempts 1` when none is wanted",
            ));
        }
    }
}

fn limit_without_effect(limit: &Statement<'_>, resolved: &Resolved<'_>, policy: &Policy, sink: &mut Sink) {
    let (Some(block), Some(name)) = (limit.block(), limit.name()) else { return };
    let Some(lowered) = resolved.names.index("limit", name.text).and_then(|index| policy.limits.get(index))
    else {
        return;
    };
    let (nobody, help) = match lowered.scope {
        Scope::Tenant if policy.tenant.is_empty() => (
            "without `tenant by` all callers are one tenant",
            "say who calls, for example `tenant by jwt \"sub\"`, or write `global`",
        ),
        Scope::Tier if policy.tiers.is_empty() => {
            ("without any `tier` all callers are treated alike", "define a `tier`, or write `global`")
        }
        _ => ("", ""),
    };
    if !nobody.is_empty() {
        let scope = limit.spans.get(1).copied().unwrap_or(limit.word);
        sink.push(Diagnostic::new(Code::NoEffect, scope, nobody).with_help(help));
    }
    for queue in block.all("queue").filter(|_| lowered.wait.is_none() && !lowered.observe) {
        let found = Diagnostic::new(Code::NoEffect, queue.span, "nobody begins to wait in this line");
        sink.push(found.with_help("say how long a request may wait: `wait up to 2s`"));
    }
    for waits in ["wait", "queue"].into_iter().flat_map(|word| block.all(word)).filter(|_| lowered.observe) {
        let found = Diagnostic::new(Code::NoEffect, waits.span, "what is only observed never waits");
        sink.push(found.with_help("remove it, or take `observe` away"));
    }
    for anomaly in block.all("anomaly").filter(|_| matches!(lowered.amount, Amount::Concurrent(_))) {
        let message = "only what is used up over time has a baseline";
        sink.push(Diagnostic::new(Code::NoEffect, anomaly.span, message).with_help("remove it"));
    }
    for burst in
        block.all("burst").filter(|_| matches!(lowered.amount, Amount::Concurrent(_) | Amount::Money { .. }))
    {
        let message = "only tokens and requests over time have a burst";
        sink.push(
            Diagnostic::new(Code::NoEffect, burst.span, message).with_help("remove it, or raise the amount"),
        );
    }
}

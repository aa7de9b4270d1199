//! What becomes of one request: which route takes it and why, what is sent where, and what follows each kind of failure.

use std::time::Duration;

use super::bounds::{self, Known as Bounded};
use super::document::Lines;
use super::facts::{self, Known};
use super::places::Places;
use super::request::{Body, Request};
use super::words::{code, count, list, quoted, span};
use super::{Explainer, Section, Verdict, attempts, contract, failures, limits};
use crate::policy::{
    ConversationSource, Forced, InputAction, Output, PathMatch, Policy, Route, TenantSource,
};
use crate::vocabulary::{money_text, size_text, tokens_text};

/// Longest body that the filter holds.
const MAX_BODY_BYTES: u64 = 10 << 20;

pub(super) fn sections(explainer: &Explainer<'_>, request: &Request) -> Vec<Section> {
    let policy = &explainer.policy;
    let mut sections = vec![the_request(policy, request), routes(policy, request)];
    let Some(taken) = route_of(policy, request) else {
        let passes =
            "No route takes it: it passes through untouched, with no retry, other target or breaker.";
        sections.push(what_happens(|lines| lines.say(0, "", passes)));
        return sections;
    };
    if let Some(why) = request.unreadable() {
        sections.push(refused(format!("The caller gets 400 at once, as its body can't be read: {why}.")));
        return sections;
    }
    if request.body_bytes > MAX_BODY_BYTES {
        let most = size_text(MAX_BODY_BYTES);
        sections.push(refused(format!("The caller gets 413 at once: a body may have at most {most}.")));
        return sections;
    }
    let (rules, is_refused) = admission(explainer, taken, request);
    if !rules.lines.is_empty() {
        sections.push(rules);
    }
    if is_refused {
        sections.push(refused("The request is refused before anything is sent.".into()));
        return sections;
    }
    sections.push(attempts::sent(explainer, taken, request));
    let places = match Places::new(explainer, taken, request).tried() {
        Ok(places) => places,
        Err(unfit) => {
            sections.push(refused(format!("The caller gets 400 at once: {unfit}.")));
            return sections;
        }
    };
    sections.push(attempts::failed(explainer, taken, &places));
    sections.extend(attempts::invalid(explainer, taken, request, &places));
    sections.push(holds(explainer, taken, request));
    sections
}

/// Whether a share of the answers goes elsewhere, too.
fn is_sampled(output: &Output) -> bool {
    output.judge.is_some() || output.drift.is_some() || output.audit.is_some()
}

/// Nothing else comes of it.
fn refused(why: String) -> Section {
    what_happens(|lines| lines.judge(0, "", why, Verdict::No))
}

fn what_happens(say: impl FnOnce(&mut Lines)) -> Section {
    let mut lines = Lines::default();
    say(&mut lines);
    lines.section("What happens")
}

/// The route that takes a request.
pub(super) fn route_of<'p>(policy: &'p Policy, request: &Request) -> Option<&'p Route> {
    policy.routes.iter().find(|route| takes_path(route, request) && meets(policy, route, request))
}

fn takes_path(route: &Route, request: &Request) -> bool {
    match &route.path {
        PathMatch::Exact(path) => request.bare_path() == path,
        PathMatch::Prefix(start) => request.bare_path().starts_with(start.as_str()),
    }
}

fn meets(policy: &Policy, route: &Route, request: &Request) -> bool {
    route.when.as_ref().is_none_or(|condition| condition.holds(&Known::new(policy, route, request)))
}

fn the_request(policy: &Policy, request: &Request) -> Section {
    let mut lines = Lines::default();
    lines.say(0, &*request.method, quoted(request.bare_path()));
    if request.path.contains('?') {
        lines.say(1, "", "and a query, which no route looks at");
    }
    match (&request.body, request.facts()) {
        (Body::None, _) => lines.say(0, "body", "none"),
        (_, Some(facts)) => {
            let model = facts.model.as_ref().map_or_else(|| "none".into(), |model| quoted(model));
            lines.say(0, "model", model);
            lines.say(0, "stream", if facts.stream { "yes" } else { "no" });
            let tools: Vec<String> = facts.tools.iter().map(|tool| quoted(tool)).collect();
            let tools = if tools.is_empty() {
                "no tools".into()
            } else {
                format!("the tools {}", list(&tools, "and"))
            };
            let tokens = facts.input_tokens;
            lines.say(
                0,
                "body",
                format!("{}, about {}, {tools}", count(facts.messages, "message"), count(tokens, "token")),
            );
            let needs: Vec<String> = facts.needs.iter().map(|need| code(need.word())).collect();
            if !needs.is_empty() {
                lines.say(0, "needs", list(&needs, "and"));
            }
            if let Some(most) = facts.max_tokens {
                lines.say(0, "max_tokens", most.to_string());
            }
        }
        (Body::Unreadable(_), _) if request.is_json() => lines.caution(0, "body", "can't be read"),
        _ => lines.say(
            0,
            "body",
            "not JSON by its headers: it goes on unread, and has no model and no messages for the policy",
        ),
    }
    let mut names: Vec<String> = request.headers.iter().map(|(name, _)| code(name)).collect();
    names.dedup();
    if !names.is_empty() {
        lines.say(0, "headers", list(&names, "and"));
    }
    if !policy.tenant.is_empty() || !policy.tiers.is_empty() {
        let tenant = facts::tenant(policy, request);
        let tier = facts::tier(policy, tenant);
        let tier = if tier.is_empty() { "no tier".into() } else { format!("tier {}", code(tier)) };
        lines.say(0, "tenant", format!("{}, in {tier}", quoted(facts::shown_tenant(policy, request))));
        let hidden = policy.tenant.iter().find(|source| !matches!(source, TenantSource::Header { .. }));
        if let (Some(source), None) = (hidden, &request.tenant) {
            lines.caution(
                1,
                "",
                format!("{} isn't known here; say who calls with \"tenant\"", limits::source(source)),
            );
        }
    }
    lines.section("The request")
}

fn routes(policy: &Policy, request: &Request) -> Section {
    let mut lines = Lines::default();
    let mut taken: Option<&Route> = None;
    for route in &policy.routes {
        let name = code(&route.name);
        if let Some(taken) = taken {
            lines.say(0, name, format!("isn't looked at, as {} took the request", code(&taken.name)));
            continue;
        }
        let (path, condition) = (takes_path(route, request), meets(policy, route, request));
        let takes = path && condition;
        lines.answer(0, name, if takes { "takes the request" } else { "doesn't take it" }, takes);
        let wanted = match &route.path {
            PathMatch::Exact(wanted) => format!("{} {}", if path { "is" } else { "isn't" }, quoted(wanted)),
            PathMatch::Prefix(start) => {
                format!("{} with {}", if path { "begins" } else { "doesn't begin" }, quoted(start))
            }
        };
        lines.answer(1, "path", format!("{} {wanted}", quoted(request.bare_path())), path);
        if path {
            when(&mut lines, policy, route, request);
        }
        if takes {
            taken = Some(route);
        }
    }
    lines.section("Which route takes it")
}

fn when(lines: &mut Lines, policy: &Policy, route: &Route, request: &Request) {
    let Some(condition) = &route.when else { return };
    let known = Known::new(policy, route, request);
    lines.answer(1, "when", code(&condition.text()), condition.holds(&known));
    let outcomes = condition.explain(&known);
    // What is shown is asked of a request without secrets; what came out, of the real one.
    let shown = condition.explain(&known.hiding(policy, route));
    if outcomes.len() == 1 && outcomes.iter().all(|outcome| outcome.because.is_empty()) {
        return;
    }
    for (index, outcome) in outcomes.iter().enumerate() {
        let because = shown.get(index).filter(|shown| shown.test == outcome.test);
        let because = because.map(|shown| &*shown.because).filter(|because| !because.is_empty());
        let because = because.map(|because| format!(": {because}")).unwrap_or_default();
        let holds = if outcome.holds { "holds" } else { "doesn't hold" };
        lines.answer(2, "", format!("{} {holds}{because}", code(&outcome.test)), outcome.holds);
    }
}

/// The rules of the contract and the limits, before anything is sent; and whether the contract refuses the request.
fn admission(explainer: &Explainer<'_>, route: &Route, request: &Request) -> (Section, bool) {
    let mut lines = Lines::default();
    let mut is_refused = false;
    let facts = request.facts().cloned().unwrap_or_default();
    let rules = &route.contract;
    if let Some((most, action)) = rules.input {
        let fits = facts.input_tokens <= most;
        let otherwise = match action {
            _ if fits => String::new(),
            InputAction::Reject => ": it is refused".into(),
            InputAction::TrimOldest => ": its oldest turns are left out".into(),
            InputAction::Use(target) => format!(": it goes to {}", explainer.target_name(target)),
        };
        let text = format!("about {} of at most {}{otherwise}", facts.input_tokens, tokens_text(most));
        lines.answer(0, "input", text, fits);
        if !fits && action == InputAction::TrimOldest {
            let text = "instructions, the last that the user says and the last round stay; refused, if that still is too much";
            lines.say(1, "", text);
        }
        is_refused |= !fits && action == InputAction::Reject;
    }
    if let Some(most) = rules.turns {
        let fits = facts.messages <= most;
        let otherwise = if fits { "" } else { ": it is refused" };
        lines.answer(0, "turns", format!("{} of at most {most} messages{otherwise}", facts.messages), fits);
        is_refused |= !fits;
    }
    if let Some(most) = rules.body_bytes {
        let fits = request.body_bytes <= most;
        let otherwise = if fits { "" } else { ": it is refused" };
        let text = format!("{} of at most {}{otherwise}", size_text(request.body_bytes), size_text(most));
        lines.answer(0, "body", text, fits);
        is_refused |= !fits;
    }
    if let Some(most) = rules.cost_micro_dollars {
        let text = format!(
            "an attempt costs at most {}: its answer may have the tokens that are left",
            money_text(most)
        );
        lines.say(0, "cost", text);
    }
    if let Some(talk) = &rules.conversation {
        let (source, most) = (contract::source(&talk.by), contract::amounts(talk));
        let text = match &talk.by {
            ConversationSource::Header(name)
                if request.header(name).is_none_or(|id| id.trim().is_empty()) =>
            {
                format!("it has nothing in {source}, so it counts to no conversation")
            }
            ConversationSource::Header(_) => {
                format!("counts to the conversation in {source}, at most {most}")
            }
            ConversationSource::Metadata { .. } => {
                format!("counts to the conversation in {source}, at most {most}, where Envoy has set that")
            }
        };
        lines.say(0, "conversation", text);
    }
    if let Some(most) = rules.loops {
        let fits = facts.repeats <= most;
        let otherwise = if fits { "" } else { ": it is refused" };
        let text = format!(
            "the tool calls it ends with come {} in a row, at most {most} may{otherwise}",
            count(facts.repeats, "time")
        );
        lines.answer(0, "loops", text, fits);
        is_refused |= !fits;
    }
    for id in &route.limits {
        if let Some((label, text)) = limits::limit(explainer, *id) {
            lines.say(0, format!("limit {label}"), text);
        }
    }
    (lines.section("What must admit it"), is_refused)
}

/// Everything else that holds for this request.
fn holds(explainer: &Explainer<'_>, route: &Route, request: &Request) -> Section {
    let mut lines = Lines::default();
    if request.streams() {
        lines.say(0, "stream", format!("the answer {}", contract::stream(route.stream, route.malformed)));
        if route.retry.attempts > 1 {
            let longer = span(route.timeout.total.saturating_mul(10));
            let text = format!(
                "the first attempt streams, and so does one that follows a provider's error where the upstream half is \
                 installed; any other arrives as a whole, for which it has {longer}"
            );
            lines.say(1, "", text);
        }
    } else {
        lines.say(0, "stream", "no: the answer is one JSON object");
    }
    failures::timeout(&mut lines, route, &explainer.written, Some(request.streams()));
    failures::deadline(&mut lines, route);
    let header = route.deadline.as_ref().and_then(|deadline| deadline.header.as_ref());
    let own =
        header.and_then(|header| request.header(header)).and_then(|value| value.trim().parse::<u64>().ok());
    let deadline = own.map(Duration::from_millis);
    if let (Some(header), Some(deadline)) = (header, deadline) {
        lines.say(1, "", format!("the request's {} says {}", code(header), span(deadline)));
    }
    failures::hedge(&mut lines, route);
    match route.breaker.and_then(|id| explainer.policy.breakers.get(id.0)) {
        Some(breaker) => {
            let state = match breaker.force {
                Some(Forced::Open) => "held open: no target of this route is asked, the caller gets 503",
                Some(Forced::Closed) => "held closed: it keeps nothing back",
                None => {
                    "a target whose breaker is open is skipped; when all are open, the caller gets 503 at once"
                }
            };
            lines.say(0, "breaker", format!("{}: {state}", code(&breaker.name)));
            failures::breaker(&mut lines, 1, breaker, &explainer.written);
        }
        None => lines.say(0, "breaker", "none (default)"),
    }
    let most = request.facts().and_then(|facts| facts.max_tokens);
    let known = Bounded { stream: Some(request.streams()), max_tokens: most, deadline };
    bounds::lines(&mut lines, &explainer.policy, route, known);
    let also = [
        (route.cache.is_some(), "cache"),
        (route.output.as_ref().is_some_and(is_sampled), "output"),
        (route.idempotency.is_some(), "idempotency"),
        (!route.shadow.is_empty(), "shadow"),
        (route.trace.is_some(), "trace"),
    ];
    let also: Vec<String> = also.iter().filter(|(is, _)| *is).map(|(_, name)| code(name)).collect();
    if !also.is_empty() {
        let text =
            format!("{} of this route; the summary of the policy says what they do", list(&also, "and"));
        lines.say(0, "also holds", text);
    }
    lines.section(format!("What else holds in route {}", code(&route.name)))
}

//! What a request may use, and what else a route does, in words.

use super::Explainer;
use super::document::Lines;
use super::output::output;
use super::words::{code, count, list};
use crate::policy::{
    Contract, Conversation, ConversationSource, InputAction, Malformed, Route, Sticky, StreamMode, Vary,
};
use crate::vocabulary::{duration_text, factor_text, money_text, percent_text, size_text, tokens_text};

pub(super) fn contract(lines: &mut Lines, explainer: &Explainer<'_>, contract: &Contract) {
    let mut rules: Vec<(&str, String)> = Vec::new();
    if let Some((most, action)) = contract.input {
        let otherwise = match action {
            InputAction::Reject => "a longer one is refused".into(),
            InputAction::TrimOldest => "of a longer one the oldest turns are left out".into(),
            InputAction::Use(target) => format!("a longer one goes to {}", explainer.target_name(target)),
        };
        rules.push(("input", format!("a prompt has at most {}; {otherwise}", tokens_text(most))));
    }
    if let Some(most) = contract.output {
        let text =
            format!("an answer has at most {}: `max_tokens` is lowered to that, or set", tokens_text(most));
        rules.push(("output", text));
    }
    if let Some(most) = contract.cost_micro_dollars {
        rules
            .push(("cost", format!("one attempt costs at most {}, by its target's price: its answer may have the tokens that the prompt leaves", money_text(most))));
    }
    if let Some(most) = contract.turns {
        rules.push(("turns", format!("a request has at most {most} messages")));
    }
    if let Some(most) = contract.body_bytes {
        rules.push(("body", format!("a request's body has at most {}", size_text(most))));
    }
    if let Some(talk) = &contract.conversation {
        let mut text = format!(
            "the requests of a tenant with one value of {} come to at most {}; what is beyond is refused",
            source(&talk.by),
            amounts(talk)
        );
        if let Some(warn) = talk.warn_bp {
            text += &format!("; warns when {} of it is used", percent_text(warn));
        }
        rules.push(("conversation", text));
    }
    if let Some(most) = contract.loops {
        let times = if most == 1 { "time" } else { "times" };
        let text =
            format!("the same tool calls come at most {most} {times} in a row; one with more is refused");
        rules.push(("loops", text));
    }
    if let Some((percentile, most)) = contract.latency {
        let text =
            format!("tells when the p{percentile} of requests takes longer than {}", duration_text(most));
        rules.push(("latency", text));
    }
    if let Some(most) = contract.failover_cost {
        let text =
            format!("no target is used that costs more than {} what the first one costs", factor_text(most));
        rules.push(("failover", text));
    }
    if rules.is_empty() {
        return;
    }
    lines.say(
        0,
        "contract",
        "what one request may use; what doesn't fit is refused before it costs anything",
    );
    for (label, text) in rules {
        lines.say(1, label, text);
    }
}

/// What all requests of a conversation may use together.
pub(super) fn amounts(talk: &Conversation) -> String {
    let money = talk.micro_dollars.map(money_text);
    let requests = talk.requests.map(|most| count(most, "request"));
    list(&money.into_iter().chain(requests).collect::<Vec<_>>(), "and")
}

/// What names a conversation.
pub(super) fn source(by: &ConversationSource) -> String {
    match by {
        ConversationSource::Header(name) => format!("the header {}", code(name)),
        ConversationSource::Metadata { namespace, key } => {
            format!("the metadata {} of {}", code(key), code(namespace))
        }
    }
}

pub(super) fn stream(mode: StreamMode, malformed: Malformed) -> String {
    let after = match malformed {
        Malformed::End => "an event that can't be read ends it with an error",
        Malformed::Skip => "an event that can't be read is left out",
    };
    match mode {
        StreamMode::Complete => mode_text(mode).into(),
        _ => format!("{}; after that {after}", mode_text(mode)),
    }
}

fn mode_text(mode: StreamMode) -> &'static str {
    match mode {
        StreamMode::Live => {
            "goes to the caller as it comes; once its headers came, nothing can be rescued any more"
        }
        StreamMode::UntilCommit => {
            "is held back until its first token; an error before that can still be rescued"
        }
        StreamMode::Complete => "is held back until it is complete; any failure can still be rescued",
    }
}

pub(super) fn others(lines: &mut Lines, explainer: &Explainer<'_>, route: &Route) {
    let mark = explainer.written.mark("route", &route.name, "stream");
    lines.say(0, "stream", format!("{}{mark}", stream(route.stream, route.malformed)));
    contract(lines, explainer, &route.contract);
    if let Some(rules) = &route.output {
        output(lines, explainer, route, rules);
    }
    if let Some(cache) = &route.cache {
        let vary: Vec<String> = cache.vary.iter().map(vary).collect();
        let vary = if vary.is_empty() { String::new() } else { format!(" and {}", list(&vary, "and")) };
        let stale = cache.stale.map(|stale| {
            format!("; when every target has failed, an older one too, for {} more", duration_text(stale))
        });
        let fresh = duration_text(cache.fresh);
        lines.say(
            0,
            "cache",
            format!(
                "an answer is used again for {fresh}, for the same request of the same tenant{vary}{}",
                stale.unwrap_or_default()
            ),
        );
    }
    if let Some(idempotency) = &route.idempotency {
        let (header, keep) = (code(&idempotency.header), duration_text(idempotency.keep));
        lines.say(
            0,
            "idempotency",
            format!("a request with a value of the header {header} that was answered within {keep} gets that answer again"),
        );
    }
    for (target, part) in &route.shadow {
        let (share, target) = (percent_text(*part), explainer.target_name(*target));
        lines.say(
            0,
            "shadow",
            format!("{share} of the requests are copied to {target}, whose answers are thrown away"),
        );
    }
    if let Some(canary) = route.canary {
        let sticky = match canary.sticky {
            Some(Sticky::Tenant) => ", always the same tenants",
            Some(Sticky::Conversation) => ", always the same conversations",
            None => "",
        };
        let (share, target) = (percent_text(canary.share_bp), explainer.target_name(canary.target));
        lines.say(0, "canary", format!("{share} of the requests go to {target} first{sticky}"));
    }
    if let Some(trace) = &route.trace {
        let version = trace.prompt_version.as_ref();
        let version =
            version.map(|header| format!("; the prompt's version is read from the header {}", code(header)));
        let share = percent_text(trace.share_bp);
        lines.say(
            0,
            "trace",
            format!("{share} of the requests are recorded for OpenTelemetry{}", version.unwrap_or_default()),
        );
    }
}

fn vary(vary: &Vary) -> String {
    match vary {
        Vary::Header(name) => format!("the same header {}", code(name)),
        Vary::PromptVersion => "the same prompt version".into(),
    }
}

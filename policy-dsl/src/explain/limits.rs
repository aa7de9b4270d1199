//! Who calls, and how much they may use, in words.

use super::document::Lines;
use super::words::{amount, code, count, list, quoted};
use super::{Explainer, Section};
use crate::policy::{Amount, Anomaly, Limit, LimitId, Scope, TenantSource};
use crate::vocabulary::{duration_text, factor_text, percent_text};

pub(super) fn limit(explainer: &Explainer<'_>, id: LimitId) -> Option<(String, String)> {
    let limit = explainer.policy.limits.get(id.0)?;
    Some((code(&limit.name), text(explainer, limit)))
}

fn text(explainer: &Explainer<'_>, limit: &Limit) -> String {
    let who = match limit.scope {
        Scope::Global => "for all requests together".into(),
        Scope::Tenant => "for each tenant".into(),
        Scope::Tier => "for each tier".into(),
        Scope::Route => "for each route".into(),
        Scope::Target => "for each target".into(),
        Scope::Group(group) => {
            let group = explainer.policy.groups.get(group.0).map_or("?", |group| &*group.name);
            format!("for the targets of group {} together", code(group))
        }
    };
    let mark = |word| explainer.written.mark("limit", &limit.name, word);
    let mut text = format!("{} {who}", amount(limit.amount));
    if matches!(limit.amount, Amount::Tokens { .. } | Amount::Requests { .. }) {
        text += &format!(
            ", {} of it at once beyond the even flow{}",
            percent_text(limit.burst_bp),
            mark("burst")
        );
    }
    text += &match (limit.observe, limit.wait) {
        (true, _) => "; only counted, nothing is refused".into(),
        (false, None) => "; beyond it a request is refused at once (default)".into(),
        (false, Some(wait)) => {
            let queue = count(limit.queue, "request");
            let verb = if limit.queue == 1 { "waits" } else { "wait" };
            format!(
                "; beyond it up to {queue}{} {verb} in line, for at most {}, and others are refused",
                mark("queue"),
                duration_text(wait)
            )
        }
    };
    if let Some(warn) = limit.warn_bp {
        text += &format!("; warns when {} of it is used", percent_text(warn));
    }
    if let Some(Anomaly { above_baseline_hundredths, window }) = limit.anomaly {
        text += &format!(
            "; warns when more than {} of what is usual is used in {}",
            factor_text(above_baseline_hundredths),
            duration_text(window)
        );
    }
    if let Some(service) = &limit.service {
        text += &format!(
            "; counted by the rate limit service behind cluster {}, and by this proxy while that is away",
            quoted(service)
        );
    }
    text
}

/// The callers, when the policy tells them apart.
pub(super) fn callers(explainer: &Explainer<'_>) -> Option<Section> {
    let policy = &explainer.policy;
    let mut lines = Lines::default();
    if !policy.tenant.is_empty() {
        let sources: Vec<String> = policy.tenant.iter().map(source).collect();
        let first = if sources.len() > 1 { ", whichever is present first" } else { "" };
        lines.say(0, "tenant", format!("named by {}{first}; otherwise `anonymous`", list(&sources, "or")));
        for source in &policy.tenant {
            if let TenantSource::Header { name, trusted: false } = source {
                lines.caution(
                    1,
                    "",
                    format!("callers can write what they like into `{name}`: it isn't declared `trusted`"),
                );
            }
        }
    }
    for tier in &policy.tiers {
        let mut who: Vec<String> = tier.tenants.iter().map(|tenant| quoted(tenant)).collect();
        if tier.is_default {
            who.push("everybody whom no other tier names".into());
        }
        let who = if who.is_empty() { "nobody".into() } else { list(&who, "and") };
        let mark = |word| explainer.written.mark("tier", &tier.name, word);
        let (priority, weight) = (mark("priority"), mark("weight"));
        lines.say(
            0,
            format!("tier {}", code(&tier.name)),
            format!("{who}; priority {}{priority}, weight {}{weight}", tier.priority, tier.weight),
        );
    }
    for group in &policy.groups {
        let members: Vec<String> = group.members.iter().map(|id| explainer.target_name(*id)).collect();
        lines.say(0, format!("group {}", code(&group.name)), list(&members, "and"));
    }
    (!lines.is_empty()).then(|| lines.section("Tenants, tiers and groups"))
}

pub(super) fn source(source: &TenantSource) -> String {
    match source {
        TenantSource::Jwt { claim } => format!("the claim {} of the verified token", quoted(claim)),
        TenantSource::Header { name, .. } => format!("the header {}", code(name)),
        TenantSource::San => "the name in the client's certificate".into(),
        TenantSource::ApiKey => "the API key it sends".into(),
    }
}

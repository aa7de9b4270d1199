//! What conditions ask of a request that is explained, and who its caller is.

use super::request::Request;
use super::secrets::{HIDDEN, is_sensitive};
use crate::condition::{Facts, FlagName, NumberName, TextName};
use crate::policy::{Policy, Route, TenantSource};

pub(super) struct Known<'r> {
    request: &'r Request,
    tenant: &'r str,
    tier: &'r str,
    prompt_version: &'r str,
    /// Shows nothing that could be a secret, instead of what is there.
    hides: bool,
}

impl<'r> Known<'r> {
    pub(super) fn new(policy: &'r Policy, route: &Route, request: &'r Request) -> Self {
        let tenant = tenant(policy, request);
        let version = route.trace.as_ref().and_then(|trace| trace.prompt_version.as_ref());
        let prompt_version = version.and_then(|header| request.header(header)).unwrap_or_default();
        Self { request, tenant, tier: tier(policy, tenant), prompt_version, hides: false }
    }

    /// The same, fit to be shown.
    pub(super) fn hiding(self, policy: &'r Policy, route: &Route) -> Self {
        let version = route.trace.as_ref().and_then(|trace| trace.prompt_version.as_ref());
        let is_hidden = version.is_some_and(|header| is_sensitive(header)) && !self.prompt_version.is_empty();
        let prompt_version = if is_hidden { HIDDEN } else { self.prompt_version };
        Self { tenant: shown_tenant(policy, self.request), prompt_version, hides: true, ..self }
    }
}

/// The caller's name, and the header it comes from; `anonymous` when no source of the policy has one.
fn named<'r>(policy: &'r Policy, request: &'r Request) -> (&'r str, Option<&'r str>) {
    let from_headers = policy.tenant.iter().find_map(|source| match source {
        TenantSource::Header { name, .. } => Some((request.header(name)?, Some(name.as_str()))),
        _ => None,
    });
    let told = request.tenant.as_deref().map(|tenant| (tenant, None));
    told.or(from_headers).unwrap_or(("anonymous", None))
}

/// The caller's name.
pub(super) fn tenant<'r>(policy: &'r Policy, request: &'r Request) -> &'r str {
    named(policy, request).0
}

/// The caller's name, unless it is read from where credentials may stand.
pub(super) fn shown_tenant<'r>(policy: &'r Policy, request: &'r Request) -> &'r str {
    let (tenant, header) = named(policy, request);
    if header.is_some_and(is_sensitive) { HIDDEN } else { tenant }
}

/// The tier of a tenant; empty when none takes it.
pub(super) fn tier<'p>(policy: &'p Policy, tenant: &str) -> &'p str {
    let named = policy.tiers.iter().find(|tier| tier.tenants.iter().any(|name| name == tenant));
    let tier = named.or_else(|| policy.tiers.iter().find(|tier| tier.is_default));
    tier.map_or("", |tier| &tier.name)
}

impl Facts for Known<'_> {
    fn text(&self, name: TextName) -> &str {
        match name {
            TextName::Model => {
                self.request.facts().and_then(|facts| facts.model.as_deref()).unwrap_or_default()
            }
            TextName::Path => self.request.bare_path(),
            TextName::Method => &self.request.method,
            TextName::Tenant => self.tenant,
            TextName::Tier => self.tier,
            TextName::PromptVersion => self.prompt_version,
        }
    }

    fn number(&self, name: NumberName) -> i64 {
        let facts = self.request.facts();
        let number = match name {
            NumberName::InputTokens => facts.map_or(0, |facts| facts.input_tokens),
            NumberName::MaxOutputTokens => facts.and_then(|facts| facts.max_tokens).unwrap_or_default(),
            NumberName::Turns => facts.map_or(0, |facts| u64::from(facts.messages)),
            NumberName::Hour => u64::from(self.request.hour.min(23)),
            NumberName::Tools => facts.map_or(0, |facts| u64::from(facts.tool_count)),
        };
        i64::try_from(number).unwrap_or(i64::MAX)
    }

    fn flag(&self, name: FlagName) -> bool {
        match name {
            FlagName::Stream => self.request.streams(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        // The filter's own: nobody may send them.
        if name.starts_with("x-seawall-") {
            return None;
        }
        let value = self.request.header(name)?;
        Some(if self.hides && is_sensitive(name) { HIDDEN } else { value })
    }

    fn has_tool(&self, name: &str) -> bool {
        self.request.facts().is_some_and(|facts| facts.tools.iter().any(|tool| tool == name))
    }
}

//! Who calls: names that callers can choose, and answers that are kept for the wrong ones.

use super::{Judged, Resolved};
use crate::ast::{File, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::span::Span;
use crate::suggest::{did_you_mean, nearest};
use crate::token::quote;

pub(super) fn check(file: &File<'_>, resolved: &Resolved<'_>, sink: &mut Sink) {
    for tenant in file.policy.all("tenant") {
        let Some(Value::List(sources)) = tenant.values.first() else { continue };
        for source in sources {
            let [Value::Word("header"), Value::Text(header), Value::Absent] = &source.values[..] else {
                continue;
            };
            let message = ["callers can set the header `", header, "` and be any tenant"].concat();
            let found = Diagnostic::new(Code::ForgeableTenant, source.span, message);
            let help =
                "when something in front of this proxy sets or strips it, say so: write `trusted` behind it";
            // Whether it may be trusted is not for a program to say, so this is no fix.
            sink.push(found.with_help(help));
        }
    }
    if let Some(auth) = own_auth(file, resolved) {
        unverified_keys(file, auth, sink);
    }
    for tier in file.policy.all("tier") {
        let nobody = |block: &crate::ast::Block<'_>| !block.has("tenants") && !block.has("default");
        if tier.block().is_some_and(nobody) {
            let found = Diagnostic::new(Code::NoEffect, tier.name_span(), "nobody is in this tier");
            sink.push(found.with_help("name its `tenants`, or make it the `default`"));
        }
    }
}

/// Where the first target has credentials of its own.
fn own_auth(file: &File<'_>, resolved: &Resolved<'_>) -> Option<Span> {
    let names = file.policy.all("target").filter_map(|target| target.name());
    names.filter_map(|name| resolved.targets.statement(name.text, "auth")).map(|auth| auth.span).next()
}

/// Keys tell tenants apart that are thrown away before any provider could refuse a wrong one.
fn unverified_keys(file: &File<'_>, auth: Span, sink: &mut Sink) {
    for tenant in file.policy.all("tenant") {
        let Some(Value::List(sources)) = tenant.values.first() else { continue };
        for source in sources {
            let [Value::Word("api_key"), Value::Absent] = &source.values[..] else { continue };
            let message = "callers can make up keys and be any number of tenants: no provider verifies them";
            let found = Diagnostic::new(Code::ForgeableTenant, source.span, message);
            let help =
                "when something in front of this proxy verifies keys, say so: write `trusted` behind it";
            sink.push(found.with_related(auth, "this is sent in their place").with_help(help));
        }
    }
}

/// `like` takes over credentials as well, and those of one provider are nothing to another.
pub(super) fn credentials(file: &File<'_>, resolved: &Resolved<'_>, sink: &mut Sink) {
    for target in file.policy.all("target") {
        let (Some(block), Some(name)) = (target.block(), target.name()) else { continue };
        let (Some(like), Some(own)) = (block.all("like").next(), block.all("provider").next()) else {
            continue;
        };
        let Some(Value::Name(_, model)) = like.values.first() else { continue };
        let provider = |provider: &Statement<'_>| match provider.values[..] {
            [Value::Word(word)] => Some(word),
            _ => None,
        };
        let theirs = resolved.targets.statement(model.text, "provider").and_then(provider);
        let (Some(auth), Some(theirs)) = (resolved.targets.statement(name.text, "auth"), theirs) else {
            continue;
        };
        if block.has("auth") || provider(own) == Some(theirs) {
            continue;
        }
        let message = ["the credentials for `", theirs, "` are sent to another provider"].concat();
        let found = Diagnostic::new(Code::ForeignCredentials, own.span, message);
        let help = ["`", name.text, "` is like `", model.text, "`, its `auth` included: write its own"];
        sink.push(found.with_related(auth.span, "these").with_help(help.concat()));
    }
}

/// Names of tiers that no tier has: to a condition they are plain text.
fn tiers(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let Some(when) = &judged.route.when else { return };
    when.tiers(&mut |name, span| {
        let known = || judged.policy.tiers.iter().map(|tier| tier.name.as_str());
        // Without a tier it is empty.
        if name.is_empty() || known().any(|tier| tier == name) || sink.is_full() {
            return;
        }
        let found = Diagnostic::new(Code::NoEffect, span, ["no tier is called ", &quote(name)].concat());
        sink.push(match nearest(name, known()) {
            Some(meant) => found.with_help(did_you_mean(meant)),
            None => found.with_help("define it with its `tenants`, or compare with another one"),
        });
    });
}

pub(super) fn check_route(judged: &Judged<'_, '_>, sink: &mut Sink) {
    tiers(judged, sink);
    if judged.route.cache.is_none() || !judged.policy.tenant.is_empty() {
        return;
    }
    let message = "without `tenant by` every caller gets the answers of every other from this cache";
    let span = judged
        .block
        .all("cache")
        .next()
        .map_or(judged.written.name_span(), |cache: &Statement<'_>| cache.word);
    let found = Diagnostic::new(Code::SharedCache, span, message);
    sink.push(found.with_help("say who calls, for example `tenant by jwt \"sub\"`, or remove the cache"));
}

//! What is changed in a request for one target.

use super::document::Lines;
use super::request::Request;
use super::secrets::is_sensitive;
use super::words::{code, list, quoted};
use super::{plan, target};
use crate::policy::{Auth, CREDENTIAL_HEADERS, Overrides, Route, Target, fit};

pub(super) fn lines(
    lines: &mut Lines,
    depth: u8,
    route: &Route,
    place: (&Target, &Overrides),
    request: &Request,
) {
    let (to, overrides) = place;
    model(lines, depth, overrides.model.as_ref().or(to.model.as_ref()), request);
    most_tokens(lines, depth, route, place, request);
    if let Some(temperature) = overrides.temperature {
        lines.say(depth, "temperature", format!("becomes {}", plan::decimal(temperature)));
    }
    match &to.host {
        Some(host) => lines.say(depth, ":authority", format!("becomes {}", quoted(host))),
        None => lines.say(depth, ":authority", "stays the caller's"),
    }
    match overrides.path.as_ref().or(to.path.as_ref()) {
        Some(path) => {
            let query = if request.path.contains('?') { "; the caller's query is dropped" } else { "" };
            lines.say(depth, ":path", format!("becomes {}{query}", quoted(path)));
        }
        None => lines.say(depth, ":path", "stays the caller's"),
    }
    credentials(lines, depth, to, request);
    for (name, value) in &overrides.headers {
        lines.say(depth, code(name), format!("becomes {}", quoted(value)));
    }
}

fn model(lines: &mut Lines, depth: u8, wanted: Option<&String>, request: &Request) {
    let Some(wanted) = wanted else { return lines.say(depth, "model", "stays the caller's") };
    let text = match request.facts() {
        None => "stays as it is: the body isn't read as JSON".into(),
        Some(facts) => match &facts.model {
            Some(model) if model == wanted => format!("is {} already", quoted(model)),
            Some(model) => format!("{} becomes {}", quoted(model), quoted(wanted)),
            None => format!("is missing, and becomes {}", quoted(wanted)),
        },
    };
    lines.say(depth, "model", text);
}

/// Most tokens that the policy lets an answer have, but for what it may cost.
pub(super) fn bound(route: &Route, overrides: &Overrides) -> Option<u64> {
    [route.contract.output, overrides.max_tokens.map(u64::from)].into_iter().flatten().min()
}

/// Most tokens of the answer that may be paid for, if anything bounds that; what the prompt costs, where nothing is left.
pub(super) fn affordable(
    route: &Route,
    (to, overrides): (&Target, &Overrides),
    request: &Request,
) -> Result<Option<u64>, u64> {
    let (Some(most), Some(price)) = (route.contract.cost_micro_dollars, to.price) else { return Ok(None) };
    let own = request.facts().and_then(|facts| facts.max_tokens);
    let asked = [own, bound(route, overrides)].into_iter().flatten().min();
    fit::affordable(most, price, request.input_tokens(), asked)
}

fn most_tokens(lines: &mut Lines, depth: u8, route: &Route, place: (&Target, &Overrides), request: &Request) {
    let bounds = [bound(route, place.1), affordable(route, place, request).unwrap_or_default()];
    let (Some(most), Some(facts)) = (bounds.into_iter().flatten().min(), request.facts()) else { return };
    let text = match facts.max_tokens {
        Some(own) if own <= most => format!("stays {own}"),
        Some(own) => format!("{own} becomes {most}"),
        None => format!("is missing, and becomes {most}"),
    };
    lines.say(depth, "max_tokens", text);
}

fn credentials(lines: &mut Lines, depth: u8, to: &Target, request: &Request) {
    let replaced = match &to.auth {
        Some(Auth::Bearer(_)) => Some("authorization"),
        Some(Auth::Header { name, .. }) => Some(name.as_str()),
        None => None,
    };
    if let (Some(auth), Some(name)) = (&to.auth, replaced) {
        let what = if request.header(name).is_some() { "; replaces the caller's" } else { "" };
        lines.say(depth, "credentials", format!("{}{what}", target::auth(auth)));
    }
    let is_left_out =
        |name: &str| replaced.is_some() && replaced != Some(name) && CREDENTIAL_HEADERS.contains(&name);
    let left_out =
        CREDENTIAL_HEADERS.iter().filter(|name| is_left_out(name) && request.header(name).is_some());
    let left_out: Vec<String> = left_out.map(|name| code(name)).collect();
    if !left_out.is_empty() {
        lines.say(depth, "", format!("the caller's {} is left out", list(&left_out, "and")));
    }
    let names = request.headers.iter().map(|(name, _)| name);
    let mut kept: Vec<String> = names
        .filter(|name| is_sensitive(name) && Some(name.as_str()) != replaced && !is_left_out(name))
        .map(|name| code(name))
        .collect();
    kept.dedup();
    match (kept.is_empty(), replaced) {
        (true, None) => {
            lines.say(depth, "credentials", "none: the caller sends none, and the target has none")
        }
        (true, Some(_)) => {}
        (false, None) => lines.say(
            depth,
            "credentials",
            format!("the caller's go to this provider: {}", list(&kept, "and")),
        ),
        (false, Some(_)) => lines.caution(
            depth,
            "",
            format!(
                "the caller's {} goes to this provider too: only {} is replaced",
                list(&kept, "and"),
                code(replaced.unwrap_or_default())
            ),
        ),
    }
}

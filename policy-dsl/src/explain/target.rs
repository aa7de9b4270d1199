//! Targets in words.

use super::document::Lines;
use super::words::{amount, code, list, provider, quoted};
use crate::policy::{Auth, Target};
use crate::vocabulary::{money_text, tokens_text};

/// Where it leads, in one line.
pub(super) fn place(target: &Target) -> String {
    let Target { cluster, provider: dialect, model, .. } = target;
    let model = model.as_ref().map(|model| format!(", as model {}", quoted(model))).unwrap_or_default();
    format!("cluster {}, {}{model}", quoted(cluster), provider(*dialect))
}

pub(super) fn auth(auth: &Auth) -> String {
    match auth {
        Auth::Bearer(variable) => {
            format!("`authorization: Bearer …`, from the environment variable {}", code(&variable.name))
        }
        Auth::Header { name, value } => {
            format!("`{name}: …`, from the environment variable {}", code(&value.name))
        }
    }
}

/// Everything about it.
pub(super) fn all(lines: &mut Lines, target: &Target) {
    lines.say(
        0,
        code(&target.name),
        format!("cluster {}, speaks {}", quoted(&target.cluster), provider(target.provider)),
    );
    let or_callers = |text: &Option<String>| match text {
        Some(text) => quoted(text),
        None => "the caller's (default)".into(),
    };
    lines.say(1, "host", or_callers(&target.host));
    lines.say(1, "path", or_callers(&target.path));
    let credentials = target.auth.as_ref().map_or_else(|| "the caller's (default)".into(), auth);
    lines.say(1, "credentials", credentials);
    lines.say(1, "model", or_callers(&target.model));
    if let Some(context) = target.context {
        lines.say(1, "context", format!("{}, prompt and answer together", tokens_text(context)));
    }
    if let Some(price) = target.price {
        let cached = if price.cached == price.input {
            String::new()
        } else {
            format!(", {} of the cached part of it", money_text(price.cached))
        };
        let (input, output) = (money_text(price.input), money_text(price.output));
        lines.say(
            1,
            "price",
            format!("per 1M tokens: {input} of the prompt{cached}, {output} of the answer"),
        );
    }
    if !target.quota.is_empty() {
        let quota: Vec<String> = target.quota.iter().map(|granted| amount(*granted)).collect();
        lines.say(1, "quota", format!("{}; when that is used up, it is skipped", list(&quota, "and")));
    }
    if !target.lacks.is_empty() {
        let lacks: Vec<String> = target.lacks.iter().map(|lacked| code(lacked.word())).collect();
        let text = format!("{}; a request that needs one of these isn't sent here", list(&lacks, "and"));
        lines.say(1, "lacks", text);
    }
}

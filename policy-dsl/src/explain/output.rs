//! What an answer must be like, in words.

use super::Explainer;
use super::document::Lines;
use super::sampling::sampling;
use super::words::quoted;
use crate::policy::{Document, InvalidAction, Output};

pub(super) fn output(lines: &mut Lines, explainer: &Explainer<'_>, route: &str, output: &Output) {
    lines.say(0, "output", "what an answer must be like");
    match &output.schema {
        Some(Document::File(file)) => {
            lines.say(1, "schema", format!("it fits the JSON Schema in the file {}", quoted(file)))
        }
        Some(Document::Inline(_)) => {
            lines.say(1, "schema", "it fits the JSON Schema that is written in the policy")
        }
        None => {}
    }
    for pattern in &output.deny {
        lines.say(1, "deny", format!("`/{pattern}/` isn't found in it"));
    }
    for pattern in &output.require {
        lines.say(1, "require", format!("`/{pattern}/` is found in it"));
    }
    let actions: Vec<String> = output.invalid.iter().map(|action| invalid(*action)).collect();
    let mark = explainer.written.mark("output", route, "invalid");
    lines.say(1, "invalid", format!("one that doesn't fit is {}{mark}", actions.join(", then ")));
    sampling(lines, explainer, output);
}

fn invalid(action: InvalidAction) -> String {
    match action {
        InvalidAction::Repair => "repaired if that can be done".into(),
        InvalidAction::Retry(1) => "asked for once more".into(),
        InvalidAction::Retry(times) => format!("asked for up to {times} times more"),
        InvalidAction::FailOver => "asked of the next target".into(),
        InvalidAction::Reject => "refused".into(),
        InvalidAction::Pass => "passed on all the same".into(),
    }
}

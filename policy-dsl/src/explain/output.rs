//! What an answer must be like, in words.

use super::Explainer;
use super::document::Lines;
use super::sampling::sampling;
use super::words::{code, count, list, quoted};
use crate::policy::{Document, FinishWord, InvalidAction, Languages, Output, Route, StreamMode};
use crate::vocabulary::{LANGUAGES, characters_text};

pub(super) fn output(lines: &mut Lines, explainer: &Explainer<'_>, route: &Route, output: &Output) {
    lines.say(0, "output", "what an answer must be like");
    rules(lines, 1, output);
    let actions: Vec<String> = output.invalid.iter().map(|action| invalid(*action)).collect();
    let mark = explainer.written.mark("output", &route.name, "invalid");
    lines.say(1, "invalid", format!("one that doesn't fit is {}{mark}", actions.join(", then ")));
    lines.say(1, "streams", streams(route.stream, output.ends_hopeless));
    sampling(lines, explainer, output);
}

/// Each rule that an answer can break.
pub(super) fn rules(lines: &mut Lines, depth: u8, output: &Output) {
    let mut say = |label: &str, text: String| lines.say(depth, label, text);
    match &output.schema {
        Some(Document::File(file)) => {
            say("schema", format!("it fits the JSON Schema in the file {}", quoted(file)));
        }
        Some(Document::Inline(_)) => {
            say("schema", "it fits the JSON Schema that is written in the policy".into())
        }
        None => {}
    }
    if output.schema_from_request {
        let text = "it fits the schema of the request's format, and its calls those of the request's tools, whatever the model";
        say("schema", text.into());
    }
    for pattern in &output.deny {
        say("deny", format!("`/{pattern}/` isn't found in it"));
    }
    for pattern in &output.require {
        say("require", format!("`/{pattern}/` is found in it"));
    }
    if !output.fields.is_empty() {
        let fields: Vec<String> = output.fields.iter().map(|field| code(field)).collect();
        say("fields", format!("its JSON has no members but {}", list(&fields, "and")));
    }
    if let Some(least) = output.least_characters {
        say("length", format!("it has at least {}", characters_text(least)));
    }
    if let Some(most) = output.most_characters {
        say("length", format!("it has at most {}", characters_text(most)));
    }
    match &output.language {
        Some(Languages::OfRequest) => {
            say("language", "it is in the language in which the user has asked last".into());
        }
        Some(Languages::Listed(codes)) => {
            let name =
                |code: &String| LANGUAGES.iter().find(|(known, _)| known == code).map(|(_, name)| *name);
            let names: Vec<&str> = codes.iter().filter_map(name).collect();
            say("language", format!("it is in {}", list(&names, "or")));
        }
        None => {}
    }
    if !output.finish.is_empty() {
        let ends: Vec<&str> = output.finish.iter().map(|end| finish(*end)).collect();
        say("finish", format!("it ends because the model {}", list(&ends, "or")));
    }
    if output.denies_refusals {
        say("refusals", "it is no refusal".into());
    }
    if output.tools_declared {
        say("tools", "it calls only tools that the request declares, with arguments that are JSON".into());
    }
    if let Some(most) = output.repeats {
        say("repeats", format!("no passage of it follows itself more than {}", count(most, "time")));
    }
}

fn finish(end: FinishWord) -> &'static str {
    match end {
        FinishWord::Stop => "was done",
        FinishWord::Length => "had written all that it may",
        FinishWord::ToolCalls => "calls tools",
        FinishWord::Refused => "declined",
        FinishWord::Other => "stopped for another reason",
    }
}

fn invalid(action: InvalidAction) -> String {
    match action {
        InvalidAction::Repair => "repaired if that can be done".into(),
        InvalidAction::Retry(1) => "asked for once more, with what was wrong".into(),
        InvalidAction::Retry(times) => format!("asked for up to {times} times more, with what was wrong"),
        InvalidAction::FailOver => "asked of the next target".into(),
        InvalidAction::Reject => "refused".into(),
        InvalidAction::Pass => "passed on all the same, and marked".into(),
    }
}

/// When a stream is held to it.
pub(super) fn streams(mode: StreamMode, ends_hopeless: bool) -> String {
    if mode == StreamMode::Complete {
        return "a streamed answer is checked before any of it is delivered".into();
    }
    let hopeless = if ends_hopeless {
        "one that can't become valid any more is ended with an error"
    } else {
        "it goes on also when it can't become valid any more"
    };
    format!("a streamed answer is checked while it is delivered, which is counted; {hopeless}")
}

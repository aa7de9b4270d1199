//! What of an answer is judged, in the dialects of OpenAI (chat completions, responses, completions) and Anthropic.

use serde_json::Value;

/// A model's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// There is one at all.
    pub(super) is_there: bool,
    pub(super) text: String,
    /// Names of the tools that it calls.
    pub(super) tools: Vec<String>,
    pub(super) finish: Option<String>,
    /// Tokens of the prompt and the answer, as the provider says.
    pub(super) usage: Option<(u64, u64)>,
}

impl Answer {
    pub(super) fn read(body: &Value) -> Self {
        let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mut answer = Self { usage: usage(body), ..Self::default() };
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(message) = body.pointer("/choices/0/message") {
            answer.is_there = message.is_object();
            answer.text = message.get("content").map(text).unwrap_or_default();
            answer.finish = at("/choices/0/finish_reason");
            for call in list(message.get("tool_calls")) {
                answer.tools.extend(name(call.get("function").unwrap_or(&Value::Null)));
            }
        } else if let Some(completed) = at("/choices/0/text") {
            (answer.is_there, answer.text, answer.finish) = (true, completed, at("/choices/0/finish_reason"));
        } else if let Some(output) = body.get("output") {
            answer.finish = at("/incomplete_details/reason").or_else(|| at("/status"));
            for item in list(Some(output)) {
                answer.is_there = true;
                match item.get("type").and_then(Value::as_str) {
                    Some("function_call") => answer.tools.extend(name(&item)),
                    // What a model thinks (`reasoning`) is no part of what it says.
                    Some("message") => answer.text += &item.get("content").map(text).unwrap_or_default(),
                    _ => {}
                }
            }
        } else if let Some(content) = body.get("content") {
            answer.text = text(content);
            answer.finish = at("/stop_reason");
            let calls = list(Some(content));
            answer.is_there = !calls.is_empty();
            let calls = calls.iter().filter(|block| block.get("type").is_some_and(|kind| kind == "tool_use"));
            answer.tools = calls.filter_map(name).collect();
        }
        answer
    }
}

fn name(of: &Value) -> Option<String> {
    of.get("name").and_then(Value::as_str).map(str::to_owned)
}

/// A text, or the texts of its parts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect()
        }
        _ => String::new(),
    }
}

fn usage(body: &Value) -> Option<(u64, u64)> {
    let usage = body.get("usage")?;
    let either = |one: &str, other: &str| usage.get(one).or_else(|| usage.get(other)).and_then(Value::as_u64);
    either("prompt_tokens", "input_tokens").zip(either("completion_tokens", "output_tokens"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_answer_is_read_in_each_dialect() {
        let usage = json!({ "input_tokens": 3, "output_tokens": 2 });
        let chat = json!({ "choices": [{ "finish_reason": "stop", "message": { "content": "Paris",
            "tool_calls": [{ "function": { "name": "look", "arguments": "{}" } }] } }],
            "usage": { "prompt_tokens": 3, "completion_tokens": 2 } });
        let responses = json!({ "status": "stop", "usage": usage, "output": [
            { "type": "reasoning", "content": [{ "type": "reasoning_text", "text": "Rome? No." }] },
            { "type": "function_call", "name": "look" },
            { "type": "message", "content": [{ "type": "output_text", "text": "Par" }, { "type": "output_text", "text": "is" }] }] });
        let anthropic = json!({ "stop_reason": "stop", "usage": usage, "content": [
            { "type": "text", "text": "Paris" }, { "type": "tool_use", "name": "look" }] });
        let wanted = Answer {
            is_there: true,
            text: "Paris".into(),
            tools: vec!["look".into()],
            finish: Some("stop".into()),
            usage: Some((3, 2)),
        };
        for body in [chat, responses, anthropic] {
            assert_eq!(Answer::read(&body), wanted);
        }
        let completed = Answer::read(&json!({ "choices": [{ "text": "Paris", "finish_reason": "stop" }] }));
        assert_eq!((completed.is_there, completed.text.as_str()), (true, "Paris"));
        for none in [
            json!(null),
            json!({}),
            json!({ "error": {} }),
            json!({ "choices": [] }),
            json!({ "choices": [{}] }),
            json!({ "output": [] }),
            json!({ "content": [] }),
        ] {
            assert!(!Answer::read(&none).is_there, "{none}");
        }
    }
}

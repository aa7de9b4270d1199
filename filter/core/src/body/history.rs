//! Who says what in a conversation, and which answers of tools belong to which calls: what must be known to leave a part of it
//! out. The dialects' members have different names for the same things, and no name stands for two, so one table serves all.
//!
//! | | a call of a tool | its result |
//! |---|---|---|
//! | chat completions | `tool_calls[].id`, `function_call` | `tool_call_id`; role `tool`, `function` |
//! | Responses | items of a type that ends with `_call`, by `call_id` or `id` | types that end with `_call_output`, by `call_id` |
//! | Anthropic | `tool_use` blocks, by `id` | `tool_result` blocks, by `tool_use_id` |
//! | Gemini | `functionCall` parts, by `id` if they have one | `functionResponse` parts |
//! | Bedrock | `toolUse` blocks, by `toolUseId` | `toolResult` blocks |
//!
//! Sources: OpenAI's "Create chat completion" and "Create a response", Anthropic's "Messages", Gemini's `Content`, Bedrock's
//! `Message`.

use super::scan::text_of;
use super::walk::{elements, members};
use crate::hash::fnv1a;

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// Instructions of the application: `system`, `developer`.
    Instruction,
    User,
    /// The model, also where it calls tools or thinks.
    Model,
    /// Results of tools.
    Tool {
        /// With words of the user's beside them.
        has_words: bool,
    },
}

/// A call of a tool, or its result, by a hash of the name that joins them. Two names with one hash only keep more together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) hash: u32,
    /// The number of its message.
    pub(crate) message: usize,
    pub(crate) is_call: bool,
}

/// Reads one message; its calls and results are added to `links`.
pub(crate) fn speaker(json: &[u8], message: usize, links: &mut Vec<Link>) -> Speaker {
    let [kind, role, call_id, id, tool_call_id, tool_calls, content, parts, approval] = members(
        json,
        [
            b"type",
            b"role",
            b"call_id",
            b"id",
            b"tool_call_id",
            b"tool_calls",
            b"content",
            b"parts",
            b"approval_request_id",
        ],
    );
    let (kind, role) = (kind.and_then(text_of), role.and_then(text_of));
    let mut link = |name: Option<&[u8]>, is_call| {
        let name = name.and_then(text_of);
        links.extend(name.map(|name| Link { hash: fnv1a(name.bytes()), message, is_call }));
    };
    match (role.as_deref(), kind.as_deref()) {
        // What was said before, in short.
        (None, Some("compaction")) => return Speaker::Instruction,
        (Some("system" | "developer"), _) => return Speaker::Instruction,
        (None, Some(kind)) if kind.ends_with("_output") || kind == "mcp_approval_response" => {
            link(call_id.or(approval).or(id), false);
            return Speaker::Tool { has_words: false };
        }
        (None, Some(kind)) if kind != "message" => {
            link(call_id, true);
            link(id, true);
            return Speaker::Model;
        }
        // A reference to an item, of which the kind may be left out.
        (None, None) if content.or(parts).or(tool_calls).is_none() => {
            link(id, true);
            return Speaker::Model;
        }
        _ => {}
    }
    // Gemini's may have none.
    let is_user = matches!(role.as_deref(), Some("user") | None);
    let mut is_tool = matches!(role.as_deref(), Some("tool" | "function"));
    link(tool_call_id, false);
    for call in elements(tool_calls.unwrap_or_default()) {
        let [id] = members(call, [b"id"]);
        link(id, true);
    }
    let mut has_words = is_user && content.is_some_and(|content| content.starts_with(b"\""));
    // One part alone is taken for a list of it.
    let listed = |value| <[u8]>::starts_with(value, b"{").then_some(value).into_iter().chain(elements(value));
    for block in [content, parts].into_iter().flatten().flat_map(listed) {
        match inner(block) {
            Inner::Call(id) => link(id, true),
            Inner::Result(id) => {
                is_tool = true;
                link(id, false);
            }
            Inner::Other => has_words |= is_user,
        }
    }
    match (is_tool, is_user) {
        (true, _) => Speaker::Tool { has_words },
        (false, true) => Speaker::User,
        (false, false) => Speaker::Model,
    }
}

enum Inner<'b> {
    Call(Option<&'b [u8]>),
    Result(Option<&'b [u8]>),
    Other,
}

fn inner(block: &[u8]) -> Inner<'_> {
    let [kind, id, use_id, tool_use, result, call, snake_call, response, snake_response] = members(
        block,
        [
            b"type",
            b"id",
            b"tool_use_id",
            b"toolUse",
            b"toolResult",
            b"functionCall",
            b"function_call",
            b"functionResponse",
            b"function_response",
        ],
    );
    let named = |object, name: &'static [u8]| {
        let [id] = members(object, [name]);
        id
    };
    match kind.and_then(text_of).as_deref() {
        Some("tool_use") => return Inner::Call(id),
        Some("tool_result") => return Inner::Result(use_id),
        _ => {}
    }
    if let Some(call) = tool_use {
        return Inner::Call(named(call, b"toolUseId"));
    }
    if let Some(result) = result {
        return Inner::Result(named(result, b"toolUseId"));
    }
    match (call.or(snake_call), response.or(snake_response)) {
        (Some(call), _) => Inner::Call(named(call, b"id")),
        (None, Some(response)) => Inner::Result(named(response, b"id")),
        (None, None) => Inner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_is_read() {
        const NO_WORDS: Speaker = Speaker::Tool { has_words: false };
        let table: &[(&str, Speaker, usize, usize)] = &[
            (r#"{"role":"system","content":"a"}"#, Speaker::Instruction, 0, 0),
            (r#"{"role":"developer","content":"a"}"#, Speaker::Instruction, 0, 0),
            (r#"{"role":"user","content":"a"}"#, Speaker::User, 0, 0),
            (r#"{"role":"assistant","content":"a"}"#, Speaker::Model, 0, 0),
            (
                r#"{"role":"assistant","content":null,"tool_calls":[{"id":"a"},{"id":"b"}]}"#,
                Speaker::Model,
                2,
                0,
            ),
            (r#"{"role":"tool","tool_call_id":"a","content":"a"}"#, NO_WORDS, 0, 1),
            (r#"{"role":"function","name":"f","content":"a"}"#, NO_WORDS, 0, 0),
            (
                r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]}"#,
                Speaker::User,
                0,
                0,
            ),
            (r#"{"type":"reasoning","id":"rs_1","summary":[]}"#, Speaker::Model, 1, 0),
            (r#"{"type":"function_call","call_id":"a","name":"f","arguments":"{}"}"#, Speaker::Model, 1, 0),
            (r#"{"type":"function_call_output","call_id":"a","output":"x"}"#, NO_WORDS, 0, 1),
            (r#"{"type":"local_shell_call_output","id":"a","output":"x"}"#, NO_WORDS, 0, 1),
            (
                r#"{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"a"}]}"#,
                Speaker::Model,
                1,
                0,
            ),
            (r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}"#, NO_WORDS, 0, 1),
            (
                r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},{"type":"text","text":"b"}]}"#,
                Speaker::Tool { has_words: true },
                0,
                1,
            ),
            (r#"{"parts":[{"text":"a"}]}"#, Speaker::User, 0, 0),
            (r#"{"role":"model","parts":[{"functionCall":{"name":"f"}}]}"#, Speaker::Model, 0, 0),
            (r#"{"role":"model","parts":{"functionCall":{"name":"f","id":"a"}}}"#, Speaker::Model, 1, 0),
            (r#"{"role":"user","parts":{"functionResponse":{"name":"f","id":"a"}}}"#, NO_WORDS, 0, 1),
            (r#"{"role":"user","content":{"type":"tool_result","tool_use_id":"a"}}"#, NO_WORDS, 0, 1),
            (r#"{"parts":{"text":"a"}}"#, Speaker::User, 0, 0),
            (r#"{"id":"msg_1"}"#, Speaker::Model, 1, 0),
            (r#"{"type":"item_reference","id":"msg_1"}"#, Speaker::Model, 1, 0),
            (r#"{"type":"compaction","id":"c_1","encrypted_content":"x"}"#, Speaker::Instruction, 0, 0),
            (r#"{"role":"user","parts":[{"functionResponse":{"name":"f","id":"a"}}]}"#, NO_WORDS, 0, 1),
            (r#"{"role":"function","parts":[{"function_response":{"name":"f"}}]}"#, NO_WORDS, 0, 0),
            (r#"{"role":"assistant","content":[{"toolUse":{"toolUseId":"a"}}]}"#, Speaker::Model, 1, 0),
            (r#"{"role":"user","content":[{"toolResult":{"toolUseId":"a"}}]}"#, NO_WORDS, 0, 1),
        ];
        for (json, expected, calls, results) in table {
            let mut links = Vec::new();
            assert_eq!(speaker(json.as_bytes(), 7, &mut links), *expected, "{json}");
            assert_eq!(links.iter().filter(|link| link.is_call).count(), *calls, "{json}");
            assert_eq!(links.iter().filter(|link| !link.is_call).count(), *results, "{json}");
        }
    }

    #[test]
    fn a_call_and_its_result_have_one_name() {
        for (call, result) in [
            (
                r#"{"role":"assistant","tool_calls":[{"id":"a"}]}"#,
                r#"{"role":"tool","tool_call_id":"\u0061"}"#,
            ),
            (
                r#"{"type":"function_call","id":"fc_1","call_id":"a"}"#,
                r#"{"type":"function_call_output","call_id":"a"}"#,
            ),
            (
                r#"{"role":"assistant","content":[{"toolUse":{"toolUseId":"a"}}]}"#,
                r#"{"role":"user","content":[{"toolResult":{"toolUseId":"a"}}]}"#,
            ),
        ] {
            let mut links = Vec::new();
            speaker(call.as_bytes(), 0, &mut links);
            speaker(result.as_bytes(), 1, &mut links);
            let [first, .., last] = &links[..] else { panic!("two: {links:?}") };
            assert!(first.hash == last.hash && first.is_call && !last.is_call);
        }
    }
}

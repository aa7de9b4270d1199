//! Answers that are made of blocks: Anthropic's Messages, and Bedrock's Converse and InvokeModel.
//!
//! | dialect | an answer | a stream |
//! |---|---|---|
//! | Anthropic | `content[].{text,name,input}`, `stop_reason` | `content_block_start`, `content_block_delta`, `message_delta` |
//! | Bedrock | `output.message.content[].{text,toolUse}`, `stopReason` | `start`, `delta`, `stopReason`, the block's number `contentBlockIndex` |
//!
//! Calls of tools that the provider runs itself (`server_tool_use`) are none of the caller's. (Anthropic: "Messages", "Streaming
//! Messages"; Bedrock: `Converse`, `ConverseStreamOutput`.)

use super::builder::Builder;
use super::json::word;
use crate::body::Value;

/// There is but one.
const CHOICE: u32 = 0;

pub(super) fn anthropic(root: Value<'_>, to: &mut Builder) {
    let [kind, index, block, delta, content, reason] =
        root.members([b"type", b"index", b"content_block", b"delta", b"content", b"stop_reason"]);
    let index = index.and_then(Value::number).unwrap_or_default();
    match word(kind) {
        b"message_start" => {
            to.choice(CHOICE);
        }
        b"content_block_start" => {
            let Some(block) = block else { return };
            if let (Some(id), input) = anthropic_block(index, block, to) {
                to.default_arguments(id, input);
            }
        }
        b"content_block_delta" => {
            let Some(delta) = delta else { return };
            let [text, json] = delta.members([b"text", b"partial_json"]);
            if let Some(text) = text {
                to.text(CHOICE, index as usize, text);
            }
            if let (Some(json), Some(id)) = (json, to.known(CHOICE, index)) {
                to.arguments(id, json);
            }
        }
        b"message_delta" => finish(word(delta.and_then(|delta| delta.member(b"stop_reason"))), to),
        _ => {
            let Some(content) = content else { return };
            to.choice(CHOICE);
            for (index, block) in (0..).zip(content.elements()) {
                if let (Some(id), Some(input)) = anthropic_block(index, block, to) {
                    to.arguments(id, input);
                }
            }
            finish(word(reason), to);
        }
    }
}

/// A turn that pauses, for a tool that the provider runs, goes on with the next request.
fn finish(reason: &[u8], to: &mut Builder) {
    if reason == b"pause_turn" {
        to.has_more(CHOICE);
    }
    to.finish(CHOICE, reason);
}

/// The call that begins here, if it is one, and its arguments.
fn anthropic_block<'j>(index: u32, block: Value<'j>, to: &mut Builder) -> (Option<usize>, Option<Value<'j>>) {
    let [kind, text, name, input] = block.members([b"type", b"text", b"name", b"input"]);
    match (word(kind), text) {
        (b"text", Some(text)) => to.text(CHOICE, index as usize, text),
        (b"tool_use", _) => return (to.call(CHOICE, index, name, false), input),
        _ => {}
    }
    (None, None)
}

pub(super) fn bedrock(root: Value<'_>, to: &mut Builder) {
    let [kind, output, stop, index, start, delta, role] =
        root.members([b"type", b"output", b"stopReason", b"contentBlockIndex", b"start", b"delta", b"role"]);
    // InvokeModel answers in the model's own dialect.
    if kind.is_some() {
        return anthropic(root, to);
    }
    let index = index.and_then(Value::number).unwrap_or_default();
    if role.is_some() || output.is_some() {
        to.choice(CHOICE);
    }
    let content = output.and_then(|output| output.member(b"message")?.member(b"content"));
    for (index, block) in (0..).zip(content.into_iter().flat_map(Value::elements)) {
        bedrock_block(index, block, to);
    }
    for block in [start, delta].into_iter().flatten() {
        bedrock_block(index, block, to);
    }
    to.finish(CHOICE, word(stop));
    invoked(root, to);
}

fn bedrock_block(index: u32, block: Value<'_>, to: &mut Builder) {
    let [text, call, image] = block.members([b"text", b"toolUse", b"image"]);
    if image.is_some() {
        to.has_more(CHOICE);
    }
    if let Some(text) = text {
        to.text(CHOICE, index as usize, text);
    }
    let Some(call) = call else { return };
    let [kind, name, input] = call.members([b"type", b"name", b"input"]);
    let id = match name {
        Some(_) if word(kind) == b"server_tool_use" => None,
        Some(_) => to.call(CHOICE, index, name, false),
        None => to.known(CHOICE, index),
    };
    let Some(id) = id else { return };
    match input {
        Some(input) => to.arguments(id, input),
        None => to.default_arguments(id, None),
    }
}

/// InvokeModel with Amazon's models puts each event into a member named after it; Llama has names of its own.
fn invoked(root: Value<'_>, to: &mut Builder) {
    let [start, delta, stop, text, reason] = root.members([
        b"contentBlockStart",
        b"contentBlockDelta",
        b"messageStop",
        b"generation",
        b"stop_reason",
    ]);
    if let Some(text) = text {
        to.text(CHOICE, 0, text);
        to.finish(CHOICE, word(reason));
    }
    for event in [start, delta, stop].into_iter().flatten() {
        let [index, start, delta, stop] =
            event.members([b"contentBlockIndex", b"start", b"delta", b"stopReason"]);
        let index = index.and_then(Value::number).unwrap_or_default();
        for block in [start, delta].into_iter().flatten() {
            bedrock_block(index, block, to);
        }
        to.finish(CHOICE, word(stop));
    }
}

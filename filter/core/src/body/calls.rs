//! The tool calls that an agent has made in the conversation it sends along, and what came of them.
//!
//! | dialect | a call | its result |
//! |---|---|---|
//! | OpenAI's chats | in `tool_calls` of a message: `{"id","function":{"name","arguments"}}`, `{"id","custom":{"name","input"}}`; formerly its `function_call` | `content` of a message with `tool_call_id`; formerly of one with role `function`, by `name` |
//! | OpenAI's responses | an item `{"type":"function_call","call_id","name","arguments"}`, `{"type":"custom_tool_call","call_id","name","input"}` | `output` of an item of a type that ends with `_call_output`, by `call_id` |
//! | Anthropic | a block `{"type":"tool_use","id","name","input"}` | `content` of a `tool_result` block, by `tool_use_id` |
//! | Gemini | a part `{"functionCall":{"id","name","args"}}` | `response` of a `functionResponse`, by `id` or `name` |
//! | Bedrock | a block `{"toolUse":{"toolUseId","name","input"}}` | `content` of a `toolResult`, by `toolUseId` |
//!
//! Calls are made *at once* that stand in one message, or as items with no result between them.
//!
//! Sources: OpenAI's "Create chat completion" and "Create a response", Anthropic's "Messages", Gemini's
//! `models.generateContent`, Bedrock's `Converse`.

use std::collections::VecDeque;

use super::Facts;
use super::canonical;
use super::member::Member;
use super::needs::is_text;
use super::scan::text_of;
use super::walk::{elements, members};
use crate::hash::fnv1a;

/// A call as it stands in a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'b> {
    name: &'b [u8],
    arguments: &'b [u8],
    /// What joins it with its result, as a hash: two with one only take each other's result.
    id: Option<u32>,
    /// The same for calls that were made at once.
    pub(crate) round: u32,
    result: Option<&'b [u8]>,
}

impl Call<'_> {
    /// The same for the same tool with the same arguments, however they are written.
    pub(crate) fn hash(&self) -> (u64, u64) {
        (canonical::hash(self.name), canonical::hash(self.arguments))
    }

    /// The same for the same result, however it is written; `None` where it isn't known.
    pub(crate) fn result(&self) -> Option<u64> {
        self.result.map(canonical::hash)
    }

    /// Begins with so many characters of the tool's name.
    pub(crate) fn name(&self, most: usize) -> String {
        let visible = |char: char| if char.is_control() { '?' } else { char };
        text_of(self.name).unwrap_or_default().chars().take(most).map(visible).collect()
    }
}

/// The last calls.
struct Last<'b> {
    calls: VecDeque<Call<'b>>,
    most: usize,
    round: u32,
}

impl<'b> Last<'b> {
    fn push(&mut self, name: Option<&'b [u8]>, arguments: Option<&'b [u8]>, id: Option<&[u8]>) {
        let Some(name) = name else { return };
        let (arguments, id, round) = (arguments.unwrap_or(b"{}"), id.and_then(hash_of), self.round);
        let is_again = |last: &Call<'_>| (last.round, last.name, last.arguments) == (round, name, arguments);
        // However many of the same are made at once, they leave room for those before.
        if self.calls.back().is_some_and(is_again) {
            self.calls.pop_back();
        } else if self.calls.len() >= self.most {
            self.calls.pop_front();
        }
        self.calls.push_back(Call { name, arguments, id, round, result: None });
    }

    fn function(&mut self, call: Option<&'b [u8]>, id: Option<&[u8]>) {
        let Some(call) = call else { return };
        let [name, arguments, input, args, gemini, bedrock] =
            members(call, [b"name", b"arguments", b"input", b"args", b"id", b"toolUseId"]);
        self.push(name, arguments.or(input).or(args), id.or(gemini).or(bedrock));
    }

    /// What came of the call of this name: of the last one that has it, or without one of the first that was made at once with
    /// the last and has no result yet.
    fn result(&mut self, id: Option<&[u8]>, tool: Option<&[u8]>, result: Option<&'b [u8]>) {
        let last = self.calls.back().map(|call| call.round);
        let call = match id.and_then(hash_of) {
            Some(id) => self.calls.iter_mut().rev().find(|call| call.id == Some(id)),
            None => self.calls.iter_mut().find(|call| {
                Some(call.round) == last && call.result.is_none() && tool.is_none_or(|tool| tool == call.name)
            }),
        };
        if let Some(call) = call {
            call.result = result;
        }
    }

    /// One message, or one item between messages.
    fn message(&mut self, message: &'b [u8]) {
        let [role, kind, name, arguments, input, output, call_id, answered, calls, call, content, parts] =
            members(
                message,
                [
                    b"role",
                    b"type",
                    b"name",
                    b"arguments",
                    b"input",
                    b"output",
                    b"call_id",
                    b"tool_call_id",
                    b"tool_calls",
                    b"function_call",
                    b"content",
                    b"parts",
                ],
            );
        if is_text(kind, &["function_call", "custom_tool_call"]) {
            return self.push(name, arguments.or(input), call_id);
        }
        if role.is_none() && kind.and_then(text_of).is_some_and(|kind| kind.ends_with("_call_output")) {
            self.round = self.round.saturating_add(1);
            return self.result(call_id, None, output);
        }
        if is_text(role, &["tool", "function"]) && parts.is_none() {
            return self.result(answered, name, content);
        }
        if role.or(content).or(parts).or(calls).or(call).is_some() {
            self.round = self.round.saturating_add(1);
        }
        for call in elements(calls.unwrap_or_default()) {
            let [id, function, custom] = members(call, [b"id", b"function", b"custom"]);
            self.function(function.or(custom), id);
        }
        self.function(call.filter(|call| call.starts_with(b"{")), None);
        let mut has_result = false;
        for part in elements(content.or(parts).unwrap_or_default()) {
            has_result |= self.part(part);
        }
        // Somebody has something to say: what comes after that is another matter.
        if is_text(role, &["user"]) && !has_result {
            self.calls.clear();
        }
    }

    /// One block of a message, or one part; whether it is a result.
    fn part(&mut self, part: &'b [u8]) -> bool {
        let [kind, id, name, input, used, content, bedrock, result, camel, snake, gemini, other] = members(
            part,
            [
                b"type",
                b"id",
                b"name",
                b"input",
                b"tool_use_id",
                b"content",
                b"toolUse",
                b"toolResult",
                b"functionCall",
                b"function_call",
                b"functionResponse",
                b"function_response",
            ],
        );
        if is_text(kind, &["tool_use"]) {
            self.push(name, input, id);
        }
        self.function(bedrock.or(camel).or(snake), None);
        if is_text(kind, &["tool_result"]) {
            self.result(used, None, content);
            return true;
        }
        let Some(result) = result.or(gemini).or(other) else { return false };
        let [id, name, gemini, used, content] =
            members(result, [b"id", b"name", b"response", b"toolUseId", b"content"]);
        self.result(id.or(used), name, gemini.or(content));
        true
    }
}

fn hash_of(id: &[u8]) -> Option<u32> {
    text_of(id).map(|id| fnv1a(id.bytes()))
}

impl Facts {
    /// The last tool calls since the conversation's user has spoken, in order, at most so many. Where the same is called again and
    /// again at once, the last of them may stand for all.
    pub(crate) fn last_calls<'b>(&self, body: &'b [u8], most: usize) -> VecDeque<Call<'b>> {
        let mut last = Last { calls: VecDeque::new(), most, round: 0 };
        for member in [Member::Messages, Member::Contents, Member::Input] {
            elements(self.value(member, body)).for_each(|message| last.message(message));
        }
        last.calls
    }
}

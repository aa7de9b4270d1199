//! The tool calls that an agent has made in the conversation it sends along.
//!
//! | dialect | a call |
//! |---|---|
//! | OpenAI's chats | in `tool_calls` of a message: `{"function":{"name","arguments"}}`, `{"custom":{"name","input"}}`; formerly its `function_call` |
//! | OpenAI's responses | an item `{"type":"function_call","name","arguments"}`, `{"type":"custom_tool_call","name","input"}` |
//! | Anthropic | a block `{"type":"tool_use","name","input"}` |
//! | Gemini | a part `{"functionCall":{"name","args"}}` |
//! | Bedrock | a block `{"toolUse":{"name","input"}}` |
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

/// A call as it stands in a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'b> {
    name: &'b [u8],
    arguments: &'b [u8],
}

impl Call<'_> {
    /// The same for the same tool with the same arguments, however they are written.
    pub(crate) fn hash(&self) -> (u64, u64) {
        (canonical::hash(self.name), canonical::hash(self.arguments))
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
}

impl<'b> Last<'b> {
    fn push(&mut self, name: Option<&'b [u8]>, arguments: Option<&'b [u8]>) {
        let Some(name) = name else { return };
        if self.calls.len() >= self.most {
            self.calls.pop_front();
        }
        self.calls.push_back(Call { name, arguments: arguments.unwrap_or(b"{}") });
    }

    fn function(&mut self, call: Option<&'b [u8]>) {
        let Some(call) = call else { return };
        let [name, arguments, input, args] = members(call, [b"name", b"arguments", b"input", b"args"]);
        self.push(name, arguments.or(input).or(args));
    }

    /// One message, or one item between messages.
    fn message(&mut self, message: &'b [u8]) {
        let [role, kind, name, arguments, input, calls, call, content, parts] = members(
            message,
            [
                b"role",
                b"type",
                b"name",
                b"arguments",
                b"input",
                b"tool_calls",
                b"function_call",
                b"content",
                b"parts",
            ],
        );
        if is_text(kind, &["function_call", "custom_tool_call"]) {
            return self.push(name, arguments.or(input));
        }
        for call in elements(calls.unwrap_or_default()) {
            let [function, custom] = members(call, [b"function", b"custom"]);
            self.function(function.or(custom));
        }
        self.function(call.filter(|call| call.starts_with(b"{")));
        let mut has_result = false;
        for part in elements(content.or(parts).unwrap_or_default()) {
            let [kind, name, input, bedrock, result, camel, snake, gemini, other] = members(
                part,
                [
                    b"type",
                    b"name",
                    b"input",
                    b"toolUse",
                    b"toolResult",
                    b"functionCall",
                    b"function_call",
                    b"functionResponse",
                    b"function_response",
                ],
            );
            if is_text(kind, &["tool_use"]) {
                self.push(name, input);
            }
            self.function(bedrock.or(camel).or(snake));
            has_result |= is_text(kind, &["tool_result"]) || result.or(gemini).or(other).is_some();
        }
        // Somebody has something to say: what comes after that is another matter.
        if is_text(role, &["user"]) && !has_result {
            self.calls.clear();
        }
    }
}

impl Facts {
    /// The last tool calls since the conversation's user has spoken, in order, at most so many.
    pub(crate) fn last_calls<'b>(&self, body: &'b [u8], most: usize) -> VecDeque<Call<'b>> {
        let mut last = Last { calls: VecDeque::new(), most };
        for member in [Member::Messages, Member::Contents, Member::Input] {
            elements(self.value(member, body)).for_each(|message| last.message(message));
        }
        last.calls
    }
}

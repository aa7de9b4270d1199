//! Responses: `output[].{content[].{text,refusal},name,arguments}` in answers; in streams deltas, and then the same once more,
//! up to three times: when a text is done, when its item is, and in the whole response at the end.
//!
//! What comes once more is a copy; servers that send no deltas say it there for the first time. (OpenAI: "The response object",
//! "Streaming events".)

use super::builder::{Builder, CallId};
use super::json::{Value, word};

/// There is but one.
const CHOICE: u32 = 0;
/// Parts that are told apart.
const MOST_PARTS: usize = 1024;

/// The parts of the text, as they were met.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<Part>);

#[derive(Debug)]
struct Part {
    /// The number of its item, and its own in it.
    name: (u32, u32),
    has_text: bool,
}

impl Parts {
    fn known(&self, name: (u32, u32)) -> Option<usize> {
        self.0.iter().rposition(|part| part.name == name)
    }

    /// The part of this name, which begins if it hasn't.
    fn part(&mut self, name: (u32, u32)) -> Option<usize> {
        if let Some(part) = self.known(name) {
            return Some(part);
        }
        if self.0.len() >= MOST_PARTS {
            return None;
        }
        self.0.push(Part { name, has_text: false });
        Some(self.0.len() - 1)
    }
}

pub(super) fn read(root: Value<'_>, to: &mut Builder) {
    let [kind, response, item, part, output, inner] =
        root.members([b"type", b"response", b"item", b"part", b"output_index", b"content_index"]);
    let number = |value: Option<Value<'_>>| value.and_then(Value::number).unwrap_or_default();
    let (output, inner) = (number(output), number(inner));
    let Some(kind) = word(kind).strip_prefix(b"response.") else { return whole(root, to) };
    let field = |name: &[u8]| root.member(name);
    match kind {
        b"output_text.delta" => text((output, inner), field(b"delta"), false, to),
        b"output_text.done" => text((output, inner), field(b"text"), true, to),
        b"refusal.delta" => refusal(field(b"delta"), false, to),
        b"refusal.done" => refusal(field(b"refusal"), true, to),
        b"content_part.done" => {
            if let Some(part) = part {
                self::part((output, inner), part, to);
            }
        }
        b"function_call_arguments.delta" | b"custom_tool_call_input.delta" => {
            if let (Some(id), Some(delta)) = (to.known(CHOICE, output), field(b"delta")) {
                to.arguments(id, delta);
            }
        }
        b"function_call_arguments.done" => arguments(output, field(b"arguments"), to),
        b"custom_tool_call_input.done" => arguments(output, field(b"input"), to),
        b"output_item.added" => {
            let _ = item.and_then(|item| call(output, item, to));
        }
        b"output_item.done" => {
            if let Some(item) = item {
                self::item(output, item, to);
            }
        }
        b"completed" | b"incomplete" => {
            if let Some(response) = response {
                whole(response, to);
            }
        }
        _ => {}
    }
}

/// A whole response: an answer, or the last event of a stream.
fn whole(response: Value<'_>, to: &mut Builder) {
    let [output, status, details] = response.members([b"output", b"status", b"incomplete_details"]);
    let is_first = to.is_silent(CHOICE);
    let (mut texts, mut calls) = (0, 0);
    for (number, item) in (0..).zip(output.into_iter().flat_map(Value::elements)) {
        to.choice(CHOICE);
        if is_first {
            self::item(number, item, to);
        } else {
            repeats(number, item, (&mut texts, &mut calls), to);
        }
        if to.overflows {
            return;
        }
    }
    to.finish(CHOICE, word(status));
    to.finish(CHOICE, word(details.and_then(|details| details.member(b"reason"))));
}

/// An item that is whole.
fn item(number: u32, item: Value<'_>, to: &mut Builder) {
    if let Some((_, value)) = call(number, item, to) {
        return arguments(number, value, to);
    }
    let [kind, content] = item.members([b"type", b"content"]);
    if word(kind) == b"message" {
        let parts = content.into_iter().flat_map(Value::elements);
        (0..).zip(parts).for_each(|(inner, part)| self::part((number, inner), part, to));
    }
}

/// An item that was here before. Where its number says nothing, its place in the response does.
fn repeats(number: u32, item: Value<'_>, (texts, calls): (&mut usize, &mut usize), to: &mut Builder) {
    let [kind, content, arguments, input] = item.members([b"type", b"content", b"arguments", b"input"]);
    match word(kind) {
        b"message" => {
            for (inner, part) in (0..).zip(content.into_iter().flat_map(Value::elements)) {
                let Some(text) = part.member(b"text") else { continue };
                let part = to.parts.known((number, inner)).unwrap_or(*texts);
                to.repeats_text(CHOICE, part, text);
                *texts += 1;
            }
        }
        b"function_call" | b"custom_tool_call" => {
            let id = to.known(CHOICE, number).or_else(|| to.call_number(CHOICE, *calls));
            *calls += 1;
            if let (Some(id), Some(value)) = (id, arguments.or(input)) {
                to.repeats_arguments(id, value);
            }
        }
        _ => {}
    }
}

/// The call that an item is, and its arguments as they are now.
fn call<'j>(number: u32, item: Value<'j>, to: &mut Builder) -> Option<(CallId, Option<Value<'j>>)> {
    let [kind, name, arguments, input] = item.members([b"type", b"name", b"arguments", b"input"]);
    let is_text = word(kind) == b"custom_tool_call";
    if !is_text && word(kind) != b"function_call" {
        return None;
    }
    Some((to.call(CHOICE, number, name, is_text)?, if is_text { input } else { arguments }))
}

/// A call's arguments are here in full.
fn arguments(number: u32, value: Option<Value<'_>>, to: &mut Builder) {
    let (Some(id), Some(value)) = (to.known(CHOICE, number), value) else { return };
    if to.has_arguments(id) { to.repeats_arguments(id, value) } else { to.arguments(id, value) }
}

fn part(name: (u32, u32), part: Value<'_>, to: &mut Builder) {
    let [kind, text, refusal] = part.members([b"type", b"text", b"refusal"]);
    match word(kind) {
        b"output_text" => self::text(name, text, true, to),
        b"refusal" => self::refusal(refusal, true, to),
        _ => {}
    }
}

fn text(name: (u32, u32), value: Option<Value<'_>>, is_done: bool, to: &mut Builder) {
    let Some(value) = value else { return };
    let Some(number) = to.parts.part(name) else {
        to.overflows = true;
        return;
    };
    let Some(part) = to.parts.0.get_mut(number) else { return };
    if is_done && part.has_text {
        return to.repeats_text(CHOICE, number, value);
    }
    part.has_text |= !word(Some(value)).is_empty();
    to.text(CHOICE, number, value);
}

fn refusal(value: Option<Value<'_>>, is_done: bool, to: &mut Builder) {
    let Some(value) = value else { return };
    let has_refused = to.choice(CHOICE).is_some_and(|choice| !choice.refusal.is_empty());
    if !is_done || !has_refused {
        to.refusal(CHOICE, value);
    }
}

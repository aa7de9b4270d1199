//! Responses: `output[].{content[].{text,refusal},name,arguments}` in answers; in streams deltas, and then the same once more,
//! up to three times: when a text is done, when its item is, and in the whole response at the end.
//!
//! What comes once more is a copy; servers that send no deltas say it there for the first time. Some number the events otherwise
//! than the output (vLLM's issue 45742, SGLang's 12644), or give one number to many items; so an item that is done is also known
//! by what has come since the one before, and in the whole response by its place. (OpenAI: "The response object", "Streaming
//! events".)

use super::builder::{Builder, CallId};
use super::json::word;
use crate::body::Value;

/// There is but one.
const CHOICE: u32 = 0;
/// Parts that are told apart. More are lost.
const MOST_PARTS: usize = 256;

/// The parts of the text, as they were met.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    /// How many of them, and how many calls, there were when the last item was done.
    parts_done: usize,
    calls_done: usize,
}

#[derive(Debug)]
struct Part {
    /// The number of its item, and its own in it.
    name: (u32, u32),
    has_text: bool,
}

impl Parts {
    fn known(&self, name: (u32, u32)) -> Option<usize> {
        self.parts.iter().rposition(|part| part.name == name)
    }

    /// Of the item that is being written, the part of this number.
    fn current(&self, inner: u32) -> Option<usize> {
        let number = self.parts_done.saturating_add(usize::try_from(inner).ok()?);
        (number < self.parts.len()).then_some(number)
    }

    fn begin(&mut self, name: (u32, u32)) -> Option<usize> {
        let number = self.parts.len();
        (number < MOST_PARTS).then(|| self.parts.push(Part { name, has_text: false }))?;
        Some(number)
    }
}

pub(super) fn read(root: Value<'_>, to: &mut Builder) {
    let [kind, response, item, part, output, inner] =
        root.members([b"type", b"response", b"item", b"part", b"output_index", b"content_index"]);
    let number = |value: Option<Value<'_>>| value.and_then(Value::number).unwrap_or_default();
    let (output, inner) = (number(output), number(inner));
    let Some(kind) = word(kind).strip_prefix(b"response.") else { return whole(root, to) };
    let field = |name: &[u8]| root.member(name);
    to.marks(field(b"logprobs"));
    to.has_marks |= kind == b"output_text.annotation.added";
    match kind {
        b"output_text.delta" => {
            let number = to.parts.known((output, inner));
            text(number, (output, inner), field(b"delta"), false, to);
        }
        b"output_text.done" => {
            let number = to.parts.known((output, inner));
            text(number, (output, inner), field(b"text"), true, to);
        }
        b"refusal.delta" => refusal(field(b"delta"), false, to),
        b"refusal.done" => refusal(field(b"refusal"), true, to),
        b"content_part.done" => {
            if let Some(part) = part {
                let number = to.parts.known((output, inner));
                self::part(number, (output, inner), part, to);
            }
        }
        b"function_call_arguments.delta" | b"custom_tool_call_input.delta" => {
            if let (Some(id), Some(delta)) = (to.known(CHOICE, output), field(b"delta")) {
                to.arguments(id, delta);
            }
        }
        b"function_call_arguments.done" => arguments(to.known(CHOICE, output), field(b"arguments"), to),
        b"custom_tool_call_input.done" => arguments(to.known(CHOICE, output), field(b"input"), to),
        b"output_item.added" => {
            if let Some(Call { name, is_text, .. }) = item.and_then(call) {
                to.new_call(CHOICE, output, name, is_text);
            }
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

/// An item that is done.
fn item(number: u32, item: Value<'_>, to: &mut Builder) {
    let [kind, content] = item.members([b"type", b"content"]);
    if let Some(Call { name, arguments: value, is_text }) = call(item) {
        let known = to.known(CHOICE, number).or_else(|| to.call_number(CHOICE, to.parts.calls_done));
        let id = known.or_else(|| to.new_call(CHOICE, number, name, is_text));
        arguments(id, value, to);
    } else if hands_over(word(kind)) {
        to.has_more(CHOICE);
    } else if word(kind) == b"message" {
        for (inner, part) in (0..).zip(content.into_iter().flat_map(Value::elements)) {
            let name = (number, inner);
            let known = to.parts.known(name).or_else(|| to.parts.current(inner));
            self::part(known, name, part, to);
        }
    }
    to.parts.parts_done = to.parts.parts.len();
    to.parts.calls_done = to.calls_of(CHOICE);
}

/// An item that was here before. Where its number says nothing, its place in the response does.
fn repeats(number: u32, item: Value<'_>, (texts, calls): (&mut usize, &mut usize), to: &mut Builder) {
    if let Some(Call { arguments, .. }) = call(item) {
        let id = to.known(CHOICE, number).or_else(|| to.call_number(CHOICE, *calls));
        *calls += 1;
        if let (Some(id), Some(value)) = (id, arguments) {
            to.repeats_arguments(id, value);
        }
    }
    let [kind, content] = item.members([b"type", b"content"]);
    if word(kind) != b"message" {
        return;
    }
    for (inner, part) in (0..).zip(content.into_iter().flat_map(Value::elements)) {
        let Some(text) = part.member(b"text") else { continue };
        let number = to.parts.known((number, inner)).unwrap_or(*texts);
        to.repeats_text(CHOICE, number, text);
        *texts += 1;
        if *texts > MOST_PARTS {
            to.overflows = true;
            return;
        }
    }
}

/// Whether an item of this type is for the caller: to carry out, to allow or to show.
fn hands_over(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"computer_call"
            | b"local_shell_call"
            | b"shell_call"
            | b"apply_patch_call"
            | b"mcp_approval_request"
            | b"image_generation_call"
    )
}

/// A call of one of the caller's tools.
struct Call<'j> {
    name: Option<Value<'j>>,
    arguments: Option<Value<'j>>,
    is_text: bool,
}

fn call(item: Value<'_>) -> Option<Call<'_>> {
    let [kind, name, arguments, input] = item.members([b"type", b"name", b"arguments", b"input"]);
    match word(kind) {
        b"function_call" => Some(Call { name, arguments, is_text: false }),
        b"custom_tool_call" => Some(Call { name, arguments: input, is_text: true }),
        _ => None,
    }
}

/// A call's arguments are here in full.
fn arguments(id: Option<CallId>, value: Option<Value<'_>>, to: &mut Builder) {
    let (Some(id), Some(value)) = (id, value) else { return };
    if to.has_arguments(id) { to.repeats_arguments(id, value) } else { to.arguments(id, value) }
}

fn part(number: Option<usize>, name: (u32, u32), part: Value<'_>, to: &mut Builder) {
    let [kind, text, refusal, notes, tokens] =
        part.members([b"type", b"text", b"refusal", b"annotations", b"logprobs"]);
    to.marks(notes);
    to.marks(tokens);
    match word(kind) {
        b"output_text" => self::text(number, name, text, true, to),
        b"refusal" => self::refusal(refusal, true, to),
        _ => {}
    }
}

/// More of the part of this number, or of a new one of this name; or all of it, if it is done.
fn text(number: Option<usize>, name: (u32, u32), value: Option<Value<'_>>, is_done: bool, to: &mut Builder) {
    let Some(value) = value else { return };
    let Some(number) = number.or_else(|| to.parts.begin(name)) else {
        to.overflows = true;
        return;
    };
    let Some(part) = to.parts.parts.get_mut(number) else { return };
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

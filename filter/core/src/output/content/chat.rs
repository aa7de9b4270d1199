//! Chat completions and completions: `choices[].{message,delta}.{content,refusal,tool_calls,function_call}`, `choices[].text`.
//! (OpenAI: "The chat completion object", "The chat completion chunk object", "The completion object".)

use super::builder::Builder;
use super::json::word;
use crate::body::Value;

pub(super) fn read(choices: Value<'_>, to: &mut Builder) {
    for (position, choice) in (0..).zip(choices.elements()) {
        let [index, delta, message, text, finish, tokens] =
            choice.members([b"index", b"delta", b"message", b"text", b"finish_reason", b"logprobs"]);
        let number = index.and_then(Value::number).unwrap_or(position);
        to.choice(number);
        to.marks(tokens);
        if let Some(text) = text {
            to.text(number, 0, text);
        }
        // Chunks with both repeat in the message what the deltas have said.
        if let Some(message) = delta.filter(|delta| delta.is_object()).or(message) {
            self::message(number, message, to);
        }
        to.finish(number, word(finish));
        if to.overflows {
            return;
        }
    }
}

fn message(choice: u32, message: Value<'_>, to: &mut Builder) {
    let [content, refusal, calls, call, audio, images, notes] = message.members([
        b"content",
        b"refusal",
        b"tool_calls",
        b"function_call",
        b"audio",
        b"images",
        b"annotations",
    ]);
    to.marks(notes);
    if audio.is_some_and(Value::is_object) || images.is_some_and(Value::is_list) {
        to.has_more(choice);
    }
    // In the order in which they lie.
    let place = |value: Option<Value<'_>>| value.map_or(usize::MAX, |value| value.place().start);
    if place(calls) < place(content) {
        self::calls(choice, calls, to);
        texts(choice, content, to);
    } else {
        texts(choice, content, to);
        self::calls(choice, calls, to);
    }
    if let Some(refusal) = refusal {
        to.refusal(choice, refusal);
    }
    // The only call there can be, under its former name.
    if let Some(call) = call.filter(|call| call.is_object()) {
        self::call(choice, Some(u32::MAX), Some(call), None, to);
    }
}

fn texts(choice: u32, content: Option<Value<'_>>, to: &mut Builder) {
    match content {
        // Parts that are thoughts (Mistral) have no `text` of their own.
        Some(parts) if parts.is_list() => {
            let texts = parts.elements().filter_map(|part| part.member(b"text"));
            texts.for_each(|text| to.text(choice, 0, text));
        }
        Some(text) => to.text(choice, 0, text),
        None => {}
    }
}

fn calls(choice: u32, calls: Option<Value<'_>>, to: &mut Builder) {
    for call in calls.into_iter().flat_map(Value::elements) {
        let [index, function, custom] = call.members([b"index", b"function", b"custom"]);
        self::call(choice, index.and_then(Value::number), function, custom, to);
    }
}

fn call(
    choice: u32,
    index: Option<u32>,
    function: Option<Value<'_>>,
    custom: Option<Value<'_>>,
    to: &mut Builder,
) {
    let is_text = function.is_none() && custom.is_some();
    let Some(function) = function.or(custom) else { return };
    let [name, arguments, input] = function.members([b"name", b"arguments", b"input"]);
    let id = match index {
        Some(index) => to.call(choice, index, name, is_text),
        // Without a number, one that is named is another.
        None if !word(name).is_empty() => {
            let next = u32::try_from(to.calls_of(choice)).unwrap_or(u32::MAX);
            to.call(choice, next, name, is_text)
        }
        None => to.last_call(choice),
    };
    if let (Some(id), Some(arguments)) = (id, arguments.or(input)) {
        to.arguments(id, arguments);
    }
}

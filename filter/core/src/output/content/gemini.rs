//! Gemini: `candidates[].{content.parts[].{text,functionCall},finishReason}`, in answers and in streams. (Gemini:
//! `GenerateContentResponse`.)

use super::builder::Builder;
use super::json::word;
use crate::body::Value;

pub(super) fn read(root: Value<'_>, to: &mut Builder) {
    let [candidates, feedback] = root.members([b"candidates", b"promptFeedback"]);
    for (position, candidate) in (0..).zip(candidates.into_iter().flat_map(Value::elements)) {
        let [index, content, finish] = candidate.members([b"index", b"content", b"finishReason"]);
        let number = index.and_then(Value::number).unwrap_or(position);
        to.choice(number);
        let parts = content.and_then(|content| content.member(b"parts"));
        parts.into_iter().flat_map(Value::elements).for_each(|part| self::part(number, part, to));
        to.finish(number, word(finish));
        if to.overflows {
            return;
        }
    }
    if feedback.is_some_and(|feedback| feedback.member(b"blockReason").is_some()) {
        to.finish(0, b"SAFETY");
    }
    to.lacks_choices |= to.content.choices.is_empty();
}

fn part(choice: u32, part: Value<'_>, to: &mut Builder) {
    let [text, thought, call, data, file] =
        part.members([b"text", b"thought", b"functionCall", b"inlineData", b"fileData"]);
    if data.or(file).is_some() {
        to.has_more(choice);
    }
    if let Some(text) = text
        && thought.is_none_or(|thought| thought.written() != b"true")
    {
        to.text(choice, 0, text);
    }
    let Some(call) = call else { return };
    let [name, arguments, goes_on] = call.members([b"name", b"args", b"willContinue"]);
    // One whose arguments come member by member, with their paths (Vertex AI), is named in the first of its parts alone.
    let is_text = goes_on.is_some_and(|goes_on| goes_on.written() == b"true");
    let key = u32::try_from(to.calls_of(choice)).unwrap_or(u32::MAX);
    let Some(id) = name.and_then(|name| to.call(choice, key, Some(name), is_text)) else { return };
    match arguments {
        Some(arguments) => to.arguments(id, arguments),
        None if is_text => {}
        None => to.default_arguments(id, None),
    }
}

//! OpenAI's Responses (<https://platform.openai.com/docs/api-reference/responses>).

use bytes::Bytes;

use super::CREATED;
use super::sse::named;
use crate::said::{Finish, Said};
use crate::template::{Value, fill};

/// The whole response: `$status`, `$details` and `$output` are JSON of their own.
const RESPONSE: &str = concat!(
    r#"{"id":"resp_$id","object":"response","created_at":$created,"status":"#,
    r#"$status,"error":null,"incomplete_details":$details,"model":"$model","output":$output,"#,
    r#""usage":{"input_tokens":$prompt,"input_tokens_details":{"cached_tokens":0},"output_tokens":$completion,"#,
    r#""output_tokens_details":{"reasoning_tokens":0},"total_tokens":$total}}"#,
);
const BEGUN: &str = concat!(
    r#"{"id":"resp_$id","object":"response","created_at":$created,"status":"in_progress","error":null,"#,
    r#""incomplete_details":null,"model":"$model","output":[],"usage":null}"#,
);
const TEXT_PART: &str = r#"{"type":"output_text","text":"$text","annotations":[]}"#;
const REFUSAL_PART: &str = r#"{"type":"refusal","refusal":"$text"}"#;
const ITEM: &str = r#"{"id":"msg_$id","type":"message","status":"completed","role":"assistant","content":["#;

pub(super) fn json(said: &Said<'_>) -> Vec<u8> {
    response(said).into_bytes()
}

fn response(said: &Said<'_>) -> String {
    let (status, details) = match said.finish {
        Finish::Stop | Finish::Refusal => (r#""completed""#, "null"),
        Finish::Length => (r#""incomplete""#, r#"{"reason":"max_output_tokens"}"#),
        Finish::ContentFilter => (r#""incomplete""#, r#"{"reason":"content_filter"}"#),
    };
    let output = format!("[{ITEM}{}]}}]", part(said));
    let template =
        RESPONSE.replace("$status", status).replace("$details", details).replace("$output", &output);
    filled(&template, said, "")
}

fn part(said: &Said<'_>) -> &'static str {
    if said.finish == Finish::Refusal { REFUSAL_PART } else { TEXT_PART }
}

/// Created, item and part added, words, all of them done, completed.
pub(super) fn events(said: &Said<'_>) -> Vec<Bytes> {
    let refusal = said.finish == Finish::Refusal;
    let kind = if refusal { "refusal" } else { "output_text" };
    let empty = if refusal {
        r#"{"type":"refusal","refusal":""}"#
    } else {
        r#"{"type":"output_text","text":"","annotations":[]}"#
    };
    let place = r#""item_id":"msg_$id","output_index":0,"content_index":0"#;
    let mut events = Vec::new();
    let mut event = |name: &str, members: &str, word: &str| {
        let number = events.len();
        let template = format!(r#"{{"type":"{name}","sequence_number":{number},{members}}}"#);
        events.push(named(name, &filled(&template, said, word)));
    };
    event("response.created", &format!(r#""response":{BEGUN}"#), "");
    event("response.in_progress", &format!(r#""response":{BEGUN}"#), "");
    let item = r#""output_index":0,"item":{"id":"msg_$id","type":"message","status":"in_progress","role":"assistant","content":[]}"#;
    event("response.output_item.added", item, "");
    event("response.content_part.added", &format!(r#"{place},"part":{empty}"#), "");
    for word in said.words() {
        event(&format!("response.{kind}.delta"), &format!(r#"{place},"delta":"$word""#), word);
    }
    let whole = if refusal { r#""refusal":"$text""# } else { r#""text":"$text""# };
    event(&format!("response.{kind}.done"), &format!("{place},{whole}"), "");
    event("response.content_part.done", &format!(r#"{place},"part":{}"#, part(said)), "");
    event("response.output_item.done", &format!(r#""output_index":0,"item":{ITEM}{}]}}"#, part(said)), "");
    let last = match said.finish {
        Finish::Stop | Finish::Refusal => "response.completed",
        Finish::Length | Finish::ContentFilter => "response.incomplete",
    };
    let number = events.len();
    let whole = response(said);
    let text = format!(r#"{{"type":"{last}","sequence_number":{number},"response":{whole}}}"#);
    events.push(named(last, &text));
    events
}

fn filled(template: &str, said: &Said<'_>, word: &str) -> String {
    let values = [
        ("id", Value::Text(&said.id)),
        ("created", Value::Number(CREATED)),
        ("model", Value::Text(said.model)),
        ("text", Value::Text(&said.text)),
        ("word", Value::Text(word)),
        ("prompt", Value::Number(said.usage.prompt)),
        ("completion", Value::Number(said.usage.completion)),
        ("total", Value::Number(said.usage.prompt + said.usage.completion)),
    ];
    fill(template, &values)
}

//! Errors inside of a stream.

use bytes::Bytes;
use serde_json::Value;

use super::Wrong;
use crate::dialect::{Api, Dialect};
use crate::eventstream;

/// The event that tells of an error after the headers have promised that all is well.
pub(crate) fn frame(dialect: Dialect, api: Option<Api>, wrong: &Wrong) -> Bytes {
    let body = &wrong.body;
    match (dialect, api) {
        (Dialect::Bedrock, _) => eventstream::exception(&in_stream(wrong.name), body.as_bytes()),
        (Dialect::Anthropic, _) => format!("event: error\ndata: {body}\n\n").into(),
        (_, Some(Api::Responses)) => format!("event: error\ndata: {}\n\n", of_responses(body)).into(),
        _ => format!("data: {body}\n\n").into(),
    }
}

/// `ThrottlingException` is `throttlingException` in a stream.
fn in_stream(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

/// In a stream of Responses the members of the error stand in the event itself.
fn of_responses(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let member = |name: &str| body.pointer(&format!("/error/{name}")).unwrap_or(&Value::Null).to_string();
    format!(
        r#"{{"type":"error","code":{},"message":{},"param":{},"sequence_number":1}}"#,
        member("code"),
        member("message"),
        member("param")
    )
}

//! The request of `seawall explain --request`, as JSON.
//!
//! ```json
//! {
//!   "method": "POST",
//!   "path": "/v1/chat/completions",
//!   "headers": { "x-tenant-id": "acme" },
//!   "body": { "model": "gpt-4.1", "messages": [{ "role": "user", "content": "Hi" }] },
//!   "tenant": "acme",
//!   "hour": 14
//! }
//! ```
//!
//! Everything but `path` may be left out; `method` is then `POST`. A body that isn't JSON is written as a string, and so may
//! one that is. `tenant` says who calls where the policy reads that from what isn't in a request, such as a verified token;
//! `hour` is the hour of the day in UTC, otherwise that of now. A file that is a chat completion's body itself, which has
//! `messages` or `model` and no `path`, is taken as one that is sent to `/v1/chat/completions`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use seawall_core::read_request;
use seawall_policy::explain::{Body, BodyFacts, Request};
use seawall_policy::policy::Capability;
use serde_json::{Map, Value};

/// Where a bare body is sent.
const DEFAULT_PATH: &str = "/v1/chat/completions";

/// The members of a request.
const MEMBERS: [&str; 6] = ["method", "path", "headers", "body", "tenant", "hour"];

/// A token of English is about so many bytes; the same rule of thumb as the providers'.
const BYTES_PER_TOKEN: u64 = 4;

/// Reads a request.
///
/// # Errors
/// When it isn't JSON, or not of this form; the error says what was expected, and never repeats a header's value.
pub fn request(text: &str) -> anyhow::Result<Request> {
    let value: Value = serde_json::from_str(text).context("the request isn't JSON")?;
    let Value::Object(members) = value else {
        bail!(
            "a request is an object: {{ \"path\": …, \"headers\": {{…}}, \"body\": … }}, or the body of a chat completion"
        )
    };
    let is_bare =
        !members.contains_key("path") && (members.contains_key("messages") || members.contains_key("model"));
    if is_bare {
        let path = DEFAULT_PATH.to_owned();
        let (body, body_bytes) = read(&path, text.trim());
        return Ok(Request { path, body, body_bytes, hour: now(), ..Request::default() });
    }
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        bail!("a request has no `{unknown}`; it has {}", listed(&MEMBERS));
    }
    let text_of = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => bail!("`{name}` of the request must be a string, not {}", kind(other)),
    };
    let Some(path) = text_of("path")? else {
        bail!(
            "the request has no `path`, and isn't the body of a chat completion, which has `messages` or `model`"
        )
    };
    if !path.starts_with('/') {
        bail!("the request's `path` must start with `/`, without scheme and host");
    }
    let (body, body_bytes) = body(&path, members.get("body"))?;
    Ok(Request {
        method: text_of("method")?.unwrap_or_else(|| "POST".into()),
        path,
        headers: headers(members.get("headers"))?,
        body,
        body_bytes,
        tenant: text_of("tenant")?,
        hour: hour(members.get("hour"))?,
    })
}

fn headers(value: Option<&Value>) -> anyhow::Result<Vec<(String, String)>> {
    let members = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(other) => bail!("`headers` of the request must be an object of strings, not {}", kind(other)),
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        let texts: Option<Vec<&str>> = match value {
            Value::String(text) => Some(vec![text]),
            Value::Array(values) => values.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(texts) = texts else { bail!("the header `{name}` must be a string, or a list of strings") };
        let (name, value) = (name.to_ascii_lowercase(), texts.join(","));
        match headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = format!("{known},{value}"),
            None => headers.push((name, value)),
        }
    }
    Ok(headers)
}

fn body(path: &str, value: Option<&Value>) -> anyhow::Result<(Body, u64)> {
    Ok(match value {
        None | Some(Value::Null) => (Body::None, 0),
        Some(Value::String(text)) if text.is_empty() => (Body::None, 0),
        Some(Value::String(text)) => read(path, text),
        Some(body @ Value::Object(_)) => {
            read(path, &serde_json::to_string(body).context("cannot write the body")?)
        }
        Some(other) => bail!("`body` of the request must be an object or a string, not {}", kind(other)),
    })
}

/// A body, and its length: what the filter itself reads of it.
fn read(path: &str, text: &str) -> (Body, u64) {
    let body = match (serde_json::from_str(text), read_request(path, text.as_bytes())) {
        (Ok(Value::Object(members)), Ok(found)) => Body::Json(facts(&found, text.as_bytes(), &members)),
        (Ok(Value::Object(_)), Err(error)) => Body::Unreadable(error.to_string()),
        (Ok(_), _) => Body::Unreadable("it isn't a JSON object".into()),
        (Err(_), _) => Body::Unreadable("it isn't valid JSON".into()),
    };
    (body, text.len() as u64)
}

fn hour(value: Option<&Value>) -> anyhow::Result<u8> {
    match value {
        None | Some(Value::Null) => Ok(now()),
        Some(value) => {
            let hour = value.as_u64().and_then(|hour| u8::try_from(hour).ok()).filter(|hour| *hour < 24);
            hour.context("`hour` of the request must be a whole number from 0 to 23")
        }
    }
}

/// The hour of the day in UTC.
fn now() -> u8 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    u8::try_from(seconds / 3_600 % 24).unwrap_or_default()
}

fn facts(found: &seawall_core::Facts, body: &[u8], members: &Map<String, Value>) -> BodyFacts {
    let messages = members.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let bytes: u64 = messages.iter().map(text_bytes).sum();
    BodyFacts {
        model: found.model_name(body).map(Into::into),
        stream: found.stream,
        max_tokens: found.most_tokens(body),
        messages: found.messages,
        tool_count: found.tools,
        tools: found.tool_names(body).into_iter().map(Into::into).collect(),
        input_tokens: bytes.div_ceil(BYTES_PER_TOKEN),
        repeats: found.repeats(body),
        needs: Capability::ALL.into_iter().filter(|capability| found.needs(*capability, body)).collect(),
    }
}

/// Bytes of text in a message, however deep it stands.
fn text_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(values) => values.iter().map(text_bytes).sum(),
        Value::Object(members) => {
            let content = members.iter().filter(|(name, _)| !matches!(name.as_str(), "role" | "type"));
            content.map(|(_, value)| text_bytes(value)).sum()
        }
        _ => 0,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let text = r#"{
            "method": "PUT", "path": "/v1/x?y=1", "hour": 3, "tenant": "acme",
            "headers": {"X-A": "1", "x-b": ["2", "3"], "x-a": "4"},
            "body": {"model": "m", "stream": true, "messages": [{"role": "user", "content": "12345678"}],
                     "max_tokens": 7, "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "web"}, {}]}
        }"#;
        let request = request(text).unwrap();
        assert_eq!((&*request.method, &*request.path, request.hour), ("PUT", "/v1/x?y=1", 3));
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(headers.len(), 2);
        assert!(headers.contains(&("x-b", "2,3")));
        let Body::Json(facts) = request.body else { panic!("{:?}", request.body) };
        let tools = vec!["f".to_owned(), "web".to_owned()];
        let expected = BodyFacts {
            model: Some("m".into()),
            stream: true,
            max_tokens: Some(7),
            messages: 1,
            tool_count: 3,
            tools,
            input_tokens: 2,
            repeats: 0,
            needs: [Capability::Tools, Capability::Stream].into_iter().collect(),
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn a_bare_body_goes_to_chat_completions() {
        let request = request(r#"{"model": "m", "messages": []}"#).unwrap();
        assert_eq!((&*request.method, &*request.path, request.body_bytes), ("POST", DEFAULT_PATH, 30));
        assert!(matches!(request.body, Body::Json(BodyFacts { model: Some(_), .. })));
    }

    #[test]
    fn a_body_may_be_text() {
        let body = |text: &str| request(&format!(r#"{{"path": "/", "body": {text}}}"#)).unwrap().body;
        assert_eq!(body("\"\""), Body::None);
        assert_eq!(body("null"), Body::None);
        assert!(
            matches!(body(r#""{\"model\":\"m\"}""#), Body::Json(facts) if facts.model.as_deref() == Some("m"))
        );
        assert!(matches!(body("\"[]\""), Body::Unreadable(why) if why.contains("object")));
        assert!(matches!(body("\"{\""), Body::Unreadable(why) if why.contains("valid")));
    }

    #[test]
    fn what_has_another_form_is_told_so() {
        for (text, said) in [
            ("{", "isn't JSON"),
            ("[]", "a request is an object"),
            ("{}", "has no `path`"),
            (r#"{"path": "v1"}"#, "must start with `/`"),
            (r#"{"path": "/", "bdoy": {}}"#, "has no `bdoy`; it has `method`"),
            (r#"{"path": 1}"#, "must be a string, not a number"),
            (r#"{"path": "/", "headers": []}"#, "must be an object of strings, not a list"),
            (
                r#"{"path": "/", "headers": {"authorization": 12345678}}"#,
                "the header `authorization` must be",
            ),
            (r#"{"path": "/", "body": 3}"#, "must be an object or a string, not a number"),
            (r#"{"path": "/", "hour": 24}"#, "from 0 to 23"),
        ] {
            let error = format!("{:#}", request(text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("12345678"), "{error}");
        }
    }
}

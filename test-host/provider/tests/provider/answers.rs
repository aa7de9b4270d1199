//! Answers, without any I/O.

use seawall_provider::{Answer, Asked, Behaviour, End, Fault, Reply, reply};
use serde_json::Value;

const CHAT: &str = "/v1/chat/completions";
const ASK: &str = r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]}"#;
const ASK_STREAM: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[]}"#;
const ASK_STREAM_USAGE: &str =
    r#"{"model":"gpt-4.1","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;

fn answer(behaviour: &Behaviour, path: &str, body: &str) -> Answer {
    match reply("primary", behaviour, &Asked::read(path, body.as_bytes())) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn faulty(fault: Fault) -> Behaviour {
    Behaviour { fault: Some(fault), ..Behaviour::default() }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body()).unwrap()
}

/// The JSON of each event but the last, which is `[DONE]`.
fn events(answer: &Answer) -> Vec<Value> {
    let (done, events) = answer.chunks.split_last().unwrap();
    assert_eq!(done, "data: [DONE]\n\n");
    let payload = |event: &[u8]| {
        let data = event.strip_prefix(b"data: ").unwrap().strip_suffix(b"\n\n").unwrap();
        serde_json::from_slice(data).unwrap()
    };
    events.iter().map(|event| payload(event)).collect()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut found = answer.headers.iter().filter(|(known, _)| known == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert_eq!(found.next(), None, "{name} twice");
    value
}

#[test]
fn a_completion_has_openais_shape() {
    let answer = answer(&Behaviour::default(), CHAT, ASK);
    assert_eq!((answer.status, answer.end, answer.stream), (200, End::Complete, false));
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    assert_eq!(header(&answer, "content-length"), Some(answer.body().len().to_string().as_str()));
    let body = json(&answer);
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "gpt-4.1");
    assert_eq!(body["choices"][0]["message"]["role"], "assistant");
    assert_eq!(body["choices"][0]["message"]["content"], "This is a simulated answer from primary.");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    let usage = |name: &str| body["usage"][name].as_u64().unwrap();
    assert_eq!(usage("prompt_tokens"), ASK.len().div_ceil(4) as u64);
    assert_eq!(usage("completion_tokens"), 7);
    assert_eq!(usage("total_tokens"), usage("prompt_tokens") + usage("completion_tokens"));
}

#[test]
fn the_same_request_gets_the_same_bytes_and_another_one_another_id() {
    let first = answer(&Behaviour::default(), CHAT, ASK);
    assert_eq!(first, answer(&Behaviour::default(), CHAT, ASK));
    let ids: Vec<_> = ["Hello", "Hellp", "Hello!", "Hello, but longer"]
        .iter()
        .map(|text| json(&answer(&Behaviour::default(), CHAT, &ASK.replace("Hello", text)))["id"].to_string())
        .collect();
    assert!(ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1), "{ids:?}");
}

#[test]
fn a_stream_brings_role_words_finish_and_done() {
    let answer = answer(&Behaviour::default(), CHAT, ASK_STREAM);
    assert!(answer.stream);
    assert_eq!(header(&answer, "content-type"), Some("text/event-stream"));
    assert_eq!(header(&answer, "content-length"), None);
    let events = events(&answer);
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    let said: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "This is a simulated answer from primary.");
    assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert!(events.iter().all(|event| event["object"] == "chat.completion.chunk"));
    assert!(events.iter().all(|event| event.get("usage").is_none()));
}

#[test]
fn a_stream_ends_with_its_usage_only_where_that_was_asked_for() {
    let events = events(&answer(&Behaviour::default(), CHAT, ASK_STREAM_USAGE));
    let (last, others) = events.split_last().unwrap();
    assert_eq!(last["choices"].as_array().unwrap().len(), 0);
    assert_eq!(last["usage"]["completion_tokens"], 7);
    assert!(others.iter().all(|event| event["usage"].is_null() && event.get("usage").is_some()));
}

#[test]
fn errors_say_what_their_status_means() {
    let cases = [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", Some("invalid_api_key")),
        (404, "invalid_request_error", Some("model_not_found")),
        (418, "invalid_request_error", None),
        (429, "requests", Some("rate_limit_exceeded")),
        (500, "server_error", Some("server_error")),
        (503, "server_error", Some("overloaded")),
        (529, "overloaded_error", Some("overloaded")),
        (599, "server_error", None),
    ];
    for (status, kind, code) in cases {
        for body in [ASK, ASK_STREAM] {
            let answer = answer(&Behaviour { status: Some(status), ..Behaviour::default() }, CHAT, body);
            assert_eq!((answer.status, answer.stream), (status, false));
            let error = &json(&answer)["error"];
            assert_eq!(error["type"], kind, "{status}");
            assert_eq!(error["code"].as_str(), code, "{status}");
            assert!(error["message"].as_str().unwrap().contains(&status.to_string()));
            assert!(error["param"].is_null());
        }
    }
}

#[test]
fn a_body_that_is_no_chat_request_is_the_callers_error() {
    for body in ["", "{", "[]", r#"{"messages":[]}"#, r#"{"model":7}"#] {
        let answer = answer(&Behaviour::default(), CHAT, body);
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(json(&answer)["error"]["type"], "invalid_request_error");
    }
}

#[test]
fn other_paths_are_echoed() {
    let answer = answer(&Behaviour::default(), "/v1/models?limit=3", "");
    assert_eq!(answer.status, 200);
    let body = json(&answer);
    assert_eq!(body["path"], "/v1/models");
    assert_eq!(body["provider"], "primary");
}

#[test]
fn a_query_does_not_hide_the_path() {
    let answer = answer(&Behaviour::default(), "/v1/chat/completions?api-version=1", ASK);
    assert_eq!(json(&answer)["object"], "chat.completion");
}

#[test]
fn extra_headers_are_added_and_replace_known_ones() {
    let headers = [("retry-after", "1"), ("content-type", "text/plain")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let answer = answer(&Behaviour { status: Some(429), headers, ..Behaviour::default() }, CHAT, ASK);
    assert_eq!(header(&answer, "retry-after"), Some("1"));
    assert_eq!(header(&answer, "content-type"), Some("text/plain"));
}

#[test]
fn a_cut_takes_half_of_the_body_that_was_promised() {
    let whole = answer(&Behaviour::default(), CHAT, ASK);
    let cut = answer(&faulty(Fault::Cut), CHAT, ASK);
    assert_eq!(cut.end, End::Cut);
    assert_eq!(cut.headers, whole.headers);
    assert_eq!(cut.body(), whole.body()[..whole.body().len() / 2]);
}

#[test]
fn a_cut_leaves_two_chunks_of_a_stream() {
    let whole = answer(&Behaviour::default(), CHAT, ASK_STREAM);
    let cut = answer(&faulty(Fault::Cut), CHAT, ASK_STREAM);
    assert_eq!(cut.end, End::Cut);
    assert_eq!(cut.chunks, whole.chunks[..2]);
}

#[test]
fn malformed_json_stops_in_the_middle_and_ends_in_order() {
    let malformed = answer(&faulty(Fault::Malformed), CHAT, ASK);
    assert_eq!((malformed.status, malformed.end), (200, End::Complete));
    assert_eq!(header(&malformed, "content-length"), Some(malformed.body().len().to_string().as_str()));
    assert!(serde_json::from_slice::<Value>(&malformed.body()).unwrap_err().is_eof());

    let stream = answer(&faulty(Fault::Malformed), CHAT, ASK_STREAM);
    assert_eq!(stream.end, End::Complete);
    assert!(!String::from_utf8(stream.body()).unwrap().contains("[DONE]"));
    assert!(!stream.chunks.last().unwrap().ends_with(b"\n\n"));
}

#[test]
fn nothing_is_answered_to_a_reset_or_a_hang() {
    let asked = Asked::read(CHAT, ASK.as_bytes());
    assert_eq!(reply("primary", &faulty(Fault::Reset), &asked), Reply::Reset);
    assert_eq!(reply("primary", &faulty(Fault::Hang), &asked), Reply::Hang);
}

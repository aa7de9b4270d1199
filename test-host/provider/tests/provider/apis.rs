//! Sound answers in the form of each API.

use seawall_provider::{Answer, Behaviour, Dialect, Finish};
use serde_json::{Value, json};

use crate::asks::{APIS, Api, event, header, json};

const TEXT: &str = "This is a simulated answer from primary.";

/// Where each API has its text, its reason to end, and the tokens of the answer.
fn places(api: &Api) -> [&'static str; 3] {
    match api.name {
        "responses" => ["/output/0/content/0/text", "/status", "/usage/output_tokens"],
        "messages" => ["/content/0/text", "/stop_reason", "/usage/output_tokens"],
        "generate" => [
            "/candidates/0/content/parts/0/text",
            "/candidates/0/finishReason",
            "/usageMetadata/candidatesTokenCount",
        ],
        "converse" => ["/output/message/content/0/text", "/stopReason", "/usage/outputTokens"],
        _ => ["/choices/0/message/content", "/choices/0/finish_reason", "/usage/completion_tokens"],
    }
}

/// The pieces of text in a stream.
fn said(answer: &Answer) -> String {
    let places = ["/choices/0/delta/content", "/delta/text", "/candidates/0/content/parts/0/text"];
    let of = |event: &Value| {
        let delta = event["type"] == "response.output_text.delta";
        let places = if delta { ["/delta"; 3] } else { places };
        places.iter().find_map(|place| event.pointer(place)?.as_str().map(str::to_owned))
    };
    answer.chunks.iter().filter_map(|chunk| of(&event(chunk).1)).collect()
}

#[test]
fn answers_hold_text_reason_and_usage_where_the_api_has_them() {
    for api in APIS {
        let answer = api.ask(&Behaviour::default());
        assert_eq!((answer.status, answer.stream), (200, false), "{api:?}");
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        let body = json(&answer);
        let [text, _, tokens] = places(&api);
        assert_eq!(body.pointer(text), Some(&json!(TEXT)), "{body}");
        assert_eq!(body.pointer(tokens), Some(&json!(7)), "{body}");
    }
}

#[test]
fn the_reason_to_end_is_in_the_apis_own_words() {
    let stops = [Finish::Stop, Finish::Length, Finish::ContentFilter, Finish::Refusal];
    let cases = [
        ("chat", ["stop", "length", "content_filter", "stop"]),
        ("responses", ["completed", "incomplete", "incomplete", "completed"]),
        ("messages", ["end_turn", "max_tokens", "refusal", "refusal"]),
        ("generate", ["STOP", "MAX_TOKENS", "SAFETY", "PROHIBITED_CONTENT"]),
        ("converse", ["end_turn", "max_tokens", "content_filtered", "guardrail_intervened"]),
    ];
    for (name, words) in cases {
        let api = Api::of(name);
        for (finish, word) in stops.into_iter().zip(words) {
            let behaviour = Behaviour { finish, ..Behaviour::default() };
            let body = json(&api.ask(&behaviour));
            assert_eq!(body.pointer(places(&api)[1]), Some(&json!(word)), "{body}");
            let stream = api.ask_stream(&behaviour).body();
            assert!(String::from_utf8_lossy(&stream).contains(&format!("\"{word}\"")), "{name} {word}");
        }
    }
}

#[test]
fn a_refusal_stands_in_a_member_of_its_own_at_openai() {
    let behaviour = Behaviour { finish: Finish::Refusal, ..Behaviour::default() };
    let body = json(&Api::of("chat").ask(&behaviour));
    assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
    assert!(body["choices"][0]["message"]["refusal"].is_string());
    assert_eq!(json(&Api::of("responses").ask(&behaviour))["output"][0]["content"][0]["type"], "refusal");
}

#[test]
fn streams_say_the_same_text_and_end_as_their_api_does() {
    let last = [
        ("chat", "", json!("[DONE]")),
        ("azure", "", json!("[DONE]")),
        ("messages", "message_stop", json!({"type": "message_stop"})),
    ];
    for api in APIS {
        let answer = api.ask_stream(&Behaviour::default());
        assert_eq!((answer.status, answer.stream), (200, true), "{api:?}");
        assert_eq!(header(&answer, "content-type"), Some(api.content_type));
        assert_eq!(header(&answer, "content-length"), None);
        assert_eq!(said(&answer), TEXT, "{api:?}");
        let end = event(answer.chunks.last().unwrap());
        match last.iter().find(|(name, ..)| *name == api.name) {
            Some((_, name, data)) => assert_eq!(end, ((*name).to_owned(), data.clone())),
            None => {
                let usage = [
                    "/usageMetadata/candidatesTokenCount",
                    "/usage/outputTokens",
                    "/response/usage/output_tokens",
                ];
                let told = usage.iter().find_map(|place| end.1.pointer(place));
                assert_eq!(told, Some(&json!(7)), "{end:?}");
            }
        }
    }
}

#[test]
fn events_of_named_apis_have_the_name_of_their_type() {
    for name in ["responses", "messages"] {
        let answer = Api::of(name).ask_stream(&Behaviour::default());
        for chunk in &answer.chunks {
            let (name, data) = event(chunk);
            assert_eq!(data["type"], name.as_str());
        }
    }
}

#[test]
fn the_model_is_that_of_the_path_or_the_body() {
    for (name, place) in
        [("chat", "/model"), ("responses", "/model"), ("messages", "/model"), ("generate", "/modelVersion")]
    {
        let api = Api::of(name);
        assert_eq!(json(&api.ask(&Behaviour::default())).pointer(place), Some(&json!(api.model())));
    }
}

#[test]
fn the_text_and_its_length_can_be_chosen() {
    let cases = [
        (Some("two words"), None, "two words", 2),
        (Some(""), None, "", 0),
        (Some("a b"), Some(5), "a b a b a ", 5),
        (None, Some(2), "This is ", 2),
        (Some(""), Some(3), "   ", 3),
    ];
    for (text, tokens, wanted, count) in cases {
        let behaviour = Behaviour { text: text.map(str::to_owned), tokens, ..Behaviour::default() };
        for api in APIS {
            let body = json(&api.ask(&behaviour));
            let [text, _, tokens] = places(&api);
            assert_eq!(
                (body.pointer(text), body.pointer(tokens)),
                (Some(&json!(wanted)), Some(&json!(count)))
            );
            assert_eq!(said(&api.ask_stream(&behaviour)), wanted);
        }
    }
}

#[test]
fn azure_begins_with_annotations_and_mistral_ends_with_unasked_usage() {
    let azure = Api::of("azure").ask_stream(&Behaviour::default());
    let first = event(&azure.chunks[0]).1;
    assert_eq!(first["choices"], json!([]));
    assert!(first["prompt_filter_results"].is_array());
    let behaviour = Behaviour { dialect: Some(Dialect::Mistral), ..Behaviour::default() };
    let mistral = Api::of("chat").ask_stream(&behaviour);
    let finish = event(&mistral.chunks[mistral.chunks.len() - 2]).1;
    assert_eq!(finish["usage"]["completion_tokens"], 7);
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
}

#[test]
fn what_is_no_request_of_the_api_is_the_callers_error() {
    let bad = Behaviour::default();
    for path in ["/v1/messages", "/v1/responses", "/model/m/converse", "/v1beta/models/m:generateContent"] {
        let asked = seawall_provider::Asked::read(path, b"{");
        let seawall_provider::Reply::Answer(answer) = seawall_provider::reply("primary", &bad, &asked) else {
            panic!()
        };
        assert_eq!(answer.status, 400, "{path}");
    }
}

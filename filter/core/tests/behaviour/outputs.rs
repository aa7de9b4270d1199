//! Output: what an answer must be like, and what follows one that isn't.

use std::cell::Cell;

use seawall_core::{Answer, Effect, Event, Half, Headers, Metric, Origin, OutputEvent, Rule};
use seawall_policy::explain::{End, Sequence};
use seawall_policy::policy::{InvalidAction, TargetId};
use serde_json::{Value, json};

use crate::plans::{Did, Host, did, told};

pub(crate) const CHAT: &str = "/v1/chat/completions";
const SCHEMA: &str = "schema <<JSON\n{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{\"n\":{\"type\":\"integer\"}}}\nJSON\n";

/// Two targets and a route with this output; `more` stands in the route.
pub(crate) fn policy(output: &str, more: &str) -> String {
    let retry = if more.contains("retry ") { "" } else { "retry standard" };
    format!(
        "target a {{ cluster \"a\"  provider openai  price $1 in, $1 out per 1M tokens }}\n\
         target b {{ cluster \"b\"  provider openai  price $1 in, $1 out per 1M tokens }}\n\
         route r {{\n match path \"/*\"\n try a\n then b\n {retry}\n {more}\n output {{\n {output}\n }}\n }}\n\
         retry standard {{ attempts 4 }}\nretry listless {{ attempts 4  on 503 }}"
    )
}

fn request() -> String {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "how many?"}]}).to_string()
}

pub(crate) fn completion(text: &str) -> String {
    let choice =
        json!({"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    json!({"object": "chat.completion", "choices": [choice], "usage": usage}).to_string()
}

/// The attempt through the router is answered with this text, met at a half.
fn says(host: &mut Host, half: Half, text: &str) -> Vec<Effect> {
    brings(host, half, &completion(text))
}

pub(crate) fn brings(host: &mut Host, half: Half, body: &str) -> Vec<Effect> {
    let body = body.as_bytes().to_vec();
    let length = body.len().to_string();
    let headers: Headers =
        [("content-type", "application/json"), ("content-length", &*length)].into_iter().collect();
    let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
    let mut fx = host.handle(Event::AnswerHeaders { half, answer, end_of_stream: false });
    let buffered = body.len();
    fx.extend(host.handle(Event::AnswerBody { half, chunk: body, buffered, end_of_stream: true }));
    fx
}

/// A dispatched one is.
fn calls_back(host: &mut Host, attempt: u32, text: &str) -> Vec<Effect> {
    let headers: Headers = [("content-type", "application/json")].into_iter().collect();
    let answer =
        Answer { status: 200, headers, body: completion(text).into_bytes(), origin: Origin::Provider };
    host.handle(Event::CallAnswer { attempt, answer })
}

fn sent(fx: &[Effect]) -> (String, Value) {
    match did(fx, "") {
        Did::Sent { cluster, body } => (cluster, serde_json::from_str(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn delivered(fx: &[Effect]) -> (u16, String) {
    match did(fx, "") {
        Did::Said { status, body } => (status, body),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn counted(fx: &[Effect]) -> Vec<OutputEvent> {
    let event = |effect: &Effect| match effect {
        Effect::Count(Metric::Output(_, event)) => Some(*event),
        _ => None,
    };
    fx.iter().filter_map(event).collect()
}

#[test]
fn an_answer_that_fits_goes_on_as_it_is() {
    for half in [Half::Downstream, Half::Upstream { attempt: 1 }] {
        let mut host = Host::new(&policy(SCHEMA, ""));
        host.ask_at(CHAT, &request());
        let fx = says(&mut host, half, "{\"n\":3}");
        assert!(fx.iter().any(|effect| matches!(effect, Effect::PassAnswer { .. })), "{fx:?}");
        assert!(!fx.iter().any(|effect| matches!(effect, Effect::ReplaceBody { .. })), "{fx:?}");
        assert_eq!(told(&fx).get("x-seawall-output"), None);
        assert_eq!(counted(&fx), []);
    }
}

#[test]
fn an_answer_without_choices_is_no_good_one() {
    let gemini = "/v1beta/models/gemini-2.5-pro:generateContent";
    let asks = json!({"contents": [{"role": "user", "parts": [{"text": "how many?"}]}]}).to_string();
    let usage = json!({"usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9}}).to_string();
    for (provider, path, asks, body) in [
        ("openai", CHAT, &request(), json!({"object": "chat.completion", "choices": []}).to_string()),
        ("gemini", gemini, &asks, usage),
        ("gemini", gemini, &asks, json!({"candidates": []}).to_string()),
    ] {
        let policy = policy(&format!("{SCHEMA} invalid repair, fail_over"), "")
            .replace("provider openai", &format!("provider {provider}"));
        let mut host = Host::new(&policy);
        host.ask_at(path, asks);
        let fx = brings(&mut host, Half::Downstream, &body);
        assert_eq!(counted(&fx), [OutputEvent::FailedOver], "{body}");
        // Where it is to be rejected, it may be asked for again first, as any answer that there isn't.
        let mut host = Host::new(&policy.replace("invalid repair, fail_over", "invalid reject"));
        host.ask_at(path, asks);
        let fx = brings(&mut host, Half::Downstream, &body);
        assert!(fx.iter().any(|effect| matches!(effect, Effect::HoldAnswer(_))), "{fx:?}");
        assert_eq!(counted(&fx), []);
    }
    // What has not been answered yet has no list of choices.
    let mut host = Host::new(&policy(SCHEMA, ""));
    host.ask_at("/v1/responses", &json!({"input": "how many?", "background": true}).to_string());
    let fx = brings(&mut host, Half::Downstream, &json!({"status": "queued", "output": []}).to_string());
    assert_eq!(counted(&fx), [OutputEvent::Unchecked]);
}

/// The beginning of a stream that says this.
fn begins(host: &mut Host, text: &str) -> Vec<Effect> {
    let half = Half::Downstream;
    let headers: Headers = [("content-type", "text/event-stream")].into_iter().collect();
    let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
    let mut fx = host.handle(Event::AnswerHeaders { half, answer, end_of_stream: false });
    let delta = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]});
    let chunk = format!("data: {delta}\n\n").into_bytes();
    fx.extend(host.handle(Event::AnswerBody { half, buffered: chunk.len(), chunk, end_of_stream: false }));
    fx
}

#[test]
fn a_stream_that_ends_hopeless_before_anything_of_it_went_out_is_rejected_by_its_rules() {
    let asks =
        json!({"model": "gpt-4.1", "stream": true, "messages": [{"role": "user", "content": "how many?"}]});
    for (actions, is_rejected) in [("reject", true), ("repair, reject", true), ("fail_over", false)] {
        let output = format!("deny /forbidden/  hopeless end  invalid {actions}");
        let mut host = Host::new(&policy(&output, "stream until_commit"));
        host.ask_at(CHAT, &asks.to_string());
        let fx = begins(&mut host, "forbidden things");
        let event = if is_rejected { OutputEvent::Rejected } else { OutputEvent::FailedOver };
        assert_eq!(counted(&fx), [event], "{actions}");
        if is_rejected {
            let (status, error) = delivered(&fx);
            assert_eq!((status, error.contains("invalid_output")), (502, true), "{error}");
            assert_eq!(told(&fx)["x-seawall-output"], "invalid deny");
        }
    }
}

/// Answers of which more comes than is looked at: too many values, too many choices, more bytes than are held.
fn too_large() -> [String; 3] {
    let many = completion(&format!("{{\"n\":3,\"all\":[{}0]}}", "0,".repeat(100_000)));
    let choice = json!({"message": {"content": "{\"n\":3}"}, "finish_reason": "stop"});
    let choices = json!({"choices": vec![choice; 129]}).to_string();
    [many, choices, completion(&"a ".repeat(2_200_000))]
}

#[test]
fn an_answer_that_says_more_than_can_be_looked_at_is_no_way_around_the_rules() {
    for body in too_large() {
        for half in [Half::Downstream, Half::Upstream { attempt: 1 }] {
            let mut host = Host::new(&policy(&format!("{SCHEMA} deny /secret/"), ""));
            host.ask_at(CHAT, &request());
            let mut fx = brings(&mut host, half, &body);
            if half != Half::Downstream {
                let headers = [("content-type", "application/json")].into_iter().collect();
                let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
                let (half, end_of_stream) = (Half::Downstream, false);
                fx = host.handle(Event::AnswerHeaders { half, answer, end_of_stream });
            }
            let (status, error) = delivered(&fx);
            assert_eq!((status, error.contains("invalid_output")), (502, true), "{error}");
            assert_eq!(told(&fx)["x-seawall-output"], "invalid size");
            assert_eq!(counted(&fx), [OutputEvent::Rejected]);
        }
    }
}

#[test]
fn an_answer_that_says_more_than_can_be_looked_at_passes_marked_where_the_policy_says_so() {
    for body in too_large() {
        let mut host = Host::new(&policy(&format!("{SCHEMA} invalid repair, pass"), ""));
        host.ask_at(CHAT, &request());
        let fx = brings(&mut host, Half::Downstream, &body);
        assert!(fx.iter().any(|effect| matches!(effect, Effect::PassAnswer { .. })));
        assert!(!fx.iter().any(|effect| matches!(effect, Effect::ReplaceBody { .. })));
        assert_eq!(told(&fx)["x-seawall-output"], "invalid size");
        assert_eq!(counted(&fx), [OutputEvent::Passed]);
        let broken = |effect: &Effect| matches!(effect, Effect::Count(Metric::Broken(_, Rule::Size)));
        assert_eq!(fx.iter().filter(|effect| broken(effect)).count(), 1);
    }
}

#[test]
fn an_answer_that_says_more_than_can_be_looked_at_is_asked_for_again_and_then_elsewhere() {
    for body in too_large() {
        let mut host = Host::new(&policy(&format!("{SCHEMA} invalid retry 1, fail_over"), ""));
        host.ask_at(CHAT, &request());
        let fx = brings(&mut host, Half::Downstream, &body);
        assert_eq!(counted(&fx), [OutputEvent::Retried]);
        assert_eq!(sent(&fx).0, "a");
        let fx = calls_back(&mut host, 2, &format!("[{}0]", "0,".repeat(100_000)));
        assert_eq!((counted(&fx), sent(&fx).0), (vec![OutputEvent::FailedOver], "b".to_owned()));
        assert_eq!(delivered(&calls_back(&mut host, 3, "{\"n\":3}")).0, 200);
    }
}

#[test]
fn what_can_be_repaired_is_and_the_caller_is_told_how() {
    for half in [Half::Downstream, Half::Upstream { attempt: 1 }] {
        let mut host = Host::new(&policy(&format!("{SCHEMA} invalid repair"), ""));
        host.ask_at(CHAT, &request());
        let fx = says(&mut host, half, "Sure! ```json\n{\"n\": 3,}\n```");
        let body = fx.iter().find_map(|effect| match effect {
            Effect::ReplaceBody { half: at, body } if *at == half => Some(body),
            _ => None,
        });
        let body: Value = serde_json::from_slice(body.unwrap()).unwrap();
        assert_eq!(body["choices"][0]["message"]["content"], "{\"n\":3}");
        assert_eq!(body["usage"]["total_tokens"], 15);
        let headers = told(&fx);
        assert_eq!(headers["x-seawall-output"], "repaired stripped, commas");
        assert_eq!(headers["content-length"], body_length(&fx));
        assert_eq!(counted(&fx), [OutputEvent::Repaired]);
    }
}

fn body_length(fx: &[Effect]) -> String {
    let length = fx.iter().find_map(|effect| match effect {
        Effect::ReplaceBody { body, .. } => Some(body.len()),
        _ => None,
    });
    length.unwrap().to_string()
}

#[test]
fn the_same_target_is_asked_again_with_what_was_wrong_and_another_one_without() {
    let mut host = Host::new(&policy(&format!("{SCHEMA} invalid retry 1, then fail_over"), ""));
    host.ask_at(CHAT, &request());
    let fx = says(&mut host, Half::Downstream, "{\"n\":\"secret\"}");
    assert_eq!(counted(&fx), [OutputEvent::Retried]);
    let (cluster, body) = sent(&fx);
    assert_eq!(cluster, "a");
    let messages = body["messages"].as_array().unwrap();
    let last = messages.last().unwrap()["content"].as_str().unwrap();
    assert!(last.contains("/n") && !last.contains("secret"), "{last}");
    assert_eq!(messages[0]["content"], "how many?");
    // Its second answer is no better.
    let fx = calls_back(&mut host, 2, "{}");
    assert_eq!(counted(&fx), [OutputEvent::FailedOver]);
    assert_eq!(sent(&fx), ("b".to_owned(), serde_json::from_str(&request()).unwrap()));
    let fx = calls_back(&mut host, 3, "{\"n\":3}");
    let (status, body) = delivered(&fx);
    assert_eq!((status, body), (200, completion("{\"n\":3}")));
    let headers = told(&fx);
    assert_eq!(headers["x-seawall-reason"], "failed_over");
    assert_eq!(headers.get("x-seawall-output"), None);
}

#[test]
fn what_is_rejected_tells_where_and_nothing_of_the_answer() {
    for (half, output) in [
        (Half::Downstream, "invalid reject"),
        (Half::Downstream, ""),
        (Half::Downstream, "invalid repair, retry 1"),
    ] {
        let mut host = Host::new(&policy(&format!("{SCHEMA} {output}"), ""));
        host.ask_at(CHAT, &request());
        let mut fx = says(&mut host, half, "{\"n\":\"secret\"}");
        if output.contains("retry") {
            assert_eq!(sent(&fx).0, "a");
            fx = calls_back(&mut host, 2, "{\"n\":\"secret\"}");
        }
        let (status, body) = delivered(&fx);
        assert_eq!(status, 502);
        assert!(body.contains("invalid_output") && body.contains("/n"), "{body}");
        assert!(!body.contains("secret"), "{body}");
        let headers = told(&fx);
        assert_eq!(headers["x-seawall-reason"], "invalid_output");
        assert_eq!(headers["x-seawall-output"], "invalid schema");
        assert_eq!(headers["x-should-retry"], "false");
        assert_eq!(counted(&fx), [OutputEvent::Rejected]);
    }
}

#[test]
fn what_passes_is_marked() {
    let mut host = Host::new(&policy(&format!("{SCHEMA} deny /secret/\n invalid pass"), ""));
    host.ask_at(CHAT, &request());
    let fx = says(&mut host, Half::Downstream, "{\"n\":\"secret\"}");
    assert!(!fx.iter().any(|effect| matches!(effect, Effect::ReplaceBody { .. })));
    assert_eq!(told(&fx)["x-seawall-output"], "invalid schema, deny");
    assert_eq!(counted(&fx), [OutputEvent::Passed]);
}

#[test]
fn an_answer_that_may_pass_goes_out_when_nothing_better_comes() {
    let mut host = Host::new(&policy(&format!("{SCHEMA} invalid fail_over, pass"), "timeout 5s"));
    host.ask_at(CHAT, &request());
    let fx = says(&mut host, Half::Downstream, "three");
    assert_eq!(sent(&fx).0, "b");
    let answer =
        Answer { status: 400, headers: Headers::default(), body: b"{}".to_vec(), origin: Origin::Provider };
    let fx = host.handle(Event::CallAnswer { attempt: 2, answer });
    assert_eq!(delivered(&fx), (200, completion("three")));
    let headers = told(&fx);
    assert_eq!((&*headers["x-seawall-output"], &*headers["x-seawall-target"]), ("invalid schema", "a"));
}

#[test]
fn attempts_deadline_and_cost_bound_what_follows() {
    for (more, allowed) in [
        ("", true),
        ("retry one", false),
        ("contract { cost <= $0.001 }", true),
        // What was wrong makes the prompt too dear.
        ("contract { cost <= $0.00005 }", false),
        // An answer that took ten seconds leaves time for another, or none.
        ("deadline 20s", true),
        ("deadline 10s", false),
    ] {
        let text = policy(&format!("{SCHEMA} invalid retry 2"), more);
        let mut host = Host::new(&format!("{text}\nretry one {{ attempts 1 }}"));
        host.ask_at(CHAT, &request());
        host.now += 10;
        let fx = says(&mut host, Half::Downstream, "three");
        let expected = if allowed { OutputEvent::Retried } else { OutputEvent::Rejected };
        assert_eq!(counted(&fx), [expected], "{more}");
    }
}

#[test]
fn a_request_that_grows_beyond_its_context_window_or_contract_is_not_sent_again() {
    for (target, more, allowed) in [
        ("", "", true),
        ("context 1k tokens", "", true),
        // The answer is some two hundred tokens.
        ("context 40 tokens", "", false),
        ("", "contract { input <= 1k tokens }", true),
        ("", "contract { input <= 30 tokens }", false),
        ("", "contract { input <= 30 tokens else trim oldest }", false),
        ("", "contract { body <= 1KiB }", false),
    ] {
        let text = policy(&format!("{SCHEMA} invalid retry 2, fail_over"), more);
        let text = text.replacen("provider openai", &format!("provider openai {target}"), 1);
        let mut host = Host::new(&text);
        host.ask_at(CHAT, &request());
        let fx = says(&mut host, Half::Downstream, &"three ".repeat(200));
        let expected = if allowed { OutputEvent::Retried } else { OutputEvent::FailedOver };
        assert_eq!(counted(&fx), [expected], "{target} {more}");
        let (cluster, body) = sent(&fx);
        let is_own = body == serde_json::from_str::<Value>(&request()).unwrap();
        assert_eq!((&*cluster, is_own), if allowed { ("a", false) } else { ("b", true) }, "{target} {more}");
    }
}

#[test]
fn a_schema_of_the_requests_that_can_not_be_honoured_is_told() {
    let format =
        |schema: Value| json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    let asks = |schema: Value| {
        json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "how many?"}], "response_format": format(schema)})
            .to_string()
    };
    for (schema, text, expected) in [
        (json!({"type": "object"}), "{}", (None, vec![])),
        (
            json!({"$ref": "https://example.com/x"}),
            "{}",
            (Some("unchecked schema"), vec![OutputEvent::Unchecked]),
        ),
        (
            json!({"$ref": "https://example.com/x"}),
            "no JSON",
            (Some("invalid schema"), vec![OutputEvent::Passed]),
        ),
    ] {
        let mut host = Host::new(&policy("schema from request\n invalid pass", ""));
        host.ask_at(CHAT, &asks(schema));
        let fx = says(&mut host, Half::Downstream, text);
        assert_eq!((told(&fx).get("x-seawall-output").map(String::as_str), counted(&fx)), expected);
    }
}

/// The attempt through the router is under way, and one at `b` beside it since a second.
fn hedged(output: &str, more: &str) -> Host {
    hedged_asking(&request(), output, more)
}

fn hedged_asking(asks: &str, output: &str, more: &str) -> Host {
    let text = policy(output, &format!("timeout 30s\n hedge after 2s at most 100%\n {more}"));
    let text =
        text.replace("then b\n", "then b\n then c\n") + "\ntarget c { cluster \"c\"  provider openai }";
    let mut host = Host::new(&text);
    host.ask_at(CHAT, asks);
    let fx = host.wait(3);
    assert_eq!(sent(&fx).0, "b");
    host.wait(1);
    host
}

fn fails(host: &mut Host, attempt: u32, status: u16) -> Vec<Effect> {
    let answer =
        Answer { status, headers: Headers::default(), body: b"{}".to_vec(), origin: Origin::Provider };
    host.handle(Event::CallAnswer { attempt, answer })
}

#[test]
fn what_follows_a_bad_answer_that_was_hedged_is_for_the_actions_to_say() {
    // Nothing that fails is retried, by the policy's `retry`.
    let listless = "retry listless";
    for (actions, status, then) in [
        ("invalid fail_over", 500, Some("c")),
        ("invalid retry 1, fail_over", 500, Some("c")),
        ("invalid reject", 500, None),
        // The request is at fault, and that is the caller's own.
        ("invalid fail_over", 400, None),
    ] {
        let mut host = hedged(&format!("{SCHEMA} {actions}"), listless);
        let fx = says(&mut host, Half::Downstream, "three");
        assert!(
            !fx.iter().any(|effect| matches!(effect, Effect::Dispatch { .. } | Effect::Respond { .. })),
            "{fx:?}"
        );
        let fx = fails(&mut host, 2, status);
        match (then, did(&fx, "")) {
            (Some(then), Did::Sent { cluster, .. }) => {
                assert_eq!(cluster, then);
                assert_eq!(delivered(&calls_back(&mut host, 3, "{\"n\":3}")).0, 200);
            }
            (None, Did::Said { .. }) => {}
            other => panic!("{actions} {status}: {other:?}"),
        }
    }
}

#[test]
fn the_target_whose_answer_was_bad_is_asked_again_after_its_hedge_has_failed() {
    let mut host = hedged(&format!("{SCHEMA} invalid retry 1"), "");
    fails(&mut host, 2, 400);
    let (cluster, again) = sent(&says(&mut host, Half::Downstream, "three"));
    assert_eq!((cluster.as_str(), again["messages"].as_array().map(Vec::len)), ("a", Some(3)));
    assert_eq!(delivered(&calls_back(&mut host, 3, "{\"n\":3}")).0, 200);
}

#[test]
fn a_good_answer_beside_a_bad_one_is_delivered() {
    let mut host = hedged(&format!("{SCHEMA} invalid reject"), "");
    says(&mut host, Half::Downstream, "three");
    let (status, body) = delivered(&calls_back(&mut host, 2, "{\"n\":3}"));
    assert_eq!((status, body), (200, completion("{\"n\":3}")));
}

#[test]
fn an_answer_that_lost_a_race_counts_for_what_it_is() {
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "required": ["n"]}}});
    let asks = json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "how many?"}], "response_format": format}).to_string();
    for (output, text, broken) in [
        (SCHEMA, "{\"n\":3}", vec![]),
        (SCHEMA, "three", vec![Rule::Schema]),
        (&format!("{SCHEMA} deny /th/  invalid reject"), "three", vec![Rule::Schema, Rule::Deny]),
        ("schema from request", "{\"n\":3}", vec![]),
        ("schema from request", "{}", vec![Rule::Schema]),
    ] {
        let mut host = hedged_asking(&asks, output, "");
        let fx = says(&mut host, Half::Downstream, "{\"n\":3}");
        assert!(fx.iter().any(|effect| matches!(effect, Effect::PassAnswer { .. })), "{fx:?}");
        let fx = calls_back(&mut host, 2, text);
        let rules = fx.iter().filter_map(|effect| match effect {
            Effect::Count(Metric::Broken(_, rule)) => Some(*rule),
            _ => None,
        });
        assert_eq!(rules.collect::<Vec<_>>(), broken, "{output} {text}");
        assert_eq!(counted(&fx), [], "nothing is done with it");
    }
}

#[test]
fn what_loses_races_with_bad_answers_opens_its_breaker() {
    let policy = policy(
        &format!("{SCHEMA} invalid repair, reject"),
        "timeout 30s\n hedge after 2s at most 100%\n breaker b",
    ) + "\nbreaker b { trip quality < 50% of at least 10  open 300s }";
    let hedges = |text: &str| {
        let mut host = Host::new(&policy);
        let hedged = (0..30).filter(|_| {
            host.ask_at(CHAT, &request());
            let fx = host.wait(3);
            let is_hedged = fx.iter().any(|effect| matches!(effect, Effect::Dispatch { .. }));
            says(&mut host, Half::Downstream, "{\"n\":3}");
            if is_hedged {
                calls_back(&mut host, 2, text);
            }
            is_hedged
        });
        hedged.count()
    };
    let good = hedges("{\"n\":3}");
    assert!(good > 15, "{good}");
    // It could have been repaired.
    assert_eq!(hedges("```\n{\"n\":3}\n```"), good);
    let bad = hedges("three");
    assert!((10..13).contains(&bad), "{bad}");
}

#[test]
fn of_an_answer_too_long_to_be_held_the_caller_gets_what_comes_in_its_place_or_one_error() {
    let long = completion(&"a ".repeat(2_200_000));
    for (second, expected) in [
        (Ok("{\"n\":3}"), (200, None, "b")),
        // One that can be kept is better than none.
        (Ok("three"), (200, Some("invalid schema"), "b")),
        // A provider's own error tells more than that an answer didn't fit; but not that of a fallback which refuses the request.
        (Err(500), (500, None, "b")),
        (Err(400), (502, Some("invalid size"), "a")),
    ] {
        let mut host = Host::new(&policy(&format!("{SCHEMA} invalid fail_over, pass"), "retry listless"));
        host.ask_at(CHAT, &request());
        let fx = brings(&mut host, Half::Downstream, &long);
        assert_eq!((counted(&fx), sent(&fx).0), (vec![OutputEvent::FailedOver], "b".to_owned()));
        let fx = match second {
            Ok(text) => calls_back(&mut host, 2, text),
            Err(status) => fails(&mut host, 2, status),
        };
        let ((status, body), headers) = (delivered(&fx), told(&fx));
        let output = headers.get("x-seawall-output").map(String::as_str);
        assert_eq!((status, output, &*headers["x-seawall-target"]), expected, "{second:?}");
        assert_eq!(status == 502, body.contains("invalid_output"), "{body}");
    }
    // Nothing can come in its place.
    let one = policy(&format!("{SCHEMA} invalid fail_over, pass"), "").replace("then b", "");
    let mut host = Host::new(&one);
    host.ask_at(CHAT, &request());
    let fx = brings(&mut host, Half::Downstream, &long);
    assert_eq!((counted(&fx), &*told(&fx)["x-seawall-output"]), (vec![OutputEvent::Passed], "invalid size"));
}

#[test]
fn an_answer_that_goes_on_with_words_of_its_request_is_checked_and_repaired_with_them() {
    let policy = format!(
        "target a {{ cluster \"a\"  provider anthropic }}\n\
         route r {{ match path \"/*\"  try a\n output {{ {SCHEMA} invalid repair, retry 1, pass }} }}"
    );
    for (prefill, text, delivered, output) in [
        (json!("{\"n\":"), "3}", "3}", None),
        (json!([{"type": "text", "text": "{"}, {"type": "text", "text": "\"n\":"}]), "3}", "3}", None),
        // Only the rest is written.
        (json!("{\"n\":"), "3,}```", "3}", Some("repaired stripped, commas")),
        // What was there already can't be mended; and no request is appended to that is to be gone on with.
        (json!("Sure: {\"n\":"), "3}", "3}", Some("invalid schema")),
        (json!("{\"n\":"), "\"three\"}", "\"three\"}", Some("invalid schema")),
    ] {
        let mut host = Host::new(&policy);
        let messages =
            json!([{"role": "user", "content": "how many?"}, {"role": "assistant", "content": prefill}]);
        let request = json!({"model": "claude", "max_tokens": 100, "messages": messages}).to_string();
        host.ask_at("/v1/messages", &request);
        let message = |text: &str| json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"});
        let fx = brings(&mut host, Half::Downstream, &message(text).to_string());
        assert!(fx.iter().any(|effect| matches!(effect, Effect::PassAnswer { .. })), "{text}: {fx:?}");
        assert_eq!(told(&fx).get("x-seawall-output").map(String::as_str), output, "{text}");
        let body = fx.iter().find_map(|effect| match effect {
            Effect::ReplaceBody { body, .. } => Some(serde_json::from_slice::<Value>(body).unwrap()),
            _ => None,
        });
        assert_eq!(body.unwrap_or_else(|| message(text)), message(delivered), "{text}");
    }
}

/// All lists of up to three of these actions, none twice.
fn lists() -> Vec<Vec<(&'static str, InvalidAction)>> {
    let actions = [
        ("repair", InvalidAction::Repair),
        ("retry 1", InvalidAction::Retry(1)),
        ("retry 2", InvalidAction::Retry(2)),
        ("fail_over", InvalidAction::FailOver),
        ("reject", InvalidAction::Reject),
        ("pass", InvalidAction::Pass),
    ];
    let mut lists: Vec<Vec<_>> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..3 {
        let end = lists.len();
        for at in from..end {
            for action in actions {
                if !lists[at].contains(&action) {
                    let longer = lists[at].iter().copied().chain([action]).collect();
                    lists.push(longer);
                }
            }
        }
        from = end;
    }
    lists.split_off(1)
}

/// The attempts at a plan of so many targets, of which every one answers with what doesn't fit and can't be repaired.
fn played(actions: &str, attempts: u32, targets: usize) -> (Vec<usize>, End) {
    let mut text =
        format!("retry standard {{ attempts {attempts} }}\nroute r {{ match path \"/*\"\n retry standard\n");
    for at in 0..targets {
        text += &format!("{} t{at}\n", if at == 0 { "try" } else { "then" });
    }
    text += &format!("output {{\n{SCHEMA} invalid {actions}\n}}\n}}\n");
    for at in 0..targets {
        text += &format!("target t{at} {{ cluster \"{at}\"  provider openai }}\n");
    }
    let mut host = Host::new(&text);
    let (first, _) = host.ask_at(CHAT, &request());
    let Did::Sent { cluster, .. } = first else { panic!("{first:?}") };
    let mut positions = vec![cluster.parse().unwrap()];
    let mut fx = says(&mut host, Half::Downstream, "three");
    loop {
        match did(&fx, "") {
            Did::Sent { cluster, .. } => positions.push(cluster.parse().unwrap()),
            Did::Said { status: 502, .. } => return (positions, End::Rejected),
            Did::Said { .. } | Did::Passed => return (positions, End::Passed),
        }
        fx = calls_back(&mut host, positions.len() as u32, "three");
    }
}

#[test]
fn what_is_explained_of_answers_that_do_not_fit_is_what_happens() {
    for list in lists() {
        let words: Vec<&str> = list.iter().map(|(word, _)| *word).collect();
        let actions: Vec<InvalidAction> = list.iter().map(|(_, action)| *action).collect();
        for (attempts, targets) in [(1, 2), (2, 1), (3, 2), (4, 3)] {
            let retry = seawall_policy::check(&format!(
                "seawall 1\ntarget t {{ cluster \"t\"  provider openai }}\nretry r {{ attempts {attempts} }}\n\
                 route r {{ match path \"/*\"  try t  retry r }}"
            ));
            let retry = retry.policy.unwrap().routes[0].retry.clone();
            let told = Sequence::of_invalid(&retry, targets, &actions);
            let positions = told.attempts.iter().map(|attempt| attempt.position).collect::<Vec<_>>();
            let words = words.join(", ");
            assert_eq!(
                played(&words, attempts, targets),
                (positions, told.end),
                "{words}; {attempts}, {targets}"
            );
        }
    }
}

#[test]
fn a_target_whose_answers_get_worse_than_they_were_opens_its_breaker_by_its_own_baseline() {
    let breaker = "breaker b { trip quality < 0.7x baseline  open 30s }";
    let policy = policy(&format!("{SCHEMA} invalid pass"), "breaker b") + "\n" + breaker;
    let mut host = Host::new(&policy);
    let (mut broken, gauges) = (0, Cell::new((0, 0)));
    // Whether the first target was asked.
    let mut ask = |host: &mut Host, is_good: bool| {
        let (did, _) = host.ask_at(CHAT, &request());
        host.now += 1;
        let is_first = matches!(did, Did::Sent { cluster, .. } if cluster == "a");
        let fx = says(host, Half::Downstream, if is_good { "{\"n\": 1}" } else { "many" });
        let breaks = |effect: &&Effect| matches!(effect, Effect::Count(Metric::Broken(_, Rule::Schema)));
        broken += fx.iter().filter(breaks).count();
        for effect in &fx {
            match effect {
                Effect::Count(Metric::Quality(TargetId(0), share)) => gauges.set((*share, gauges.get().1)),
                Effect::Count(Metric::UsualQuality(TargetId(0), usual)) => {
                    gauges.set((gauges.get().0, *usual))
                }
                _ => {}
            }
        }
        is_first
    };
    // One of ten answers is bad, and always was.
    assert!((0..4_000).all(|n| ask(&mut host, n % 10 != 0)));
    let (share, usual) = gauges.get();
    assert!((8_900..9_100).contains(&share) && (8_900..9_100).contains(&usual), "{share} {usual}");
    let opens = (0..2_000).position(|n| !ask(&mut host, n % 2 == 0));
    assert!(opens.is_some_and(|n| (20..1_000).contains(&n)), "{opens:?}");
    let (share, usual) = gauges.get();
    assert!(share * 10 < usual * 7 + 100 && usual > 8_500, "{share} {usual}");
    assert_eq!(broken, 400 + opens.unwrap_or(0).div_ceil(2));
}

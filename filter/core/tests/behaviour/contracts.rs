//! Contracts: what one request may use, in every dialect, and wherever its attempts go.

use std::time::Duration;

use seawall_core::{Answer, ContractEvent, Effect, Event, Half, Headers, Metric, Origin};
use serde_json::{Value, json};

use crate::plans::{Did, Host, did, told};
use crate::world::{Fate, World};

const CHAT: &str = "/v1/chat/completions";

fn policy(provider: &str, contract: &str) -> String {
    format!(
        "target near {{ cluster \"near\"  provider {provider}  price $2 in, $8 out per 1M tokens }}\n\
         target far {{ cluster \"far\"  provider {provider}  model \"large\"  context 1M tokens  price $1 in, $2 out per 1M tokens }}\n\
         route r {{ match path \"/*\"  try near  contract {{ {contract} }} }}"
    )
}

/// A conversation of so many turns in a dialect, of about `words` tokens each.
fn conversation(provider: &str, turns: usize, words: usize) -> Value {
    let text = "word ".repeat(words);
    let turn = |number: usize| {
        let said = format!("{number} {text}");
        match provider {
            "gemini" => {
                json!({"role": if number.is_multiple_of(2) { "user" } else { "model" }, "parts": [{"text": said}]})
            }
            "bedrock" => {
                json!({"role": if number.is_multiple_of(2) { "user" } else { "assistant" }, "content": [{"text": said}]})
            }
            _ => {
                json!({"role": if number.is_multiple_of(2) { "user" } else { "assistant" }, "content": said})
            }
        }
    };
    (0..turns).map(turn).collect()
}

/// Where each dialect's requests go, and where its body has messages.
const DIALECTS: [(&str, &str, &str); 5] = [
    ("openai", CHAT, "messages"),
    ("openai", "/v1/responses", "input"),
    ("anthropic", "/v1/messages", "messages"),
    ("gemini", "/v1beta/models/gemini-2.5-pro:generateContent", "contents"),
    ("bedrock", "/model/anthropic.claude-sonnet-4-5/converse", "messages"),
];

fn request(list: &str, messages: Value) -> Value {
    let mut body = json!({"model": "gpt-4.1"});
    body[list] = messages;
    body
}

fn sent(did: Did) -> (String, Value) {
    match did {
        Did::Sent { cluster, body } => (cluster, serde_json::from_str(&body).unwrap()),
        other => panic!("{other:?}"),
    }
}

fn refused(did: Did) -> (u16, String) {
    match did {
        Did::Said { status, body } => (status, body),
        other => panic!("{other:?}"),
    }
}

fn counts(fx: &[Effect], event: ContractEvent) -> bool {
    fx.contains(&Effect::Count(Metric::Contract(0, event)))
}

#[test]
fn a_prompt_that_is_too_long_is_refused_with_the_count_in_every_dialect() {
    for (provider, path, list) in DIALECTS {
        let mut host = Host::new(&policy(provider, "input <= 100 tokens"));
        let short = request(list, conversation(provider, 1, 20));
        assert_eq!(sent(host.ask_at(path, &short.to_string()).0).0, "near", "{path}");
        host.answer(200);
        let long = request(list, conversation(provider, 1, 200));
        let (did, fx) = host.ask_at(path, &long.to_string());
        let (status, body) = refused(did);
        assert_eq!(status, 400, "{path}");
        assert!(body.contains("prompt is too long: 2") && body.contains(" tokens > 100 maximum"), "{body}");
        assert!(counts(&fx, ContractEvent::Refused));
        let headers = told(&fx);
        assert_eq!(headers["x-seawall-reason"], "contract_exceeded");
    }
}

#[test]
fn the_oldest_turns_are_left_out_in_every_dialect_at_every_attempt() {
    for (provider, path, list) in DIALECTS {
        let mut host = Host::new(&policy(provider, "input <= 150 tokens else trim oldest"));
        let long = request(list, conversation(provider, 7, 40));
        let (did, fx) = host.ask_at(path, &long.to_string());
        let (_, body) = sent(did);
        let left = body[list].as_array().unwrap().clone();
        assert_eq!(left, long[list].as_array().unwrap()[4..], "{path}");
        assert!(counts(&fx, ContractEvent::Trimmed));
        let mut other = body.clone();
        other[list] = long[list].clone();
        assert_eq!(other, long, "everything else stays");
        assert_eq!(told(&host.answer(200))["x-seawall-trimmed"], "4");
    }
}

#[test]
fn later_attempts_are_trimmed_too_and_the_caller_is_told_of_it_once() {
    let mut host = Host::new(
        "target a { cluster \"a\"  provider openai }\n\
         target b { cluster \"b\"  provider openai }\n\
         route r { match path \"/*\"  try a  then b  contract { input <= 150 tokens else trim oldest } }",
    );
    let long = request("messages", conversation("openai", 7, 40)).to_string();
    let (_, first) = sent(host.ask_at(CHAT, &long).0);
    let fx = host.answer(503);
    let (cluster, second) = sent(did(&fx, &long));
    assert_eq!((&*cluster, first), ("b", second));
}

#[test]
fn what_fits_goes_on_as_it_came() {
    let mut host = Host::new(&policy(
        "openai",
        "input <= 5k tokens else trim oldest  output <= 2k tokens  cost <= $1  turns <= 20  body <= 1MiB",
    ));
    let mut body = request("messages", conversation("openai", 7, 40));
    body["max_tokens"] = json!(500);
    let text = serde_json::to_string_pretty(&body).unwrap();
    assert_eq!(host.ask_at(CHAT, &text).0, Did::Sent { cluster: "near".into(), body: text });
    assert!(!told(&host.answer(200)).contains_key("x-seawall-trimmed"));
}

#[test]
fn a_longer_prompt_goes_to_the_larger_target() {
    let mut host = Host::new(&policy("openai", "input <= 100 tokens else use far"));
    let short = request("messages", conversation("openai", 1, 20)).to_string();
    assert_eq!(sent(host.ask_at(CHAT, &short).0).0, "near");
    host.answer(200);
    let long = request("messages", conversation("openai", 1, 200)).to_string();
    let (did, fx) = host.ask_at(CHAT, &long);
    let (cluster, body) = sent(did);
    assert_eq!((&*cluster, &body["model"]), ("far", &json!("large")));
    assert!(counts(&fx, ContractEvent::Larger));
    let headers = told(&host.answer(200));
    assert_eq!((&*headers["x-seawall-target"], &*headers["x-seawall-reason"]), ("far", "ok"));
    // Not even there does this fit.
    let huge = request("messages", conversation("openai", 1, 1_200_000)).to_string();
    assert_eq!(refused(host.ask_at(CHAT, &huge).0).0, 400);
}

#[test]
fn shorter_prompts_never_go_to_the_larger_target() {
    let mut host = Host::new(&policy("openai", "input <= 100 tokens else use far"));
    let short = request("messages", conversation("openai", 1, 20)).to_string();
    host.ask_at(CHAT, &short);
    let fx = host.answer(503);
    // Nothing else is left to try.
    assert_ne!(sent_to(&fx, &short), Some("far".to_owned()));
}

fn sent_to(fx: &[Effect], asked: &str) -> Option<String> {
    let is_sent = |effect: &&Effect| matches!(effect, Effect::Route { .. } | Effect::Dispatch { .. });
    fx.iter().any(|effect| is_sent(&effect)).then(|| sent(did(fx, asked)).0)
}

#[test]
fn an_answer_is_bounded_under_the_name_that_the_dialect_has_for_it() {
    let names = [
        "/max_tokens",
        "/max_output_tokens",
        "/max_tokens",
        "/generationConfig/maxOutputTokens",
        "/inferenceConfig/maxTokens",
    ];
    for ((provider, path, list), name) in DIALECTS.into_iter().zip(names) {
        let mut host = Host::new(&policy(provider, "output <= 2k tokens"));
        let body = request(list, conversation(provider, 1, 5));
        let (_, bounded) = sent(host.ask_at(path, &body.to_string()).0);
        assert_eq!(bounded.pointer(name), Some(&json!(2_000)), "{path}: {bounded}");
        host.answer(200);
        // The caller's own is lowered, and a smaller one stays.
        for (own, expected) in [(3_000, 2_000), (1_000, 1_000)] {
            let mut asked = bounded.clone();
            *asked.pointer_mut(name).unwrap() = json!(own);
            let (_, bounded) = sent(host.ask_at(path, &asked.to_string()).0);
            assert_eq!(bounded.pointer(name), Some(&json!(expected)), "{path}");
            host.answer(200);
        }
    }
}

#[test]
fn models_that_reason_get_the_newer_name() {
    let mut host = Host::new(&policy("openai", "output <= 2k tokens"));
    let mut body = request("messages", conversation("openai", 1, 5));
    body["model"] = json!("o3-mini");
    let (_, bounded) = sent(host.ask_at(CHAT, &body.to_string()).0);
    assert_eq!((&bounded["max_completion_tokens"], &bounded["max_tokens"]), (&json!(2_000), &Value::Null));
}

#[test]
fn of_a_stage_and_a_contract_the_smaller_bound_holds() {
    for (stage, contract, expected) in [(500, 2_000, 500), (3_000, 2_000, 2_000)] {
        let mut host = Host::new(&format!(
            "target a {{ cluster \"a\"  provider openai }}\n\
             route r {{ match path \"/*\"  try a {{ max_tokens {stage} }}  contract {{ output <= {contract} tokens }} }}"
        ));
        let body = request("messages", conversation("openai", 1, 5)).to_string();
        assert_eq!(sent(host.ask_at(CHAT, &body).0).1["max_tokens"], json!(expected));
    }
}

#[test]
fn an_answer_may_cost_what_its_prompt_leaves() {
    // 1,000 tokens of a prompt cost $0.002 near and $0.001 far.
    let mut host = Host::new(
        "target near { cluster \"near\"  provider openai  price $2 in, $8 out per 1M tokens }\n\
         target far { cluster \"far\"  provider openai  price $1 in, $2 out per 1M tokens }\n\
         retry once { attempts 2  on 503 }\n\
         route r { match path \"/*\"  try near  then far  retry once  contract { cost <= $0.01 } }",
    );
    let body = request("messages", conversation("openai", 1, 1_000)).to_string();
    let (cluster, near) = sent(host.ask_at(CHAT, &body).0);
    let most = near["max_tokens"].as_u64().unwrap();
    assert!(cluster == "near" && (980..=1_000).contains(&most), "{most}");
    let (cluster, far) = sent(did(&host.answer(503), &body));
    let most = far["max_tokens"].as_u64().unwrap();
    assert!(cluster == "far" && (4_480..=4_500).contains(&most), "{most}");
    // What the caller asks for is less.
    let small = r#"{"model":"gpt-4.1","max_tokens":20,"messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(host.ask_at(CHAT, small).0, Did::Sent { cluster: "near".into(), body: small.into() });
    host.answer(200);
    // Near the prompt alone is too dear, far it isn't; and then nowhere.
    let body = request("messages", conversation("openai", 1, 6_000)).to_string();
    assert_eq!(sent(host.ask_at(CHAT, &body).0).0, "far");
    host.answer(200);
    let body = request("messages", conversation("openai", 1, 12_000)).to_string();
    let (did, fx) = host.ask_at(CHAT, &body);
    let (status, said) = refused(did);
    assert!(status == 400 && said.contains("costs $0.012") && said.contains("at most $0.01"), "{said}");
    assert!(counts(&fx, ContractEvent::Refused));
}

#[test]
fn too_many_messages_and_too_long_a_body_are_refused() {
    for (provider, path, list) in DIALECTS {
        let mut host = Host::new(&policy(provider, "turns <= 3  body <= 1KiB"));
        let turns = |count, words| request(list, conversation(provider, count, words)).to_string();
        assert_eq!(sent(host.ask_at(path, &turns(3, 1)).0).0, "near");
        host.answer(200);
        let (status, body) = refused(host.ask_at(path, &turns(4, 1)).0);
        assert!(status == 400 && body.contains("has 4 messages, and at most 3"), "{body}");
        let (status, body) = refused(host.ask_at(path, &turns(1, 300)).0);
        assert!(status == 413 && body.contains("larger than 1024 bytes"), "{body}");
    }
}

#[test]
fn a_body_is_refused_before_all_of_it_is_there() {
    let mut host = Host::new(&policy("openai", "body <= 1KiB"));
    let headers: Headers = [(":path", CHAT), (":authority", "api.test")].into_iter().collect();
    host.handle(Event::RequestHeaders { headers, end_of_stream: false });
    let fx = host.handle(Event::RequestBody { buffered: 1_024 });
    assert!(matches!(&fx[..], [Effect::HoldRequest]), "{fx:?}");
    let id = host.id();
    assert!(!host.engine.minds_body(id, 1_024) && host.engine.minds_body(id, 1_025));
    let fx = host.handle(Event::RequestBody { buffered: 1_025 });
    assert!(fx.iter().any(|effect| matches!(effect, Effect::Respond { status: 413, .. })), "{fx:?}");
}

#[test]
fn what_no_model_works_on_is_held_to_its_bytes_alone() {
    let all = "input <= 100 tokens  turns <= 2  cost <= $0.0001  output <= 2k tokens";
    let table = [
        ("anthropic", "/v1/messages/count_tokens", request("messages", conversation("anthropic", 3, 90))),
        ("gemini", "/v1beta/models/g:countTokens", request("contents", conversation("gemini", 3, 90))),
        (
            "gemini",
            "/v1beta/models/g:embedContent",
            json!({"content": {"parts": [{"text": "word ".repeat(300)}]}}),
        ),
    ];
    for (provider, path, body) in table {
        let mut host = Host::new(&policy(provider, all));
        let (_, sent) = sent(host.ask_at(path, &body.to_string()).0);
        assert_eq!(sent, body, "{path}");
        host.answer(200);
    }
    // Uploads are no prompts, however many bytes they have.
    let mut host = Host::new(&policy("openai", all));
    let upload = "--b ".repeat(1_000);
    let (did, _) = host.ask_as("/v1/audio/transcriptions", "multipart/form-data; boundary=b", &upload);
    assert_eq!(did, Did::Sent { cluster: "near".into(), body: upload });
}

#[test]
fn a_prompt_under_an_unknown_name_is_taken_by_its_length() {
    for (provider, path, list) in [
        ("bedrock", "/model/amazon.titan-text/invoke", "inputText"),
        ("bedrock", "/model/meta.llama3/invoke", "prompt"),
        ("openai", "/v1/responses/", "input"),
        ("openai", "/v1/responses/compact", "input"),
    ] {
        let mut host = Host::new(&policy(provider, "input <= 100 tokens"));
        let short = request(list, json!("word ".repeat(20))).to_string();
        assert_eq!(sent(host.ask_at(path, &short).0).0, "near", "{path}");
        host.answer(200);
        let (status, body) =
            refused(host.ask_at(path, &request(list, json!("word ".repeat(300))).to_string()).0);
        assert!(status == 400 && body.contains("prompt is too long"), "{path}: {body}");
    }
}

#[test]
fn a_path_is_the_same_however_it_is_written() {
    for (provider, path, list) in [
        ("openai", "/v1/chat/completion%73", "messages"),
        ("openai", "/v1/chat/%63ompletions/", "messages"),
        ("openai", "/v1//chat/./completions", "messages"),
        ("openai", "/v1/x/../chat/completions", "messages"),
        ("openai", "/v1/response%73?x=1", "input"),
        ("gemini", "/v1beta/models/g%3AgenerateContent", "contents"),
        ("gemini", "/v1beta/models/g%3astreamGenerateContent", "contents"),
        ("bedrock", "/model/m/c%6Fnverse", "messages"),
    ] {
        let mut host = Host::new(&policy(provider, "input <= 100 tokens  output <= 50 tokens"));
        let (_, bounded) =
            sent(host.ask_at(path, &request(list, conversation(provider, 1, 5)).to_string()).0);
        assert!(bounded.to_string().contains(":50"), "{path}: {bounded}");
        host.answer(200);
        let long = request(list, conversation(provider, 1, 200)).to_string();
        assert_eq!(refused(host.ask_at(path, &long).0).0, 400, "{path}");
    }
    let exact = "target a { cluster \"a\"  provider openai }\n\
                 route r { match path \"/v1/chat/completions\"  try a  contract { turns <= 1 } }";
    let mut host = Host::new(exact);
    let long = request("messages", conversation("openai", 2, 1)).to_string();
    assert_eq!(refused(host.ask_at("/v1/chat/completion%73", &long).0).0, 400);
}

#[test]
fn a_compressed_prompt_is_refused_where_it_would_have_to_be_read() {
    for (contract, status) in [
        ("input <= 100 tokens", 415),
        ("output <= 100 tokens", 415),
        ("turns <= 5", 415),
        ("cost <= $1", 415),
        ("body <= 1MiB", 200),
    ] {
        let mut host = Host::new(&policy("openai", contract));
        let status_of = |did| match did {
            Did::Said { status, body } => {
                assert!(body.contains("content-encoding"), "{body}");
                status
            }
            _ => 200,
        };
        assert_eq!(status_of(host.ask_encoded(CHAT, "gzip", "\u{1f}...").0), status, "{contract}");
        // Uploads are no prompts.
        assert_eq!(status_of(host.ask_encoded("/v1/files", "gzip", "\u{1f}...").0), 200, "{contract}");
        assert_eq!(status_of(host.ask_encoded(CHAT, "Identity", r#"{"messages":[]}"#).0), 200, "{contract}");
    }
}

#[test]
fn what_an_answer_used_counts_also_where_its_request_could_not_be_read() {
    let mut host = Host::new(
        "target a { cluster \"a\"  provider openai }\n\
         limit few global { 100 output tokens/day  burst 100% }\n\
         route r { match path \"/*\"  try a  limit few }",
    );
    let half = Half::Downstream;
    let headers: Headers = [("content-type", "application/json")].into_iter().collect();
    let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
    assert!(matches!(host.ask_as(CHAT, "application/cbor", "\u{1}").0, Did::Sent { .. }));
    host.handle(Event::AnswerHeaders { half, answer, end_of_stream: false });
    let chunk = json!({
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 500, "total_tokens": 509},
    });
    let chunk = chunk.to_string().into_bytes();
    let buffered = chunk.len();
    host.handle(Event::AnswerBody { half, chunk, buffered, end_of_stream: true });
    assert_eq!(refused(host.ask_as(CHAT, "application/cbor", "\u{1}").0).0, 429);
}

#[test]
fn batches_are_refused_where_what_is_in_them_would_have_to_be_counted() {
    let batch = r#"{"requests":[{"custom_id":"1","params":{"max_tokens":100000,"messages":[]}}]}"#;
    for (provider, path) in [
        ("anthropic", "/v1/messages/batches"),
        ("gemini", "/v1beta/models/g:batchGenerateContent"),
        ("openai", "/v1/batches"),
    ] {
        for (contract, status) in [("output <= 100 tokens", 400), ("cost <= $1", 400), ("body <= 1MiB", 200)]
        {
            let mut host = Host::new(&policy(provider, contract));
            let status_of = |did| match did {
                Did::Said { status, body } => {
                    assert!(body.contains("batch"), "{body}");
                    status
                }
                _ => 200,
            };
            assert_eq!(status_of(host.ask_at(path, batch).0), status, "{path} {contract}");
            assert_eq!(status_of(host.ask_at(path, "").0), 200, "a list of them");
        }
    }
}

#[test]
fn a_list_of_what_is_no_message_is_not_written_down() {
    let mut host = Host::new(&policy("openai", "input <= 100 tokens else trim oldest"));
    let long = conversation("openai", 1, 200)[0].to_string();
    let numbers = format!(r#"{{"model":"gpt-4.1","input":[{}{long}]}}"#, "0,".repeat(100_000));
    let (did, _) = host.ask_at("/v1/responses", &numbers);
    assert!(matches!(did, Did::Said { status: 400, .. }));
}

/// Whether requests are told to be slow that have these fates at their first and their second attempt.
fn is_slow(first: Fate, second: Fate) -> bool {
    let policy = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        retry once { attempts 1 }
        route chat { match path "/v1/chat/completions"  try a, b  retry once  timeout 20s  hedge after 100ms at most 100%
                     contract { latency p90 <= 1s } }
    "#;
    let mut world = World::new(policy, 1, 7, move |target, _| if target == "a" { first } else { second });
    for _ in 0..100 {
        world.send(0);
        world.run_for(Duration::from_secs(1));
    }
    world.settle();
    world.is_slow
}

#[test]
fn latency_is_that_of_the_answer_that_the_client_has() {
    // The loser of two is not what the client has waited for.
    assert!(!is_slow(Fate::Slow(150), Fate::Slow(5_000)));
    assert!(is_slow(Fate::Slow(5_000), Fate::Slow(5_000)));
}

#[test]
fn requests_that_nobody_answers_in_time_are_slow() {
    assert!(is_slow(Fate::Hang, Fate::Hang));
}

#[test]
fn what_an_answer_may_cost_is_shared_by_its_choices() {
    let mut host = Host::new(&policy("openai", "cost <= $0.01"));
    let mut most = |extra: &str| {
        let body = format!(r#"{{"model":"gpt-4.1",{extra}"messages":[{{"role":"user","content":"hi"}}]}}"#);
        let (_, sent) = sent(host.ask_at(CHAT, &body).0);
        host.answer(200);
        sent["max_tokens"].as_u64().unwrap()
    };
    let one = most("");
    for extra in
        [r#""n":4,"#, r#""n":2,"best_of":4,"#, r#""n":4.0,"#, r#""generationConfig":{"candidateCount":4},"#]
    {
        assert_eq!(most(extra), one / 4, "{extra}");
    }
    assert_eq!(most(r#""n":0,"#), one);
    assert_eq!(most(r#""prompt":["a","b","c","d"],"#), one / 4);
}

use proptest::prelude::*;

use super::super::read;
use super::*;

fn change(provider: Provider) -> Change {
    Change { provider, model: None, max_tokens: Some(512), temperature: None }
}

fn apply_at(change: &Change, body: &str, path: &str) -> String {
    let facts = read(body.as_bytes()).unwrap();
    let changed = change.apply(body.as_bytes(), &facts, path, false);
    changed.map_or_else(|| body.to_owned(), |changed| String::from_utf8(changed).unwrap())
}

fn apply(change: &Change, body: &str) -> String {
    apply_at(change, body, "/v1/chat/completions")
}

#[test]
fn the_model_is_put_in_place() {
    let new = Change { model: Some(r#""new""#.into()), max_tokens: None, ..change(Provider::OpenAi) };
    let table = [
        (r#"{"model":"a","stream":true}"#, r#"{"model":"new","stream":true}"#),
        (r#"{"stream":true,"model": null }"#, r#"{"stream":true,"model": "new" }"#),
        (r#"{"stream":true}"#, r#"{"model":"new","stream":true}"#),
        ("{ }", r#"{"model":"new" }"#),
        (r#"{"model":"new"}"#, r#"{"model":"new"}"#),
    ];
    for (before, after) in table {
        assert_eq!(apply(&new, before), after);
    }
}

#[test]
fn a_stream_is_asked_for_its_usage_and_keeps_its_other_options() {
    let plain = Change { max_tokens: None, ..change(Provider::OpenAi) };
    let table = [
        (r#"{"stream":true}"#, r#"{"stream_options":{"include_usage":true},"stream":true}"#),
        (r#"{"stream_options": null}"#, r#"{"stream_options": {"include_usage":true}}"#),
        (r#"{"stream_options":{ }}"#, r#"{"stream_options":{"include_usage":true }}"#),
        (
            r#"{"stream_options":{"include_obfuscation":false}}"#,
            r#"{"stream_options":{"include_usage":true,"include_obfuscation":false}}"#,
        ),
        (
            r#"{"stream_options":{"include_usage": false, "x":1},"n":1}"#,
            r#"{"stream_options":{"include_usage": true, "x":1},"n":1}"#,
        ),
        (r#"{"stream_options":{"include_usage":null}}"#, r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"stream_options":{"include_usage":true}}"#, r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"stream_options":"all"}"#, r#"{"stream_options":"all"}"#),
    ];
    for (before, after) in table {
        let facts = read(before.as_bytes()).unwrap();
        let changed = plain.apply(before.as_bytes(), &facts, "/v1/chat/completions", true);
        let changed = changed.map_or_else(|| before.to_owned(), |body| String::from_utf8(body).unwrap());
        assert_eq!(changed, after);
        assert_eq!(apply(&plain, before), before, "unless nobody wants it");
    }
}

#[test]
fn a_dialect_that_has_the_model_in_its_path_gets_none_in_the_body() {
    for provider in [Provider::Gemini, Provider::Bedrock] {
        let new = Change { model: Some(r#""new""#.into()), max_tokens: None, ..change(provider) };
        assert_eq!(apply(&new, r#"{"contents":[]}"#), r#"{"contents":[]}"#);
    }
}

#[test]
fn the_most_tokens_are_lowered_and_never_raised() {
    let openai = change(Provider::OpenAi);
    let table = [
        (r#"{"messages":[],"max_tokens":4096}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens": 100 }"#, r#"{"messages":[],"max_tokens": 100 }"#),
        (r#"{"messages":[],"max_tokens":512}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":512.0}"#, r#"{"messages":[],"max_tokens":512.0}"#),
        (r#"{"messages":[],"max_tokens":513.5}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":9e9}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":"9000"}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":99999999999999999999}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":0}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"Max_Tokens":4096}"#, r#"{"messages":[],"Max_Tokens":512}"#),
        (r#"{"messages":[],"max_tokens":-1}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_tokens":-0.5}"#, r#"{"messages":[],"max_tokens":512}"#),
        (r#"{"messages":[],"max_completion_tokens":4096}"#, r#"{"messages":[],"max_completion_tokens":512}"#),
        (
            r#"{"max_tokens":600,"messages":[],"max_completion_tokens":700}"#,
            r#"{"max_tokens":512,"messages":[],"max_completion_tokens":512}"#,
        ),
        (
            r#"{"max_tokens":null,"messages":[],"max_completion_tokens":77}"#,
            r#"{"max_tokens":null,"messages":[],"max_completion_tokens":77}"#,
        ),
        (r#"{"messages":[],"max_tokens":null}"#, r#"{"messages":[],"max_tokens":512}"#),
    ];
    for (before, after) in table {
        assert_eq!(apply(&openai, before), after);
    }
}

#[test]
fn no_tokens_at_all_are_a_bound_to_anthropic_alone() {
    let none = r#"{"max_tokens":0,"messages":[]}"#;
    assert_eq!(apply_at(&change(Provider::Anthropic), none, "/v1/messages"), none);
    let others = [
        (Provider::Gemini, "/v1beta/models/m:generateContent", "generationConfig", "maxOutputTokens"),
        (Provider::Bedrock, "/model/m/converse", "inferenceConfig", "maxTokens"),
    ];
    for (provider, path, object, name) in others {
        let body = |most| format!(r#"{{"messages":[],"{object}":{{"{name}":{most}}}}}"#);
        assert_eq!(apply_at(&change(provider), &body(0), path), body(512));
    }
}

#[test]
fn where_they_are_absent_they_get_the_name_that_the_endpoint_takes() {
    let table = [
        ("/v1/chat/completions", r#"{"model":"gpt-4.1","messages":[]}"#, Some("max_tokens")),
        ("/v1/chat/completions", r#"{"model":"mistral-large","messages":[]}"#, Some("max_tokens")),
        ("/v1/chat/completions", r#"{"messages":[]}"#, Some("max_tokens")),
        ("/v1/chat/completions", r#"{"model":"gpt-5-mini","messages":[]}"#, Some("max_completion_tokens")),
        ("/v1/chat/completions", r#"{"model":"gpt-10","messages":[]}"#, Some("max_completion_tokens")),
        ("/v1/chat/completions", r#"{"model":"openai/o3","messages":[]}"#, Some("max_completion_tokens")),
        (
            "/v1/chat/completions",
            r#"{"model":"ft:gpt-5:us::1","messages":[]}"#,
            Some("max_completion_tokens"),
        ),
        ("/v1/chat/completions", r#"{"model":"ft:gpt-4.1:us::o1","messages":[]}"#, Some("max_tokens")),
        ("/v1/chat/completions/", r#"{"model":"gpt-4.1","messages":[]}"#, Some("max_tokens")),
        ("/v1/responses/", r#"{"model":"gpt-4.1","input":"hi"}"#, Some("max_output_tokens")),
        ("/v1/images/generations", r#"{"model":"gpt-image-1","prompt":"hi"}"#, None),
        ("/v1/responses/input_tokens", r#"{"model":"gpt-4.1","input":"hi"}"#, None),
        ("/v1/chat/completions", r#"{"model":"olmo-2","messages":[]}"#, Some("max_tokens")),
        ("/v1/responses?x=/", r#"{"model":"gpt-4.1","input":"hi"}"#, Some("max_output_tokens")),
        ("/v1/completions", r#"{"model":"babbage","prompt":"hi"}"#, Some("max_tokens")),
        ("/v1/embeddings", r#"{"model":"e","input":"hi"}"#, None),
    ];
    for (path, body, name) in table {
        let temperature = Change { temperature: Some("0.2".into()), ..change(Provider::OpenAi) };
        let expected = match name {
            Some(name) => body.replacen('{', &format!(r#"{{"{name}":512,"temperature":0.2,"#), 1),
            None => body.to_owned(),
        };
        assert_eq!(apply_at(&temperature, body, path), expected);
    }
    let anthropic = apply_at(&change(Provider::Anthropic), r#"{"model":"o1","messages":[]}"#, "/v1/messages");
    assert_eq!(anthropic, r#"{"max_tokens":512,"model":"o1","messages":[]}"#);
    let azure = change(Provider::Azure);
    for (deployment, name) in [("o3", "max_completion_tokens"), ("gpt-4.1", "max_tokens")] {
        let path = format!("/openai/deployments/{deployment}/chat/completions?api-version=1");
        let changed = apply_at(&azure, r#"{"messages":[]}"#, &path);
        assert_eq!(changed, format!(r#"{{"{name}":512,"messages":[]}}"#));
    }
    let other = Change { model: Some(r#""o3-mini""#.into()), ..change(Provider::OpenAi) };
    let changed = apply(&other, r#"{"model":"gpt-4.1","messages":[]}"#);
    assert_eq!(changed, r#"{"max_completion_tokens":512,"model":"o3-mini","messages":[]}"#);
}

#[test]
fn settings_lie_where_the_dialect_has_them() {
    let both = |provider| Change { temperature: Some("0.2".into()), ..change(provider) };
    let table = [
        (
            Provider::Gemini,
            r#"{"contents":[]}"#,
            r#"{"generationConfig":{"maxOutputTokens":512,"temperature":0.2},"contents":[]}"#,
        ),
        (
            Provider::Gemini,
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":900,"topK":3,"temperature":1}}"#,
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":512,"topK":3,"temperature":0.2}}"#,
        ),
        (
            Provider::Gemini,
            r#"{"generation_config": { "max_output_tokens":900 } }"#,
            r#"{"generation_config": {"temperature":0.2, "max_output_tokens":512 } }"#,
        ),
        (
            Provider::Gemini,
            r#"{"generationConfig":null}"#,
            r#"{"generationConfig":{"maxOutputTokens":512,"temperature":0.2}}"#,
        ),
        (
            Provider::Bedrock,
            r#"{"inferenceConfig":{},"messages":[]}"#,
            r#"{"inferenceConfig":{"maxTokens":512,"temperature":0.2},"messages":[]}"#,
        ),
        (
            Provider::Bedrock,
            r#"{"inferenceConfig":{"maxTokens":9,"temperature":0.2},"messages":[]}"#,
            r#"{"inferenceConfig":{"maxTokens":9,"temperature":0.2},"messages":[]}"#,
        ),
    ];
    for (provider, before, after) in table {
        assert_eq!(apply(&both(provider), before), after);
    }
}

#[test]
fn what_asks_for_no_text_gets_no_settings_but_has_its_own_lowered() {
    let table = [
        (Provider::Anthropic, "/v1/messages/count_tokens", r#"{"messages":[]}"#),
        (Provider::Gemini, "/v1beta/models/g:countTokens", r#"{"contents":[]}"#),
        (Provider::Gemini, "/v1beta/models/g:embedContent", r#"{"content":{}}"#),
        (Provider::Gemini, "/v1beta/models/g:batchEmbedContents", r#"{"requests":[]}"#),
        (Provider::Gemini, "/v1beta/models/g:predict", r#"{"instances":[]}"#),
        (Provider::Gemini, "/v1beta/models/g:countTokens", r#"{"generationConfig":{}}"#),
        (Provider::Bedrock, "/model/meta.llama3/invoke", r#"{"prompt":"hi","max_gen_len":9}"#),
        (Provider::Bedrock, "/model/amazon.titan-embed/invoke", r#"{"inputText":"hi"}"#),
        (Provider::OpenAi, "/v1/images/generations", r#"{"prompt":"hi"}"#),
    ];
    for (provider, path, body) in table {
        let both = Change { temperature: Some("0.2".into()), ..change(provider) };
        assert_eq!(apply_at(&both, body, path), body, "{path}");
    }
    let own = r#"{"generationConfig":{"maxOutputTokens":900}}"#;
    let lowered = apply_at(&change(Provider::Gemini), own, "/v1beta/models/g:other");
    assert_eq!(lowered, own.replace("900", "512"));
}

#[test]
fn what_bedrock_passes_on_unread_has_the_members_of_its_model() {
    let claude = "/model/anthropic.claude-sonnet-4-5/invoke-with-response-stream";
    let nova = "/model/us.amazon.nova-lite-v1%3A0/invoke";
    let table = [
        (claude, r#"{"messages":[],"max_tokens":900}"#, r#"{"messages":[],"max_tokens":512}"#),
        (claude, r#"{"messages":[]}"#, r#"{"max_tokens":512,"messages":[]}"#),
        (
            nova,
            r#"{"messages":[],"inferenceConfig":{"maxTokens":900}}"#,
            r#"{"messages":[],"inferenceConfig":{"maxTokens":512}}"#,
        ),
        (nova, r#"{"messages":[]}"#, r#"{"inferenceConfig":{"maxTokens":512},"messages":[]}"#),
    ];
    for (path, before, after) in table {
        assert_eq!(apply_at(&change(Provider::Bedrock), before, path), after, "{path}");
    }
}

#[test]
fn thinking_leaves_room_for_an_answer() {
    let table = [
        (4_000, r#""max_tokens":9000,"#, 5_000, Some(2_000)),
        (4_000, r#""max_tokens":9000,"#, 3_999, None),
        (1_500, "", 1_500, Some(1_024)),
        // With so little none may think, which the provider says.
        (1_024, r#""max_tokens":9000,"#, 5_000, None),
        // The caller's own bound stays, and so does what goes with it.
        (4_000, r#""max_tokens":3000,"#, 5_000, None),
    ];
    for (most, own, budget, expected) in table {
        let change = Change { max_tokens: Some(most), ..change(Provider::Anthropic) };
        let body =
            format!(r#"{{{own}"messages":[],"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#);
        let changed = apply_at(&change, &body, "/v1/messages");
        let left = expected.unwrap_or(budget);
        assert!(changed.ends_with(&format!(r#""budget_tokens":{left}}}}}"#)), "{changed}");
        let change = Change { provider: Provider::Bedrock, ..change };
        let own = own.replace("max_tokens", "maxTokens").replace(',', "");
        for name in ["thinking", "reasoning_config"] {
            let body = format!(
                r#"{{"inferenceConfig":{{{own}}},"messages":[],"additionalModelRequestFields":{{"{name}":{{"type":"enabled","budget_tokens":{budget}}}}}}}"#
            );
            let changed = apply_at(&change, &body, "/model/anthropic.claude-sonnet-4/converse");
            assert!(changed.ends_with(&format!(r#""budget_tokens":{left}}}}}}}"#)), "{changed}");
        }
    }
}

#[test]
fn a_stray_member_beside_the_settings_is_no_setting() {
    for (provider, name, stray) in [
        (Provider::Gemini, "generationConfig", "maxOutputTokens"),
        (Provider::Bedrock, "inferenceConfig", "maxTokens"),
    ] {
        let before = format!(r#"{{"{stray}":1,"temperature":1}}"#);
        let after = format!(r#"{{"{name}":{{"{stray}":512}},"{stray}":1,"temperature":1}}"#);
        assert_eq!(apply(&change(provider), &before), after);
    }
}

fn provider() -> impl Strategy<Value = Provider> {
    prop_oneof![
        Just(Provider::OpenAi),
        Just(Provider::Azure),
        Just(Provider::Anthropic),
        Just(Provider::Gemini),
        Just(Provider::Bedrock),
    ]
}

/// The members of an object in their order, each as it is written.
fn raw(object: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut scan = Scanner::new(object, 0);
    let (mut found, mut is_first) = (Vec::new(), true);
    if scan.opens(b'{') {
        while let Some((key, value)) = scan.member(is_first).unwrap() {
            is_first = false;
            found.push((
                String::from_utf8(scan.key(key).into_owned()).unwrap(),
                scan.slice(value.range).to_vec(),
            ));
        }
    }
    found
}

proptest! {
    #[test]
    fn everything_else_stays_as_it_is(
        others in prop::collection::btree_map("[a-c\\\\\"é{ ]{1,6}", ".{0,12}", 0..4),
        messages in prop::option::of(".{0,20}"),
        most in prop::option::of(0u64..2000),
        newer in prop::option::of(0u64..2000),
        inner in prop::option::of(prop::collection::btree_map("(maxTokens|maxOutputTokens|topP|temperature)", 0u64..2000, 0..4)),
        config in prop_oneof![Just("generationConfig"), Just("inferenceConfig")],
        model in prop::option::of(".{0,8}"),
        options in prop_oneof![
            Just(None), Just(Some("null")), Just(Some("{}")), Just(Some(r#"{ "include_usage" : false,"x":1}"#)),
            Just(Some(r#"{"x":[true]}"#)), Just(Some(r#"{"include_usage":true}"#)),
        ],
        asks in any::<bool>(),
        change in (provider(), prop::option::of(".{0,8}"), prop::option::of(1u64..2000), prop::option::of(Just("0.7".to_owned()))),
        is_pretty in any::<bool>(),
    ) {
        let mut body = serde_json::Map::new();
        for (key, value) in &others {
            body.insert(format!("x{key}"), serde_json::json!([value]));
        }
        messages.iter().for_each(|text| { body.insert("messages".into(), serde_json::json!([{ "content": text }])); });
        most.iter().for_each(|most| { body.insert("max_tokens".into(), (*most).into()); });
        newer.iter().for_each(|most| { body.insert("max_completion_tokens".into(), (*most).into()); });
        inner.iter().for_each(|inner| { body.insert(config.into(), serde_json::json!(inner)); });
        model.iter().for_each(|model| { body.insert("model".into(), model.clone().into()); });
        options.iter().for_each(|options| {
            body.insert("stream_options".into(), serde_json::from_str(options).unwrap());
        });
        let text = if is_pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();

        let (provider, model, max_tokens, temperature) = change;
        let model = model.map(|model| serde_json::to_string(&model).unwrap());
        let change = Change { provider, model, max_tokens, temperature };
        let facts = read(text.as_bytes()).unwrap();
        let changed = change.apply(text.as_bytes(), &facts, "/v1/chat/completions", asks).unwrap_or_else(|| text.clone().into_bytes());

        // It is JSON still, without a member twice, and what isn't meant is there byte for byte, in its order.
        let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&changed).unwrap();
        let after = raw(&changed);
        prop_assert_eq!(parsed.len(), after.len());
        let mut meant = vec!["model", "max_tokens", "max_completion_tokens", "temperature", "generationConfig", "inferenceConfig"];
        if asks {
            meant.push("stream_options");
            prop_assert!(read(&changed).unwrap().asks_usage(&changed));
            let had = body.get("stream_options").and_then(|options| options.get("x"));
            prop_assert_eq!(parsed["stream_options"].get("x"), had);
        }
        let kept = |members: Vec<(String, Vec<u8>)>| -> Vec<_> {
            members.into_iter().filter(|(key, _)| !meant.contains(&key.as_str())).collect()
        };
        prop_assert_eq!(kept(after), kept(raw(text.as_bytes())));
        // A second time there is nothing left to change.
        let facts = read(&changed).unwrap();
        prop_assert_eq!(change.apply(&changed, &facts, "/v1/chat/completions", asks), None);
    }

    #[test]
    fn no_body_is_too_odd(body in prop::collection::vec(prop_oneof![
        Just(b"{".to_vec()), Just(b"}".to_vec()), Just(b"[".to_vec()), Just(b"]".to_vec()), Just(b",".to_vec()),
        Just(b"\"generationConfig\":".to_vec()), Just(b"\"inferenceConfig\":".to_vec()), Just(b"\"max_tokens\":".to_vec()),
        Just(b"1".to_vec()), Just(b"\"messages\":".to_vec()), Just(b"null".to_vec()), Just(b"\"type\":".to_vec()),
    ], 0..30), provider in provider()) {
        let body = [&b"{"[..], &body.concat(), b"}"].concat();
        if let Ok(facts) = read(&body) {
            let change = Change { temperature: Some("1".into()), model: Some("\"m\"".into()), ..change(provider) };
            let _ = change.apply(&body, &facts, "/", true);
            for capability in seawall_policy::policy::Capability::ALL {
                let _ = facts.needs(capability, &body);
            }
        }
    }
}

//! What each dialect's members count.

use seawall_tokens::{Dialect, Encoding, Kind};
use serde_json::{Value, json};

use crate::{count, count_text};

const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn tokens(text: &str) -> u64 {
    Encoding::O200kBase.count(text).tokens
}

/// Texts, tokens of the frame, images, and whether it is an estimate.
type Row = (Dialect, Value, Vec<&'static str>, u64, u16, bool);

#[test]
fn each_dialect_counts_what_its_model_reads() {
    let tool = json!({ "location": "Oslo", "unit": "celsius" });
    let rows: Vec<Row> = vec![
        (
            Dialect::Chat,
            json!({ "model": "gpt-4o", "messages": [], "temperature": 1, "user": "someone" }),
            vec![],
            3,
            0,
            false,
        ),
        (
            Dialect::Chat,
            json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "text": "one text" }, { "type": "text", "text": "and another" }] }] }),
            vec!["one text", "and another"],
            7,
            0,
            false,
        ),
        (
            Dialect::Chat,
            json!({ "messages": [
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "call_1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } },
                    { "id": "call_2", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Rome\"}" } } ] },
                { "role": "tool", "tool_call_id": "call_1", "content": "cold" },
            ] }),
            vec!["weather", "{\"city\":\"Oslo\"}", "weather", "{\"city\":\"Rome\"}", "cold"],
            3 + 4 + 4 + 6,
            0,
            false,
        ),
        (
            Dialect::Chat,
            json!({ "messages": [{ "role": "user", "content": [
                { "type": "image_url", "image_url": { "detail": "low", "url": "https://example.com/a.png" } },
                { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{PIXEL}") } },
            ] }] }),
            vec![],
            7 + 85 + 255,
            2,
            true,
        ),
        (
            Dialect::Chat,
            json!({ "messages": [{ "role": "user", "content": [{ "type": "input_audio", "input_audio": { "data": "UklGRg==" } }] }] }),
            vec![],
            7,
            0,
            true,
        ),
        (Dialect::Chat, json!({ "messages": [], "tool_choice": "none" }), vec![], 3 + 1, 0, false),
        (
            Dialect::Chat,
            json!({ "messages": [], "response_format": { "type": "json_object" } }),
            vec![],
            3,
            0,
            false,
        ),
        (
            Dialect::Chat,
            json!({ "messages": [], "response_format": { "type": "json_schema", "json_schema": { "name": "x" } } }),
            vec!["{\"json_schema\":{\"name\":\"x\"},\"type\":\"json_schema\"}"],
            3,
            0,
            true,
        ),
        (Dialect::Responses, json!({ "input": "a question" }), vec!["a question"], 7, 0, false),
        (
            Dialect::Responses,
            json!({ "instructions": "Be brief.", "input": [
                { "role": "user", "content": [
                    { "type": "input_text", "text": "what is this" },
                    { "type": "input_image", "image_url": format!("data:image/png;base64,{PIXEL}"), "detail": "low" } ] },
                { "type": "function_call", "call_id": "c", "name": "look", "arguments": "{}" },
                { "type": "function_call_output", "call_id": "c", "output": "a cat" },
            ] }),
            vec!["Be brief.", "what is this", "{}", "a cat"],
            3 + 4 + 4 + 85 + (3 + 2) + 3,
            1,
            false,
        ),
        (
            Dialect::Completions,
            json!({ "prompt": "once upon", "suffix": "end" }),
            vec!["once upon", "end"],
            0,
            0,
            false,
        ),
        (
            Dialect::Completions,
            json!({ "prompt": ["once upon", "a time"] }),
            vec!["once upon", "a time"],
            0,
            0,
            false,
        ),
        (
            Dialect::Embeddings,
            json!({ "input": ["some", "texts"], "dimensions": 256 }),
            vec!["some", "texts"],
            0,
            0,
            false,
        ),
        (
            Dialect::Anthropic,
            json!({ "system": "Be kind.", "max_tokens": 9, "messages": [
                { "role": "user", "content": "hello there" },
                { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm", "signature": "c2ln" }, { "type": "tool_use", "id": "t", "name": "weather", "input": tool }] },
                { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "text", "text": "4 degrees" }] }] },
            ] }),
            vec![
                "Be kind.",
                "hello there",
                "hm",
                "weather",
                "{\"location\":\"Oslo\",\"unit\":\"celsius\"}",
                "4 degrees",
            ],
            3 + 4 * 4,
            0,
            false,
        ),
        (
            Dialect::Anthropic,
            json!({ "system": [{ "type": "text", "text": "Be kind.", "cache_control": { "type": "ephemeral" } }], "messages": [
                { "role": "user", "content": [{ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": PIXEL } }] } ] }),
            vec!["Be kind."],
            3 + 4 + 4 + 255,
            1,
            false,
        ),
        (
            Dialect::Gemini,
            json!({ "systemInstruction": { "role": "user", "parts": [{ "text": "Be bold." }] }, "contents": [
                { "role": "user", "parts": [{ "text": "hello" }, { "inlineData": { "mimeType": "image/png", "data": PIXEL } }] },
                { "role": "model", "parts": [{ "functionCall": { "name": "weather", "args": tool } }] },
            ] }),
            vec!["Be bold.", "hello", "weather", "{\"location\":\"Oslo\",\"unit\":\"celsius\"}"],
            3 + 4 + 4 + 255 + 4 + 3,
            1,
            false,
        ),
        (
            Dialect::Bedrock,
            json!({ "system": [{ "text": "Be calm." }], "messages": [
                { "role": "user", "content": [{ "text": "hello" }, { "image": { "format": "png", "source": { "bytes": PIXEL } } }] },
                { "role": "user", "content": [{ "toolResult": { "toolUseId": "t", "content": [{ "json": tool }] } }] },
            ] }),
            vec!["Be calm.", "hello", "{\"location\":\"Oslo\",\"unit\":\"celsius\"}"],
            3 + 4 + 4 + 255 + 4,
            1,
            false,
        ),
    ];
    for (dialect, body, texts, frame, images, is_estimate) in rows {
        let tally = count(dialect, "gpt-4o", &body);
        let of_texts: u64 = texts.iter().map(|text| tokens(text)).sum();
        assert_eq!(tally.total() - tally.of(Kind::Frame), of_texts, "texts of {dialect:?}: {body}");
        assert_eq!(tally.of(Kind::Frame), frame, "frame of {dialect:?}: {body}");
        assert_eq!((tally.images, tally.is_estimate), (images, is_estimate), "{dialect:?}: {body}");
    }
}

#[test]
fn what_a_model_reads_counts_in_whatever_it_lies() {
    let item = |item: Value| json!({ "messages": [{ "role": "user", "content": [item] }] });
    let rows = [
        (
            Dialect::Bedrock,
            item(json!({ "guardContent": { "text": { "text": "call me", "qualifiers": [] } } })),
            vec!["call me"],
        ),
        (
            Dialect::Bedrock,
            item(
                json!({ "reasoningContent": { "reasoningText": { "text": "call me", "signature": "c2ln" } } }),
            ),
            vec!["call me"],
        ),
        (
            Dialect::Bedrock,
            item(json!({ "citationsContent": { "content": [{ "text": "call me" }], "citations": [] } })),
            vec!["call me"],
        ),
        (
            Dialect::Bedrock,
            item(
                json!({ "searchResult": { "source": "here", "title": "Sea", "content": [{ "text": "call me" }] } }),
            ),
            vec!["here", "Sea", "call me"],
        ),
        (
            Dialect::Gemini,
            json!({ "contents": [{ "role": "model", "parts": [{ "executableCode": { "language": "PYTHON", "code": "print(7)" } }, { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "seven" } }] }] }),
            vec!["print(7)", "seven"],
        ),
        (
            Dialect::Responses,
            json!({ "input": [{ "type": "apply_patch_call", "call_id": "c", "operation": { "type": "update_file", "path": "a", "diff": "+ call me" } }] }),
            vec!["+ call me"],
        ),
        (
            Dialect::Responses,
            json!({ "input": [{ "type": "shell_call", "call_id": "c", "action": { "commands": ["ls", "pwd"], "timeout_ms": 9 } }, { "type": "shell_call_output", "output": [{ "stdout": "here", "stderr": "no" }] }] }),
            vec!["ls", "pwd", "here", "no"],
        ),
        (
            Dialect::Responses,
            json!({ "input": [{ "type": "code_interpreter_call", "code": "print(7)", "outputs": null }] }),
            vec!["print(7)"],
        ),
    ];
    for (dialect, body, texts) in rows {
        let tally = count(dialect, "gpt-4o", &body);
        let expected: u64 = texts.iter().map(|text| tokens(text)).sum();
        assert_eq!((tally.total() - tally.of(Kind::Frame), tally.is_estimate), (expected, false), "{body}");
    }
    // Of what nobody knows, texts under known names count, and lists of texts; what it comes to is an estimate.
    let odd = item(
        json!({ "type": "new", "id": "x", "newContent": { "id": "y", "text": "call me", "list": ["Ishmael"] } }),
    );
    let tally = count(Dialect::Chat, "gpt-4o", &odd);
    assert_eq!(tally.total() - tally.of(Kind::Frame), tokens("call me") + tokens("Ishmael"));
    assert!(tally.is_estimate && tally.is_doubtful());
}

#[test]
fn long_members_that_nobody_knows_count_as_json() {
    let text = "call me Ishmael ".repeat(100);
    let body = |name: &str| json!({ "messages": [], name: [{ "title": "Sea", "text": text }] });
    let tally = count(Dialect::Chat, "llama", &body("documents"));
    assert!(tally.of(Kind::Json) >= tokens(&text) && tally.is_estimate && tally.is_doubtful());
    assert_eq!(count(Dialect::Chat, "llama", &body("metadata")).of(Kind::Json), 0);
    let short = json!({ "messages": [], "documents": ["Sea"], "stop": ["a"], "user": "me" });
    assert_eq!(count(Dialect::Chat, "gpt-4o", &short).total(), 3);
}

/// So many bytes in base64: each group of four characters stands for three.
fn base64(group: &str, bytes: usize) -> String {
    group.repeat(bytes / 3)
}

#[test]
fn texts_in_documents_are_read_as_texts() {
    let anthropic = |source: &str| {
        format!(r#"{{"type": "document", "title": "Sea", "context": "old", "source": {source}}}"#)
    };
    let bedrock = |source: &str| {
        format!(r#"{{"document": {{"format": "txt", "name": "Sea", "context": "old", "source": {source}}}}}"#)
    };
    let rows = [
        (
            Dialect::Anthropic,
            anthropic(r#"{"type": "text", "media_type": "text/plain", "data": "Call me Ishmael."}"#),
        ),
        (
            Dialect::Anthropic,
            anthropic(r#"{"data": "Call me Ishmael.", "media_type": "image/png", "type": "te\u0078t"}"#),
        ),
        (
            Dialect::Anthropic,
            anthropic(
                r#"{"data": "iVBORw0KGgo=", "type": "base64", "data": "Call me Ishmael.", "type": "text"}"#,
            ),
        ),
        (Dialect::Anthropic, anthropic(r#"{"type": "content", "content": "Call me Ishmael."}"#)),
        (
            Dialect::Anthropic,
            anthropic(r#"{"type": "content", "content": [{"type": "text", "text": "Call me Ishmael."}]}"#),
        ),
        (Dialect::Bedrock, bedrock(r#"{"text": "Call me Ishmael."}"#)),
        (Dialect::Bedrock, bedrock(r#"{"content": [{"text": "Call me Ishmael."}]}"#)),
    ];
    let expected = tokens("Sea") + tokens("old") + tokens("Call me Ishmael.");
    for (dialect, item) in rows {
        let body = format!(r#"{{"messages": [{{"role": "user", "content": [{item}]}}]}}"#);
        let tally = count_text(dialect, "gpt-4o", &body);
        assert_eq!((tally.total() - tally.of(Kind::Frame), tally.of(Kind::Frame)), (expected, 7), "{body}");
        assert_eq!((tally.images, tally.is_estimate), (0, false), "{body}");
    }
    let found = json!({ "messages": [{ "role": "user", "content": [{ "type": "search_result", "source": "https://example.com", "title": "Sea", "content": [{ "type": "text", "text": "old" }] }] }] });
    let tally = count(Dialect::Anthropic, "gpt-4o", &found);
    assert_eq!(tally.total(), 7 + tokens("https://example.com") + tokens("Sea") + tokens("old"));
}

#[test]
fn much_text_in_a_document_counts_as_much_text() {
    let text = "All happy families are alike. ".repeat(80_000);
    let source = json!({ "type": "text", "media_type": "text/plain", "data": text });
    let body =
        json!({ "messages": [{ "role": "user", "content": [{ "type": "document", "source": source }] }] });
    assert!(count(Dialect::Anthropic, "claude-sonnet-4-5", &body).total().abs_diff(480_000) < 5_000);
}

#[test]
fn sound_counts_by_how_long_it_lasts() {
    // 24 kHz, mono, 16 bits: 48,000 bytes a second. And two that could be MP3.
    let header = "UklGRgAAAABXQVZFZm10IBAAAAABAAEAwF0AAIC7AAACABAAZGF0YQAA";
    let wav = |seconds: usize| format!("{header}{}", base64("AAAA", 48_000 * seconds - header.len() / 4 * 3));
    let (id3, frames) = (base64("SUQz", 80_001), base64("//uQ", 80_001));
    let ask = |data: &str| json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } });
    let inline = |data: &str| json!({ "inlineData": { "mimeType": "audio/wav", "data": data } });
    let rows = [
        (Dialect::Chat, "gpt-4o-audio-preview", ask(&wav(10)), 100),
        (Dialect::Chat, "gpt-4o-audio-preview", ask(&id3), 101),
        (Dialect::Chat, "gpt-4o-audio-preview", ask(&frames), 101),
        (Dialect::Chat, "gpt-4o-audio-preview", ask("UklGRg=="), 0),
        (Dialect::Gemini, "gemini-2.5-flash", inline(&wav(10)), 320),
        (Dialect::Gemini, "gemini-2.5-flash", inline(&id3), 321),
    ];
    for (dialect, model, part, expected) in rows {
        let (list, parts) =
            if dialect == Dialect::Gemini { ("contents", "parts") } else { ("messages", "content") };
        let body = json!({ list: [{ "role": "user", parts: [part] }] });
        let tally = count(dialect, model, &body);
        assert_eq!((tally.total(), tally.is_estimate), (7 + expected, true), "{dialect:?}");
    }
}

#[test]
fn other_files_count_by_their_bytes() {
    // "%PDF-1", "PK" and what no text holds, and "abc".
    let pdf = |bytes: usize| format!("JVBERi0x{}", base64("AAAA", bytes - 6));
    let (office, text) = (base64("UEv/", 120_000), base64("YWJj", 120_000));
    let url = |media: &str, data: &str| format!("data:{media};base64,{data}");
    let claude = |data: &str| json!({ "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": data } });
    let inline = |media: &str, data: &str| json!({ "inlineData": { "mimeType": media, "data": data } });
    let rows = [
        (Dialect::Anthropic, "claude", claude(&pdf(150_000)), 7_000, 0),
        (Dialect::Anthropic, "claude", claude(&pdf(150_003)), 9_334, 0),
        (Dialect::Anthropic, "claude", claude(&pdf(6)), 2_334, 0),
        (
            Dialect::Anthropic,
            "claude",
            json!({ "type": "tool_result", "content": [claude(&pdf(150_000))] }),
            7_000,
            0,
        ),
        (
            Dialect::Anthropic,
            "claude",
            json!({ "type": "document", "source": { "type": "file", "file_id": "f" } }),
            0,
            0,
        ),
        (
            Dialect::Anthropic,
            "claude",
            json!({ "type": "document", "source": { "type": "url", "url": "https://example.com/a.pdf" } }),
            1_398,
            1,
        ),
        (
            Dialect::Bedrock,
            "claude",
            json!({ "document": { "format": "docx", "source": { "bytes": office } } }),
            7_000,
            0,
        ),
        (
            Dialect::Bedrock,
            "claude",
            json!({ "document": { "format": "csv", "source": { "bytes": text } } }),
            30_000,
            0,
        ),
        (
            Dialect::Bedrock,
            "claude",
            json!({ "document": { "format": "pdf", "source": { "s3Location": { "uri": "s3://a/b" } } } }),
            0,
            0,
        ),
        (Dialect::Gemini, "gemini-2.5-flash", inline("application/pdf", &pdf(150_000)), 3 * 258, 0),
        (Dialect::Gemini, "gemini-2.5-flash", inline("text/plain", &text), 30_000, 0),
        (Dialect::Gemini, "gemini-2.5-flash", inline("image/heic", &office), 4 * 258, 1),
        (
            Dialect::Chat,
            "gpt-4o",
            json!({ "type": "file", "file": { "file_data": url("application/pdf", &pdf(150_000)) } }),
            7_000,
            0,
        ),
        (Dialect::Chat, "gpt-4o", json!({ "type": "file", "file": { "file_id": "f" } }), 0, 0),
        (
            Dialect::Chat,
            "gpt-4o",
            json!({ "type": "image_url", "image_url": { "url": url("application/pdf", &pdf(150_000)) } }),
            7_000,
            0,
        ),
        (
            Dialect::Responses,
            "gpt-4o",
            json!({ "type": "input_file", "file_data": url("application/pdf", &pdf(150_000)) }),
            7_000,
            0,
        ),
        (
            Dialect::Responses,
            "gpt-4o",
            json!({ "type": "input_file", "file_data": url(&"x".repeat(300), &office) }),
            7_000,
            0,
        ),
        (
            Dialect::Responses,
            "gpt-4o",
            json!({ "type": "input_file", "file_url": "https://example.com/a.pdf" }),
            765,
            1,
        ),
    ];
    for (dialect, model, item, tokens, images) in rows {
        let (list, parts) = match dialect {
            Dialect::Gemini => ("contents", "parts"),
            Dialect::Responses => ("input", "content"),
            _ => ("messages", "content"),
        };
        let body = json!({ list: [{ "role": "user", parts: [item] }] });
        let tally = count(dialect, model, &body);
        let shown: String = body.to_string().chars().take(200).collect();
        assert_eq!((tally.total(), tally.images), (7 + tokens, images), "{dialect:?}: {shown}");
        assert!(tally.is_estimate, "{dialect:?}: {shown}");
    }
}

#[test]
fn what_is_stored_at_the_provider_makes_a_count_an_estimate() {
    let rows = [
        (Dialect::Responses, "previous_response_id", json!("resp_1")),
        (Dialect::Responses, "conversation", json!("conv_1")),
        (Dialect::Responses, "conversation", json!({ "id": "conv_1" })),
        (Dialect::Responses, "prompt", json!({ "id": "pmpt_1" })),
        (Dialect::Gemini, "cachedContent", json!("cachedContents/1")),
        (Dialect::Gemini, "cached_content", json!("cachedContents/1")),
    ];
    for (dialect, name, value) in rows {
        let list = if dialect == Dialect::Gemini { "contents" } else { "input" };
        let message = json!([{ "role": "user", "content": "hello" }]);
        let plain = count(dialect, "gpt-4o", &json!({ list: message, name: null }));
        assert!(!plain.is_estimate, "{name}");
        let stored = count(dialect, "gpt-4o", &json!({ list: message, name: value }));
        assert_eq!((stored.total(), stored.is_estimate), (plain.total(), true), "{name}");
    }
    let item = json!({ "input": [{ "type": "item_reference", "id": "msg_1" }] });
    assert!(count(Dialect::Responses, "gpt-4o", &item).is_estimate);
}

#[test]
fn what_is_put_into_a_stored_prompt_counts() {
    let body = json!({ "prompt": { "id": "pmpt_1", "version": "2", "variables": {
        "city": "Oslo", "role": "a sailor", "what": { "type": "input_text", "text": "the weather" },
    } } });
    let tally = count(Dialect::Responses, "gpt-4o", &body);
    assert_eq!(tally.total(), 3 + tokens("Oslo") + tokens("a sailor") + tokens("the weather"));
}

#[test]
fn tokens_that_are_sent_as_numbers_are_counted_by_their_number() {
    assert_eq!(count(Dialect::Completions, "davinci-002", &json!({ "prompt": [1, 2, 3] })).total(), 3);
    assert_eq!(
        count(Dialect::Embeddings, "text-embedding-3-small", &json!({ "input": [[1, 2, 3], [4]] })).total(),
        4
    );
}

#[test]
fn other_makers_tools_are_counted_as_json() {
    let tools = json!([{ "name": "weather", "input_schema": { "type": "object" } }]);
    let body = json!({ "tools": tools, "messages": [] });
    let tally = count(Dialect::Anthropic, "claude", &body);
    assert_eq!((tally.of(Kind::Json), tally.is_estimate), (tokens(&tools.to_string()), true));
}

#[test]
fn texts_are_told_by_kind() {
    let body = json!({ "messages": [{ "role": "user", "content": "在一个遥远的小村庄里，住着一位年迈的木匠。" }, { "role": "user", "content": "Hello there" }] });
    let tally = count(Dialect::Chat, "gpt-4o", &body);
    assert_eq!(tally.of(Kind::Prose), tokens("Hello there"));
    assert_eq!(tally.of(Kind::Chinese), tokens("在一个遥远的小村庄里，住着一位年迈的木匠。"));
}

#[test]
fn models_have_their_encodings() {
    let rows = [
        ("gpt-4o", Some(Encoding::O200kBase)),
        ("gpt-4.1-mini", Some(Encoding::O200kBase)),
        ("gpt-5-nano-2025-08-07", Some(Encoding::O200kBase)),
        ("o3", Some(Encoding::O200kBase)),
        ("openai/gpt-oss-120b", Some(Encoding::O200kBase)),
        ("ft:gpt-4o-mini-2024-07-18:org::id", Some(Encoding::O200kBase)),
        ("gpt-4", Some(Encoding::Cl100kBase)),
        ("gpt-4-turbo", Some(Encoding::Cl100kBase)),
        ("gpt-3.5-turbo", Some(Encoding::Cl100kBase)),
        ("gpt-35-turbo", Some(Encoding::Cl100kBase)),
        ("text-embedding-3-large", Some(Encoding::Cl100kBase)),
        ("claude-sonnet-4-5", None),
        ("mistral-large", None),
    ];
    for (model, encoding) in rows {
        assert_eq!(Encoding::of_model(model), encoding, "{model}");
    }
}

/// What a text comes to in a tool that is not rendered, or not whole.
fn in_tool(dialect: Dialect, tool: &Value) -> (u64, bool) {
    let body = json!({ "input": [], "messages": [], "tools": [tool] });
    let tally = count(dialect, "gpt-4o", &body);
    (tally.of(Kind::Code), tally.is_estimate)
}

#[test]
fn what_of_a_tool_is_not_rendered_counts_as_json() {
    let text = "call me Ishmael, some years ago ".repeat(20);
    let function = |parameters: Value| json!({ "name": "f", "parameters": parameters });
    let with = |property: Value| function(json!({ "type": "object", "properties": { "a": property } }));
    let object =
        json!({ "type": "object", "properties": { "b": { "type": "string", "description": text } } });
    let rows = [
        (Dialect::Chat, json!({ "type": "custom", "custom": { "name": "f", "description": text } })),
        (
            Dialect::Chat,
            json!({ "type": "custom", "custom": { "name": "f", "format": { "type": "grammar", "grammar": { "syntax": "lark", "definition": text } } } }),
        ),
        (Dialect::Responses, json!({ "type": "mcp", "server_label": "s", "server_description": text })),
        (
            Dialect::Responses,
            json!({ "type": "custom", "name": "f", "format": { "type": "grammar", "syntax": "lark", "definition": text } }),
        ),
        (
            Dialect::Responses,
            json!({ "type": "namespace", "name": "n", "tools": [{ "type": "function", "name": "f", "description": text }] }),
        ),
        (Dialect::Responses, with(json!({ "anyOf": [object, { "type": "null" }] }))),
        (Dialect::Responses, with(json!({ "oneOf": [{ "type": "string", "description": text }] }))),
        (Dialect::Responses, with(json!({ "allOf": [object] }))),
        (Dialect::Responses, with(json!({ "type": ["array", "null"], "items": object }))),
        (
            Dialect::Responses,
            with(json!({ "type": "array", "items": { "type": "string", "description": text } })),
        ),
        (Dialect::Responses, with(json!({ "enum": ["x"], "properties": object["properties"] }))),
        (Dialect::Responses, with(json!({ "type": [text] }))),
        (Dialect::Responses, with(json!(text))),
        (
            Dialect::Responses,
            function(
                json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/O" } }, "$defs": { "O": object } }),
            ),
        ),
        (Dialect::Responses, function(json!({ "type": "object", "properties": {}, "required": [text] }))),
        (Dialect::Responses, function(json!({ "anyOf": [object] }))),
        (Dialect::Responses, function(json!(text))),
    ];
    for (dialect, tool) in rows {
        let (counted, is_estimate) = in_tool(dialect, &tool);
        let least = tokens(&text);
        assert!(counted >= least && counted <= least + 80, "{counted}, not {least} and some: {tool}");
        assert!(is_estimate, "{tool}");
    }
}

#[test]
fn a_function_of_plain_properties_is_exact_whatever_little_else_it_says() {
    let plain = json!({ "name": "f", "parameters": { "type": "object", "properties": {
        "a": { "type": "string", "description": "One" }, "b": { "type": "array", "items": { "type": "integer" } },
    }, "required": ["a"] } });
    let more = json!({ "name": "f", "strict": true, "cache_control": null, "parameters": { "type": "object", "title": "FArguments", "properties": {
        "a": { "type": "string", "description": "One", "title": "A", "default": "x", "minLength": 1, "examples": [] },
        "b": { "type": "array", "title": "B", "items": { "type": "integer", "format": "int32" }, "maxItems": 3 },
    }, "required": ["a"], "additionalProperties": false } });
    for tool in [&more, &json!({ "type": "function", "function": more })] {
        assert_eq!(in_tool(Dialect::Chat, tool), (in_tool(Dialect::Chat, &plain).0, false));
    }
}

#[test]
fn a_property_of_several_types_is_rendered_as_one_of_them() {
    let of = |property: Value| {
        let parameters = json!({ "type": "object", "properties": { "a": property } });
        in_tool(Dialect::Chat, &json!({ "name": "f", "parameters": parameters }))
    };
    let one = of(json!({ "type": "string" })).0;
    for property in [
        json!({ "anyOf": [{ "type": "string" }, { "type": "null" }], "title": "A", "default": null }),
        json!({ "oneOf": [{ "type": "string" }, { "type": "null" }] }),
        json!({ "type": ["string", "null"] }),
    ] {
        let (counted, is_estimate) = of(property);
        assert_eq!((counted, is_estimate), (one + tokens(" | null"), true));
    }
}

#[test]
fn what_an_answer_must_be_like_counts_under_all_its_names() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let rows = [
        (Dialect::Gemini, "generationConfig", json!({ "responseSchema": schema })),
        (Dialect::Gemini, "generationConfig", json!({ "responseJsonSchema": schema })),
        (Dialect::Gemini, "generation_config", json!({ "response_schema": schema })),
        (Dialect::Anthropic, "output_format", json!({ "type": "json_schema", "schema": schema })),
        (
            Dialect::Anthropic,
            "output_config",
            json!({ "format": { "type": "json_schema", "schema": schema } }),
        ),
        (
            Dialect::Bedrock,
            "outputConfig",
            json!({ "textFormat": { "type": "json_schema", "structure": { "jsonSchema": { "schema": schema.to_string() } } } }),
        ),
        (Dialect::Responses, "text", json!({ "format": { "type": "json_schema", "schema": schema } })),
    ];
    for (dialect, name, value) in rows {
        let body = json!({ "system": "Be kind.", name: value });
        let tally = count(dialect, "gemini-2.5-flash", &body);
        assert_eq!((tally.of(Kind::Json), tally.is_estimate), (tokens(&value.to_string()), true), "{body}");
    }
    let escaped = r#"{"messages": [], "response_format": {"type": "json_\u0073chema", "json_\u0073chema": {"name": "x"}}}"#;
    assert!(count_text(Dialect::Chat, "gpt-4o", escaped).of(Kind::Json) > 10);
    let hidden = format!(
        r#"{{"messages": [], "response_format": {{"json_sch\u0065ma": "{}"}}}}"#,
        "word ".repeat(1_000)
    );
    assert!(count_text(Dialect::Chat, "gpt-4o", &hidden).of(Kind::Json) > 1_000);
}

#[test]
fn where_the_provider_adds_what_it_finds_nothing_is_learned_of_what_it_reports() {
    let function = json!({ "name": "f", "description": "d", "input_schema": { "type": "object" } });
    let declared =
        json!([{ "name": "f", "description": "googleSearch", "parameters": { "type": "OBJECT" } }]);
    let spec = json!({ "toolSpec": { "name": "f", "inputSchema": { "json": {} } } });
    let rows = [
        (Dialect::Anthropic, json!({ "tools": [function] }), false),
        (
            Dialect::Anthropic,
            json!({ "tools": [{ "type": "custom", "name": "f", "input_schema": {} }] }),
            false,
        ),
        (Dialect::Anthropic, json!({ "tools": [] }), false),
        (
            Dialect::Anthropic,
            json!({ "tools": [function, { "type": "web_search_20250305", "name": "web_search" }] }),
            true,
        ),
        (
            Dialect::Anthropic,
            json!({ "mcp_servers": [{ "type": "url", "url": "https://a.test", "name": "a" }] }),
            true,
        ),
        (Dialect::Anthropic, json!({ "mcp_servers": null, "container": null }), false),
        (Dialect::Anthropic, json!({ "container": "c" }), true),
        (Dialect::Gemini, json!({ "tools": [{ "functionDeclarations": declared }] }), false),
        (Dialect::Gemini, json!({ "tools": { "function_declarations": declared } }), false),
        (Dialect::Gemini, json!({ "tools": [{ "googleSearch": {} }] }), true),
        (Dialect::Gemini, json!({ "tools": [{ "functionDeclarations": declared, "urlContext": {} }] }), true),
        (
            Dialect::Bedrock,
            json!({ "toolConfig": { "tools": [spec, { "cachePoint": { "type": "default" } }], "toolChoice": { "auto": {} } } }),
            false,
        ),
        (
            Dialect::Bedrock,
            json!({ "toolConfig": { "tools": [spec, { "systemTool": { "name": "nova_grounding" } }] } }),
            true,
        ),
        (Dialect::Chat, json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }), false),
        (Dialect::Responses, json!({ "tools": [{ "type": "function", "name": "f" }] }), false),
        (Dialect::Responses, json!({ "tools": [{ "type": "web_search" }] }), true),
        (Dialect::Chat, json!({ "web_search_options": {} }), true),
        (Dialect::Chat, json!({ "search_parameters": { "mode": "auto" } }), true),
    ];
    for (dialect, mut body, is_doubtful) in rows {
        body["system"] = "text".into();
        assert_eq!(count(dialect, "other", &body).is_doubtful(), is_doubtful, "{body}");
    }
}

#[test]
fn of_a_file_or_picture_whose_size_is_a_guess_nothing_is_learned() {
    let rows = [
        (json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }), true),
        (json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }), true),
        (
            json!({ "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{PIXEL}") } }),
            false,
        ),
        (
            json!({ "type": "file", "file": { "file_data": "data:application/pdf;base64,JVBERi0xLjc=" } }),
            true,
        ),
        (json!({ "type": "file", "file": { "file_data": "data:text/plain;base64,YWJjYWJj" } }), false),
    ];
    for (item, is_doubtful) in rows {
        let body = json!({ "messages": [{ "role": "user", "content": [item] }] });
        assert_eq!(count(Dialect::Chat, "llama", &body).is_doubtful(), is_doubtful, "{body}");
    }
}

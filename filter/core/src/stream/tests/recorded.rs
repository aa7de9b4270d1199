//! Streams in the shapes that the providers document and send.

use crate::stream::{Dialect, Framing};

/// Chunks of a chat completion: the role, the words, the finish.
pub(crate) fn chat(words: &[&str], tail: &str) -> String {
    let mut text = chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null");
    for word in words {
        text += &chunk(&format!(r#"{{"content":"{word}"}}"#), "null");
    }
    text + tail
}

pub(crate) fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":\"chat.completion.chunk\",\"created\":1741570283,\
         \"model\":\"gpt-4.1-2025-04-14\",\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{{\"index\":0,\"delta\":{delta},\
         \"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
    )
}

pub(crate) const CHAT_USAGE: &str = "data: {\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"choices\":[],\"usage\":{\"prompt_tokens\":19,\
    \"completion_tokens\":10,\"total_tokens\":29,\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":0},\
    \"completion_tokens_details\":{\"reasoning_tokens\":3,\"audio_tokens\":0}}}\n\n";

pub(crate) const DONE: &str = "data: [DONE]\n\n";

pub(crate) fn finish() -> String {
    chunk("{}", "\"stop\"")
}

pub(crate) fn whole_chat() -> String {
    chat(&["Hello", " \\\"you\\\" {there}", " ]}"], "") + &finish() + CHAT_USAGE + DONE
}

pub(crate) const AZURE_ANNOTATIONS: &str = "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\
    \"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\"hate\":{\"filtered\":false,\"severity\":\"safe\"}}}]}\n\n";

pub(crate) const RESPONSES: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_67c9","object":"response","status":"in_progress","error":null,"incomplete_details":null,"metadata":{"error":"none"},"output":[],"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}

event: response.output_item.added
data: {"type":"response.output_item.added","output_index":1,"item":{"id":"msg_67c9","type":"message","status":"in_progress","role":"assistant","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","item_id":"msg_67c9","part":{"type":"output_text","text":"","annotations":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"msg_67c9","output_index":1,"content_index":0,"delta":"Hi"}

event: response.output_text.done
data: {"type":"response.output_text.done","item_id":"msg_67c9","output_index":1,"content_index":0,"text":"Hi"}

event: response.completed
data: {"type":"response.completed","response":{"id":"resp_67c9","object":"response","status":"completed","error":null,"output":[{"id":"msg_67c9","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]}]}],"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":5},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":48}}}

"#;

pub(crate) const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_4QpJur2dWWDjF6C758FbBw5vm12BaVipnK","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4-5","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

"#;

pub(crate) const GEMINI: &str = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Let me think\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\
    \"usageMetadata\": {\"promptTokenCount\": 8,\"totalTokenCount\": 28,\"thoughtsTokenCount\": 20}}\r\n\r\n\
    data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"The sea\"}],\"role\": \"model\"},\"index\": 0}],\
    \"usageMetadata\": {\"promptTokenCount\": 8,\"candidatesTokenCount\": 2,\"totalTokenCount\": 30,\"thoughtsTokenCount\": 20}}\r\n\r\n\
    data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \".\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],\
    \"usageMetadata\": {\"promptTokenCount\": 8,\"candidatesTokenCount\": 3,\"totalTokenCount\": 31,\"thoughtsTokenCount\": 20,\
    \"cachedContentTokenCount\": 6},\"modelVersion\": \"gemini-2.5-flash\"}\r\n\r\n";

/// The same without `alt=sse`.
pub(crate) fn gemini_array() -> String {
    let events: Vec<_> = GEMINI.split("\r\n\r\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    format!("[{}\n]\n", events.join("\n,\r\n"))
}

/// A frame of `application/vnd.amazon.eventstream`, its checksums zero.
pub(crate) fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(name.len() as u8);
        head.extend(name.as_bytes());
        head.push(7);
        head.extend((value.len() as u16).to_be_bytes());
        head.extend(value.as_bytes());
    }
    let total = (16 + head.len() + payload.len()) as u32;
    let mut frame = total.to_be_bytes().to_vec();
    frame.extend((head.len() as u32).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(head);
    frame.extend(payload.as_bytes());
    frame.extend([0; 4]);
    frame
}

pub(crate) fn event_frame(kind: &str, payload: &str) -> Vec<u8> {
    let headers = [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload)
}

pub(crate) fn bedrock() -> Vec<u8> {
    [
        event_frame("messageStart", r#"{"p":"abcdefgh","role":"assistant"}"#),
        event_frame("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hello"},"p":"abc"}"#),
        event_frame("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcdefghijklmnopqrstuvwxyz"}"#),
        event_frame("messageStop", r#"{"p":"abcdefghijk","stopReason":"end_turn"}"#),
        event_frame(
            "metadata",
            r#"{"metrics":{"latencyMs":1043},"p":"ab","usage":{"cacheReadInputTokens":3,"cacheWriteInputTokens":2,"inputTokens":12,"outputTokens":9,"totalTokens":26}}"#,
        ),
    ]
    .concat()
}

/// InvokeModel with an Anthropic model: each event of its dialect in base 64.
pub(crate) fn bedrock_invoke() -> Vec<u8> {
    let events = ANTHROPIC.lines().filter_map(|line| line.strip_prefix("data: "));
    let frames = events.map(|event| {
        event_frame("chunk", &format!(r#"{{"bytes":"{}","p":"abcdefghij"}}"#, base64(event.as_bytes())))
    });
    frames.collect::<Vec<_>>().concat()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= group.len() { digit } else { '=' });
        }
    }
    text
}

/// Each dialect's whole stream.
pub(crate) fn all() -> Vec<(Dialect, Framing, Vec<u8>)> {
    vec![
        (Dialect::Chat, Framing::Sse, whole_chat().into()),
        (Dialect::Responses, Framing::Sse, RESPONSES.into()),
        (Dialect::Anthropic, Framing::Sse, ANTHROPIC.into()),
        (Dialect::Gemini, Framing::Sse, GEMINI.into()),
        (Dialect::Gemini, Framing::Array, gemini_array().into()),
        (Dialect::Bedrock, Framing::EventStream, bedrock()),
        (Dialect::Bedrock, Framing::EventStream, bedrock_invoke()),
    ]
}

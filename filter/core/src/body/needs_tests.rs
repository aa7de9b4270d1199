use super::super::read;
use super::*;

fn needs(body: &str) -> Vec<Capability> {
    let facts = read(body.as_bytes()).unwrap();
    Capability::ALL.into_iter().filter(|capability| facts.needs(*capability, body.as_bytes())).collect()
}

#[test]
fn what_a_request_needs_is_read_in_every_dialect() {
    use Capability::{Json, Prefill, Stream, StreamOptions, Tools, Vision};
    let table: [(&str, &[Capability]); 32] = [
        (r#"{"messages":[{"role":"user","content":"an image_url, \"type\":\"image\""}]}"#, &[]),
        (r#"{"messages":[{"role":"user","content":[{"type":"text","text":"image"}]}]}"#, &[]),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]}"#,
            &[Vision],
        ),
        (r#"{"messages":[{"content":[{"type":"image","source":{}}]},{"role":"user"}]}"#, &[Vision]),
        (
            r#"{"messages":[{"content":[{"type":"tool_result","content":[{"type":"image","source":{}}]}]}]}"#,
            &[Vision],
        ),
        (r#"{"messages":[{"role":"user","content":[{"image":{"format":"png"}}]}]}"#, &[Vision]),
        (r#"{"messages":[{"content":[{"toolResult":{"content":[{"image":{}}]}}]}]}"#, &[Vision]),
        (r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}]}"#, &[Vision]),
        (r#"{"contents":[{"parts":[{"file_data":{"mime_type":"image/png"}}]}]}"#, &[Vision]),
        (r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav"}}]}]}"#, &[]),
        (r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"u"}]}]}"#, &[Vision]),
        (r#"{"input":"image"}"#, &[]),
        (r#"{"messages":[],"tools":[{"type":"function"}]}"#, &[Tools]),
        (r#"{"messages":[],"tools":[]}"#, &[]),
        (r#"{"messages":[],"tools":null,"functions":[{"name":"f"}]}"#, &[Tools]),
        (r#"{"messages":[],"toolConfig":{"tools":[{"toolSpec":{}}]}}"#, &[Tools]),
        (r#"{"messages":[],"toolConfig":{"tools":[ ]}}"#, &[]),
        (r#"{"response_format":{"type":"text"}}"#, &[]),
        (r#"{"response_format":{"type":"json_object"}}"#, &[Json]),
        (r#"{"response_format":{"json_schema":{},"type":"json_schema"}}"#, &[Json]),
        (r#"{"input":"x","text":{"format":{"type":"json_schema"}}}"#, &[Json]),
        (r#"{"input":"x","text":{"format":{"type":"text"}}}"#, &[]),
        (r#"{"output_format":{"type":"json_schema","schema":{}}}"#, &[Json]),
        (r#"{"output_config":{"format":{"type":"json_schema"}}}"#, &[Json]),
        (r#"{"generationConfig":{"responseMimeType":"application/json"}}"#, &[Json]),
        (r#"{"stream":true}"#, &[Stream]),
        (r#"{"stream":true,"stream_options":null}"#, &[Stream]),
        (r#"{"stream":true,"stream_options":{"include_usage":true}}"#, &[Stream, StreamOptions]),
        (r#"{"messages":[{"role":"user"},{"role":"assistant","content":"{"}]}"#, &[Prefill]),
        (r#"{"messages":[{"role":"assistant"},{"role":"user"}]}"#, &[]),
        (r#"{"contents":[{"role":"model","parts":[]}]}"#, &[Prefill]),
        (
            r#"{"stream":true,"tools":[1],"messages":[{"role":"assistant","content":[{"type":"image"}]}]}"#,
            &[Vision, Tools, Stream, Prefill],
        ),
    ];
    for (body, expected) in table {
        assert_eq!(needs(body), expected, "{body}");
    }
}

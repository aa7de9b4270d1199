//! Errors in answers that had claimed success.

use super::*;

#[track_caller]
fn check(provider: Provider, name: &str, data: &str, expected: &str) {
    let name = (!name.is_empty()).then_some(name.as_bytes());
    let judgement = judge_event(provider, name, data.as_bytes(), NOW);
    assert_eq!(judgement.as_ref().map_or("none".to_owned(), line), expected, "{name:?} {data}");
}

#[test]
fn error_frames_of_every_dialect() {
    // OpenAI, Azure OpenAI, vLLM: data with an error object.
    check(
        OpenAi,
        "",
        r#"{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}"#,
        "server_error code=server_error",
    );
    check(
        OpenAi,
        "",
        r#"{"error":{"message":"Rate limit reached for gpt-4o on tokens per min (TPM). Please try again in 2.5s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        "throttled wait=2500ms of=tokens_per_minute code=rate_limit_exceeded",
    );
    check(
        Azure,
        "",
        r#"{"error":{"code":"429","message":"Requests have exceeded call rate limit of your current pricing tier. Please retry after 10 seconds."}}"#,
        "throttled wait=10000ms of=requests",
    );
    check(
        Azure,
        "",
        r#"{"choices":[],"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        "content_policy code=content_filter",
    );
    check(
        OpenAi,
        "",
        r#"{"object":"error","message":"The model's maximum context length is 10.","type":"BadRequestError","param":null,"code":400}"#,
        "context_length code=BadRequestError",
    );
    check(
        OpenAi,
        "",
        r#"{"error":{"message":"EngineCore died","type":"InternalServerError","param":null,"code":500}}"#,
        "server_error code=InternalServerError",
    );
    // OpenAI's Responses.
    check(
        OpenAi,
        "error",
        r#"{"type":"error","code":"rate_limit_exceeded","message":"m","param":null,"sequence_number":1}"#,
        "throttled code=rate_limit_exceeded",
    );
    check(
        OpenAi,
        "response.failed",
        r#"{"type":"response.failed","sequence_number":4,"response":{"id":"resp_x","object":"response","status":"failed","error":{"code":"server_error","message":"m"},"output":[],"usage":null}}"#,
        "server_error code=server_error",
    );
    check(
        OpenAi,
        "",
        r#"{"type":"response.failed","response":{"object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"have exceeded token rate limit"}}}"#,
        "throttled of=tokens code=rate_limit_exceeded",
    );
    // Anthropic.
    check(
        Anthropic,
        "error",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "overloaded code=overloaded_error",
    );
    check(
        Anthropic,
        "",
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        "server_error code=api_error",
    );
    check(
        Anthropic,
        "error",
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#,
        "context_length code=invalid_request_error",
    );
    check(
        Anthropic,
        "error",
        r#"{"type":"error","error":{"type":"timeout_error","message":"m"}}"#,
        "timeout code=timeout_error",
    );
    // Gemini, with server-sent events and in the array that it answers with otherwise.
    check(
        Gemini,
        "",
        r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
        "overloaded code=UNAVAILABLE",
    );
    check(
        Gemini,
        "",
        r#"[{"error":{"code":429,"message":"Please retry in 12s","status":"RESOURCE_EXHAUSTED"}}]"#,
        "throttled wait=12000ms code=RESOURCE_EXHAUSTED",
    );
    // Bedrock, by the exception's type or by the member that it is put in.
    check(
        Bedrock,
        "throttlingException",
        r#"{"message":"Too many tokens, please wait before trying again."}"#,
        "throttled of=tokens code=throttlingException",
    );
    check(
        Bedrock,
        "modelStreamErrorException",
        r#"{"message":"m","originalStatusCode":424}"#,
        "server_error code=modelStreamErrorException",
    );
    check(
        Bedrock,
        "internalServerException",
        r#"{"message":"m"}"#,
        "server_error code=internalServerException",
    );
    check(
        Bedrock,
        "serviceUnavailableException",
        r#"{"message":"m"}"#,
        "overloaded code=serviceUnavailableException",
    );
    check(
        Bedrock,
        "validationException",
        r#"{"message":"Input is too long for requested model."}"#,
        "context_length code=validationException",
    );
    check(Bedrock, "validationException", r#"{"message":"m"}"#, "client_error code=validationException");
    check(Bedrock, "brandNewException", "", "server_error code=brandNewException");
    check(
        Bedrock,
        "",
        r#"{"__type":"throttlingException","message":"m"}"#,
        "throttled code=throttlingException",
    );
}

#[test]
fn an_error_event_is_one_whatever_it_holds() {
    for data in ["", "oops", "{", "null", r#"{"choices":[{"delta":{"content":"x"}}]}"#] {
        check(OpenAi, "error", data, "server_error");
    }
}

#[test]
fn parts_of_an_answer_are_no_errors() {
    for data in [
        "",
        "[DONE]",
        "{}",
        "[]",
        r#"{"id":"chatcmpl-x","object":"chat.completion.chunk","error":null,"choices":[{"delta":{"content":"{\"error\":{\"code\":\"429\"}}"}}]}"#,
        r#"{"choices":[{"message":{"content":"error"}}],"error":{"code":"x"}}"#,
        r#"{"id":"resp_x","object":"response","status":"completed","error":null,"output":[]}"#,
        r#"{"type":"response.created","response":{"id":"resp_x","status":"in_progress","error":null}}"#,
        r#"{"type":"message_start","message":{"content":[],"stop_reason":null}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"error"}}"#,
        r#"{"type":"ping"}"#,
        r#"{"model":"claude","id":"msg_x","type":"message","content":[{"type":"error","error":{"type":"x"}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"error"}]}}]}"#,
        r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
        r#"{"output":{"message":{"content":[{"text":"x"}]}},"stopReason":"end_turn"}"#,
        r#"{"object":"list","data":[{"object":"error"}]}"#,
        r#"{"error":{},"choices":[]}"#,
        r#"{"error":{"code":null,"message":null},"choices":[]}"#,
        r#"{"error":"","status":"success"}"#,
        r#"{"choices":[{"delta":{"content":"cut off in the midd"#,
    ] {
        check(OpenAi, "", data, "none");
        check(Gemini, "message", data, "none");
        assert_eq!(error_in_success(Anthropic, data.as_bytes(), NOW), None, "{data}");
    }
}

#[test]
fn an_answer_of_200_with_an_error_object_is_an_error() {
    for (body, expected) in [
        (r#"{"error":{"message":"m","type":"server_error","code":null}}"#, "server_error code=server_error"),
        (r#"{"id":"","error":{"message":"m","code":503}}"#, "overloaded"),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
            "overloaded code=overloaded_error",
        ),
        (r#"[{"error":{"code":500,"message":"m","status":"INTERNAL"}}]"#, "server_error code=INTERNAL"),
        (
            r#"{"object":"error","message":"m","type":"rate_limited","code":"1300"}"#,
            "throttled code=rate_limited",
        ),
        (r#"{"error":"model is loading"}"#, "server_error"),
        (
            r#"{"id":"resp_x","object":"response","status":"failed","error":{"code":"server_error","message":"m"},"output":[]}"#,
            "server_error code=server_error",
        ),
    ] {
        let judgement = error_in_success(OpenAi, body.as_bytes(), NOW).unwrap();
        assert_eq!(line(&judgement), expected, "{body}");
    }
}

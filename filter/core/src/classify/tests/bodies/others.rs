//! Those of Mistral, vLLM and others that speak like OpenAI.

use super::*;

#[test]
fn mistral() {
    let check = |status, body, expected| check(OpenAi, status, &[], body, expected);
    // raycast/extensions#31107
    check(
        429,
        r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}"#,
        "throttled code=rate_limited",
    );
    check(429, r#"{"message":"Requests rate limit exceeded"}"#, "throttled of=requests");
    // continuedev/continue#6185
    check(
        429,
        r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","param":null,"code":null}"#,
        "overloaded code=invalid_request_error",
    );
    check(
        429,
        r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}"#,
        "overloaded code=service_tier_capacity_exceeded",
    );
    check(
        400,
        r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}"#,
        "model_not_found code=invalid_model",
    );
    check(
        422,
        r#"{"object":"error","message":{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]},"type":"invalid_request_error","param":null,"code":null}"#,
        "client_error code=invalid_request_error",
    );
    check(401, r#"{"detail":"Unauthorized"}"#, "client_error");
    check(
        400,
        r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"}"#,
        "context_length code=invalid_request_prompt",
    );
}

#[test]
fn vllm() {
    let check = |status, body, expected| check(OpenAi, status, &[], body, expected);
    check(
        400,
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, 100 in the completion).","type":"BadRequestError","param":null,"code":400}"#,
        "context_length code=BadRequestError",
    );
    check(
        400,
        r#"{"error":{"message":"You passed 4097 input tokens and requested 16 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 4080 tokens.","type":"BadRequestError","param":"input_tokens","code":400}}"#,
        "context_length code=input_tokens",
    );
    check(
        404,
        r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
        "model_not_found code=NotFoundError",
    );
    check(
        500,
        r#"{"error":{"message":"Internal server error","type":"InternalServerError","param":null,"code":500}}"#,
        "server_error code=InternalServerError",
    );
    check(404, r#"{"detail":"Not Found"}"#, "client_error");
}

#[test]
fn what_others_make_like_openai() {
    check(
        OpenAi,
        400,
        &[],
        r#"{"error":{"message":"Please reduce the length of the messages or completion. Current length is 8201 while limit is 8192","type":"invalid_request_error","param":"messages"}}"#,
        "context_length code=invalid_request_error",
    );
    check(
        OpenAi,
        422,
        &[],
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`","error_type":"validation"}"#,
        "context_length code=validation",
    );
    check(
        OpenAi,
        400,
        &[],
        r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error"}}"#,
        "context_length code=exceed_context_size_error",
    );
    // agentgateway, outlierdetction_tests.rs:108
    let cerebras = [
        ("x-ratelimit-remaining-requests-day", "100"),
        ("x-ratelimit-reset-requests-day", "33011.382867097855"),
        ("x-ratelimit-remaining-tokens-minute", "0"),
        ("x-ratelimit-reset-tokens-minute", "11.382867097855"),
    ];
    let body = r#"{"message":"Tokens per minute limit exceeded - too many tokens processed.","type":"too_many_tokens_error","param":"quota","code":"token_quota_exceeded"}"#;
    check(
        OpenAi,
        429,
        &cerebras,
        body,
        "throttled wait=11383ms of=tokens_per_minute code=token_quota_exceeded",
    );
}

//! OpenAI's own.

use super::*;

#[test]
fn openai() {
    let check = |status, body, expected| check(OpenAi, status, &[], body, expected);
    // community.openai.com/t/298219; FoundationAgents/MetaGPT#523
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-4 in organization org-x on tokens per min (TPM): Limit 10000, Used 8554, Requested 3082. Please try again in 9.816s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        "throttled wait=9816ms of=tokens_per_minute code=rate_limit_exceeded",
    );
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-4 in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 4m48s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
        "throttled wait=288000ms of=requests_per_day code=rate_limit_exceeded",
    );
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for gpt-4 in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
        "quota_exhausted wait=432000ms of=requests_per_day code=rate_limit_exceeded",
    );
    check(
        429,
        r#"{"error":{"message":"Rate limit reached for requests","type":"requests","param":null,"code":null}}"#,
        "throttled of=requests code=requests",
    );
    check(
        429,
        r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        "quota_exhausted code=insufficient_quota",
    );
    check(
        429,
        r#"{"error":{"message":"Your account is not active, please check your billing details on our website.","type":"billing_not_active","param":null,"code":"billing_not_active"}}"#,
        "quota_exhausted code=billing_not_active",
    );
    // DrShushen/climb#13: it never succeeds.
    check(
        429,
        r#"{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 30601. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        "too_large code=rate_limit_exceeded",
    );
    check(
        400,
        r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 204308 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        "context_length code=context_length_exceeded",
    );
    check(
        400,
        r#"{"error":{"message":"Invalid 'messages[0].content': string too long. Expected a string with maximum length 1048576, but got a string with length 2000000 instead. It exceeds the maximum context length.","type":"invalid_request_error","param":"messages[0].content","code":"string_above_max_length"}}"#,
        "client_error code=string_above_max_length",
    );
    // What is quoted says nothing of the request.
    for (quoted, code) in [
        ("Invalid value: 'too many tokens'. Supported values are: 'a' and 'b'.", "invalid_value"),
        ("Unknown parameter: 'content management policy'.", "unknown_parameter"),
        ("Unsupported value: 'prompt is too long' is not supported with this model.", "unsupported_value"),
        ("Unsupported parameter: 'model identifier is invalid'.", "unsupported_parameter"),
        ("Invalid type for 'maximum context length': expected an integer.", "invalid_type"),
        ("Missing required parameter: 'maximum input length'.", "missing_required_parameter"),
    ] {
        let error = format!(
            r#"{{"error":{{"message":"{quoted}","type":"invalid_request_error","param":"x","code":"{code}"}}}}"#
        );
        super::check(OpenAi, 400, &[], &error, &format!("client_error code={code}"));
    }
    check(
        400,
        r#"{"error":{"message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}}"#,
        "content_policy code=content_policy_violation",
    );
    check(
        400,
        r#"{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
        "content_policy code=invalid_prompt",
    );
    // A member's name is the caller's own.
    check(
        400,
        r#"{"error":{"message":"Unknown parameter: 'insufficient_quota'.","type":"invalid_request_error","param":"insufficient_quota","code":"unknown_parameter"}}"#,
        "client_error code=unknown_parameter",
    );
    check(
        400,
        r#"{"error":{"message":"Unrecognized request argument supplied: slow_down","type":"invalid_request_error","param":"slow_down","code":null}}"#,
        "client_error code=invalid_request_error",
    );
    check(
        404,
        r#"{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
        "model_not_found code=model_not_found",
    );
    check(
        404,
        r#"{"error":{"message":"Invalid URL (POST /v1/chat/completion)","type":"invalid_request_error","param":null,"code":null}}"#,
        "client_error code=invalid_request_error",
    );
    check(
        401,
        r#"{"error":{"message":"Incorrect API key provided: sk-x. You can find your API key at https://platform.openai.com.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        "client_error code=invalid_api_key",
    );
    check(
        500,
        r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}"#,
        "server_error code=server_error",
    );
    // waylaidwanderer/node-chatgpt-api#34; the same has come as 429 and 500.
    for status in [429, 500, 503] {
        check(
            status,
            r#"{"error":{"message":"That model is currently overloaded with other requests. You can retry your request, or contact us through our help center at help.openai.com if the error persists.","type":"server_error","param":null,"code":null}}"#,
            "overloaded code=server_error",
        );
    }
    check(
        503,
        r#"{"error":{"message":"The server is currently overloaded","type":"service_unavailable_error","code":"slow_down"}}"#,
        "overloaded code=slow_down",
    );
}

//! Answers of 400 and above.

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

#[test]
fn azure_openai() {
    let check = |status, headers: &[_], body, expected| check(Azure, status, headers, body, expected);
    check(
        429,
        &[("retry-after", "6"), ("retry-after-ms", "5800"), ("x-ratelimit-remaining-tokens", "1200")],
        r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}"#,
        "throttled wait=5800ms of=tokens",
    );
    check(
        429,
        &[],
        r#"{"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 1 second."}}"#,
        "throttled wait=1000ms of=requests",
    );
    // icereed/paperless-gpt#814
    check(
        429,
        &[],
        r#"{"error":{"code":"too_many_requests","message":"Your requests to gpt-4.1-nano for gpt-4.1-nano in Sweden Central have exceeded the token rate limit for your current AIServices S0 pricing tier. This request was for ChatCompletions_Create under Azure OpenAI API version 2023-05-15. Please retry after 45 seconds."}}"#,
        "throttled wait=45000ms of=tokens code=too_many_requests",
    );
    // vanderschaarlab/climb#1: what a request larger than the limit is told.
    check(
        429,
        &[("retry-after", "86400")],
        r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-08-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds."}}"#,
        "too_large of=tokens",
    );
    // pollinations/pollinations#6260
    check(
        429,
        &[],
        r#"{"error":{"code":"too_many_requests","message":"The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after 20 seconds."}}"#,
        "overloaded wait=20000ms code=too_many_requests",
    );
    // openai/openai-dotnet#55
    check(
        400,
        &[],
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"sexual":{"filtered":true,"severity":"high"}}}}}"#,
        "content_policy code=content_filter",
    );
    check(
        404,
        &[],
        r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}"#,
        "model_not_found code=DeploymentNotFound",
    );
    // API Management in front of it.
    check(
        429,
        &[],
        r#"{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 12 seconds." }"#,
        "throttled wait=12000ms",
    );
    check(
        401,
        &[],
        r#"{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, or expired."}"#,
        "client_error",
    );
}

#[test]
fn anthropic() {
    let check = |status, headers: &[_], body, expected| check(Anthropic, status, headers, body, expected);
    // OpenHands/OpenHands#9259
    let limited = r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization (0dcc) of 20,000 input tokens per minute. For details, refer to: https://docs.anthropic.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later."}}"#;
    check(
        429,
        &[
            ("anthropic-ratelimit-requests-remaining", "48"),
            ("anthropic-ratelimit-requests-reset", "2025-08-21T12:40:02Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2025-08-21T12:40:37Z"),
        ],
        limited,
        "throttled wait=37000ms of=input_tokens_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[("retry-after", "41")],
        limited,
        "throttled wait=41000ms of=input_tokens_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 50 requests per minute. Please reduce the prompt length or the maximum tokens requested, or try again later."}}"#,
        "throttled of=requests_per_minute code=rate_limit_error",
    );
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Number of request tokens has exceeded your daily rate limit (https://docs.anthropic.com/en/api/rate-limits)."}}"#,
        "quota_exhausted of=tokens_per_day code=rate_limit_error",
    );
    // anthropics/claude-code#29584
    check(
        429,
        &[],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"Extra usage is required for long context requests."},"request_id":"req_x"}"#,
        "too_large code=rate_limit_error",
    );
    // anthropics/anthropic-sdk-typescript#616
    check(
        529,
        &[("x-should-retry", "true")],
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "overloaded code=overloaded_error",
    );
    // anthropics/claude-code#11281
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 201130 tokens > 200000 maximum"},"request_id":"req_x"}"#,
        "context_length code=invalid_request_error",
    );
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again"}}"#,
        "context_length code=invalid_request_error",
    );
    // anthropics/claude-code#66314
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},"request_id":"req_x"}"#,
        "quota_exhausted code=invalid_request_error",
    );
    // anthropics/claude-code#38035
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."},"request_id":"req_x"}"#,
        "quota_exhausted code=invalid_request_error",
    );
    check(
        402,
        &[],
        r#"{"type":"error","error":{"type":"billing_error","message":"There's an issue with your billing or payment information."}}"#,
        "quota_exhausted code=billing_error",
    );
    check(
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
        "content_policy code=invalid_request_error",
    );
    check(
        404,
        &[],
        r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}"#,
        "model_not_found code=not_found_error",
    );
    check(
        404,
        &[],
        r#"{"type":"error","error":{"type":"not_found_error","message":"Not found"}}"#,
        "client_error code=not_found_error",
    );
    check(
        413,
        &[],
        r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
        "too_large code=request_too_large",
    );
    check(
        401,
        &[],
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
        "client_error code=authentication_error",
    );
    check(
        403,
        &[],
        r#"{"type":"error","error":{"type":"permission_error","message":"?"}}"#,
        "client_error code=permission_error",
    );
    check(
        500,
        &[],
        r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
        "server_error code=api_error",
    );
    check(
        504,
        &[],
        r#"{"type":"error","error":{"type":"timeout_error","message":"Request timed out"}}"#,
        "timeout code=timeout_error",
    );
    // Its OpenAI-compatible endpoint: FoundationAgents/OpenManus#746
    check(
        429,
        &[],
        r#"{"error":{"code":"rate_limit_error","message":"This request would exceed the rate limit for your organization of 20,000 input tokens per minute.","type":"invalid_request_error","param":null}}"#,
        "throttled of=input_tokens_per_minute code=rate_limit_error",
    );
}

#[test]
fn gemini() {
    let check = |status, body, expected| {
        check(Gemini, status, &[], body, expected);
        // Behind its OpenAI-compatible endpoint, and in an array.
        check(OpenAi, status, &[], &format!("[{body}]"), expected);
    };
    // diegosouzapw/OmniRoute#9504: the message speaks of a quota, yet it is a minute's.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 15, model: gemini-3.5-flash-lite\nPlease retry in 38.922534355s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"15"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"38s"}]}}"#,
        "throttled wait=38000ms of=requests_per_minute code=RESOURCE_EXHAUSTED",
    );
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota.\nPlease retry in 47.434392449s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateContentPaidTierInputTokensPerModelPerMinute"}]}]}}"#,
        "throttled wait=47435ms of=input_tokens_per_minute code=RESOURCE_EXHAUSTED",
    );
    // google-gemini/gemini-cli#8437: a day's quota among others, whatever the delay.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier"},{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"},{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}"#,
        "quota_exhausted wait=34075ms of=requests_per_day code=RESOURCE_EXHAUSTED",
    );
    // google-gemini/gemini-cli#10925
    check(
        429,
        r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'Gemini 2.5 Pro Requests' and limit 'Gemini 2.5 Pro Requests per day per user per tier'.","errors":[{"message":"Quota exceeded","domain":"global","reason":"rateLimitExceeded"}],"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"Gemini25ProRequestsPerDay"}}]}}"#,
        "quota_exhausted of=requests_per_day code=rateLimitExceeded",
    );
    // A delay beyond five minutes.
    check(
        429,
        r#"{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"301s"}]}}"#,
        "quota_exhausted wait=301000ms code=RESOURCE_EXHAUSTED",
    );
    // router-for-me/CLIProxyAPI#449
    check(
        429,
        r#"{"error":{"code":429,"message":"You have exhausted your capacity on this model. Your quota will reset after 49s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quotaResetDelay":"373.801628ms"}}]}}"#,
        "throttled wait=374ms code=RESOURCE_EXHAUSTED",
    );
    check(
        429,
        r#"{"error":{"code":429,"message":"You have exhausted your capacity.","status":"RESOURCE_EXHAUSTED","details":[{"reason":"QUOTA_EXHAUSTED"}]}}"#,
        "quota_exhausted code=QUOTA_EXHAUSTED",
    );
    // continuedev/continue#10062: nothing is granted at all.
    check(
        429,
        r#"{"error":{"code":429,"message":"You exceeded your current quota. \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\nPlease retry in 20.04466179s.","status":"RESOURCE_EXHAUSTED"}}"#,
        "quota_exhausted wait=20045ms code=RESOURCE_EXHAUSTED",
    );
    // googleapis/python-genai#2065
    check(
        429,
        r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#,
        "throttled code=RESOURCE_EXHAUSTED",
    );
    check(
        503,
        r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
        "overloaded code=UNAVAILABLE",
    );
    check(
        500,
        r#"{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}"#,
        "server_error code=INTERNAL",
    );
    check(
        504,
        r#"{"error":{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}}"#,
        "timeout code=DEADLINE_EXCEEDED",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
        "context_length code=INVALID_ARGUMENT",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
        "client_error code=INVALID_ARGUMENT",
    );
    check(
        404,
        r#"{"error":{"code":404,"message":"models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}}"#,
        "model_not_found code=NOT_FOUND",
    );
    check(
        403,
        r#"{"error":{"code":403,"message":"?","status":"PERMISSION_DENIED"}}"#,
        "client_error code=PERMISSION_DENIED",
    );
    check(
        400,
        r#"{"error":{"code":400,"message":"The prompt could not be submitted. The prompt contains sensitive words that violate Google's Generative AI Prohibited Use policy.","status":"INVALID_ARGUMENT"}}"#,
        "content_policy code=INVALID_ARGUMENT",
    );
}

#[test]
fn bedrock() {
    for (status, name, message, expected) in [
        (
            429,
            "ThrottlingException",
            "Too many tokens, please wait before trying again.",
            "throttled of=tokens code=ThrottlingException",
        ),
        (
            429,
            "ThrottlingException",
            "Too many requests, please wait before trying again.",
            "throttled of=requests code=ThrottlingException",
        ),
        // minorun365/agent-book#29
        (
            429,
            "ThrottlingException",
            "Too many tokens per day, please wait before trying again.",
            "quota_exhausted of=tokens_per_day code=ThrottlingException",
        ),
        (
            429,
            "ModelNotReadyException",
            "The model is not ready for inference.",
            "overloaded code=ModelNotReadyException",
        ),
        (
            408,
            "ModelTimeoutException",
            "The request took too long to process.",
            "timeout code=ModelTimeoutException",
        ),
        (
            424,
            "ModelErrorException",
            "The request failed due to an error while processing the model.",
            "server_error code=ModelErrorException",
        ),
        (
            424,
            "ModelStreamErrorException",
            "An error occurred while streaming the response.",
            "server_error code=ModelStreamErrorException",
        ),
        (
            503,
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
            "overloaded code=ServiceUnavailableException",
        ),
        (
            500,
            "InternalServerException",
            "An internal server error occurred.",
            "server_error code=InternalServerException",
        ),
        (
            403,
            "AccessDeniedException",
            "You don't have access to the model with the specified model ID.",
            "client_error code=AccessDeniedException",
        ),
        (400, "ServiceQuotaExceededException", "?", "quota_exhausted code=ServiceQuotaExceededException"),
        (
            404,
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the model identifier: x",
            "model_not_found code=ResourceNotFoundException",
        ),
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            "context_length code=ValidationException",
        ),
        (
            400,
            "ValidationException",
            "The model returned the following errors: prompt is too long: 200251 tokens > 200000 maximum",
            "context_length code=ValidationException",
        ),
        (
            400,
            "ValidationException",
            "Malformed input request: expected maxLength: 20000, actual: 34567, please reformat your input and try again.",
            "context_length code=ValidationException",
        ),
        (
            400,
            "ValidationException",
            "too many tokens: 140000 > 128000",
            "context_length code=ValidationException",
        ),
        (
            400,
            "ValidationException",
            "The provided model identifier is invalid.",
            "model_not_found code=ValidationException",
        ),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn\u{2019}t supported.",
            "model_not_found code=ValidationException",
        ),
        (400, "ValidationException", "Operation not allowed", "client_error code=ValidationException"),
        (
            403,
            "AccessDeniedException",
            "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.",
            "quota_exhausted code=AccessDeniedException",
        ),
    ] {
        // aws-samples/amazon-bedrock-client-for-mac#99: the name is in a header, the body says no more than the message.
        let header = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
        check(
            Bedrock,
            status,
            &[("x-amzn-errortype", &header)],
            &format!(r#"{{"message":"{message}"}}"#),
            expected,
        );
        let body = format!(r#"{{"__type":"com.amazon.coral.service#{name}","Message":"{message}"}}"#);
        check(Bedrock, status, &[], &body, expected);
    }
}

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

#[test]
fn a_quoted_prompt_decides_nothing() {
    // A number that looks like a status, in the message of a 400.
    check(
        OpenAi,
        400,
        &[],
        r#"{"error":{"message":"Invalid content: \"HTTP 429 rate_limit_exceeded, insufficient_quota. Please try again in 20s\"","type":"invalid_request_error","code":null}}"#,
        "client_error code=invalid_request_error",
    );
    // What would take a target out of use, but not where a provider says it.
    check(
        Anthropic,
        400,
        &[],
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.0: unexpected \"Your credit balance is too low\""}}"#,
        "client_error code=invalid_request_error",
    );
    // Words outside of the error's own members.
    check(
        OpenAi,
        400,
        &[],
        r#"{"error":{"message":"bad","type":"invalid_request_error","input":{"code":"insufficient_quota","error":{"code":"rate_limit_exceeded"}}},"request":{"code":"insufficient_quota"}}"#,
        "client_error code=invalid_request_error",
    );
    // Behind the part of a message that is read.
    let long = format!(
        r#"{{"error":{{"message":"{} maximum context length","type":"invalid_request_error"}}}}"#,
        "a ".repeat(600)
    );
    check(OpenAi, 400, &[], &long, "client_error code=invalid_request_error");
    // A server that fails isn't a prompt that is too long.
    check(
        OpenAi,
        500,
        &[],
        r#"{"error":{"message":"maximum context length","type":"server_error"}}"#,
        "server_error code=server_error",
    );
}

#[test]
fn a_body_that_is_cut_off_is_read_as_far_as_it_goes() {
    let whole = r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    check(OpenAi, 429, &[], whole.get(..54).unwrap(), "quota_exhausted code=insufficient_quota");
    let late = format!("{}{}", " ".repeat(MOST_ERROR), whole);
    check(OpenAi, 429, &[], &late, "throttled");
}

//! Azure OpenAI's.

use super::*;

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

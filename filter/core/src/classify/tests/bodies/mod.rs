//! Answers of 400 and above, dialect by dialect.

mod anthropic;
mod azure;
mod bedrock;
mod gemini;
mod openai;
mod others;

use super::*;

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

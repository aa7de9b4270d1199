//! Errors by their status alone, in OpenAI's form: `{"error":{"message","type","param","code"}}`.

use serde::Serialize;

#[derive(Serialize)]
struct Wrapper<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

const INVALID: &str = "invalid_request_error";

/// The body of an error answer.
pub(crate) fn of_status(status: u16, provider: &str) -> Vec<u8> {
    let (what, kind, code) = match status {
        400 => ("the request is not valid", INVALID, None),
        401 => ("incorrect API key provided", INVALID, Some("invalid_api_key")),
        403 => ("not permitted", "permission_error", Some("permission_denied")),
        404 => ("the model does not exist", INVALID, Some("model_not_found")),
        408 => ("the request took too long", "server_error", Some("timeout")),
        409 => ("the resource is in use", INVALID, Some("conflict")),
        413 => ("the request is too large", INVALID, Some("request_too_large")),
        422 => ("the request can't be processed", INVALID, Some("unprocessable_entity")),
        429 => ("rate limit reached", "requests", Some("rate_limit_exceeded")),
        500 => ("the server had an error", "server_error", Some("server_error")),
        502 => ("bad gateway", "server_error", Some("bad_gateway")),
        503 => ("the model is overloaded", "server_error", Some("overloaded")),
        504 => ("the model took too long", "server_error", Some("timeout")),
        529 => ("the model is overloaded", "overloaded_error", Some("overloaded")),
        501.. => ("the server had an error", "server_error", None),
        _ => ("the request is not valid", INVALID, None),
    };
    body(&format!("Simulated error {status} from {provider}: {what}."), kind, code)
}

/// The body of a 400 that says what is wrong with the request.
pub(crate) fn invalid(message: &str) -> Vec<u8> {
    body(message, INVALID, None)
}

fn body(message: &str, kind: &str, code: Option<&str>) -> Vec<u8> {
    let wrapper = Wrapper { error: Error { message, r#type: kind, param: None, code } };
    // Strings and nulls: there is nothing in it that can't be written as JSON.
    serde_json::to_vec(&wrapper).unwrap_or_default()
}

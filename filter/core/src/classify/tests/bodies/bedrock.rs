//! Bedrock's.

use super::*;

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

//! Azure OpenAI: OpenAI's wrapper; the code is often the status as a text.

use super::{ErrorKind, Shape, openai, shape as of};

pub(super) fn shape(kind: ErrorKind) -> Shape {
    match kind {
        ErrorKind::RateLimit | ErrorKind::DailyLimit => of(
            429,
            r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after $seconds seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}"#,
        ),
        ErrorKind::TokenRateLimit => of(
            429,
            r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after $seconds seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."}}"#,
        ),
        ErrorKind::Overloaded => of(
            503,
            r#"{"error":{"code":"503","message":"The service is temporarily unable to process your request. Please try again later."}}"#,
        ),
        ErrorKind::ServerError => of(
            500,
            r#"{"error":{"code":"InternalServerError","message":"The server had an error while processing your request. Sorry about that!"}}"#,
        ),
        ErrorKind::Timeout => {
            of(408, r#"{"error":{"code":"Timeout","message":"The operation was timeout."}}"#)
        }
        ErrorKind::ContentPolicy => of(
            400,
            r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}}}}}"#,
        ),
        ErrorKind::ModelNotFound => of(
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}"#,
        ),
        ErrorKind::Auth => of(
            401,
            r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}"#,
        ),
        ErrorKind::Permission => of(
            403,
            r#"{"error":{"code":"AuthenticationTypeDisabled","message":"Key based authentication is disabled for this resource."}}"#,
        ),
        ErrorKind::InsufficientQuota
        | ErrorKind::Billing
        | ErrorKind::RequestTooLarge
        | ErrorKind::ContextLength
        | ErrorKind::InvalidRequest => openai::shape(kind),
    }
}

//! What the client is told: headers on every answer, and the filter's own errors in the caller's dialect.
//!
//! Nothing translates between dialects, so the caller speaks that of the route's targets: of the first of them. Before there is a
//! route, it is OpenAI's, which most speak.
//!
//! | dialect | an error |
//! |---|---|
//! | OpenAI, Azure OpenAI | `{"error":{"message","type","param","code"}}` |
//! | Anthropic | `{"type":"error","error":{"type","message"}}` |
//! | Gemini | `{"error":{"code","message","status","details":[{"@type","reason","domain"}]}}`; where a limit says when to come back, a `google.rpc.RetryInfo` too |
//! | Bedrock | `{"message"}`, and its name in the header `x-amzn-errortype` |

use std::time::Duration;

use seawall_policy::policy::Provider;

use crate::contract::Breach;
use crate::effect::{HeaderList, Text};
use crate::limits::Counts;
use crate::output::{self, told};
use crate::plan::Unfit;
use crate::telemetry::{Outcome, Reason};
use crate::time::nanos;

/// Prefix of the filter's own headers, which no caller may send.
pub(crate) const PREFIX: &str = "x-seawall-";

/// The filter's own headers on an answer.
pub(crate) fn own_headers(hash: &Text, target: Option<&Text>, attempts: u32, reason: Reason) -> HeaderList {
    let mut list = HeaderList::with_capacity(6);
    if let Some(target) = target {
        list.push((Text::Word("x-seawall-target"), target.clone()));
    }
    list.push((Text::Word("x-seawall-attempts"), count(attempts)));
    list.push((Text::Word("x-seawall-policy"), hash.clone()));
    list.push((Text::Word("x-seawall-reason"), Text::Word(reason.word())));
    list
}

fn count(attempts: u32) -> Text {
    if attempts == 1 { Text::Word("1") } else { attempts.to_string().into() }
}

/// The code of an answer that is there, but doesn't fit.
const INVALID_OUTPUT: &str = "invalid_output";

/// An error the filter itself answers with.
#[derive(Clone, Debug)]
pub(crate) struct OwnError {
    pub(crate) status: u16,
    /// OpenAI's `error.type` and `error.code`.
    kind: &'static str,
    code: &'static str,
    message: String,
    pub(crate) retry_after: Option<Duration>,
    dialect: Provider,
}

impl OwnError {
    pub(crate) fn body_invalid(message: String) -> Self {
        Self::new(400, "invalid_request_error", "invalid_json", message)
    }

    /// What the route would have to count lies in a body that nobody here can read.
    pub(crate) fn body_encoded() -> Self {
        let message = "this route has to read what requests bring: send the body without a content-encoding";
        Self::new(415, "invalid_request_error", "unsupported_content_encoding", message.into())
    }

    /// The same in a batch, which is worked on later.
    pub(crate) fn batch() -> Self {
        let message =
            "this route holds each request to limits, and takes no batch: send its requests one by one";
        Self::new(400, "invalid_request_error", "batch_unsupported", message.into())
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the request body is larger than {limit} bytes");
        Self::new(413, "invalid_request_error", "request_too_large", message)
    }

    pub(crate) fn body_missing() -> Self {
        let message = concat!(
            "the proxy does not deliver request bodies to its filter: set ",
            "allow_on_headers_stop_iteration: true in the filter's PluginConfig (Envoy 1.35 or later)"
        );
        Self::new(500, "server_error", "proxy_misconfigured", message.into())
    }

    /// The host would have sent the request elsewhere, as a provider told it to.
    pub(crate) fn redirected() -> Self {
        let message = "the request was redirected on its way to the provider; nothing was sent elsewhere";
        Self::new(502, "server_error", "upstream_redirected", message.into())
    }

    pub(crate) fn unfit(unfit: Unfit) -> Self {
        let is_too_long = unfit.missing.is_empty();
        let code = if is_too_long { "context_length_exceeded" } else { "no_capable_target" };
        Self::new(400, "invalid_request_error", code, unfit.message())
    }

    /// The request breaks the contract of its route.
    pub(crate) fn contract_exceeded(breach: &Breach) -> Self {
        let code = match breach {
            Breach::Input { .. } => "context_length_exceeded",
            Breach::Turns { .. } => "too_many_turns",
            Breach::Cost { .. } => "cost_exceeded",
        };
        Self::new(400, "invalid_request_error", code, breach.message())
    }

    pub(crate) fn overloaded() -> Self {
        let message = "the proxy holds as many request bodies as it can; try again later";
        let retry_after = Some(Duration::from_secs(1));
        Self { retry_after, ..Self::new(503, "server_error", "proxy_overloaded", message.into()) }
    }

    pub(crate) fn breaker_open(wait: Duration) -> Self {
        let message = "every target of this route is failing and rests; try again later";
        let retry_after = Some(wait);
        Self { retry_after, ..Self::new(503, "server_error", "no_target_available", message.into()) }
    }

    /// A limit refuses: why, what it counts, and after which time it wouldn't; never, if there is none.
    pub(crate) fn limit_reached(why: String, counts: Option<Counts>, wait: Option<Duration>) -> Self {
        // OpenAI's words: `insufficient_quota` is what clients know not to come back for soon.
        let (kind, code) = match counts {
            Some(Counts::Money) => ("insufficient_quota", "insufficient_quota"),
            Some(Counts::Tokens(_)) => ("tokens", "rate_limit_exceeded"),
            _ => ("requests", "rate_limit_exceeded"),
        };
        Self { retry_after: wait, ..Self::new(429, kind, code, why) }
    }

    /// An agent goes round in circles.
    pub(crate) fn loop_detected(message: String) -> Self {
        Self::new(400, "invalid_request_error", "loop_detected", message)
    }

    /// A conversation has used what it may.
    pub(crate) fn conversation_spent(message: String) -> Self {
        Self::new(400, "invalid_request_error", "conversation_spent", message)
    }

    /// No answer came that fits the route's `output`: where the last one doesn't, and nothing else of what it says.
    pub(crate) fn invalid_output(breaches: &[output::Breach]) -> Self {
        let mut message = "the model's answer does not fit what this route asks".to_owned();
        if !breaches.is_empty() {
            message.push_str(": ");
            message.push_str(&told::listed(breaches));
        }
        Self::new(502, "server_error", INVALID_OUTPUT, message)
    }

    /// In place of an answer that a provider never gave.
    pub(crate) fn no_answer((outcome, status): (Outcome, u16), target: &str) -> Self {
        let (status, code, what) = match outcome {
            Outcome::Timeout => (504, "upstream_timeout", "did not answer in time"),
            Outcome::Refused => (503, "upstream_unreachable", "cannot be reached"),
            Outcome::Truncated => (502, "upstream_truncated", "gave no whole answer"),
            Outcome::InvalidOutput => (502, "upstream_invalid_output", "gave an answer that can't be read"),
            Outcome::Reset => (502, "upstream_reset", "broke the connection before it answered"),
            // An error that came to a halt. Its status has said what it is about.
            _ => (status, "upstream_truncated", "told an error and not all of it"),
        };
        Self::new(status, kind(status), code, format!("the provider `{target}` {what}"))
    }

    /// In place of an error that is longer than what is kept of one: what it came to, and the provider's name for it.
    pub(crate) fn too_long(status: u16, (outcome, code): (Outcome, Option<&str>), target: &str) -> Self {
        let mut message = String::new();
        let parts =
            ["the provider `", target, "` told an error that is too long to be kept: ", outcome.word()];
        for part in parts.into_iter().chain(code.iter().flat_map(|code| [", ", *code])) {
            message.push_str(part);
        }
        Self::new(status, kind(status), "upstream_error_too_long", message)
    }

    /// The request's time is over. `first` is the failure that tells most, and its target.
    pub(crate) fn deadline_exceeded(first: Option<(&str, Outcome)>) -> Self {
        let mut message = "the request's deadline has passed".to_owned();
        if let Some((target, outcome)) = first {
            for part in ["; the attempt at `", target, "` came to: ", outcome.word()] {
                message.push_str(part);
            }
        }
        Self::new(504, "server_error", "deadline_exceeded", message)
    }

    fn new(status: u16, kind: &'static str, code: &'static str, message: String) -> Self {
        Self { status, kind, code, message, retry_after: None, dialect: Provider::OpenAi }
    }

    /// The same for a caller who speaks this dialect.
    pub(crate) fn said_in(self, dialect: Provider) -> Self {
        Self { dialect, ..self }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let message = serde_json::to_string(&self.message).unwrap_or_default();
        let (status, name) = (self.status.to_string(), self.name());
        let retry_info = self.retry_after.filter(|_| self.status == 429).map(retry_info).unwrap_or_default();
        let parts: &[&str] = match self.dialect {
            Provider::OpenAi | Provider::Azure => &[
                r#"{"error":{"message":"#,
                &message,
                r#","type":""#,
                self.kind,
                r#"","param":null,"code":""#,
                self.code,
                r#""}}"#,
            ],
            Provider::Anthropic => {
                &[r#"{"type":"error","error":{"type":""#, name, r#"","message":"#, &message, "}}"]
            }
            Provider::Gemini => &[
                r#"{"error":{"code":"#,
                &status,
                r#","message":"#,
                &message,
                r#","status":""#,
                name,
                r#"","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":""#,
                &self.code.to_ascii_uppercase(),
                r#"","domain":"seawall"}"#,
                &retry_info,
                "]}}",
            ],
            Provider::Bedrock => &[r#"{"message":"#, &message, "}"],
        };
        parts.concat().into_bytes()
    }

    /// The header that a body of this dialect can't do without.
    pub(crate) fn header(&self) -> Option<(Text, Text)> {
        let is_told = self.dialect == Provider::Bedrock;
        is_told.then(|| (Text::Word("x-amzn-errortype"), Text::Word(self.name())))
    }

    /// What the dialect calls an error of this status.
    fn name(&self) -> &'static str {
        match (self.dialect, self.status) {
            (Provider::OpenAi | Provider::Azure, _) => self.kind,
            (Provider::Anthropic, 413) => "request_too_large",
            (Provider::Anthropic, 429) => "rate_limit_error",
            (Provider::Anthropic, 503) => "overloaded_error",
            (Provider::Anthropic, 504) => "timeout_error",
            (Provider::Anthropic, 500..) => "api_error",
            (Provider::Anthropic, _) => "invalid_request_error",
            (Provider::Gemini, 429) => "RESOURCE_EXHAUSTED",
            (Provider::Gemini, 500) => "INTERNAL",
            (Provider::Gemini, _) if self.code == INVALID_OUTPUT => "INTERNAL",
            (Provider::Gemini, 504) => "DEADLINE_EXCEEDED",
            (Provider::Gemini, 500..) => "UNAVAILABLE",
            (Provider::Gemini, _) => "INVALID_ARGUMENT",
            (Provider::Bedrock, 429) => "ThrottlingException",
            (Provider::Bedrock, 503) => "ServiceUnavailableException",
            (Provider::Bedrock, 504) => "ModelTimeoutException",
            (Provider::Bedrock, 500..) => "InternalServerException",
            (Provider::Bedrock, _) => "ValidationException",
        }
    }
}

/// One more of Gemini's details: after which time to come back, in whole milliseconds, rounded up, as protobuf's `Duration` is in JSON.
fn retry_info(wait: Duration) -> String {
    let millis = nanos(wait).div_ceil(1_000_000);
    let (seconds, part) = (millis / 1_000, millis % 1_000);
    format!(r#",{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{seconds}.{part:03}s"}}"#)
}

fn kind(status: u16) -> &'static str {
    match status {
        429 => "requests",
        400..500 => "invalid_request_error",
        _ => "server_error",
    }
}

/// The status that says this where an error came with a status of success.
pub(crate) fn status(outcome: Outcome) -> u16 {
    match outcome {
        Outcome::Throttled | Outcome::QuotaExhausted => 429,
        Outcome::Overloaded | Outcome::Refused => 503,
        Outcome::Timeout => 504,
        Outcome::TooLarge => 413,
        Outcome::ModelNotFound => 404,
        Outcome::ContextLength | Outcome::ContentPolicy | Outcome::ClientError => 400,
        _ => 502,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::judge;
    use crate::event::{Answer, Origin};
    use crate::time::Timestamp;

    const DIALECTS: [Provider; 5] =
        [Provider::OpenAi, Provider::Azure, Provider::Anthropic, Provider::Gemini, Provider::Bedrock];

    fn said(error: &OwnError, dialect: Provider) -> String {
        String::from_utf8(error.clone().said_in(dialect).body()).unwrap()
    }

    fn breaches() -> Vec<output::Breach> {
        let breach = |choice, pointer: &str, message: &str| {
            let (pointer, message) = (pointer.to_owned(), message.to_owned());
            output::Breach { rule: output::Rule::Schema, choice, pointer, message }
        };
        vec![breach(0, "/items/0/price", "must be a number"), breach(1, "", "lacks `name`")]
    }

    #[test]
    fn an_answer_that_does_not_fit_is_told_by_its_pointers() {
        let error = OwnError::invalid_output(&breaches());
        assert_eq!(error.status, 502);
        let openai = r#"{"error":{"message":"the model's answer does not fit what this route asks: at /items/0/price: must be a number; choice 1: lacks `name`","type":"server_error","param":null,"code":"invalid_output"}}"#;
        assert_eq!(said(&error, Provider::OpenAi), openai);
        let anthropic = said(&error, Provider::Anthropic);
        assert!(
            anthropic.starts_with(r#"{"type":"error","error":{"type":"api_error","message":"the model's"#),
            "{anthropic}"
        );
        let gemini = said(&error, Provider::Gemini);
        assert!(
            gemini.contains(r#""status":"INTERNAL""#) && gemini.contains("\"INVALID_OUTPUT\""),
            "{gemini}"
        );
        let header = error.clone().said_in(Provider::Bedrock).header().unwrap();
        assert_eq!(header.1, Text::Word("InternalServerException"));
        assert_eq!(
            said(&OwnError::invalid_output(&[]), Provider::Bedrock),
            r#"{"message":"the model's answer does not fit what this route asks"}"#
        );
    }

    #[test]
    fn an_error_has_the_form_of_the_callers_dialect() {
        let error = OwnError::body_invalid("not JSON at \"x\"".to_owned());
        let openai = r#"{"error":{"message":"not JSON at \"x\"","type":"invalid_request_error","param":null,"code":"invalid_json"}}"#;
        assert_eq!(said(&error, Provider::OpenAi), openai);
        assert_eq!(said(&error, Provider::Azure), openai);
        let anthropic =
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"not JSON at \"x\""}}"#;
        assert_eq!(said(&error, Provider::Anthropic), anthropic);
        let gemini = r#"{"error":{"code":400,"message":"not JSON at \"x\"","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"INVALID_JSON","domain":"seawall"}]}}"#;
        assert_eq!(said(&error, Provider::Gemini), gemini);
        assert_eq!(said(&error, Provider::Bedrock), r#"{"message":"not JSON at \"x\""}"#);
        let header = error.said_in(Provider::Bedrock).header().unwrap();
        assert_eq!(header, (Text::Word("x-amzn-errortype"), Text::Word("ValidationException")));
    }

    #[test]
    fn gemini_says_in_its_own_words_when_to_come_back_to_a_limit() {
        let limit = |wait| OwnError::limit_reached("the limit".to_owned(), Some(Counts::Requests), wait);
        let own = said(&limit(Some(Duration::from_micros(20_000_100))), Provider::Gemini);
        let info = r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"20.001s"}"#;
        assert!(own.ends_with(&format!(r#""domain":"seawall"}},{info}]}}}}"#)), "{own}");
        for error in [limit(None), OwnError::overloaded()] {
            assert!(!said(&error, Provider::Gemini).contains("RetryInfo"));
        }
        assert!(!said(&limit(Some(Duration::from_secs(1))), Provider::OpenAi).contains("RetryInfo"));
    }

    #[test]
    fn an_own_error_is_judged_for_what_it_is_in_every_dialect() {
        let wait = Duration::from_secs(1);
        let table = [
            (OwnError::body_too_large(1), Outcome::TooLarge),
            (OwnError::body_invalid("no".to_owned()), Outcome::ClientError),
            (OwnError::body_encoded(), Outcome::ClientError),
            (OwnError::batch(), Outcome::ClientError),
            (OwnError::body_missing(), Outcome::ServerError),
            (
                OwnError::contract_exceeded(&Breach::Input {
                    counted: 9,
                    most: 8,
                    is_exact: true,
                    least: None,
                }),
                Outcome::ContextLength,
            ),
            (OwnError::contract_exceeded(&Breach::Turns { counted: 9, most: 8 }), Outcome::ClientError),
            (
                OwnError::contract_exceeded(&Breach::Cost { counted: 9, most: 8, tokens: 7 }),
                Outcome::ClientError,
            ),
            (OwnError::overloaded(), Outcome::Overloaded),
            (OwnError::breaker_open(wait), Outcome::Overloaded),
            (
                OwnError::limit_reached("the limit".to_owned(), Some(Counts::Requests), Some(wait)),
                Outcome::Throttled,
            ),
            (OwnError::conversation_spent("stop: this conversation".to_owned()), Outcome::ClientError),
            (OwnError::loop_detected("stop: the tool".to_owned()), Outcome::ClientError),
            (OwnError::deadline_exceeded(None), Outcome::Timeout),
            (OwnError::invalid_output(&breaches()), Outcome::ServerError),
        ];
        for (error, expected) in table {
            for dialect in DIALECTS {
                let error = error.clone().said_in(dialect);
                let header = error.header().map(|(name, value)| (name.to_string(), value.to_string()));
                let headers = header.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let answer =
                    Answer { status: error.status, headers, body: error.body(), origin: Origin::Provider };
                let judgement = judge(dialect, &answer, Timestamp(0));
                assert_eq!(judgement.outcome, expected, "{dialect:?} {error:?}");
                assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
            }
        }
    }
}

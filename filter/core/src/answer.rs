//! What the client is told: headers on every answer, and the filter's own errors in the caller's dialect.

use std::time::Duration;

use crate::effect::{HeaderList, Text};
use crate::telemetry::{Outcome, Reason};

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

/// Tells official SDKs not to retry what the filter has retried already.
pub(crate) fn no_more_retries() -> (Text, Text) {
    (Text::Word("x-should-retry"), Text::Word("false"))
}

/// An error the filter itself answers with.
#[derive(Clone, Debug)]
pub(crate) struct OwnError {
    pub(crate) status: u16,
    /// OpenAI's `error.type` and `error.code`.
    kind: &'static str,
    code: &'static str,
    message: String,
    pub(crate) retry_after: Option<Duration>,
}

impl OwnError {
    pub(crate) fn body_invalid(message: String) -> Self {
        Self::new(400, "invalid_request_error", "invalid_json", message)
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

    /// In place of an answer that a provider never gave. It may be back after `wait`.
    pub(crate) fn no_answer(outcome: Outcome, target: &str, wait: Duration) -> Self {
        let (status, code, what) = match outcome {
            Outcome::Timeout => (504, "upstream_timeout", "did not answer in time"),
            Outcome::Refused => (503, "upstream_unreachable", "cannot be reached"),
            _ => (502, "upstream_reset", "broke the connection before it answered"),
        };
        let message = format!("the provider `{target}` {what}");
        Self { retry_after: Some(wait), ..Self::new(status, "server_error", code, message) }
    }

    fn new(status: u16, kind: &'static str, code: &'static str, message: String) -> Self {
        Self { status, kind, code, message, retry_after: None }
    }

    /// In OpenAI's form: `{"error":{"message","type","param","code"}}`.
    pub(crate) fn body(&self) -> Vec<u8> {
        let message = serde_json::to_string(&self.message).unwrap_or_default();
        let Self { kind, code, .. } = self;
        format!(r#"{{"error":{{"message":{message},"type":"{kind}","param":null,"code":"{code}"}}}}"#)
            .into_bytes()
    }
}

/// Whole seconds for `retry-after`, rounded up: never too early.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

//! What a simulated provider is told to do: one [`Behaviour`] for each request, in order. The same words serve scenario
//! files, the command line, the control API and the test host's scripted upstreams.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What happens to one request. The default is a prompt, correct answer with status 200.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// How many requests in a row get this; `forever` for all that follow.
    pub times: Times,
    /// Status of the answer. From 400 up the body is an error in the provider's dialect.
    pub status: u16,
    /// Extra answer headers, e.g. `retry-after`.
    pub headers: BTreeMap<String, String>,
    /// Wait before the answer's headers.
    #[serde(with = "duration")]
    pub latency: Duration,
    /// Wait between the headers and the first chunk of a stream.
    #[serde(with = "duration")]
    pub first_token: Duration,
    /// Wait between the chunks of a stream.
    #[serde(with = "duration")]
    pub between_tokens: Duration,
    pub fault: Option<Fault>,
}

/// What goes wrong below HTTP, or in the body of an answer whose status says that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset (TCP RST) after the request was read, before any answer.
    Reset,
    /// The connection is reset after the headers and half of the body, or after two chunks of a stream.
    Cut,
    /// The body is JSON that stops in the middle; the answer ends in an orderly way.
    Malformed,
    /// Nothing is ever answered.
    Hang,
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Count(u32),
    Forever,
}

/// What one provider does from now on.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing listens: connections are refused. Written `refused`.
    Refused,
    /// One behaviour after the other, then correct answers. Written as a list.
    Script(Vec<Behaviour>),
}

//! What the engine may ask of the host. Effects say what is meant; how it is done is the adapter's affair.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use crate::event::Half;
use crate::telemetry::{Decision, Metric};

/// Text that costs nothing to copy: a word of the program, or a name or value out of the policy.
#[derive(Clone, Debug, Eq)]
pub enum Text {
    Word(&'static str),
    Shared(Rc<str>),
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Shared(text) => text,
        }
    }
}

/// The same text is equal wherever it lies.
impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Shared(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Headers to set, each replacing those of its name.
pub type HeaderList = Vec<(Text, Text)>;

/// Headers as they are sent: a name may stand more than once, and a value is bytes.
pub type Pairs = Vec<(String, Vec<u8>)>;

/// Something to do for one exchange, in the order given.
#[derive(Clone, PartialEq)]
pub enum Effect {
    /// Let the request, just arrived or held, go where it was going: as it came, but without the headers in `remove`. Then
    /// forget it.
    PassRequest { remove: Vec<String> },
    /// Keep the request's headers and body from going on.
    HoldRequest,
    /// Say where the request comes from, at once: one [`Event::Source`](crate::Event::Source).
    TellSource,
    /// Say who the caller is, at once: one [`Event::Caller`](crate::Event::Caller). These claims of its verified token are wanted,
    /// and what its metadata have under these namespaces and keys.
    TellCaller { claims: Vec<Text>, metadata: Vec<(Text, Text)> },
    /// Say how much of the request's body has arrived: one [`Event::BodyCounted`](crate::Event::BodyCounted).
    CountBody,
    /// Change the held request and let the host's router send it to this cluster. After `total` the router gives up waiting
    /// for the end of the answer, and after `headers`, if that is less, for its headers.
    Route {
        attempt: u32,
        cluster: Text,
        total: Duration,
        headers: Duration,
        /// The total where the upstream half isn't installed.
        longest: Duration,
        /// Where the upstream half is installed it keeps the answer until its end, and the router sees no headers before.
        is_held_whole: bool,
        remove: Vec<String>,
        set: HeaderList,
        add: Pairs,
        body: Option<Vec<u8>>,
    },
    /// An attempt beside the router's path: send this from here. After `timeout` the host gives up waiting for the end of the
    /// answer, and after `headers_timeout`, if that is less, for its headers. Answered by one
    /// [`Event::CallAnswer`](crate::Event::CallAnswer).
    Dispatch {
        attempt: u32,
        cluster: Text,
        headers: Pairs,
        body: Rc<Vec<u8>>,
        timeout: Duration,
        headers_timeout: Duration,
    },
    /// Ask the rate limit service behind this cluster: one call of `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`
    /// (gRPC) with this message. Answered by one [`Event::ServiceAnswered`](crate::Event::ServiceAnswered).
    AskService { number: u32, cluster: Text, message: Vec<u8>, timeout: Duration },
    /// Take these headers out of the request that has just arrived.
    StripRequest { remove: Vec<String> },
    /// Take these headers out of the answer that has just arrived at a half.
    StripAnswer { remove: Vec<String> },
    /// Keep the router's answer, headers and body, at this half.
    HoldAnswer(Half),
    /// Let the router's answer, held or just arrived, go on from this half, with these headers.
    PassAnswer { half: Half, set: HeaderList },
    /// Put this in place of the body that the host holds at this half, or has just got.
    ReplaceBody { half: Half, body: Vec<u8> },
    /// Let the upstream half answer in the provider's place with 504: nothing has come of this attempt in time. Where that
    /// half isn't installed, the router's own limit does the same.
    GiveUp { attempt: u32 },
    /// Break the client's connection: what it has got must not pass for a whole answer.
    BreakAnswer,
    /// Turn the answer that the upstream half holds into a redirect, so that the host runs the request through the filter
    /// again: an [`Event::Rerouted`](crate::Event::Rerouted) follows. `origin` is the scheme and authority it came with.
    Reroute { attempt: u32, origin: String },
    /// Answer the client with this, in place of whatever is held.
    Respond { status: u16, headers: Pairs, body: Vec<u8> },
    /// Write a decision to the log.
    Log(Decision),
    /// Count something.
    Count(Metric),
}

/// What is meant, without values: headers hold credentials, bodies hold prompts and answers.
impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassRequest { .. } => f.write_str("PassRequest"),
            Self::HoldRequest => f.write_str("HoldRequest"),
            Self::TellSource => f.write_str("TellSource"),
            Self::TellCaller { .. } => f.write_str("TellCaller"),
            Self::CountBody => f.write_str("CountBody"),
            Self::Route { cluster, .. } => write!(f, "Route to {cluster}"),
            Self::Dispatch { attempt, cluster, .. } => write!(f, "Dispatch {attempt} to {cluster}"),
            Self::AskService { number, cluster, .. } => write!(f, "AskService {number} at {cluster}"),
            Self::StripRequest { .. } => f.write_str("StripRequest"),
            Self::StripAnswer { .. } => f.write_str("StripAnswer"),
            Self::HoldAnswer(half) => write!(f, "HoldAnswer at {half:?}"),
            Self::PassAnswer { half, .. } => write!(f, "PassAnswer at {half:?}"),
            Self::ReplaceBody { half, body } => write!(f, "ReplaceBody at {half:?}: {}", body.len()),
            Self::GiveUp { attempt } => write!(f, "GiveUp {attempt}"),
            Self::BreakAnswer => f.write_str("BreakAnswer"),
            Self::Reroute { attempt, .. } => write!(f, "Reroute {attempt}"),
            Self::Respond { status, .. } => write!(f, "Respond {status}"),
            Self::Log(decision) => write!(f, "Log {decision}"),
            Self::Count(metric) => write!(f, "Count {metric:?}"),
        }
    }
}

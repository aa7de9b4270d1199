//! What the host may tell the engine.

use std::fmt;

use crate::headers::Headers;
use crate::limits::Identity;

/// One exchange: a request of a client and its answer. The host's id of the stream; not used again while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u32);

impl ExchangeId {
    /// Whose calls belong to no exchange. No host numbers a stream so.
    pub const NOBODY: Self = Self(0);
}

/// Something that happened to one exchange.
pub enum Event {
    /// The request's headers are here and held until an effect says more.
    RequestHeaders { headers: Headers, end_of_stream: bool },
    /// Where the request comes from, as the host writes it. Answers [`Effect::TellSource`](crate::Effect::TellSource).
    Source { address: String },
    /// Who the caller is, as far as the host knows. Answers [`Effect::TellCaller`](crate::Effect::TellCaller).
    Caller { identity: Identity },
    /// More of the request's body has arrived; so many bytes are held now.
    RequestBody { buffered: usize },
    /// So many bytes of the request's body have reached the host, which may hold them back. Answers
    /// [`Effect::CountBody`](crate::Effect::CountBody).
    BodyCounted { received: u64 },
    /// The request is complete, and this is its body.
    RequestEnd { body: Vec<u8> },
    /// The request is back, because [`Effect::Reroute`](crate::Effect::Reroute) made the host send it through the filter once
    /// more. Its headers are held; unless they are all of it [`Event::RequestEnd`] follows.
    Rerouted { end_of_stream: bool },
    /// The attempt made through the router has an answer: its headers are here, held until an effect says more.
    AnswerHeaders { half: Half, answer: Answer, end_of_stream: bool },
    /// More of that answer's body has come, and is held as long as the headers are. `chunk` is as much of it as
    /// [`Engine::reads`](crate::Engine::reads) asks for; so many bytes are held now.
    AnswerBody { half: Half, chunk: Vec<u8>, buffered: usize, end_of_stream: bool },
    /// The attempt made through [`Effect::Dispatch`](crate::Effect::Dispatch) has ended.
    CallAnswer { attempt: u32, answer: Answer },
    /// The rate limit service that [`Effect::AskService`](crate::Effect::AskService) asks has answered: with a message, or
    /// with one of gRPC's statuses. It may be told of an exchange that is over.
    ServiceAnswered { number: u32, answer: Result<Vec<u8>, u32> },
    /// The connection to the provider broke while its answer was on its way to the client, or was held at the downstream half: then
    /// the host itself has answered, past the filter. [`Event::Gone`] follows.
    AnswerBroke,
    /// The stream has ended: its answer is delivered, or its client is gone.
    Gone,
}

/// Where on its way back an answer of the router's is met. The upstream half is optional; where it is installed, it meets
/// every answer of a provider first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Between the router and the client. Here the host's own answers are seen as well as those of providers.
    Downstream,
    /// Between the provider of this attempt and the router.
    Upstream { attempt: u32 },
}

/// Which bytes of the body held at one half the engine wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    pub start: usize,
    /// At most so many; with 0 the engine wants to know only how much there is.
    pub max: usize,
}

/// How an attempt was answered.
pub struct Answer {
    /// HTTP status; what the proxy put in its place when the provider did not answer.
    pub status: u16,
    pub headers: Headers,
    /// Of answers that came through the router it follows in [`Event::AnswerBody`].
    pub body: Vec<u8>,
    pub origin: Origin,
}

/// Who made an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The provider.
    Provider,
    /// The proxy: the attempt's time ran out.
    Timeout,
    /// The proxy: no connection could be made, or it had nowhere to connect to.
    Connect,
    /// The proxy: the connection broke before the answer was there.
    Reset,
    /// The proxy: it has as much under way to the target as its own limits let it have.
    Full,
}

/// No bodies: they are prompts and answers.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestHeaders { headers, end_of_stream } => {
                f.debug_tuple("RequestHeaders").field(headers).field(end_of_stream).finish()
            }
            Self::Source { .. } => f.write_str("Source"),
            Self::Caller { .. } => f.write_str("Caller"),
            Self::RequestBody { buffered } => f.debug_tuple("RequestBody").field(buffered).finish(),
            Self::BodyCounted { received } => f.debug_tuple("BodyCounted").field(received).finish(),
            Self::RequestEnd { body } => f.debug_tuple("RequestEnd").field(&body.len()).finish(),
            Self::Rerouted { .. } => f.write_str("Rerouted"),
            Self::AnswerHeaders { half, answer, end_of_stream } => {
                f.debug_tuple("AnswerHeaders").field(half).field(answer).field(end_of_stream).finish()
            }
            Self::AnswerBody { half, buffered, end_of_stream, .. } => {
                f.debug_tuple("AnswerBody").field(half).field(buffered).field(end_of_stream).finish()
            }
            Self::CallAnswer { attempt, answer } => {
                f.debug_tuple("CallAnswer").field(attempt).field(answer).finish()
            }
            Self::ServiceAnswered { number, answer } => {
                let status = answer.as_ref().err();
                f.debug_tuple("ServiceAnswered").field(number).field(&status).finish()
            }
            Self::AnswerBroke => f.write_str("AnswerBroke"),
            Self::Gone => f.write_str("Gone"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body, origin } = self;
        f.debug_tuple("Answer").field(status).field(origin).field(headers).field(&body.len()).finish()
    }
}

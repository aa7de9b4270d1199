//! What the host may tell the engine.

use std::fmt;

use crate::headers::Headers;

/// One exchange: a request of a client and its answer. The host's id of the stream; not used again while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u32);

/// Something that happened to one exchange.
pub enum Event {
    /// The request's headers are here and held until an effect says more.
    RequestHeaders { headers: Headers, end_of_stream: bool },
    /// More of the request's body has arrived; so many bytes are held now.
    RequestBody { buffered: usize },
    /// So many bytes of the request's body have reached the host, which may hold them back. Answers
    /// [`Effect::CountBody`](crate::Effect::CountBody).
    BodyCounted { received: u64 },
    /// The request is complete, and this is its body.
    RequestEnd { body: Vec<u8> },
    /// The attempt made through the router has an answer: its headers are here, held until an effect says more.
    RouterAnswer(Answer),
    /// The attempt made through [`Effect::Dispatch`](crate::Effect::Dispatch) has ended.
    CallAnswer { attempt: u32, answer: Answer },
    /// The stream has ended: its answer is delivered, or its client is gone.
    Gone,
}

/// How an attempt was answered.
pub struct Answer {
    /// HTTP status; what the proxy put in its place when the provider did not answer.
    pub status: u16,
    /// Of answers with a status below 400 that came through the router the host may leave them out: nothing in them is
    /// read.
    pub headers: Headers,
    /// Empty for answers that came through the router: the host holds those.
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
}

/// No bodies: they are prompts and answers.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestHeaders { headers, end_of_stream } => {
                f.debug_tuple("RequestHeaders").field(headers).field(end_of_stream).finish()
            }
            Self::RequestBody { buffered } => f.debug_tuple("RequestBody").field(buffered).finish(),
            Self::BodyCounted { received } => f.debug_tuple("BodyCounted").field(received).finish(),
            Self::RequestEnd { body } => f.debug_tuple("RequestEnd").field(&body.len()).finish(),
            Self::RouterAnswer(answer) => f.debug_tuple("RouterAnswer").field(answer).finish(),
            Self::CallAnswer { attempt, answer } => {
                f.debug_tuple("CallAnswer").field(attempt).field(answer).finish()
            }
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

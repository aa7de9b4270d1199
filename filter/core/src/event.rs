//! What the host may tell the engine.

use crate::headers::Headers;

/// One exchange: a request of a client and its answer. The host's id of the stream; not used again while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u32);

/// Something that happened to one exchange.
#[derive(Debug)]
pub enum Event {
    /// The request's headers are here and held until an effect says more.
    RequestHeaders { headers: Headers, end_of_stream: bool },
    /// More of the request's body has arrived; so many bytes are held now.
    RequestBody { buffered: usize },
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
#[derive(Debug)]
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

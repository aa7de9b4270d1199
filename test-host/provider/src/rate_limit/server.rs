//! The service over real sockets: gRPC, which is HTTP/2 with five bytes before each message and a status in trailers
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;

use super::message::{Question, Said};
use crate::listening::{Listening, hold};

const METHOD: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/// Longest question that is read.
const MAX_QUESTION: usize = 64 * 1024;

/// gRPC's statuses.
const OK: &str = "0";
const INVALID_ARGUMENT: &str = "3";
const UNIMPLEMENTED: &str = "12";
const INTERNAL: &str = "13";

type Answering = Pin<Box<dyn Future<Output = Option<Said>> + Send>>;
type Answer = Arc<dyn Fn(Question) -> Answering + Send + Sync>;

/// A rate limit service, whoever answers in it. It needs a Tokio runtime.
pub struct RateLimitServer {
    addr: SocketAddr,
    answer: Answer,
    port: Mutex<Port>,
}

/// The port is the service's own all the time, whether or not connections to it are refused.
enum Port {
    Closed(Option<TcpSocket>),
    Open(Listening),
}

impl fmt::Debug for RateLimitServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl RateLimitServer {
    /// Takes a port, on which it doesn't listen yet; 0 means any free one. `answer` says what it answers; `None` is an error.
    ///
    /// # Errors
    /// When the port can't be had.
    pub fn new<F>(
        addr: SocketAddr,
        answer: impl Fn(Question) -> F + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Option<Said>> + Send + 'static,
    {
        let socket = hold(addr)?;
        let addr = socket.local_addr()?;
        let answer: Answer = Arc::new(move |question| Box::pin(answer(question)));
        Ok(Self { addr, answer, port: Mutex::new(Port::Closed(Some(socket))) })
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Accepts connections from now on.
    ///
    /// # Errors
    /// When the port can't be opened.
    pub async fn open(&self) -> io::Result<()> {
        let mut port = self.port.lock().await;
        if let Port::Closed(socket) = &mut *port {
            let socket = socket.take().map_or_else(|| hold(self.addr), Ok)?;
            let answer = Arc::clone(&self.answer);
            *port =
                Port::Open(Listening::start(socket, move |stream| connection(Arc::clone(&answer), stream))?);
        }
        Ok(())
    }

    /// Refuses connections from now on, and ends those that there are.
    ///
    /// # Errors
    /// When the port can't be kept.
    pub async fn close(&self) -> io::Result<()> {
        let mut port = self.port.lock().await;
        if let Port::Open(listening) = std::mem::replace(&mut *port, Port::Closed(None)) {
            listening.close().await;
            *port = Port::Closed(Some(hold(self.addr)?));
        }
        Ok(())
    }
}

async fn connection(answer: Answer, stream: TcpStream) {
    let served = service_fn(move |request| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(respond(&answer, request).await) }
    });
    // The error is a client that went away.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), served).await;
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn respond(answer: &Answer, request: Request<Incoming>) -> Response<Body> {
    match said(answer, request).await {
        Ok(said) => {
            let message = said.write();
            let mut frame = vec![0];
            frame.extend((message.len() as u32).to_be_bytes());
            frame.extend(message);
            grpc(frame.into(), OK)
        }
        Err(status) => grpc(Bytes::new(), status),
    }
}

async fn said(answer: &Answer, request: Request<Incoming>) -> Result<Said, &'static str> {
    if request.uri().path() != METHOD {
        return Err(UNIMPLEMENTED);
    }
    let body = Limited::new(request.into_body(), MAX_QUESTION);
    let body = body.collect().await.map_err(|_| INVALID_ARGUMENT)?.to_bytes();
    // One message, not compressed.
    let (head, message) = body.split_first_chunk::<5>().ok_or(INVALID_ARGUMENT)?;
    let [0, size @ ..] = *head else { return Err(UNIMPLEMENTED) };
    let is_whole = u32::from_be_bytes(size) as usize == message.len();
    let question = Question::read(message).filter(|_| is_whole).ok_or(INVALID_ARGUMENT)?;
    answer(question).await.ok_or(INTERNAL)
}

fn grpc(frame: Bytes, status: &'static str) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let body = Full::new(frame).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

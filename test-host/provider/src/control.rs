//! Changes a running provider over HTTP, on a port of its own so that no request to it counts as one to the provider.
//!
//! | request | answer |
//! |---|---|
//! | `GET /healthz` | name, number of requests so far, whether connections are refused |
//! | `GET /log` | the requests seen, as a JSON list of [`crate::Seen`] |
//! | `DELETE /log` | 204; the log is empty, the count goes on |
//! | `PUT /plan` | 204; the body is a [`Plan`] as JSON: `"refused"` or a list. A bad one changes nothing and is answered 400 |

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use crate::listening::{Listening, hold};
use crate::plan::Plan;
use crate::server::Provider;

/// No plan that a person or a test writes comes near it.
const LONGEST_PLAN: usize = 1024 * 1024;

/// A running control port; dropped, it closes.
#[derive(Debug)]
pub struct Control {
    addr: SocketAddr,
    _listening: Listening,
}

#[derive(Serialize)]
struct Health<'a> {
    name: &'a str,
    count: u64,
    refused: bool,
}

#[derive(Serialize)]
struct Problem {
    error: String,
}

impl Control {
    /// Opens the control port of `provider`. Port 0 means any free one.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(provider: Provider, addr: SocketAddr) -> io::Result<Self> {
        let socket = hold(addr)?;
        let addr = socket.local_addr()?;
        let listening = Listening::start(socket, move |stream| connection(provider.clone(), stream))?;
        Ok(Self { addr, _listening: listening })
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn connection(provider: Provider, stream: TcpStream) {
    let served = service_fn(move |request| {
        let provider = provider.clone();
        async move { Ok::<_, hyper::Error>(serve(&provider, request).await) }
    });
    // The client's to notice, and nobody else's.
    let _ =
        http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), served).await;
}

async fn serve(provider: &Provider, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => {
            let (name, count, refused) = (provider.name(), provider.count(), provider.is_refused());
            json(StatusCode::OK, &Health { name, count, refused })
        }
        (&Method::GET, "/log") => json(StatusCode::OK, &provider.log()),
        (&Method::DELETE, "/log") => {
            provider.clear_log();
            empty(StatusCode::NO_CONTENT)
        }
        (&Method::PUT, "/plan") => match set_plan(provider, request).await {
            Ok(()) => empty(StatusCode::NO_CONTENT),
            Err((status, error)) => json(status, &Problem { error }),
        },
        (method, path) => {
            let error = format!("no {method} {path} here; there are /healthz, /log and /plan");
            json(StatusCode::NOT_FOUND, &Problem { error })
        }
    }
}

async fn set_plan(provider: &Provider, request: Request<Incoming>) -> Result<(), (StatusCode, String)> {
    let bad = |error: String| (StatusCode::BAD_REQUEST, error);
    let body = Limited::new(request.into_body(), LONGEST_PLAN).collect().await;
    let body = body.map_err(|error| bad(error.to_string()))?.to_bytes();
    let plan: Plan = serde_json::from_slice(&body).map_err(|error| bad(format!("bad plan: {error}")))?;
    provider.set_plan(plan).await.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    let content_type = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, content_type);
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

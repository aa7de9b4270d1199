//! One HTTP request on a connection of its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer, as much of it as came.
#[derive(Debug, Default)]
pub struct Got {
    /// 0 when the connection ended before any answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the answer came to its proper end.
    pub complete: bool,
    /// From the request to the first byte of the body.
    pub first_byte: Option<Duration>,
    /// We left before the end.
    pub left: bool,
}

/// Sends a request with a `host` of `localhost` unless it has one, and leaves after `patience`.
///
/// # Errors
/// When there is no connection to be had.
pub async fn send(
    to: SocketAddr,
    mut request: Request<Full<Bytes>>,
    patience: Option<Duration>,
) -> anyhow::Result<Got> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its error shows in the request's own result.
    let connection = tokio::spawn(connection);
    let host = header::HeaderValue::from_static("localhost");
    request.headers_mut().entry(header::HOST).or_insert(host);
    let mut got = Got::default();
    let answer = receive(&mut sender, request, &mut got);
    match patience {
        None => answer.await,
        Some(patience) => got.left = timeout(patience, answer).await.is_err(),
    }
    if got.left {
        connection.abort();
    }
    Ok(got)
}

/// Sends a GET without a body.
///
/// # Errors
/// As for [`send`].
pub(super) async fn get(from: SocketAddr, path: &str) -> anyhow::Result<Got> {
    send(from, Request::get(path).body(Full::default())?, None).await
}

async fn receive(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>, got: &mut Got) {
    let start = Instant::now();
    let Ok(response) = sender.send_request(request).await else { return };
    let (head, mut incoming) = response.into_parts();
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    got.status = head.status.as_u16();
    got.headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    got.complete = loop {
        match incoming.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => {
                let bytes = frame.into_data().unwrap_or_default();
                if !bytes.is_empty() {
                    got.first_byte.get_or_insert(start.elapsed());
                }
                got.body.extend(bytes);
            }
        }
    };
}

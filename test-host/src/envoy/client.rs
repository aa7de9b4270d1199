//! One HTTP request on a connection of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response, body::Incoming, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

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
}

/// Sends a request with a `host` of `localhost` unless it has one.
///
/// # Errors
/// When there is no connection to be had.
pub async fn send(to: SocketAddr, mut request: Request<Full<Bytes>>) -> anyhow::Result<Got> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its error shows in the request's own result.
    tokio::spawn(connection);
    let host = header::HeaderValue::from_static("localhost");
    request.headers_mut().entry(header::HOST).or_insert(host);
    match sender.send_request(request).await {
        Ok(response) => Ok(read(response).await),
        Err(_) => Ok(Got::default()),
    }
}

/// Sends a GET without a body.
///
/// # Errors
/// As for [`send`].
pub(super) async fn get(from: SocketAddr, path: &str) -> anyhow::Result<Got> {
    send(from, Request::get(path).body(Full::default())?).await
}

async fn read(response: Response<Incoming>) -> Got {
    let (head, mut incoming) = response.into_parts();
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let mut body = Vec::new();
    let complete = loop {
        match incoming.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => body.extend(frame.into_data().unwrap_or_default()),
        }
    };
    Got { status: head.status.as_u16(), headers, body, complete }
}

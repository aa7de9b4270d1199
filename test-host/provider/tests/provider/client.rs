//! A client that sees what really comes over the socket, resets included.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing here takes this long; it only turns a hanging test into a failing one.
const BOUND: Duration = Duration::from_secs(30);

pub(crate) const CHAT: &str = r#"{"model":"gpt-4.1","messages":[]}"#;
pub(crate) const CHAT_STREAM: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[]}"#;

pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(BOUND, future).await.expect("took too long")
}

/// What came back until the connection ended, and how it ended.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) text: String,
    pub(crate) end: Result<(), io::ErrorKind>,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").expect("a head").1
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split_once("\r\n\r\n").expect("a head").0;
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: provider.test\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One request on a connection of its own.
pub(crate) async fn send(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Got> {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await?;
        let headers = [headers, &[("connection", "close")]].concat();
        stream.write_all(head(method, path, &headers, body).as_bytes()).await?;
        Ok(read_to_end(&mut stream).await)
    };
    bounded(exchange).await
}

pub(crate) async fn chat(addr: SocketAddr, body: &str) -> io::Result<Got> {
    send(addr, "POST", "/v1/chat/completions", &[("authorization", "Bearer secret-of-the-caller")], body)
        .await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Got {
    let mut bytes = Vec::new();
    let end = bounded(stream.read_to_end(&mut bytes)).await;
    Got { text: String::from_utf8(bytes).expect("text"), end: end.map(drop).map_err(|error| error.kind()) }
}

//! A closed loop: each connection sends its next request when the answer to the last one is complete.
//!
//! Made by hand and not from an HTTP library so that client and provider together cost less than the proxy between them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What one stretch of load came to.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) elapsed: Duration,
    /// Time of each request, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// `share` of the requests were at least as fast as this.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

/// Sends chat completions of about `size` bytes for this long.
pub(crate) async fn run(
    to: SocketAddr,
    size: usize,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Load> {
    let started = Instant::now();
    let request = request(size);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(connection(to, request.clone(), started + time));
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    latencies.sort_unstable();
    Ok(Load { elapsed: started.elapsed(), latencies })
}

async fn connection(to: SocketAddr, request: Vec<u8>, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut received) = (Vec::with_capacity(100_000), Vec::with_capacity(16 * 1024));
    loop {
        let sent = Instant::now();
        if sent >= until {
            return Ok(latencies);
        }
        stream.write_all(&request).await?;
        let message = loop {
            if let Some(message) = next_message(&received)? {
                break message;
            }
            ensure!(stream.read_buf(&mut received).await? > 0, "the proxy closed the connection");
        };
        ensure!(message.start.starts_with("HTTP/1.1 200"), "the proxy answered `{}`", message.start);
        received.drain(..message.length);
        latencies.push(sent.elapsed());
    }
}

/// One whole HTTP/1.1 message with a content-length.
pub(crate) struct Message {
    /// Its first line.
    pub(crate) start: String,
    /// Bytes of head and body.
    pub(crate) length: usize,
}

/// The message that these bytes begin with, once all of it is there.
pub(crate) fn next_message(bytes: &[u8]) -> anyhow::Result<Option<Message>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = end + 4 + length.context("a message without content-length")?;
    let start = head.lines().next().unwrap_or_default().to_owned();
    Ok((bytes.len() >= length).then_some(Message { start, length }))
}

/// A chat completion with the headers an official SDK sends, and a body of about this size.
fn request(size: usize) -> Vec<u8> {
    let turn = r#"{"role":"user","content":"Say \"hello\" to the sea, the wall and the tide.\nThen count the waves, please."},"#;
    let open = r#"{"model":"gpt-4.1","messages":["#;
    let close = r#"{"role":"user","content":"Go."}],"max_tokens":256,"temperature":0.2,"stream":false}"#;
    let turns = size.saturating_sub(open.len() + close.len()) / turn.len();
    let body = format!("{open}{}{close}", turn.repeat(turns));
    let head = format!(
        concat!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.test\r\naccept: application/json\r\n",
            "accept-encoding: identity\r\ncontent-type: application/json\r\nuser-agent: OpenAI/Python 2.0.0\r\n",
            "x-stainless-lang: python\r\nx-stainless-package-version: 2.0.0\r\nx-stainless-os: Linux\r\n",
            "x-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\nx-stainless-runtime-version: 3.12.0\r\n",
            "x-stainless-async: false\r\nx-stainless-retry-count: 0\r\nx-stainless-read-timeout: 600\r\n",
            "authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef\r\ncontent-length: {}\r\n\r\n"
        ),
        body.len()
    );
    (head + &body).into_bytes()
}

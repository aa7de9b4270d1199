//! A closed loop: each connection sends its next request when the answer to the last one is complete.
//!
//! Made by hand and not from an HTTP library so that client and provider together cost less than the proxy between them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::stub;

/// What the load consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chat completions of about this many bytes, answered in one piece; the next one follows at once.
    Whole { size: usize },
    /// The same, and each is one of a conversation that has a new turn every time.
    Growing { size: usize },
    /// The same, and nothing of any was ever seen before.
    New { size: usize },
    /// Small ones, answered with a stream that takes its time: Envoy meets each event alone, as it does when a model writes.
    Stream,
}

impl Kind {
    /// What is counted of each answer.
    pub(crate) fn units(self) -> f64 {
        match self {
            Self::Whole { .. } | Self::Growing { .. } | Self::New { .. } => 1.0,
            Self::Stream => stub::EVENTS as f64,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole { size } => write!(f, "{} KB", size / 1_000),
            Self::Growing { size } => write!(f, "{} KB, a turn more each time", size / 1_000),
            Self::New { size } => write!(f, "{} KB, seen for the first time", size / 1_000),
            Self::Stream => f.write_str("SSE event"),
        }
    }
}

/// What one stretch of load came to.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) elapsed: Duration,
    /// Time of each request, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Load {
    /// `share` of the requests were at least as fast as this.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

/// Sends chat completions for this long.
pub(crate) async fn run(
    to: SocketAddr,
    kind: Kind,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Load> {
    let started = Instant::now();
    let request = request(kind);
    let numbers = numbers(kind, &request);
    let mut tasks = JoinSet::new();
    for number in 0..connections {
        // No two requests of any run have a number in common.
        let first = started_at() + number as u64 * APART;
        tasks.spawn(connection(to, request.clone(), (numbers.clone(), first), started + time));
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    latencies.sort_unstable();
    Ok(Load { elapsed: started.elapsed(), latencies })
}

/// Numbers that one connection may use.
const APART: u64 = 10_000_000;

/// Nanoseconds since the epoch, in which the requests of a run don't come near those of the next.
fn started_at() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or_default()
}

/// Where a request of this kind has a number that is another in each: in its last turn, in every one, or nowhere.
fn numbers(kind: Kind, request: &[u8]) -> Vec<usize> {
    let mut all =
        request.windows(NUMBER.len()).enumerate().filter(|(_, part)| *part == NUMBER).map(|(at, _)| at);
    match kind {
        Kind::Whole { .. } | Kind::Stream => Vec::new(),
        Kind::Growing { .. } => all.next_back().into_iter().collect(),
        Kind::New { .. } => all.collect(),
    }
}

async fn connection(
    to: SocketAddr,
    mut request: Vec<u8>,
    (numbers, first): (Vec<usize>, u64),
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut next = first;
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut received) = (Vec::with_capacity(100_000), Vec::with_capacity(16 * 1024));
    loop {
        let sent = Instant::now();
        if sent >= until {
            return Ok(latencies);
        }
        for at in &numbers {
            next += 1;
            let text = format!("{next:020}");
            if let Some(place) = request.get_mut(*at..*at + text.len()) {
                place.copy_from_slice(text.as_bytes());
            }
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

pub(crate) const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// One whole HTTP/1.1 message, with a content-length or in chunks.
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
    let header = |wanted: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let start = head.lines().next().unwrap_or_default().to_owned();
    if header("transfer-encoding").is_some() {
        // Nothing is asked on a connection whose answer is under way: what ends so is its end.
        return Ok(bytes.ends_with(LAST_CHUNK).then_some(Message { start, length: bytes.len() }));
    }
    let length = header("content-length").and_then(|(_, value)| value.trim().parse::<usize>().ok());
    let length = end + 4 + length.context("a message without a length")?;
    Ok((bytes.len() >= length).then_some(Message { start, length }))
}

/// Stands where a request has its number.
const NUMBER: &[u8] = b"00000000000000000000";

/// A chat completion with the headers an official SDK sends.
fn request(kind: Kind) -> Vec<u8> {
    let size = match kind {
        Kind::Whole { size } | Kind::Growing { size } | Kind::New { size } => size,
        Kind::Stream => 1_000,
    };
    let turn = r#"{"role":"user","content":"Say \"hello\" to the sea, the wall and the tide.\nThen count 00000000000000000000 waves."},"#;
    let open = r#"{"model":"gpt-4.1","messages":["#;
    let close = match kind {
        Kind::Whole { .. } | Kind::Growing { .. } | Kind::New { .. } => {
            r#"{"role":"user","content":"Go."}],"max_tokens":256,"temperature":0.2,"stream":false}"#
        }
        Kind::Stream => {
            r#"{"role":"user","content":"Go."}],"max_tokens":256,"temperature":0.2,"stream":true}"#
        }
    };
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

//! A client that keeps its connection: one request after the other, answers with a length or in chunks.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No answer of a simulated provider comes near it.
const LONGEST: usize = 16 * 1024 * 1024;

const FINISHED: &[u8] = br#""finish_reason":"stop""#;
const CUT_OFF: &[u8] = br#""finish_reason":"length""#;
/// How the event begins that ends a stream with an error.
const ERROR: &[u8] = br#"data: {"error""#;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Whether the connection ends with it.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|option| option.eq_ignore_ascii_case("close"))
    }

    /// Whether it is the answer to a question, to its last word. A stream is one when it says why it ended.
    pub(crate) fn is_whole(&self) -> bool {
        let whole = if self.is_stream() { self.says(FINISHED) } else { self.body.ends_with(b"}") };
        whole && !self.is_error()
    }

    /// Whether the model has said that it ended for its length, which is the whole of such an answer.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.says(CUT_OFF) && !self.is_error()
    }

    fn says(&self, text: &[u8]) -> bool {
        self.body.windows(text.len()).any(|part| part == text)
    }

    /// Whether it says that something went wrong: by its status, or in the last event of a stream.
    pub(crate) fn is_error(&self) -> bool {
        let mut lines = self.body.split(|byte| *byte == b'\n');
        let mut told = || lines.rfind(|line| !line.is_empty()).is_some_and(|line| line.starts_with(ERROR));
        self.status != 200 || (self.is_stream() && told())
    }

    /// Whether it is one error, as SDKs read them: a JSON object, or a stream that ends in an error event.
    pub(crate) fn is_clean_error(&self) -> bool {
        if self.is_stream() {
            return self.status == 200 && self.is_error();
        }
        let body: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        self.status >= 400
            && body.is_some_and(|body| body.get("error").is_some_and(serde_json::Value::is_object))
    }

    fn is_stream(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
    }
}

/// What came of a request, as far as it came.
#[derive(Debug)]
pub(crate) enum Heard {
    /// To its end.
    Answer(Got),
    /// The connection ended in the middle of it.
    Broken(Got),
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    /// What was read and not yet used.
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads all of its answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Got> {
        let mut got = self.begin(request).await?;
        self.read_body(&mut got).await?;
        Ok(got)
    }

    /// Sends a request and reads as much of its answer as comes.
    pub(crate) async fn hear(&mut self, request: &[u8]) -> Heard {
        let Ok(mut got) = self.begin(request).await else { return Heard::Nothing };
        match self.read_body(&mut got).await {
            Ok(()) => Heard::Answer(got),
            Err(_) => Heard::Broken(got),
        }
    }

    /// Sends a request and reads the head of its answer.
    async fn begin(&mut self, request: &[u8]) -> anyhow::Result<Got> {
        self.send(request).await?;
        let head = self.head().await?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok(Got { status: status.context("no status line")?, head, body: Vec::new() })
    }

    async fn read_body(&mut self, got: &mut Got) -> anyhow::Result<()> {
        match got.header("content-length") {
            Some(length) => {
                let length = length.parse().context("a content-length that is no number")?;
                got.body = self.take(length).await?;
                Ok(())
            }
            None => self.chunks(&mut got.body).await,
        }
    }

    /// Only sends it; for a client that leaves.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(request).await?)
    }

    async fn head(&mut self) -> anyhow::Result<String> {
        let bytes = self.until(b"\r\n\r\n").await?;
        Ok(String::from_utf8(bytes)?)
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        loop {
            let line = String::from_utf8(self.until(b"\r\n").await?)?;
            let size = usize::from_str_radix(line.trim_end(), 16).context("a chunk without a size")?;
            ensure!(body.len() + size <= LONGEST, "an answer without an end");
            body.extend(self.take(size).await?);
            self.until(b"\r\n").await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Everything to the end of this mark.
    async fn until(&mut self, mark: &[u8]) -> anyhow::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(mark.len()).position(|part| part == mark) {
                return self.take(at + mark.len()).await;
            }
            self.fill().await?;
        }
    }

    async fn take(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        ensure!(length <= LONGEST, "an answer without an end");
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection ended in the middle of an answer");
        }
        Ok(())
    }
}

/// A chat completion, as a whole or as a stream.
pub(crate) fn question(stream: bool) -> Vec<u8> {
    question_with(stream, "")
}

/// The same with more headers, each with the end of its line.
pub(crate) fn question_with(stream: bool, headers: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"model":"gpt-4.1","messages":[{{"role":"user","content":"How high is the tide?"}}],"stream":{stream}}}"#
    );
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.test\r\ncontent-type: application/json\r\n\
         authorization: Bearer sk-bench\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

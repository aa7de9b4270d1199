//! A provider that costs next to nothing: the same small answer to every request, or the same stream, almost without looking
//! at it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::load::{LAST_CHUNK, Message, next_message};

/// Events of a stream that have content.
pub(crate) const EVENTS: usize = 200;
/// So far apart that each comes to Envoy by itself.
const APART: Duration = Duration::from_millis(2);

/// What it says to everybody.
pub(crate) const ANSWER: &str = concat!(
    "The answer of a provider that costs next to nothing, about as long as a short answer is: two or three sentences, so that the ",
    "proxy has something to forward. That is all there is to it.",
);

fn body(answer: &str) -> String {
    [
        r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-4.1","choices":[{"index":0,"#,
        r#""message":{"role":"assistant","content":"#,
        &serde_json::Value::from(answer).to_string(),
        r#"},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":40,"total_tokens":240}}"#,
    ]
    .concat()
}

/// How a request ends that wants a stream.
const STREAM: &[u8] = br#""stream":true}"#;

const EVENT: &str = concat!(
    r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1","#,
    r#""choices":[{"index":0,"delta":{"content":" waves"},"finish_reason":null}]}"#,
    "\n\n",
);
const FINISH: &str = concat!(
    r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1","#,
    r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\ndata: [DONE]\n\n",
);

/// Says this to everybody, until the runtime ends.
pub(crate) async fn start(answer: &str) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let body = body(answer);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer: Arc<str> = (head + &body).into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer.clone()));
        }
    });
    Ok(addr)
}

async fn serve(mut stream: TcpStream, answer: Arc<str>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(512 * 1024);
    loop {
        if let Some(Message { length, .. }) = next_message(&received)? {
            let wants_stream = received.get(..length).is_some_and(|all| all.ends_with(STREAM));
            received.drain(..length);
            if wants_stream {
                events(&mut stream).await?;
            } else {
                stream.write_all(answer.as_bytes()).await?;
            }
        } else if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
}

async fn events(stream: &mut TcpStream) -> anyhow::Result<()> {
    let chunk = |text: &str| format!("{:x}\r\n{text}", text.len());
    let (event, finish) = (format!("\r\n{}", chunk(EVENT)), format!("\r\n{}", chunk(FINISH)));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut ticks = tokio::time::interval(APART);
    for _ in 0..EVENTS {
        ticks.tick().await;
        stream.write_all(event.as_bytes()).await?;
    }
    stream.write_all(&[finish.as_bytes(), LAST_CHUNK].concat()).await?;
    Ok(())
}

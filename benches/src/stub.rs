//! A provider that costs next to nothing: the same small answer to every request, without looking at it.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::load::{Message, next_message};

const BODY: &str = concat!(
    r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-4.1","choices":[{"index":0,"#,
    r#""message":{"role":"assistant","content":"The answer of a provider that costs next to nothing, about as long as a "#,
    r#"short answer is: two or three sentences, so that the proxy has something to forward. That is all there is to it."},"#,
    r#""finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":40,"total_tokens":240}}"#,
);

/// Serves until the runtime ends.
pub(crate) async fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    Ok(addr)
}

async fn serve(mut stream: TcpStream) -> anyhow::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        BODY.len()
    );
    let answer = head + BODY;
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(512 * 1024);
    loop {
        if let Some(Message { length, .. }) = next_message(&received)? {
            received.drain(..length);
            stream.write_all(answer.as_bytes()).await?;
        } else if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
}

//! A client that asks small questions, steadily.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;

use crate::envoy::send as send_request;

const QUESTION: &str =
    r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"How high is the tide?"}]}"#;

/// Sends so many chat completions a second, for ever. Answers are the filter's affair: its counts tell of them.
pub async fn send(to: SocketAddr, per_second: u32) {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / per_second.max(1));
    loop {
        clock.tick().await;
        let request = hyper::Request::post("/v1/chat/completions").header("content-type", "application/json");
        if let Ok(request) = request.body(Full::new(Bytes::from_static(QUESTION.as_bytes()))) {
            tokio::spawn(send_request(to, request, None));
        }
    }
}

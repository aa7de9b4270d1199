//! The provider over real sockets: every fault as a client sees it. Bounds are far above what anything takes; nothing
//! here depends on how long a thing takes.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use seawall_provider::{Asked, Behaviour, Fault, Plan, Provider, Reply, Times, reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{CHAT, CHAT_STREAM, bounded, chat, head, read_to_end, send};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn provider(behaviours: Vec<Behaviour>) -> Provider {
    Provider::start("primary", ANY_PORT, Plan::Script(behaviours)).await.unwrap()
}

fn status(status: u16) -> Behaviour {
    Behaviour { status: Some(status), ..Behaviour::default() }
}

fn fault(fault: Fault) -> Behaviour {
    Behaviour { fault: Some(fault), ..Behaviour::default() }
}

#[tokio::test]
async fn the_socket_carries_the_same_bytes_as_the_pure_answer() {
    let provider = provider(Vec::new()).await;
    let got = chat(provider.addr(), CHAT).await.unwrap();
    let asked = Asked::read("/v1/chat/completions", CHAT.as_bytes());
    let Reply::Answer(answer) = reply("primary", &Behaviour::default(), &asked) else { panic!() };
    assert_eq!((got.status(), got.end), (200, Ok(())));
    assert_eq!(got.body().as_bytes(), answer.body());
    for (name, value) in &answer.headers {
        assert_eq!(got.header(name), Some(value.as_str()));
    }
    assert_eq!(got.header("date"), None);
}

#[tokio::test]
async fn a_script_is_followed_over_one_kept_connection() {
    let provider = provider(vec![status(429), status(503)]).await;
    let mut stream = TcpStream::connect(provider.addr()).await.unwrap();
    for expected in ["HTTP/1.1 429", "HTTP/1.1 503", "HTTP/1.1 200"] {
        let request = head("POST", "/v1/chat/completions", &[], CHAT);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with('}') {
            let mut buffer = [0; 4096];
            let read = bounded(stream.read(&mut buffer)).await.unwrap();
            assert!(read > 0, "closed after {answer:?}");
            answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert!(answer.starts_with(expected), "{answer}");
    }
    assert_eq!(provider.count(), 3);
}

#[tokio::test]
async fn a_stream_is_chunked_and_complete() {
    let slow = Duration::from_millis(1);
    let paced = Behaviour { latency: slow, first_token: slow, between_tokens: slow, ..Behaviour::default() };
    let provider = provider(vec![paced]).await;
    let got = chat(provider.addr(), CHAT_STREAM).await.unwrap();
    assert_eq!((got.status(), got.end), (200, Ok(())));
    assert_eq!(got.header("transfer-encoding"), Some("chunked"));
    assert!(got.body().contains("data: [DONE]\n\n"));
    assert!(got.body().ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_reset_comes_before_any_byte() {
    let provider = provider(vec![fault(Fault::Reset)]).await;
    let got = chat(provider.addr(), CHAT).await.unwrap();
    assert_eq!((got.text.as_str(), got.end), ("", Err(ErrorKind::ConnectionReset)));
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_cut_resets_after_half_of_the_body() {
    let provider = provider(vec![fault(Fault::Cut)]).await;
    let got = chat(provider.addr(), CHAT).await.unwrap();
    let whole = chat(provider.addr(), CHAT).await.unwrap();
    assert_eq!((got.status(), got.end), (200, Err(ErrorKind::ConnectionReset)));
    assert_eq!(got.header("content-length"), whole.header("content-length"));
    assert_eq!(got.body().as_bytes(), &whole.body().as_bytes()[..whole.body().len() / 2]);
}

#[tokio::test]
async fn a_cut_stream_resets_after_two_events() {
    let provider = provider(vec![fault(Fault::Cut)]).await;
    let got = chat(provider.addr(), CHAT_STREAM).await.unwrap();
    assert_eq!((got.status(), got.end), (200, Err(ErrorKind::ConnectionReset)));
    assert_eq!(got.body().matches("data: ").count(), 2);
}

#[tokio::test]
async fn malformed_json_ends_in_an_orderly_way() {
    let provider = provider(vec![fault(Fault::Malformed)]).await;
    let got = chat(provider.addr(), CHAT).await.unwrap();
    assert_eq!((got.status(), got.end), (200, Ok(())));
    assert!(serde_json::from_str::<serde_json::Value>(got.body()).unwrap_err().is_eof());
}

#[tokio::test]
async fn a_hanging_provider_has_seen_the_request_and_says_nothing() {
    let provider = provider(vec![fault(Fault::Hang)]).await;
    let mut stream = TcpStream::connect(provider.addr()).await.unwrap();
    let request = head("POST", "/v1/chat/completions", &[], CHAT);
    stream.write_all(request.as_bytes()).await.unwrap();
    bounded(async {
        while provider.count() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let nothing = stream.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    // A hanging request does not hold up the end.
    bounded(provider.shutdown()).await;
    assert_eq!(read_to_end(&mut stream).await.text, "");
}

#[tokio::test]
async fn refused_closes_connections_refuses_new_ones_and_recovers_on_the_same_port() {
    let provider = provider(Vec::new()).await;
    let mut idle = TcpStream::connect(provider.addr()).await.unwrap();
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 200);
    for _ in 0..3 {
        provider.set_plan(Plan::Refused).await.unwrap();
        assert!(provider.is_refused());
        assert_eq!(read_to_end(&mut idle).await.text, "");
        assert_eq!(chat(provider.addr(), CHAT).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        provider.set_plan(Plan::Script(vec![status(500)])).await.unwrap();
        idle = TcpStream::connect(provider.addr()).await.unwrap();
        assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 500);
    }
}

#[tokio::test]
async fn a_provider_may_refuse_from_the_start() {
    let provider = Provider::start("primary", ANY_PORT, Plan::Refused).await.unwrap();
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    provider.set_plan(Plan::default()).await.unwrap();
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_new_plan_holds_from_the_next_request_on() {
    let provider = provider(vec![Behaviour { times: Times::Forever, ..status(503) }]).await;
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 503);
    provider.set_plan(Plan::default()).await.unwrap();
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_with_its_own_behaviour_leaves_the_script_where_it_is() {
    let provider = provider(vec![status(429)]).await;
    let path = "/v1/chat/completions";
    let own =
        send(provider.addr(), "POST", path, &[("x-simulate", r#"{"status":504}"#)], CHAT).await.unwrap();
    assert_eq!(own.status(), 504);
    let bad = send(provider.addr(), "POST", path, &[("x-simulate", r#"{"status":9}"#)], CHAT).await.unwrap();
    assert_eq!(bad.status(), 400);
    assert!(bad.body().contains("a status from 200 to 599"), "{}", bad.body());
    assert_eq!(chat(provider.addr(), CHAT).await.unwrap().status(), 429);
}

#[tokio::test]
async fn the_log_tells_what_was_asked_and_done_but_no_secret() {
    let provider = provider(vec![status(429), fault(Fault::Reset)]).await;
    chat(provider.addr(), CHAT_STREAM).await.unwrap();
    chat(provider.addr(), CHAT).await.unwrap();
    send(provider.addr(), "GET", "/v1/models?a=b", &[("x-seawall-target", "forged")], "").await.unwrap();
    let log = provider.log();
    let lines: Vec<_> = log.iter().map(ToString::to_string).collect();
    let bytes = (CHAT_STREAM.len(), CHAT.len());
    assert_eq!(
        lines,
        [
            format!("1 POST /v1/chat/completions model=gpt-4.1 stream=true bytes={} -> 429", bytes.0),
            format!("2 POST /v1/chat/completions model=gpt-4.1 stream=false bytes={} -> reset", bytes.1),
            "3 GET /v1/models?a=b model=- stream=false bytes=0 -> 200".to_owned(),
        ]
    );
    assert_eq!(log.iter().map(|seen| seen.sent.authorization).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(log[2].sent.headers["x-seawall-target"], "forged");
    assert_eq!(log[2].sent.headers["host"], "provider.test");
    assert!(!format!("{log:?}").contains("secret-of-the-caller"));
    provider.clear_log();
    assert_eq!((provider.log().len(), provider.count()), (0, 3));
}

#[tokio::test]
async fn the_log_keeps_what_a_model_is_asked_with() {
    let provider = provider(Vec::new()).await;
    let cases = [
        ("/v1/chat/completions", r#"{"model":"m","max_tokens":9,"temperature":0.5}"#),
        ("/v1/chat/completions", r#"{"model":"m","max_completion_tokens":9,"temperature":0.5}"#),
        ("/v1/responses", r#"{"model":"m","max_output_tokens":9,"temperature":0.5}"#),
        (
            "/v1beta/models/m:generateContent",
            r#"{"generationConfig":{"maxOutputTokens":9,"temperature":0.5}}"#,
        ),
        ("/model/m/converse", r#"{"inferenceConfig":{"maxTokens":9,"temperature":0.5}}"#),
    ];
    let headers = [("x-degraded", "yes"), ("x-api-key", "secret-of-the-caller"), ("other", "no")];
    for (path, body) in cases {
        send(provider.addr(), "POST", path, &headers, body).await.unwrap();
        let sent = provider.log().pop().unwrap().sent;
        assert_eq!(
            (sent.model.as_deref(), sent.max_tokens, sent.temperature),
            (Some("m"), Some(9), Some(0.5))
        );
        let kept: Vec<_> = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(kept, [("host", "provider.test"), ("x-degraded", "yes")]);
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let first = provider(Vec::new()).await;
    let second = Provider::start("other", first.addr(), Plan::default()).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

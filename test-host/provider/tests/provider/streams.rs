//! What goes wrong in streams, at every API.

use seawall_provider::{Answer, Asked, Behaviour, End, ErrorKind, Fault, Plan, Provider, Reply, reply};
use serde_json::Value;

use crate::asks::{APIS, Api, header};
use crate::client::{bounded, head, send};

fn faulty(fault: Fault, after: Option<u32>) -> Behaviour {
    Behaviour { fault: Some(fault), after, ..Behaviour::default() }
}

/// How many of the sound stream's events come, and how it ends then.
#[test]
fn a_fault_leaves_so_many_events_and_ends_so() {
    for api in APIS {
        let sound = api.ask_stream(&Behaviour::default());
        let all = sound.chunks.len();
        let cases = [
            (Fault::ResetAfterHeaders, None, 0, End::Cut),
            (Fault::Cut, None, 2, End::Cut),
            (Fault::Cut, Some(4), 4, End::Cut),
            (Fault::Stall, None, 2, End::Open),
            (Fault::Stall, Some(0), 0, End::Open),
            (Fault::Stall, Some(1_000), all, End::Open),
            (Fault::Empty, None, 0, End::Complete),
            (Fault::Truncated, None, all / 2, End::Complete),
            (Fault::Truncated, Some(1), 1, End::Complete),
            (Fault::MissingEnd, None, all - 1, End::Complete),
            (Fault::LeftOpen, None, all - 1, End::Open),
        ];
        for (fault, after, events, end) in cases {
            let answer = api.ask_stream(&faulty(fault, after));
            assert_eq!(answer.chunks, sound.chunks[..events], "{} {fault:?}", api.name);
            assert_eq!((answer.status, answer.end), (200, end), "{} {fault:?}", api.name);
            assert_eq!(header(&answer, "content-length"), None);
        }
    }
}

#[test]
fn one_event_is_not_json_and_the_others_are_all_there() {
    for api in APIS {
        let sound = api.ask_stream(&Behaviour::default());
        for (after, at) in [(None, 2), (Some(0), 0), (Some(4), 4)] {
            let Answer { mut chunks, end, .. } = api.ask_stream(&faulty(Fault::BadEvent, after));
            let bad = crate::asks::event(&chunks.remove(at)).1;
            assert!(bad.as_str().is_some_and(|text| text.starts_with('{')), "{bad}");
            assert_eq!((chunks, end), (sound.chunks.clone(), End::Complete), "{}", api.name);
        }
    }
}

#[test]
fn a_json_answer_breaks_off_where_a_stream_does() {
    for api in APIS {
        let whole = api.ask(&Behaviour::default()).body();
        let half = whole.len() / 2;
        let cases = [
            (Fault::ResetAfterHeaders, 0, End::Cut, true),
            (Fault::Cut, half, End::Cut, true),
            (Fault::Stall, half, End::Open, true),
            (Fault::Empty, 0, End::Complete, false),
            (Fault::Truncated, half, End::Complete, false),
            (Fault::Malformed, half, End::Complete, false),
            (Fault::BadEvent, half, End::Complete, false),
            (Fault::MissingEnd, whole.len(), End::Complete, true),
            (Fault::LeftOpen, whole.len(), End::Complete, true),
        ];
        for (fault, bytes, end, promises_all) in cases {
            let answer = api.ask(&faulty(fault, None));
            assert_eq!((answer.body().as_slice(), answer.end), (&whole[..bytes], end), "{fault:?}");
            let promised = if promises_all { whole.len() } else { bytes };
            assert_eq!(header(&answer, "content-length"), Some(promised.to_string().as_str()));
        }
    }
}

#[test]
fn a_literal_stream_is_sent_event_by_event() {
    let body = ": comment\n\ndata: {\"a\":1}\n\ndata: [DO".to_owned();
    let headers = [("content-type".to_owned(), "text/event-stream".to_owned())].into();
    let literal = Behaviour { body: Some(body.clone()), headers, ..Behaviour::default() };
    let answer = Api::of("chat").ask_stream(&literal);
    assert!(answer.stream);
    assert_eq!(answer.chunks, [": comment\n\n", "data: {\"a\":1}\n\n", "data: [DO"]);
    assert_eq!(answer.body(), body.as_bytes());
}

const ANY_PORT: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// What a client has read when the answer ends, or when it has as much as will ever come.
#[tokio::test]
async fn the_socket_carries_what_the_pure_answer_holds_and_ends_like_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let faults = [Fault::ResetAfterHeaders, Fault::Cut, Fault::Empty, Fault::Truncated, Fault::MissingEnd];
    for name in ["chat", "messages", "generate"] {
        let api = Api::of(name);
        let (path, body) = api.stream_request();
        for fault in faults {
            let answer = api.ask_stream(&faulty(fault, None));
            let plan = Plan::Script(vec![faulty(fault, None)]);
            let provider = Provider::start("primary", ANY_PORT, plan).await.unwrap();
            let got = send(provider.addr(), "POST", path, &[], body).await.unwrap();
            assert_eq!(got.status(), 200);
            let events =
                answer.chunks.iter().filter(|event| got.body().contains(std::str::from_utf8(event).unwrap()));
            assert_eq!(events.count(), answer.chunks.len());
            assert_eq!(got.end.is_ok(), answer.end == End::Complete, "{fault:?}");
            assert_eq!(got.body().ends_with("0\r\n\r\n"), answer.end == End::Complete, "{fault:?}");
        }
        for fault in [Fault::Stall, Fault::LeftOpen] {
            let answer = api.ask_stream(&faulty(fault, None));
            let plan = Plan::Script(vec![faulty(fault, None)]);
            let provider = Provider::start("primary", ANY_PORT, plan).await.unwrap();
            let mut stream = tokio::net::TcpStream::connect(provider.addr()).await.unwrap();
            stream.write_all(head("POST", path, &[], body).as_bytes()).await.unwrap();
            let last = std::str::from_utf8(answer.chunks.last().unwrap()).unwrap();
            let mut text = String::new();
            while !text.contains(last) {
                let mut buffer = [0; 4096];
                let read = bounded(stream.read(&mut buffer)).await.unwrap();
                assert!(read > 0, "closed after {text:?}");
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            assert!(!text.ends_with("0\r\n\r\n"), "{fault:?}");
            // A silent answer does not hold up the end.
            bounded(provider.shutdown()).await;
        }
    }
}

/// Gemini's stream, unless events are asked for.
#[test]
fn an_array_has_the_elements_that_a_stream_has_as_events() {
    let (path, body) = Api::of("generate").stream_request();
    let path = path.trim_end_matches("?alt=sse");
    let ask = |behaviour: &Behaviour| match reply("primary", behaviour, &Asked::read(path, body.as_bytes())) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    };
    let elements = |answer: &Answer| serde_json::from_slice::<Vec<Value>>(&answer.body());
    let sound = ask(&Behaviour::default());
    assert_eq!(header(&sound, "content-type"), Some("application/json"));
    let events = Api::of("generate").ask_stream(&Behaviour::default()).chunks;
    let events: Vec<_> = events.iter().map(|event| crate::asks::event(event).1).collect();
    assert_eq!(elements(&sound).unwrap(), events);

    for after in [0, 2] {
        let wrong = Behaviour {
            status: Some(200),
            error: Some(ErrorKind::Overloaded),
            after: Some(after),
            ..Behaviour::default()
        };
        let elements = elements(&ask(&wrong)).unwrap();
        let (error, before) = elements.split_last().unwrap();
        assert_eq!(before, &events[..after as usize]);
        assert_eq!(error["error"]["status"], "UNAVAILABLE");
    }
    for fault in [Fault::Truncated, Fault::BadEvent, Fault::MissingEnd] {
        assert!(elements(&ask(&faulty(fault, None))).is_err(), "{fault:?}");
    }
}

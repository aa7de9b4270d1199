//! Output: what streams say on their way, calls of tools above all; and requests of which nobody knows what they declare.

use seawall_core::{Answer, Effect, Event, Half, Headers, Metric, Origin, OutputEvent, Rule};
use serde_json::{Value, json};

use crate::outputs::{CHAT, brings, completion, counted, policy};
use crate::plans::{Host, told};

/// A request that declares a tool, whose `city` is a string.
fn request() -> String {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = |name| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let messages = json!([{"role": "user", "content": "How is the weather?"}]);
    json!({"model": "gpt-4.1", "stream": true, "messages": messages, "tools": [tool("weather"), tool("wind")]})
        .to_string()
}

fn begins(host: &mut Host) -> Vec<Effect> {
    let headers: Headers = [("content-type", "text/event-stream")].into_iter().collect();
    let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
    host.handle(Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: false })
}

/// One more event of a stream, with this in its `delta`.
fn goes_on(host: &mut Host, delta: &Value) -> Vec<Effect> {
    let chunk = format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]})).into_bytes();
    let half = Half::Downstream;
    host.handle(Event::AnswerBody { half, buffered: chunk.len(), chunk, end_of_stream: false })
}

/// The beginning of a call, or more of it.
fn call(index: u32, name: &str, arguments: &str) -> Value {
    let id = format!("call_{index}");
    let function = json!({"name": name, "arguments": arguments});
    json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]})
}

/// What is counted of a stream with these calls, event by event.
fn calls(output: &str, asks: &str, deltas: &[Value]) -> Vec<OutputEvent> {
    let mut host = Host::new(&policy(output, "stream live"));
    host.ask_at(CHAT, asks);
    let mut events = counted(&begins(&mut host));
    for delta in deltas {
        events.extend(counted(&goes_on(&mut host, delta)));
    }
    events
}

#[test]
fn a_stream_whose_calls_can_not_be_made_any_more_ends() {
    let (both, schema) =
        ("schema from request  tools declared  hopeless end", "schema from request  hopeless end");
    let long = "\": 1, \"and so on, for a long time";
    let asks = request();
    let wrong = [call(0, "weather", ""), call(0, "", "{\"city"), call(0, "", long)];
    assert_eq!(calls(both, &asks, &[call(0, "launch", "{")]), [OutputEvent::Ended]);
    for output in [both, schema] {
        assert_eq!(calls(output, &asks, &wrong), [OutputEvent::Ended], "{output}");
        // So does one whose second call can't.
        let good = call(0, "weather", "{\"city\": \"Bonn, which lies at the Rhine\"}");
        let second = [good, call(1, "wind", "{\"city\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11")];
        assert_eq!(calls(output, &asks, &second), [OutputEvent::Ended], "{output}");
        assert_eq!(calls(output, &asks, &second[..1]), [], "{output}");
    }
    assert_eq!(calls("schema from request", &asks, &wrong), [OutputEvent::Found], "it is recorded");
    assert_eq!(calls(schema, &asks, &[call(0, "launch", "{\"city")]), [], "no schema says what it takes");
}

#[test]
fn a_stream_that_calls_a_tool_where_there_is_none_ends() {
    let asks = json!({"model": "gpt-4.1", "stream": true, "messages": []});
    let output = "tools declared  hopeless end";
    assert_eq!(calls(output, &asks.to_string(), &[call(0, "launch", "{")]), [OutputEvent::Ended]);
}

#[test]
fn what_is_found_early_is_not_all_that_is_found() {
    let mut host = Host::new(&policy("deny /forbidden/  require /never/  finish tool_calls", "stream live"));
    host.ask_at(CHAT, &request());
    let mut fx = begins(&mut host);
    fx.extend(goes_on(&mut host, &json!({"role": "assistant", "content": "forbidden things"})));
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let chunk = format!("data: {end}\n\ndata: [DONE]\n\n").into_bytes();
    let (half, buffered) = (Half::Downstream, chunk.len());
    fx.extend(host.handle(Event::AnswerBody { half, buffered, chunk, end_of_stream: true }));
    assert_eq!(counted(&fx), [OutputEvent::Found], "once for each answer");
    let broken = fx.iter().filter_map(|effect| match effect {
        Effect::Count(Metric::Broken(_, rule)) => Some(*rule),
        _ => None,
    });
    assert_eq!(broken.collect::<Vec<_>>(), [Rule::Deny, Rule::Require, Rule::Finish]);
}

/// What a caller is told whose request goes to its provider unread.
fn unread(output: &str, body: &str) -> (Vec<OutputEvent>, Option<String>) {
    let mut host = Host::new(&policy(&format!("{output}  invalid reject"), ""));
    host.ask_encoded(CHAT, "gzip", "\u{1f}\u{8b}\u{8}");
    let fx = brings(&mut host, Half::Downstream, body);
    (counted(&fx), told(&fx).get("x-seawall-output").cloned())
}

#[test]
fn of_a_request_that_is_not_read_nobody_knows_its_schema_and_its_tools() {
    let function = json!({"name": "weather", "arguments": "{\"city\": \"Bonn\"}"});
    let message =
        json!({"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": function}]});
    let called =
        json!({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}).to_string();
    assert_eq!(unread("tools declared", &called), (vec![], None));
    let broken = called.replace("Bonn\\\"}", "Bonn");
    assert_eq!(unread("tools declared", &broken).1.unwrap(), "invalid tools", "they are JSON all the same");
    let told = Some("unchecked schema".to_owned());
    assert_eq!(unread("schema from request", &completion("any")), (vec![OutputEvent::Unchecked], told));
    assert_eq!(unread("deny /many/", &completion("any")), (vec![], None));
}

//! The protocol's own rules, and what breaks them.

use serde_json::{Value, json};

use super::client::{Editor, URI, at, range};
use super::{POLICY, labels};

#[test]
fn it_starts_once_and_ends_as_it_is_told() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("textDocument/hover", at(0, 0)).unwrap_err().0, -32002);
    assert_eq!(editor.ask("initialize", json!({ "capabilities": 5 })).unwrap_err().0, -32602);
    let params = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    let result = editor.ask("initialize", params.clone()).unwrap();
    assert_eq!(result["serverInfo"]["name"], "seawall");
    assert_eq!(result["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(editor.ask("initialize", params).unwrap_err().0, -32600);
    // Not even `initialized` is needed.
    editor.open(POLICY);
    assert_eq!(editor.ask("shutdown", Value::Null), Ok(Value::Null));
    assert_eq!(editor.ask("textDocument/hover", at(0, 0)).unwrap_err().0, -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_end_without_shutdown_is_a_failure() {
    let (mut editor, _) = Editor::with(json!({}));
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(1));
    // The editor is gone.
    let (editor, _) = Editor::with(json!({}));
    assert_eq!(editor.end(), Some(1));
    assert_eq!(Editor::start().end(), Some(1));
    let mut editor = Editor::start();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.end(), Some(1));
}

#[test]
fn odd_messages_do_no_harm() {
    let (mut editor, _) = Editor::with(json!({}));
    editor.open(POLICY);
    assert_eq!(editor.ask("textDocument/somethingNew", json!({})).unwrap_err().0, -32601);
    assert_eq!(editor.ask("", Value::Null).unwrap_err().0, -32601);
    for (method, params) in [
        ("textDocument/hover", Value::Null),
        ("textDocument/hover", json!({ "textDocument": 5 })),
        (
            "textDocument/hover",
            json!({ "textDocument": { "uri": URI }, "position": { "line": -1, "character": 0 } }),
        ),
        ("textDocument/completion", json!([1, 2])),
        ("textDocument/rename", at(2, 8)),
        (
            "textDocument/hover",
            json!({ "textDocument": { "uri": "file:///other" }, "position": { "line": 0, "character": 0 } }),
        ),
        ("textDocument/formatting", json!({ "textDocument": { "uri": URI } })),
    ] {
        assert_eq!(editor.ask(method, params.clone()).unwrap_err().0, -32602, "{method} {params}");
    }
    for (method, params) in [
        ("textDocument/didOpen", json!({ "textDocument": "no" })),
        (
            "textDocument/didChange",
            json!({ "textDocument": { "uri": "file:///other", "version": 1 }, "contentChanges": [] }),
        ),
        ("textDocument/didChange", json!({ "textDocument": { "uri": URI, "version": 2 } })),
        ("textDocument/didClose", json!({ "textDocument": { "uri": "file:///other" } })),
        ("$/cancelRequest", json!({ "id": 99 })),
        ("$/setTrace", json!({})),
        ("workspace/didChangeConfiguration", Value::Null),
    ] {
        editor.tell(method, params);
    }
    // An answer to a question that was never asked.
    let body = r#"{"jsonrpc":"2.0","id":99,"result":null}"#;
    editor.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    // It still knows what it knew, wherever it is asked.
    assert_ne!(editor.ask_at("textDocument/hover", 2, 8), Value::Null);
    for (line, character) in [(0, 9_999), (9_999, 0), (4_294_967_295, 4_294_967_295), (1, 4)] {
        for method in ["textDocument/hover", "textDocument/completion", "textDocument/definition"] {
            editor.ask_at(method, line, character);
        }
    }
    assert_eq!(editor.shut_down(), Some(0));
}

#[test]
fn what_is_not_the_protocol_ends_it() {
    let mut editor = Editor::start();
    editor.send_raw(b"Content-Length: 3\r\n\r\n{]!");
    assert_eq!(editor.end(), Some(2));
}

#[test]
fn bytes_are_counted_where_the_editor_can() {
    let general = json!({ "positionEncodings": ["utf-16", "utf-8"] });
    let (mut editor, result) = Editor::with(json!({ "general": general }));
    assert_eq!(result["capabilities"]["positionEncoding"], "utf-8");
    editor.open(POLICY);
    // The letter of the condition before it takes four bytes, and two units of UTF-16.
    let hover = editor.ask_at("textDocument/hover", 6, 46);
    assert_eq!(hover["range"], range((6, 46), (6, 57)));
    let (_, result) = Editor::with(json!({ "general": { "positionEncodings": ["utf-32", "utf-16"] } }));
    assert_eq!(result["capabilities"]["positionEncoding"], "utf-16");
}

#[test]
fn a_document_that_is_too_large_is_said_to_be() {
    let large = format!("{POLICY}// {}\n", "a".repeat(1 << 20));
    let (mut editor, found) = Editor::opened(&large);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["code"], "SW0101");
    let document = json!({ "textDocument": { "uri": URI } });
    assert_eq!(editor.ask_at("textDocument/completion", 6, 44), Value::Null);
    assert_eq!(editor.ask("textDocument/documentSymbol", document.clone()).unwrap(), json!([]));
    let mut params = at(6, 46);
    params["newName"] = json!("east");
    assert!(editor.ask("textDocument/rename", params).unwrap_err().1.contains("1 MiB"));
    // Smaller again, it is understood again.
    let changes = json!([{ "text": POLICY }]);
    let document = json!({ "uri": URI, "version": 2 });
    editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    assert_eq!(editor.findings(2), Vec::<Value>::new());
    assert!(!labels(&editor.ask_at("textDocument/completion", 6, 44)).is_empty());
}

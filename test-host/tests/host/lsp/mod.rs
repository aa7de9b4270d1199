//! `seawall lsp`, driven as an editor does.
#![allow(clippy::string_slice, reason = "the lints exempt test functions but not their helpers")]

mod client;
mod protocol;

use serde_json::{Value, json};

use client::{Editor, URI, at, range};

/// Two mistakes: a statement and a name. Before them stand letters that count differently in each encoding.
const WRONG: &str = "seawall 1
target openai { cluster \"openai\"  provider openai }
/* */
route chat {
  when `model == \"é𝄞\"`; try opnai
  match path \"/\"
  timeot 30s
}
";

const POLICY: &str = "seawall 1
// 𝄞 é
target openai_east { cluster \"a\"  provider openai }
target openai_west { like openai_east  cluster \"b\" }
retry standard { attempts 3 }
route chat {
  match path \"/\"; when `model == \"𝄞\"`; try openai_east, openai_west
  retry standard
}
";

fn policy() -> Editor {
    let (editor, found) = Editor::opened(POLICY);
    assert_eq!(found, Vec::<Value>::new());
    editor
}

/// Makes one edit of each document of an answer in the text, by UTF-16.
fn edited(text: &str, edits: &Value) -> String {
    let mut edits = edits.as_array().cloned().unwrap_or_default();
    edits.sort_by_key(|edit| {
        let start = &edit["range"]["start"];
        std::cmp::Reverse((start["line"].as_u64(), start["character"].as_u64()))
    });
    let offset = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut left = position["character"].as_u64().unwrap();
        let mut offset = start;
        for c in text[start..].chars() {
            if left == 0 {
                break;
            }
            left -= c.len_utf16() as u64;
            offset += c.len_utf8();
        }
        offset
    };
    let mut new = text.to_string();
    for edit in edits {
        let bytes = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        new.replace_range(bytes, edit["newText"].as_str().unwrap());
    }
    new
}

fn labels(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[test]
fn mistakes_are_told_where_they_are_and_again_when_they_change() {
    let (mut editor, found) = Editor::opened(&WRONG.replace("/* */\n", ""));
    let told: Vec<(&str, &Value)> =
        found.iter().map(|found| (found["code"].as_str().unwrap(), &found["range"])).collect();
    // The letters of the condition before it take three units of UTF-16, and six bytes.
    let name = range((3, 29), (3, 34));
    assert!(told.contains(&("SW0201", &name)), "{told:?}");
    let finding = found.iter().find(|found| found["code"] == "SW0201").unwrap();
    assert_eq!(finding["severity"], 1);
    assert_eq!(finding["source"], "seawall");
    assert!(finding["message"].as_str().unwrap().starts_with("unknown target `opnai`\n"));
    assert!(finding["message"].as_str().unwrap().contains("help: did you mean `openai`?"));
    assert_eq!(finding["relatedInformation"][0]["location"]["range"], range((1, 7), (1, 13)));
    assert_eq!(finding["relatedInformation"][0]["location"]["uri"], URI);
    // Put right by two edits; the second speaks of what the first has left.
    let changes = json!([
        { "range": name, "text": "openai" },
        { "range": range((5, 2), (5, 8)), "text": "timeout" },
    ]);
    let document = json!({ "uri": URI, "version": 2 });
    editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    assert_eq!(editor.findings(2), Vec::<Value>::new());
    // All of it anew.
    let document = json!({ "uri": URI, "version": 3 });
    let changes = json!([{ "text": "seawall 1\n" }]);
    editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    assert_eq!(editor.findings(3)[0]["code"], "SW0109");
    // Nothing is wrong with what isn't there.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
    let told = editor.wait(|message| message["params"]["version"].is_null() && message["method"].is_string());
    assert_eq!(told["params"]["diagnostics"], json!([]));
    assert_eq!(editor.shut_down(), Some(0));
}

#[test]
fn a_place_is_explained() {
    let mut editor = policy();
    let hover = editor.ask_at("textDocument/hover", 4, 19);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("**`attempts`** in `retry`"));
    assert_eq!(hover["contents"]["kind"], "markdown");
    assert_eq!(hover["range"], range((4, 17), (4, 25)));
    // Behind the condition, a name shows its definition.
    let hover = editor.ask_at("textDocument/hover", 6, 45);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("target openai_east { cluster"));
    assert_eq!(hover["range"], range((6, 44), (6, 55)));
    assert_eq!(editor.ask_at("textDocument/hover", 1, 3), Value::Null);
    // A mistake is explained at length.
    let (mut editor, _) = Editor::opened(WRONG);
    let hover = editor.ask_at("textDocument/hover", 4, 30);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("SW0201"), "{hover}");
}

#[test]
fn what_may_be_written_is_proposed() {
    let mut editor = policy();
    let items = editor.ask_at("textDocument/completion", 6, 46);
    assert_eq!(labels(&items)[..2], ["openai_east", "openai_west"]);
    assert_eq!(items[0]["textEdit"]["range"], range((6, 44), (6, 55)));
    assert_eq!(items[0]["textEdit"]["newText"], "openai_east");
    // The start of a line: what a route may hold besides.
    let items = editor.ask_at("textDocument/completion", 7, 2);
    assert!(labels(&items).contains(&"timeout"));
    assert!(!labels(&items).contains(&"match"), "it stands there already");
    // Whole blocks, to be filled in.
    let items = editor.ask_at("textDocument/completion", 9, 0);
    let target = items.as_array().unwrap().iter().find(|item| item["label"] == "target").unwrap();
    assert_eq!(target["insertTextFormat"], 2);
    assert!(target["textEdit"]["newText"].as_str().unwrap().starts_with("target ${1:name} {\n"));
    // Unless the editor can't fill in.
    let (mut editor, _) = Editor::with(json!({}));
    editor.open(POLICY);
    let items = editor.ask_at("textDocument/completion", 9, 0);
    let target = items.as_array().unwrap().iter().find(|item| item["label"] == "target").unwrap();
    assert_eq!(target["textEdit"]["newText"], "target");
}

#[test]
fn names_lead_to_their_definition_and_to_their_uses() {
    let mut editor = policy();
    let definition = editor.ask_at("textDocument/definition", 6, 57);
    assert_eq!(definition, json!({ "uri": URI, "range": range((3, 7), (3, 18)) }));
    let mut params = at(3, 30);
    params["context"] = json!({ "includeDeclaration": true });
    let all = editor.ask("textDocument/references", params.clone()).unwrap();
    let places: Vec<&Value> = all.as_array().unwrap().iter().map(|place| &place["range"]).collect();
    assert_eq!(places, [&range((2, 7), (2, 18)), &range((3, 26), (3, 37)), &range((6, 44), (6, 55))]);
    params["context"]["includeDeclaration"] = json!(false);
    assert_eq!(editor.ask("textDocument/references", params).unwrap().as_array().unwrap().len(), 2);
    assert_eq!(editor.ask_at("textDocument/documentHighlight", 3, 30).as_array().unwrap().len(), 3);
    assert_eq!(editor.ask_at("textDocument/definition", 0, 0), Value::Null);
}

#[test]
fn a_name_is_changed_everywhere_or_it_is_said_why_not() {
    let mut editor = policy();
    let prepared = editor.ask_at("textDocument/prepareRename", 6, 46);
    assert_eq!(prepared, json!({ "range": range((6, 44), (6, 55)), "placeholder": "openai_east" }));
    assert_eq!(editor.ask_at("textDocument/prepareRename", 6, 41), Value::Null);
    let mut params = at(6, 46);
    params["newName"] = json!("east");
    let edit = editor.ask("textDocument/rename", params.clone()).unwrap();
    assert_eq!(edited(POLICY, &edit["changes"][URI]), POLICY.replace("openai_east", "east"));
    params["newName"] = json!("openai_west");
    let (code, message) = editor.ask("textDocument/rename", params).unwrap_err();
    assert_eq!((code, message.as_str()), (-32803, "a `target` named `openai_west` exists already"));
}

#[test]
fn what_is_certain_can_be_put_right() {
    let text = POLICY.replace("attempts 3", "atempts 3");
    let (mut editor, found) = Editor::opened(&text);
    let everywhere = json!({
        "textDocument": { "uri": URI },
        "range": range((0, 0), (99, 0)),
        "context": { "diagnostics": [] },
    });
    let actions = editor.ask("textDocument/codeAction", everywhere.clone()).unwrap();
    let fixable: Vec<&Value> =
        actions.as_array().unwrap().iter().filter(|action| action["kind"] == "quickfix").collect();
    assert!(!fixable.is_empty(), "{found:?}");
    for action in &fixable {
        assert!(found.contains(&action["diagnostics"][0]), "{action}");
        assert_ne!(edited(&text, &action["edit"]["changes"][URI]), text);
    }
    // Only what was asked for: all of it at once, as `seawall check --fix` does.
    let mut all = everywhere.clone();
    all["context"]["only"] = json!(["source"]);
    let actions = editor.ask("textDocument/codeAction", all).unwrap();
    assert_eq!(actions.as_array().unwrap().len(), 1);
    let fixed = edited(&text, &actions[0]["edit"]["changes"][URI]);
    assert!(fixed.contains("{ attempts 3 }"), "{fixed}");
    // Nothing where nothing is wrong.
    let mut nowhere = everywhere;
    nowhere["range"] = range((0, 0), (0, 1));
    nowhere["context"]["only"] = json!(["quickfix"]);
    assert_eq!(editor.ask("textDocument/codeAction", nowhere).unwrap(), json!([]));
}

#[test]
fn a_document_is_formatted_or_left_alone() {
    let params = json!({ "textDocument": { "uri": URI }, "options": { "tabSize": 2, "insertSpaces": true } });
    let text = POLICY.replace("  retry standard\n", "retry     standard   // 𝄞\n");
    let (mut editor, _) = Editor::opened(&text);
    let edits = editor.ask("textDocument/formatting", params.clone()).unwrap();
    assert_eq!(edited(&text, &edits), seawall_policy::format(&text).unwrap());
    let formatted = seawall_policy::format(&text).unwrap();
    let (mut editor, _) = Editor::opened(&formatted);
    assert_eq!(editor.ask("textDocument/formatting", params.clone()).unwrap(), json!([]));
    let (mut editor, _) = Editor::opened("seawall 1\nroute {{{");
    assert_eq!(editor.ask("textDocument/formatting", params).unwrap(), Value::Null);
}

#[test]
fn a_document_has_an_outline_and_folds() {
    let mut editor = policy();
    let document = json!({ "textDocument": { "uri": URI } });
    let symbols = editor.ask("textDocument/documentSymbol", document.clone()).unwrap();
    let names: Vec<&Value> = symbols.as_array().unwrap().iter().map(|symbol| &symbol["name"]).collect();
    assert_eq!(names, ["openai_east", "openai_west", "standard", "chat"]);
    assert_eq!(symbols[3]["range"], range((5, 0), (8, 1)));
    assert_eq!(symbols[3]["selectionRange"], range((5, 6), (5, 10)));
    let folds = editor.ask("textDocument/foldingRange", document).unwrap();
    assert_eq!(folds, json!([{ "startLine": 5, "endLine": 7 }]));
}

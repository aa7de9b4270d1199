//! An editor, as far as the server can tell: it starts `seawall lsp` and speaks over its standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// No answer takes this long; a test that waits in vain shall end.
const GUARD: Duration = Duration::from_secs(60);

pub(crate) struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: Receiver<Value>,
    /// Read while something else was waited for.
    kept: Vec<Value>,
    asked: i64,
}

pub(crate) const URI: &str = "file:///etc/seawall/p%C3%B6licy.seawall";

impl Editor {
    pub(crate) fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_seawall"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let input = server.stdin.take();
        let mut reader = BufReader::new(server.stdout.take().expect("piped"));
        let (sender, output) = channel();
        thread::spawn(move || {
            while let Some(message) = read(&mut reader) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self { server, input, output, kept: Vec::new(), asked: 0 }
    }

    /// One that has shaken hands, with these capabilities.
    pub(crate) fn with(capabilities: Value) -> (Self, Value) {
        let mut editor = Self::start();
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
        let result = editor.ask("initialize", params).expect("it starts");
        editor.tell("initialized", json!({}));
        (editor, result)
    }

    /// One that has this document open. What is found in it is returned too.
    pub(crate) fn opened(text: &str) -> (Self, Vec<Value>) {
        let (mut editor, _) = Self::with(json!({
            "textDocument": {
                "completion": { "completionItem": { "snippetSupport": true } },
                "hover": { "contentFormat": ["markdown"] },
                "publishDiagnostics": { "relatedInformation": true },
            },
        }));
        editor.open(text);
        let found = editor.findings(1);
        (editor, found)
    }

    pub(crate) fn open(&mut self, text: &str) {
        let document = json!({ "uri": URI, "languageId": "seawall", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("open");
        input.write_all(bytes).expect("the server reads");
        input.flush().expect("the server reads");
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The result, or the error's code and message.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, (i64, String)> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut answer = self.wait(|message| message["id"] == id);
        match answer.get("error") {
            Some(error) => {
                let text = error["message"].as_str().unwrap_or_default().to_string();
                Err((error["code"].as_i64().unwrap_or_default(), text))
            }
            None => Ok(answer["result"].take()),
        }
    }

    /// Asks about the document at a place of it.
    pub(crate) fn ask_at(&mut self, method: &str, line: usize, character: usize) -> Value {
        self.ask(method, at(line, character)).expect("an answer")
    }

    /// What is wrong in this version of the document.
    pub(crate) fn findings(&mut self, version: i64) -> Vec<Value> {
        let told = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["version"] == version
        });
        assert_eq!(told["params"]["uri"], URI);
        told["params"]["diagnostics"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index);
        }
        loop {
            let message = self.output.recv_timeout(GUARD).expect("the server answers");
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    /// Closes its side and waits for the end: the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.server.wait().expect("it ends").code()
    }

    pub(crate) fn shut_down(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        self.tell("exit", Value::Null);
        self.end()
    }
}

pub(crate) fn at(line: usize, character: usize) -> Value {
    json!({ "textDocument": { "uri": URI }, "position": { "line": line, "character": character } })
}

pub(crate) fn range(start: (usize, usize), end: (usize, usize)) -> Value {
    json!({
        "start": { "line": start.0, "character": start.1 },
        "end": { "line": end.0, "character": end.1 },
    })
}

/// One message; `None` at the end.
fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

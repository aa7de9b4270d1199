//! The command as it is run.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

const POLICY: &str = "seawall 1\ntarget t { cluster \"c\"  provider openai }\n\
                      route chat { match path \"/v1/chat/completions\"  try t }\n";
const BODY: &str = r#"{"model": "gpt-4.1", "messages": []}"#;

/// Exit code, standard output and standard error; the files stand in the directory in which it runs.
fn run(arguments: &[&str], stdin: &str) -> (i32, String, String, tempfile::TempDir) {
    let here = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("policy", POLICY),
        ("wrong", "seawall 1\nroute a { }\n"),
        ("body.json", BODY),
        (
            "secret.json",
            r#"{"path": "/v1/chat/completions?key=sk-00000000", "headers": {"Authorization": "Bearer sk-12345678"}}"#,
        ),
        ("bad.json", r#"{"path": "/", "headers": {"authorization": 12345678}}"#),
    ] {
        fs::write(here.path().join(name), text).unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_seawall"))
        .current_dir(here.path())
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr), here)
}

#[test]
fn a_policy_or_a_request_is_explained() {
    let (code, out, err, _here) = run(&["policy"], "");
    assert_eq!((code, &*err), (0, ""));
    assert!(out.contains("Route `chat`") && out.contains("What no route takes"), "{out}");
    for (arguments, stdin) in [
        (&["policy", "--request", "body.json"][..], ""),
        (&["policy", "--request", "-"], BODY),
        (&["-", "--request", "body.json"], POLICY),
    ] {
        let (code, out, err, _here) = run(arguments, stdin);
        assert_eq!((code, &*err), (0, ""));
        assert!(out.contains("✓ takes the request") && out.contains("\"gpt-4.1\""), "{out}");
    }
}

#[test]
fn each_format_is_written_where_it_is_asked_for() {
    for (format, start) in [
        ("text", "Policy "),
        ("json", "{\n"),
        ("mermaid", "%% "),
        ("svg", "<svg "),
        ("html", "<!doctype html>"),
    ] {
        let (code, out, _, _here) = run(&["policy", "--format", format], "");
        assert!(code == 0 && out.starts_with(start), "{format}: {out}");
        let (code, printed, _, here) = run(&["policy", "--format", format, "-o", "file"], "");
        assert_eq!((code, &*printed), (0, ""));
        assert_eq!(fs::read_to_string(here.path().join("file")).unwrap(), out);
    }
}

#[test]
fn what_cannot_be_explained_is_said() {
    for (arguments, code, said) in [
        (&["wrong"][..], 1, "error[SW"),
        (&["gone"], 2, "cannot read gone"),
        (&["policy", "--request", "gone.json"], 2, "cannot read gone.json"),
        (&["policy", "--request", "bad.json"], 2, "the header `authorization` must be a string"),
        (&["policy", "--request", "policy"], 2, "isn't JSON"),
        (&["-", "--request", "-"], 2, "can't both come from the standard input"),
        (
            &["policy", "--request", "body.json", "--format", "svg"],
            2,
            "a picture shows the plan of every route",
        ),
        (&["SW0201", "--format", "json"], 2, "SW0201 is a code"),
        (&["policy", "-o", "./policy"], 2, "this would write over policy"),
        (&["policy", "--request", "body.json", "-o", "body.json"], 2, "this would write over body.json"),
        (&["policy", "--request", "-"], 2, "cannot use <stdin>"),
    ] {
        let (ended, out, err, _here) = run(arguments, "");
        assert_eq!((ended, &*out), (code, ""), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
        assert!(!err.contains("12345678"), "{err}");
    }
}

#[test]
fn no_secret_of_a_request_is_printed_in_any_format() {
    for format in ["text", "json", "html"] {
        let (code, out, err, _here) = run(&["policy", "--request", "secret.json", "--format", format], "");
        assert_eq!((code, &*err), (0, ""));
        assert!(
            out.contains("authorization") && !out.contains("12345678") && !out.contains("00000000"),
            "{out}"
        );
    }
}

#[test]
fn a_code_is_still_explained() {
    let (code, out, err, _here) = run(&["SW0201"], "");
    assert_eq!((code, &*err), (0, ""));
    assert!(out.starts_with("SW0201"), "{out}");
}

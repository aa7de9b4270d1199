//! The official test suite: <https://github.com/json-schema-org/JSON-Schema-Test-Suite>, as the Python package jsonschema 4.26.0
//! ships it. `data/` has it by draft, one group of tests a line. Its terms are in `data/LICENSE`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

mod exceptions;

use seawall_schema::{Bounds, Dialect, Fault, Options, Schema, Scratch};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(serde::Deserialize)]
struct Group<'s> {
    file: String,
    description: String,
    #[serde(borrow)]
    schema: &'s RawValue,
    #[serde(borrow)]
    tests: Vec<Test<'s>>,
}

#[derive(serde::Deserialize)]
struct Test<'s> {
    description: String,
    #[serde(borrow)]
    data: &'s RawValue,
    valid: bool,
}

/// What the suite's references to `http://localhost:1234` lead to.
fn remotes() -> Vec<(String, String)> {
    let lines = include_str!("data/remotes.jsonl").lines();
    let remotes = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    remotes.map(|remote| (remote["uri"].as_str().unwrap().to_owned(), remote["schema"].to_string())).collect()
}

/// Failures that no exception explains, and exceptions that nothing needs.
fn failures(draft: &str, dialect: Dialect, groups: &str) -> Vec<String> {
    let (mut failures, mut unused) = (Vec::new(), exceptions::of(draft));
    let remotes = remotes();
    let mut passed = 0;
    for line in groups.lines() {
        let group: Group<'_> = serde_json::from_str(line).unwrap();
        // Given only where something refers to them: several have the same identifiers.
        let is_remote = group.schema.get().contains("localhost:1234");
        let documents: Vec<_> = remotes
            .iter()
            .filter(|(uri, _)| is_remote && exceptions::is_given(draft, group.schema.get(), uri))
            .map(|(uri, text)| (uri.as_str(), text.as_str()))
            .collect();
        let assert_formats = group.file.starts_with("optional/format/") || group.file == "optional/content";
        let options = Options { dialect, assert_formats, documents: &documents, ..Options::default() };
        let schema = Schema::compile(group.schema.get(), &options);
        for test in group.tests {
            let outcome = match &schema {
                Ok(schema) => {
                    match schema.check(test.data.get(), &Bounds::default(), &mut Scratch::default()) {
                        Ok(()) => "valid".to_owned(),
                        Err(Fault::Invalid(_)) => "invalid".to_owned(),
                        Err(other) => other.to_string(),
                    }
                }
                Err(refusal) => refusal.to_string(),
            };
            let is_right = outcome == if test.valid { "valid" } else { "invalid" };
            let name = format!("{} | {} | {}", group.file, group.description, test.description);
            let exception = unused.iter().position(|exception| name.starts_with(exception));
            match (is_right, exceptions::of(draft).iter().any(|exception| name.starts_with(exception))) {
                (true, _) => passed += 1,
                (false, true) => {
                    if let Some(at) = exception {
                        unused.remove(at);
                    }
                }
                (false, false) => failures.push(format!("{draft} | {name}: {outcome}")),
            }
        }
    }
    failures.extend(
        unused.into_iter().map(|exception| format!("{draft}: nothing needs the exception {exception}")),
    );
    println!("{draft}: {passed} passed");
    failures
}

fn pass(draft: &str, dialect: Dialect, groups: &str) {
    let failures = failures(draft, dialect, groups);
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn draft_4_passes() {
    pass("draft4", Dialect::Draft4, include_str!("data/draft4.jsonl"));
}

#[test]
fn draft_6_passes() {
    pass("draft6", Dialect::Draft6, include_str!("data/draft6.jsonl"));
}

#[test]
fn draft_7_passes() {
    pass("draft7", Dialect::Draft7, include_str!("data/draft7.jsonl"));
}

#[test]
fn draft_2019_09_passes() {
    pass("draft2019-09", Dialect::Draft2019, include_str!("data/draft2019-09.jsonl"));
}

#[test]
fn draft_2020_12_passes() {
    pass("draft2020-12", Dialect::Draft2020, include_str!("data/draft2020-12.jsonl"));
}

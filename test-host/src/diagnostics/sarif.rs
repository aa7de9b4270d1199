//! `seawall check --format sarif`: SARIF 2.1.0, which code scanning services and editors read.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>

use std::collections::BTreeSet;

use seawall_policy::{Code, Diagnostic, Mask, Severity};
use serde_json::{Value, json};

use super::envoy::Warning;
use super::places::{Places, Range};
use super::{Judged, STDIN, Unreadable, shown_fix};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run over all policies.
///
/// # Errors
/// None that could come from a policy.
pub fn render(judged: &[Judged], unreadable: &[Unreadable], envoy: &[Warning]) -> anyhow::Result<String> {
    let found = judged.iter().flat_map(|one| &one.checked.diagnostics);
    // Only what was found, in the order of the codes: results refer to their rule by its place here.
    let codes: Vec<Code> = found.map(|found| found.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results = judged.iter().flat_map(|one| results(one, &codes));
    let results: Vec<Value> = results.chain(envoy.iter().map(about_envoy)).collect();
    let mut files: Vec<&str> = judged.iter().map(|one| one.name.as_str()).collect();
    for warning in envoy {
        if !files.contains(&warning.file.as_str()) {
            files.push(&warning.file);
        }
    }
    let artifacts: Vec<Value> = files
        .iter()
        .map(|name| json!({ "location": { "uri": uri(name) }, "roles": ["analysisTarget"] }))
        .collect();
    let notifications: Vec<Value> = unreadable.iter().map(notification).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "seawall",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

/// About a whole file: its lines aren't known.
fn about_envoy(warning: &Warning) -> Value {
    json!({
        "level": "warning",
        "message": { "text": format!("{}\n{}", warning.message, warning.help) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&warning.file) } } }],
    })
}

fn notification(unreadable: &Unreadable) -> Value {
    json!({ "level": "error", "message": { "text": format!("{}: {}", unreadable.name, unreadable.reason) } })
}

fn rule(code: Code) -> Value {
    let explanation = code.explanation();
    let summary = explanation.split("\n\n").next().unwrap_or_default();
    json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": summary.replace('\n', " ") },
        "help": { "text": explanation, "markdown": explanation },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn results(judged: &Judged, codes: &[Code]) -> Vec<Value> {
    let found = &judged.checked.diagnostics;
    let file = File {
        uri: uri(&judged.name),
        places: Places::new(&judged.source),
        mask: Mask::new(&judged.source, found),
    };
    found.iter().map(|found| file.result(found, codes)).collect()
}

struct File<'f> {
    uri: String,
    places: Places<'f>,
    mask: Mask<'f>,
}

impl File<'_> {
    fn result(&self, found: &Diagnostic, codes: &[Code]) -> Value {
        let mut text = self.mask.text(&found.message);
        if !found.label.is_empty() {
            text += &format!(": {}", self.mask.text(&found.label));
        }
        if let Some(help) = &found.help {
            text += &format!("\nhelp: {}", self.mask.text(help));
        }
        let mut result = json!({
            "ruleId": found.code.id(),
            "level": level(found.severity),
            "message": { "text": text },
            "locations": [{ "physicalLocation": self.location(self.places.range(found.span)) }],
        });
        let related: Vec<Value> = found
            .related
            .iter()
            .enumerate()
            .map(|(index, other)| {
                json!({
                    "id": index,
                    "physicalLocation": self.location(self.places.range(other.span)),
                    "message": { "text": self.mask.text(&other.label) },
                })
            })
            .collect();
        let mut add = |key: &str, value: Value| {
            if let Value::Object(result) = &mut result {
                result.insert(key.to_owned(), value);
            }
        };
        if let Some(index) = codes.iter().position(|code| *code == found.code) {
            add("ruleIndex", json!(index));
        }
        if !related.is_empty() {
            add("relatedLocations", json!(related));
        }
        if let Some(fix) = shown_fix(found, &self.mask) {
            let replacements: Vec<Value> = fix
                .edits
                .iter()
                .map(|edit| {
                    json!({
                        "deletedRegion": region(self.places.range(edit.span)),
                        "insertedContent": { "text": edit.replacement },
                    })
                })
                .collect();
            add(
                "fixes",
                json!([{
                    "description": { "text": self.mask.text(&fix.title) },
                    "artifactChanges": [{ "artifactLocation": { "uri": self.uri }, "replacements": replacements }],
                }]),
            );
        }
        result
    }

    fn location(&self, range: Range) -> Value {
        json!({ "artifactLocation": { "uri": self.uri }, "region": region(range) })
    }
}

fn region(range: Range) -> Value {
    json!({
        "startLine": range.start.line,
        "startColumn": range.start.column,
        "endLine": range.end.line,
        "endColumn": range.end.column,
    })
}

/// A path as a URI reference: relative ones stay relative, to whatever the reader takes for the root.
fn uri(name: &str) -> String {
    let path = match name.strip_prefix("./") {
        _ if name == STDIN => "stdin",
        Some(path) => path,
        None => name,
    };
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(byte.into())
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_uri_reference() {
        for (path, wanted) in [
            ("policies/a.seawall", "policies/a.seawall"),
            ("./a b.seawall", "a%20b.seawall"),
            ("/etc/ä:1.seawall", "file:///etc/%C3%A4%3A1.seawall"),
            ("../x", "../x"),
            (super::STDIN, "stdin"),
        ] {
            assert_eq!(uri(path), wanted);
        }
    }
}

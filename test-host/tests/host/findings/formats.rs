//! How findings look in each format. The files are in `tests/golden`.

use seawall_policy::{Checked, Code, Diagnostic, Span};
use seawall_test_host::diagnostics::envoy::Warning;
use seawall_test_host::diagnostics::{Judged, Unreadable, json, sarif, terminal};
use serde_json::Value;

use super::sample::{SECRET, judged};
use crate::bless;

fn formats() -> Vec<(&'static str, String)> {
    let sample = judged();
    let gone =
        Unreadable { name: "gone.seawall".into(), reason: "cannot read gone.seawall: no such file".into() };
    let envoy = [Warning {
        file: "envoy.yaml".into(),
        message: "cluster `east` lacks the filter's upstream half".into(),
        help: "later attempts at streams arrive as a whole".into(),
    }];
    let plain = seawall_policy::render(&sample.name, &sample.source, &sample.checked.diagnostics);
    vec![
        ("findings.plain.txt", plain),
        ("findings.terminal.txt", terminal::render(&sample, false)),
        ("findings.terminal.ansi", terminal::render(&sample, true)),
        (
            "findings.json",
            json::render(std::slice::from_ref(&sample), std::slice::from_ref(&gone), &envoy).unwrap(),
        ),
        ("findings.sarif", sarif::render(&[sample], &[gone], &envoy).unwrap()),
    ]
}

#[test]
fn findings_look_as_recorded_in_every_format() {
    for (file, text) in formats() {
        // A release doesn't change how findings look.
        bless::same(
            file,
            &text.replace(concat!("ersion\": \"", env!("CARGO_PKG_VERSION")), "ersion\": \"0.0.0"),
        );
    }
}

#[test]
fn no_format_tells_a_secret_or_lets_a_policy_steer_the_terminal() {
    for (file, text) in formats() {
        assert!(!text.contains(SECRET) && !text.contains("hunter2"), "{file}:\n{text}");
        // The library's own colours; `[31m` would be the policy's.
        let text = if file.ends_with("ansi") { text.replace("\u{1b}[", "") } else { text };
        let steers = |c: char| {
            c.is_control() && c != '\n' || ('\u{200b}'..='\u{202e}').contains(&c) || c == '\u{feff}'
        };
        assert_eq!(text.find(steers), None, "{file}:\n{text:?}");
    }
    assert!(!terminal::render(&judged(), true).contains("\u{1b}[31m"));
}

#[test]
fn json_says_where_by_line_column_and_offset() {
    let sample = judged();
    let text = json::render(std::slice::from_ref(&sample), &[], &[]).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["policies"][0]["errors"], 7);
    assert_eq!(report["policies"][0]["warnings"], 1);
    for (json, found) in report["diagnostics"].as_array().unwrap().iter().zip(&sample.checked.diagnostics) {
        let offset = |end: &str| usize::try_from(json["range"][end]["offset"].as_u64().unwrap()).unwrap();
        let text = &sample.source[offset("start")..offset("end")];
        assert_eq!(text, found.span.text(&sample.source));
        // The same place again, by line and column; the byte order mark is no column.
        let place = &json["range"]["start"];
        let line = sample.source.trim_start_matches('\u{feff}').lines().nth(index(&place["line"])).unwrap();
        let rest: String = line.chars().skip(index(&place["column"])).collect();
        assert!(rest.starts_with(text.lines().next().unwrap_or_default()), "{json:#}");
    }
}

fn index(one_based: &Value) -> usize {
    usize::try_from(one_based.as_u64().unwrap()).unwrap() - 1
}

/// What SARIF's schema can't say; that the recorded file is valid by the schema was checked with the schema.
#[test]
fn sarif_results_refer_to_their_rules_and_lie_in_their_artifacts() {
    let sample = judged();
    let clean = Judged::new("clean.seawall".into(), "seawall 1\nroute default { pass }\n".into());
    let text = sarif::render(&[sample.clone(), clean], &[], &[]).unwrap();
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().len() > 100, "{rule:#}");
        assert!(
            rule["shortDescription"]["text"].is_string() && rule["defaultConfiguration"]["level"].is_string()
        );
    }
    let artifacts: Vec<&Value> =
        run["artifacts"].as_array().unwrap().iter().map(|artifact| &artifact["location"]["uri"]).collect();
    assert_eq!(artifacts, ["policies/sample.seawall", "clean.seawall"]);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), sample.checked.diagnostics.len());
    for result in results {
        assert_eq!(rules[index_of(&result["ruleIndex"])]["id"], result["ruleId"], "{result:#}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let located = |value: &Value| {
            let place = &value["physicalLocation"];
            assert!(artifacts.contains(&&place["artifactLocation"]["uri"]), "{result:#}");
            ordered(&place["region"]);
        };
        result["locations"].as_array().unwrap().iter().for_each(located);
        result["relatedLocations"].as_array().into_iter().flatten().for_each(located);
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let replacements = fix["artifactChanges"][0]["replacements"].as_array().unwrap();
            assert!(!replacements.is_empty());
            replacements.iter().for_each(|replacement| ordered(&replacement["deletedRegion"]));
        }
    }
    // One of the fixes would repeat the secret.
    let fixes = |result: &&Value| result["fixes"].is_array();
    assert_eq!(results.iter().filter(fixes).count(), 4);
}

fn index_of(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn ordered(region: &Value) {
    let place = |line: &str, column: &str| (region[line].as_u64().unwrap(), region[column].as_u64().unwrap());
    let (start, end) = (place("startLine", "startColumn"), place("endLine", "endColumn"));
    assert!(start.0 >= 1 && start.1 >= 1 && start <= end, "{region:#}");
}

#[test]
fn a_line_too_long_for_the_terminal_is_cut_and_tells_no_secret_either() {
    let mut sample = judged();
    for line in ["target openai_east {", "  try openai_wst"] {
        let padded = format!("{}{line}", " ".repeat(5000));
        let before = sample.source.find(line).unwrap();
        sample.source = sample.source.replacen(line, &padded, 1);
        for found in &mut sample.checked.diagnostics {
            for span in
                [&mut found.span].into_iter().chain(found.related.iter_mut().map(|other| &mut other.span))
            {
                let moved = if span.start as usize > before { 5000 } else { 0 };
                (span.start, span.end) = (span.start + moved, span.end + moved);
            }
        }
    }
    let text = terminal::render(&sample, false);
    assert!(text.contains("^^^^^^^^^^ not defined in this policy"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 250), "{text}");
}

#[test]
fn findings_that_lie_anywhere_are_shown_in_every_format() {
    let source = "a\u{301}ö\r\n\t\"\u{202e}\n\nsk-1 x";
    let size = u32::try_from(source.len()).unwrap() + 3;
    for (start, end) in (0..size).flat_map(|start| (0..size).map(move |end| (start, end))) {
        let (span, other) = (Span { start, end }, Span { start: end, end: start });
        let found =
            Diagnostic::new(Code::SecretInPolicy, span, "x").with_label("here").with_related(other, "there");
        let found = found.with_replacement(span, "y");
        let checked = Checked { policy: None, diagnostics: vec![found] };
        let sample = Judged { name: "p".into(), source: source.into(), checked };
        for text in [
            terminal::render(&sample, false),
            seawall_policy::render("p", source, &sample.checked.diagnostics),
            json::render(std::slice::from_ref(&sample), &[], &[]).unwrap(),
            sarif::render(std::slice::from_ref(&sample), &[], &[]).unwrap(),
        ] {
            assert!(text.contains("SW0308") && text.contains("here") && text.contains("there"), "{text}");
        }
    }
}

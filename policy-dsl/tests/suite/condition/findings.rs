//! What an admin is told about a wrong condition: each line of `tests/condition/*.conditions`, and what was said.

use std::fmt::Write as _;
use std::fs;

use seawall_policy::{Code, Diagnostic, Severity};

use super::support::read;
use crate::bless;

fn told(source: &str, found: &[Diagnostic]) -> String {
    let mut out = format!("{source}\n");
    for finding in found {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let under = finding.span.text(source);
        writeln!(out, "    {severity} {} at «{under}»: {}", finding.code.id(), finding.message).unwrap();
        if !finding.label.is_empty() {
            writeln!(out, "        label: {}", finding.label).unwrap();
        }
        for related in &finding.related {
            writeln!(out, "        at «{}»: {}", related.span.text(source), related.label).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(out, "        help: {help}").unwrap();
        }
        if let Some(fix) = &finding.fix {
            let mut fixed = source.to_string();
            for edit in fix.edits.iter().rev() {
                fixed.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
            }
            writeln!(out, "        fix: {fixed}").unwrap();
        }
    }
    out
}

#[test]
fn every_condition_is_judged_as_recorded() {
    for name in ["errors", "constants"] {
        let file = bless::path(&format!("tests/condition/{name}.conditions"));
        let mut out = String::new();
        for source in fs::read_to_string(file).unwrap().lines() {
            if source.starts_with('#') {
                write!(out, "\n{source}\n\n").unwrap();
                continue;
            }
            let (condition, found) = read(source);
            let errors = found.iter().any(|finding| finding.severity == Severity::Error);
            assert_eq!(condition.is_none(), errors, "{source}: {found:?}");
            out.push_str(&told(source, &found));
        }
        bless::same(&bless::path(&format!("tests/condition/{name}.txt")), &out);
    }
}

#[test]
fn every_code_of_conditions_has_a_case() {
    let recorded = ["errors", "constants"]
        .map(|name| fs::read_to_string(bless::path(&format!("tests/condition/{name}.txt"))).unwrap());
    for code in Code::ALL.iter().filter(|code| code.id().starts_with("SW07")) {
        assert!(recorded.iter().any(|text| text.contains(code.id())), "{}", code.id());
    }
}

/// A fix is for what is certain: applied, it leaves fewer findings.
#[test]
fn every_fix_leads_on() {
    let file = bless::path("tests/condition/errors.conditions");
    for source in fs::read_to_string(file).unwrap().lines().filter(|line| !line.starts_with('#')) {
        let (_, found) = read(source);
        for fix in found.iter().filter_map(|finding| finding.fix.as_ref()) {
            let mut fixed = source.to_string();
            for edit in fix.edits.iter().rev() {
                fixed.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
            }
            let (_, left) = read(&fixed);
            assert!(
                left.len() < found.len() || left.iter().all(|finding| finding.severity == Severity::Warning),
                "{source} -> {fixed}: {left:#?}"
            );
        }
    }
}

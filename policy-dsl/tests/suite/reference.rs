//! The reference in the README: its tables are printed from the vocabulary, its examples are policies.

use std::fmt::Write as _;
use std::fs;

use seawall_policy::vocabulary::{BLOCKS, Block, Presence, Value};
use seawall_policy::{Code, Severity, check, render};

use super::bless;

const BEGIN: &str = "<!-- generated from src/vocabulary/table.rs and src/diagnostic/code.rs: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

fn readme() -> String {
    fs::read_to_string(bless::path("README.md")).unwrap()
}

/// A `|` would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn table(out: &mut String, block: &Block) {
    writeln!(out, "### `{}`\n\n{}\n", block.word, block.doc).unwrap();
    writeln!(out, "| statement | value | unit | allowed | default | example | meaning |").unwrap();
    writeln!(out, "|---|---|---|---|---|---|---|").unwrap();
    let (later, built): (Vec<_>, Vec<_>) =
        block.statements.iter().partition(|statement| statement.value == Value::NotSupported);
    for statement in built {
        let default = match statement.presence {
            Presence::Required => "required".to_string(),
            Presence::Optional(text) => text.to_string(),
            Presence::Default(text) => format!("`{text}`"),
        };
        let value = statement.value;
        let repeats = if statement.repeats { " May stand more than once." } else { "" };
        let cells = [
            &format!("`{}`", statement.word),
            value.kind_text(),
            &value.unit_text(),
            &value.range_text(),
            &default,
            &format!("`{}`", statement.example),
            &format!("{}{repeats}", statement.doc),
        ];
        writeln!(out, "| {} |", cells.map(cell).join(" | ")).unwrap();
    }
    if !later.is_empty() {
        let words: Vec<String> = later.iter().map(|statement| format!("`{}`", statement.word)).collect();
        writeln!(out, "\nNot supported by this version: {}.", words.join(", ")).unwrap();
    }
    out.push('\n');
}

fn generated() -> String {
    let mut out = String::from("\n");
    for block in BLOCKS.iter().filter(|block| block.supported) {
        table(&mut out, block);
    }
    let later: Vec<String> =
        BLOCKS.iter().filter(|block| !block.supported).map(|block| format!("`{}`", block.word)).collect();
    writeln!(out, "Blocks not supported by this version: {}.\n", later.join(", ")).unwrap();
    writeln!(out, "### Findings\n\n| code | severity | meaning |\n|---|---|---|").unwrap();
    for code in Code::ALL {
        writeln!(out, "| {} | {} | {} |", code.id(), code.severity().as_str(), cell(code.title())).unwrap();
    }
    out.push('\n');
    out
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_vocabulary() {
    let readme = readme();
    let (before, rest) = readme.split_once(BEGIN).expect("the mark where the tables begin");
    let (_, after) = rest.split_once(END).expect("the mark where the tables end");
    bless::same(&bless::path("README.md"), &[before, BEGIN, &generated(), END, after].concat());
}

#[test]
fn every_example_of_a_readme_checks_without_a_finding() {
    let readmes = [readme(), fs::read_to_string(bless::path("../README.md")).unwrap()];
    let examples: Vec<&str> = readmes
        .iter()
        .flat_map(|readme| readme.split("```seawall\n").skip(1))
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() >= 4);
    for source in examples {
        let checked = check(source);
        assert!(checked.diagnostics.is_empty(), "{}", render("README.md", source, &checked.diagnostics));
        assert!(checked.policy.is_some());
    }
}

#[test]
fn every_path_in_the_code_map_exists() {
    let readme = readme();
    let paths: Vec<&str> =
        readme.split('`').filter(|text| text.starts_with("src/") || text.starts_with("tests/")).collect();
    assert!(paths.len() > 10);
    for path in paths {
        assert!(bless::path(path).exists(), "README.md names {path}");
    }
}

/// A statement in the least policy that can hold it.
fn around(block: &Block, statement: &str) -> String {
    let word = statement.split(' ').next().unwrap();
    let rest: String = block
        .statements
        .iter()
        .filter(|other| other.presence == Presence::Required && other.word != word)
        .map(|other| format!("  {}\n", other.example))
        .collect();
    let mut source = String::from("seawall 1\n");
    for name in ["openai_east", "openai_west", "backup"] {
        writeln!(source, "target {name} {{ cluster \"c\"  provider openai }}").unwrap();
    }
    for (kind, name) in [("retry", "standard"), ("breaker", "standard")] {
        writeln!(source, "{kind} {name} {{ }}").unwrap();
    }
    let name = if word == "pass" { "default" } else { "example" };
    let rest = if word == "pass" { String::new() } else { rest };
    writeln!(source, "{} {name} {{\n  {statement}\n{rest}}}", block.word).unwrap();
    if block.word != "route" {
        source.push_str("route default { pass }\n");
    }
    source
}

#[test]
fn every_example_and_default_of_the_vocabulary_is_accepted() {
    for block in BLOCKS {
        for statement in block.statements.iter().filter(|statement| statement.value != Value::NotSupported) {
            let written = match statement.presence {
                Presence::Default(text) => format!("{} {text}", statement.word),
                _ => statement.example.to_string(),
            };
            for text in [statement.example, &written] {
                let source = around(block, text);
                let checked = check(&source);
                let errors =
                    checked.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
                assert!(errors == 0, "{}", render("example", &source, &checked.diagnostics));
            }
        }
    }
}

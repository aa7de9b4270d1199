//! The reference in the README: its tables are printed from the vocabulary, its examples are policies.

use std::fmt::Write as _;
use std::fs;

use seawall_policy::condition::{FUNCTIONS, NAMES, OPERATORS, compile};
use seawall_policy::vocabulary::{Block, FIRST, Presence, Statement, blocks, grammar, syntax, values};
use seawall_policy::{Code, Scope, Severity, check, check_as, render};

use super::{bless, literate};

fn readme() -> String {
    fs::read_to_string(bless::path("README.md")).unwrap()
}

/// A `|` would end the cell, a line end the table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ⏎ ")
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn table(out: &mut String, block: &Block) {
    writeln!(out, "### `{}`\n\n{}\n", block.word, block.doc).unwrap();
    writeln!(out, "| statement | type | unit | range | default | example | since | meaning |").unwrap();
    writeln!(out, "|---|---|---|---|---|---|---|---|").unwrap();
    for statement in block.statements {
        let default = match statement.presence {
            Presence::Required => "required".to_string(),
            Presence::Optional(text) => text.to_string(),
            Presence::Default(text) => code(text),
        };
        let word = if statement.word.is_empty() { "*(no word)*".into() } else { code(statement.word) };
        let kind = syntax(&statement.shape);
        let repeats = if statement.repeats { " May stand more than once." } else { "" };
        let cells = [
            &word,
            &if kind.is_empty() { String::new() } else { code(&kind) },
            &statement.shape.unit_text(),
            &statement.shape.range_text(),
            &default,
            &code(statement.example),
            statement.since.unwrap_or("not yet"),
            &format!("{}{repeats}", statement.doc),
        ];
        writeln!(out, "| {} |", cells.map(cell).join(" | ")).unwrap();
    }
    out.push('\n');
}

/// What conditions can say.
fn conditions() -> String {
    let mut out = String::from("\n| name | type | since | meaning |\n|---|---|---|---|\n");
    for name in NAMES {
        let since = if name.supported { FIRST } else { "not yet" };
        let cells = [&code(name.name), &code(name.ty().as_str()), since, name.doc];
        writeln!(out, "| {} |", cells.map(cell).join(" | ")).unwrap();
    }
    for (title, words) in [("function", FUNCTIONS), ("operator, the tightest first", OPERATORS)] {
        writeln!(out, "\n| {title} | example | meaning |\n|---|---|---|").unwrap();
        for word in words {
            let cells = [&code(word.name), &code(word.usage), word.doc];
            writeln!(out, "| {} |", cells.map(cell).join(" | ")).unwrap();
        }
    }
    out.push('\n');
    out
}

fn reference() -> String {
    let mut out = String::from("\n");
    for block in blocks() {
        table(&mut out, block);
    }
    writeln!(out, "### Findings\n\n| code | severity | meaning |\n|---|---|---|").unwrap();
    for code in Code::ALL {
        writeln!(out, "| {} | {} | {} |", code.id(), code.severity().as_str(), cell(code.title())).unwrap();
    }
    out.push('\n');
    out
}

/// The README with what stands between the marks of this name replaced.
fn with_section(readme: &str, name: &str, section: &str) -> String {
    let begin = format!("<!-- generated {name}: begin -->\n");
    let end = format!("<!-- generated {name}: end -->\n");
    let (before, rest) = readme.split_once(&begin).expect("the mark where the section begins");
    let (_, after) = rest.split_once(&end).expect("the mark where the section ends");
    [before, &begin, section, &end, after].concat()
}

/// The policies of the README say themselves what is found in them, as in `tests/literate`.
#[test]
fn the_readme_is_what_the_vocabulary_and_its_policies_make_of_it() {
    let readme = with_section(&readme(), "grammar", &format!("\n```ebnf\n{}```\n\n", grammar()));
    let readme = with_section(&readme, "values", &format!("\n```ebnf\n{}```\n\n", values()));
    let readme = with_section(&readme, "conditions", &conditions());
    let readme = with_section(&readme, "reference", &reference());
    bless::same(&bless::path("README.md"), &literate::as_it_should_be(&readme));
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
fn every_condition_of_the_readme_is_read() {
    let findings = |source: &str| {
        let mut found = Vec::new();
        compile(source, 0, &mut |finding| found.push(finding));
        found
    };
    let readme = readme();
    let examples = readme.split("```cel\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for source in examples.lines() {
        assert!(findings(source).is_empty(), "{source}: {:#?}", findings(source));
    }
    // Those of the tables may be a part of a condition.
    for usage in FUNCTIONS.iter().chain(OPERATORS).flat_map(|word| word.usage.split(" or ")) {
        let whole = [usage.to_string(), format!("{usage} == 1"), format!("{usage} == \"a\"")];
        assert!(whole.iter().any(|source| findings(source).is_empty()), "{usage}");
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

/// What examples refer to.
const AROUND: &str = "seawall 1
target openai_east { cluster \"c\"  provider openai }
target openai_west { cluster \"c\"  provider openai }
target backup { cluster \"c\"  provider openai }
retry standard { }
breaker standard { }
";
const LIMITS: &str = "limit tpm per tenant { 90k tokens/min }\nlimit rpm per tenant { 500 requests/min }\n";

/// The statement in the least policy that can hold it.
fn around(block: &Block, statement: &str) -> String {
    if block.word == "policy" {
        return format!("{AROUND}{statement}\nroute last {{ match path \"/last\"  try backup }}\n");
    }
    let word = statement.split(' ').next().unwrap();
    let is_bare = block.statement(word).is_none();
    let needed = |other: &&Statement| match other.presence {
        Presence::Required => {
            if is_bare {
                !other.word.is_empty()
            } else {
                other.word != word
            }
        }
        _ => false,
    };
    let mut body: String =
        block.statements.iter().filter(needed).map(|other| format!("  {}\n", other.example)).collect();
    if word == "pass" && block.word == "route" {
        return format!("{AROUND}route default {{ {statement} }}\n");
    }
    // What happens in a test happens to the requests below it.
    let at = if matches!(word, "upstream" | "wait" | "request") { 0 } else { body.len() };
    body.insert_str(at, &format!("  {statement}\n"));
    let (outer, parent) = blocks()
        .into_iter()
        .flat_map(|outer| outer.statements.iter().map(move |parent| (outer, parent)))
        .find(|(_, parent)| parent.block().is_some_and(|inner| std::ptr::eq(inner, block)))
        .unwrap();
    let head = match parent.example.split_once('{') {
        Some((head, _)) => head.to_string(),
        None => format!("{} ", parent.example),
    };
    let text = around(outer, &format!("{head}{{\n{body}}}"));
    if statement.starts_with("limit ") && block.word == "route" { text + LIMITS } else { text }
}

#[test]
fn every_example_and_default_of_the_vocabulary_is_accepted() {
    for block in blocks() {
        for statement in block.statements {
            let written = match statement.presence {
                Presence::Default(text) => format!("{} {text}", statement.word),
                _ => statement.example.to_string(),
            };
            for text in [statement.example, &written] {
                let source = around(block, text);
                let checked = check_as(&source, Scope::WholeLanguage);
                let errors =
                    checked.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
                assert!(errors == 0, "{}", render("example", &source, &checked.diagnostics));
                assert!(checked.policy.is_some(), "what checks can be lowered: {source}");
            }
        }
    }
}

#[test]
fn what_this_version_cannot_carry_out_is_refused_and_nothing_else_is() {
    for block in blocks() {
        for statement in block.statements {
            let source = around(block, statement.example);
            let refused = check(&source).diagnostics.iter().any(|found| found.code == Code::NotSupported);
            let inner = seawall_policy::vocabulary::blocks()
                .into_iter()
                .flat_map(|outer| outer.statements)
                .filter(|outer| outer.block().is_some_and(|inner| std::ptr::eq(inner, block)))
                .any(|outer| outer.since.is_none());
            assert_eq!(refused, statement.since.is_none() || inner, "{source}");
        }
    }
}

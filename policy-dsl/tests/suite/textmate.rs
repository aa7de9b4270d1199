//! The TextMate grammar: its words are those of the vocabulary, and what it makes of a policy is recorded.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use seawall_policy::condition::{FUNCTIONS, NAMES};
use seawall_policy::vocabulary::{
    LANGUAGES, Leaf, MULTIPLES, PERCENTILES, PERIODS, POLICY, SIZE_UNITS, Shape, TIME_UNITS, TRIGGERS, blocks,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::bless;

const GRAMMAR: &str = "editors/vscode/syntaxes/seawall.tmLanguage.json";

/// The words that the grammar takes from the vocabulary.
#[derive(Default)]
struct Words {
    /// Definitions with a name: `target`.
    named: BTreeSet<&'static str>,
    statements: BTreeSet<&'static str>,
    /// Words within statements that aren't values: `of at least`.
    fixed: BTreeSet<&'static str>,
    /// Words that are values.
    choices: BTreeSet<&'static str>,
    units: BTreeSet<&'static str>,
    periods: BTreeSet<&'static str>,
    names: BTreeSet<&'static str>,
    functions: BTreeSet<&'static str>,
}

impl Words {
    fn of_the_language() -> Self {
        let mut words = Self::default();
        for block in blocks() {
            for statement in block.statements {
                words.statements.extend(Some(statement.word).filter(|word| !word.is_empty()));
                words.shape(&statement.shape);
            }
        }
        let named = |shape: &Shape| matches!(shape, Shape::Seq([Shape::Leaf(Leaf::Define(_)), ..]));
        let definitions = POLICY.statements.iter().filter(|statement| named(&statement.shape));
        words.named = definitions.map(|statement| statement.word).collect();
        words.choices.extend(PERCENTILES.iter().map(|(word, _)| *word));
        words.choices.extend(TRIGGERS.iter().map(|(word, ..)| *word));
        words.choices.extend(LANGUAGES.iter().map(|(code, _)| *code));
        words.choices.extend(["bearer", "header"]);
        words.fixed.extend(["tokens", "requests", "concurrent", "input", "output", "characters"]);
        words.units = TIME_UNITS.iter().map(|(unit, _)| *unit).collect();
        words.units.extend(SIZE_UNITS.iter().chain(MULTIPLES).map(|(unit, _)| *unit));
        words.units.insert("x");
        words.periods = PERIODS.iter().map(|(period, _)| *period).collect();
        words.names = NAMES.iter().map(|name| name.name).collect();
        words.functions = FUNCTIONS.iter().map(|function| function.name).collect();
        // A word of two kinds is a statement first, and a value last.
        words.fixed = words.fixed.difference(&words.statements).copied().collect();
        words.choices = words.choices.difference(&words.statements).copied().collect();
        words.choices = words.choices.difference(&words.fixed).copied().collect();
        words
    }

    fn shape(&mut self, shape: &'static Shape) {
        match shape {
            Shape::Fixed(words) => self.fixed.extend(words.split(' ')),
            // Signs are operators.
            Shape::Word(word) => {
                self.choices
                    .extend(Some(*word).filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())));
            }
            Shape::Seq(parts) | Shape::OneOf(_, parts) => parts.iter().for_each(|part| self.shape(part)),
            Shape::Maybe(inner) | Shape::List(inner, ..) => self.shape(inner),
            Shape::Leaf(_) | Shape::Sign(_) | Shape::Block(_) => {}
        }
    }
}

/// One of these. Longer ones first, as the first that fits is taken.
fn any(words: &BTreeSet<&str>) -> String {
    let mut words: Vec<String> = words.iter().map(|word| word.replace('.', "\\.")).collect();
    words.sort_by_key(|word| (std::cmp::Reverse(word.len()), word.clone()));
    format!("(?:{})", words.join("|"))
}

/// One of these, and no part of a longer word.
fn word(words: &BTreeSet<&str>) -> String {
    format!("(?<![\\w.-]){}(?![\\w-])", any(words))
}

fn scope(name: &str) -> Value {
    json!({ "name": format!("{name}.seawall") })
}

fn matched(pattern: impl Into<String>, name: &str) -> Value {
    json!({ "match": pattern.into(), "name": format!("{name}.seawall") })
}

fn include(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ "include": format!("#{name}") })).collect()
}

fn grammar(words: &Words) -> Value {
    let quoted = |quote: &str, kind: &str, escapes: &str| {
        json!({
            "begin": quote,
            "end": format!("{quote}|$"),
            "name": format!("string.quoted.{kind}.seawall"),
            "patterns": [matched(escapes, "constant.character.escape"), matched("\\\\.", "invalid.illegal.escape")],
        })
    };
    // Text to a line that holds only the tag, which is remembered from where it begins.
    let inline = |tag: &str, content: &str, patterns: Vec<Value>| {
        json!({
            "begin": format!("(<<)({tag})(?![\\w-])"),
            "end": "^[ \\t]*(\\2)[ \\t\\r]*$",
            "beginCaptures": { "1": scope("keyword.operator"), "2": scope("keyword.other.tag") },
            "endCaptures": { "1": scope("keyword.other.tag") },
            "contentName": content,
            "patterns": patterns,
        })
    };
    json!({
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "Seawall",
        "scopeName": "source.seawall",
        "fileTypes": ["seawall"],
        "patterns": include(&[
            "comment", "version", "definition", "test", "inline-json", "inline", "string", "condition", "pattern",
            "variable", "number", "period", "statement", "choice", "fixed", "operator", "punctuation", "name",
        ]),
        "repository": {
            "comment": matched("//.*$", "comment.line.double-slash"),
            "version": {
                "match": "^\\s*(seawall)[ \\t]+(\\d+)",
                "captures": { "1": scope("keyword.control.version"), "2": scope("constant.numeric") },
            },
            // Some words are a definition at the top and a statement within one; then the brace decides.
            "definition": {
                "match": format!("^\\s*({})[ \\t]+([A-Za-z_][\\w-]*)(?=[^\"/]*\\{{)", any(&words.named)),
                "captures": { "1": scope("keyword.declaration"), "2": scope("entity.name.type") },
            },
            "test": { "match": "^\\s*(test)(?=[ \\t]+\")", "captures": { "1": scope("keyword.declaration") } },
            "inline-json": inline("JSON", "meta.embedded.block.json", vec![json!({ "include": "source.json" })]),
            "inline": inline("[\\w-]+", "string.unquoted.heredoc.seawall", Vec::new()),
            "string": quoted("\"", "double", "\\\\[\"\\\\]"),
            "condition": {
                "begin": "`",
                "end": "`|$",
                "beginCaptures": { "0": scope("punctuation.definition.condition.begin") },
                "endCaptures": { "0": scope("punctuation.definition.condition.end") },
                "contentName": "meta.embedded.line.cel.seawall",
                "patterns": include(&["cel-string", "cel-number", "cel-constant", "cel-function", "cel-name", "cel-operator"]),
            },
            "cel-string": {
                "match": "\"(?:[^\"\\\\`]|\\\\.)*\"|'(?:[^'\\\\`]|\\\\.)*'",
                "name": "string.quoted.cel.seawall",
            },
            "cel-number": matched("(?<![\\w.])(?:0x[0-9A-Fa-f]+|\\d+)\\b", "constant.numeric.cel"),
            "cel-constant": matched("\\b(?:true|false)\\b", "constant.language.cel"),
            "cel-function": matched(format!("\\b{}(?=\\s*\\()", any(&words.functions)), "support.function.cel"),
            "cel-name": matched(format!("(?<![\\w.]){}(?!\\w)", any(&words.names)), "variable.language.cel"),
            "cel-operator": matched("&&|\\|\\||[=!<>]=|[<>!?:+*/%-]|\\bin\\b", "keyword.operator.cel"),
            // A slash that stands free and has something behind it.
            "pattern": {
                "begin": "(?<=\\s|^)/(?![\\s/])",
                "end": "/|$",
                "name": "string.regexp.seawall",
                "patterns": [matched("\\\\.", "constant.character.escape.regexp")],
            },
            "variable": {
                "match": "(?<![\\w.-])(env)(\\.)([A-Za-z_]\\w*)",
                "captures": {
                    "1": scope("keyword.other"),
                    "2": scope("punctuation.accessor"),
                    "3": scope("variable.other.constant"),
                },
            },
            "number": {
                "match": format!("(?<![\\w-])(\\$)?\\d+(?:\\.\\d+)?((?:{})(?![\\w-])|%)?", any(&words.units)),
                "name": "constant.numeric.seawall",
                "captures": { "1": scope("keyword.other.unit"), "2": scope("keyword.other.unit") },
            },
            "period": {
                "match": format!("(?<=\\w)(/)({})(?![\\w-])", any(&words.periods)),
                "captures": { "1": scope("keyword.operator"), "2": scope("keyword.other.unit") },
            },
            "statement": matched(word(&words.statements), "keyword.other.statement"),
            "choice": matched(word(&words.choices), "support.constant"),
            "fixed": matched(word(&words.fixed), "keyword.operator.word"),
            "operator": matched("<=|>=|<|>|\\.\\.", "keyword.operator"),
            "punctuation": matched("[{},;]", "punctuation.separator"),
            "name": matched("(?<![\\w.-])[A-Za-z_][\\w-]*", "variable.other"),
        },
    })
}

/// A mark of all but the words, to tell whether a record belongs to this grammar.
fn structure() -> String {
    let mut mark = String::new();
    for byte in Sha256::digest(grammar(&Words::default()).to_string()).iter().take(8) {
        write!(mark, "{byte:02x}").unwrap();
    }
    mark
}

#[test]
fn the_words_of_the_grammar_are_those_of_the_vocabulary() {
    let mut grammar = grammar(&Words::of_the_language());
    grammar["information_for_contributors"] = json!([
        "Printed from the vocabulary by tests/suite/textmate.rs.",
        format!("structure {}", structure()),
    ]);
    bless::same(&bless::path(GRAMMAR), &(serde_json::to_string_pretty(&grammar).unwrap() + "\n"));
}

#[test]
fn what_the_grammar_makes_of_a_policy_was_recorded_with_this_grammar() {
    let record = fs::read_to_string(bless::path("editors/vscode/test/example.tokens")).unwrap();
    let first = record.lines().next().unwrap_or_default();
    let again = "in editors/vscode: npm install && SEAWALL_BLESS=1 npm test";
    assert_eq!(first, format!("structure {}", structure()), "to record it again, {again}");
    // Each line of the example stands there with its tokens.
    let example = fs::read_to_string(bless::path("editors/vscode/test/example.seawall")).unwrap();
    let recorded: Vec<&str> = record.lines().filter_map(|line| line.strip_prefix('>')).collect();
    assert_eq!(recorded, example.lines().collect::<Vec<_>>(), "to record it again, {again}");
    let checked = seawall_policy::check_as(&example, seawall_policy::Scope::WholeLanguage);
    assert!(checked.policy.is_some(), "{:?}", checked.diagnostics);
}

#[test]
fn the_extension_names_files_that_are_there() {
    let read = |file: &str| -> Value {
        let text = fs::read_to_string(bless::path("editors/vscode").join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let package = read("package.json");
    let contributes = &package["contributes"];
    for file in
        [&package["main"], &contributes["grammars"][0]["path"], &contributes["languages"][0]["configuration"]]
    {
        assert!(bless::path("editors/vscode").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    let grammar = read("syntaxes/seawall.tmLanguage.json");
    assert_eq!(contributes["grammars"][0]["scopeName"], grammar["scopeName"]);
    assert_eq!(contributes["languages"][0]["id"], contributes["grammars"][0]["language"]);
    assert_eq!(read("language-configuration.json")["comments"]["lineComment"], "//");
}

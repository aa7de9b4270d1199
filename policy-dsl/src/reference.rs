//! The files that a policy names. The filter can't read them: `seawall bundle` writes their text into the policy.

use crate::ast::{Block, Value};
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::parser::Scope;
use crate::span::Span;

/// What [`file_references`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct References {
    /// In the order of the source; `None` when the policy has an error.
    pub files: Option<Vec<FileReference>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// `file "…"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReference {
    /// As it is written; relative to the policy's own directory.
    pub path: String,
    /// Whether it must hold JSON, as a schema does.
    pub json: bool,
    /// From `file` to the closing quote: what the text stands in for.
    pub span: Span,
}

/// Finds the files that a policy of the whole language refers to, also where this version can't carry out the statement.
#[must_use]
pub fn file_references(source: &str) -> References {
    let mut sink = Sink::default();
    let files = crate::with_policy(source, Scope::WholeLanguage, &mut sink, |_, file, _| {
        let mut files = Vec::new();
        within(&file.policy, &mut files);
        files
    });
    let mut diagnostics = sink.finish();
    diagnostics.retain(|found| found.severity == Severity::Error);
    References { files, diagnostics }
}

fn within(block: &Block<'_>, files: &mut Vec<FileReference>) {
    for statement in &block.statements {
        let pairs = statement.values.windows(2).zip(statement.spans.windows(2));
        for (values, spans) in pairs {
            if let ([Value::Word("file"), Value::Text(path)], [word, text]) = (values, spans) {
                let json = statement.definition.word == "schema";
                files.push(FileReference { path: path.clone(), json, span: word.to(*text) });
            }
        }
        if let Some(block) = statement.block() {
            within(block, files);
        }
    }
}

//! The Seawall policy language: text in, a typed [`Policy`] or teaching errors out.
//!
//! ```
//! let source = r#"
//! seawall 1
//! target openai { cluster "openai"  provider openai  auth bearer env.OPENAI_API_KEY }
//! route chat { match path "/v1/chat/completions"  try openai  timeout 30s }
//! "#;
//! let checked = seawall_policy::check(source);
//! let policy = checked.policy.expect("no errors");
//! assert_eq!(policy.routes[0].name, "chat");
//!
//! let wrong = source.replace("try openai", "try opnai");
//! let checked = seawall_policy::check(&wrong);
//! assert!(checked.policy.is_none());
//! let text = seawall_policy::render("policy.seawall", &wrong, &checked.diagnostics);
//! assert!(text.contains("did you mean `openai`?"));
//! ```
//!
//! The way of a policy: [`lexer`] → [`parser`] → [`ast`] (as written) → [`check`](mod@check) (names, structure) →
//! [`lower`] → [`policy`] (resolved, with defaults). All words, ranges and defaults stand in [`vocabulary`]. Nothing here
//! does I/O, and nothing panics: the same code runs in the filter, the command line and the browser.
#![forbid(unsafe_code)]

mod ast;
mod check;
pub mod condition;
mod diagnostic;
pub mod explain;
mod fmt;
#[cfg(feature = "output")]
pub mod foreign;
mod hash;
pub mod ide;
mod lexer;
mod lower;
mod parser;
pub mod policy;
pub mod policy_test;
mod reference;
mod span;
mod suggest;
mod token;
pub mod vocabulary;

pub use diagnostic::{Code, Diagnostic, Edit, Fix, Fixed, Mask, Related, Severity, apply, render};
pub use fmt::{Unformatted, format};
pub use parser::Scope;
pub use policy::Policy;
pub use reference::{FileReference, References, file_references};
pub use span::{LineIndex, Position, Span};

use diagnostic::Sink;

/// Larger files are refused. A policy that people read is a thousand times smaller.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;

/// Longest text written in place, such as a schema, without what all of its lines are indented by.
pub const MAX_INLINE_BYTES: usize = 256 << 10;

/// The text, or nothing where nobody looks it up.
const fn doc(text: &'static str) -> &'static str {
    if cfg!(feature = "reference") { text } else { "" }
}

/// What [`check()`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// `None` when there is any error.
    pub policy: Option<Policy>,
    /// Errors and warnings in the order of the source; about a hundred at most, the last then says how many more.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads, checks and resolves a policy. Never panics, whatever the text is, and takes time proportional to its length.
#[must_use]
pub fn check(source: &str) -> Checked {
    check_as(source, Scope::Supported)
}

/// The same for a chosen part of the language. A policy that holds what this version can't carry out must not run.
#[must_use]
pub fn check_as(source: &str, scope: Scope) -> Checked {
    let mut sink = Sink::default();
    let policy = run(source, scope, &mut sink);
    Checked { policy, diagnostics: sink.finish() }
}

fn run(source: &str, scope: Scope, sink: &mut Sink) -> Option<Policy> {
    with_policy(source, scope, sink, |policy, _, _| policy)
}

/// Shows a checked policy together with the tree it was made from.
fn with_policy<T>(
    source: &str,
    scope: Scope,
    sink: &mut Sink,
    then: impl FnOnce(Policy, &ast::File<'_>, &check::Resolved<'_>) -> T,
) -> Option<T> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = "the policy is larger than 1 MiB";
        sink.push(Diagnostic::new(Code::SourceTooLarge, Span::default(), message));
        return None;
    }
    let file = parser::parse(source, scope, sink);
    if file.abandoned {
        return None;
    }
    let resolved = check::check(source, &file, sink);
    if sink.has_errors() {
        return None;
    }
    let policy = lower::policy(&file, &resolved)?;
    check::lint(&file, &resolved, &policy, sink);
    Some(then(policy, &file, &resolved))
}

//! The tests that stand in a policy, for whoever runs them. They are no part of the [`Policy`]: the filter
//! leaves them out, and they don't change its hash.
//!
//! ```
//! use seawall_policy::policy_test::{Step, read};
//!
//! let source = r#"
//! seawall 1
//! target openai { cluster "openai"  provider openai }
//! route chat { match path "/v1/chat/completions"  try openai }
//! test "a request is answered" { request { }  expect { status 200  target openai } }
//! "#;
//! let tests = read(source).tests.expect("no errors");
//! assert_eq!(tests.cases[0].name, "a request is answered");
//! let Step::Request(request) = &tests.cases[0].steps[0] else { panic!("it begins with a request") };
//! assert_eq!(request.expected.len(), 2);
//! ```

mod clusters;
mod lower;

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Sink};
use crate::parser::Scope;
use crate::policy::Policy;
use crate::span::Span;

/// What [`read`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// `None` when the policy has any error, be it only that this version can't carry it out.
    pub tests: Option<Tests>,
    /// All that [`check()`](crate::check()) finds.
    pub diagnostics: Vec<Diagnostic>,
}

/// The tests of a policy, and what is needed to run them.
#[derive(Clone, Debug, PartialEq)]
pub struct Tests {
    /// In the order of the file.
    pub cases: Vec<TestCase>,
    /// The policy as it is to be run: its own text, but targets that share a cluster have one each, so that each has a
    /// provider of its own. Lines are where they were.
    pub policy: String,
    /// Each target, and the cluster that `policy` gives it.
    pub clusters: Vec<(String, String)>,
    /// The environment variables that the policy names, each once.
    pub variables: Vec<String>,
}

/// `test "…" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    pub name: String,
    /// Of its title.
    pub span: Span,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// From here on, the provider behind this target does this.
    Upstream {
        target: String,
        upstream: Upstream,
    },
    Request(Request),
    Wait(Duration),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Upstream {
    /// Nobody listens.
    Refuses,
    /// One after the other, then correct answers.
    Does(Vec<Behaviour>),
}

/// What a provider does with a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    pub what: What,
    /// With how many requests in a row; `None` for all that follow.
    pub times: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Answer(Answer),
    /// The connection breaks before an answer comes.
    Reset,
    /// It breaks in the middle of the answer.
    Cut,
    /// The answer holds JSON that stops in the middle.
    Malformed,
    /// No answer ever comes.
    Hang,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 200 to 599.
    pub status: u16,
    /// Before its headers.
    pub after: Duration,
    /// Between the headers and the first piece of a stream.
    pub first_token: Duration,
    /// Between the pieces of a stream.
    pub between_tokens: Duration,
    /// Names in lower case, each once.
    pub headers: Vec<(String, String)>,
    /// What the model says, in place of a text of the simulation's own.
    pub says: Option<String>,
}

/// What a caller sends, and what must come of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub span: Span,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, each once.
    pub headers: Vec<(String, String)>,
    pub model: String,
    pub stream: bool,
    /// Length of the user's message.
    pub prompt_bytes: Option<u64>,
    /// The whole body, in place of a chat completion made of the above.
    pub body: Option<String>,
    /// So many, one after the other; at least 1.
    pub times: u32,
    /// Holds for each of them.
    pub expected: Vec<Expectation>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    pub wanted: Wanted,
    /// Of its statement.
    pub span: Span,
}

/// What must be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Status(u16),
    /// The target whose answer the caller got.
    Target(String),
    /// So many attempts, at one target or in all.
    Attempts {
        count: u32,
        target: Option<String>,
    },
    /// The value of `x-seawall-reason`.
    Reason(&'static str),
    /// No route took the request.
    Passed,
    /// The answer broke off.
    Cut,
    /// A header of the answer; `None` when there must be none of this name.
    Header {
        name: String,
        value: Option<String>,
    },
    /// What `x-seawall-output` begins with; `None` when there must be none.
    Output(Option<&'static str>),
    /// The body holds this.
    Body(String),
    AtLeast(Duration),
    AtMost(Duration),
}

/// Reads the tests of a policy, and checks it as the filter would.
#[must_use]
pub fn read(source: &str) -> Read {
    let mut sink = Sink::default();
    let tests = crate::with_policy(source, Scope::Supported, &mut sink, |policy, file, resolved| {
        let apart = clusters::apart(source, resolved);
        Some(Tests {
            cases: lower::cases(file)?,
            policy: apart.policy,
            clusters: apart.clusters,
            variables: variables(&policy),
        })
    });
    Read { tests: tests.flatten(), diagnostics: sink.finish() }
}

fn variables(policy: &Policy) -> Vec<String> {
    let mut names: Vec<String> = policy.credentials().map(|auth| auth.variable().name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

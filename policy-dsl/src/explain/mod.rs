//! What a policy does, in plain words: all of it, or what becomes of one request, rule by rule. For people; nothing here
//! runs on the way of a request.
//!
//! ```
//! use seawall_policy::explain::{Explainer, Request};
//!
//! let source = r#"
//! seawall 1
//! target openai { cluster "openai"  provider openai  model "gpt-4.1" }
//! route chat { match path "/v1/chat/completions"  try openai  timeout 30s }
//! "#;
//! let explainer = Explainer::new(source).expect("no errors");
//! assert_eq!(explainer.summary().sections[0].heading, "Route `chat`");
//!
//! let request = Request { path: "/v1/models".into(), ..Request::default() };
//! let document = explainer.request(&request);
//! assert!(document.sections.iter().any(|section| section.heading == "What happens"));
//! ```
//!
//! The whole language is explained, also what this version refuses: a policy is often read before it can run. That it is
//! refused then stands first.
//!
//! An explanation is a [`Document`], which text, JSON and pages are made of alike. It tells the names of environment
//! variables and of headers, but no value that could be a secret: those of request headers that may hold credentials
//! are left out wherever they turn up.

mod attempts;
mod bounds;
mod changes;
mod contract;
mod decision;
mod document;
mod facts;
mod failures;
mod limits;
mod output;
mod picture;
mod places;
mod plan;
mod request;
mod route;
mod sampling;
mod secrets;
mod sequence;
mod summary;
mod target;
mod text;
mod words;
mod written;

pub use document::{Document, Line, Section, Verdict};
pub use picture::{Aside, Column, Node, Picture, Row};
pub use request::{Body, BodyFacts, Request};
pub use sequence::{Attempt, End, Failure, Sequence};

use crate::diagnostic::{Code, Diagnostic, Mask, Severity};
use crate::policy::{Policy, Target, TargetId};
use crate::span::LineIndex;
use crate::{Scope, check, check_as};
use document::Lines;
use written::Written;

/// A policy, ready to be explained.
#[derive(Debug)]
pub struct Explainer<'s> {
    source: &'s str,
    policy: Policy,
    written: Written,
    /// What this version can't carry out, in the order of the source.
    refused: Vec<Diagnostic>,
    mask: Mask<'s>,
}

impl<'s> Explainer<'s> {
    /// Reads a policy of the whole language.
    ///
    /// # Errors
    /// Everything that is found in it, when there is an error among it: such a policy means nothing yet.
    pub fn new(source: &'s str) -> Result<Self, Vec<Diagnostic>> {
        let checked = check_as(source, Scope::WholeLanguage);
        let Some(policy) = checked.policy else { return Err(checked.diagnostics) };
        let mask = Mask::new(source, &checked.diagnostics);
        let mut refused = check(source).diagnostics;
        refused.retain(|found| found.severity == Severity::Error);
        Ok(Self { source, policy, written: Written::of(source), refused, mask })
    }

    /// The policy it explains.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether this version carries the policy out.
    #[must_use]
    pub fn is_supported(&self) -> bool {
        self.refused.is_empty()
    }

    /// The whole policy.
    #[must_use]
    pub fn summary(&self) -> Document {
        let mut document = Document { title: self.title(), sections: Vec::new() };
        document.sections.extend(self.not_supported());
        document.sections.extend(summary::sections(self));
        document.masked(&|text| self.mask.text(text))
    }

    /// What becomes of one request, rule by rule.
    #[must_use]
    pub fn request(&self, request: &Request) -> Document {
        let mut document = Document { title: self.title(), sections: Vec::new() };
        document.sections.extend(self.not_supported());
        document.sections.extend(decision::sections(self, request));
        let secrets = secrets::of(&self.policy, request);
        document.masked(&|text| self.mask.text(&secrets.hide(text)))
    }

    /// The name of the route that takes the request; `None` when it passes untouched.
    #[must_use]
    pub fn route_of(&self, request: &Request) -> Option<&str> {
        decision::route_of(&self.policy, request).map(|route| &*route.name)
    }

    /// Its routes and where they lead, to be drawn.
    #[must_use]
    pub fn picture(&self) -> Picture {
        picture::of(&self.policy).masked(&|text| self.mask.text(text))
    }

    fn title(&self) -> String {
        let Policy { hash, routes, targets, .. } = &self.policy;
        let (routes, targets) = (words::count(routes.len(), "route"), words::count(targets.len(), "target"));
        format!("Policy {hash}: {routes}, {targets}")
    }

    /// Says that the filter refuses the policy, and why.
    fn not_supported(&self) -> Option<Section> {
        if self.refused.is_empty() {
            return None;
        }
        let index = LineIndex::new(self.source);
        let mut lines = Lines::default();
        lines.caution(
            0,
            "",
            "The filter refuses this policy. It is explained below as a version that supports all of it would carry it out.",
        );
        let mut seen: Vec<(String, Vec<String>)> = Vec::new();
        for found in &self.refused {
            let line = index.line_of(found.span.start).to_string();
            let text = match found.message.strip_suffix(" is not supported by this version") {
                Some(what) if found.code == Code::NotSupported => what.to_owned(),
                _ => format!("{}: {}", found.code.id(), found.message),
            };
            match seen.iter_mut().find(|(known, _)| *known == text) {
                Some((_, lines)) if lines.last() == Some(&line) => {}
                Some((_, lines)) => lines.push(line),
                None => seen.push((text, vec![line])),
            }
        }
        for (text, at) in seen {
            let plural = if at.len() == 1 { "line" } else { "lines" };
            lines.say(1, "", format!("{text} in {plural} {}", words::list(&at, "and")));
        }
        Some(lines.section("Not supported by this version"))
    }

    fn target(&self, id: TargetId) -> Option<&Target> {
        self.policy.targets.get(id.0)
    }

    /// A target's name in backticks.
    fn target_name(&self, id: TargetId) -> String {
        words::code(self.target(id).map_or("?", |target| &*target.name))
    }
}

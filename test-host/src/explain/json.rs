//! An explanation as JSON, for scripts and editors.

use serde::Serialize;

use seawall_policy::explain::{self, Document, Explainer, Request};

#[derive(Serialize)]
struct Explanation<'d> {
    /// The policy's hash.
    policy: &'d str,
    /// Whether this version carries the policy out.
    supported: bool,
    /// Only with a request: the route that takes it, or null when it passes untouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Option<&'d str>>,
    title: &'d str,
    sections: Vec<Section<'d>>,
}

#[derive(Serialize)]
struct Section<'d> {
    heading: &'d str,
    lines: Vec<Said<'d>>,
}

#[derive(Serialize)]
struct Said<'d> {
    depth: u8,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'d str,
    text: &'d str,
    /// `yes`, `no` or `caution`.
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'static str,
}

impl<'d> Section<'d> {
    fn of(section: &'d explain::Section) -> Self {
        let said = |line: &'d explain::Line| Said {
            depth: line.depth,
            label: &line.label,
            text: &line.text,
            verdict: line.verdict.as_str(),
        };
        Self { heading: &section.heading, lines: section.lines.iter().map(said).collect() }
    }
}

/// One object, indented.
///
/// # Errors
/// None that can happen: all of it is text and numbers.
pub fn render(
    explainer: &Explainer<'_>,
    document: &Document,
    request: Option<&Request>,
) -> serde_json::Result<String> {
    let explanation = Explanation {
        policy: &explainer.policy().hash,
        supported: explainer.is_supported(),
        route: request.map(|request| explainer.route_of(request)),
        title: &document.title,
        sections: document.sections.iter().map(Section::of).collect(),
    };
    Ok(serde_json::to_string_pretty(&explanation)? + "\n")
}

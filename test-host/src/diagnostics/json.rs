//! `seawall check --format json`: one object, for editors and scripts.
//!
//! ```json
//! {
//!   "version": 1,
//!   "policies": [{ "file": "a.seawall", "hash": null, "errors": 1, "warnings": 0 }],
//!   "unreadable": [{ "file": "b.seawall", "reason": "no such file" }],
//!   "diagnostics": [{
//!     "file": "a.seawall", "code": "SW0201", "severity": "error",
//!     "message": "unknown target `openai_wst`", "label": "not defined in this policy",
//!     "help": "did you mean `openai_west`?",
//!     "range": { "start": { "line": 5, "column": 7, "offset": 93 }, "end": { "line": 5, "column": 17, "offset": 103 } },
//!     "related": [{ "range": …, "label": "…" }],
//!     "fixes": [{ "title": "write `openai_west`", "edits": [{ "range": …, "text": "openai_west" }] }]
//!   }],
//!   "envoy": [{ "file": "envoy.yaml", "message": "cluster `a` lacks …", "help": "…" }]
//! }
//! ```
//!
//! - `hash` is `null` for a policy with errors, `label` and `help` where there is none.
//! - Lines and columns count from 1, columns in characters (Unicode code points); offsets are bytes, from 0. The end of a
//!   range is behind its last character. See [`Place`](super::places::Place).
//! - The edits of a fix belong together and don't overlap; their ranges are those of the text as it was checked. A fix is
//!   left out when it would repeat a secret that stands in the policy.
//! - `envoy` are warnings about the files of `--envoy-config`.
//! - `version` grows when a field changes its meaning or goes. New fields may come without notice.

use seawall_policy::{Diagnostic, Mask};
use serde::Serialize;

use super::envoy::Warning;
use super::places::{Places, Range};
use super::{Judged, Unreadable, shown_fix};

#[derive(Serialize)]
struct Report<'r> {
    version: u32,
    policies: Vec<Policy<'r>>,
    unreadable: Vec<Problem<'r>>,
    diagnostics: Vec<Finding<'r>>,
    envoy: &'r [Warning],
}

#[derive(Serialize)]
struct Policy<'r> {
    file: &'r str,
    hash: Option<&'r str>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Problem<'r> {
    file: &'r str,
    reason: &'r str,
}

#[derive(Serialize)]
struct Finding<'r> {
    file: &'r str,
    code: &'static str,
    severity: &'static str,
    message: String,
    label: Option<String>,
    help: Option<String>,
    range: Range,
    related: Vec<Related>,
    fixes: Vec<Fix<'r>>,
}

#[derive(Serialize)]
struct Related {
    range: Range,
    label: String,
}

#[derive(Serialize)]
struct Fix<'r> {
    title: &'r str,
    edits: Vec<Edit<'r>>,
}

#[derive(Serialize)]
struct Edit<'r> {
    range: Range,
    text: &'r str,
}

/// The object, over several lines.
///
/// # Errors
/// None that could come from a policy.
pub fn render(judged: &[Judged], unreadable: &[Unreadable], envoy: &[Warning]) -> anyhow::Result<String> {
    let policies = judged.iter().map(|one| {
        let (errors, warnings) = one.counts();
        let hash = one.checked.policy.as_ref().map(|policy| policy.hash.as_str());
        Policy { file: &one.name, hash, errors, warnings }
    });
    let unreadable = unreadable.iter().map(|one| Problem { file: &one.name, reason: &one.reason });
    let diagnostics = judged.iter().flat_map(findings);
    let report = Report {
        version: 1,
        policies: policies.collect(),
        unreadable: unreadable.collect(),
        diagnostics: diagnostics.collect(),
        envoy,
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn findings(judged: &Judged) -> Vec<Finding<'_>> {
    let found = &judged.checked.diagnostics;
    let (places, mask) = (Places::new(&judged.source), Mask::new(&judged.source, found));
    found.iter().map(|found| finding(&judged.name, found, &places, &mask)).collect()
}

fn finding<'r>(file: &'r str, found: &'r Diagnostic, places: &Places<'_>, mask: &Mask<'_>) -> Finding<'r> {
    let related = found
        .related
        .iter()
        .map(|other| Related { range: places.range(other.span), label: mask.text(&other.label) });
    let fixes = shown_fix(found, mask).into_iter().map(|fix| Fix {
        title: &fix.title,
        edits: fix
            .edits
            .iter()
            .map(|edit| Edit { range: places.range(edit.span), text: &edit.replacement })
            .collect(),
    });
    Finding {
        file,
        code: found.code.id(),
        severity: found.severity.as_str(),
        message: mask.text(&found.message),
        label: (!found.label.is_empty()).then(|| mask.text(&found.label)),
        help: found.help.as_deref().map(|help| mask.text(help)),
        range: places.range(found.span),
        related: related.collect(),
        fixes: fixes.collect(),
    }
}

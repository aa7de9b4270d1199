//! What `seawall check` says about policies, in each of its formats, and the fixes it makes in them.
//!
//! The plain format is the policy crate's own, as the filter prints it to the log. The others are for those who have more
//! than a log: a terminal, an editor, a code review. In none of them does a secret appear that was written into a policy.

mod clusters;
pub mod envoy;
pub mod halves;
pub mod json;
pub mod layers;
pub mod places;
pub mod repair;
pub mod sarif;
pub mod services;
pub mod terminal;
pub mod tls;

use seawall_policy::{Checked, Diagnostic, Fix, Mask, Severity};

/// The name of a policy that came from the standard input.
pub const STDIN: &str = "<stdin>";

/// A policy and what was found in it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// As it was named on the command line, or [`STDIN`].
    pub name: String,
    pub source: String,
    pub checked: Checked,
}

/// A policy that couldn't be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub name: String,
    pub reason: String,
}

impl Judged {
    /// Checks it.
    #[must_use]
    pub fn new(name: String, source: String) -> Self {
        let checked = seawall_policy::check(&source);
        Self { name, source, checked }
    }

    /// How many errors and how many warnings.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let found = &self.checked.diagnostics;
        let errors = found.iter().filter(|found| found.severity == Severity::Error).count();
        (errors, found.len() - errors)
    }
}

/// `1 error, 3 warnings`; what there is none of is left out.
#[must_use]
pub fn counted((errors, warnings): (usize, usize)) -> String {
    let count = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{number} {what}s")),
    };
    let parts: Vec<String> =
        [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "no findings".into() } else { parts.join(", ") }
}

/// The fix of a finding, unless showing it would show a secret or what steers a terminal. A masked text wouldn't be the
/// fix any more, so then there is none.
fn shown_fix<'d>(found: &'d Diagnostic, mask: &Mask<'_>) -> Option<&'d Fix> {
    let shown =
        |fix: &&Fix| mask.leaves(&fix.title) && fix.edits.iter().all(|edit| mask.leaves(&edit.replacement));
    found.fix.as_ref().filter(shown)
}

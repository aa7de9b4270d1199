//! What `seawall test` prints.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::scenario::Failure;

/// One scenario, in one world.
#[derive(Debug)]
pub struct Report {
    /// The file it stands in.
    pub path: PathBuf,
    pub name: String,
    /// One sentence: what the scenario shows. Empty where its name says it.
    pub about: String,
    /// `None` when the world failed before its end.
    pub time: Option<Duration>,
    /// What is wrong, ready to print; empty when all is well.
    pub problems: Vec<String>,
    /// All that happened.
    pub trace: Vec<String>,
}

/// Lines of a failed scenario's trace that are shown of its beginning, and of its end.
const SHOWN: usize = 40;

impl Report {
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// The scenario's line, what failed, and the trace if it failed or is wanted.
    #[must_use]
    pub fn render(&self, trace: bool) -> String {
        let verdict = if self.passed() { "ok    " } else { "FAILED" };
        let time = self.time.map_or_else(String::new, |time| format!(" ({}ms)", time.as_millis()));
        let mut text = format!("{verdict} {}{time}\n", self.name);
        if !self.passed() && !self.about.is_empty() {
            // Writing to a string can't fail.
            let _ = writeln!(text, "  {}", self.about);
        }
        for problem in &self.problems {
            let _ = writeln!(text, "  {}", problem.trim_end().replace('\n', "\n  "));
        }
        if trace || !self.passed() {
            // Of a long failure its beginning and its end; all of it where it was asked for.
            let left_out = if trace { 0 } else { self.trace.len().saturating_sub(2 * SHOWN) };
            for (number, line) in self.trace.iter().enumerate() {
                if number < SHOWN || number >= SHOWN + left_out {
                    let _ = writeln!(text, "    {line}");
                } else if number == SHOWN {
                    let _ = writeln!(text, "    … {left_out} lines; --trace shows them");
                }
            }
        }
        text
    }
}

/// `file:line:column: text`.
#[must_use]
pub fn placed(path: &Path, failure: &Failure) -> String {
    let place = match failure.line {
        0 => String::new(),
        line => format!(":{line}:{}", failure.column),
    };
    format!("{}{place}: {failure}", path.display())
}

/// The closing line.
#[must_use]
pub fn summary(reports: &[Report]) -> String {
    let failed = reports.iter().filter(|report| !report.passed()).count();
    format!("{} passed, {failed} failed", reports.len() - failed)
}

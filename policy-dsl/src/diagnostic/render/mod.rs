//! Diagnostics as plain text, for logs as well as for terminals: what is shown of the source goes through the
//! [`Mask`], no line grows without bound, and each finding costs little more than the line it stands on.

mod lines;

use super::{Diagnostic, Mask};
use crate::span::LineIndex;
use lines::Marked;

/// Other places shown of one finding.
const MOST_RELATED: usize = 8;

/// All diagnostics, each with its source lines underlined, an empty line between them. `file` is only printed.
#[must_use]
pub fn render(file: &str, source: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = Rendering {
        out: String::new(),
        source,
        lines: &LineIndex::new(source),
        mask: &Mask::new(source, diagnostics),
    };
    for diagnostic in diagnostics {
        if !out.out.is_empty() {
            out.out.push('\n');
        }
        out.one(file, diagnostic);
    }
    out.out
}

struct Rendering<'r> {
    out: String,
    source: &'r str,
    lines: &'r LineIndex,
    mask: &'r Mask<'r>,
}

impl Rendering<'_> {
    fn one(&mut self, file: &str, found: &Diagnostic) {
        let place = self.lines.position(self.source, found.span.start);
        let marked = self.marked(found);
        let widest = marked.last().map_or(place.line, |last| last.number).to_string().len();
        let margin = " ".repeat(widest);
        let (message, file) = (self.mask.text(&found.message), self.mask.text(file));
        self.push(&[found.severity.as_str(), "[", found.code.id(), "]: ", &message, "\n"]);
        let (line, column) = (place.line.to_string(), place.column.to_string());
        self.push(&[&margin, "--> ", &file, ":", &line, ":", &column, "\n", &margin, " |\n"]);
        let mut before: Option<usize> = None;
        for line in &marked {
            if before.is_some_and(|before| before + 1 < line.number) {
                self.push(&["...\n"]);
            }
            before = Some(line.number);
            let number = line.number.to_string();
            let rows = line.rows(self.source, self.lines, self.mask);
            for (index, row) in rows.iter().enumerate() {
                let head = if index == 0 { number.as_str() } else { "" };
                let fill = " ".repeat(widest.saturating_sub(head.len()));
                self.push(&[&fill, head, " | ", row, "\n"]);
            }
        }
        let help = found.help.as_deref();
        let fix = found.fix.as_ref().filter(|fix| !says(help, fix)).map(|fix| fix.title.as_str());
        for (index, (what, text)) in [("help", help), ("fix", fix)]
            .into_iter()
            .filter_map(|(what, text)| text.map(|text| (what, text)))
            .enumerate()
        {
            if index == 0 {
                self.push(&[&margin, " |\n"]);
            }
            let text = self.mask.text(text);
            self.push(&[&margin, " = ", what, ": ", &text, "\n"]);
        }
    }

    /// The lines to show, in order, each with what is marked on it. Of a piece over several lines, the first and the last
    /// are shown.
    fn marked<'d>(&self, found: &'d Diagnostic) -> Vec<Marked<'d>> {
        let mut marked: Vec<Marked<'d>> = Vec::new();
        let related = found.related.iter().take(MOST_RELATED);
        let others = related.map(|other| (other.span, other.label.as_str(), false));
        for (span, label, primary) in [(found.span, found.label.as_str(), true)].into_iter().chain(others) {
            let first = self.lines.line_of(span.start);
            let last = self.lines.line_of(span.end.saturating_sub(1).max(span.start));
            let mut mark = |number, label| {
                let at = marked.partition_point(|line| line.number < number);
                if marked.get(at).is_none_or(|line| line.number != number) {
                    marked.insert(at, Marked { number, marks: Vec::new() });
                }
                if let Some(line) = marked.get_mut(at) {
                    line.marks.push(lines::Mark { span, label, primary });
                }
            };
            if first < last {
                mark(first, "");
            }
            mark(last, label);
        }
        marked
    }

    /// `format!` for pieces that are texts already: a fraction of the code.
    fn push(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.out.push_str(piece);
        }
    }
}

/// Whether the help says already what the fix would do.
fn says(help: Option<&str>, fix: &super::Fix) -> bool {
    let told = |help: &str| {
        help.contains(&fix.title)
            || fix.edits.iter().all(|edit| {
                let text = edit.replacement.trim();
                !text.is_empty() && help.contains(text)
            })
    };
    help.is_some_and(told)
}

#[cfg(test)]
mod tests;

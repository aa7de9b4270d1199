//! The lines of the result. Comments behind code are put in their column last, when all lines are known.

use super::text::width;

/// A line that is wider keeps its comment to itself, so that one long line doesn't push the others' comments away.
const WIDEST_ALIGNED: usize = 80;
/// Spaces before a comment.
const GAP: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Lines<'s> {
    lines: Vec<Line<'s>>,
    /// Lines of one number have their comments in one column.
    group: usize,
}

#[derive(Debug)]
struct Line<'s> {
    text: String,
    comment: Option<&'s str>,
    group: usize,
}

impl<'s> Lines<'s> {
    pub(super) fn push(&mut self, indent: usize, text: &str, comment: Option<&'s str>) {
        let text = [&" ".repeat(indent), text.trim_end()].concat();
        self.lines.push(Line { text, comment, group: self.group });
    }

    /// A line whose spaces have a meaning.
    pub(super) fn verbatim(&mut self, text: String) {
        self.lines.push(Line { text, comment: None, group: self.group });
    }

    pub(super) fn blank(&mut self) {
        self.verbatim(String::new());
    }

    /// The comments of what follows have a column of their own.
    pub(super) fn next_group(&mut self) {
        self.group += 1;
    }

    pub(super) fn finish(self) -> String {
        let mut columns = vec![0; self.group + 1];
        for line in self.lines.iter().filter(|line| line.comment.is_some()) {
            let width = width(&line.text);
            if let Some(column) = columns.get_mut(line.group).filter(|_| width <= WIDEST_ALIGNED) {
                *column = width.max(*column);
            }
        }
        let mut text = String::new();
        for line in self.lines {
            text.push_str(&line.text);
            if let Some(comment) = line.comment {
                let column = columns.get(line.group).copied().unwrap_or(0);
                let space = column.saturating_sub(width(&line.text)) + GAP;
                text.extend(std::iter::repeat_n(' ', space));
                text.push_str(comment);
            }
            text.push('\n');
        }
        text
    }
}

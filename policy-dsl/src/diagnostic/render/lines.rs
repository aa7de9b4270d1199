//! One line of the source and what is marked on it: `^^^` under what is wrong, `---` under what belongs to it.

use crate::diagnostic::Mask;
use crate::diagnostic::mask::visible;
use crate::span::{LineIndex, Span};

/// A tab is shown as this many spaces, so that the underline stays below its text.
const TAB: usize = 4;
/// Of a line longer than this, only the part around the mark is shown.
const WIDEST: usize = 120;
/// Characters kept in front of the mark when a line is cut.
const LEAD: usize = 40;

pub(super) struct Marked<'d> {
    pub(super) number: usize,
    pub(super) marks: Vec<Mark<'d>>,
}

pub(super) struct Mark<'d> {
    /// May reach beyond the line.
    pub(super) span: Span,
    pub(super) label: &'d str,
    pub(super) primary: bool,
}

/// A mark in columns of the shown line.
struct Under {
    start: usize,
    end: usize,
    label: String,
    sign: char,
}

impl Marked<'_> {
    /// The line as it is shown, then the rows under it.
    pub(super) fn rows(&self, source: &str, lines: &LineIndex, mask: &Mask<'_>) -> Vec<String> {
        let (start, text) = lines.line(source, self.number);
        let shown = Shown::new(start, text, self.focus(), mask);
        let under = |mark: &Mark<'_>| {
            // What reaches into the line from above begins where its text does.
            let inner = start + (text.len() - text.trim_start().len());
            let first = (mark.span.start as usize).max(inner.min(mark.span.end as usize));
            let first = if (mark.span.start as usize) < start { first } else { mark.span.start as usize };
            let begin = shown.column(first);
            let sign = if mark.primary { '^' } else { '-' };
            let end = shown.column(mark.span.end as usize).max(begin + 1);
            Under { start: begin, end, label: mask.text(mark.label), sign }
        };
        // There are few, and this spares the module a sort.
        let mut unders: Vec<Under> = Vec::new();
        for under in self.marks.iter().map(under) {
            let last = (under.start, under.sign == '^');
            let at = unders.partition_point(|other| (other.start, other.sign == '^') <= last);
            unders.insert(at, under);
        }
        let mut rows = vec![shown.text];
        labels(&mut rows, &unders);
        rows
    }

    /// Around what the line is cut: what is wrong, if it is on this line.
    fn focus(&self) -> usize {
        let focus = self.marks.iter().find(|mark| mark.primary).or(self.marks.first());
        focus.map_or(0, |mark| mark.span.start as usize)
    }
}

/// The underlines in one row, and behind it the last label, if nothing stands in its way. The other labels hang below.
fn labels(rows: &mut Vec<String>, unders: &[Under]) {
    let mut row: Vec<char> = Vec::new();
    // What is wrong is drawn last, so that it stays whole.
    for sign in ['-', '^'] {
        for under in unders.iter().filter(|under| under.sign == sign) {
            row.resize(row.len().max(under.end), ' ');
            for cell in row.iter_mut().take(under.end).skip(under.start) {
                *cell = sign;
            }
        }
    }
    let mut row: String = row.into_iter().collect();
    let mut hanging: Vec<&Under> = unders.iter().collect();
    if let Some((last, others)) = unders.split_last()
        && others.iter().all(|other| other.end <= last.start)
    {
        if !last.label.is_empty() {
            row.push(' ');
            row.push_str(&last.label);
        }
        hanging.pop();
    }
    rows.push(row);
    hanging.retain(|under| !under.label.is_empty());
    if !hanging.is_empty() {
        rows.push(bars(&hanging));
    }
    while let Some(under) = hanging.pop() {
        let mut row = bars(&hanging);
        // Of two that begin together, the upper one has no bar to leave room for.
        row.truncate(under.start);
        row.push_str(&" ".repeat(under.start.saturating_sub(row.len())));
        row.push_str(&under.label);
        rows.push(row);
    }
}

fn bars(hanging: &[&Under]) -> String {
    let mut row = String::new();
    for under in hanging {
        if row.len() <= under.start {
            row.push_str(&" ".repeat(under.start - row.len()));
            row.push('|');
        }
    }
    row
}

/// The part of a line that is shown.
struct Shown {
    text: String,
    /// Byte offset in the source and column of each shown character.
    columns: Vec<(usize, usize)>,
    width: usize,
}

impl Shown {
    fn new(line_start: usize, line: &str, focus: usize, mask: &Mask<'_>) -> Self {
        let cut = line.chars().nth(WIDEST).is_some();
        // Counted from the focus, not from the start of the line, which may be a million characters away.
        let ahead = line.get(..focus.saturating_sub(line_start)).unwrap_or(line);
        let skipped = if cut { ahead.char_indices().rev().nth(LEAD - 1).map_or(0, |(at, _)| at) } else { 0 };
        let mut shown = Self { text: String::new(), columns: Vec::new(), width: 0 };
        if skipped > 0 {
            shown.text.push('…');
            shown.width = 1;
        }
        let mut chars = line.get(skipped..).unwrap_or("").char_indices();
        for (at, c) in chars.by_ref().take(WIDEST) {
            let at = line_start + skipped + at;
            shown.columns.push((at, shown.width));
            match c {
                _ if mask.hides(at) => shown.text.push('*'),
                '\t' => {
                    shown.text.push_str("    ");
                    shown.width += TAB - 1;
                }
                c => shown.text.push(visible(c)),
            }
            shown.width += 1;
        }
        if chars.next().is_some() {
            shown.text.push('…');
        }
        shown.text.truncate(shown.text.trim_end().len());
        shown
    }

    /// Where the character at this offset is shown. What was cut away is where the cut is.
    fn column(&self, offset: usize) -> usize {
        let index = self.columns.partition_point(|(at, _)| *at < offset);
        match self.columns.get(index) {
            Some((at, _)) if index == 0 && *at > offset => 0,
            Some((_, column)) => *column,
            None => self.width,
        }
    }
}

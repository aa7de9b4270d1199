//! Where things stand in a policy, for the formats that programs read.

use seawall_policy::{LineIndex, Span};
use serde::Serialize;

/// The places of one source.
#[derive(Debug)]
pub struct Places<'s> {
    source: &'s str,
    lines: LineIndex,
}

/// From the first character to the one behind the last. The two are equal where something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub start: Place,
    pub end: Place,
}

/// Line and column count from 1. Columns count characters (Unicode code points), and a byte order mark isn't one.
/// Offsets count the bytes of the file from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    pub offset: u32,
}

impl<'s> Places<'s> {
    #[must_use]
    pub fn new(source: &'s str) -> Self {
        Self { source, lines: LineIndex::new(source) }
    }

    #[must_use]
    pub fn range(&self, span: Span) -> Range {
        Range { start: self.place(span.start), end: self.place(span.end) }
    }

    fn place(&self, offset: u32) -> Place {
        let position = self.lines.position(self.source, offset);
        Place { line: position.line, column: position.column, offset }
    }

    /// The first of the lines that hold these spans, and the bytes of all of them, without the last line break.
    pub(super) fn lines(&self, spans: impl Iterator<Item = Span>) -> (usize, std::ops::Range<usize>) {
        let (mut first, mut last) = (usize::MAX, 1);
        for span in spans {
            first = first.min(self.lines.line_of(span.start));
            last = last.max(self.lines.line_of(span.end.max(span.start)));
        }
        let first = first.min(last);
        let (start, _) = self.lines.line(self.source, first);
        let (last_start, text) = self.lines.line(self.source, last);
        (first, start..last_start + text.len())
    }
}

//! Where in the source a thing was written, and how to say it to a person.

/// A range of bytes of the source, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// From byte offsets. What lies beyond 4 GiB is cut off; [`crate::check()`] refuses far smaller files.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let cut = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: cut(start), end: cut(end) }
    }

    /// From the start of this one to the end of `last`.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end.max(self.start) }
    }

    /// The text it covers; empty when it doesn't belong to this source.
    #[must_use]
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// A place as editors count it: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// The line starts of one source, so that a lookup costs a binary search.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Byte offset of the first character of each line. Starts with the first line, so it is never empty.
    starts: Vec<usize>,
}

/// Editors on Windows put it first. It is no character of the policy and counts as no column.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

impl LineIndex {
    /// Reads the source once.
    #[must_use]
    pub fn new(source: &str) -> Self {
        let first = if source.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let later = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(first).chain(later).collect() }
    }

    /// The line of a byte offset, from 1. Takes no reading of the line, which may be a long one.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> usize {
        self.starts.partition_point(|start| *start <= offset as usize).max(1)
    }

    /// Line and column of a byte offset; one behind the end counts as the end.
    #[must_use]
    pub fn position(&self, source: &str, offset: u32) -> Position {
        let offset = (offset as usize).min(source.len());
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = source.get(start..offset).unwrap_or("").chars().count() + 1;
        Position { line, column }
    }

    /// The line's byte offset and its text without the line break. Lines count from 1.
    #[must_use]
    pub fn line<'s>(&self, source: &'s str, line: usize) -> (usize, &'s str) {
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(source.len());
        let end = self.starts.get(line).copied().unwrap_or(source.len());
        (start, source.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_not_the_byte_order_mark() {
        let source = "\u{feff}aé b\r\nc";
        let lines = LineIndex::new(source);
        let b = u32::try_from(source.find('b').unwrap()).unwrap();
        assert_eq!(lines.position(source, b), Position { line: 1, column: 4 });
        assert_eq!(lines.line(source, 1), (3, "aé b"));
        let end = u32::try_from(source.len()).unwrap();
        assert_eq!(lines.position(source, end), Position { line: 2, column: 2 });
        assert_eq!(lines.position(source, 0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(source, 9_999), Position { line: 2, column: 2 });
    }
}

//! Places as the protocol counts them: lines from 0, and within a line bytes or UTF-16 code units, as was agreed.

use std::ops::Range;

use lsp_types::Position;
use seawall_policy::Span;

/// What one character of a position counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// A character beyond the first 65,536 counts two.
    Utf16,
}

impl Encoding {
    fn units(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
        }
    }
}

/// A text and where its lines start.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) text: String,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl Lines {
    pub(super) fn new(text: String, encoding: Encoding) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            // `\r\n` is one end of a line; a lone `\r` is one too.
            if *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at + 1);
            }
        }
        Self { text, starts, encoding }
    }

    /// The byte offset of a position. One behind the end of its line counts as that end, one behind the last line as the end
    /// of the text, and one within a character as its start.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let (mut offset, mut left) = (start, position.character as usize);
        for c in self.line(line).chars() {
            let units = self.encoding.units(c);
            if units > left {
                break;
            }
            left -= units;
            offset += c.len_utf8();
        }
        offset
    }

    /// The position of a byte offset; one behind the end of the text counts as its end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let units: usize = before.chars().map(|c| self.encoding.units(c)).sum();
        let cut = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: cut(line), character: cut(units) }
    }

    /// The line's text without its end.
    fn line(&self, line: usize) -> &str {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    pub(super) fn range(&self, span: Span) -> lsp_types::Range {
        self.range_of(span.start as usize..span.end as usize)
    }

    pub(super) fn range_of(&self, bytes: Range<usize>) -> lsp_types::Range {
        lsp_types::Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The bytes of a range; an end before its start counts as the start.
    pub(super) fn bytes(&self, range: lsp_types::Range) -> Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn positions_count_what_was_agreed() {
        let text = "aé𝄞b\r\nc\rd\n";
        for (encoding, positions) in [
            (Encoding::Utf16, [(0, 0), (0, 1), (0, 2), (0, 4)]),
            (Encoding::Utf8, [(0, 0), (0, 1), (0, 3), (0, 7)]),
        ] {
            let lines = Lines::new(text.into(), encoding);
            for ((line, character), letter) in positions.into_iter().zip(["a", "é", "𝄞", "b"]) {
                let offset = text.find(letter).unwrap();
                assert_eq!(lines.position(offset), at(line, character), "{letter} {encoding:?}");
                assert_eq!(lines.offset(at(line, character)), offset, "{letter} {encoding:?}");
            }
            for (offset, position) in
                [(8, at(0, lines.position(8).character)), (10, at(1, 0)), (12, at(2, 0)), (14, at(3, 0))]
            {
                assert_eq!(lines.position(offset), position, "{offset} {encoding:?}");
                assert_eq!(lines.offset(position), offset, "{offset} {encoding:?}");
            }
        }
    }

    #[test]
    fn positions_that_are_nowhere_are_moved_to_the_nearest_place() {
        let lines = Lines::new("aé𝄞b\r\nc".into(), Encoding::Utf16);
        // Behind the end of a line, behind the last line, between the halves of a character.
        assert_eq!(lines.offset(at(0, 99)), 8);
        assert_eq!(lines.offset(at(0, u32::MAX)), 8);
        assert_eq!(lines.offset(at(9, 0)), lines.text.len());
        assert_eq!(lines.offset(at(0, 3)), 3);
        assert_eq!(lines.position(99), at(1, 1));
        assert_eq!(lines.bytes(lsp_types::Range { start: at(1, 1), end: at(0, 0) }), 11..11);
        assert_eq!(Lines::new(String::new(), Encoding::Utf8).offset(at(0, 5)), 0);
    }
}

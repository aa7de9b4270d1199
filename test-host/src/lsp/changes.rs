//! From one text to another, by pieces.

use std::ops::Range;

use lsp_types::{TextDocumentContentChangeEvent, TextEdit};

use super::lines::{Encoding, Lines};

/// Makes the changes in their order; each speaks of the text that the one before has left.
pub(super) fn apply(
    mut text: String,
    changes: Vec<TextDocumentContentChangeEvent>,
    encoding: Encoding,
) -> String {
    for change in changes {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change) => {
                let mut lines = Lines::new(text, encoding);
                let bytes = lines.bytes(change.range);
                // Both ends are on characters, as they come from positions.
                lines.text.replace_range(bytes, &change.text);
                text = lines.text;
            }
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(change) => {
                text = change.text
            }
        }
    }
    text
}

/// The lines in which two texts differ, as one edit; none when they don't. What is alike before and behind stays, so that
/// an editor keeps its cursor.
pub(super) fn difference(old: &Lines, new: &str) -> Vec<TextEdit> {
    if old.text == new {
        return Vec::new();
    }
    let alike = |(a, b): &(&str, &str)| a == b;
    let length = |(line, _): (&str, &str)| line.len();
    let pairs = old.text.split_inclusive('\n').zip(new.split_inclusive('\n'));
    let before: usize = pairs.take_while(alike).map(length).sum();
    let (old_rest, new_rest) = (old.text.get(before..).unwrap_or(""), new.get(before..).unwrap_or(""));
    let pairs = old_rest.split_inclusive('\n').rev().zip(new_rest.split_inclusive('\n').rev());
    let behind: usize = pairs.take_while(alike).map(length).sum();
    let bytes: Range<usize> = before..old.text.len().saturating_sub(behind);
    let new_text = new_rest.get(..new_rest.len().saturating_sub(behind)).unwrap_or("").to_string();
    vec![TextEdit { range: old.range_of(bytes), new_text }]
}

#[cfg(test)]
mod tests {
    use lsp_types::{
        Position, TextDocumentContentChangePartial as Partial,
        TextDocumentContentChangeWholeDocument as Whole,
    };

    use super::*;

    fn partial(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let position = |(line, character)| Position { line, character };
        let range = lsp_types::Range { start: position(from), end: position(to) };
        Partial { range, text: text.into(), ..Default::default() }.into()
    }

    #[test]
    fn each_change_speaks_of_what_the_one_before_has_left() {
        let changes = vec![
            Whole { text: "é one\ntwo".into() }.into(),
            partial((0, 2), (0, 5), "𝄞 1"),
            partial((0, 4), (1, 1), ""),
            partial((9, 9), (9, 9), "!"),
            partial((0, 0), (0, 0), "x"),
        ];
        assert_eq!(apply("gone".into(), changes, Encoding::Utf16), "xé 𝄞wo!");
    }

    #[test]
    fn a_difference_is_the_lines_that_differ() {
        for (old, new) in [
            ("a\nb\nc\n", "a\nB\nc\n"),
            ("a\nb\nc\n", "a\nc\n"),
            ("a\nc\n", "a\nb\nc\n"),
            ("a\na\n", "a\n"),
            ("a", "a\n"),
            ("", "a\n"),
            ("a\r\nb", "a\nb\n"),
            ("é\n", ""),
        ] {
            let lines = Lines::new(old.into(), Encoding::Utf16);
            let edits = difference(&lines, new);
            let [edit] = edits.as_slice() else { panic!("{old:?} {new:?}: {edits:?}") };
            let mut text = old.to_string();
            text.replace_range(lines.bytes(edit.range), &edit.new_text);
            assert_eq!(text, new);
        }
        let lines = Lines::new("a\nb\nc\nd\n".into(), Encoding::Utf16);
        assert_eq!(difference(&lines, "a\nB\nc\nd\n")[0].new_text, "B\n");
        assert_eq!(difference(&lines, &lines.text), []);
    }
}

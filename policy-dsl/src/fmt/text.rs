//! How tokens are written beside each other.

use crate::parser::dedent;
use crate::span::Span;
use crate::token::{Kind, Token};

/// A token as it will be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
}

impl<'s> Word<'s> {
    pub(super) fn new(source: &'s str, kind: Kind, span: Span) -> Self {
        Self { kind, text: Token { kind, span }.span.text(source) }
    }
}

/// Whether nothing stands between these: `tokens/min`, `$2`, `env.NAME`, `a,`.
fn joined(before: Kind, after: Kind) -> bool {
    matches!(after, Kind::Comma | Kind::Dot | Kind::Slash)
        || matches!(before, Kind::Dot | Kind::Slash | Kind::Dollar)
}

/// On one line, single spaces in between. Of a text written in place, only its first line.
pub(super) fn join(words: &[Word<'_>]) -> String {
    let mut text = String::new();
    let mut before: Option<Kind> = None;
    for word in words {
        if before.is_some_and(|before| !joined(before, word.kind)) {
            text.push(' ');
        }
        text.push_str(if word.kind == Kind::Inline { first_line(word.text) } else { word.text });
        before = Some(word.kind);
    }
    text
}

/// Cut behind each comma, where a line may end.
pub(super) fn chunks(words: &[Word<'_>]) -> Vec<String> {
    words.split_inclusive(|word| word.kind == Kind::Comma).map(join).collect()
}

/// In characters, as editors count columns.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim_end()
}

/// The lines below `<<JSON`, its last one included. What all of them are indented by is layout; the rest is the text
/// itself and stays, trailing spaces too.
pub(super) fn inline_lines(text: &str, indent: usize) -> Vec<String> {
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    let (body, tag) = body.rsplit_once('\n').unwrap_or(("", body));
    let content = dedent(body);
    let mut lines = Vec::new();
    if !content.is_empty() {
        // Where all lines are blank, none tells how far they are indented, so nothing can be added.
        let blank = content.trim().is_empty();
        let space = if blank { 0 } else { indent + super::INDENT };
        let indented =
            |line: &str| if line.is_empty() { String::new() } else { [&" ".repeat(space), line].concat() };
        lines.extend(content.split('\n').map(indented));
        // The last line end of the source belongs to the layout, so an empty last line needs one more.
        if content.ends_with('\n') {
            lines.push(String::new());
        }
    }
    lines.push([&" ".repeat(indent), tag.trim()].concat());
    lines
}

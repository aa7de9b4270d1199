//! Diagnostics as plain text. It goes to logs as well as to terminals, so nothing of the source may steer a terminal, no
//! line grows without bound, and a secret that was written into the policy is not repeated.

use super::{Code, Diagnostic};
use crate::span::{LineIndex, Span};

/// A tab is shown as this many spaces, so that the underline stays below its text.
const TAB: usize = 4;
/// Of a line longer than this, only the part around the underline is shown.
const WIDEST: usize = 120;
/// Characters kept in front of the underline when a line is cut.
const LEAD: usize = 40;

/// All diagnostics, each with its source line underlined, an empty line between them. `file` is only printed.
#[must_use]
pub fn render(file: &str, source: &str, diagnostics: &[Diagnostic]) -> String {
    let lines = LineIndex::new(source);
    let secrets: Vec<Span> = diagnostics
        .iter()
        .filter(|found| found.code == Code::SecretInPolicy)
        .map(|found| found.span)
        .collect();
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        one(&mut out, file, source, &lines, &secrets, diagnostic);
    }
    out
}

fn one(out: &mut String, file: &str, source: &str, lines: &LineIndex, secrets: &[Span], found: &Diagnostic) {
    let place = lines.position(source, found.span.start);
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let (start, text) = lines.line(source, place.line);
    let (shown, before, under) = excerpt(start, text, found.span, secrets);

    push(out, &[found.severity.as_str(), "[", found.code.id(), "]: ", &printable(&found.message), "\n"]);
    push(out, &[&margin, "--> ", file, ":", &number, ":", &place.column.to_string(), "\n"]);
    push(out, &[&margin, " |\n", &number, " | ", &shown, "\n"]);
    push(out, &[&margin, " | ", &" ".repeat(before), &"^".repeat(under)]);
    if !found.label.is_empty() {
        push(out, &[" ", &printable(&found.label)]);
    }
    out.push('\n');
    if let Some(help) = &found.help {
        push(out, &[&margin, " |\n", &margin, " = help: ", &printable(help), "\n"]);
    }
}

/// The line as it is shown, and how many columns stand before the underline and under it.
fn excerpt(line_start: usize, text: &str, span: Span, secrets: &[Span]) -> (String, usize, usize) {
    let hidden =
        |at: usize| secrets.iter().any(|span| (span.start as usize..span.end as usize).contains(&at));
    let (first, last) = (span.start as usize, span.end as usize);
    let first_char = text.char_indices().take_while(|(at, _)| line_start + at < first).count();
    let cut = text.chars().nth(WIDEST).is_some();
    let skip = if cut { first_char.saturating_sub(LEAD) } else { 0 };

    let (mut shown, mut before, mut under) = (String::new(), 0, 0);
    if skip > 0 {
        shown.push('…');
        before += 1;
    }
    let mut chars = text.char_indices().skip(skip);
    for (at, c) in chars.by_ref().take(WIDEST) {
        let at = line_start + at;
        let width = if c == '\t' { TAB } else { 1 };
        match c {
            _ if hidden(at) => shown.push('*'),
            '\t' => shown.push_str("    "),
            c => shown.push(visible(c)),
        }
        let width = if hidden(at) { 1 } else { width };
        if at < first {
            before += width;
        } else if at < last {
            under += width;
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    shown.truncate(shown.trim_end().len());
    (shown, before, under.max(1))
}

/// A line of its own, whatever it is made of.
fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// Control characters, and those that change the direction or hide text, become a mark.
fn visible(c: char) -> char {
    let steers =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    if c.is_control() || steers { '\u{fffd}' } else { c }
}

/// `format!` for pieces that are texts already: a fraction of the code.
fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

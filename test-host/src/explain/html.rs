//! An explanation as one page that needs nothing else.

use std::fmt::Write as _;

use seawall_policy::explain::{Document, Line, Section, Verdict};

use crate::html::{escaped, head};

const STYLE: &str = "\
code { background: var(--code); border-radius: 4px; padding: 0 .25em; font: .9em ui-monospace, Menlo, Consolas, monospace }
.line { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0 1rem; margin: .2rem 0 }
.label { color: var(--grey); max-width: 16rem } .none { grid-template-columns: 1fr }
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: 1.5rem 0 }
.picture svg { display: block }
";

/// A whole page; `picture` is an SVG document, which stands first when there is one.
#[must_use]
pub fn render(document: &Document, picture: Option<&str>) -> String {
    let mut out = head(&document.title, STYLE);
    if let Some(picture) = picture {
        // Writing to a string doesn't fail.
        let _ = writeln!(out, "<div class=\"picture\">\n{picture}</div>");
    }
    for section in &document.sections {
        let _ = write_section(&mut out, section);
    }
    out += "</html>\n";
    out
}

fn write_section(out: &mut String, section: &Section) -> std::fmt::Result {
    writeln!(out, "<section>\n<h2>{}</h2>", marked(&section.heading))?;
    for line in &section.lines {
        write_line(out, line)?;
    }
    writeln!(out, "</section>")
}

fn write_line(out: &mut String, line: &Line) -> std::fmt::Result {
    let verdict = match line.verdict {
        Verdict::None => "",
        Verdict::Yes => " class=\"yes\"",
        Verdict::No => " class=\"no\"",
        Verdict::Caution => " class=\"caution\"",
    };
    let indent = f32::from(line.depth) * 1.75;
    let text = marked(&line.text);
    if line.label.is_empty() {
        return writeln!(
            out,
            "<div class=\"line none\" style=\"margin-left:{indent}rem\"><span{verdict}>{text}</span></div>"
        );
    }
    let label = marked(&line.label);
    writeln!(
        out,
        "<div class=\"line\" style=\"margin-left:{indent}rem\"><span class=\"label\">{label}</span><span{verdict}>{text}</span></div>"
    )
}

/// Escaped, with what stands in backticks as code. Nothing but the looks depends on where those are.
fn marked(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        match (index % 2 == 1, index + 1 == parts.len()) {
            (true, false) => out += &format!("<code>{}</code>", escaped(part)),
            // One that is never closed stands for itself.
            (true, true) => out += &format!("`{}", escaped(part)),
            (false, _) => out += &escaped(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_make_code_and_nothing_makes_tags() {
        assert_eq!(marked("a `b<i>` c"), "a <code>b&lt;i&gt;</code> c");
        assert_eq!(marked("a ` b"), "a ` b");
        assert_eq!(marked("\"<script>'&"), "&quot;&lt;script&gt;&#39;&amp;");
    }
}

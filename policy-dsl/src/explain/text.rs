//! An explanation as text for people.

use std::fmt;

use super::document::{Document, Line, Section, Verdict};

/// Characters of a line, unless a single word is longer.
const WIDTH: usize = 100;

/// Longer labels don't push the text beside the others of their kind further to the right.
const LABEL: usize = 16;

impl fmt::Display for Document {
    /// In lines of at most 100 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for section in &self.sections {
            write!(f, "\n{section}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.heading)?;
        // Where the text of each depth begins: a line stands below the text of the one that it belongs to.
        let mut starts = vec![2];
        let mut widths: Vec<Option<usize>> = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let depth = usize::from(line.depth);
            widths.truncate(depth + 1);
            widths.resize(depth + 1, None);
            let width = match widths.get(depth).copied().flatten() {
                Some(width) => width,
                None => label_width(self.lines.get(index..).unwrap_or_default(), line.depth),
            };
            if let Some(known) = widths.get_mut(depth) {
                *known = Some(width);
            }
            starts.truncate(depth + 1);
            let start = starts.last().copied().unwrap_or(2);
            starts.push(start + if depth == 0 && width > 0 { width.min(LABEL) + 2 } else { 2 });
            write_line(f, line, start, width)?;
        }
        Ok(())
    }
}

/// The longest label among the lines that stand at this depth, one below the other.
fn label_width(lines: &[Line], depth: u8) -> usize {
    let siblings = lines.iter().take_while(|line| line.depth >= depth).filter(|line| line.depth == depth);
    let widths = siblings.map(|line| line.label.chars().count()).filter(|width| *width <= LABEL);
    widths.max().unwrap_or_default()
}

fn write_line(f: &mut fmt::Formatter<'_>, line: &Line, start: usize, width: usize) -> fmt::Result {
    let mut out = " ".repeat(start);
    let mark = match line.verdict {
        Verdict::None => "",
        Verdict::Yes => "✓ ",
        Verdict::No => "✗ ",
        Verdict::Caution => "! ",
    };
    let mut begin = start;
    if !line.label.is_empty() || width > 0 {
        begin += width + 2;
        let length = line.label.chars().count();
        out += &line.label;
        if length > width {
            // Too long to stand beside the text.
            out += "\n";
            out += &" ".repeat(begin);
        } else {
            out += &" ".repeat(width - length + 2);
        }
    }
    let mut column = begin + mark.chars().count();
    out += mark;
    let hanging = begin + mark.chars().count();
    let mut is_first = true;
    for word in line.text.split(' ') {
        let length = word.chars().count();
        if !is_first && column + 1 + length > WIDTH && column > hanging {
            out.push('\n');
            out += &" ".repeat(hanging);
            column = hanging;
        } else if !is_first {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += length;
        is_first = false;
    }
    writeln!(f, "{}", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::document::Lines;

    #[test]
    fn lines_wrap_below_their_text() {
        let mut lines = Lines::default();
        lines.say(0, "retry", "word ".repeat(25).trim_end());
        lines.say(1, "", "below");
        lines.answer(0, "a", "yes", true);
        lines.say(0, "", "no label");
        let text = lines.section("Heading").to_string();
        let expected = format!(
            "Heading\n  retry  {}\n         {}\n         below\n  a      ✓ yes\n         no label\n",
            "word ".repeat(18).trim_end(),
            "word ".repeat(7).trim_end(),
        );
        assert_eq!(text, expected);
    }
}

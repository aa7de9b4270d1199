//! Changes of the text that a program may make by itself.

use crate::span::Span;

/// How to change the text so that the finding is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words: "write `openai_west`".
    pub title: String,
    /// All of them or none. They don't overlap.
    pub edits: Vec<Edit>,
}

/// One piece of text to be written over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes. Empty where something is only added.
    pub span: Span,
    /// What comes. Empty where something is only removed.
    pub replacement: String,
}

/// A text with fixes made in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub text: String,
    /// Which of the fixes were made, by their place in what was given.
    pub made: Vec<usize>,
}

/// Makes as many of the fixes as go together, the first ones first. One that touches another is left out, as is one that
/// doesn't fit the source or changes nothing: what is left to do shows when the new text is checked.
#[must_use]
pub fn apply(source: &str, fixes: &[&Fix]) -> Fixed {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut made = Vec::new();
    for (index, fix) in fixes.iter().enumerate() {
        let before = edits.len();
        let fits = fix.edits.iter().all(|edit| {
            let fits = is_within(source, edit.span) && edits.iter().all(|other| apart(other.span, edit.span));
            edits.push(edit);
            fits
        });
        let changes = fix.edits.iter().any(|edit| edit.span.text(source) != edit.replacement);
        if fits && changes {
            made.push(index);
        } else {
            edits.truncate(before);
        }
    }
    edits.sort_by_key(|edit| edit.span.start);
    let (mut text, mut at) = (String::with_capacity(source.len()), 0);
    for edit in edits {
        text.push_str(source.get(at..edit.span.start as usize).unwrap_or(""));
        text.push_str(&edit.replacement);
        at = edit.span.end as usize;
    }
    text.push_str(source.get(at..).unwrap_or(""));
    Fixed { text, made }
}

fn is_within(source: &str, span: Span) -> bool {
    span.start <= span.end && source.get(span.start as usize..span.end as usize).is_some()
}

/// Not even side by side: two pieces of text that meet may become one word.
fn apart(a: Span, b: Span) -> bool {
    a.end < b.start || b.end < a.start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(edits: &[(usize, usize, &str)]) -> Fix {
        let edit = |(start, end, text): &(usize, usize, &str)| Edit {
            span: Span::new(*start, *end),
            replacement: (*text).to_string(),
        };
        Fix { title: String::new(), edits: edits.iter().map(edit).collect() }
    }

    fn applied(source: &str, fixes: &[Fix]) -> (String, Vec<usize>) {
        let fixed = apply(source, &fixes.iter().collect::<Vec<_>>());
        (fixed.text, fixed.made)
    }

    #[test]
    fn fixes_that_lie_apart_are_made_together() {
        let fixes = [fix(&[(8, 9, "C"), (0, 1, "A")]), fix(&[(4, 4, "+")]), fix(&[(11, 12, "")])];
        assert_eq!(applied("a   b   c  d", &fixes), ("A   +b   C  ".into(), vec![0, 1, 2]));
    }

    #[test]
    fn of_fixes_that_touch_only_the_first_is_made_and_a_fix_is_never_made_in_part() {
        let fixes = [fix(&[(2, 4, "x")]), fix(&[(8, 9, "y"), (4, 5, "y")]), fix(&[(3, 3, "z")])];
        assert_eq!(applied("0123456789", &fixes), ("01x456789".into(), vec![0]));
    }

    #[test]
    fn a_fix_that_does_not_fit_or_changes_nothing_is_left_out() {
        let fixes =
            [fix(&[(1, 2, "x")]), fix(&[(0, 99, "x")]), fix(&[(3, 2, "x")]), fix(&[(0, 0, "")]), fix(&[])];
        assert_eq!(applied("öab", &fixes), ("öab".into(), vec![]));
        assert_eq!(applied("abc", &[fix(&[(0, 1, "a")])]).1, Vec::<usize>::new());
    }
}

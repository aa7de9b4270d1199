//! The text of one condition and the findings about it.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::span::Span;
use crate::suggest;
use crate::token;

/// The condition and where it stands in the policy. All spans are those of the policy.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) text: &'s str,
    pub(super) offset: u32,
}

impl<'s> Source<'s> {
    /// From byte offsets inside the condition.
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        let span = Span::new(start, end);
        Span { start: span.start.saturating_add(self.offset), end: span.end.saturating_add(self.offset) }
    }

    /// What is written there.
    pub(super) fn text(self, span: Span) -> &'s str {
        let inside = |at: u32| at.saturating_sub(self.offset) as usize;
        self.text.get(inside(span.start)..inside(span.end)).unwrap_or("")
    }
}

/// Takes the findings and remembers whether one refuses the condition.
pub(super) struct Report<'s, 'r> {
    pub(super) source: Source<'s>,
    pub(super) report: &'r mut dyn FnMut(Diagnostic),
    pub(super) failed: bool,
}

impl<'s> Report<'s, '_> {
    pub(super) fn push(&mut self, finding: Diagnostic) {
        self.failed |= finding.severity == Severity::Error;
        (self.report)(finding);
    }

    /// An error with its help; no label or help when they are empty.
    #[inline(never)]
    pub(super) fn error(&mut self, code: Code, span: Span, message: &[&str], label: &str, help: &[&str]) {
        self.push(finding(code, span, message, label, help));
    }

    /// An error that is mended by other text in its place; not by a program when there is none.
    #[inline(never)]
    pub(super) fn mend(&mut self, code: Code, span: Span, message: &[&str], help: &[&str], instead: &str) {
        let found = finding(code, span, message, "", help);
        self.push(if instead.is_empty() { found } else { found.with_replacement(span, instead) });
    }

    /// A name or a function that doesn't exist: with the one that was probably meant, or else with those there are.
    #[inline(never)]
    pub(super) fn unknown(&mut self, span: Span, what: &str, meant: Option<&str>, known: &str) {
        let found = finding(Code::ConditionName, span, &[what, &self.quote(span)], "", &[]);
        self.push(match meant {
            Some(meant) => found.with_suggestion(meant),
            None => found.with_help(known),
        });
    }

    pub(super) fn text(&self, span: Span) -> &'s str {
        self.source.text(span)
    }

    /// What is written there, for a message.
    pub(super) fn quote(&self, span: Span) -> String {
        token::quote(self.text(span))
    }
}

pub(super) fn finding(code: Code, span: Span, message: &[&str], label: &str, help: &[&str]) -> Diagnostic {
    let mut found = Diagnostic::new(code, span, message.concat());
    found.label.push_str(label);
    if !help.is_empty() {
        found.help = Some(help.concat());
    }
    found
}

/// Whether two words differ at most in upper and lower case, hyphens and underscores.
pub(super) fn alike(a: &str, b: &str) -> bool {
    fn plain(word: &str) -> impl Iterator<Item = u8> + '_ {
        word.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
    }
    plain(a).eq(plain(b))
}

/// The known word that was probably meant.
pub(super) fn nearest<'c>(word: &str, mut known: impl Iterator<Item = &'c str> + Clone) -> Option<&'c str> {
    let same = known.clone().find(|candidate| alike(candidate, word));
    same.or_else(|| suggest::only_nearest(word, &mut known))
}

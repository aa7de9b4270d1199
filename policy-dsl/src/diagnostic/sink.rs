//! Where the stages leave their findings.

use super::{Code, Diagnostic, Severity};
use crate::span::Span;

/// Collects the findings of every stage.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    found: Vec<Diagnostic>,
    errors: usize,
    dropped: usize,
}

impl Sink {
    /// Nobody reads more, and each costs memory, time and lines of a log.
    const MOST: usize = 100;

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
        }
        if !self.is_full() {
            return self.insert(diagnostic);
        }
        self.dropped += 1;
        // INVARIANT: every secret lies under the span of a shown report, as that is what hides it when the source is
        // rendered. So one too many widens the report before it.
        if diagnostic.code == Code::SecretInPolicy {
            match self.found.iter_mut().rfind(|shown| shown.code == Code::SecretInPolicy) {
                Some(shown) => shown.span = shown.span.to(diagnostic.span),
                None => self.insert(diagnostic),
            }
        }
    }

    /// At its place in the order of the source. There are few, so this is cheap, and it spares the module a sort.
    fn insert(&mut self, diagnostic: Diagnostic) {
        let at = self.found.partition_point(|earlier| earlier.span.start <= diagnostic.span.start);
        self.found.insert(at, diagnostic);
    }

    /// Takes back what the lexer said about text that is now reported as a whole.
    pub(crate) fn retract(&mut self, span: Span) {
        let before = self.found.len();
        self.found.retain(|found| {
            let of_lexer = matches!(found.code, Code::StrayCharacter | Code::Unterminated);
            !of_lexer || found.span.start < span.start || found.span.end > span.end
        });
        self.errors = self.errors.saturating_sub(before - self.found.len());
    }

    /// Whether more would only be counted; then the search for a suggestion can be saved.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= Self::MOST
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// In the order of the source.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0
            && let Some(last) = self.found.last()
        {
            let message = ["too many findings: ", &self.dropped.to_string(), " more are not shown"].concat();
            self.found.push(
                Diagnostic::new(Code::TooManyErrors, last.span, message).with_label("the last one shown"),
            );
        }
        self.found
    }
}

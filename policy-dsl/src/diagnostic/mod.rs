//! What is wrong with a policy, and how it is told. Texts are lowercase and put what was written in backticks; what to
//! do about it stands apart, in `help`.

mod code;
mod render;

pub use code::Code;
pub use render::render;

use crate::policy::EnvVar;
use crate::span::Span;

/// Errors refuse the policy; warnings are for what loads and can't be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One line, lowercase, without a full stop.
    pub message: String,
    /// What is underlined.
    pub span: Span,
    /// Said at the underline; may be empty.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of the code's own severity, with neither label nor help.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            label: String::new(),
            help: None,
        }
    }

    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// For the host that runs the policy: only it knows its environment, only the policy knows where the name stands.
    #[must_use]
    pub fn environment_not_set(variable: &EnvVar) -> Self {
        let message = ["environment variable `", &variable.name, "` is not set"].concat();
        Self::new(Code::EnvironmentNotSet, variable.span, message)
            .with_label("named here")
            .with_help("set it where the proxy runs and let the plugin see it (Envoy: `vm_config.environment_variables`)")
    }
}

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

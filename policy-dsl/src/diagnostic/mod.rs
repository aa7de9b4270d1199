//! What is wrong with a policy, and how it is told. Texts are lowercase and put what was written in backticks; what to
//! do about it stands apart, in `help`.

mod code;
mod explain;
mod fix;
mod mask;
mod render;
mod sink;

pub use code::Code;
pub use fix::{Edit, Fix, Fixed, apply};
pub use mask::Mask;
pub use render::render;
pub(crate) use sink::Sink;

use crate::policy::EnvVar;
use crate::span::Span;
use crate::suggest::did_you_mean;

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
    /// Other places that belong to it, such as where a name was first defined.
    pub related: Vec<Related>,
    /// What to write instead.
    pub help: Option<String>,
    /// A change of the text that is certain to be what was meant, so that a program may make it.
    pub fix: Option<Fix>,
}

/// A second place of a finding, and what is to be seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub span: Span,
    /// As short as a label: "first defined here".
    pub label: String,
}

// Called from a hundred places each: kept out of line, they cost the filter less.
impl Diagnostic {
    /// A finding of the code's own severity, with nothing but its message.
    #[must_use]
    #[inline(never)]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    #[must_use]
    #[inline(never)]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    #[inline(never)]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at another place too.
    #[must_use]
    #[inline(never)]
    pub fn with_related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// Says how the text is to be changed, under a title such as "swap them". Only for what is certain: `seawall check
    /// --fix` does it without asking. The edits must not overlap.
    #[must_use]
    #[inline(never)]
    pub fn with_fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// The fix that writes `text` where `span` is: an insertion when the span is empty, a removal when the text is.
    #[must_use]
    #[inline(never)]
    pub fn with_replacement(self, span: Span, text: impl Into<String>) -> Self {
        let replacement = text.into();
        let title = match (span.start == span.end, replacement.is_empty()) {
            (_, true) => "remove it".to_string(),
            (true, _) => ["add `", replacement.trim(), "`"].concat(),
            (false, _) => ["write `", replacement.trim(), "`"].concat(),
        };
        self.with_fix(title, vec![Edit { span, replacement }])
    }

    /// "Did you mean `bearer`?", and the fix that writes it where the finding is. Only when no other word is as near.
    #[must_use]
    #[inline(never)]
    pub fn with_suggestion(self, meant: &str) -> Self {
        let span = self.span;
        self.with_help(did_you_mean(meant)).with_replacement(span, meant)
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

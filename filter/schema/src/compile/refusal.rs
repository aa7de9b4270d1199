use std::fmt;

/// Why a schema can't be honoured, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// JSON pointer of the culprit; in another document than the schema's own, behind that one's URI.
    pub pointer: String,
    pub reason: String,
}

impl Refusal {
    pub(super) fn new(pointer: String, reason: impl Into<String>) -> Self {
        Self { pointer, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "the root" } else { &self.pointer };
        write!(to, "{pointer}: {}", self.reason)
    }
}

impl std::error::Error for Refusal {}

use std::fmt;

/// What is wrong, and where. Of the document it tells only names, in the pointer; the message is made of the schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// JSON pointer into the document.
    pub instance: String,
    /// JSON pointer into the schema, to the keyword; in another document than the schema's own, behind that one's URI.
    pub schema: String,
    /// `false` where the schema allows nothing.
    pub keyword: &'static str,
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instance = if self.instance.is_empty() { "the root" } else { &self.instance };
        write!(to, "{instance}: {}", self.message)
    }
}

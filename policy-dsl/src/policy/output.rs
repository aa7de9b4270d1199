//! What an answer must be like, and what happens to one that isn't.

use super::{Audit, Drift, Judge};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// JSON Schema of what each choice of the answer says.
    pub schema: Option<Document>,
    /// The schemas that a request brings along hold too: that of its answer's format, and those of its tools' arguments.
    pub schema_from_request: bool,
    /// In order; never empty.
    pub invalid: Vec<InvalidAction>,
    /// Regular expressions.
    pub deny: Vec<String>,
    pub require: Vec<String>,
    /// The members that an answer in JSON may have; any when empty.
    pub fields: Vec<String>,
    /// Characters of the text.
    pub least_characters: Option<u32>,
    pub most_characters: Option<u32>,
    pub language: Option<Languages>,
    /// How it may end; anyhow when empty.
    pub finish: Vec<FinishWord>,
    /// It isn't to be a refusal.
    pub denies_refusals: bool,
    /// Calls only tools that the request declares, with arguments that are JSON.
    pub tools_declared: bool,
    /// Most times that a passage may follow itself.
    pub repeats: Option<u32>,
    /// A stream that can't become valid any more is ended.
    pub ends_hopeless: bool,
    pub judge: Option<Judge>,
    pub drift: Option<Drift>,
    pub audit: Option<Audit>,
}

/// The languages that an answer may be in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Languages {
    /// By their codes in ISO 639-1.
    Listed(Vec<String>),
    /// That in which the user has asked last.
    OfRequest,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FinishWord {
    Stop,
    Length,
    ToolCalls,
    /// It declined, or a content filter stopped it.
    Refused,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// The text itself.
    Inline(String),
    /// A file that `seawall bundle` has yet to put in; the filter refuses it.
    File(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidAction {
    Repair,
    Retry(u32),
    FailOver,
    Reject,
    Pass,
}

//! What an answer says, whatever its dialect.

use crate::stream::Finish;

/// All choices of an answer, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) choices: Vec<Choice>,
}

/// One of them. Reasoning is none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) number: u32,
    /// Its text, all parts together.
    pub(crate) text: String,
    /// What it says in place of an answer.
    pub(crate) refusal: String,
    pub(crate) calls: Vec<Call>,
    /// Why the model stopped, once it has said so.
    pub(crate) finish: Option<Finish>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// JSON, as the model wrote it; dialects that have an object in its place tell that as it is written.
    pub(crate) arguments: String,
    /// They are no JSON but free text: those of OpenAI's custom tools.
    pub(crate) is_text: bool,
}

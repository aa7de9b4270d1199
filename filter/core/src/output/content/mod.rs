//! What an answer says, whatever its dialect.
//!
//! | part | does |
//! |---|---|
//! | [`Reading`] | reads an answer that is here in full, and writes it with other texts |
//! | [`Collector`] | reads an answer on its way |
//! | `builder` | puts together what both have read |
//! | `chat`, `responses`, `blocks`, `gemini` | find it in one event, or in an answer in one piece |
//!
//! Reasoning is left out everywhere, and so are calls of tools that the provider runs itself: those are none of the caller's.

mod blocks;
mod builder;
mod chat;
mod collector;
mod gemini;
mod json;
mod reading;
mod responses;
#[cfg(test)]
mod tests;

use self::builder::Builder;
pub(crate) use self::collector::Collector;
pub(crate) use self::json::{settled, unescape};
pub(crate) use self::reading::Reading;
use crate::body::{Failure, Outline};
use crate::stream::{Dialect, Finish};

/// All choices of an answer, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) choices: Vec<Choice>,
}

impl Content {
    /// Its calls that have begun to say what they give their tools, and whose names are complete therefore.
    pub(crate) fn begun_calls(&self) -> impl Iterator<Item = &Call> {
        self.choices.iter().flat_map(|choice| &choice.calls).filter(|call| call.has_begun())
    }
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
    /// It hands over something else, too: a picture, sound, an action to take or to allow; or the model only pauses.
    pub(crate) has_more: bool,
    /// Why the model stopped, once it has said so.
    pub(crate) finish: Option<Finish>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// JSON, as the model wrote it; dialects that have an object in its place tell that as it is written.
    pub(crate) arguments: String,
    /// They are no JSON that could be read: the free text of OpenAI's custom tools; those that Vertex AI sends member by member.
    pub(crate) is_text: bool,
}

impl Call {
    /// Whether anything of its arguments is here, so that its name is complete.
    pub(crate) fn has_begun(&self) -> bool {
        !self.arguments.trim_ascii_start().is_empty()
    }
}

/// Reads one event, or an answer in one piece; whether it can be read.
fn read(dialect: Dialect, json: &[u8], outline: &mut Outline, to: &mut Builder) -> bool {
    let root = match outline.read(json, json::matters) {
        Ok(root) => root,
        Err(failure) => {
            to.overflows |= failure == Failure::TooLarge;
            return false;
        }
    };
    match (root.member(b"choices"), dialect) {
        // Many providers speak it beside their own dialect.
        (Some(choices), _) => {
            to.lacks_choices |= choices.is_list() && choices.elements().next().is_none();
            chat::read(choices, to);
        }
        (None, Dialect::Chat) => {}
        (None, Dialect::Responses) => responses::read(root, to),
        (None, Dialect::Anthropic) => blocks::anthropic(root, to),
        (None, Dialect::Gemini) => gemini::read(root, to),
        (None, Dialect::Bedrock) => blocks::bedrock(root, to),
    }
    true
}

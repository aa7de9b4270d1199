//! Reads what decisions need out of a chat completion request, in one pass that copies nothing.
//!
//! This is a scanner, not a validator: it finds the members of the top-level object and where they lie, and skips
//! everything below by matching brackets and string ends. What is wrong deeper down is the provider's to refuse. Time is
//! linear, memory constant, and nesting bounded by [`MAX_DEPTH`] without recursion.

pub(crate) mod append;
mod blocks;
mod calls;
mod canonical;
mod change;
mod format;
mod history;
mod last;
mod member;
mod needs;
mod number;
mod openapi;
mod outline;
mod scan;
mod tail;
mod tools;
mod walk;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use seawall_tokens::Dialect;

pub(crate) use self::calls::Call;
pub(crate) use self::change::Change;
pub(crate) use self::format::{Form, SchemaText};
pub(crate) use self::history::{Link, Speaker, speaker};
use self::member::{Member, Seen};
pub(crate) use self::openapi::json_schema;
pub(crate) use self::outline::{Failure, Matters, Outline, Value};
use self::scan::Scanner;
pub(crate) use self::scan::text_of;
pub(crate) use self::walk::{elements, members, places};
use crate::headers::Headers;
use crate::operation::Operation;

/// Deepest nesting that is read. Tool schemas reach about 20.
pub const MAX_DEPTH: u32 = 128;

/// What a request body says, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where the value of `model` lies, quotes included.
    pub model: Option<Range<usize>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// `max_completion_tokens`, or its older name `max_tokens`.
    pub max_tokens: Option<u64>,
    /// Number of messages, whatever the dialect calls them.
    pub messages: u32,
    /// Number of tools declared.
    pub tools: u32,
    /// Where the values of the members that decide something lie; nothing where there is none.
    places: [Range<usize>; Member::COUNT],
    /// The place after the opening brace, and whether members follow.
    first_member: usize,
    is_empty: bool,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Not a JSON object.
    NotAnObject,
    /// Not JSON from this byte on.
    Syntax { at: usize },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A member that decides something is there twice; which one counts is anyone's guess.
    Duplicate { member: &'static str },
}

impl BodyError {
    /// Whether it is JSON for all that, and a server may read it.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::TooDeep | Self::Duplicate { .. })
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the request body must be a JSON object"),
            Self::Syntax { at } => write!(f, "the request body is not valid JSON at byte {at}"),
            Self::TooDeep => write!(f, "the request body is nested deeper than {MAX_DEPTH} levels"),
            Self::Duplicate { member } => write!(f, "the request body has more than one `{member}`"),
        }
    }
}

/// Reads a request body.
///
/// # Errors
/// [`BodyError`] says why nothing can be decided about it.
pub fn read(body: &[u8]) -> Result<Facts, BodyError> {
    let mut scan = Scanner::new(body, 0);
    if !scan.opens(b'{') {
        return Err(BodyError::NotAnObject);
    }
    let mut facts = Facts { first_member: scan.at(), is_empty: true, ..Facts::default() };
    let mut seen = Seen::default();
    while let Some((key, value)) = scan.member(facts.is_empty)? {
        facts.is_empty = false;
        let Some(member) = Member::of(&scan.key(key)) else { continue };
        seen.once(member)?;
        let text = scan.slice(value.range.clone());
        facts.places.get_mut(member as usize).into_iter().for_each(|place| *place = value.range.clone());
        match member {
            Member::Model => facts.model = Some(value.range),
            Member::Stream => facts.stream = text == b"true",
            Member::MaxTokens | Member::MaxCompletionTokens => {
                facts.max_tokens = facts.max_tokens.max(number::upwards(text));
            }
            Member::Messages | Member::Contents => facts.messages = facts.messages.max(value.elements),
            // Texts to be embedded are no messages.
            Member::Input if holds_objects(text) => facts.messages = facts.messages.max(value.elements),
            Member::Tools => facts.tools = value.elements,
            _ => {}
        }
    }
    if scan.token().is_some() { Err(scan.error()) } else { Ok(facts) }
}

/// Reads a request: its body, and what some dialects say in its path instead.
///
/// # Errors
/// [`BodyError`] says why nothing can be decided about it.
pub fn read_request(path: &str, body: &[u8]) -> Result<Facts, BodyError> {
    let mut facts = read(body)?;
    facts.stream |= Operation::of(path).streams();
    Ok(facts)
}

impl Facts {
    /// The model that the body these facts are about asks for; `None` when it is no text.
    #[must_use]
    pub fn model_name<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, str>> {
        scan::text_of(body.get(self.model.clone()?)?)
    }

    /// The names of the tools that the body declares.
    #[must_use]
    pub fn tool_names<'b>(&self, body: &'b [u8]) -> Vec<Cow<'b, str>> {
        tools::names(self.value(Member::Tools, body))
    }

    /// Most tokens of the answer: the largest of the bounds it names, since a server that knows only one of the names minds that
    /// one.
    #[must_use]
    pub fn most_tokens(&self, body: &[u8]) -> Option<u64> {
        let read = |value: Option<&[u8]>| number::upwards(value?);
        let [camel, snake] = walk::members(
            self.value(Member::GenerationConfig, body),
            [b"maxOutputTokens", b"max_output_tokens"],
        );
        let [bedrock] = walk::members(self.value(Member::InferenceConfig, body), [b"maxTokens"]);
        let others = [camel, snake, bedrock, Some(self.value(Member::MaxOutputTokens, body))];
        others.into_iter().map(read).fold(self.max_tokens, Ord::max)
    }

    /// Most tokens that the model may think with before it answers, where the body says that. They count as the answer's.
    ///
    /// Sources: Anthropic's "Extended thinking"; Amazon Bedrock's, where Converse takes the same object under two names; Gemini's
    /// `ThinkingConfig`.
    pub(crate) fn thinking(&self, body: &[u8]) -> Option<u64> {
        let [plain, bedrock] =
            walk::members(self.value(Member::MoreFields, body), [b"thinking", b"reasoning_config"]);
        let own = Some(self.value(Member::Thinking, body));
        let budget = |object: &[u8]| {
            let [budget] = walk::members(object, [b"budget_tokens"]);
            number::upwards(budget?)
        };
        let anthropic = [own, plain, bedrock].into_iter().flatten().find_map(budget);
        let settings = self.value(Member::GenerationConfig, body);
        let [camel, snake] = walk::members(settings, [b"thinkingConfig", b"thinking_config"]);
        anthropic.or_else(|| {
            let [camel, snake] = walk::members(camel.or(snake)?, [b"thinkingBudget", b"thinking_budget"]);
            number::upwards(camel.or(snake)?)
        })
    }

    /// How many answers are written for it, each as long as one may be: completions have so many for each of their prompts.
    pub(crate) fn choices(&self, body: &[u8]) -> u64 {
        let [camel, snake] = walk::members(
            self.value(Member::GenerationConfig, body),
            [b"candidateCount", b"candidate_count"],
        );
        let plain = [Member::Choices, Member::BestOf].map(|member| Some(self.value(member, body)));
        plain
            .into_iter()
            .chain([camel, snake])
            .flatten()
            .filter_map(number::upwards)
            .max()
            .unwrap_or(1)
            .max(1)
            .saturating_mul(self.prompts(body))
    }

    /// Texts to be completed, or lists of tokens; a list of numbers is one.
    fn prompts(&self, body: &[u8]) -> u64 {
        let prompt = self.value(Member::Prompt, body);
        let first = walk::elements(prompt).next().and_then(<[u8]>::first);
        let are_many = matches!(first, Some(b'"' | b'['));
        if are_many { walk::elements(prompt).count() as u64 } else { 1 }
    }

    /// Whether any member holds what a model is to read.
    pub(crate) fn has_prompt(&self) -> bool {
        let members = [Member::Messages, Member::Contents, Member::Prompt, Member::Input];
        members.iter().any(|member| !self.place(*member).is_empty())
    }

    /// Whether a stream is asked to tell its usage.
    #[must_use]
    pub fn asks_usage(&self, body: &[u8]) -> bool {
        let [asks] = walk::members(self.value(Member::StreamOptions, body), [b"include_usage"]);
        asks == Some(b"true")
    }

    /// Where the list of messages lies, by the name that this dialect has for it.
    pub(crate) fn history(&self, dialect: Dialect) -> Range<usize> {
        match dialect {
            Dialect::Chat | Dialect::Anthropic | Dialect::Bedrock => self.place(Member::Messages),
            Dialect::Gemini => self.place(Member::Contents),
            Dialect::Responses => self.place(Member::Input),
            Dialect::Completions | Dialect::Embeddings => 0..0,
        }
    }

    /// Where the value of a member lies; nothing where there is none.
    fn place(&self, member: Member) -> Range<usize> {
        self.places.get(member as usize).cloned().unwrap_or_default()
    }

    /// The value of a member; empty where there is none.
    fn value<'b>(&self, member: Member, body: &'b [u8]) -> &'b [u8] {
        body.get(self.place(member)).unwrap_or_default()
    }
}

/// What some clients put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A body without a byte order mark, which servers overlook.
pub(crate) fn without_mark(mut body: Vec<u8>) -> Vec<u8> {
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    body
}

/// Whether a body is compressed by its headers.
pub(crate) fn is_encoded(headers: &Headers) -> bool {
    headers.get("content-encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

/// Whether a body is JSON by its headers: not compressed, and not said to be something else.
pub(crate) fn is_json(headers: &Headers) -> bool {
    let says_json = |kind: &str| kind.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"json"));
    !is_encoded(headers) && headers.get("content-type").is_none_or(says_json)
}

/// Whether this is a list whose first element is an object.
fn holds_objects(list: &[u8]) -> bool {
    walk::elements(list).next().is_some_and(|first| first.starts_with(b"{"))
}

#[cfg(test)]
mod tests;

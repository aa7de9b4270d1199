//! Changes to a request's body for one target, in one pass: everything else stays as it is, byte for byte.
//!
//! | | `openai`, `azure` | `anthropic` | `gemini` | `bedrock` |
//! |---|---|---|---|---|
//! | model | `model` | `model` | in the path | in the path |
//! | most tokens | below | `max_tokens` | `generationConfig.maxOutputTokens` | `inferenceConfig.maxTokens` |
//! | temperature | `temperature` | `temperature` | `generationConfig.temperature` | `inferenceConfig.temperature` |
//!
//! The most tokens an answer may have are lowered where the caller has written them, under whichever name. Where they are
//! absent, they get the name that the endpoint takes: `max_output_tokens` for responses, `max_tokens` for completions, and for
//! chats `max_tokens` too, unless the model is of those that take only `max_completion_tokens` (`o1` and its like, `gpt-5` and
//! later), because many servers of this dialect know only the older one. Neither they nor a temperature
//! are added where no text is asked for: to a count of tokens, and to what isn't `messages` at a path that a model doesn't answer with
//! text.
//!
//! What Bedrock passes on unread (`/invoke`) has the members of Anthropic's Messages, but for Amazon's own Nova, which has those
//! of Converse. A native body without `messages` gets nothing.
//!
//! A stream of completions tells what it used only where `stream_options` ask for it (OpenAI, "Create chat completion"): they
//! are added, or changed, where that is wanted; what else the caller has in them stays.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use seawall_policy::policy::Provider;

use super::Facts;
use super::member::Member;
use super::number::upwards;
use super::scan::{Scanner, text_of};
use super::walk::places;
use crate::model_path;
use crate::operation::Operation;

/// What a target has changed in the bodies it gets.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) provider: Provider,
    /// A JSON string, quotes included.
    pub(crate) model: Option<String>,
    /// Lowers the request's own.
    pub(crate) max_tokens: Option<u64>,
    /// A JSON number.
    pub(crate) temperature: Option<String>,
}

impl Change {
    /// These changes where the answer may have no more than `most` tokens either.
    pub(crate) fn within(&self, most: Option<u64>) -> Cow<'_, Self> {
        match most {
            Some(most) if self.max_tokens.is_none_or(|own| most < own) => {
                Cow::Owned(Self { max_tokens: Some(most), ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// The body with these changes; `None` where that is the body as it is. `path` is where it is sent, and `asks_usage` says
    /// that its stream is to tell its usage.
    pub(crate) fn apply(&self, body: &[u8], facts: &Facts, path: &str, asks_usage: bool) -> Option<Vec<u8>> {
        let mut edits = Edits::default();
        let mut top =
            Object { first_member: facts.first_member, is_empty: facts.is_empty, added: Vec::new() };
        let settings = settings(self.provider);
        if let (Some(model), None) = (&self.model, settings) {
            top.set(body, facts.place(Member::Model), "model", model, &mut edits);
        }
        match settings.filter(|_| !self.is_native(path)) {
            Some(names) => self.nested(names, body, facts, path, &mut top, &mut edits),
            None => self.flat(body, facts, path, &mut top, &mut edits),
        }
        if asks_usage {
            ask_usage(body, facts.place(Member::StreamOptions), &mut top, &mut edits);
        }
        top.close(&mut edits);
        edits.apply(body)
    }

    /// Whether the model is one of OpenAI's that think before they answer: they refuse `max_tokens`, and a temperature too (OpenAI,
    /// "Reasoning models").
    pub(crate) fn has_thinking_model(&self) -> bool {
        let model = self.model.as_ref().and_then(|model| text_of(model.as_bytes()));
        matches!(self.provider, Provider::OpenAi | Provider::Azure)
            && model.is_some_and(|model| takes_only_newer(&model))
    }

    fn flat(&self, body: &[u8], facts: &Facts, path: &str, top: &mut Object, edits: &mut Edits) {
        if self.max_tokens.is_none() && self.temperature.is_none() {
            return;
        }
        let name = self.name_of_most(body, facts, path);
        if let Some(most) = self.max_tokens {
            let places = [Member::MaxCompletionTokens, Member::MaxTokens, Member::MaxOutputTokens];
            let is_openai = matches!(self.provider, Provider::OpenAi | Provider::Azure);
            // To Anthropic alone none is a bound; others take it for no bound at all, or refuse it.
            let least = u64::from(is_openai);
            top.lower(body, &places.map(|member| facts.place(member)), name, least..=most, edits);
            if !is_openai && name.is_some() {
                leave_room(
                    body,
                    facts.value(Member::MaxTokens, body),
                    facts.place(Member::Thinking),
                    most,
                    edits,
                );
            }
        }
        let place = facts.place(Member::Temperature);
        if let Some(temperature) = self.temperature.as_ref().filter(|_| name.is_some() || !place.is_empty()) {
            top.set(body, place, "temperature", temperature, edits);
        }
    }

    fn nested(
        &self,
        names: Settings,
        body: &[u8],
        facts: &Facts,
        path: &str,
        top: &mut Object,
        edits: &mut Edits,
    ) {
        if self.max_tokens.is_none() && self.temperature.is_none() {
            return;
        }
        let place = facts.place(names.object);
        let keys = [names.most[0], names.most[1], "temperature"];
        let is_object = body.get(place.clone()).is_some_and(|value| value.starts_with(b"{"));
        let (mut object, [most, other, temperature]) =
            if is_object { Object::read(body, place.start, keys) } else { Default::default() };
        let adds = Operation::of(path).generates();
        if let Some(limit) = self.max_tokens {
            let own = body.get(most.clone()).unwrap_or_default();
            object.lower(body, &[most, other], Some(names.most[0]).filter(|_| adds), 1..=limit, edits);
            let more = facts.place(Member::MoreFields);
            if adds && self.provider == Provider::Bedrock && !more.is_empty() {
                let names: [&[u8]; 2] = [b"thinking", b"reasoning_config"];
                for thinking in places(body, more.start, names).into_iter().flatten() {
                    leave_room(body, own, thinking, limit, edits);
                }
            }
        }
        if let Some(value) = self.temperature.as_ref().filter(|_| adds || !temperature.is_empty()) {
            object.set(body, temperature, "temperature", value, edits);
        }
        if is_object {
            object.close(edits);
        } else if !object.added.is_empty() {
            let value = [b"{", &object.added[..], b"}"].concat();
            top.set_bytes(body, place, names.name, &value, edits);
        }
    }

    /// The name under which the most tokens of the answer are written when the body doesn't; `None` for one that asks
    /// for no text.
    fn name_of_most(&self, body: &[u8], facts: &Facts, path: &str) -> Option<&'static str> {
        let operation = Operation::of(path);
        if operation == Operation::Count {
            return None;
        }
        let has = |member| !facts.place(member).is_empty();
        let is_openai = matches!(self.provider, Provider::OpenAi | Provider::Azure);
        if is_openai && operation == Operation::Responses {
            return Some("max_output_tokens");
        }
        if !has(Member::Messages) {
            return (is_openai && has(Member::Prompt) && operation.generates()).then_some("max_tokens");
        }
        let of_path = model_path::named(self.provider, path);
        let model = match (&self.model, of_path) {
            (Some(model), _) => text_of(model.as_bytes()),
            (None, Some(model)) => Some(model),
            (None, None) => facts.model_name(body),
        };
        let is_newer = is_openai && model.is_some_and(|model| takes_only_newer(&model));
        Some(if is_newer { "max_completion_tokens" } else { "max_tokens" })
    }

    /// Whether Bedrock passes the body on unread, to a model that has no object for its settings.
    fn is_native(&self, path: &str) -> bool {
        let is_its_own = Operation::of(path).invokes() && !path.contains("amazon.nova");
        self.provider == Provider::Bedrock && is_its_own
    }
}

/// Has Anthropic's model think less than it may write in all, with half of that left for the answer. What is too little to think
/// with stays for the provider to refuse. `own`: what the caller says it may write; `place`: where the object lies that says how
/// it thinks.
///
/// Sources: Anthropic's "Extended thinking": `budget_tokens` is at least 1,024 and less than `max_tokens`; Amazon Bedrock's, where
/// Converse takes that object as `additionalModelRequestFields.thinking`, or `reasoning_config`.
fn leave_room(body: &[u8], own: &[u8], place: Range<usize>, most: u64, edits: &mut Edits) {
    let text = body.get(place.clone()).unwrap_or_default();
    if !text.starts_with(b"{") || !(own.is_empty() || is_above(own, most)) {
        return;
    }
    let (_, [budget]) = Object::read(body, place.start, ["budget_tokens"]);
    let room = (most / 2).max(1_024);
    let is_too_much = body.get(budget.clone()).and_then(upwards).is_some_and(|budget| budget >= most);
    if is_too_much && room < most {
        edits.replace(budget, room.to_string().as_bytes());
    }
}

/// Has a stream tell its usage. What is no object is the provider's to refuse.
fn ask_usage(body: &[u8], place: Range<usize>, top: &mut Object, edits: &mut Edits) {
    match body.get(place.clone()).unwrap_or_default() {
        b"" | b"null" => {
            top.set(body, place, "stream_options", r#"{"include_usage":true}"#, edits);
        }
        [b'{', ..] => {
            let (mut object, [asks]) = Object::read(body, place.start, ["include_usage"]);
            object.set(body, asks, "include_usage", "true", edits);
            object.close(edits);
        }
        _ => {}
    }
}

/// Whether this is a model that refuses `max_tokens` (OpenAI, "Create chat completion": "not compatible with o-series models").
fn takes_only_newer(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default();
    // Models that were tuned by their users keep the names of their bases.
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let version = |text: &str| text.split(|byte: char| !byte.is_ascii_digit()).next()?.parse::<u32>().ok();
    match (name.strip_prefix("gpt-").and_then(version), name.strip_prefix('o').and_then(version)) {
        (Some(generation), _) => generation >= 5,
        (None, series) => series.is_some(),
    }
}

/// How a dialect that has an object for its settings calls it, and in it the most tokens of an answer.
#[derive(Clone, Copy)]
struct Settings {
    object: Member,
    name: &'static str,
    most: [&'static str; 2],
}

fn settings(provider: Provider) -> Option<Settings> {
    match provider {
        Provider::OpenAi | Provider::Azure | Provider::Anthropic => None,
        Provider::Gemini => Some(Settings {
            object: Member::GenerationConfig,
            name: "generationConfig",
            most: ["maxOutputTokens", "max_output_tokens"],
        }),
        Provider::Bedrock => Some(Settings {
            object: Member::InferenceConfig,
            name: "inferenceConfig",
            most: ["maxTokens", "maxTokens"],
        }),
    }
}

/// An object to which members are added.
#[derive(Default)]
struct Object {
    /// The place behind its opening brace, and whether no members follow.
    first_member: usize,
    is_empty: bool,
    /// New members, with commas between them.
    added: Vec<u8>,
}

impl Object {
    /// Reads the object that begins here, and where the values of these members lie.
    fn read<const N: usize>(body: &[u8], start: usize, keys: [&str; N]) -> (Self, [Range<usize>; N]) {
        let mut found = [const { 0..0 }; N];
        let mut scan = Scanner::new(body, start);
        if !scan.opens(b'{') {
            return (Self::default(), found);
        }
        let mut object = Self { first_member: scan.at(), is_empty: true, added: Vec::new() };
        while let Ok(Some((key, value))) = scan.member(object.is_empty) {
            object.is_empty = false;
            let key = scan.key(key);
            if let Some((_, slot)) =
                keys.iter().zip(&mut found).find(|(wanted, _)| wanted.as_bytes() == &*key)
            {
                *slot = value.range;
            }
        }
        (object, found)
    }

    /// Puts the most of `within` in the place of every number at these places that isn't within, or writes it under this name.
    fn lower(
        &mut self,
        body: &[u8],
        places: &[Range<usize>],
        name: Option<&str>,
        within: RangeInclusive<u64>,
        edits: &mut Edits,
    ) {
        let most_text = within.end().to_string();
        let text = |place: &Range<usize>| body.get(place.clone()).unwrap_or_default();
        let mut written =
            places.iter().filter(|place| !place.is_empty() && text(place) != b"null").peekable();
        if written.peek().is_none() {
            let null = places.iter().find(|place| !place.is_empty()).cloned().unwrap_or_default();
            if !null.is_empty() || name.is_some() {
                self.set(body, null, name.unwrap_or_default(), &most_text, edits);
            }
            return;
        }
        let fits = |text| upwards(text).is_some_and(|number| within.contains(&number));
        for place in written.filter(|place| !fits(text(place))) {
            edits.replace(place.clone(), most_text.as_bytes());
        }
    }

    fn set(&mut self, body: &[u8], place: Range<usize>, name: &str, value: &str, edits: &mut Edits) {
        self.set_bytes(body, place, name, value.as_bytes(), edits);
    }

    /// Replaces the value at this place; where there is none, adds a member of this name.
    fn set_bytes(&mut self, body: &[u8], place: Range<usize>, name: &str, value: &[u8], edits: &mut Edits) {
        if !place.is_empty() {
            if body.get(place.clone()) != Some(value) {
                edits.replace(place, value);
            }
            return;
        }
        if !self.added.is_empty() {
            self.added.push(b',');
        }
        for part in [b"\"", name.as_bytes(), b"\":", value] {
            self.added.extend_from_slice(part);
        }
    }

    fn close(mut self, edits: &mut Edits) {
        if !self.added.is_empty() {
            if !self.is_empty {
                self.added.push(b',');
            }
            edits.replace(self.first_member..self.first_member, &self.added);
        }
    }
}

/// Whether a value may be read as a number above this one; what is negative some servers take for no bound at all.
fn is_above(text: &[u8], most: u64) -> bool {
    upwards(text).is_none_or(|number| number > most)
}

/// Replacements in a text, in the order of their places.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, Vec<u8>)>);

impl Edits {
    fn replace(&mut self, place: Range<usize>, text: &[u8]) {
        let at = self.0.iter().position(|(other, _)| other.start > place.start).unwrap_or(self.0.len());
        self.0.insert(at, (place, text.to_vec()));
    }

    fn apply(self, body: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let more: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut changed = Vec::with_capacity(body.len() + more);
        let mut at = 0;
        for (place, text) in self.0 {
            changed.extend_from_slice(body.get(at..place.start).unwrap_or_default());
            changed.extend_from_slice(&text);
            at = place.end;
        }
        changed.extend_from_slice(body.get(at..).unwrap_or_default());
        Some(changed)
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;

//! Walks through a message or another part of a body, and counts what a model reads of it.
//!
//! The dialects' members have different names for the same things, and no name stands for two, so one table serves all.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::root::Key;
use crate::image::{Detail, Rule, Size, base64_of};
use crate::kind::{Kind, Tally};
use crate::{Counter, file};

/// What OpenAI's models have around a message, and around a call within one.
const MESSAGE: u64 = 3;
const CALL: u64 = 3;

/// Where in a body a value stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    Message,
    /// Instructions that stand outside of the list of messages.
    System,
    /// A text, a list of texts or of items, or an item.
    Text,
    Type,
    Role,
    Name,
    Calls,
    Call,
    /// JSON that is read as text.
    Json,
    Image,
    Detail,
    /// A file or a picture.
    File,
    /// The same, or a text that says where something comes from.
    Source,
    /// Sound, and its data.
    Audio,
    AudioData,
    /// What the count says nothing of.
    Unknown,
    /// A prompt that the provider has, and what is put into it.
    Stored,
    Variables,
    /// A text or the numbers of its tokens, or lists of these.
    Prompt,
    /// Of which nothing is known: texts in it may be read.
    Odd,
    Skipped,
    /// Never walked through: for the memo.
    Tools,
}

/// What the value of this member is, and whether only some servers take it for that: those in Go read names whatever their case is.
fn member(at: At, key: &str) -> (At, bool) {
    /// No name is longer.
    const LONGEST: usize = 32;
    let found = named(at, key);
    if matches!(found, At::Odd | At::Skipped)
        && key.len() <= LONGEST
        && key.bytes().any(|byte| byte.is_ascii_uppercase())
    {
        let other = named(at, &key.to_ascii_lowercase());
        if !matches!(other, At::Odd | At::Skipped) {
            return (other, true);
        }
    }
    (found, false)
}

/// What the value of a member of just this name is.
fn named(at: At, key: &str) -> At {
    match (at, key) {
        (At::Stored, "variables") => At::Variables,
        (At::Stored, _) => At::Skipped,
        (At::Variables, _) => At::Text,
        (At::Audio, "data") => At::AudioData,
        (At::Audio, _) => At::Skipped,
        (At::Image, "url" | "data" | "bytes" | "image_url" | "source" | "fileUri" | "file_uri") => At::Image,
        (At::Image, "detail") => At::Detail,
        (At::Image, "file_id" | "s3Location") => At::Unknown,
        (At::Image, _) => At::Skipped,
        (_, "type") => At::Type,
        (_, "role") => At::Role,
        (At::Message, "name") => At::Name,
        (
            _,
            "content"
            | "parts"
            | "text"
            | "thinking"
            | "refusal"
            | "arguments"
            | "output"
            | "summary"
            | "reasoning_content"
            | "name"
            | "function"
            | "custom"
            | "toolResult"
            | "functionResponse"
            | "title"
            | "context"
            | "document"
            | "filename"
            | "guardContent"
            | "reasoningContent"
            | "reasoningText"
            | "citationsContent"
            | "searchResult"
            | "executableCode"
            | "codeExecutionResult"
            | "code"
            | "operation"
            | "diff"
            | "action"
            | "command"
            | "commands"
            | "stdout"
            | "stderr"
            | "logs",
        ) => At::Text,
        (_, "tool_calls") => At::Calls,
        (_, "function_call" | "functionCall" | "toolUse") => At::Call,
        (_, "input" | "args" | "response" | "json") => At::Json,
        (_, "image_url" | "image") => At::Image,
        (_, "inlineData" | "inline_data" | "fileData" | "file_data" | "file" | "file_url") => At::File,
        (_, "source") => At::Source,
        (_, "detail") => At::Detail,
        (_, "input_audio") => At::Audio,
        (_, "audio" | "file_id" | "video") => At::Unknown,
        (At::Call, _) | (_, "cache_control" | "cachePoint" | "annotations" | "citations" | "logprobs") => {
            At::Skipped
        }
        _ => At::Odd,
    }
}

/// What is counted on the way.
pub(super) struct Walk<'w> {
    counter: &'w mut Counter,
    rule: Rule,
    pub(super) tally: Tally,
    /// An image of the present item, with its size if it is known.
    image: Option<Option<Size>>,
    detail: Detail,
    is_system: bool,
    is_function: bool,
    /// What a line end after the newest text would add.
    line_end: u8,
}

impl<'w> Walk<'w> {
    pub(super) fn new(counter: &'w mut Counter, rule: Rule) -> Self {
        Self {
            counter,
            rule,
            tally: Tally::default(),
            image: None,
            detail: Detail::High,
            is_system: false,
            is_function: false,
            line_end: 0,
        }
    }

    /// JSON that can't be read.
    pub(super) fn broken(&mut self, raw: &str) {
        self.tally = Tally::default();
        self.tally.is_estimate = true;
        self.tally.add(Kind::Json, self.counter.count(raw));
    }

    fn string(&mut self, at: At, text: &str) {
        match at {
            At::Text | At::Source | At::Prompt | At::Call => self.text(text),
            At::Message | At::System => {
                // Its role is not written.
                self.is_system |= at == At::System;
                self.text(text);
                self.tally.add(Kind::Frame, 1);
                self.end_message();
            }
            // An item that the provider has.
            At::Type if text == "item_reference" => self.tally.doubt(),
            At::Role => {
                self.is_system |= matches!(text, "system" | "developer");
                self.tally.add(Kind::Frame, self.counter.count(text));
                self.is_function |= text == "function";
            }
            At::Name => self.tally.add(Kind::Frame, self.counter.count(text) + 1),
            At::Image if !text.starts_with("data:") => self.image = Some(Size::of_url(text)),
            At::Image | At::File => self.file(text, false),
            At::Detail if text == "low" => self.detail = Detail::Low,
            At::Unknown | At::Stored | At::Audio => self.tally.doubt(),
            At::AudioData => {
                self.tally.add_by_rule(file::sound(text, self.rule).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// An address, or data in base64.
    fn file(&mut self, data: &str, is_image: bool) {
        let size = Size::of_url(data);
        let is_image = is_image || size.is_some() || data.starts_with("data:image/");
        match base64_of(data).filter(|_| !is_image) {
            Some(base64) => {
                let (tokens, is_text) = file::tokens(base64, self.rule);
                self.tally.add_by_rule(tokens);
                self.tally.is_estimate = true;
                if !is_text {
                    self.tally.doubt();
                }
            }
            None => self.image = Some(size),
        }
    }

    fn text(&mut self, text: &str) {
        self.tally.add(Kind::of(text), self.counter.count(text));
        // With tools, the first system message gets a line end, which some signs take in.
        self.line_end = u8::from(!text.ends_with(|last: char| last.is_ascii_punctuation()));
    }

    fn end_message(&mut self) {
        let frame = if self.is_function { MESSAGE - 2 } else { MESSAGE };
        self.tally.add(Kind::Frame, frame);
        if self.is_system {
            self.tally.set_system(self.line_end);
        }
    }

    /// What has been counted since then may not be read.
    fn doubt_since(&mut self, before: &Tally) {
        if self.tally != *before {
            self.tally.doubt();
        }
    }

    /// After an item's members: its image, whose parts may come in any order.
    fn end_item(&mut self) {
        if let Some(size) = self.image.take() {
            if size.is_none() {
                self.tally.doubt();
            }
            self.tally.images = self.tally.images.saturating_add(1);
            self.tally.add_by_rule(self.rule.tokens(size.unwrap_or(Size::UNKNOWN), self.detail));
        }
        self.detail = Detail::High;
    }
}

/// The text that a string of JSON stands for.
fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Key>(raw.get()).ok().map(|text| text.0)
}

/// A value and where it stands.
pub(super) struct Node<'n, 'w> {
    pub(super) at: At,
    pub(super) walk: &'n mut Walk<'w>,
}

impl Node<'_, '_> {
    /// The members of a file or picture. What its data are may be said after them, so they wait; of members with the same meaning
    /// the last counts.
    fn file<'de, A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut is_text, mut is_image, mut data) = (false, false, None::<&RawValue>);
        while let Some(key) = members.next_key::<Key>()? {
            let mut seed = |at| members.next_value_seed(Node { at, walk: &mut *self.walk });
            match &*key.0 {
                "text" | "content" | "filename" => seed(At::Text)?,
                "file_id" | "s3Location" => seed(At::Unknown)?,
                "type" => is_text = text_of(members.next_value()?).is_some_and(|kind| kind == "text"),
                "media_type" | "mimeType" | "mime_type" => {
                    is_image = text_of(members.next_value()?).is_some_and(|kind| kind.starts_with("image/"));
                }
                "data" | "bytes" | "file_data" | "url" | "file_url" | "fileUri" | "file_uri" => {
                    data = Some(members.next_value()?);
                }
                _ => seed(At::Skipped)?,
            }
        }
        let Some(data) = data else { return Ok(()) };
        match text_of(data) {
            Some(text) if is_text => self.walk.text(&text),
            Some(data) => self.walk.file(&data, is_image),
            // No Unicode, or no string.
            None => {
                self.walk.tally.is_estimate = true;
                self.walk.text(data.get());
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.at {
            At::Skipped => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            At::Unknown => {
                self.walk.tally.doubt();
                deserializer.deserialize_ignored_any(IgnoredAny).map(drop)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.string(self.at, text);
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        // The number of a token.
        self.walk.tally.add(Kind::Prose, (self.at == At::Prompt).into());
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        // `1.0` is one too where Python reads it.
        self.visit_u64(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let at = match self.at {
            At::Calls => At::Call,
            At::System | At::Odd => At::Text,
            at => at,
        };
        let before = self.walk.tally;
        while items.next_element_seed(Node { at, walk: &mut *self.walk })?.is_some() {}
        if self.at == At::System {
            self.walk.is_system = true;
            self.walk.tally.add(Kind::Frame, 1);
            self.walk.end_message();
        }
        if self.at == At::Odd {
            self.walk.doubt_since(&before);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        match self.at {
            At::File | At::Source => return self.file(members),
            // Whether it is heard so is nothing that is published.
            At::Stored | At::Audio => self.walk.tally.doubt(),
            _ => {}
        }
        let before = self.walk.tally;
        while let Some(key) = members.next_key::<Key>()? {
            let (at, is_lax) = member(self.at, &key.0);
            if is_lax {
                self.walk.tally.doubt();
            }
            match at {
                At::Json => {
                    let raw = members.next_value::<&RawValue>()?.get();
                    self.walk.tally.add(Kind::Json, self.walk.counter.count(raw));
                }
                at => members.next_value_seed(Node { at, walk: &mut *self.walk })?,
            }
        }
        match self.at {
            At::Message | At::System => {
                self.walk.is_system |= self.at == At::System;
                self.walk.end_item();
                self.walk.end_message();
            }
            At::Call => self.walk.tally.add(Kind::Frame, CALL),
            At::Image => {}
            _ => self.walk.end_item(),
        }
        if self.at == At::Odd {
            self.walk.doubt_since(&before);
        }
        Ok(())
    }
}

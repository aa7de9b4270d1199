//! The members of a request's body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::tools;
use super::walk::{At, Node, Walk};
use super::{Dialect, Message};
use crate::image::Rule;
use crate::kind::{Kind, Tally};
use crate::{Counter, Encoding, Memo};

/// Longest message that is remembered, in bytes of JSON: a longer one holds an image, of which no token is counted, or
/// exceeds the budget.
const LONGEST_KNOWN: usize = 128 * 1_024;

/// What replies begin with.
const REPLY: u64 = 3;

pub(super) struct Root<'m> {
    dialect: Dialect,
    rule: Rule,
    counter: Counter,
    memo: &'m mut Memo,
    tally: Tally,
    /// Tools stand in the first system message if there is one.
    has_tools: bool,
    /// Whether any member held what the model is to read.
    has_prompt: bool,
    each: Option<Each<'m>>,
}

/// Where messages are written down one by one.
pub(super) struct Each<'m> {
    /// The address of the body: messages are read in place, and their own addresses tell where they lie.
    pub(super) start: usize,
    pub(super) messages: &'m mut Vec<Message>,
    /// Most that are written down.
    pub(super) most: usize,
}

impl<'m> Root<'m> {
    pub(super) fn new(
        dialect: Dialect,
        rule: Rule,
        counter: Counter,
        memo: &'m mut Memo,
        each: Option<Each<'m>>,
    ) -> Self {
        Self {
            dialect,
            rule,
            counter,
            memo,
            tally: Tally::default(),
            has_tools: false,
            has_prompt: false,
            each,
        }
    }

    /// Adds what a part of the body costs, which is counted unless it is known.
    fn add(&mut self, raw: &str, at: At) -> Tally {
        let tally = self.known_or(raw, at, |root| {
            let mut walk = Walk::new(&mut root.counter, root.rule);
            let mut reader = serde_json::Deserializer::from_str(raw);
            if (Node { at, walk: &mut walk }).deserialize(&mut reader).is_err() {
                // A string that is no Unicode: a surrogate alone.
                walk.broken(raw);
            }
            walk.tally
        });
        self.tally.add_all(&tally);
        tally
    }

    /// Adds a message that stands in a list.
    fn add_message(&mut self, raw: &str) {
        let tally = self.add(raw, At::Message);
        if let Some(each) = self.each.as_mut().filter(|each| each.messages.len() < each.most) {
            let at = (raw.as_ptr() as usize).wrapping_sub(each.start);
            each.messages.push(Message { place: at..at.saturating_add(raw.len()), tally });
        }
    }

    fn known_or(&mut self, raw: &str, at: At, count: impl FnOnce(&mut Self) -> Tally) -> Tally {
        if raw.len() > LONGEST_KNOWN {
            return self.counted(count);
        }
        let context = u64::from(self.counter.encoding() == Encoding::Cl100kBase)
            | (at as u64) << 1
            | (self.dialect as u64) << 8
            | self.rule.id() << 16;
        let (hash, known) = self.memo.get(context, raw.as_bytes());
        known.unwrap_or_else(|| {
            let tally = self.counted(count);
            if !tally.is_estimate {
                self.memo.put(hash, tally);
            }
            tally
        })
    }

    fn counted(&mut self, count: impl FnOnce(&mut Self) -> Tally) -> Tally {
        let before = self.counter.estimates();
        let mut tally = count(self);
        tally.is_estimate |= self.counter.estimates() > before;
        tally
    }

    /// A text, which is a message, or messages.
    fn input(&mut self, raw: &str) {
        if raw.starts_with('[') {
            let mut reader = serde_json::Deserializer::from_str(raw);
            let _ = Messages(self).deserialize(&mut reader);
        } else {
            self.add(raw, At::Message);
        }
    }

    fn tools(&mut self, raw: &str) {
        let dialect = self.dialect;
        let tally = self.known_or(raw, At::Tools, |root| {
            let mut tally = Tally::default();
            let tools = serde_json::from_str(raw)
                .ok()
                .filter(|_| matches!(dialect, Dialect::Chat | Dialect::Responses));
            match tools {
                Some(Value::Array(tools)) => {
                    let (text, is_whole) = tools::rendered(&tools);
                    if !tools.is_empty() {
                        tally.add(Kind::Code, root.counter.count(&text));
                        tally.add(Kind::Frame, tools::FRAME);
                    }
                    tally.is_estimate |= !is_whole;
                }
                _ => {
                    tally.add(Kind::Json, root.counter.count(raw));
                    tally.is_estimate = true;
                }
            }
            tally
        });
        self.has_tools |= tally.of(Kind::Frame) > 0;
        self.tally.add_all(&tally);
    }

    fn tool_choice(&mut self, raw: &str) {
        let tokens = match serde_json::from_str(raw) {
            Ok(Value::String(choice)) if choice == "none" => 1,
            Ok(Value::Object(choice)) => {
                let name = choice
                    .get("function")
                    .and_then(|function| function.get("name"))
                    .or_else(|| choice.get("name"));
                name.and_then(Value::as_str).map_or(0, |name| 4 + self.counter.count(name))
            }
            _ => 0,
        };
        self.tally.add(Kind::Frame, tokens);
    }

    /// A schema that the answer must follow, with what is around it.
    fn format(&mut self, raw: &str) {
        if raw.contains("schema") {
            self.tally.add(Kind::Json, self.counter.count(raw));
            self.tally.is_estimate = true;
        }
    }

    fn finish(mut self) -> Tally {
        if !matches!(self.dialect, Dialect::Completions | Dialect::Embeddings) {
            self.tally.add(Kind::Frame, REPLY);
        }
        if let (true, Some(line_end)) = (self.has_tools, self.tally.system_line_end()) {
            self.tally.take_frame(tools::IN_SYSTEM);
            self.tally.add(Kind::Frame, line_end);
        }
        self.tally.is_estimate |= !self.counter.is_exact();
        self.tally
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = Tally;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Tally, A::Error> {
        use Dialect::{Completions, Embeddings, Responses};
        while let Some(key) = map.next_key::<Key>()? {
            self.has_prompt |= matches!(
                (&*key.0, self.dialect),
                ("prompt" | "suffix", Completions)
                    | ("input", Embeddings | Responses)
                    | ("messages" | "contents", _)
                    | ("instructions" | "system" | "systemInstruction" | "system_instruction", _)
            );
            match (&*key.0, self.dialect) {
                ("prompt" | "suffix", Completions) | ("input", Embeddings) => {
                    self.add(map.next_value::<&RawValue>()?.get(), At::Prompt);
                }
                ("input", Responses) => self.input(map.next_value::<&RawValue>()?.get()),
                ("messages" | "contents", _) => map.next_value_seed(Messages(&mut self))?,
                ("instructions" | "system" | "systemInstruction" | "system_instruction", _) => {
                    self.add(map.next_value::<&RawValue>()?.get(), At::System);
                }
                ("tools" | "functions" | "toolConfig", _) => self.tools(map.next_value::<&RawValue>()?.get()),
                ("tool_choice" | "function_call", _) => {
                    self.tool_choice(map.next_value::<&RawValue>()?.get())
                }
                ("response_format" | "text" | "generationConfig" | "output_config", _) => {
                    self.format(map.next_value::<&RawValue>()?.get());
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if self.has_prompt { Ok(self.finish()) } else { Err(A::Error::custom("no prompt")) }
    }
}

/// A key, which is borrowed unless it holds an escape.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowed)
    }
}

/// Messages in a list; one alone; nothing if it is something else.
struct Messages<'r, 'm>(&'r mut Root<'m>);

impl<'de> DeserializeSeed<'de> for Messages<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        while let Some(message) = messages.next_element::<&RawValue>()? {
            self.0.add_message(message.get());
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, message: A) -> Result<(), A::Error> {
        let mut walk = Walk::new(&mut self.0.counter, self.0.rule);
        (Node { at: At::Message, walk: &mut walk }).visit_map(message)?;
        let tally = walk.tally;
        self.0.tally.add_all(&tally);
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

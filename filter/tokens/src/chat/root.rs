//! The members of a request's body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::tools;
use super::walk::{At, Node, Walk};
use super::{Dialect, Message};
use crate::counter::LEAST_KEPT;
use crate::image::Rule;
use crate::kind::{Kind, Tally};
use crate::memo::{Beginnings, Begun, Known};
use crate::{Budget, Counter, Encoding, Memo};

/// Longest message that is remembered, in bytes of JSON: a longer one costs as much to be found again as to be sampled again.
const LONGEST_KNOWN: usize = 512 * 1_024;

/// Longest tools that are rendered: the JSON of longer ones would be built many times as large as it is sent.
const LONGEST_PARSED: usize = 128 * 1_024;

/// Members that aren't known count from so many bytes on.
const LONG: usize = 1_024;

/// What replies begin with.
const REPLY: u64 = 3;

pub(super) struct Root<'m> {
    dialect: Dialect,
    rule: Rule,
    counter: Counter,
    memo: &'m mut Memo,
    tally: Tally,
    /// Work that rendering tools may still take.
    rendering: usize,
    /// Tools stand in the first system message if there is one.
    has_tools: bool,
    /// Whether any member held what the model is to read.
    has_prompt: bool,
    /// The address of the body: messages are read in place, and their own addresses tell where they lie.
    start: usize,
    each: Option<Each<'m>>,
    beginnings: Beginnings,
    /// What there was at the end of the last message.
    begun: Begun,
}

/// Where messages are written down one by one.
pub(super) struct Each<'m> {
    pub(super) messages: &'m mut Vec<Message>,
    /// Most that are written down.
    pub(super) most: usize,
}

impl<'m> Root<'m> {
    pub(super) fn new(
        dialect: Dialect,
        rule: Rule,
        (counter, memo): (Counter, &'m mut Memo),
        start: usize,
        each: Option<Each<'m>>,
    ) -> Self {
        Self {
            dialect,
            rule,
            counter,
            memo,
            tally: Tally::default(),
            rendering: tools::MOST_WORK,
            has_tools: false,
            has_prompt: false,
            start,
            each,
            beginnings: Beginnings::default(),
            begun: Begun::default(),
        }
    }

    /// Where it is known what the body begins with: the rest of it, as a body of its own. What is no JSON there is none here.
    pub(super) fn resume(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        if self.each.is_some() {
            return None;
        }
        let (beginnings, begun) = self.memo.begun(self.context(At::Unknown), body);
        self.beginnings = beginnings;
        let begun = begun?;
        let rest = behind_space(body.get(begun.end..)?);
        let rest = match *rest.first()? {
            b']' => rest,
            b',' => Some(behind_space(rest.get(1..)?)).filter(|rest| !rest.starts_with(b"]"))?,
            _ => return None,
        };
        let text = [b"{\"", begun.list.as_bytes(), b"\":[", rest].concat();
        (self.tally, self.has_tools, self.begun) = (begun.tally, begun.has_tools, begun);
        let before = (body.len() - rest.len()).wrapping_sub(text.len() - rest.len());
        self.start = (text.as_ptr() as usize).wrapping_sub(before);
        self.counter.skip(begun.end);
        Some(text)
    }

    /// What counts depend on beside a text.
    fn context(&self, at: At) -> u64 {
        u64::from(self.counter.encoding() == Encoding::Cl100kBase)
            | (at as u64) << 1
            | (self.dialect as u64) << 8
            | self.rule.id() << 16
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

    /// Adds a message that stands in the list of this name.
    fn add_message(&mut self, list: &'static str, raw: &str) {
        let at = (raw.as_ptr() as usize).wrapping_sub(self.start);
        let end = at.saturating_add(raw.len());
        self.memo.put_begun(&mut self.beginnings, end, self.begun);
        let tally = self.add(raw, At::Message);
        if self.counter.bounded() == 0 {
            let mut tally = self.tally;
            tally.is_estimate |= !self.counter.is_exact();
            self.begun = Begun { tally, has_tools: self.has_tools, list, end };
        } else {
            self.beginnings = Beginnings::default();
        }
        if let Some(each) = self.each.as_mut().filter(|each| each.messages.len() < each.most) {
            each.messages.push(Message { place: at..end, tally });
        }
    }

    fn known_or(&mut self, raw: &str, at: At, count: impl FnOnce(&mut Self) -> Tally) -> Tally {
        if raw.len() > LONGEST_KNOWN {
            return self.counted(count);
        }
        let (hash, known) = self.memo.get(self.context(at), raw.as_bytes());
        let reach = self.counter.reach(raw.len());
        // What was sampled stands until clearly more may be looked at.
        if let Some(known) = known.filter(|known| known.reach == 0 || reach - reach / 4 <= known.reach) {
            self.counter.skip(raw.len());
            if known.reach > 0 {
                self.counter.bind();
            }
            return known.tally;
        }
        let before = self.counter.bounded();
        let tally = self.counted(count);
        match self.counter.bounded() == before {
            true => self.memo.put(hash, Known { tally, reach: 0 }),
            false if reach >= LEAST_KEPT => self.memo.put(hash, Known { tally, reach }),
            false => {}
        }
        tally
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
            let _ = Messages(self, "input").deserialize(&mut reader);
        } else {
            self.add(raw, At::Message);
        }
    }

    fn tools(&mut self, raw: &str) {
        let dialect = self.dialect;
        let tally = self.known_or(raw, At::Tools, |root| {
            let mut tally = Tally::default();
            let is_rendered = matches!(dialect, Dialect::Chat | Dialect::Responses);
            let tools = is_rendered.then(|| parsed(raw)).flatten();
            let tools = tools.as_ref().and_then(Value::as_array);
            let text = tools.and_then(|tools| tools::rendered(tools, &mut root.rendering));
            match (tools, text) {
                (Some(tools), _) if tools.is_empty() => {}
                (_, Some((text, marks))) => {
                    tally.add(Kind::Code, root.counter.count(&text));
                    tally.add(Kind::Frame, tools::FRAME);
                    tally.add_all(&marks);
                }
                _ => {
                    // Rendering has a bound of its own, for all tools together.
                    if is_rendered {
                        root.counter.bind();
                    } else if raw.len() <= LONGEST_PARSED && tools::has_provider_tools(raw) {
                        tally.doubt();
                    }
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
        let tokens = match parsed(raw) {
            Some(Value::String(choice)) if choice == "none" => 1,
            Some(Value::Object(choice)) => {
                let name = choice
                    .get("function")
                    .and_then(|function| function.get("name"))
                    .or_else(|| choice.get("name"));
                name.and_then(Value::as_str).map_or(0, |name| 4 + self.counter.count(name))
            }
            _ if raw.len() > LONGEST_PARSED => {
                self.tally.is_estimate = true;
                self.counter.count(raw)
            }
            _ => 0,
        };
        self.tally.add(Kind::Frame, tokens);
    }

    /// A member of which nothing is known: what is long may well be read, as the `documents` that some servers take.
    fn other(&mut self, raw: &str) {
        if raw.len() > LONG {
            self.tally.add(Kind::Json, self.counter.count(raw));
            self.tally.doubt();
        }
    }

    /// A schema that the answer must follow, with what is around it.
    fn format(&mut self, raw: &str) {
        // `json_schema`, `responseSchema`; what hides it behind an escape is other text, if it is long.
        if raw.contains("chema") {
            self.tally.add(Kind::Json, self.counter.count(raw));
            self.tally.is_estimate = true;
        } else {
            self.other(raw);
        }
    }

    fn finish(mut self) -> (Tally, Budget) {
        self.memo.put_begun(&mut self.beginnings, usize::MAX, self.begun);
        if !matches!(self.dialect, Dialect::Completions | Dialect::Embeddings) {
            self.tally.add(Kind::Frame, REPLY);
        }
        if let (true, Some(line_end)) = (self.has_tools, self.tally.system_line_end()) {
            self.tally.take_frame(tools::IN_SYSTEM);
            self.tally.add(Kind::Frame, line_end);
        }
        self.tally.is_estimate |= !self.counter.is_exact();
        (self.tally, self.counter.left())
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = (Tally, Budget);

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(Tally, Budget), A::Error> {
        use Dialect::{Completions, Embeddings, Gemini, Responses};
        while let Some(key) = map.next_key::<Key>()? {
            self.has_prompt |= matches!(
                (&*key.0, self.dialect),
                ("prompt" | "suffix", Completions)
                    | ("input", Embeddings | Responses)
                    | ("prompt", Responses)
                    | ("messages" | "contents", _)
                    | ("instructions" | "system" | "systemInstruction" | "system_instruction", _)
            );
            match (&*key.0, self.dialect) {
                ("prompt" | "suffix", Completions) | ("input", Embeddings) => {
                    self.add(map.next_value::<&RawValue>()?.get(), At::Prompt);
                }
                ("prompt", Responses) => {
                    self.add(map.next_value::<&RawValue>()?.get(), At::Stored);
                }
                // What the provider has of it, nobody else can count.
                ("previous_response_id" | "conversation", Responses)
                | ("cachedContent" | "cached_content", Gemini) => {
                    if map.next_value::<&RawValue>()?.get() != "null" {
                        self.tally.doubt();
                    }
                }
                // With these the model reads what the provider finds (Anthropic, OpenAI, xAI).
                ("mcp_servers" | "container" | "web_search_options" | "search_parameters", _) => {
                    let raw = map.next_value::<&RawValue>()?.get();
                    if raw != "null" {
                        self.tally.doubt();
                    }
                    self.other(raw);
                }
                ("input", Responses) => self.input(map.next_value::<&RawValue>()?.get()),
                ("messages", _) => map.next_value_seed(Messages(&mut self, "messages"))?,
                ("contents", _) => map.next_value_seed(Messages(&mut self, "contents"))?,
                ("instructions" | "system" | "systemInstruction" | "system_instruction", _) => {
                    self.add(map.next_value::<&RawValue>()?.get(), At::System);
                }
                ("tools" | "functions" | "toolConfig", _) => self.tools(map.next_value::<&RawValue>()?.get()),
                ("tool_choice" | "function_call", _) => {
                    self.tool_choice(map.next_value::<&RawValue>()?.get())
                }
                (
                    "response_format" | "text" | "generationConfig" | "generation_config" | "output_config"
                    | "outputConfig" | "output_format",
                    _,
                ) => {
                    self.format(map.next_value::<&RawValue>()?.get());
                }
                // What no model reads, however long it is.
                ("metadata" | "labels" | "logit_bias" | "prediction" | "user" | "safety_identifier", _) => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => self.other(map.next_value::<&RawValue>()?.get()),
            }
        }
        if self.has_prompt { Ok(self.finish()) } else { Err(A::Error::custom("no prompt")) }
    }
}

/// As a value, if it is not too long for that.
fn parsed(raw: &str) -> Option<Value> {
    (raw.len() <= LONGEST_PARSED).then(|| serde_json::from_str(raw).ok())?
}

fn behind_space(json: &[u8]) -> &[u8] {
    let start = json.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    json.get(start.unwrap_or(json.len())..).unwrap_or_default()
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

/// Messages in a list of this name; one alone; nothing if it is something else.
struct Messages<'r, 'm>(&'r mut Root<'m>, &'static str);

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
            self.0.add_message(self.1, message.get());
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

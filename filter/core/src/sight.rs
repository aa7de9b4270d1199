//! What the conditions of a policy see of a request.
//!
//! | name | value |
//! |---|---|
//! | `path` | as sent, without its query; nothing is decoded |
//! | `method` | as sent |
//! | `headers` | a name that comes more than once has all its values, joined by commas (RFC 9110, 5.3); bytes that are not UTF-8 read as U+FFFD; the filter's own prefix is hidden, as nobody may send it |
//! | `hour` | 0 to 23, UTC, when the request arrived |
//! | `model` | the body's `model`, escapes resolved; empty when it is no string |
//! | `stream` | whether the body's `stream` is `true`, or the path asks for a stream where the dialect has it there |
//! | `turns` | elements of the body's `messages` |
//! | `tools` | elements of the body's `tools`, by name |
//! | `tenant` | as the policy's sources name it; `anonymous` where none does, and empty for one that is known by its key alone |
//! | `tier` | that tenant's; empty where no tier takes it |
//! | `tokens.input` | counted as for a limit, for the first target of the first route that may take the request |
//! | `tokens.max_output` | what the body sets, under whichever name; 0 when it doesn't |
//!
//! Without a body that can be read what is read from it is empty, `false` and 0. Nothing is copied that can be borrowed, and
//! nothing of the body is read again before a condition asks.

use std::borrow::Cow;
use std::cell::OnceCell;

use seawall_policy::condition::{Facts, FlagName, NumberName, TextName};

use crate::answer::PREFIX;
use crate::body;
use crate::headers::Headers;
use crate::limits::Named;
use crate::path::plain;
use crate::time::Timestamp;

/// A request as conditions see it.
pub(crate) struct Sight<'r> {
    headers: &'r Headers,
    path: Cow<'r, str>,
    arrived: Timestamp,
    body: Body<'r>,
    named: Named<'r>,
    input_tokens: u64,
    model: OnceCell<Cow<'r, str>>,
    tools: OnceCell<Vec<Cow<'r, str>>>,
    /// Headers whose value is not one text as it stands.
    odd: OnceCell<Vec<(&'r [u8], String)>>,
}

/// The body of a request, as far as it is known.
#[derive(Clone, Copy)]
pub(crate) enum Body<'r> {
    /// Yet to come.
    Awaited,
    /// There is none, or none that can be read.
    Silent,
    Read(&'r body::Facts, &'r [u8]),
}

impl<'r> Sight<'r> {
    pub(crate) fn new(headers: &'r Headers, arrived: Timestamp, body: Body<'r>) -> Self {
        let path = headers.get(":path").unwrap_or_default();
        let path = plain(path);
        let (model, tools, odd) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (named, input_tokens) = (Named::default(), 0);
        Self { headers, path, arrived, body, named, input_tokens, model, tools, odd }
    }

    /// The same of this caller.
    pub(crate) fn of(self, named: Named<'r>) -> Self {
        Self { named, ..self }
    }

    /// The same with so many tokens in its prompt.
    pub(crate) fn with_input(self, input_tokens: u64) -> Self {
        Self { input_tokens, ..self }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn awaits_body(&self) -> bool {
        matches!(self.body, Body::Awaited)
    }

    fn facts(&self) -> Option<&'r body::Facts> {
        if let Body::Read(facts, _) = self.body { Some(facts) } else { None }
    }

    fn model(&self) -> &str {
        self.model.get_or_init(|| match self.body {
            Body::Read(facts, body) => facts.model_name(body).unwrap_or_default(),
            Body::Awaited | Body::Silent => Cow::default(),
        })
    }

    fn tools(&self) -> &[Cow<'r, str>] {
        self.tools.get_or_init(|| match self.body {
            Body::Read(facts, body) => facts.tool_names(body),
            Body::Awaited | Body::Silent => Vec::new(),
        })
    }

    /// Rare, and so made for all names at once: values that are not UTF-8, and names that come more than once.
    fn odd(&self) -> &[(&'r [u8], String)] {
        self.odd.get_or_init(|| {
            let mut joined: Vec<(&[u8], String)> = Vec::new();
            for (name, value) in self.headers.iter() {
                let value = String::from_utf8_lossy(value);
                match joined.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, values)) => {
                        values.push(',');
                        values.push_str(&value);
                    }
                    None => joined.push((name, value.into_owned())),
                }
            }
            joined
        })
    }
}

impl Facts for Sight<'_> {
    fn text(&self, name: TextName) -> &str {
        match name {
            TextName::Path => &self.path,
            TextName::Method => self.headers.get(":method").unwrap_or_default(),
            TextName::Model => self.model(),
            TextName::Tenant => self.named.tenant,
            TextName::Tier => self.named.tier,
            // The checker refuses a policy that asks.
            TextName::PromptVersion => "",
        }
    }

    fn number(&self, name: NumberName) -> i64 {
        const HOUR: u64 = 3_600_000_000_000;
        match name {
            NumberName::Hour => i64::try_from(self.arrived.0 / HOUR % 24).unwrap_or_default(),
            NumberName::Turns => self.facts().map_or(0, |facts| facts.messages.into()),
            NumberName::Tools => self.facts().map_or(0, |facts| facts.tools.into()),
            NumberName::InputTokens => i64::try_from(self.input_tokens).unwrap_or(i64::MAX),
            NumberName::MaxOutputTokens => match self.body {
                Body::Read(facts, body) => {
                    i64::try_from(facts.most_tokens(body).unwrap_or_default()).unwrap_or(i64::MAX)
                }
                Body::Awaited | Body::Silent => 0,
            },
        }
    }

    fn flag(&self, name: FlagName) -> bool {
        match name {
            FlagName::Stream => self.facts().is_some_and(|facts| facts.stream),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        if name.starts_with(PREFIX) {
            return None;
        }
        let mut values = self.headers.iter().filter(|(known, _)| *known == name.as_bytes());
        let (_, first) = values.next()?;
        match std::str::from_utf8(first) {
            Ok(value) if values.next().is_none() => Some(value),
            _ => self.odd().iter().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| &**value),
        }
    }

    fn has_tool(&self, name: &str) -> bool {
        self.tools().iter().any(|tool| tool == name)
    }
}

#[cfg(test)]
#[path = "sight_tests.rs"]
mod tests;

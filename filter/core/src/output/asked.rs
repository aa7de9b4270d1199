//! What a request asks of its answer, whatever its dialect.

use std::rc::Rc;

use seawall_policy::policy::{Capability, Languages, Output};
use seawall_schema::Schema;
use seawall_tokens::Dialect;

use super::Content;
use super::schemas::{Allowance, SchemaCache};
use crate::body::{Facts, SchemaText};

/// Bytes of what the user has said last that are kept: enough to tell its language.
const MOST_SAID: usize = 4 * 1024;

/// The format and the tools that a request brings along.
///
/// Its schemas are a stranger's. One that can't be honoured is left out and counted: whether a request is right is its provider's to say.
///
/// **Prefill.** The models of Anthropic's and Bedrock's dialects go on with the last message where that is the assistant's, and their answer
/// lacks it. What the application puts together is both, and so is what is held to the rules. (Anthropic: "Prefill Claude's response".)
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Its answer is to be JSON that fits.
    pub(crate) schema: Option<Rc<Schema>>,
    /// Its answer is to be JSON, whatever it says.
    pub(crate) json: bool,
    /// It declares tools, or leads to what is stored with the provider and may declare some.
    pub(crate) may_call: bool,
    /// Known once an answer calls one.
    pub(crate) tools: Vec<Tool>,
    /// There may be tools that its body doesn't tell.
    pub(crate) has_more_tools: bool,
    /// What the user has said last, where a rule asks for its language.
    pub(crate) last_text: String,
    /// What it has begun to answer itself, which its answer goes on with.
    pub(crate) prefill: String,
    /// Schemas that can't be honoured.
    pub(crate) unusable: u32,
    pub(super) allowance: Allowance,
}

/// A tool that the model may call.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// What its arguments must fit. Only of tools that were called.
    pub(crate) schema: Option<Rc<Schema>>,
}

/// What of a request a route's rules look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// The schemas of its format and of its tools.
    pub(crate) schemas: bool,
    /// The text that the user has said last.
    pub(crate) last_text: bool,
}

impl Wants {
    pub(crate) fn of(rules: &Output) -> Self {
        Self { schemas: rules.schema_from_request, last_text: rules.language == Some(Languages::OfRequest) }
    }
}

impl Asked {
    /// Of a request that isn't read, as it is compressed, say: nobody knows what it offers, and whether it has a schema.
    pub(crate) fn unknown(wants: Wants) -> Self {
        Self { may_call: true, has_more_tools: true, unusable: wants.schemas.into(), ..Self::default() }
    }

    /// Reads what is to be known before there is an answer: all but the tools.
    pub(crate) fn of(
        facts: &Facts,
        body: &[u8],
        (dialect, wants): (Dialect, Wants),
        cache: &mut SchemaCache,
    ) -> Self {
        let may_call = facts.needs(Capability::Tools, body) || facts.is_stored(body);
        let mut asked = Self { may_call, ..Self::default() };
        if wants.schemas {
            let format = facts.format(body);
            asked.json = format.is_json;
            asked.schema = format.schema.and_then(|text| asked.compiled(text, cache));
        }
        if matches!(dialect, Dialect::Anthropic | Dialect::Bedrock) {
            asked.prefill = facts.prefill(body);
        }
        if wants.last_text {
            asked.last_text = facts.last_text(body, MOST_SAID);
        }
        asked
    }

    /// Reads the tools, if the answer calls any; and where wanted, the schemas of those that it calls: agents bring a hundred, and call one.
    pub(crate) fn read_tools(
        &mut self,
        facts: &Facts,
        body: &[u8],
        wants: Wants,
        content: &Content,
        cache: &mut SchemaCache,
    ) {
        let called = || content.choices.iter().flat_map(|choice| &choice.calls);
        if called().next().is_none() {
            return;
        }
        let declared = facts.declared(body);
        self.has_more_tools = declared.has_more;
        self.tools.clear();
        for tool in declared.tools {
            let is_read = wants.schemas && called().any(|call| call.name == tool.name);
            let schema = tool.schema.filter(|_| is_read).and_then(|text| self.compiled(text, cache));
            self.tools.push(Tool { name: tool.name.into_owned(), schema });
        }
    }

    fn compiled(&mut self, text: SchemaText<'_>, cache: &mut SchemaCache) -> Option<Rc<Schema>> {
        let schema = cache.get(text, &mut self.allowance);
        self.unusable += u32::from(schema.is_none());
        schema
    }
}

#[cfg(test)]
#[path = "asked_tests.rs"]
mod tests;

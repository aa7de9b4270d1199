//! The tools that a request declares.
//!
//! | form | name |
//! |---|---|
//! | `{"type":"function","function":{"name":"search"}}`, `{"type":"custom","custom":{"name":"search"}}` | `search` |
//! | `{"type":"function","name":"search"}`, `{"name":"search"}` | `search` |
//! | `{"type":"web_search"}` | `web_search` |
//!
//! What a call's arguments are to fit:
//!
//! | dialect | schema |
//! |---|---|
//! | OpenAI's chats | `tools[].function.parameters`, formerly `functions[].parameters` |
//! | OpenAI's responses | `tools[].parameters`, also in `tools` of a `namespace` |
//! | Anthropic | `tools[].input_schema` |
//! | Gemini | `tools[].functionDeclarations[]`: `parametersJsonSchema`, or `parameters`, which is OpenAPI's |
//! | Bedrock | `toolConfig.tools[].toolSpec.inputSchema.json` |
//!
//! Tools that a provider runs itself have no name of their own, and nothing calls them but that provider.
//!
//! Sources: OpenAI's "Function calling" and "Tool search", Anthropic's "Tool use", Gemini's `FunctionDeclaration`, Bedrock's
//! `ToolSpecification`.

use std::borrow::Cow;

use super::Facts;
use super::format::{Form, SchemaText};
use super::member::Member;
use super::needs::is_text;
use super::scan::text_of;
use super::walk::{elements, members};

/// So many tools have their names read. The APIs take 128.
const MOST: usize = 1024;

/// The names in the value of `tools`, in their order; of a tool without a name nothing. What is no list has none.
pub(super) fn names(list: &[u8]) -> Vec<Cow<'_, str>> {
    elements(list).take(MOST).filter_map(name).collect()
}

fn name(tool: &[u8]) -> Option<Cow<'_, str>> {
    let [own, function, custom, kind] = members(tool, [b"name", b"function", b"custom", b"type"]);
    let inner = |object: Option<_>| {
        let [name] = members(object?, [b"name"]);
        text_of(name?)
    };
    own.and_then(text_of).or_else(|| inner(function)).or_else(|| inner(custom)).or_else(|| text_of(kind?))
}

/// A tool that the model may call by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared<'b> {
    pub(crate) name: Cow<'b, str>,
    /// What its arguments are to fit.
    pub(crate) schema: Option<SchemaText<'b>>,
}

/// The tools of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredTools<'b> {
    pub(crate) tools: Vec<Declared<'b>>,
    /// There may be others, which the body doesn't tell: those of a stored prompt or of a cached one, those that a search brings.
    pub(crate) has_more: bool,
}

impl Facts {
    /// Whether part of the request is stored with its provider: a prompt, or cached content.
    pub(crate) fn is_stored(&self, body: &[u8]) -> bool {
        self.value(Member::Prompt, body).starts_with(b"{")
            || !matches!(self.value(Member::CachedContent, body), b"" | b"null")
    }

    /// The tools that the body that these facts are about lets the model call.
    pub(crate) fn declared<'b>(&self, body: &'b [u8]) -> DeclaredTools<'b> {
        let mut found = DeclaredTools { tools: Vec::new(), has_more: self.is_stored(body) };
        let [bedrock] = members(self.value(Member::ToolConfig, body), [b"tools"]);
        for list in [self.value(Member::Tools, body), bedrock.unwrap_or_default()] {
            elements(list).take(MOST + 1).for_each(|tool| found.add(tool, true));
        }
        for function in elements(self.value(Member::Functions, body)).take(MOST + 1) {
            found.push(function, Form::Json);
        }
        found
    }
}

impl<'b> DeclaredTools<'b> {
    fn add(&mut self, tool: &'b [u8], is_outermost: bool) {
        let [kind, function, custom, inner, gemini, snake_gemini, bedrock, system] = members(
            tool,
            [
                b"type",
                b"function",
                b"custom",
                b"tools",
                b"functionDeclarations",
                b"function_declarations",
                b"toolSpec",
                b"systemTool",
            ],
        );
        if is_text(kind, &["tool_search"]) {
            self.has_more = true;
        } else if is_text(kind, &["namespace"]) && is_outermost {
            elements(inner.unwrap_or_default()).take(MOST + 1).for_each(|tool| self.add(tool, false));
        } else if let Some(list) = gemini.or(snake_gemini) {
            elements(list).take(MOST + 1).for_each(|function| self.push(function, Form::OpenApi));
        } else {
            let mut inner = [function, custom, bedrock, system].into_iter().flatten();
            self.push(inner.find(|inner| inner.starts_with(b"{")).unwrap_or(tool), Form::Json);
        }
    }

    /// Adds a tool by its definition. `form` is that of `parameters`.
    fn push(&mut self, tool: &'b [u8], form: Form) {
        let [name, parameters, json, snake_json, input, bedrock] = members(
            tool,
            [
                b"name",
                b"parameters",
                b"parametersJsonSchema",
                b"parameters_json_schema",
                b"input_schema",
                b"inputSchema",
            ],
        );
        self.has_more |= self.tools.len() >= MOST;
        let Some(name) = name.and_then(text_of).filter(|_| self.tools.len() < MOST) else { return };
        let [of_bedrock] = members(bedrock.unwrap_or_default(), [b"json"]);
        let plain = json.or(snake_json).or(input).or(of_bedrock);
        let schema = SchemaText::of(plain, Form::Json).or_else(|| SchemaText::of(parameters, form));
        self.tools.push(Declared { name, schema });
    }
}

#[cfg(test)]
#[path = "tools_tests.rs"]
mod tests;

//! The format that a request asks of its answer.
//!
//! | dialect | where it stands |
//! |---|---|
//! | OpenAI's chats, and what is made like them | `response_format`: `{"type":"json_schema","json_schema":{"schema"}}`, `{"type":"json_object"}`, with `schema` on some servers |
//! | OpenAI's responses | `text.format`: `{"type":"json_schema","schema"}`, `{"type":"json_object"}` |
//! | Anthropic | `output_config.format`, formerly `output_format`: `{"type":"json_schema","schema"}` |
//! | Gemini | in `generationConfig`: `responseFormat.text` with `mimeType` and `schema`; formerly `responseMimeType` with `responseJsonSchema` or `responseSchema`, which is OpenAPI's |
//! | Bedrock | `outputConfig.textFormat`: `{"type":"json_schema","structure":{"jsonSchema":{"schema"}}}`, the schema as a text |
//!
//! Sources: OpenAI's "Structured model outputs", Anthropic's "Structured outputs", Gemini's `GenerationConfig`, Bedrock's
//! `OutputConfig`.

use super::Facts;
use super::member::Member;
use super::needs::is_text;
use super::walk::members;

/// What the answer is to be, by its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Format<'b> {
    /// It is to be JSON.
    pub(crate) is_json: bool,
    /// It is to fit this.
    pub(crate) schema: Option<SchemaText<'b>>,
}

/// A schema as it stands in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SchemaText<'b> {
    pub(crate) text: &'b [u8],
    pub(crate) form: Form,
}

/// How a schema is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Json,
    /// JSON within a JSON string.
    Quoted,
    /// Gemini's `Schema`, a part of OpenAPI's.
    OpenApi,
}

impl<'b> SchemaText<'b> {
    /// The value of a member that is to hold a schema; `None` if it holds something else.
    pub(super) fn of(value: Option<&'b [u8]>, form: Form) -> Option<Self> {
        let opening: &[u8] = if form == Form::Quoted { b"\"" } else { b"{" };
        value.filter(|text| text.starts_with(opening)).map(|text| Self { text, form })
    }
}

impl Facts {
    /// What the body that these facts are about asks its answer to be.
    pub(crate) fn format<'b>(&self, body: &'b [u8]) -> Format<'b> {
        let inner = |member| {
            let [format, text_format] = members(self.value(member, body), [b"format", b"textFormat"]);
            format.or(text_format).unwrap_or_default()
        };
        let found = [self.value(Member::ResponseFormat, body), self.value(Member::OutputFormat, body)]
            .into_iter()
            .chain([Member::Text, Member::OutputConfig].map(inner))
            .map(named)
            .chain([gemini(self.value(Member::GenerationConfig, body))]);
        found.into_iter().find(|format| format.is_json).unwrap_or_default()
    }
}

/// What `json_object` asks for.
const OBJECT: &[u8] = br#"{"type":"object"}"#;

/// A format that tells its type.
fn named(format: &[u8]) -> Format<'_> {
    let [kind, json_schema, schema, structure] =
        members(format, [b"type", b"json_schema", b"schema", b"structure"]);
    if !is_text(kind, &["json_object", "json_schema"]) {
        return Format::default();
    }
    let [inner] = members(json_schema.unwrap_or_default(), [b"schema"]);
    let [bedrock] = members(structure.unwrap_or_default(), [b"jsonSchema"]);
    let [quoted] = members(bedrock.unwrap_or_default(), [b"schema"]);
    let plain = SchemaText::of(inner.or(schema), Form::Json);
    let schema = plain.or_else(|| SchemaText::of(quoted, Form::Quoted));
    let object = is_text(kind, &["json_object"]).then_some(SchemaText { text: OBJECT, form: Form::Json });
    Format { is_json: true, schema: schema.or(object) }
}

fn gemini(config: &[u8]) -> Format<'_> {
    let [mime, snake_mime, open, snake_open, json, snake_json, formerly, format, snake_format] = members(
        config,
        [
            b"responseMimeType",
            b"response_mime_type",
            b"responseSchema",
            b"response_schema",
            b"responseJsonSchema",
            b"response_json_schema",
            b"_responseJsonSchema",
            b"responseFormat",
            b"response_format",
        ],
    );
    let [text] = members(format.or(snake_format).unwrap_or_default(), [b"text"]);
    let [text_mime, text_snake_mime, text_schema] =
        members(text.unwrap_or_default(), [b"mimeType", b"mime_type", b"schema"]);
    let mime = mime.or(snake_mime).or(text_mime).or(text_snake_mime);
    // One word of a list, without quotes.
    if is_text(mime, &["text/x.enum", "TEXT_X_ENUM"]) {
        return Format::default();
    }
    let json = text_schema.or(json).or(snake_json).or(formerly);
    let schema =
        SchemaText::of(json, Form::Json).or_else(|| SchemaText::of(open.or(snake_open), Form::OpenApi));
    Format { is_json: schema.is_some() || is_text(mime, &["application/json", "APPLICATION_JSON"]), schema }
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;

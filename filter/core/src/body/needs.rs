//! What a request needs of the target that answers it, read from its body only where a target of the route lacks something.
//!
//! | need | what tells it |
//! |---|---|
//! | `vision` | a part of a message, or of a tool's result in it, that is an image: `image_url`, `input_image`, `image`, or Gemini's `inlineData` and `fileData` of an image type |
//! | `tools` | elements in `tools` or `functions`, or in `tools` of `toolConfig` |
//! | `json` | JSON asked for by its [format](super::format) |
//! | `stream` | `"stream": true`, or a path that asks for a stream |
//! | `stream_options` | `stream_options` |
//! | `prefill` | a last message whose role is `assistant`, or `model` |
//!
//! Sources: OpenAI's "Create chat completion" and "Create a response", Anthropic's "Messages", Gemini's
//! `models.generateContent`, Bedrock's `Converse`.

use seawall_policy::policy::Capability;

use super::Facts;
use super::member::Member;
use super::scan::text_of;
use super::walk::{elements, members};

/// Lists within lists that are looked through for images: messages, their parts, and the parts of a tool's result.
const DEPTH: u32 = 3;

impl Facts {
    /// Whether the body that these facts are about needs this.
    #[must_use]
    pub fn needs(&self, capability: Capability, body: &[u8]) -> bool {
        match capability {
            Capability::Vision => self.conversations(body).any(|list| has_image(list, DEPTH)),
            Capability::Tools => {
                let [tools] = members(self.value(Member::ToolConfig, body), [b"tools"]);
                let more = [self.value(Member::Functions, body), tools.unwrap_or_default()];
                self.tools > 0 || more.into_iter().any(|list| elements(list).next().is_some())
            }
            Capability::Json => self.format(body).is_json,
            Capability::Stream => self.stream,
            Capability::StreamOptions => !matches!(self.value(Member::StreamOptions, body), b"" | b"null"),
            Capability::Prefill => self.conversations(body).any(|list| {
                let [role] = members(elements(list).last().unwrap_or_default(), [b"role"]);
                is_text(role, &["assistant", "model"])
            }),
        }
    }

    /// The lists in which a dialect has its messages.
    fn conversations<'b>(&self, body: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        [Member::Messages, Member::Contents, Member::Input].map(|member| self.value(member, body)).into_iter()
    }
}

/// Whether there is an image in what these lists of messages or parts hold.
fn has_image(list: &[u8], depth: u32) -> bool {
    elements(list)
        .any(|part| is_image(part) || depth > 1 && inner_lists(part).any(|list| has_image(list, depth - 1)))
}

fn is_image(part: &[u8]) -> bool {
    let [kind, image, inline, inline_data, file, file_data] =
        members(part, [b"type", b"image", b"inlineData", b"inline_data", b"fileData", b"file_data"]);
    let is_of_image_type = |data| {
        let [camel, snake] = members(data, [b"mimeType", b"mime_type"]);
        camel.or(snake).and_then(text_of).is_some_and(|kind| kind.starts_with("image/"))
    };
    is_text(kind, &["image_url", "input_image", "image"])
        || image.is_some_and(|image| image.starts_with(b"{"))
        || [inline, inline_data, file, file_data].into_iter().flatten().any(is_of_image_type)
}

fn inner_lists(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    let [content, parts, result] = members(part, [b"content", b"parts", b"toolResult"]);
    let [of_result] = members(result.unwrap_or_default(), [b"content"]);
    [content, parts, of_result].into_iter().flatten()
}

pub(super) fn is_text(value: Option<&[u8]>, wanted: &[&str]) -> bool {
    value.and_then(text_of).is_some_and(|text| wanted.contains(&&*text))
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;

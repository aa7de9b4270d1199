//! What the paths of some dialects say: the model, and whether the answer is to be streamed.
//!
//! | dialect | path | streamed |
//! |---|---|---|
//! | Gemini, also on Vertex AI | `…/models/gemini-2.5-pro:generateContent` | `:streamGenerateContent` |
//! | Bedrock | `/model/anthropic.claude-sonnet-4-5-v1%3A0/converse`, `…/invoke` | `/converse-stream`, `/invoke-with-response-stream` |
//! | Azure OpenAI | `/openai/deployments/gpt-4.1/chat/completions`; its newer paths have none | – |
//!
//! Sources: Gemini's `models.generateContent` and `models.streamGenerateContent`, Bedrock's `Converse`, `ConverseStream` and
//! `InvokeModelWithResponseStream`, Azure OpenAI's REST reference.

use std::borrow::Cow;
use std::ops::Range;

use seawall_policy::policy::Provider;

use crate::path::plain;

/// The model that a path names, as a server takes it.
pub(crate) fn named(provider: Provider, path: &str) -> Option<Cow<'_, str>> {
    if matches!(provider, Provider::OpenAi | Provider::Anthropic) {
        return None;
    }
    match plain(path) {
        Cow::Borrowed(path) => path.get(place(provider, path)?).map(Cow::Borrowed),
        Cow::Owned(path) => path.get(place(provider, &path)?).map(|model| Cow::Owned(model.to_owned())),
    }
}

/// Where the model stands in a path, if it does.
fn place(provider: Provider, path: &str) -> Option<Range<usize>> {
    let (mark, ends): (_, &[char]) = match provider {
        Provider::Gemini => ("/models/", &[':', '/', '?']),
        Provider::Bedrock => ("/model/", &['/', '?']),
        Provider::Azure => ("/deployments/", &['/', '?']),
        Provider::OpenAi | Provider::Anthropic => return None,
    };
    let start = path.find(mark)? + mark.len();
    let rest = path.get(start..)?;
    let length = rest.find(ends).unwrap_or(rest.len());
    (length > 0).then_some(start..start + length)
}

/// The path with another model, which has been [`escaped`].
pub(crate) fn with_model(provider: Provider, path: &str, model: &str) -> Option<String> {
    // The part that a server takes for the model, and no less.
    let plain = plain(path);
    let query = path.find('?').and_then(|at| path.get(at..)).unwrap_or_default();
    let place = place(provider, &plain)?;
    Some([plain.get(..place.start)?, model, plain.get(place.end..)?, query].concat())
}

/// A model as a segment of a path (RFC 3986, 2.1 and 2.3).
pub(crate) fn escaped(model: &str) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |number: u8| DIGITS.get(usize::from(number)).copied().unwrap_or_default();
    let mut text = String::with_capacity(model.len());
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_the_same_however_a_path_is_written() {
        let table = [
            (Provider::Gemini, "/v1beta/models/gemini-2.5-pro:generateContent", Some("gemini-2.5-pro")),
            (
                Provider::Gemini,
                "/v1beta/models/gemini-2.5-pr%6F%3AgenerateContent?a=b",
                Some("gemini-2.5-pro"),
            ),
            (Provider::Gemini, "/v1beta//models/./gemini-2.5-pro:generateContent", Some("gemini-2.5-pro")),
            (Provider::Gemini, "/v1beta/openai/chat/completions?x=/models/other", None),
            (Provider::Bedrock, "/model/a.nova-v1%3A0/converse", Some("a.nova-v1:0")),
            (Provider::Bedrock, "/model/a.nova-v1:0/converse", Some("a.nova-v1:0")),
            (Provider::Azure, "/openai/v1/chat/completions?x=/deployments/other", None),
            (Provider::OpenAi, "/v1/models/gpt-4.1", None),
        ];
        for (provider, path, model) in table {
            assert_eq!(named(provider, path).as_deref(), model, "{path}");
        }
    }

    #[test]
    fn the_model_of_a_path_is_replaced_and_nothing_else() {
        let table = [
            (
                Provider::Gemini,
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                Some("/v1beta/models/a%2Fb%3A1:streamGenerateContent?alt=sse"),
            ),
            (
                Provider::Gemini,
                "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent",
                Some("/v1/projects/p/locations/l/publishers/google/models/a%2Fb%3A1:generateContent"),
            ),
            (
                Provider::Gemini,
                "/v1beta/model%73/gemini-2.5-pro%3AgenerateContent?a=/models/",
                Some("/v1beta/models/a%2Fb%3A1:generateContent?a=/models/"),
            ),
            (Provider::Gemini, "/v1beta/openai/chat/completions", None),
            (Provider::Gemini, "/v1beta/models/", None),
            (Provider::Bedrock, "/model/amazon.nova-lite-v1%3A0/converse", Some("/model/a%2Fb%3A1/converse")),
            (
                Provider::Azure,
                "/openai/deployments/gpt-4.1/chat/completions?api-version=2024-10-21",
                Some("/openai/deployments/a%2Fb%3A1/chat/completions?api-version=2024-10-21"),
            ),
            (Provider::Azure, "/openai/v1/chat/completions", None),
            (Provider::OpenAi, "/v1/models/gpt-4.1", None),
        ];
        for (provider, path, changed) in table {
            assert_eq!(with_model(provider, path, &escaped("a/b:1")).as_deref(), changed, "{path}");
        }
    }
}

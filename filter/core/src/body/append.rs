//! One more message at the end of the conversation that a request brings along; everything else stays as it is, byte for byte.
//!
//! | dialect | a message of the user's |
//! |---|---|
//! | chat completions, Anthropic | `{"role":"user","content":"…"}` in `messages` |
//! | Responses | the same in `input`; a text becomes a list with it |
//! | Gemini | `{"role":"user","parts":[{"text":"…"}]}` in `contents` |
//! | Bedrock | `{"role":"user","content":[{"text":"…"}]}` in `messages` |
//! | completions | more text at the end of `prompt` |
//!
//! **Roles take turns.** Bedrock's Converse refuses two messages of the user's in a row, and so do the templates of many models that are served
//! as chat completions; Anthropic's makes one of them (Messages, `messages`). Where the last message is the user's and no answer of the
//! model's is put between, its own text is made longer instead. Responses and Gemini take them as they come.
//!
//! **Nothing is added** to a conversation that ends with words or calls of the model's: they are to be gone on with, or to be answered by a
//! tool.

use std::borrow::Cow;

use seawall_tokens::Dialect;

use super::Facts;
use super::history::{Speaker, speaker};
use super::member::Member;
use super::walk::{elements, members, place_in};

/// Bytes of an answer that is put before the message. A longer one is left out: half an answer teaches to give half answers.
const MOST_PREVIOUS: usize = 8 * 1024;

/// What stands between two texts that are made one.
const GAP: &str = "\n\n";

/// The body with one more message of the user's at the end of the conversation, and before it the model's `previous` answer where there is one
/// and it isn't too long; `None` where that doesn't fit.
pub(crate) fn appended(
    body: &[u8],
    facts: &Facts,
    dialect: Dialect,
    previous: Option<&str>,
    message: &str,
) -> Option<Vec<u8>> {
    let previous = previous.filter(|text| !text.trim().is_empty() && text.len() <= MOST_PREVIOUS);
    let place = match dialect {
        Dialect::Embeddings => return None,
        Dialect::Completions => facts.place(Member::Prompt),
        _ => facts.history(dialect),
    };
    let conversation = body.get(place.clone())?;
    let is_text = conversation.starts_with(b"\"");
    let whole = match dialect {
        Dialect::Completions if is_text => {
            let parts: [&str; 5] = match previous {
                Some(previous) => [GAP, previous, GAP, message, GAP],
                None => ["", "", GAP, message, GAP],
            };
            longer(conversation, &parts.concat())?
        }
        Dialect::Responses if is_text => {
            let own = ["{\"role\":\"user\",\"content\":".as_bytes(), conversation, b"}"].concat();
            [b"[", &own[..], b",", &turns(dialect, previous, message), b"]"].concat()
        }
        _ => in_list(conversation, dialect, previous, message)?,
    };
    let (before, after) = (body.get(..place.start)?, body.get(place.end..)?);
    Some([before, &whole, after].concat())
}

/// The list of messages with more at its end.
fn in_list(list: &[u8], dialect: Dialect, previous: Option<&str>, message: &str) -> Option<Vec<u8>> {
    let last = elements(list).last().filter(|last| last.starts_with(b"{"))?;
    let is_user = match speaker(last, 0, &mut Vec::new()) {
        Speaker::Model => return None,
        Speaker::User => matches!(dialect, Dialect::Chat | Dialect::Anthropic | Dialect::Bedrock),
        // There, results are said by the user.
        Speaker::Tool { .. } => matches!(dialect, Dialect::Anthropic | Dialect::Bedrock),
        Speaker::Instruction => false,
    };
    if let (true, None) = (is_user, previous) {
        let [content] = members(last, [b"content"]);
        if let Some(longer) = content.and_then(|content| longer_content(content, dialect, message)) {
            return replaced(list, content?, &longer);
        }
    }
    let end = list.strip_suffix(b"]")?;
    Some([end, b",", &turns(dialect, previous, message), b"]"].concat())
}

/// Messages with a comma between them.
fn turns(dialect: Dialect, previous: Option<&str>, message: &str) -> Vec<u8> {
    let mut turns = Vec::new();
    if let Some(previous) = previous {
        let role = if dialect == Dialect::Gemini { "model" } else { "assistant" };
        turn(dialect, role, previous, &mut turns);
        turns.push(b',');
    }
    turn(dialect, "user", message, &mut turns);
    turns
}

fn turn(dialect: Dialect, role: &str, text: &str, to: &mut Vec<u8>) {
    let (name, open, close) = match dialect {
        Dialect::Gemini => ("parts", r#"[{"text":"#, "}]"),
        Dialect::Bedrock => ("content", r#"[{"text":"#, "}]"),
        _ => ("content", "", ""),
    };
    let text = quoted(text);
    for part in ["{\"role\":\"", role, "\",\"", name, "\":", open, &text, close, "}"] {
        to.extend_from_slice(part.as_bytes());
    }
}

/// A message's content with more at its end; `None` for what is neither a text nor a list of parts.
fn longer_content(content: &[u8], dialect: Dialect, message: &str) -> Option<Vec<u8>> {
    if content.starts_with(b"\"") {
        return longer(content, &[GAP, message].concat());
    }
    let end = content.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let separator: &[u8] = if elements(content).next().is_some() { b"," } else { b"" };
    let kind: &[u8] = if dialect == Dialect::Bedrock { b"" } else { br#""type":"text","# };
    Some([b"[", end, separator, b"{", kind, b"\"text\":", quoted(message).as_bytes(), b"}]"].concat())
}

/// A JSON string with more text at its end.
fn longer(text: &[u8], more: &str) -> Option<Vec<u8>> {
    let more = quoted(more);
    Some([text.strip_suffix(b"\"")?, more.as_bytes().strip_prefix(b"\"")?].concat())
}

fn quoted(text: &str) -> Cow<'static, str> {
    serde_json::to_string(text).map_or(Cow::Borrowed("\"\""), Cow::Owned)
}

/// `list` with other text in place of `part`, which was found in it.
fn replaced(list: &[u8], part: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let place = place_in(list, part)?;
    let (before, after) = (list.get(..place.start)?, list.get(place.end..)?);
    Some([before, text, after].concat())
}

#[cfg(test)]
#[path = "append_tests.rs"]
mod tests;

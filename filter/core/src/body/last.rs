//! What the user has said last.

use std::borrow::Cow;

use super::Facts;
use super::history::{Speaker, speaker};
use super::member::Member;
use super::needs::is_text;
use super::scan::text_of;
use super::walk::{elements, members};

/// A longer text is read from a space in the last so many bytes on: what stands before says no more about its end.
const READ: usize = 64 * 1024;

impl Facts {
    /// What the last message says, if it is the model's: all but calls and what it has reasoned.
    pub(crate) fn prefill(&self, body: &[u8]) -> String {
        let mut text = String::new();
        let last = elements(self.value(Member::Messages, body)).last();
        if let Some(last) = last.filter(|last| speaker(last, 0, &mut Vec::new()) == Speaker::Model)
            && let [Some(content)] = members(last, [b"content"])
        {
            add(content, "", &mut text);
        }
        text
    }

    /// The end of what the user has said last in the body that these facts are about, in at most so many bytes: texts often begin with
    /// material, and end with what is asked of it. Empty where the user has said nothing.
    pub(crate) fn last_text(&self, body: &[u8], most: usize) -> String {
        let lists = [Member::Messages, Member::Contents, Member::Input];
        let said = lists.into_iter().find_map(|member| {
            let messages: Vec<&[u8]> = elements(self.value(member, body)).collect();
            messages.into_iter().rev().find(|message| is_said(message))
        });
        let mut text = String::new();
        match said {
            Some(message) => {
                let [content, parts] = members(message, [b"content", b"parts"]);
                for value in [content, parts].into_iter().flatten() {
                    add(value, "\n", &mut text);
                }
            }
            None => {
                for member in [Member::Input, Member::Prompt] {
                    add(self.value(member, body), "\n", &mut text);
                }
            }
        }
        let from = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
        text.split_off(from.unwrap_or_default())
    }
}

fn is_said(message: &[u8]) -> bool {
    let speaker = speaker(message, 0, &mut Vec::new());
    message.starts_with(b"{") && matches!(speaker, Speaker::User | Speaker::Tool { has_words: true })
}

/// Adds a text, or the texts of parts, with `gap` between them: results of tools are none.
pub(super) fn add(value: &[u8], gap: &str, text: &mut String) {
    if value.starts_with(b"\"") {
        return push(value, gap, text);
    }
    let one = value.starts_with(b"{").then_some(value);
    for part in one.into_iter().chain(elements(value)) {
        let [kind, said] = members(part, [b"type", b"text"]);
        if kind.is_none() || is_text(kind, &["text", "input_text"]) {
            push(said.unwrap_or_default(), gap, text);
        }
    }
}

fn push(value: &[u8], gap: &str, text: &mut String) {
    let tail = value.len().checked_sub(READ).and_then(|from| value.get(from..));
    // A space is never within an escape.
    let tail = tail.and_then(|tail| tail.get(tail.iter().position(|byte| *byte == b' ')?..));
    let said = match tail {
        Some(tail) => text_of(&[b"\"", tail].concat()).map(|said| Cow::Owned(said.into_owned())),
        None => text_of(value),
    };
    let Some(said) = said else { return };
    if !text.is_empty() {
        text.push_str(gap);
    }
    text.push_str(&said);
}

#[cfg(test)]
#[path = "last_tests.rs"]
mod tests;

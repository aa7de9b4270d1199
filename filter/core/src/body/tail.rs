//! The end of a conversation, as it is written.

use super::Facts;
use super::last::add;
use super::member::Member;
use super::walk::{elements, members};

impl Facts {
    /// The newest messages of a body as a list in JSON, and before them what the application says to the model beside them: Anthropic's and
    /// Bedrock's `system`, Gemini's `systemInstruction`, Responses' `instructions`. At most so many bytes, of which the latter gets a
    /// half: of a longer one comes the beginning.
    pub(crate) fn question(&self, body: &[u8], most: usize) -> Vec<u8> {
        let mut text = String::new();
        let beside = members(
            body.trim_ascii(),
            [b"system", b"instructions", b"systemInstruction", b"system_instruction"],
        );
        for value in beside.into_iter().flatten() {
            let [parts] = members(value, [b"parts"]);
            add(parts.unwrap_or(value), "\n", &mut text);
        }
        text.truncate(text.floor_char_boundary(most / 2));
        let mut quoted = serde_json::to_string(&text).unwrap_or_default();
        while quoted.len() > most / 2 && !text.is_empty() {
            text.truncate(text.floor_char_boundary(text.len() * 3 / 4));
            quoted = serde_json::to_string(&text).unwrap_or_default();
        }
        if text.is_empty() {
            return self.tail(body, most);
        }
        let first = ["{\"role\":\"system\",\"content\":", &quoted, "}"].concat();
        let said = self.tail(body, most.saturating_sub(first.len() + 3));
        // A text is in the place of a list of messages.
        let rest = said.strip_prefix(b"[").unwrap_or(&said);
        let end: &[u8] = if rest.len() < said.len() { b"" } else { b"]" };
        let separator: &[u8] = if rest.trim_ascii().len() > 1 { b"," } else { b"" };
        [b"[", first.as_bytes(), separator, rest, end].concat()
    }

    /// The newest messages of a body, at most so many bytes of them: a list in JSON, or the text of a prompt. Of a message that is
    /// longer by itself comes the beginning. Empty where there is none.
    pub(crate) fn tail(&self, body: &[u8], most: usize) -> Vec<u8> {
        let members = [Member::Messages, Member::Contents, Member::Input, Member::Prompt];
        let said = members.map(|member| self.value(member, body)).into_iter().find(|said| !said.is_empty());
        let said = said.unwrap_or_default();
        if said.len() <= most {
            return said.to_vec();
        }
        let messages: Vec<&[u8]> = elements(said).collect();
        let mut room = most.saturating_sub(2);
        let fits = messages.iter().rev().take_while(|message| {
            let rest = room.checked_sub(message.len() + 1);
            room = rest.unwrap_or(room);
            rest.is_some()
        });
        let kept = messages.len().saturating_sub(fits.count());
        match messages.get(kept..).unwrap_or_default() {
            [] => {
                let last = messages.last().copied().unwrap_or(said);
                last.get(..most.min(last.len())).unwrap_or_default().to_vec()
            }
            kept => [&b"["[..], &kept.join(&b','), b"]"].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::body;

    fn tail(text: &str, most: usize) -> String {
        let facts = body::read(text.as_bytes()).unwrap();
        String::from_utf8_lossy(&facts.tail(text.as_bytes(), most)).into_owned()
    }

    fn question(text: &str, most: usize) -> String {
        let facts = body::read(text.as_bytes()).unwrap();
        String::from_utf8_lossy(&facts.question(text.as_bytes(), most)).into_owned()
    }

    #[test]
    fn what_the_application_says_beside_the_messages_stands_before_them() {
        let told = r#"{"role":"system","content":"Be brief.\nAnd kind."}"#;
        for (beside, list) in [
            (r#""system":"Be brief.\nAnd kind.""#, "messages"),
            (
                r#""system":[{"type":"text","text":"Be brief."},{"type":"text","text":"And kind."}]"#,
                "messages",
            ),
            (r#""system":[{"text":"Be brief."},{"cachePoint":{}},{"text":"And kind."}]"#, "messages"),
            (r#""systemInstruction":{"parts":[{"text":"Be brief."},{"text":"And kind."}]}"#, "contents"),
            (r#""system_instruction":{"parts":[{"text":"Be brief.\nAnd kind."}]}"#, "contents"),
            (r#""instructions":"Be brief.\nAnd kind.""#, "input"),
        ] {
            let body = format!(" {{{beside},\"{list}\":[{{\"a\":1}}]}}");
            assert_eq!(question(&body, 1_000), format!("[{told},{{\"a\":1}}]"), "{beside}");
            let body = format!("{{\"{list}\":[],{beside}}}");
            assert_eq!(question(&body, 1_000), format!("[{told}]"), "{beside}");
        }
        assert_eq!(
            question(r#"{"instructions":"a","input":"Hi"}"#, 99),
            r#"[{"role":"system","content":"a"},"Hi"]"#
        );
        assert_eq!(question(r#"{"instructions":null,"input":"Hi"}"#, 99), "\"Hi\"");
        assert_eq!(question(r#"{"messages":[{"a":1}]}"#, 99), r#"[{"a":1}]"#);
    }

    #[test]
    fn a_question_is_bounded_and_both_parts_have_their_share() {
        let long = "\\u0001".repeat(9_999);
        let body = format!(
            r#"{{"system":"{long}","messages":[{{"role":"user","content":"{long}"}},{{"role":"user","content":"why?"}}]}}"#
        );
        let question = question(&body, 1_000);
        assert!((400..=1_000).contains(&question.len()), "{}", question.len());
        let list: serde_json::Value = serde_json::from_str(&question).unwrap();
        assert_eq!(list[1]["content"], "why?");
        assert!(list[0]["content"].as_str().unwrap().len() > 40);
    }

    #[test]
    fn the_newest_messages_are_kept() {
        let chat = r#"{"messages":[{"a":1}, {"b":2},{"c":3}]}"#;
        for (most, expected) in [
            (100, r#"[{"a":1}, {"b":2},{"c":3}]"#),
            (24, r#"[{"b":2},{"c":3}]"#),
            (17, r#"[{"c":3}]"#),
            (10, r#"[{"c":3}]"#),
            (5, r#"{"c":"#),
            (0, ""),
        ] {
            assert_eq!(tail(chat, most), expected, "{most}");
        }
        assert_eq!(tail(r#"{"prompt":"Once upon a time"}"#, 9), "\"Once upo");
        assert_eq!(tail(r#"{"input":"Hi"}"#, 9), "\"Hi\"");
        assert_eq!(tail(r#"{"model":"x"}"#, 9), "");
    }
}

//! The end of a conversation, as it is written.

use super::Facts;
use super::member::Member;
use super::walk::elements;

impl Facts {
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

//! A provider's own name for an error, as it may stand in a log.

use std::fmt;
use std::ops::Deref;

/// At most so many bytes; the longest that is known has 37.
const LONGEST: usize = 40;

/// A word of letters, digits, `_`, `-` and `.`, such as `rate_limit_exceeded`. Never part of a message, which may quote the
/// prompt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Code {
    /// `None` for what isn't such a word.
    pub(super) fn new(word: &[u8]) -> Option<Self> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let mut bytes = [0; LONGEST];
        let len = u8::try_from(word.len()).ok()?;
        bytes.get_mut(..word.len())?.copy_from_slice(word);
        (!word.is_empty() && word.iter().all(is_plain)).then_some(Self { bytes, len })
    }
}

impl Deref for Code {
    type Target = str;

    fn deref(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_plain_word_is_a_code() {
        for word in ["rate_limit_exceeded", "ResponsibleAIPolicyViolation", "a", "a-b.c"] {
            assert_eq!(Code::new(word.as_bytes()).as_deref(), Some(word));
        }
        let long = "a".repeat(41);
        for text in ["", "two words", "naïve", "a\nb", "a=b", "a\\u0020b", &long, &"a".repeat(300)] {
            assert_eq!(Code::new(text.as_bytes()), None, "{text}");
        }
    }
}

//! What of a policy may be shown: a secret that was written into it is not repeated, and nothing of it steers a terminal.

use super::{Code, Diagnostic};
use crate::span::Span;

/// Shorter secrets are hidden where they stand, but not looked for in other texts, where they are mere letters.
const SHORTEST: usize = 4;

/// So many keys are looked for in a source, as each is looked for in every text that is shown.
const MOST_KEYS: usize = 32;
/// Providers' keys begin so. A shorter word that does may be anything.
const KEY_START: &str = "sk-";
const SHORTEST_KEY: usize = 20;

/// The secrets of one source: those its findings tell of, and what looks like a provider's key, wherever it stands.
#[derive(Clone, Debug)]
pub struct Mask<'s> {
    spans: Vec<Span>,
    /// Without their quotes.
    texts: Vec<&'s str>,
}

impl<'s> Mask<'s> {
    /// From all findings of this source.
    #[must_use]
    pub fn new(source: &'s str, diagnostics: &[Diagnostic]) -> Self {
        let secrets = diagnostics.iter().filter(|found| found.code == Code::SecretInPolicy);
        let spans: Vec<Span> = secrets.map(|found| found.span).chain(keys(source)).collect();
        let bare = |span: &Span| span.text(source).trim_matches(['"', '\'', ' ', '\n']);
        let texts = spans.iter().map(bare).filter(|text| text.len() >= SHORTEST).collect();
        Self { spans, texts }
    }

    /// Whether the byte at this offset belongs to a secret.
    pub(super) fn hides(&self, offset: usize) -> bool {
        self.spans.iter().any(|span| (span.start as usize..span.end as usize).contains(&offset))
    }

    /// A message, label or other text about the source, fit to be shown on one line.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text: String = text.chars().map(visible).collect();
        for secret in &self.texts {
            if text.contains(secret) {
                text = text.replace(secret, "****");
            }
        }
        text
    }

    /// Whether a text would be shown as it is, line breaks and tabs aside.
    #[must_use]
    pub fn leaves(&self, text: &str) -> bool {
        text.chars().all(|c| matches!(c, '\n' | '\r' | '\t') || visible(c) == c)
            && !self.texts.iter().any(|secret| text.contains(secret))
    }

    /// The source with everything hidden that must not be shown. It keeps its lines and is as long in bytes as before,
    /// so that every span still fits.
    #[must_use]
    pub fn source(&self, source: &str) -> String {
        let mut out = String::with_capacity(source.len());
        for (at, c) in source.char_indices() {
            // A line end is one even within a secret: without it, the lines behind would have other numbers.
            let stand_in = match c {
                '\n' | '\r' => None,
                _ if self.hides(at) => Some(["*", "**", "***", "****"]),
                '\t' => None,
                _ if visible(c) != c => Some(["?", "¿", "\u{fffd}", "\u{fffd}?"]),
                _ => None,
            };
            match stand_in.and_then(|texts| texts.get(c.len_utf8() - 1).copied()) {
                Some(text) => out.push_str(text),
                // Alone, it takes a terminal back to the start of the line.
                None if c == '\r' && source.as_bytes().get(at + 1) != Some(&b'\n') => out.push('?'),
                None => out.push(c),
            }
        }
        out
    }
}

/// The first of what looks like a provider's key.
fn keys(source: &str) -> impl Iterator<Item = Span> + '_ {
    let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let starts = source.match_indices(KEY_START).map(|(at, _)| at);
    let starts = starts.filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| source.as_bytes().get(before));
        !before.is_some_and(in_key)
    });
    let keys = starts.map(move |at| {
        let long = source.bytes().skip(at).take_while(in_key).count();
        Span::new(at, at + long)
    });
    keys.filter(|key| (key.end - key.start) as usize >= SHORTEST_KEY).take(MOST_KEYS)
}

/// Control characters, and those that change the direction or hide text, become a mark.
pub(super) fn visible(c: char) -> char {
    let steers = matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}');
    if c.is_control() || steers { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(source: &str, text: &str) -> Diagnostic {
        let at = source.find(text).unwrap();
        Diagnostic::new(Code::SecretInPolicy, Span::new(at, at + text.len()), "a secret")
    }

    #[test]
    fn a_masked_source_keeps_its_lines_and_offsets() {
        let source = "a \"sk-hünter\n2\" \u{1b}[31m\u{9b}31m\u{202e}\u{e0041}\tä\r\nb\rc";
        let mask = Mask::new(source, &[secret(source, "\"sk-hünter\n2\"")]);
        let masked = mask.source(source);
        assert_eq!(masked, "a ***********\n** ?[31m¿31m\u{fffd}\u{fffd}?\tä\r\nb?c");
        assert_eq!(masked.len(), source.len());
        for (at, _) in source.char_indices() {
            assert!(masked.is_char_boundary(at), "{at}");
        }
    }

    #[test]
    fn what_looks_like_a_key_is_hidden_wherever_it_stands() {
        let key = "sk-proj-0123456789abcdef";
        let source = format!("host \"{key}\" // {key}, risk-proj-0123456789abcdef, sk-short");
        let mask = Mask::new(&source, &[]);
        let hidden = "*".repeat(key.len());
        let wanted = format!("host \"{hidden}\" // {hidden}, risk-proj-0123456789abcdef, sk-short");
        assert_eq!(mask.source(&source), wanted);
        assert_eq!(mask.text(&format!("unknown name `{key}`")), "unknown name `****`");
    }

    #[test]
    fn a_text_about_the_source_tells_no_secret() {
        let source = "auth bearer \"hunter2\"  model \"k\"";
        let mask = Mask::new(source, &[secret(source, "\"hunter2\""), secret(source, "\"k\"")]);
        assert_eq!(mask.text("write `env.hunter2`, ok\u{7}"), "write `env.****`, ok\u{fffd}");
        assert!(mask.leaves("model \"k\"\n") && !mask.leaves("hunter2") && !mask.leaves("\u{202e}"));
    }
}

//! What a file costs that lies in a request: a guess by its bytes, as nobody but the provider takes its text out of it.

use crate::image::{Rule, decoded};

/// Bytes of a text for one token.
const BYTES_PER_TOKEN: u64 = 4;

/// Bytes of a PDF for one page: exported texts have a few thousand, scans some hundred thousand.
const BYTES_PER_PAGE: u64 = 50_000;

/// Tokens of a file in base64. What begins as UTF-8 is read as text. Of anything else each 50 kB count as a page: PDFs, which all
/// providers read page by page, and what they make text of (office formats) or hear (Gemini: 32 tokens a second, of some kB each).
pub(crate) fn tokens(base64: &str, rule: Rule) -> u64 {
    let bytes = (base64.len() as u64).saturating_mul(3) / 4;
    if is_text(&decoded(base64.as_bytes())) {
        bytes.div_ceil(BYTES_PER_TOKEN)
    } else {
        rule.pages(bytes.div_ceil(BYTES_PER_PAGE).max(1))
    }
}

fn is_text(head: &[u8]) -> bool {
    // The end may lie within a character.
    !head.starts_with(b"%PDF")
        && std::str::from_utf8(head).map_or_else(|cut| cut.error_len().is_none(), |_| true)
}

//! What a file costs that lies in a request: a guess by its bytes, as nobody but the provider takes its text out of it.

use crate::image::{Rule, decoded};

/// Bytes of a text for one token.
const BYTES_PER_TOKEN: u64 = 4;

/// Bytes of a PDF for one page: exported texts have a few thousand, scans some hundred thousand.
const BYTES_PER_PAGE: u64 = 50_000;

/// Bytes of an MP3 for a second: speech at 64 kbit/s.
const BYTES_PER_SECOND: u64 = 8_000;

/// Tokens of a file in base64, and whether it is a text, which has about so many; otherwise that is a guess. Sound counts by how long
/// it lasts. What begins as UTF-8 is read as text. Of anything else each 50 kB count as a page: PDFs, which all providers read page by
/// page, what they make text of (office formats), and what they see (Gemini: some 263 tokens for a second of video).
pub(crate) fn tokens(base64: &str, rule: Rule) -> (u64, bool) {
    let bytes = (base64.len() as u64).saturating_mul(3) / 4;
    let head = decoded(base64.as_bytes());
    if let Some(second) = second_of_sound(&head) {
        (rule.sound(bytes, second), false)
    } else if is_text(&head) {
        (bytes.div_ceil(BYTES_PER_TOKEN), true)
    } else {
        (rule.pages(bytes.div_ceil(BYTES_PER_PAGE).max(1)), false)
    }
}

/// Tokens of sound in base64; `None` if it is nothing that begins as WAV or MP3 do.
pub(crate) fn sound(base64: &str, rule: Rule) -> Option<u64> {
    let bytes = (base64.len() as u64).saturating_mul(3) / 4;
    Some(rule.sound(bytes, second_of_sound(&decoded(base64.as_bytes()))?))
}

/// Bytes of a second, by the beginning of a file. A WAV says that itself (RIFF, with its format first).
fn second_of_sound(head: &[u8]) -> Option<u64> {
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', format @ ..] => {
            let rate = format.get(16..20).and_then(|rate| rate.try_into().ok()).map_or(0, u32::from_le_bytes);
            Some(u64::from(rate)).filter(|rate| *rate > 0)
        }
        [b'I', b'D', b'3', ..] => Some(BYTES_PER_SECOND),
        [0xFF, sync, ..] if sync & 0xE0 == 0xE0 => Some(BYTES_PER_SECOND),
        _ => None,
    }
}

fn is_text(head: &[u8]) -> bool {
    // The end may lie within a character.
    !head.starts_with(b"%PDF")
        && std::str::from_utf8(head).map_or_else(|cut| cut.error_len().is_none(), |_| true)
}

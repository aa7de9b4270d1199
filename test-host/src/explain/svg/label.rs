//! Texts that fit into a width. They are set in a monospaced font, so that their width is known without the font.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Width of a character of half width, in parts of the font's size. The usual monospaced fonts have up to 0.602, but some
/// renderers round it to whole pixels: at most 7 of a size of 11.
const ADVANCE: f32 = 0.64;

/// The width of a text.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.width() as f32 * ADVANCE * size
}

/// The text, cut with `…` when it is wider than this.
pub(super) fn cut(text: &str, size: f32, most: f32) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let room = (most / (ADVANCE * size)).floor() as usize;
    take(text, room.saturating_sub(1)).0.to_owned() + "…"
}

/// The text in lines of at most this width, broken at spaces where there are some. At most so many lines; what doesn't
/// fit is cut.
pub(super) fn wrap(text: &str, size: f32, most: f32, lines: usize) -> Vec<String> {
    let room = ((most / (ADVANCE * size)).floor() as usize).max(2);
    let mut found: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if found.len() + 1 == lines {
            found.push(cut(rest, size, most));
            break;
        }
        let (fits, behind) = take(rest, room);
        let (line, behind) = match fits.rfind(' ') {
            Some(space) if !behind.is_empty() && !behind.starts_with(' ') => rest.split_at(space),
            _ => (fits, behind),
        };
        found.push(line.trim_end().to_owned());
        rest = behind.trim_start();
    }
    found
}

/// The first characters that fit into so many half widths, at least one, and the rest.
fn take(text: &str, room: usize) -> (&str, &str) {
    let mut used = 0;
    let fits = |(index, c): &(usize, char)| {
        used += c.width().unwrap_or_default();
        *index == 0 || used <= room
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(index, c)| index + c.len_utf8());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_their_width() {
        let most = width("12345678", 10.0) + 0.1;
        assert_eq!(cut("12345678", 10.0, most), "12345678");
        assert_eq!(cut("123456789", 10.0, most), "1234567…");
        // Each takes two places.
        assert_eq!(cut("模型模型模型", 10.0, most), "模型模…");
        assert_eq!(cut("x", 10.0, 0.0), "x…");
    }

    #[test]
    fn texts_break_at_spaces() {
        let most = width("12345678", 10.0) + 0.1;
        assert_eq!(wrap("one two three", 10.0, most, 5), ["one two", "three"]);
        assert_eq!(wrap("one twothree four", 10.0, most, 5), ["one", "twothree", "four"]);
        assert_eq!(wrap("onetwothreefour", 10.0, most, 5), ["onetwoth", "reefour"]);
        assert_eq!(wrap("one two three four", 10.0, most, 2), ["one two", "three f…"]);
        assert_eq!(wrap("", 10.0, most, 2), Vec::<String>::new());
        for room in 0..12 {
            for line in wrap("模型 a\u{301}b 模x", 10.0, room as f32 * 6.4, 9) {
                assert!(!line.is_empty());
            }
        }
    }
}

//! Labels in other scripts than ASCII's: which characters they may have (RFC 5892), and how they are written in ASCII
//! (Punycode, RFC 3492). Not looked at: whether a label is in normalisation form C, right-to-left labels' own rules (RFC 5893),
//! and the letters joined across a zero-width non-joiner.

use std::sync::LazyLock;

use crate::regex::{Budget, Cache, Pattern};

/// The classes of RFC 5892 that the general category decides; upper-case letters change when they are normalised.
static LETTERS_AND_DIGITS: LazyLock<Option<Pattern>> =
    LazyLock::new(|| Pattern::new(r"^[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{Nd}-]*$").ok());
static MARK: LazyLock<Option<Pattern>> = LazyLock::new(|| Pattern::new(r"^\p{M}").ok());

/// Characters with the combining class Virama.
const VIRAMAS: [char; 30] = [
    '\u{94D}', '\u{9CD}', '\u{A4D}', '\u{ACD}', '\u{B4D}', '\u{BCD}', '\u{C4D}', '\u{CCD}', '\u{D3B}',
    '\u{D3C}', '\u{D4D}', '\u{DCA}', '\u{E3A}', '\u{EBA}', '\u{F84}', '\u{1039}', '\u{103A}', '\u{1714}',
    '\u{1734}', '\u{17D2}', '\u{1A60}', '\u{1B44}', '\u{1BAA}', '\u{1BAB}', '\u{1BF2}', '\u{1BF3}',
    '\u{2D7F}', '\u{A806}', '\u{A8C4}', '\u{A953}',
];

/// Letters of the old Hangul, which are not allowed (RFC 5892, 2.9), and exceptions of section 2.6.
fn is_disallowed(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97C}' | '\u{D7B0}'..='\u{D7FB}' | '\u{640}' | '\u{7FA}' | '\u{302E}' | '\u{302F}'
            | '\u{3031}'..='\u{3035}' | '\u{303B}'
    )
}

pub(super) fn is_u_label(label: &[char]) -> bool {
    let (Some(first), Some(last)) = (label.first(), label.last()) else { return false };
    let has_hyphens = label.get(2..4) == Some(&['-', '-']);
    if *first == '-' || *last == '-' || has_hyphens || finds(&MARK, &first.to_string()) {
        return false;
    }
    // What has a rule of its own is judged by it, the rest by its category.
    let mut rest = String::new();
    for (at, character) in label.iter().enumerate() {
        match in_context(label, at, *character) {
            Some(false) => return false,
            Some(true) => {}
            None if is_disallowed(*character) => return false,
            None => rest.push(*character),
        }
    }
    finds(&LETTERS_AND_DIGITS, &rest)
}

fn finds(pattern: &Option<Pattern>, text: &str) -> bool {
    let found = |pattern: &Pattern| pattern.is_match(text, &mut Cache::default(), &mut Budget(100_000));
    pattern.as_ref().is_some_and(|pattern| found(pattern) == Ok(true))
}

/// Whether a character is allowed that is so in some places only (RFC 5892, appendix A), or always by exception.
fn in_context(label: &[char], at: usize, character: char) -> Option<bool> {
    let before = at.checked_sub(1).and_then(|at| label.get(at)).copied();
    let after = label.get(at + 1).copied();
    let has = |wanted: fn(char) -> bool| label.iter().any(|other| wanted(*other));
    Some(match character {
        '\u{DF}' | '\u{3C2}' | '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '\u{3007}' => true,
        // Zero-width joiner and non-joiner.
        '\u{200C}' | '\u{200D}' => before.is_some_and(|before| VIRAMAS.contains(&before)),
        // Middle dot: in Catalan, between two l.
        '\u{B7}' => before == Some('l') && after == Some('l'),
        // Greek keraia.
        '\u{375}' => {
            after.is_some_and(|after| matches!(after, '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}'))
        }
        // Hebrew geresh and gershayim.
        '\u{5F3}' | '\u{5F4}' => before.is_some_and(|before| matches!(before, '\u{591}'..='\u{5F4}')),
        // Katakana middle dot.
        '\u{30FB}' => has(
            |other| matches!(other, '\u{3041}'..='\u{3096}' | '\u{309D}'..='\u{309F}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{2_0000}'..='\u{3_FFFF}'),
        ),
        // Arabic-Indic digits and their extended forms don't mix.
        '\u{660}'..='\u{669}' => !has(|other| matches!(other, '\u{6F0}'..='\u{6F9}')),
        '\u{6F0}'..='\u{6F9}' => !has(|other| matches!(other, '\u{660}'..='\u{669}')),
        _ => return None,
    })
}

/// RFC 3492, 5.
const BASE: u32 = 36;
const FIRST: u32 = 128;
const FIRST_BIAS: u32 = 72;

/// RFC 3492, 6.1.
fn adapt(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / points.max(1);
    let mut k = 0;
    while delta > 35 * 26 / 2 {
        delta /= 35;
        k += BASE;
    }
    k + 36 * delta / (delta + 38)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

/// RFC 3492, 6.2.
pub(super) fn decode(text: &str) -> Option<Vec<char>> {
    let (basic, encoded) = text.rsplit_once('-').unwrap_or(("", text));
    let mut label: Vec<char> = basic.chars().collect();
    let (mut code, mut at, mut bias) = (FIRST, 0_u32, FIRST_BIAS);
    let mut digits = encoded.chars();
    while !digits.as_str().is_empty() {
        let (before, mut weight, mut k) = (at, 1_u32, BASE);
        loop {
            let digit = match digits.next()? {
                letter @ ('a'..='z' | 'A'..='Z') => letter.to_ascii_lowercase() as u32 - 'a' as u32,
                digit @ '0'..='9' => digit as u32 - '0' as u32 + 26,
                _ => return None,
            };
            at = at.checked_add(digit.checked_mul(weight)?)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let points = u32::try_from(label.len()).ok()? + 1;
        bias = adapt(at - before, points, before == 0);
        code = code.checked_add(at / points)?;
        at %= points;
        label.insert(at as usize, char::from_u32(code)?);
        at += 1;
    }
    (!encoded.is_empty()).then_some(label)
}

/// Bytes of what RFC 3492, 6.3 makes of a label. More than a label may have are told as some number above that.
pub(super) fn encoded_length(label: &[char]) -> usize {
    let basic = label.iter().filter(|character| character.is_ascii()).count();
    if label.len() > 63 {
        return label.len();
    }
    let mut length = if basic > 0 { basic + 1 } else { 0 };
    let (mut code, mut delta, mut bias, mut done) = (FIRST, 0_u32, FIRST_BIAS, basic as u32);
    while (done as usize) < label.len() {
        let Some(next) = label.iter().map(|character| *character as u32).filter(|other| *other >= code).min()
        else {
            break;
        };
        delta = delta.saturating_add((next - code).saturating_mul(done + 1));
        code = next;
        for character in label.iter().map(|character| *character as u32) {
            if character < code {
                delta = delta.saturating_add(1);
            }
            if character != code {
                continue;
            }
            let (mut rest, mut k) = (delta, BASE);
            while rest >= threshold(k, bias) {
                let threshold = threshold(k, bias);
                rest = (rest - threshold) / (BASE - threshold);
                length += 1;
                k += BASE;
            }
            length += 1;
            bias = adapt(delta, done + 1, done as usize == basic);
            delta = 0;
            done += 1;
        }
        delta = delta.saturating_add(1);
        code += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punycode_of_rfc_3492() {
        // Its section 7.1.
        for (text, encoded) in [
            ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
            ("bücher", "bcher-kva"),
        ] {
            let label: Vec<char> = text.chars().collect();
            assert_eq!(decode(encoded).as_ref(), Some(&label), "{text}");
            assert_eq!(encoded_length(&label), encoded.len(), "{text}");
        }
    }
}

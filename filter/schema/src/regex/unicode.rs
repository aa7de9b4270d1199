//! Characters by property: `\p{…}`.

use super::categories::CATEGORIES;
use super::class::Class;

/// One run of characters of the same category after the other; `build/main.rs` tells the format.
static RUNS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/categories.bin"));

/// Names of several categories (UAX 44, table 12), and other names of one.
const GROUPS: [(&str, &[&str]); 24] = [
    ("L", &["Lu", "Ll", "Lt", "Lm", "Lo"]),
    ("Letter", &["Lu", "Ll", "Lt", "Lm", "Lo"]),
    ("LC", &["Lu", "Ll", "Lt"]),
    ("Cased_Letter", &["Lu", "Ll", "Lt"]),
    ("M", &["Mn", "Mc", "Me"]),
    ("Mark", &["Mn", "Mc", "Me"]),
    ("Combining_Mark", &["Mn", "Mc", "Me"]),
    ("N", &["Nd", "Nl", "No"]),
    ("Number", &["Nd", "Nl", "No"]),
    ("digit", &["Nd"]),
    ("P", &["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]),
    ("Punctuation", &["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]),
    ("punct", &["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]),
    ("S", &["Sm", "Sc", "Sk", "So"]),
    ("Symbol", &["Sm", "Sc", "Sk", "So"]),
    ("Z", &["Zs", "Zl", "Zp"]),
    ("Separator", &["Zs", "Zl", "Zp"]),
    ("C", &["Cc", "Cf", "Cs", "Co", "Cn"]),
    ("Other", &["Cc", "Cf", "Cs", "Co", "Cn"]),
    ("cntrl", &["Cc"]),
    (
        "Assigned",
        &[
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
            "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        ],
    ),
    ("Any", &[]),
    ("ASCII", &[]),
    ("ASCII_Hex_Digit", &[]),
];

/// The characters that a property's name stands for in ECMA-262, if it is known: general categories and a few that need no table.
pub(super) fn property(name: &str) -> Option<Class> {
    match name {
        "Any" => return Some(Class::of(&[(0, 0x10_FFFF)])),
        "ASCII" => return Some(Class::of(&[(0, 0x7F)])),
        "ASCII_Hex_Digit" | "AHex" => return Some(Class::of(&[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)])),
        _ => {}
    }
    let name = name.strip_prefix("General_Category=").or_else(|| name.strip_prefix("gc=")).unwrap_or(name);
    let group = GROUPS.iter().find(|(known, _)| *known == name).map(|(_, categories)| *categories);
    let wanted = CATEGORIES.map(|(short, long)| match group {
        Some(categories) => categories.contains(&short),
        None => short == name || long == name,
    });
    if !wanted.contains(&true) {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut bytes, mut start) = (RUNS.iter(), 0);
    while let Some(head) = bytes.next() {
        let mut length = u32::from(head & 7);
        if length == 0 {
            for shift in (0..21).step_by(7) {
                let byte = bytes.next().copied().unwrap_or(0);
                length |= u32::from(byte & 0x7F) << shift;
                if byte < 0x80 {
                    break;
                }
            }
        }
        if wanted.get(usize::from(head >> 3)).is_some_and(|wanted| *wanted) {
            ranges.push((start, start + length - 1));
        }
        start += length;
    }
    Some(Class::of(&ranges))
}

//! Which class each character has, in two stages: of blocks of 128 characters each distinct one is kept once.

use regex_syntax::hir::{Class, HirKind};

const BLOCK: usize = 128;

/// Unicode's general categories by class, and the class's number; `src/bpe/class.rs` names them.
const CATEGORIES: [(&str, u8); 5] =
    [(r"[\p{Lu}\p{Lt}]", 1), (r"\p{Ll}", 2), (r"[\p{Lm}\p{Lo}]", 3), (r"\p{M}", 4), (r"\p{N}", 5)];
/// `\s`: the property White_Space (Unicode, PropList.txt) but for CR and LF, which have a class of their own.
const WHITE_SPACE: [u32; 23] = [
    0x09, 0x0B, 0x0C, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
    0x2007, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
];

pub(crate) fn write() {
    let mut classes = vec![0_u8; 0x11_0000];
    for (pattern, class) in CATEGORIES {
        let parsed = regex_syntax::parse(pattern).expect("a class");
        let HirKind::Class(Class::Unicode(ranges)) = parsed.kind() else { panic!("a class of characters") };
        for range in ranges.iter() {
            for character in u32::from(range.start())..=u32::from(range.end()) {
                classes[character as usize] = class;
            }
        }
    }
    for space in WHITE_SPACE {
        classes[space as usize] = 6;
    }
    classes[usize::from(b'\r')] = 7;
    classes[usize::from(b'\n')] = 7;

    let (mut which, mut blocks) = (Vec::new(), Vec::<&[u8]>::new());
    for block in classes.chunks(BLOCK) {
        let known = blocks.iter().position(|other| *other == block).unwrap_or_else(|| {
            blocks.push(block);
            blocks.len() - 1
        });
        which.push(u8::try_from(known).expect("at most 256 blocks differ"));
    }
    super::put("classes-which.bin", &which);
    super::put("classes-blocks.bin", &blocks.concat());
}

//! Which class a character has for the splitters.

/// The classes. Their numbers are those in the tables that the build script writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Other,
    /// Lu, Lt.
    Upper,
    /// Ll.
    Lower,
    /// Lm, Lo: letters without a case.
    Letter,
    Mark,
    Number,
    /// But CR and LF.
    Space,
    Newline,
}

const BLOCK: usize = 128;

static WHICH: &[u8; 0x11_0000 / BLOCK] = include_bytes!(concat!(env!("OUT_DIR"), "/classes-which.bin"));
static BLOCKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes-blocks.bin"));

impl Class {
    #[inline(always)]
    fn of_number(number: u8) -> Self {
        match number {
            1 => Self::Upper,
            2 => Self::Lower,
            3 => Self::Letter,
            4 => Self::Mark,
            5 => Self::Number,
            6 => Self::Space,
            7 => Self::Newline,
            _ => Self::Other,
        }
    }

    #[inline(always)]
    fn of(character: usize) -> Self {
        let block = WHICH.get(character / BLOCK).copied().unwrap_or(0);
        let class = BLOCKS.get(usize::from(block) * BLOCK + character % BLOCK).copied();
        Self::of_number(class.unwrap_or(0))
    }
}

/// The class of the character at `at` and where the next one begins; none at the end. The bytes are those of a `str`, and
/// a character begins at `at`.
#[inline(always)]
pub(crate) fn class_at(bytes: &[u8], at: usize) -> Option<(Class, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        // ASCII is the first block.
        let class = BLOCKS.get(usize::from(first)).copied().unwrap_or(0);
        return Some((Class::of_number(class), at + 1));
    }
    Some(beyond_ascii(bytes, at, first))
}

#[inline]
fn beyond_ascii(bytes: &[u8], at: usize, first: u8) -> (Class, usize) {
    let next = |nth: usize| usize::from(bytes.get(at + nth).copied().unwrap_or(0) & 0x3F);
    let first_bits = usize::from(first);
    if first < 0xE0 {
        (Class::of((first_bits & 0x1F) << 6 | next(1)), at + 2)
    } else if first < 0xF0 {
        (Class::of((first_bits & 0x0F) << 12 | next(1) << 6 | next(2)), at + 3)
    } else {
        (Class::of((first_bits & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3)), at + 4)
    }
}

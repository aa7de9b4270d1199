//! Where the brackets and commas of JSON are, 64 bytes at a time and without a branch for each string: on a long conversation
//! those are what a scanner loses its time with. (G. Langdale, D. Lemire: "Parsing Gigabytes of JSON per Second", 2019, section
//! 3.1.) One bit for each byte, the first byte lowest.

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;

/// What lies outside strings in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outside {
    pub(super) brackets: u64,
    pub(super) commas: u64,
    /// Backslashes: they have no business there.
    pub(super) strays: u64,
}

/// What one block tells the next.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// All ones within a string.
    inside: u64,
    /// One, if the first byte is behind a backslash that counts.
    is_escaped: u64,
}

impl Strings {
    pub(super) fn read(&mut self, block: &[u8; BLOCK]) -> Outside {
        let Masks { quotes, backslashes, brackets, commas } = masks(block);
        let quotes = quotes & !self.escaped(backslashes);
        let inside = prefix_xor(quotes) ^ self.inside;
        // An arithmetic shift: the state behind the last byte, for all bytes of the next block.
        self.inside = (inside.cast_signed() >> 63).cast_unsigned();
        Outside { brackets: brackets & !inside, commas: commas & !inside, strays: backslashes & !inside }
    }

    /// The quotes in a block that end or begin a string.
    pub(super) fn quotes(&mut self, block: &[u8; BLOCK]) -> u64 {
        let Masks { quotes, backslashes, .. } = masks(block);
        quotes & !self.escaped(backslashes)
    }

    /// Bytes behind a backslash that isn't itself behind one. A run of them alternates, so the odd ones of it count: adding
    /// its start to a mask of odd bits carries to its end. (simdjson's `json_escape_scanner`.)
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        let first = self.is_escaped;
        let starts = backslashes & !first;
        let counting = ((starts << 1) | ODD).wrapping_sub(starts) ^ ODD;
        self.is_escaped = (counting & backslashes) >> 63;
        counting ^ (backslashes | first)
    }
}

/// Each bit the exclusive or of itself and all below.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

struct Masks {
    quotes: u64,
    backslashes: u64,
    brackets: u64,
    commas: u64,
}

/// What makes `[` and `{` the same, and `]` and `}`, and no other byte one of them.
const LOWER: u8 = 0x20;

#[cfg(target_feature = "simd128")]
fn masks(block: &[u8; BLOCK]) -> Masks {
    use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, u8x16_splat, u64x2, v128, v128_or};

    let mut masks = Masks { quotes: 0, backslashes: 0, brackets: 0, commas: 0 };
    let (lanes, _) = block.as_chunks::<16>();
    for (number, lane) in lanes.iter().enumerate() {
        let [low, high] = lane.as_chunks::<8>().0 else { continue };
        let lane = u64x2(u64::from_le_bytes(*low), u64::from_le_bytes(*high));
        let lower = v128_or(lane, u8x16_splat(LOWER));
        let is = |lane: v128, byte: u8| i8x16_eq(lane, u8x16_splat(byte));
        let bits = |found: v128| u64::from(i8x16_bitmask(found)) << (16 * number);
        masks.quotes |= bits(is(lane, b'"'));
        masks.backslashes |= bits(is(lane, b'\\'));
        masks.brackets |= bits(v128_or(is(lower, b'{'), is(lower, b'}')));
        masks.commas |= bits(is(lane, b','));
    }
    masks
}

#[cfg(not(target_feature = "simd128"))]
fn masks(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks { quotes: 0, backslashes: 0, brackets: 0, commas: 0 };
    let (words, _) = block.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let lower = word | repeated(LOWER);
        let bits = |word: u64, byte: u8| equal(word, byte) << (8 * number);
        masks.quotes |= bits(word, b'"');
        masks.backslashes |= bits(word, b'\\');
        masks.brackets |= bits(lower, b'{') | bits(lower, b'}');
        masks.commas |= bits(word, b',');
    }
    masks
}

#[cfg(not(target_feature = "simd128"))]
const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Which of eight bytes are this one, in the lowest eight bits. ("Determine if a word has a zero byte", Bit Twiddling Hacks,
/// S. E. Anderson, the exact form; the multiplication gathers the highest bit of each byte.)
#[cfg(not(target_feature = "simd128"))]
fn equal(word: u64, byte: u8) -> u64 {
    const SEVEN: u64 = repeated(0x7F);
    let word = word ^ repeated(byte);
    let zeros = !((word & SEVEN).wrapping_add(SEVEN) | word | SEVEN);
    (zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, byte by byte.
    fn plain(text: &[u8]) -> Vec<Outside> {
        let (mut is_inside, mut is_escaped) = (false, false);
        let mut found = Vec::new();
        for block in text.chunks(BLOCK) {
            let mut outside = Outside { brackets: 0, commas: 0, strays: 0 };
            for (at, byte) in block.iter().enumerate() {
                let was_escaped = std::mem::take(&mut is_escaped);
                is_escaped = *byte == b'\\' && !was_escaped;
                if *byte == b'"' && !was_escaped {
                    is_inside = !is_inside;
                } else if !is_inside {
                    match byte {
                        b'{' | b'}' | b'[' | b']' => outside.brackets |= 1 << at,
                        b',' => outside.commas |= 1 << at,
                        b'\\' => outside.strays |= 1 << at,
                        _ => {}
                    }
                }
            }
            found.push(outside);
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn blocks_are_read_as_bytes_are(
            text in prop::collection::vec(
                prop_oneof![3 => prop::sample::select(&br#""\\{}[],:x;"#[..]), 1 => any::<u8>()],
                0..300,
            ),
        ) {
            let mut text = text;
            text.resize(text.len().next_multiple_of(BLOCK), 0);
            let mut strings = Strings::default();
            let read: Vec<_> = text.as_chunks().0.iter().map(|block| strings.read(block)).collect();
            prop_assert_eq!(read, plain(&text));
        }
    }
}

//! Finds a byte of two, fast.

/// Where the first of these two bytes is. Eight bytes at a time, and inlined: most strings in JSON, and what lies between two
/// escapes, are so short that calling a general search costs more than the search. ("Determine if a word has a byte equal
/// to n", Bit Twiddling Hacks, S. E. Anderson: exact for the lowest such byte, which is the one we take.)
#[inline]
pub(crate) fn find_either<const A: u8, const B: u8>(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(A))) | zeros(word ^ (ONES * u64::from(B)));
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| *byte == A || *byte == B)?;
    Some(words.len() * 8 + found)
}

// Where a token lies in its table. The build script writes the table with the same code (`include!`), so this file uses
// nothing of the crate.

/// Bits of a slot that say where a token's text lies.
pub(crate) const OFFSET_BITS: u32 = 21;

/// Longest token of any vocabulary in bytes; the build script checks it.
pub(crate) const LONGEST: usize = 128;

const ODD: [u64; 3] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93, 0xA076_1D64_78BD_642F];

/// Eight bytes from `at`; fewer at the end, followed by zeros.
#[inline(always)]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => last_word(bytes, at),
    }
}

#[cold]
#[inline(never)]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u64::from_le_bytes(eight)
}

/// The first `length` bytes of a word, at most 8 and at least 1.
#[inline(always)]
pub(crate) fn first(word: u64, length: usize) -> u64 {
    word & (u64::MAX >> (((8 - length as u32) * 8) & 63))
}

/// Of a text of at most eight bytes. The length counts: some tokens end with NUL.
#[inline(always)]
pub(crate) fn of_word(word: u64, length: usize) -> u64 {
    finish(word ^ ODD[0].wrapping_mul(length as u64))
}

/// Of a text of more than eight bytes.
#[inline]
pub(crate) fn of_long(bytes: &[u8], start: usize, length: usize) -> u64 {
    let mut hash = ODD[0].wrapping_mul(length as u64);
    let mut at = start;
    let last = start + length - 8;
    while at < last {
        hash = mixed(hash ^ word(bytes, at), ODD[2]);
        at += 8;
    }
    finish(hash ^ word(bytes, last))
}

#[inline(always)]
fn mixed(hash: u64, by: u64) -> u64 {
    let hash = hash.wrapping_mul(by);
    hash ^ hash >> 32
}

#[inline(always)]
fn finish(hash: u64) -> u64 {
    mixed(mixed(hash, ODD[1]), ODD[2])
}

/// Which displacement is for it.
#[inline(always)]
pub(crate) fn bucket(hash: u64, buckets: usize) -> usize {
    (hash >> 40) as usize & (buckets - 1)
}

/// Its slot with this displacement.
#[inline(always)]
pub(crate) fn slot(hash: u64, displacement: u8, slots: usize) -> usize {
    let step = (hash >> 32) as u32 | 1;
    (hash as u32).wrapping_add(step.wrapping_mul(displacement.into())) as usize & (slots - 1)
}

/// What of the hash is kept in the slot, beside the offset: most texts that are no token end here.
#[inline(always)]
pub(crate) fn tag(hash: u64) -> u32 {
    ((hash >> 24) as u32) << OFFSET_BITS
}

//! The tables of one vocabulary: `src/bpe/table.rs` says what they are.

use std::collections::HashMap;

use tiktoken_rs::CoreBPE;

#[allow(dead_code, reason = "some of it is for the crate alone")]
#[allow(clippy::duplicate_mod, reason = "the crate reads with what the tables are written with")]
#[path = "../src/bpe/hash.rs"]
mod hash;

/// What an empty slot holds: no text begins there.
const EMPTY: u32 = u32::MAX;

struct Token {
    text: Vec<u8>,
    hash: u64,
    offset: u32,
}

pub(crate) fn write(name: &str, source: &CoreBPE, count: u32) {
    let mut texts = Vec::new();
    let mut tokens = Vec::new();
    // In the order of their ranks, so that of two tokens the one further ahead is merged first.
    for rank in 0..count {
        let text = source.decode_bytes(&[rank]).expect("every rank is taken");
        let length = u8::try_from(text.len()).expect("a short token");
        assert!((1..=hash::LONGEST).contains(&text.len()), "a token of {length} bytes");
        let hash = match text.len() {
            short @ ..=8 => hash::of_word(hash::word(&text, 0), short),
            long => hash::of_long(&text, 0, long),
        };
        let offset = u32::try_from(texts.len()).expect("an offset");
        assert!(offset < (1 << hash::OFFSET_BITS) - 1, "an offset has too many bits");
        texts.push(length);
        texts.extend(&text);
        tokens.push(Token { text, hash, offset });
    }
    let (displacements, slots) = perfect(&tokens);
    let seams = Seams::of(&tokens);
    // Whoever compares a text reads whole words.
    texts.extend([0; hash::LONGEST + 8]);

    super::put(&format!("{name}-texts.bin"), &texts);
    super::put(&format!("{name}-displacements.bin"), &displacements);
    super::put(&format!("{name}-slots.bin"), &little_endian(&slots));
    super::put(&format!("{name}-pairs.bin"), &little_endian(&pairs(&tokens)));
    super::put(&format!("{name}-characters.bin"), &characters(&tokens));
    super::put(&format!("{name}-seam-rows.bin"), &seams.rows);
    super::put(&format!("{name}-seam-columns.bin"), &seams.columns);
    super::put(&format!("{name}-seams.bin"), &little_endian(&seams.cells));
}

fn little_endian(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A perfect hash: displacements by bucket, and slots. The largest buckets choose first.
fn perfect(tokens: &[Token]) -> (Vec<u8>, Vec<u32>) {
    let size = tokens.len().next_power_of_two();
    let mut buckets = vec![Vec::new(); size / 4];
    for token in tokens {
        buckets[hash::bucket(token.hash, size / 4)].push(token);
    }
    let mut order: Vec<_> = (0..buckets.len()).collect();
    order.sort_by_key(|bucket| std::cmp::Reverse(buckets[*bucket].len()));
    let mut slots = vec![EMPTY; size];
    let mut displacements = vec![0; buckets.len()];
    for bucket in order {
        let tokens = &buckets[bucket];
        let places =
            |displacement| tokens.iter().map(move |token| hash::slot(token.hash, displacement, size));
        let displacement = (0..=u8::MAX)
            .find(|displacement| {
                let mut taken: Vec<_> = places(*displacement).collect();
                taken.sort_unstable();
                taken.windows(2).all(|pair| pair[0] != pair[1])
                    && taken.iter().all(|slot| slots[*slot] == EMPTY)
            })
            .expect("a displacement that fits; otherwise change a constant of the hash");
        displacements[bucket] = displacement;
        for (token, slot) in tokens.iter().zip(places(displacement)) {
            slots[slot] = hash::tag(token.hash) | token.offset;
        }
    }
    (displacements, slots)
}

/// The tokens of two ASCII characters, by both.
fn pairs(tokens: &[Token]) -> Vec<u32> {
    let mut pairs = vec![EMPTY; 1 << 14];
    for token in tokens {
        if let [first @ 0..0x80, second @ 0..0x80] = token.text[..] {
            pairs[usize::from(first) << 7 | usize::from(second)] = token.offset;
        }
    }
    pairs
}

/// Which characters of two and three bytes are tokens: a bit each.
fn characters(tokens: &[Token]) -> Vec<u8> {
    let mut bits = vec![0; 0x1_0000 / 8];
    for token in tokens {
        if let Ok(text) = std::str::from_utf8(&token.text)
            && let [character @ '\u{80}'..='\u{ffff}'] = text.chars().collect::<Vec<_>>()[..]
        {
            bits[character as usize / 8] |= 1 << (character as usize % 8);
        }
    }
    bits
}

/// For the last byte of a character and the first of the next: the first token that reaches over both and holds only a
/// part of one of the two.
struct Seams {
    rows: Vec<u8>,
    columns: Vec<u8>,
    cells: Vec<u32>,
}

/// Columns of a row.
const WIDTH: usize = 64;

impl Seams {
    fn of(tokens: &[Token]) -> Self {
        let continues = |byte: &u8| byte & 0xC0 == 0x80;
        let mut seams: HashMap<(u8, u8), u32> = HashMap::new();
        for token in tokens {
            for (at, pair) in token.text.windows(2).enumerate().filter(|(_, pair)| !continues(&pair[1])) {
                let (left, right) = token.text.split_at(at + 1);
                let needs = match right[0] {
                    0xF0.. => 4,
                    0xE0.. => 3,
                    0xC0.. => 2,
                    _ => 1,
                };
                if left.iter().all(continues) || right.len() < needs {
                    let first = seams.entry((pair[0], pair[1])).or_insert(token.offset);
                    *first = token.offset.min(*first);
                }
            }
        }
        let numbered = |bytes: Vec<u8>| {
            let mut numbers = vec![0; 256];
            let mut next = 0;
            for byte in bytes {
                if numbers[usize::from(byte)] == 0 {
                    next += 1;
                    numbers[usize::from(byte)] = next;
                }
            }
            (numbers, usize::from(next) + 1)
        };
        let (rows, height) = numbered(seams.keys().map(|key| key.0).collect());
        let (columns, width) = numbered(seams.keys().map(|key| key.1).collect());
        assert!(width <= WIDTH && height <= WIDTH, "too many seams");
        let mut cells = vec![EMPTY; WIDTH * WIDTH];
        for ((left, right), offset) in seams {
            cells[usize::from(rows[usize::from(left)]) * WIDTH + usize::from(columns[usize::from(right)])] =
                offset;
        }
        Self { rows, columns, cells }
    }
}

//! Header maps in guest memory: the number of pairs, then the two sizes of each pair, then each name and each value
//! with a zero byte behind it. Numbers are 32 bits, little endian.

use crate::sim::headers::HeaderMap;

pub(super) fn encode(map: &HeaderMap) -> Vec<u8> {
    if map.is_empty() {
        return Vec::new();
    }
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(map.len()).to_vec();
    for (name, value) in map.iter() {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for (name, value) in map.iter() {
        bytes.extend(name.as_bytes());
        bytes.push(0);
        bytes.extend(value);
        bytes.push(0);
    }
    bytes
}

/// `None` when the sizes do not fit the bytes. No bytes are an empty map.
pub(super) fn decode(bytes: &[u8]) -> Option<HeaderMap> {
    if bytes.is_empty() {
        return Some(HeaderMap::default());
    }
    let (count, mut rest) = take_number(bytes)?;
    // Each pair takes at least ten bytes, so a count from hostile memory can't make this loop long.
    if count > bytes.len() {
        return None;
    }
    let mut sizes = Vec::with_capacity(count);
    for _ in 0..count {
        let (name, after) = take_number(rest)?;
        let (value, after) = take_number(after)?;
        sizes.push((name, value));
        rest = after;
    }
    let mut map = HeaderMap::default();
    for (name_size, value_size) in sizes {
        let (name, after) = take_text(rest, name_size)?;
        let (value, after) = take_text(after, value_size)?;
        map.add(&String::from_utf8_lossy(name), value);
        rest = after;
    }
    Some(map)
}

fn take_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

fn take_text(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(size)?;
    let (zero, rest) = rest.split_first()?;
    (*zero == 0).then_some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        let map = HeaderMap::from_pairs([(":path", "/"), ("empty", ""), ("twice", "1"), ("twice", "2")]);
        assert_eq!(decode(&encode(&map)), Some(map));
        assert_eq!(decode(&[]), Some(HeaderMap::default()));
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = encode(&HeaderMap::from_pairs([("a", "1"), ("b", "2")]));
        for end in 1..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "{end} bytes");
        }
    }

    #[test]
    fn sizes_beyond_the_memory_are_refused() {
        assert_eq!(decode(&u32::MAX.to_le_bytes()), None);
        let mut bytes = 1u32.to_le_bytes().to_vec();
        bytes.extend([0xff; 8]);
        assert_eq!(decode(&bytes), None);
    }
}

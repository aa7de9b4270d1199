//! What JSON means, as one number: how it is written makes no difference.
//!
//! | the same | |
//! |---|---|
//! | `{"a":1,"b":2}`, `{ "b": 2, "a": 1 }` | neither the order of members nor white space counts |
//! | `1`, `1.0`, `10e-1` | a number is its value, to its last digit |
//! | `"\u0061"`, `"a"` | a text is what it says |
//!
//! One pass, nothing kept, nesting bounded by [`MAX_DEPTH`]. What isn't JSON counts byte by byte. Whoever finds two values
//! with one number (64 bits, no key) gains nothing by it but a refusal of his own request.

use super::MAX_DEPTH;
use super::scan::{Scanner, text_of};

/// The number of a value; of a text that holds JSON, that JSON's.
pub(super) fn hash(value: &[u8]) -> u64 {
    let Some(text) = text_of(value) else { return meaning(value).unwrap_or_else(|| bytes(RAW, value)) };
    match text.trim() {
        // No arguments, as some write it.
        "" => meaning(b"{}").unwrap_or_default(),
        text => meaning(text.as_bytes()).unwrap_or_else(|| bytes(RAW, text.as_bytes())),
    }
}

const RAW: u64 = 1;
const TEXT: u64 = 2;
const NUMBER: u64 = 3;
const WORD: u64 = 4;
const LIST: u64 = 5;
const OBJECT: u64 = 6;

fn meaning(json: &[u8]) -> Option<u64> {
    let mut scan = Scanner::new(json, 0);
    let hash = value(&mut scan, MAX_DEPTH)?;
    scan.token().is_none().then_some(hash)
}

fn value(scan: &mut Scanner<'_>, depth: u32) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    let mut is_first = true;
    match scan.token()? {
        b'{' => {
            scan.opens(b'{');
            let mut sum = OBJECT;
            while scan.more(is_first, b'}').ok()? {
                is_first = false;
                let key = scan.name().ok()?;
                let key = bytes(TEXT, &scan.key(key));
                // A sum has no order.
                sum = sum.wrapping_add(mix(key, value(scan, depth)?));
            }
            Some(mix(OBJECT, sum))
        }
        b'[' => {
            scan.opens(b'[');
            let mut list = LIST;
            while scan.more(is_first, b']').ok()? {
                is_first = false;
                list = mix(list, value(scan, depth)?);
            }
            Some(mix(LIST, list))
        }
        first => {
            let range = scan.value().ok()?.range;
            let written = scan.slice(range);
            Some(match first {
                b'"' => match text_of(written) {
                    Some(text) => bytes(TEXT, text.as_bytes()),
                    None => bytes(RAW, written),
                },
                b't' | b'f' | b'n' => bytes(WORD, written),
                _ => number(written).unwrap_or_else(|| bytes(RAW, written)),
            })
        }
    }
}

/// A number as its digits without the zeros at both ends, and the power of ten of the last of them.
fn number(written: &[u8]) -> Option<u64> {
    let (is_negative, rest) = written.strip_prefix(b"-").map_or((false, written), |rest| (true, rest));
    let mut parts = rest.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let digits = parts.next()?;
    let mut scale: i64 = match parts.next() {
        Some(exponent) => std::str::from_utf8(exponent).ok()?.parse().ok()?,
        None => 0,
    };
    let (mut hash, mut is_zero, mut is_fraction, mut zeros) = (NUMBER, true, false, 0_i64);
    for byte in digits {
        match byte {
            b'.' if !is_fraction => is_fraction = true,
            b'0'..=b'9' => {
                scale = scale.saturating_sub(i64::from(is_fraction));
                if *byte == b'0' {
                    zeros += i64::from(!is_zero);
                    continue;
                }
                for _ in 0..std::mem::take(&mut zeros) {
                    hash = mix(hash, 0);
                }
                hash = mix(hash, u64::from(*byte));
                is_zero = false;
            }
            _ => return None,
        }
    }
    if is_zero {
        return Some(NUMBER);
    }
    Some(mix(mix(hash, scale.saturating_add(zeros).cast_unsigned()), is_negative.into()))
}

fn bytes(kind: u64, text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(kind, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(mix(hash, u64::from_le_bytes(last)), text.len() as u64)
}

/// One of both, neither of them to be told from it (the finalizer of `SplitMix64`, Steele, Lea and Flood, 2014).
fn mix(one: u64, other: u64) -> u64 {
    let mut hash = one.rotate_left(5).wrapping_add(0x9e37_79b9_7f4a_7c15) ^ other;
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn how_json_is_written_makes_no_difference_and_what_it_means_does() {
        let table: [&[&str]; 12] = [
            &["{}", " { } ", r#""{}""#, r#""""#, r#""  ""#],
            &[r#"{"a":1,"b":[2]}"#, r#"{ "b" : [ 2.0 ], "\u0061": 10e-1 }"#, r#""{\"b\":[2],\"a\":1}""#],
            &[r#"{"a":[1,2]}"#],
            &[r#"{"a":[2,1]}"#],
            &[r#"{"a":1}"#, r#"{"a":0.1e1}"#, r#"{"a":1.000}"#, r#"{"a":100E-2}"#],
            &[r#"{"a":"1"}"#],
            &[r#"{"a":-1}"#],
            &[r#"{"a":0}"#, r#"{"a":-0.0}"#, r#"{"a":0e9}"#],
            &[r#"{"a":10}"#, r#"{"a":1e1}"#],
            &[r#"{"a":101}"#, r#"{"a":10100e-2}"#],
            &[r#"{"a":true}"#],
            &[r#""find cats""#, r#""  find cats\n""#],
        ];
        for (row, same) in table.iter().enumerate() {
            let of = hash(same[0].as_bytes());
            for text in *same {
                assert_eq!(hash(text.as_bytes()), of, "{text} is {}", same[0]);
            }
            for other in table.iter().skip(row + 1) {
                assert_ne!(hash(other[0].as_bytes()), of, "{} isn't {}", other[0], same[0]);
            }
        }
    }

    #[test]
    fn what_is_no_json_and_what_is_too_deep_counts_as_it_is_written() {
        for odd in ["{", "[1,", "{\"a\" 1}", "nonsense", "1e99999999999999999999", "\"\\ud800\""] {
            assert_eq!(hash(odd.as_bytes()), hash(odd.as_bytes()));
        }
        let deep = |byte: &str| [&"[".repeat(200), byte, &"]".repeat(200)].concat();
        assert_ne!(hash(deep("1").as_bytes()), hash(deep("2").as_bytes()));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// The same with its members the other way round, wide spaces, numbers with points, and every letter escaped.
    fn respelled(value: &Value, out: &mut String) {
        let text = |text: &str, out: &mut String| {
            out.push('"');
            for unit in text.encode_utf16() {
                *out += &format!("\\u{unit:04x}");
            }
            out.push('"');
        };
        match value {
            Value::String(said) => text(said, out),
            Value::Number(number) => *out += &format!("{number}.0e+0"),
            Value::Array(list) => {
                out.push_str("[ ");
                for (n, value) in list.iter().enumerate() {
                    out.push_str(if n > 0 { " ,\n" } else { "" });
                    respelled(value, out);
                }
                out.push(']');
            }
            Value::Object(map) => {
                out.push_str("{\t");
                for (n, (key, value)) in map.iter().rev().enumerate() {
                    out.push_str(if n > 0 { " , " } else { "" });
                    text(key, out);
                    out.push_str(" : ");
                    respelled(value, out);
                }
                out.push_str("\r\n}");
            }
            other => *out += &other.to_string(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn spelling_never_counts(value in json(), other in json()) {
            let plain = value.to_string();
            let mut again = String::new();
            respelled(&value, &mut again);
            let quoted = serde_json::to_string(&plain).unwrap();
            prop_assume!(!value.is_string() && !other.is_string());
            prop_assert_eq!(hash(plain.as_bytes()), hash(again.as_bytes()), "{}", again);
            prop_assert_eq!(hash(plain.as_bytes()), hash(quoted.as_bytes()));
            prop_assert_eq!(hash(plain.as_bytes()) == hash(other.to_string().as_bytes()), value == other);
        }

        #[test]
        fn any_bytes_have_a_number(bytes in prop::collection::vec(prop_oneof![
            3 => prop::sample::select(&br#""\\{}[],:e.-01"#[..]), 1 => any::<u8>(),
        ], 0..60)) {
            hash(&bytes);
        }
    }
}

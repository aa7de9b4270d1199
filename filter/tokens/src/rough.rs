//! A count without a vocabulary, from what kinds of characters a text has.

/// Tokens per thousand characters of a kind; a fit to `o200k_base` on prose, code, JSON and Chinese.
const WORD: u64 = 240;
const DIGIT: u64 = 430;
const SIGN: u64 = 600;
const SPACE: u64 = 60;
const BEYOND_ASCII: u64 = 340;
const WIDE: u64 = 660;
/// Emoji, rare scripts.
const ASTRAL: u64 = 1_800;

/// About so many tokens: within a quarter for most texts of some length.
pub(crate) fn rough(text: &str) -> u64 {
    let thousandths: u64 = text
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' => WORD,
            b'0'..=b'9' => DIGIT,
            b' ' | b'\t' => SPACE,
            // What continues a character has been counted with its first byte.
            0x80..=0xBF => 0,
            0xC0..=0xDF => BEYOND_ASCII,
            0xE0..=0xEF => WIDE,
            0xF0.. => ASTRAL,
            _ => SIGN,
        })
        .sum();
    thousandths.div_ceil(1_000)
}

#[cfg(all(test, feature = "o200k"))]
mod tests {
    use super::*;
    use crate::Encoding;

    #[test]
    fn rough_counts_are_within_a_quarter() {
        for text in [
            include_str!("../README.md"),
            include_str!("bpe/merge.rs"),
            r#"{"id":"call_5f2c91d07b3a4e68","type":"function","function":{"name":"search_orders","arguments":"{\"customer\": 48213, \"status\": \"shipped\"}"}}"#,
            "人工智能技术正在迅速改变我们的生活方式，大语言模型能够理解和生成自然语言。请编写一个函数，并说明时间复杂度。",
            "昔々、ある山里におじいさんとおばあさんが住んでいました。おじいさんは山へ芝刈りに、おばあさんは川へ洗濯に行きました。",
            "В некотором царстве, в некотором государстве жил-был старый мельник, и было у него три сына.",
        ] {
            let (rough, exact) = (rough(text), Encoding::O200kBase.count(text).tokens);
            assert!(
                rough.abs_diff(exact) * 4 <= exact,
                "{rough}, not {exact}: {}",
                text.chars().take(40).collect::<String>()
            );
        }
    }
}

//! Which of many patterns a text may have a match for, in one walk over its bytes: mostly none, and then none of them needs to be searched for.
//!
//! Of each pattern a few characters are taken that stand in a row in all its matches. Where they are in a text is found for all
//! patterns together, a bit of one word for each character (Shift-And: Baeza-Yates and Gonnet, "A New Approach to Text Searching", 1992).

use super::Pattern;
use super::ast::Ast;
use super::class::Class;

/// Characters that are kept of a pattern.
const MOST: usize = 8;
/// Parts of a pattern that are looked at, repeated ones as often as they are.
const MOST_VISITS: u32 = 2_000;
const BITS: usize = u64::BITS as usize;

/// A set of ASCII's characters, a bit for each.
type Set = [u64; 2];

/// Finds the patterns, of a list, that a text may have matches for.
#[derive(Debug)]
pub struct Sieve {
    /// By byte, the characters of all patterns that it may stand for.
    table: Box<[u64; 256]>,
    starts: u64,
    /// The bit of each pattern's last character; 0 of one that may always match.
    ends: Vec<u64>,
}

/// What a [`Sieve`] has found in one text.
#[derive(Clone, Copy, Debug)]
pub struct Sifted(u64);

impl Sieve {
    #[must_use]
    pub fn new(patterns: &[Pattern]) -> Self {
        let each = (BITS / patterns.len().max(1)).clamp(1, MOST);
        let (mut table, mut starts, mut ends) = (Box::new([0; 256]), 0, Vec::with_capacity(patterns.len()));
        let mut next = 0;
        for pattern in patterns {
            let row = pattern.row.get(..each).unwrap_or(&pattern.row);
            if row.is_empty() || next + row.len() > BITS {
                ends.push(0);
                continue;
            }
            starts |= 1 << next;
            for set in row {
                for (byte, word) in table.iter_mut().enumerate().take(128) {
                    *word |= u64::from(has(set, byte)) << next;
                }
                next += 1;
            }
            ends.push(1 << (next - 1));
        }
        Self { table, starts, ends }
    }

    /// Walks over a text.
    #[must_use]
    pub fn sift(&self, text: &str) -> Sifted {
        let (mut at, mut found) = (0_u64, 0);
        if self.starts != 0 {
            for byte in text.bytes() {
                at = (at << 1 | self.starts) & self.table.get(usize::from(byte)).copied().unwrap_or(0);
                found |= at;
            }
        }
        Sifted(found)
    }

    /// Whether the pattern at this place of the list may have a match in the text that was sifted.
    #[must_use]
    pub fn may_match(&self, pattern: usize, sifted: Sifted) -> bool {
        self.ends.get(pattern).is_none_or(|end| *end == 0 || sifted.0 & end != 0)
    }
}

fn has(set: &Set, byte: usize) -> bool {
    set.get(byte / 64).is_some_and(|word| word >> (byte % 64) & 1 == 1)
}

/// Characters that stand in a row in every match: none if that isn't known of any.
pub(super) fn row(ast: &Ast) -> Box<[Set]> {
    let mut rows = Rows { left: MOST_VISITS, ..Rows::default() };
    rows.walk(ast);
    rows.end();
    rows.best.into()
}

#[derive(Default)]
struct Rows {
    left: u32,
    row: Vec<Set>,
    best: Vec<Set>,
}

impl Rows {
    fn walk(&mut self, ast: &Ast) {
        let Some(left) = self.left.checked_sub(1) else { return self.end() };
        self.left = left;
        match ast {
            Ast::Empty | Ast::Start | Ast::End | Ast::WordEdge(_) => {}
            Ast::One(class) => match set(class) {
                Some(set) => self.row.push(set),
                None => self.end(),
            },
            Ast::Sequence(parts) => parts.iter().for_each(|part| self.walk(part)),
            Ast::Choice(_) => self.end(),
            Ast::Repeat { what, least, most } => {
                for _ in 0..(*least).min(MOST as u32) {
                    self.walk(what);
                }
                if *least == 0 || *most != Some(*least) || *least > MOST as u32 {
                    self.end();
                }
            }
        }
    }

    /// What comes next doesn't stand beside what was there.
    fn end(&mut self) {
        let weight = |row: &[Set]| -> u32 { row.iter().flatten().map(|word| word.count_zeros()).sum() };
        let windows = self.row.windows(self.row.len().clamp(1, MOST));
        if let Some(best) =
            windows.max_by_key(|row| weight(row)).filter(|row| weight(row) > weight(&self.best))
        {
            self.best = best.to_vec();
        }
        self.row.clear();
    }
}

/// `None` of a class with other characters than ASCII's.
fn set(class: &Class) -> Option<Set> {
    let mut set = [0; 2];
    for (first, last) in class.ranges() {
        for code in *first..=*last {
            *set.get_mut(code as usize / 64)? |= 1 << (code % 64);
        }
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Budget, Cache};
    use super::*;

    fn sieve(patterns: &[&str]) -> (Vec<Pattern>, Sieve) {
        let patterns: Vec<_> = patterns.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
        let sieve = Sieve::new(&patterns);
        (patterns, sieve)
    }

    #[test]
    fn texts_without_what_a_pattern_needs_are_told() {
        let cases = [
            (r"\bAKIA[0-9A-Z]{16}\b", "key: AKIAIOSFODNN7EXAMPLE", "the AKIA of old"),
            ("as an? AI", "as an AI", "as for AI"),
            ("(foo|bar)baz", "foobaz", "foobar"),
            ("x{3,}y", "xxxxy", "xxy"),
            ("^a{20}$", "aaaaaaaaaaaaaaaaaaaa", "aaaaaaa"),
            ("(ab){2}", "abab", "ab ab"),
        ];
        for (pattern, has, lacks) in cases {
            let (_, sieve) = self::sieve(&["never, never", pattern]);
            assert!(sieve.may_match(1, sieve.sift(has)), "{pattern} {has}");
            assert!(!sieve.may_match(1, sieve.sift(lacks)), "{pattern} {lacks}");
            assert!(!sieve.may_match(0, sieve.sift(has)), "{pattern} {has}");
        }
        // Nothing takes long.
        let nested = format!("{}{}", "(?:".repeat(30), "){8}".repeat(30));
        let (_, sieve) = self::sieve(&[&nested]);
        assert!(sieve.may_match(0, sieve.sift("")));
        // Of these nothing is known that all matches have.
        for pattern in ["", "a*", "ä", "a|b", "\\S"] {
            let (_, sieve) = self::sieve(&[pattern]);
            assert!(sieve.may_match(0, sieve.sift("")), "{pattern}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["a", "b", "[ab]", "é", ".", "\\b", "^", "$", "c"])
            .prop_map(str::to_owned);
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
                (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "{9}", "{2,}"]))
                    .prop_map(|(what, times)| format!("(?:{what}){times}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_pattern_that_matches_is_never_left_out(patterns in prop::collection::vec(pattern(), 1..20), text in "[abcé]{0,14}") {
            let patterns: Vec<_> = patterns.iter().filter_map(|pattern| Pattern::new(pattern).ok()).collect();
            let sieve = Sieve::new(&patterns);
            let sifted = sieve.sift(&text);
            for (at, pattern) in patterns.iter().enumerate() {
                let matches = pattern.is_match(&text, &mut Cache::default(), &mut Budget(100_000));
                prop_assert!(matches != Ok(true) || sieve.may_match(at, sifted), "{at}: {pattern:?}");
            }
        }
    }
}

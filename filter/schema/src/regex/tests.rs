use proptest::prelude::*;

use super::*;

fn finds(pattern: &str, text: &str) -> bool {
    let pattern = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let mut cache = Cache::default();
    let whole = pattern.is_match(text, &mut cache, &mut Budget(u64::MAX)).unwrap();
    let mut search = pattern.search();
    for character in text.chars() {
        let part = character.to_string();
        search.feed(&pattern, &part, &mut Cache::default(), &mut Budget(u64::MAX)).unwrap();
    }
    assert_eq!(search.finish(&pattern, &mut cache, &mut Budget(u64::MAX)), Ok(whole), "in parts: {text}");
    whole
}

#[test]
fn patterns_find_what_ecma_262_says() {
    let cases = [
        ("", "", true),
        ("^$", "", true),
        ("^$", "a", false),
        ("a|b", "xbx", true),
        ("^(a|b)*c$", "ababc", true),
        ("^(a|b)*c$", "ababcc", false),
        ("^[^a-c]+$", "xyz", true),
        ("^[^a-c]+$", "xyb", false),
        (r"\bcat\b", "a cat.", true),
        (r"\bcat\b", "a cat", true),
        (r"\bcat\b", "concat", false),
        (r"\Bcat", "concat", true),
        (r"^\p{Lu}\p{Ll}+$", "Ärger", true),
        (r"^\p{L}+$", "日本", true),
        (r"^\P{L}+$", "日本", false),
        (r"^[\p{Nd}_]+$", "४_2", true),
        (r"^\u{1F30A}$", "🌊", true),
        (r"^\ud83c\udf0a$", "🌊", true),
        ("^.$", "🌊", true),
        ("^.$", "\n", false),
        (r"^[\s\S]$", "\n", true),
        ("^a{2,3}$", "aaa", true),
        ("^a{2,3}$", "aaaa", false),
        ("^(ab){2,}$", "ababab", true),
        ("^(ab){2,}$", "ab", false),
        ("a{,2}", "a{,2}", true),
        (r"^[\w.-]+@[\w-]+\.com$", "a.b-c@d-e.com", true),
        (r"^(?:(?<year>\d{4})-\d\d)?$", "2026-11", true),
        ("(^a|b$)", "cb", true),
        ("^(a*)*$", "aaa", true),
        ("^(a?){3}$", "aa", true),
        ("x*", "", true),
        (r"^[\]\\]$", "]", true),
        ("^[]$", "", false),
        ("^[^]$", "\n", true),
        ("a$|^b", "b", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(finds(pattern, text), expected, "/{pattern}/ in {text:?}");
    }
}

#[test]
fn case_is_ignored_where_it_is_asked_for() {
    let pattern = Pattern::ignoring_case("^(straße|[α-ω]+|as an ai)$").unwrap();
    for text in ["STRAßE", "ΑΛΦΑ", "As an AI"] {
        assert_eq!(pattern.is_match(text, &mut Cache::default(), &mut Budget(10_000)), Ok(true), "{text}");
    }
}

#[test]
fn what_is_no_pattern_is_told_apart_from_what_is_not_supported() {
    let cases = [
        ("(abc", Problem::Unclosed),
        ("[abc", Problem::Unclosed),
        ("abc)", Problem::Unopened),
        ("*a", Problem::NothingToRepeat),
        ("a**", Problem::NothingToRepeat),
        ("a{3,2}", Problem::CountsOutOfOrder),
        ("[z-a]", Problem::RangeOutOfOrder),
        (r"\a", Problem::Escape),
        (r"\Z", Problem::Escape),
        ("(?P<name>a)", Problem::Group),
        ("(?=a)b", Problem::LookAround),
        ("a(?<!b)", Problem::LookAround),
        (r"(a)\1", Problem::BackReference),
        (r"(?<x>a)\k<x>", Problem::BackReference),
        (r"\p{Script=Greek}", Problem::Property),
        ("(a{100}){100}", Problem::TooLarge),
        ("a{100001}", Problem::TooLarge),
        // It is no pattern behind what isn't supported.
        ("(?=a)(", Problem::Unclosed),
    ];
    for (pattern, problem) in cases {
        assert_eq!(Pattern::new(pattern).unwrap_err().problem, problem, "/{pattern}/");
    }
}

#[test]
fn patterns_that_make_others_explode_stay_linear() {
    let text = "a".repeat(50_000) + "!";
    for pattern in ["^(a+)+$", "^(a|a)*$", "^(a*)*b$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$"]
    {
        let pattern = Pattern::new(pattern).unwrap();
        let mut budget = Budget(200_000);
        assert_eq!(pattern.is_match(&text, &mut Cache::default(), &mut budget), Ok(false), "{pattern:?}");
    }
}

#[test]
fn what_is_empty_is_no_work_however_often_it_is_repeated() {
    for (piece, count) in [("()", 4_000), ("(?:)", 2_000), ("a{0}", 2_000), ("()*", 2_000), ("(()|){0}", 900)]
    {
        let pattern = format!("^(?:{}a){{9999}}$", piece.repeat(count));
        let pattern = Pattern::new(&pattern).unwrap();
        let is_match =
            |count| pattern.is_match(&"a".repeat(count), &mut Cache::default(), &mut Budget(9_000_000));
        assert_eq!((is_match(9_999), is_match(9_998)), (Ok(true), Ok(false)), "{piece}");
    }
}

#[test]
fn braces_without_end_are_looked_at_once() {
    assert!(!is_pattern(&"{".repeat(200_000)));
    assert!(is_pattern(&"{".repeat(LONGEST_PATTERN)));
    for (pattern, text) in [
        ("^a{1{2}$", "a{11"),
        ("^a{,2}$", "a{,2}"),
        ("^a{1,2,3}$", "a{1,2,3}"),
        ("^a{0002}$", "aa"),
        ("^{}$", "{}"),
    ] {
        assert!(finds(pattern, text), "{pattern}");
    }
}

#[test]
fn a_pattern_with_too_many_states_is_bounded_in_memory_and_work() {
    // 2^40 states, if all were made.
    let pattern = Pattern::new("(a|b)*a(a|b){40}c").unwrap();
    let text: String =
        (0..20_000_u32).map(|at| if at.wrapping_mul(2_654_435_761) >> 31 == 0 { 'a' } else { 'b' }).collect();
    let mut cache = Cache::default();
    assert_eq!(pattern.is_match(&text, &mut cache, &mut Budget(100)), Err(Exhausted));
    assert_eq!(pattern.is_match(&text, &mut cache, &mut Budget(5_000_000)), Ok(false));
}

#[test]
fn a_text_costs_as_much_in_many_parts_as_in_one() {
    // The second counts.
    for (pattern, text) in [("a.*forbidden", "abc ".repeat(4_000)), ("^[a-z]{2,}$", "abcd".repeat(4_000))] {
        let pattern = Pattern::new(pattern).unwrap();
        let cost = |parts: &[&str]| {
            let (mut search, mut cache, mut budget) = (pattern.search(), Cache::default(), Budget(100_000));
            parts.iter().for_each(|part| _ = search.feed(&pattern, part, &mut cache, &mut budget).unwrap());
            100_000 - budget.0
        };
        let parts: Vec<_> = text.split_inclusive(|_| true).collect();
        assert_eq!(parts.len(), 16_000);
        assert_eq!(cost(&parts), cost(&[&text]), "{pattern:?}");
    }
}

/// Patterns that mean the same to the crate `regex`.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[abc]",
        Just(".".to_string()),
        Just("^".to_string()),
        Just("$".to_string()),
        Just(r"(?:\b)".to_string()),
        Just(r"(?:\B)".to_string()),
        Just("[ab ]".to_string()),
        Just("[^a]".to_string()),
        Just(r"\p{Lu}".to_string()),
        Just(r"[\-é]".to_string()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), 0_u32..3, 0_u32..3)
                .prop_map(|(part, least, more)| format!("(?:{part}){{{least},{}}}", least + more)),
            (inner, "[*+?]").prop_map(|(part, sign)| format!("(?:{part}){sign}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_random_pattern_finds_what_the_reference_finds(pattern in pattern(), texts in prop::collection::vec("[abcAÉé -]{0,12}", 8)) {
        // Its word boundaries know Unicode's letters; ours, as ECMA-262 has it, ASCII's. Of bytes, where it allows that.
        let theirs = regex::bytes::Regex::new(&pattern.replace(r"\b", r"(?-u:\b)").replace(r"\B", r"(?-u:\B)"));
        prop_assume!(theirs.is_ok());
        let theirs = theirs.unwrap();
        for mut text in texts {
            if pattern.contains(r"\B") {
                // It finds one between the bytes of a character.
                text.retain(|character| character.is_ascii());
            }
            prop_assert_eq!(finds(&pattern, &text), theirs.is_match(text.as_bytes()), "/{}/ in {:?}", &pattern, &text);
        }
    }
}

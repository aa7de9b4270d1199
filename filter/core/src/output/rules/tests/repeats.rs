use proptest::prelude::*;

use crate::output::rules::repeats::Repeats;

fn repeats(text: &str, most: u32) -> bool {
    Repeats::default().look(text, most, usize::MAX)
}

#[test]
fn a_passage_may_follow_itself_so_often_and_no_more() {
    for passage in
        ["So be it. ", "word", "日本の天気は", "I'm sorry, but I can't find that. Let me try again.\n\n"]
    {
        for most in [1, 2, 5, 40] {
            let most_copies = most as usize + 1;
            let around = |copies: usize| format!("It began well: {}and ended.", passage.repeat(copies));
            assert!(!repeats(&around(most_copies), most), "{passage} {most}");
            assert!(repeats(&around(most_copies + 1), most), "{passage} {most}");
        }
    }
}

#[test]
fn lines_blanks_and_short_passages_are_none() {
    for text in [
        "-".repeat(3_000),
        " \n".repeat(2_000),
        "| --- | --- |\n".repeat(200),
        "─".repeat(1_000),
        "ha ha ha ha ha ha ha ha ha ha ha ha".to_owned(),
        "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]".to_owned(),
        "1.000000000000000000".to_owned(),
        (0..2_000).map(|at| format!("Line {at} of many.\n")).collect(),
    ] {
        assert!(!repeats(&text, 3), "{}", &text[..20]);
    }
    assert!(repeats(&"a".repeat(1_000), 3));
    assert!(repeats(&"ha ".repeat(1_000), 3));
}

#[test]
fn loops_of_many_lines_are_found_among_lines_and_rules() {
    let paragraph: String =
        (0..30).map(|at| format!("{at}. A sentence of number {}.\n----------\n", at * 7)).collect();
    assert!((1_000..4_000).contains(&paragraph.len()));
    assert!(repeats(&format!("Before.\n{}", paragraph.repeat(6)), 3));
    assert!(!repeats(&format!("Before.\n{}", paragraph.repeat(4)), 3));
}

#[test]
fn texts_made_to_cost_much_cost_as_much_as_others() {
    let nearly: String = (0..1_000).map(|at| format!("{}{at}", "abcdefgh".repeat(100))).collect();
    assert!(!repeats(&nearly, 200));
    let (mut a, mut b) = ("a".to_owned(), "ab".to_owned());
    while b.len() < 500_000 {
        (a, b) = (b.clone(), b + &a);
    }
    assert!(!repeats(&b, 10));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_a_text_comes(start in "[a-c]{0,40}", passage in "[a-e]{4,30}", copies in 0_usize..9, end in "[a-c]{0,40}", step in 1_usize..50) {
        let text = format!("{start}{}{end}", passage.repeat(copies));
        let mut parts = Repeats::default();
        let in_parts = (0..=text.len()).step_by(step).chain([text.len()]).any(|end| parts.look(&text[..end], 5, usize::MAX));
        prop_assert_eq!(in_parts, repeats(&text, 5));
        let mut parts = Repeats::default();
        prop_assert_eq!((0..=text.len()).any(|_| parts.look(&text, 5, step)), in_parts);
    }

    /// By counting copies everywhere.
    #[test]
    fn what_is_found_is_there(text in "[ab]{0,60}", most in 1_u32..4) {
        let copies = most as usize + 2;
        let bytes = text.as_bytes();
        let is_there = (1..=60).any(|period| (0..bytes.len()).any(|from| {
            let end = from + period * copies;
            end <= bytes.len() && (from + period..end).all(|at| bytes[at] == bytes[at - period]) && period >= 4
        }));
        prop_assert!(is_there || !repeats(&text, most), "{}", text);
    }
}

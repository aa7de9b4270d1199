use proptest::prelude::*;

use super::super::repeats::Repeats;
use super::*;
use crate::output::Live;

fn repeats(text: &str, most: u32) -> bool {
    Repeats::default().look(text, most, usize::MAX)
}

#[test]
fn a_passage_may_follow_itself_so_often_and_no_more() {
    for passage in
        ["So be it, then. ", "日本の天気は", "I'm sorry, but I can't find that. Let me try again.\n\n"]
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
        "0.0, ".repeat(150),
        "null, ".repeat(150),
        "unknown, ".repeat(50),
        "| 0 | 12 | 0 | 12 |\n".repeat(60),
        format!("iVBORw0KGgo{}Jggg==", "AAAA".repeat(200)),
        (0..2_000).map(|at| format!("Line {at} of many.\n")).collect(),
    ] {
        assert!(!repeats(&text, 3), "{}", &text[..20]);
    }
    assert!(repeats(&"a".repeat(3_000), 3));
    assert!(repeats(&"ha ".repeat(1_000), 3));
    assert!(repeats(&"I'm sorry. ".repeat(50), 5));
}

#[test]
fn of_json_the_strings_count_and_rows_may_be_alike() {
    let policy = Output { repeats: Some(3), ..output() };
    let rows = format!("[{}0]", r#"{"name": "unknown", "value": null}, "#.repeat(40));
    assert_eq!(found(&policy, &Asked::default(), &text(&rows)), []);
    assert_eq!(Live::default().look(&rules(&policy), &Asked::default(), &text(&rows)), None);
    let looping = format!(r#"{{"text": "{}"}}"#, "It goes on and on. ".repeat(9));
    assert_eq!(found(&policy, &Asked::default(), &text(&looping)), [(Rule::Repetition, String::new())]);
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
    fn it_does_not_matter_how_a_text_comes(start in "[a-c]{0,40}", passage in "[a-e]{16,40}", copies in 0_usize..9, end in "[a-c]{0,40}", step in 1_usize..50) {
        let text = format!("{start}{}{end}", passage.repeat(copies));
        let mut parts = Repeats::default();
        let in_parts = (0..=text.len()).step_by(step).chain([text.len()]).any(|end| parts.look(&text[..end], 5, usize::MAX));
        prop_assert_eq!(in_parts, repeats(&text, 5));
        let mut parts = Repeats::default();
        prop_assert_eq!((0..=text.len()).any(|_| parts.look(&text, 5, step)), in_parts);
    }

    /// By counting copies everywhere.
    #[test]
    fn what_is_found_is_there(letters in "[ab]{0,60}", most in 1_u32..4) {
        let text = letters.replace('a', "alphabet").replace('b', "bravoooo");
        let copies = most as usize + 2;
        let bytes = text.as_bytes();
        let is_there = (16..=bytes.len()).any(|period| (0..bytes.len()).any(|from| {
            let end = from + period * copies;
            end <= bytes.len() && (from + period..end).all(|at| bytes[at] == bytes[at - period])
        }));
        prop_assert!(is_there || !repeats(&text, most), "{}", text);
    }
}

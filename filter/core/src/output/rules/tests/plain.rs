use seawall_policy::policy::{FinishWord, Languages};

use super::*;
use crate::output::rules::MOST_BREACHES;
use crate::stream::Finish;

#[test]
fn patterns_are_searched_for_in_all_that_is_said_and_required_of_answers() {
    let policy = Output {
        deny: vec!["(?i)as an ai".to_owned(), "secret-[0-9]+".to_owned()],
        require: vec![r"\bSource: ".to_owned()],
        ..output()
    };
    let asked = Asked::default();
    assert_eq!(found(&policy, &asked, &text("Fine. Source: a book")), []);
    assert_eq!(
        check(&policy, &asked, &text("As an AI, I can't.")),
        [
            Breach {
                rule: Rule::Deny,
                choice: 0,
                pointer: String::new(),
                message: "must not have a match of pattern 1 of `deny`".to_owned()
            },
            Breach {
                rule: Rule::Require,
                choice: 0,
                pointer: String::new(),
                message: r"must have a match of /\bSource: /".to_owned()
            },
        ]
    );
    let none = String::new;
    let calling = Asked { may_call: true, ..Asked::default() };
    assert_eq!(found(&policy, &calling, &call("f", r#"{"key": "secret-1"}"#)), [(Rule::Deny, none())]);
    assert_eq!(found(&policy, &calling, &call("f", "{}")), []);
    assert_eq!(found(&policy, &asked, &text("")), [(Rule::Require, none())]);
    let declined = Choice { refusal: "No: secret-7".to_owned(), ..Choice::default() };
    assert_eq!(found(&policy, &asked, &Content { choices: vec![declined] }), [(Rule::Deny, none())]);
}

#[test]
fn patterns_see_through_the_escapes_of_json() {
    let policy = Output { deny: vec!["secret-[0-9]+".to_owned()], ..output() };
    let deny = [(Rule::Deny, String::new())];
    let calling = Asked { may_call: true, ..Asked::default() };
    for said in [
        r#"{"k":"s\u0065cret-1"}"#,
        r#"{"\u0073ecret-1":[]}"#,
        r#" ["a", "\u0073ecret\u002d7"]"#,
        r#""s\u0065cret-1""#,
        // What breaks off, too.
        r#"{"k":"s\u0065cret-1"#,
    ] {
        assert_eq!(found(&policy, &Asked::default(), &text(said)), deny, "{said}");
        assert_eq!(found(&policy, &calling, &call("f", said)), deny, "{said}");
    }
    assert_eq!(found(&policy, &Asked::default(), &text(r"Write s\u0065cret-1.")), []);
    let policy = Output { require: vec!["M\u{fc}ller".to_owned()], ..output() };
    assert_eq!(found(&policy, &Asked::default(), &text(r#"{"name":"M\u00fcller"}"#)), []);
    assert_eq!(
        found(&policy, &Asked::default(), &text(r#"{"name":"M\u00f6ller"}"#)),
        [(Rule::Require, String::new())]
    );
}

#[test]
fn a_pattern_that_can_not_be_searched_for_is_refused() {
    for pattern in ["(?=x)", "(", "(a)\\1"] {
        let refused = Rules::new(&Output { require: vec![pattern.to_owned()], ..output() }).unwrap_err();
        assert!(refused.starts_with("`require`: "), "{refused}");
    }
}

#[test]
fn patterns_stop_at_their_budget_and_nobody_knows_what_they_would_find_then() {
    let hard = "(?:[ab]*a[ab]{60}c|[ab]*b[ab]{70}c)$".to_owned();
    let mut seed = 1_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed >> 31 == 0 { 'a' } else { 'b' }
    };
    let letters: String = (0..300_000).map(|_| letter()).collect();
    let policy = Output {
        deny: vec![hard.clone(), "b$".to_owned()],
        require: vec![hard, "b$".to_owned()],
        ..output()
    };
    let rules: Vec<_> = found(&policy, &Asked::default(), &text(&(letters + "b")))
        .into_iter()
        .map(|(rule, _)| rule)
        .collect();
    assert_eq!(rules, [Rule::Size, Rule::Deny, Rule::Size]);
}

#[test]
fn texts_are_as_long_as_asked_in_characters() {
    let policy = Output { least_characters: Some(3), most_characters: Some(5), ..output() };
    let cases = [
        ("äöü", true),
        ("日本語文字", true),
        ("äö", false),
        (" a \n", false),
        ("abcdef", false),
        ("", false),
    ];
    for (said, fits) in cases {
        assert_eq!(found(&policy, &Asked::default(), &text(said)).is_empty(), fits, "{said}");
    }
    let asked = Asked { may_call: true, ..Asked::default() };
    assert_eq!(found(&policy, &asked, &call("f", "{}")), []);
}

#[test]
fn answers_end_as_allowed_where_it_is_known_how() {
    let policy = Output { finish: vec![FinishWord::Stop, FinishWord::ToolCalls], ..output() };
    let ended = |finish| Content { choices: vec![Choice { finish, ..Choice::default() }] };
    for finish in [None, Some(Finish::Stop), Some(Finish::ToolCalls)] {
        assert_eq!(found(&policy, &Asked::default(), &ended(finish)), []);
    }
    for finish in [Finish::Length, Finish::Refused, Finish::Other] {
        let broken = found(&policy, &Asked::default(), &ended(Some(finish)));
        assert_eq!(broken, [(Rule::Finish, String::new())]);
    }
}

#[test]
fn what_ends_with_calls_ends_so_whatever_its_dialect_calls_that() {
    let mut calling = call("f", "{}");
    calling.choices[0].finish = Some(Finish::Stop);
    let ending = |finish| Output { finish: vec![finish], ..output() };
    assert_eq!(found(&ending(FinishWord::ToolCalls), &Asked::default(), &calling), []);
    assert_eq!(
        found(&ending(FinishWord::Stop), &Asked::default(), &calling),
        [(Rule::Finish, String::new())]
    );
}

#[test]
fn what_declines_or_hands_over_something_else_owes_no_text() {
    let policy = Output { require: vec!["x".to_owned()], least_characters: Some(9), ..with_schema("false") };
    let declined = Choice { finish: Some(Finish::Refused), ..Choice::default() };
    let picture = Choice { has_more: true, ..Choice::default() };
    for choice in [declined, picture] {
        let says = Choice { text: "no".to_owned(), ..choice.clone() };
        assert_eq!(found(&policy, &Asked::default(), &Content { choices: vec![choice] }), []);
        assert_ne!(found(&policy, &Asked::default(), &Content { choices: vec![says] }), []);
    }
}

#[test]
fn refusals_are_found_in_both_their_forms() {
    let policy = Output { denies_refusals: true, ..output() };
    let said = Choice { refusal: "I can't help with that.".to_owned(), ..Choice::default() };
    let ended = Choice { finish: Some(Finish::Refused), ..Choice::default() };
    for choice in [said, ended] {
        let broken = found(&policy, &Asked::default(), &Content { choices: vec![choice] });
        assert_eq!(broken, [(Rule::Refusal, String::new())]);
    }
    assert_eq!(found(&policy, &Asked::default(), &text("I can't say, but I can help.")), []);
}

#[test]
fn each_choice_is_told_by_its_number_and_no_more_than_enough() {
    let policy = Output { most_characters: Some(1), ..output() };
    let long = |number| Choice { number, text: "long".to_owned(), ..Choice::default() };
    let short = Choice { number: 1, text: "s".to_owned(), ..Choice::default() };
    let content = Content { choices: vec![long(0), short, long(7)] };
    let numbers: Vec<_> =
        check(&policy, &Asked::default(), &content).iter().map(|breach| breach.choice).collect();
    assert_eq!(numbers, [0, 7]);
    let content = Content { choices: (0..100).map(long).collect() };
    assert_eq!(check(&policy, &Asked::default(), &content).len(), MOST_BREACHES);
}

#[test]
fn answers_are_in_a_language_of_the_list_or_in_that_of_the_question() {
    let german = text(
        "Der Umsatz stieg im zweiten Quartal, aber die Kosten wuchsen schneller, als der Vorstand es erwartet hatte.",
    );
    let language = |language| Output { language: Some(language), ..output() };
    let listed =
        |codes: &[&str]| language(Languages::Listed(codes.iter().map(|code| (*code).to_owned()).collect()));
    let broken = [(Rule::Language, String::new())];
    assert_eq!(found(&listed(&["en", "de"]), &Asked::default(), &german), []);
    assert_eq!(found(&listed(&["en", "fr"]), &Asked::default(), &german), broken);
    let asking = |last_text: &str| Asked { last_text: last_text.to_owned(), ..Asked::default() };
    let same = language(Languages::OfRequest);
    assert_eq!(
        found(&same, &asking("Can you tell me what is in the report that came with the mail?"), &german),
        broken
    );
    assert_eq!(
        found(
            &same,
            &asking("Kannst du mir sagen, was in dem Bericht steht, der mit der Post kam?"),
            &german
        ),
        []
    );
    assert_eq!(found(&same, &asking("Why?"), &german), []);
    // Beside a call it says what it is about to do.
    let asked = Asked { may_call: true, ..Asked::default() };
    let mut beside = german.clone();
    beside.choices[0].calls.push(Call { name: "look".to_owned(), ..Call::default() });
    assert_eq!(found(&listed(&["en"]), &asked, &beside), []);
    assert_eq!(found(&listed(&["en"]), &asked, &german), broken);
}

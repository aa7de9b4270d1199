use proptest::prelude::*;
use seawall_policy::policy::FinishWord;
use serde_json::{Value, json};

use super::*;
use crate::output::Live;
use crate::stream::Finish;

/// What is said of each start of the first choice's text, and where it is first said.
fn first(policy: &Output, asked: &Asked, said: &str) -> Option<(Rule, usize)> {
    let (rules, mut live) = (rules(policy), Live::default());
    let ends = (0..=said.len()).filter(|end| said.is_char_boundary(*end));
    ends.into_iter().find_map(|end| Some((live.look(&rules, asked, &text(&said[..end]))?, end)))
}

#[test]
fn what_nothing_mends_is_told_before_the_end() {
    let asked = Asked::default();
    let person = with_schema(
        r#"{"type": "object", "properties": {"age": {"type": "integer"}}, "additionalProperties": false}"#,
    );
    let deny = Output { deny: vec!["(?i)as an ai\\b".to_owned(), "x$".to_owned()], ..output() };
    let filler = " and more of the same".repeat(50);
    let cases = [
        (&person, format!("```json{filler}"), Rule::Schema, 1),
        (&person, format!("  Sure{filler}"), Rule::Schema, 3),
        (&person, format!("{{age: 1{filler}"), Rule::Schema, 32),
        (&person, format!("{{\"age\": \"old\",\"a\": \"{filler}"), Rule::Schema, 32),
        (
            &person,
            format!("{{\"age\": 1,                                 \"b\": 1, \"c\": \"{filler}"),
            Rule::Schema,
            64,
        ),
        (&deny, format!("x As an AI, I{filler}"), Rule::Deny, 11),
        (&Output { most_characters: Some(20), ..output() }, format!("äöü{filler}"), Rule::Length, 24),
        (&Output { repeats: Some(3), ..output() }, filler.repeat(2), Rule::Repetition, 105),
        (
            &Output { fields: vec!["a".to_owned()], ..output() },
            format!("{{\"a\": 1, \"b\": {{\"c\": [1, 2, 3, 4]}}, \"d\": \"{filler}"),
            Rule::Fields,
            32,
        ),
        (&Output { fields: vec!["a".to_owned()], ..output() }, format!("\"a\"{filler}"), Rule::Fields, 1),
    ];
    for (policy, said, rule, at) in cases {
        assert_eq!(first(policy, &asked, &said), Some((rule, at)), "{said}");
    }
}

#[test]
fn what_may_yet_be_valid_is_left_alone() {
    let asked = Asked::default();
    let cases = [
        (
            with_schema(r#"{"required": ["z"], "minProperties": 4}"#),
            r#"{"a": [1, 2, {"b": "a long text of many words"}], "c": 12"#,
        ),
        (Output { require: vec!["never".to_owned()], least_characters: Some(10_000), ..output() }, "not yet"),
        (Output { deny: vec!["x$".to_owned()], ..output() }, "xxx"),
    ];
    for (policy, said) in cases {
        assert_eq!(first(&policy, &asked, said), None, "{said}");
        assert_ne!(found(&policy, &asked, &text(said)), [], "{said}");
    }
    // A call may follow, beside which anything may be said.
    let asked = Asked { may_call: true, ..Asked::default() };
    assert_eq!(
        first(&with_schema("false"), &asked, "Let me look that up for you, it won't take long."),
        None
    );
}

#[test]
fn calls_are_read_on_their_way() {
    let policy = Output { tools_declared: true, deny: vec!["secret".to_owned()], ..output() };
    let takes = schema(r#"{"properties": {"city": {"type": "string"}}}"#);
    let asked = Asked { tools: vec![tool("find", takes)], ..Asked::default() };
    let first = |name: &str, arguments: &str| {
        let (rules, mut live) = (rules(&policy), Live::default());
        (0..=arguments.len())
            .find_map(|end| Some((live.look(&rules, &asked, &call(name, &arguments[..end]))?, end)))
    };
    assert_eq!(first("find", r#"{"city": "a secret one"}"#), Some((Rule::Deny, 18)));
    assert_eq!(first("find", &format!("{{\"city\": {}", "1".repeat(40))), Some((Rule::Tools, 32)));
    assert_eq!(first("find", "[1]"), Some((Rule::Tools, 1)));
    assert_eq!(first("found", " {}"), Some((Rule::Tools, 2)));
    assert_eq!(first("find", r#"{"city": "Bonn", "other": {"members": "are free to be here"}}"#), None);
}

#[test]
fn what_json_says_is_denied_however_it_is_written() {
    let policy = Output { deny: vec!["(?i)secret".to_owned(), "🌊".to_owned()], ..output() };
    let asked = Asked::default();
    for (said, at) in [
        (r#"{"a": "s\u0065cret"}"#, Some(18)),
        (r#"{"a": "secre\u0074"}"#, Some(18)),
        (r#"{"\u0053\u0045\u0043\u0052\u0045\u0054": 1}"#, Some(38)),
        (r#"{"a": "secre\ud83ct"}"#, None),
        (r#"{"a": "\ud83c\udf0a"}"#, Some(19)),
        // A backslash, and a word.
        (r#"{"a": "\\u0073ecret"}"#, None),
        // No JSON: it says what is written.
        (r"s\u0065cret", None),
    ] {
        assert_eq!(first(&policy, &asked, said), at.map(|at| (Rule::Deny, at)), "{said}");
        let (rules, mut live) = (rules(&policy), Live::default());
        let looked = (0..=said.len()).find_map(|end| live.look(&rules, &asked, &call("", &said[..end])));
        assert_eq!(looked, at.map(|_| Rule::Deny), "{said}");
    }
}

#[test]
fn tools_that_a_request_leads_to_may_be_called() {
    let policy = Output { tools_declared: true, ..output() };
    let (rules, mut live) = (rules(&policy), Live::default());
    let asked = Asked { has_more_tools: true, ..Asked::default() };
    assert_eq!(live.look(&rules, &asked, &call("any", "{}")), None);
    assert_eq!(live.look(&rules, &asked, &call("any", "{} ]")), None, "it is read again when it has grown");
    assert_eq!(Live::default().look(&rules, &asked, &call("any", "no JSON")), Some(Rule::Tools));
}

#[test]
fn ends_and_refusals_are_told_when_they_come() {
    let policy = Output { finish: vec![FinishWord::Stop], denies_refusals: true, ..output() };
    let (rules, mut live) = (rules(&policy), Live::default());
    let mut content = text("fine");
    assert_eq!(live.look(&rules, &Asked::default(), &content), None);
    content.choices[0].finish = Some(Finish::Length);
    assert_eq!(live.look(&rules, &Asked::default(), &content), Some(Rule::Finish));
    content.choices[0].finish = Some(Finish::Stop);
    content.choices[0].refusal = "No".to_owned();
    assert_eq!(live.look(&rules, &Asked::default(), &content), Some(Rule::Refusal));
}

#[test]
fn choices_that_come_in_any_order_are_told_apart() {
    let policy = Output { deny: vec!["abc".to_owned()], ..output() };
    let (rules, mut live) = (rules(&policy), Live::default());
    let choice = |number, text: &str| Choice { number, text: text.to_owned(), ..Choice::default() };
    let mut look =
        |choices: &[Choice]| live.look(&rules, &Asked::default(), &Content { choices: choices.to_vec() });
    assert_eq!(look(&[choice(1, "ab")]), None);
    assert_eq!(look(&[choice(0, "c"), choice(1, "ab")]), None);
    assert_eq!(look(&[choice(0, "ca"), choice(1, "ab"), choice(5, "bc")]), None);
    assert_eq!(look(&[choice(0, "ca"), choice(1, "abcd"), choice(5, "bcd")]), Some(Rule::Deny));
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-20_i64..2_000).prop_map(Value::from),
        "[ab\"\\\\é🌊 ]{0,9}".prop_map(Value::from),
    ];
    let document = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|members| json!(members)),
        ]
    });
    document.prop_filter("more than a number", |document| !document.is_number())
}

fn policies() -> impl Strategy<Value = Output> {
    let schemas = [
        None,
        Some(r#"{"type": ["object", "array"], "maxItems": 3, "maxProperties": 3}"#),
        Some(
            r#"{"required": ["a"], "properties": {"a": {"type": ["string", "null", "array"]}}, "additionalProperties": {"type": "integer"}}"#,
        ),
        Some(
            r#"{"anyOf": [{"items": {"type": "integer"}, "minItems": 1}, {"type": "object", "propertyNames": {"enum": ["a", "b"]}}]}"#,
        ),
        Some(r#"{"not": {"type": "array", "maxItems": 1}}"#),
        Some("true"),
    ];
    (
        prop::sample::select(schemas.to_vec()),
        prop::option::of(prop::sample::select(vec!["bb", "a$", "^\\[", "(?i)E"])),
        prop::option::of(5_u32..80),
        prop::option::of(1_u32..4),
        any::<bool>(),
    )
        .prop_map(|(schema, deny, most, repeats, fields)| Output {
            schema: schema.map(|schema| Document::Inline(schema.to_owned())),
            deny: deny.into_iter().map(str::to_owned).collect(),
            most_characters: most,
            repeats,
            fields: if fields { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() },
            ..output()
        })
}

/// What may be in JSON, and nearly.
fn written() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[secrt]{1,7}",
        prop::sample::select(vec!["secre", "\\u0074", "\\u0073", "\\u0065", "\\n", "\\\"", "\\\\", "\\"])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["\\ud83c\\udf0a", "\\ud83c", "\\udf0a", "\\u", "\\u00", "\\é", "🌊", " "])
            .prop_map(str::to_owned),
    ];
    (prop::sample::select(vec!["{", " [\"", "\"", ""]), prop::collection::vec(piece, 0..12))
        .prop_map(|(begin, pieces)| begin.to_owned() + &pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_denied_is_denied_however_it_comes(said in written(), step in 1_usize..40) {
        let policy = Output { deny: vec!["secret".to_owned(), "🌊".to_owned()], ..output() };
        let asked = Asked::default();
        let at = first(&policy, &asked, &said).map(|(_, at)| at);
        let (rules, mut live) = (rules(&policy), Live::default());
        let ends = (0..=said.len()).filter(|end| end % step == 0 && said.is_char_boundary(*end));
        let ends: Vec<usize> = ends.chain([said.len()]).collect();
        let found_at = ends.iter().copied().find(|end| live.look(&rules, &asked, &text(&said[..*end])).is_some());
        prop_assert_eq!(found_at, at.and_then(|at| ends.iter().copied().find(|end| *end >= at)));
        if at.is_some() {
            prop_assert_eq!(found(&policy, &asked, &text(&said)).first().map(|found| found.0), Some(Rule::Deny));
        } else {
            // What it ends in the middle of is nothing.
            let end = said.len() - said.len().min(11);
            let end = (0..=end).rev().find(|end| said.is_char_boundary(*end)).unwrap_or(0);
            prop_assert_eq!(found(&policy, &asked, &text(&said[..end])), []);
        }
    }

    #[test]
    fn nothing_is_said_of_a_start_of_a_valid_answer(policy in policies(), document in document(), pretty in any::<bool>()) {
        let said = if pretty { format!("{document:#}\n") } else { document.to_string() };
        if found(&policy, &Asked::default(), &text(&said)).is_empty() {
            prop_assert_eq!(first(&policy, &Asked::default(), &said), None, "{}", said);
        }
    }

    #[test]
    fn an_answer_that_breaks_off_never_fits(document in document()) {
        let said = document.to_string();
        let (rules, mut scratch) = (rules(&with_schema("true")), Scratch::default());
        for end in (0..said.len()).filter(|end| said.is_char_boundary(*end)) {
            prop_assert!(!rules.check(&Asked::default(), &text(&said[..end]), &mut scratch).is_empty());
        }
    }
}

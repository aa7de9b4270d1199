use super::*;
use crate::output::Live;
use crate::output::rules::LONGEST_POINTER;
use crate::stream::Finish;

const PERSON: &str =
    r#"{"type": "object", "required": ["name"], "properties": {"age": {"type": "integer"}}}"#;

#[test]
fn an_answer_is_json_and_nothing_else_and_fits_the_routes_schema() {
    let policy = with_schema(PERSON);
    let asked = Asked::default();
    assert_eq!(found(&policy, &asked, &text(r#" {"name": "Ada", "age": 36} "#)), []);
    let of = |said: &str| -> Vec<_> {
        check(&policy, &asked, &text(said))
            .into_iter()
            .map(|breach| (breach.pointer, breach.message))
            .collect()
    };
    let told = |pointer: &str, message: &str| (pointer.to_owned(), message.to_owned());
    assert_eq!(of(r#"{"age": "36"}"#), [told("/age", "must be integer"), told("", "lacks `name`")]);
    let fenced =
        "must be JSON and nothing else, no code block and no text around it; from byte 0 on it isn't";
    assert_eq!(of("```json\n{}\n```"), [told("", fenced)]);
    assert_eq!(of(r#"{"name": "A"#), [told("", "the JSON breaks off")]);
    for nothing in ["", " \n"] {
        assert_eq!(of(nothing), [told("", "must be JSON, and is empty")]);
    }
}

#[test]
fn what_calls_tools_or_declines_is_no_answer() {
    let policy = with_schema(PERSON);
    let with_tools = Asked { tools: vec![tool("f", None)], ..Asked::default() };
    assert_eq!(found(&policy, &with_tools, &call("f", "{}")), []);
    let asked = Asked { may_call: true, ..Asked::default() };
    assert_eq!(found(&policy, &asked, &call("f", "{}")), []);
    let mut content = call("f", "{}");
    content.choices[0].text = "I'll look that up.".to_owned();
    assert_eq!(found(&policy, &with_tools, &content), []);
    assert_eq!(found(&policy, &Asked::default(), &content), [(Rule::Schema, String::new())]);
    // Nor is a call of a tool that nobody has offered.
    assert_eq!(found(&policy, &Asked::default(), &call("f", "{}")), [(Rule::Schema, String::new())]);
    let fields = Output {
        fields: vec!["id".to_owned()],
        require: vec!["a".to_owned()],
        least_characters: Some(1),
        ..output()
    };
    let broken = found(&fields, &Asked::default(), &call("f", "{}"));
    let broken: Vec<_> = broken.into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(broken, [Rule::Length, Rule::Fields, Rule::Require]);
    let declined = Choice { refusal: "I can't.".to_owned(), ..Choice::default() };
    assert_eq!(found(&policy, &Asked::default(), &Content { choices: vec![declined] }), []);
}

#[test]
fn a_requests_own_schemas_hold_where_the_policy_says_so() {
    let asked = Asked {
        schema: schema(PERSON),
        json: true,
        tools: vec![tool("find", schema(r#"{"required": ["city"]}"#))],
        ..Asked::default()
    };
    let policy = Output { schema_from_request: true, ..output() };
    let broken = |pointer: &str| vec![(Rule::Schema, pointer.to_owned())];
    assert_eq!(found(&policy, &asked, &text("{}")), broken(""));
    assert_eq!(found(&policy, &asked, &call("find", "{}")), broken("/calls/0/arguments"));
    assert_eq!(found(&policy, &asked, &call("find", "")), broken("/calls/0/arguments"));
    assert_eq!(found(&policy, &asked, &call("other", "no JSON")), []);
    for content in [text("{}"), call("find", "{}")] {
        assert_eq!(found(&output(), &asked, &content), []);
    }
    let any = Asked { json: true, ..Asked::default() };
    assert_eq!(found(&policy, &any, &text("[1]")), []);
    assert_eq!(found(&policy, &any, &text("one")), broken(""));
    // Both hold.
    let both = Output { schema_from_request: true, ..with_schema(r#"{"required": ["id"]}"#) };
    assert_eq!(found(&both, &asked, &text("{}")).len(), 2);
}

#[test]
fn tools_are_declared_and_given_what_they_take() {
    let policy = Output { tools_declared: true, ..output() };
    let takes = schema(r#"{"properties": {"city": {"type": "string"}}}"#);
    let asked = Asked { tools: vec![tool("find", takes), tool("now", None)], ..Asked::default() };
    let cases = [
        ("find", r#"{"city": "Bonn"}"#, None),
        ("now", "", None),
        ("now", r#"{"any": 1}"#, None),
        ("find", r#"{"city": 1}"#, Some("/calls/0/arguments/city")),
        ("now", "[]", Some("/calls/0/arguments")),
        ("now", "{'a': 1}", Some("/calls/0/arguments")),
        ("now", r#"{"a":"#, Some("/calls/0/arguments")),
        ("delete", "{}", Some("/calls/0/name")),
    ];
    let mut free = call("now", "any text");
    free.choices[0].calls[0].is_text = true;
    assert_eq!(found(&policy, &asked, &free), []);
    let more = Asked { has_more_tools: true, ..asked.clone() };
    assert_eq!(found(&policy, &more, &call("delete", "{}")), [], "it may be one of those that aren't told");
    for (name, arguments, pointer) in cases {
        let expected: Vec<_> = pointer.map(|pointer| (Rule::Tools, pointer.to_owned())).into_iter().collect();
        assert_eq!(found(&policy, &asked, &call(name, arguments)), expected, "{name} {arguments}");
    }
}

#[test]
fn members_are_those_allowed() {
    let policy = Output { fields: vec!["id".to_owned(), "name".to_owned()], ..output() };
    let of = |said: &str| -> Vec<_> {
        let found = found(&policy, &Asked::default(), &text(said));
        found
            .into_iter()
            .map(|(rule, pointer)| {
                assert_eq!(rule, Rule::Fields);
                pointer
            })
            .collect()
    };
    assert_eq!(of(r#"{"id": 1, "name": {"other": 1}}"#), [""; 0]);
    assert_eq!(of(r#"{"id": 1, "a/b": 1, "c~d": 2}"#), ["/a~1b", "/c~0d"]);
    assert_eq!(of(r#"[{"id": 1}, {"email": 1}, 7]"#), ["/2", "/1/email"]);
    for said in ["no JSON at all", "", "\"name\"", "7"] {
        assert_eq!(of(said), [""], "{said}");
    }
    let long = of(&format!("{{\"{}\": 1}}", "ä".repeat(1_000)));
    assert!(long[0].len() <= LONGEST_POINTER);
}

#[test]
fn a_number_that_an_answer_breaks_off_in_is_none() {
    let ended = |finish| {
        let choice = Choice { text: "12".to_owned(), finish: Some(finish), ..Choice::default() };
        found(&with_schema("true"), &Asked::default(), &Content { choices: vec![choice] })
    };
    for finish in [Finish::Length, Finish::Refused, Finish::Other] {
        assert_eq!(ended(finish), [(Rule::Schema, String::new())], "{finish:?}");
    }
    assert_eq!(ended(Finish::Stop), []);
}

#[test]
fn json_too_large_to_be_read_breaks_a_rule_of_its_own() {
    let policy = Output { tools_declared: true, ..with_schema(r#"{"type": "array"}"#) };
    let asked = Asked { tools: vec![tool("f", None)], ..Asked::default() };
    let long = format!("[\"{}\"]", "a".repeat(1 << 20));
    let many = format!("[{}0]", "0,".repeat(100_000));
    let deep = format!("{}{}", "[".repeat(101), "]".repeat(101));
    for said in [long, many, deep] {
        for content in [text(&said), call("f", &said)] {
            let pointer = if content.choices[0].calls.is_empty() { "" } else { "/calls/0/arguments" };
            assert_eq!(found(&policy, &asked, &content), [(Rule::Size, pointer.to_owned())]);
            assert_eq!(repaired(&policy, &asked, &content), None);
        }
        assert_eq!(Live::default().look(&rules(&policy), &asked, &text(&said)), None);
    }
}

#[test]
fn a_schema_that_can_not_be_honoured_is_refused_with_its_place() {
    let refused = |schema| Rules::new(&Output { schema: Some(schema), ..output() }).unwrap_err();
    let told = refused(Document::Inline(r#"{"properties": {"a": {"type": "text"}}}"#.to_owned()));
    assert!(told.contains("/properties/a/type"), "{told}");
    assert!(refused(Document::File("a.json".to_owned())).contains("a.json"));
}

#[test]
fn what_is_nearly_json_is_repaired_in_texts_and_calls() {
    let policy = Output { tools_declared: true, ..with_schema(PERSON) };
    let asked = Asked { tools: vec![tool("find", None)], ..Asked::default() };
    let fenced = text("Here:\n```json\n{\"name\": \"Ada\", \"age\": \"36\"}\n```");
    let (content, changes) = repaired(&policy, &asked, &fenced).unwrap();
    assert_eq!(content.choices[0].text, r#"{"name":"Ada","age":36}"#);
    assert_eq!(changes, "stripped coerced");
    let (content, changes) = repaired(&policy, &asked, &call("find", "{'city': 'Bonn',}")).unwrap();
    assert_eq!(content.choices[0].calls[0].arguments, r#"{"city":"Bonn"}"#);
    assert_eq!(changes, "commas quotes");
}

#[test]
fn what_is_repaired_keeps_all_rules_or_is_none() {
    let asked = Asked { json: true, schema: schema(r#"{"required": ["b"]}"#), ..Asked::default() };
    let both = Output { schema_from_request: true, ..with_schema(r#"{"required": ["a"]}"#) };
    assert_eq!(repaired(&both, &asked, &text("{'a': 1}")), None);
    let (content, _) = repaired(&both, &asked, &text("{'a': 1, 'b': 2}")).unwrap();
    assert_eq!(content.choices[0].text, r#"{"a":1,"b":2}"#);
    let short = Output { most_characters: Some(5), ..with_schema("true") };
    assert_eq!(repaired(&short, &Asked::default(), &text("{'a': 1}")), None);
    // Nothing to repair: the schema isn't what is broken.
    assert_eq!(repaired(&short, &Asked::default(), &text("\"abcdef\"")), None);
    // Any JSON, where the request asks for that.
    let any = Output { schema_from_request: true, ..output() };
    let asked = Asked { json: true, ..Asked::default() };
    assert_eq!(
        repaired(&any, &asked, &text("It is {\"a\": 1}, see [2].")).unwrap().0.choices[0].text,
        r#"{"a":1}"#
    );
    assert_eq!(repaired(&any, &asked, &text("no JSON")), None);
}

#[test]
fn hostile_schemas_of_requests_stay_within_the_budget_of_all_choices() {
    let many: Vec<_> = (0..40)
        .map(|at| {
            format!(
                r##""d{at}": {{"anyOf": [{{"$ref": "#/$defs/d{0}"}}, {{"$ref": "#/$defs/d{0}"}}]}}"##,
                at + 1
            )
        })
        .collect();
    let slow = schema(&format!(
        r##"{{"$ref": "#/$defs/d0", "$defs": {{{}, "d40": {{"type": "null"}}}}}}"##,
        many.join(",")
    ));
    let asked = Asked { schema: slow, ..Asked::default() };
    let choice = Choice { text: "{}".to_owned(), ..Choice::default() };
    let content = Content { choices: vec![choice; 500] };
    let policy = Output { schema_from_request: true, ..output() };
    assert_eq!(found(&policy, &asked, &content).len(), 16);
}

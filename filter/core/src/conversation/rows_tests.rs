use proptest::prelude::*;

use super::*;
use crate::body;

fn found(body: &str, most: u32) -> Option<Row> {
    let facts = body::read(body.as_bytes()).unwrap();
    row(&facts, body.as_bytes(), most)
}

fn times(body: &str) -> u32 {
    found(body, 20).map_or(0, |row| row.times)
}

/// A conversation of calls in a dialect: the user asks, and each call is answered; with the last of the results, where there are
/// fewer.
type Dialect = fn(calls: &[(&str, &str)], results: &[&str]) -> String;

const DIALECTS: [(&str, Dialect); 6] = [
    ("chat", chat),
    ("old chat", old_chat),
    ("responses", responses),
    ("anthropic", anthropic),
    ("gemini", gemini),
    ("bedrock", bedrock),
];

fn list(first: &str, turns: impl Iterator<Item = String>) -> String {
    [first.to_owned()].into_iter().chain(turns).collect::<Vec<_>>().join(",")
}

fn text(json: &str) -> String {
    serde_json::to_string(json).unwrap()
}

fn result<'a>(results: &[&'a str], n: usize) -> &'a str {
    results.get(n).or(results.last()).copied().unwrap_or("nothing")
}

fn chat(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"role":"assistant","content":null,"tool_calls":[{{"id":"c{n}","type":"function","function":{{"name":"{tool}","arguments":{}}}}}]}},
               {{"role":"tool","tool_call_id":"c{n}","content":{}}}"#,
            text(arguments),
            text(result(results, n))
        )
    });
    format!(r#"{{"model":"m","messages":[{}]}}"#, list(r#"{"role":"user","content":"do it"}"#, turns))
}

fn old_chat(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"role":"assistant","content":null,"function_call":{{"name":"{tool}","arguments":{}}}}},
               {{"role":"function","name":"{tool}","content":{}}}"#,
            text(arguments),
            text(result(results, n))
        )
    });
    format!(r#"{{"messages":[{}]}}"#, list(r#"{"role":"user","content":"do it"}"#, turns))
}

fn responses(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"type":"reasoning","summary":[]}},
               {{"type":"function_call","call_id":"c{n}","name":"{tool}","arguments":{}}},
               {{"type":"function_call_output","call_id":"c{n}","output":{}}}"#,
            text(arguments),
            text(result(results, n))
        )
    });
    format!(
        r#"{{"model":"m","input":[{}]}}"#,
        list(r#"{"role":"user","content":[{"type":"input_text","text":"do it"}]}"#, turns)
    )
}

fn anthropic(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"role":"assistant","content":[{{"type":"text","text":"let me see"}},{{"type":"tool_use","id":"c{n}","name":"{tool}","input":{arguments}}}]}},
               {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c{n}","content":{}}},{{"type":"text","text":"a reminder"}}]}}"#,
            text(result(results, n))
        )
    });
    format!(
        r#"{{"model":"m","messages":[{}]}}"#,
        list(r#"{"role":"user","content":[{"type":"text","text":"do it"}]}"#, turns)
    )
}

fn gemini(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"role":"model","parts":[{{"functionCall":{{"name":"{tool}","args":{arguments}}}}}]}},
               {{"role":"user","parts":[{{"functionResponse":{{"name":"{tool}","response":{{"it":{}}}}}}}]}}"#,
            text(result(results, n))
        )
    });
    format!(r#"{{"contents":[{}]}}"#, list(r#"{"role":"user","parts":[{"text":"do it"}]}"#, turns))
}

fn bedrock(calls: &[(&str, &str)], results: &[&str]) -> String {
    let turns = calls.iter().enumerate().map(|(n, (tool, arguments))| {
        format!(
            r#"{{"role":"assistant","content":[{{"toolUse":{{"toolUseId":"c{n}","name":"{tool}","input":{arguments}}}}}]}},
               {{"role":"user","content":[{{"toolResult":{{"toolUseId":"c{n}","content":[{{"text":{}}}]}}}}]}}"#,
            text(result(results, n))
        )
    });
    format!(r#"{{"messages":[{}]}}"#, list(r#"{"role":"user","content":[{"text":"do it"}]}"#, turns))
}

const A: (&str, &str) = ("search", r#"{"query":"cats","page":1}"#);
const SAME_AS_A: (&str, &str) = ("search", r#"{ "page": 1.0, "query": "\u0063ats" }"#);
const B: (&str, &str) = ("open", "{}");
const C: (&str, &str) = ("search", r#"{"query":"cats","page":2}"#);

#[test]
fn rows_are_found_in_every_dialect() {
    let table: [(&[(&str, &str)], u32); 9] = [
        (&[], 0),
        (&[A], 1),
        (&[A, SAME_AS_A, A], 3),
        (&[B, B, A, SAME_AS_A], 2),
        (&[A, C, ("open", A.1)], 1),
        (&[A, B, SAME_AS_A, B, A, B], 3),
        (&[B, A, B, A], 2),
        (&[A, B, C, A, B, C], 2),
        (&[A, A, A, C], 1),
    ];
    for (name, dialect) in DIALECTS {
        for (calls, expected) in table {
            assert_eq!(times(&dialect(calls, &[])), expected, "{name}: {calls:?}");
        }
    }
}

#[test]
fn a_call_with_another_result_than_before_goes_round_in_no_circle() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], u32);
    let table: [Row<'_>; 8] = [
        (&[A, A, A], &["queued", "running", "done"], 1),
        (&[A, A, A, A], &["10%", "20%", "30%", "30%"], 2),
        (&[A, A, A, A], &["10%", "error", "error", "error"], 3),
        (&[A, B, A, B], &["queued", "slept", "running", "slept"], 1),
        (&[A, B, A, B, A, B], &["queued", "slept", "running", "slept", "running", "slept"], 2),
        (&[A, B, A, B, A, B], &["no", "ok", "no", "ok", "no", "ok"], 3),
        (&[B, A, B, A], &["x", "no", "y", "no"], 1),
        (&[A, SAME_AS_A], &["", ""], 2),
    ];
    for (name, dialect) in DIALECTS {
        for (calls, results, expected) in table {
            assert_eq!(times(&dialect(calls, results)), expected, "{name}: {results:?}");
        }
    }
    let same = [r#"{"n":1,"of":2}"#, r#"{ "of": 2.0, "n": 1 }"#];
    assert_eq!(times(&chat(&[A, A], &same)), 2, "however it is written");
}

#[test]
fn calls_made_at_once_have_no_order_and_the_same_one_counts_once() {
    let call = |tool: &str| format!(r#"{{"function":{{"name":"{tool}","arguments":"{{}}"}}}}"#);
    let turn = |tools: &[&str]| {
        let calls: Vec<_> = tools.iter().map(|tool| call(tool)).collect();
        format!(r#"{{"role":"assistant","tool_calls":[{}]}}"#, calls.join(","))
    };
    let many = vec!["a"; 1_000];
    let table: [(&[&[&str]], u32); 7] = [
        (&[&["a", "b", "c"], &["a", "b", "c"], &["a", "b", "c"]], 3),
        (&[&["a", "b", "c"], &["c", "a", "b"], &["b", "c", "a"]], 3),
        (&[&["a", "a", "a", "a"]], 1),
        (&[&["a", "b", "a"], &["b", "a", "a"]], 2),
        (&[&["a", "a"], &["a"], &["a", "a", "a"]], 3),
        (&[&["a", "b"], &["a", "c"]], 1),
        (&[&many, &many, &many], 3),
    ];
    for (turns, expected) in table {
        let messages: Vec<_> = turns.iter().map(|tools| turn(tools)).collect();
        assert_eq!(times(&format!(r#"{{"messages":[{}]}}"#, messages.join(","))), expected, "{turns:?}");
    }
    let custom = r#"{"custom":{"name":"sql","input":"select 1"}}"#;
    assert_eq!(times(&format!(r#"{{"messages":[{{"tool_calls":[{custom},{custom}]}}]}}"#)), 1);
}

#[test]
fn items_with_no_result_between_them_are_calls_made_at_once() {
    let call =
        |id: &str| format!(r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":"{{}}"}}"#);
    let result = |id: &str, said: &str| {
        format!(r#"{{"type":"function_call_output","call_id":"{id}","output":"{said}"}}"#)
    };
    let twice = |said: [&str; 4]| {
        let [a, b, c, d] = said;
        let items = [call("a"), call("b"), result("a", a), result("b", b)];
        let again = [call("c"), call("d"), result("d", d), result("c", c)];
        times(&format!(r#"{{"input":[{},{}]}}"#, items.join(","), again.join(",")))
    };
    assert_eq!(twice(["x", "x", "x", "x"]), 2);
    assert_eq!(twice(["x", "x", "y", "y"]), 1);
}

#[test]
fn results_without_names_belong_to_the_calls_in_their_order() {
    let turn = |first: &str, second: &str| {
        let call = |page: u32| format!(r#"{{"functionCall":{{"name":"get","args":{{"page":{page}}}}}}}"#);
        let result =
            |said: &str| format!(r#"{{"functionResponse":{{"name":"get","response":{{"it":"{said}"}}}}}}"#);
        let (calls, results) = ([call(1), call(2)].join(","), [result(first), result(second)].join(","));
        format!(r#"{{"role":"model","parts":[{calls}]}},{{"role":"user","parts":[{results}]}}"#)
    };
    let of = |turns: [String; 2]| times(&format!(r#"{{"contents":[{}]}}"#, turns.join(",")));
    assert_eq!(of([turn("a", "b"), turn("a", "b")]), 2);
    assert_eq!(of([turn("a", "b"), turn("b", "a")]), 1);
}

#[test]
fn a_result_that_is_not_sent_along_is_no_other_one() {
    let call = |id: &str| {
        format!(
            r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"{id}","name":"f","input":{{}}}}]}}"#
        )
    };
    let result = r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"x"}]}"#;
    assert_eq!(times(&format!(r#"{{"messages":[{},{},{result},{}]}}"#, call("a"), call("b"), call("c"))), 3);
}

#[test]
fn a_row_ends_when_the_user_speaks() {
    for (name, dialect) in DIALECTS {
        let body = dialect(&[A, A, A, A], &[]);
        let (before, after) = body.rsplit_once(']').unwrap();
        let role = r#""role":"user""#;
        let said = [r#","content":"go on""#, r#","parts":[{"text":"go on"}]"#][usize::from(name == "gemini")];
        let spoken = [before, ",{", role, said, "}]", after].concat();
        assert_eq!((times(&body), times(&spoken)), (4, 0), "{name}");
    }
}

#[test]
fn what_no_dialect_knows_is_no_call() {
    for odd in [
        r#"{"messages":3}"#,
        r#"{"messages":["x",null,{"role":"user"},{"tool_calls":{}},{"tool_calls":[3,{"function":[]}]}]}"#,
        r#"{"input":"just text"}"#,
        r#"{"contents":[{"parts":[{"functionCall":"no"}]}]}"#,
        r#"{"messages":[{"function_call":"auto"}]}"#,
    ] {
        assert_eq!(times(odd), 0, "{odd}");
    }
}

#[test]
fn the_agent_is_told_to_stop_and_which_tools_it_has_called() {
    let said = |calls: &[(&str, &str)], most| found(&chat(calls, &[]), most).unwrap().message(most);
    assert_eq!(
        said(&[A, A, A], 2),
        "stop: the tool `search` has been called with the same arguments 3 times in a row, and 2 is the most; \
         answer with what is known, or do something else"
    );
    assert_eq!(
        said(&[A, B, A, B], 1),
        "stop: the tools `search`, `open` have been called in turns with the same arguments 2 times in a row, and 1 is \
         the most; answer with what is known, or do something else"
    );
    let long = "x".repeat(100_000);
    let four = [A, B, C, (&*long, "{}"), A, B, C, (&*long, "{}")];
    assert!(said(&four, 1).contains("`search`, `open`, `search` and others"));
    let tool = said(&[(&*long, "{}"), (&*long, "{}")], 1);
    assert!(tool.contains(&["`", &"x".repeat(64), "`"].concat()) && tool.len() < 300);
}

fn spelled() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            r#"{"path":"a","depth":10,"tags":["x",null]}"#,
            r#"{"depth":1e1,"tags":["x",null],"path":"a"}"#,
            r#"{ "tags" : [ "\u0078", null ],"path":"\u0061", "depth":10.00 }"#,
            "{\n  \"tags\": [\n    \"x\",\n    null\n  ],\n  \"depth\": 100e-1,\n  \"path\": \"a\"\n}",
        ][..],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Some calls, none like another, then a row however each of its calls is spelled.
    #[test]
    fn a_row_is_found_whatever_comes_before_it_and_however_it_is_spelled(
        before in 0..40_usize,
        length in 1..=LONGEST,
        spelled in prop::collection::vec(spelled(), 1..=10),
        dialect in 0..DIALECTS.len(),
    ) {
        let names: Vec<String> = (0..before + length).map(|n| format!("tool-{n}")).collect();
        let row = spelled.iter().flat_map(|arguments| {
            names.iter().skip(before).map(move |name| (name.as_str(), *arguments))
        });
        let calls: Vec<_> = names.iter().take(before).map(|name| (name.as_str(), "{}")).chain(row).collect();
        let body = DIALECTS[dialect].1(&calls, &[]);
        let found = found(&body, spelled.len() as u32 - 1).unwrap();
        prop_assert_eq!((found.times as usize, found.length), (spelled.len(), if spelled.len() == 1 { 1 } else { length }));
        prop_assert!(super::row(&body::read(body.as_bytes()).unwrap(), body.as_bytes(), 1).unwrap().times as usize <= spelled.len());
    }

    /// What is asked again and again until something comes of it, and then once too often.
    #[test]
    fn a_row_begins_with_the_last_result_that_was_new(
        new in 1..20_usize,
        same in 1..=9_usize,
        length in 1..=3_usize,
        dialect in 0..DIALECTS.len(),
    ) {
        let names: Vec<String> = (0..length).map(|n| format!("tool-{n}")).collect();
        let calls: Vec<_> = (0..new + same).flat_map(|_| names.iter().map(|name| (name.as_str(), "{}"))).collect();
        let results: Vec<String> = (0..new + same).flat_map(|turn| (0..length).map(move |_| turn.min(new).to_string())).collect();
        let results: Vec<_> = results.iter().map(String::as_str).collect();
        prop_assert_eq!(times(&DIALECTS[dialect].1(&calls, &results)) as usize, same);
    }

    #[test]
    fn calls_that_differ_are_no_row(pages in prop::collection::vec(0..1_000_u32, 0..30), dialect in 0..DIALECTS.len()) {
        let arguments: Vec<String> = pages.iter().enumerate().map(|(n, page)| format!(r#"{{"page":{page},"n":{n}}}"#)).collect();
        let calls: Vec<_> = arguments.iter().map(|arguments| ("search", arguments.as_str())).collect();
        prop_assert_eq!(times(&DIALECTS[dialect].1(&calls, &[])), u32::from(!calls.is_empty()));
    }
}

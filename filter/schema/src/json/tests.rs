use super::*;

const LIMITS: Limits = Limits { bytes: 10_000, depth: 20, nodes: 500 };

fn read(text: &str) -> Result<Document<'_>, Unreadable> {
    Document::read(text, LIMITS)
}

#[test]
fn what_serde_reads_is_read_and_nothing_else() {
    let cases = [
        "null",
        " [1, 2.5e-3 , -0]\n",
        "{}",
        "[]",
        r#"{"a":{"b":[true,false,{}]},"c":"d"}"#,
        "[1,]",
        "{\"a\":1,}",
        "01",
        "1.",
        ".5",
        "-",
        "1e",
        "nul",
        "tru e",
        "\"\u{1}\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\ud83c\udf0a""#,
        "[",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "\"a",
        "",
        " ",
        "1 2",
        "{1:2}",
        "[1 2]",
        "{\"a\" 1}",
        "'a'",
        "]",
        "[}",
        "NaN",
        "+1",
    ];
    for text in cases {
        assert_eq!(read(text).is_ok(), serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
    }
}

#[test]
fn a_text_that_breaks_off_is_told_from_one_that_is_wrong() {
    let text = r#"{"a":[1,-2.5e+10,"x\n\ud83c\udf0a",true,null,{"b":false}]}"#;
    for end in 0..text.len() {
        let part = text.get(..end).unwrap();
        assert_eq!(read(part).unwrap_err(), Unreadable::Truncated, "{part}");
    }
    assert_eq!(read("[1,2}").unwrap_err(), Unreadable::Malformed { at: 4 });
    assert_eq!(read(r#""\ud83c x""#).unwrap_err(), Unreadable::LoneSurrogate { at: 1 });
}

#[test]
fn names_are_unique() {
    assert_eq!(read(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap_err(), Unreadable::NameTwice { at: 24 });
    let many: String = (0..20).map(|at| format!("\"n{at}\":{at},")).collect();
    assert!(read(&format!("{{{many}\"m\":0}}")).is_ok());
    assert!(matches!(read(&format!("{{{many}\"n7\":0}}")), Err(Unreadable::NameTwice { .. })));
}

#[test]
fn depth_nodes_and_bytes_are_bounded() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(20)).is_ok());
    assert_eq!(read(&nested(21)).unwrap_err(), Unreadable::TooLarge);
    assert_eq!(read(&format!("[{}0]", "0,".repeat(499))).unwrap_err(), Unreadable::TooLarge);
    assert_eq!(read(&" ".repeat(10_001)).unwrap_err(), Unreadable::TooLarge);
}

#[test]
fn every_node_has_its_pointer() {
    let document = read(r#"{"a/b":[0,{"c~d":1}],"":"x"}"#).unwrap();
    let pointers: Vec<String> =
        (0..document.nodes.len() as u32).map(|at| pointer_to(&document, at)).collect();
    assert_eq!(
        pointers,
        ["", "/a~1b", "/a~1b", "/a~1b/0", "/a~1b/1", "/a~1b/1/c~0d", "/a~1b/1/c~0d", "/", "/"]
    );
}

#[test]
fn equal_values_are_equal_and_have_the_same_hash() {
    let mut budget = crate::regex::Budget(100_000);
    let many = |from: usize| -> String {
        let members: Vec<_> =
            (0..12).map(|at| format!("\"k{}\":{}", (at + from) % 12, (at + from) % 12)).collect();
        format!("{{{}}}", members.join(","))
    };
    let cases = [
        ("1", "1.0", true),
        ("1", "true", false),
        ("[1,2]", "[2,1]", false),
        (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
        (r#""\u0061""#, r#""a""#, true),
        ("{}", "[]", false),
        ("0", "false", false),
        (&many(0), &many(5), true),
        ("[[]]", "[[],[]]", false),
    ];
    for (a, b, expected) in cases {
        let (first, second) = (read(a).unwrap(), read(b).unwrap());
        let (first, second) = (first.root().unwrap(), second.root().unwrap());
        assert_eq!(equal(first, second, &mut budget), Ok(expected), "{a} and {b}");
        assert_eq!(hash(first, &mut budget) == hash(second, &mut budget), expected, "{a} and {b}");
    }
}

#[test]
fn names_and_texts_are_told_apart_at_any_depth() {
    let read = |text| Document::read(text, Limits { bytes: 1_000, depth: 10, nodes: 100 }).unwrap();
    let document =
        read(r#"{"a": "1", "b": [["2", {"c": {}, "d": "\u0033"}], 7, "4"], "e": {"f": null}, "g": "5"}"#);
    assert_eq!(document.texts().collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    assert_eq!(document.outer_names().map(|(_, name)| name).collect::<Vec<_>>(), ["a", "b", "e", "g"]);
    let document = read(r#"[{"a": "1"}, "2", {"b": {"c": 0}}]"#);
    assert_eq!(document.texts().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(document.outer_names().collect::<Vec<_>>(), [(Some(0), "a"), (Some(2), "b")]);
    assert_eq!(read("\"alone\"").texts().collect::<Vec<_>>(), ["alone"]);
}

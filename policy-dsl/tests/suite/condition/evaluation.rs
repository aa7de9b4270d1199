//! What conditions mean for the request of [`support::request`].

use seawall_policy::condition::{FUNCTIONS, NAMES, Stage, TextName};

use super::support::{self, read, request, valid};

#[test]
fn conditions_hold_as_cel_says() {
    for (source, holds) in [
        (r#"model == "gpt-4o""#, true),
        (r"model != 'gpt-4o'", false),
        (r#""gpt-4o" == model"#, true),
        (r#"model < "gpt-4p" && "gpt-4" < model"#, true),
        (r#"model >= "gpt-5""#, false),
        (r#"model.startsWith("gpt-4") && model.endsWith("4o") && model.contains("t-4")"#, true),
        (r#"model.contains("")"#, true),
        (r#"model.contains("gpt-4o-mini")"#, false),
        (r#"model in ["a", "gpt-4o"]"#, true),
        (r#"!(model in ["a", "b"])"#, true),
        ("model in []", false),
        ("turns in [1, 2, 3,]", true),
        ("turns in []", false),
        ("stream", true),
        ("!stream || turns > 3", false),
        ("stream == (turns == 3)", true),
        ("stream != (turns == 3)", false),
        ("stream ? turns == 3 : turns == 4", true),
        ("(stream ? 1 : 2) == 1", true),
        (r#"(stream ? model : path).startsWith("gpt")"#, true),
        ("turns + 1 == 4 && turns - 4 == -1 && turns * 2 == 6 && turns / 2 == 1 && turns % 2 == 1", true),
        ("-turns / 2 == -1 && -turns % 2 == -1 && -turns == 0 - 3", true),
        ("2 + 3 * 4 == 14 && (2 + 3) * 4 == 20 && 7 - 2 - 1 == 4 && 0x1F == 31", true),
        ("hour >= 9 && hour < 17", true),
        (r#"headers["x-team"] == "blue""#, true),
        (r#""x-team" in headers && !("x-none" in headers)"#, true),
        (r#"headers["x-none"] == """#, true),
        (r#""x-empty" in headers && headers["x-empty"] == """#, true),
        (r#""search" in tools && !("mail" in tools)"#, true),
        ("size(tools) == 2 && tools.size() == 2", true),
        (r#"size(model) == 6 && model.size() == 6 && size("äö€") == 3"#, true),
        (r#"method == "POST" && path == "/v1/chat/completions""#, true),
        ("true || false && false", true),
        ("!(true && false) && !!true", true),
        // A comment, and layout of any kind.
        ("turns\t>\n2 // three", true),
    ] {
        assert_eq!(valid(source).holds(&request()), holds, "{source}");
    }
}

#[test]
fn strings_are_written_as_in_cel() {
    for (written, text) in [
        (r#""a\"b""#, "a\"b"),
        (r#"'a"b'"#, "a\"b"),
        (r"r'\d'", r"\d"),
        (r#"R"\""#, r"\"),
        (r#""""a"b""""#, "a\"b"),
        (r"'''it's'''", "it's"),
        (r"'\n\t\r\\\'\`\?'", "\n\t\r\\'`?"),
        (r"'\a\b\f\v'", "\u{7}\u{8}\u{c}\u{b}"),
        (r"'\x41\u00e4\U0001F30A\101'", "Aä🌊A"),
        ("''", ""),
        ("'''a\nb'''", "a\nb"),
    ] {
        let mut request = request();
        request.texts[0] = text.to_string();
        assert!(valid(&format!("model == {written}")).holds(&request), "{written}");
    }
    for wrong in [r"'\d'", r"'\xg0'", r"'\ud800'", r"'\U00110000'", r"'\400'", r"'\u12'", r"'a", r"'''a'"] {
        assert!(read(&format!("model == {wrong}")).0.is_none(), "{wrong}");
    }
}

#[test]
fn arithmetic_ends_at_64_bits() {
    let mut request = request();
    for (turns, source) in [
        (i64::MAX, "turns + 1 == 9223372036854775807"),
        (i64::MAX, "-turns - 9 == -9223372036854775808"),
        (i64::MAX, "turns * -2 == -0x8000000000000000"),
        (i64::MAX, "(-turns - 1) / -1 == 9223372036854775807"),
        (i64::MAX, "(-turns - 1) % -1 == 0"),
    ] {
        request.numbers[2] = turns;
        assert!(valid(source).holds(&request), "{source}");
    }
}

#[test]
fn layout_makes_no_difference_and_meaning_does() {
    let same = [
        r#"model == "a" && turns < 3"#,
        r#"(("a"==model))&&3>turns"#,
        r#"model in ['a'] && !(turns >= 3)"#,
        r#"!(model != "a" || turns >= 3)"#,
        r#"model == "a" && turns < 3 && model == "a""#,
        r#"(model == "a") == true && (turns < 1 + 2 && true)"#,
    ];
    let first = valid(same[0]);
    for source in same {
        assert_eq!(valid(source), first, "{source}");
        assert_eq!(valid(source).text(), r#"model == "a" && turns < 3"#, "{source}");
    }
    assert_eq!(valid(r#"model in ["b", "a", "b"]"#), valid(r#"model in ["a", "b"]"#));
    assert_ne!(first, valid(r#"model == "a" && turns < 4"#));
    assert_ne!(first, valid(r#"model == "a" || turns < 3"#));
}

#[test]
fn a_condition_tells_what_it_needs() {
    for (source, body) in [
        (r#"path == "/" && method == "GET" && hour > 3 && headers["x-a"] == "b""#, false),
        ("stream", true),
        ("size(tools) > 0", true),
        (r#"hour > 3 && (headers["x-a"] == "b" || model == "m")"#, true),
        ("(turns > 3 ? 1 : 2) > hour", true),
        // What can't change the result isn't needed.
        ("hour > 3 && (true || stream)", false),
    ] {
        assert_eq!(valid(source).needs_body(), body, "{source}");
    }
    let condition = valid(r#"headers["x-a"] == "b" || "x-b" in headers && headers["x-a"] != """#);
    assert_eq!(condition.headers(), ["x-a", "x-b"]);
    let mut found = Vec::new();
    let source = r#"route a { when `true || tier == "free" && tokens . input > 3` }"#;
    let inside = r#"true || tier == "free" && tokens . input > 3"#;
    let offset = u32::try_from(source.find(inside).unwrap()).unwrap();
    let condition =
        seawall_policy::condition::compile(inside, offset, &mut |finding| found.push(finding)).unwrap();
    let uses: Vec<_> = condition.uses().iter().map(|used| (used.name.name, used.span.text(source))).collect();
    assert_eq!(uses, [("tier", "tier"), ("tokens.input", "tokens . input")]);
    assert!(condition.uses().iter().all(|used| used.name.supported));
    assert!(!valid(r#"prompt_version == "2""#).uses()[0].name.supported);
    assert_eq!(condition.constant(), Some(true));
    assert_eq!(found[0].span.text(source), inside);
}

#[test]
fn one_condition_may_imply_another() {
    let implies = |a: &str, b: &str| valid(a).implies(&valid(b));
    assert!(implies("turns > 5", "turns > 3"));
    assert!(!implies("turns > 3", "turns > 5"));
    assert!(implies(r#"model == "gpt-4o" && stream"#, r#"model.startsWith("gpt-4")"#));
    assert!(implies(r#"model in ["a", "b"]"#, r#"model in ["c", "b", "a"]"#));
    assert!(implies(r#"headers["x-a"] == "b""#, r#""x-a" in headers"#));
    assert!(implies("true", "hour <= 23"));
    assert!(!implies("true", "stream"));
    assert!(valid("turns > 5").excludes(&valid("turns < 4")));
    assert!(!valid("turns > 5").excludes(&valid("turns < 8")));
}

#[test]
fn outcomes_are_told_in_words() {
    let condition = valid(
        r#"model.startsWith("gpt-5") || turns + 1 > 3 && !("x-none" in headers || headers["x-none"] == "a") && stream"#,
    );
    let told: Vec<_> =
        condition.explain(&request()).into_iter().map(|part| (part.test, part.holds, part.because)).collect();
    let expected = [
        (r#"model.startsWith("gpt-5")"#, false, r#"`model` is `"gpt-4o"`"#),
        ("turns + 1 > 3", true, "`turns` is `3`, `turns + 1` is `4`"),
        (r#"!("x-none" in headers)"#, true, ""),
        (r#"headers["x-none"] != "a""#, true, "there is no header `x-none`"),
        ("stream", true, ""),
    ];
    assert_eq!(told, expected.map(|(test, holds, because)| (test.to_string(), holds, because.to_string())));
}

#[test]
fn the_tables_are_of_use() {
    for name in NAMES {
        assert!(!name.doc.is_empty() && !name.doc.ends_with('.'), "{}", name.name);
    }
    assert!(NAMES.iter().any(|name| name.stage == Stage::Head));
    for function in FUNCTIONS {
        assert!(function.usage.contains(function.name), "{}", function.name);
    }
    assert_eq!(support::request().texts[TextName::Model as usize], "gpt-4o");
}

#[test]
fn conditions_are_bounded() {
    let codes = |source: &str| read(source).1.iter().map(|found| found.code.id()).collect::<Vec<_>>();
    assert_eq!(codes(&format!("stream{}", " ".repeat(5000))), ["SW0704"]);
    for deep in [
        format!("{}stream{}", "(".repeat(40), ")".repeat(40)),
        format!("{}stream", "!".repeat(40)),
        format!("{}turns > 3", "-".repeat(40)),
        format!("turns{} > 3", " + 1".repeat(40)),
        format!("model{} > 3", ".a".repeat(40)),
        format!("{}stream", "stream ? stream : ".repeat(40)),
        format!("model in {}", "[".repeat(40)),
        "(".repeat(4000),
        "!".repeat(4000),
        "-".repeat(4000),
        "not ".repeat(1000),
        "size(".repeat(800),
    ] {
        assert_eq!(codes(&deep), ["SW0704"], "{deep}");
    }
    // As long as it likes, if it isn't deep.
    let long: Vec<_> = (0..150).map(|n| format!("model == \"m{n}\"")).collect();
    assert!(codes(&long.join(" || ")).is_empty());
    let parens = format!("{}stream{}", "(".repeat(31), ")".repeat(31));
    assert!(codes(&parens).is_empty());
}

//! The formatter: one layout, and never another policy.

use std::fs;

use proptest::prelude::*;
use seawall_policy::{Checked, Code, MAX_SOURCE_BYTES, Scope, Unformatted, check_as, format};

use super::{bless, generate};

/// Formats, and holds the result to what every result must be.
#[track_caller]
fn formatted(source: &str) -> String {
    let text = format(source).unwrap_or_else(|error| panic!("{error:?}\n{source}"));
    assert_eq!(format(&text).as_deref(), Ok(&text[..]), "the first result:\n{text}");
    assert!(text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains('\r'), "{text}");
    assert!(!text.starts_with('\u{feff}'), "{text}");
    // A text written in place keeps its spaces and blank lines.
    if !text.contains("<<") {
        assert!(!text.contains("\n\n\n") && !text.contains(" \n") && !text.contains("{\n\n"), "{text}");
    }
    text
}

/// The comments of a generated policy: each begins with its number.
fn numbered(text: &str) -> Vec<&str> {
    let behind = text.match_indices("// ").map(|(at, mark)| &text[at + mark.len()..]);
    let comments = behind.filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    comments.map(|text| text.lines().next().unwrap().trim_end()).collect()
}

#[test]
fn the_corpus_is_formatted_as_recorded() {
    let mut count = 0;
    for entry in fs::read_dir(bless::path("tests/fmt")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "seawall") {
            continue;
        }
        count += 1;
        let source = fs::read_to_string(&path).unwrap();
        bless::same(&path.with_extension("formatted"), &formatted(&source));
    }
    assert!(count >= 9, "the corpus has gone missing");
}

#[test]
fn policies_of_this_repository_are_formatted() {
    let mut policies =
        vec![("envoy/demo.seawall", fs::read_to_string(bless::path("../envoy/demo.seawall")).unwrap())];
    for name in ["README.md", "policy-dsl/README.md"] {
        let readme = fs::read_to_string(bless::path("..").join(name)).unwrap();
        let examples = readme.split("```seawall\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        policies.extend(examples.map(|example| (name, example.to_string())));
    }
    assert!(policies.len() >= 4);
    for (name, policy) in policies {
        let text = formatted(&policy);
        assert_eq!(policy, text, "{name} isn't formatted; this is:\n{text}");
    }
}

/// Not in the corpus, as an editor or version control might tidy it up.
#[test]
fn line_ends_of_windows_and_the_byte_order_mark_go() {
    let source = "\u{feff}seawall 1 // é\r\ntarget a {\tcluster \"a\" // tab\tinside \r\n\r\n\r\n  model \"ä\" }\r\n\r\n                  test \"b\" { request { body <<X\r\n\r\n {\r\n  }\r\nX\r\n } }";
    let text = [
        "seawall 1  // é",
        "target a {",
        "  cluster  \"a\"  // tab\tinside",
        "",
        "  model  \"ä\"",
        "}",
        "",
        "test \"b\" {",
        "  request {",
        "    body  <<X",
        "",
        "      {",
        "       }",
        "    X",
        "  }",
        "}",
        "",
    ];
    let text = text.join("\n");
    assert_eq!(formatted(source), text);
}

#[test]
fn what_cannot_be_read_is_refused_with_all_its_errors() {
    let refused = |source: &str| match format(source) {
        Err(Unformatted::Invalid(found)) => found.iter().map(|found| found.code).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(""), [Code::EmptyPolicy]);
    assert_eq!(refused("// only a comment"), [Code::EmptyPolicy]);
    assert_eq!(refused("seawall 2\nroute default { pass }"), [Code::UnsupportedVersion]);
    assert_eq!(refused("seawall 1\nroute default { pass"), [Code::UnbalancedBrace]);
    assert_eq!(refused("route default { pass }"), [Code::MissingVersion]);
    assert_eq!(
        refused("seawall 1\ntarget a { cluster \"a\n}\nrote b { }\nroute r { @ try }"),
        [Code::Unterminated, Code::UnknownBlock, Code::StrayCharacter, Code::UnexpectedToken]
    );
    assert_eq!(refused(&"\n".repeat(MAX_SOURCE_BYTES + 1)), [Code::SourceTooLarge]);
    // An unknown statement may be several.
    assert_eq!(refused("seawall 1\nroute r { xyzzy 3 }"), [Code::UnknownStatement]);
}

#[test]
fn mistakes_beyond_syntax_do_not_stand_in_the_way() {
    for (source, text) in [
        ("seawall 1\nroute r{try nobody}", "seawall 1\nroute r { try nobody }\n"),
        ("seawall 1\nroute r{timeout 9h}", "seawall 1\nroute r { timeout 9h }\n"),
        ("seawall 1\nroute r{timeout 30;try a}", "seawall 1\nroute r { timeout 30  try a }\n"),
        ("seawall 1\nroute r{when `modle == 3`}", "seawall 1\nroute r { when `modle == 3` }\n"),
        ("seawall 1\nretry r{attempts 2;attempts 3}", "seawall 1\nretry r { attempts 2  attempts 3 }\n"),
    ] {
        assert_eq!(formatted(source), text);
    }
}

#[test]
fn a_policy_that_would_grow_beyond_the_limit_is_refused() {
    let source = "seawall 1\n".to_string() + &"route a{pass}\n".repeat((MAX_SOURCE_BYTES - 10) / 14);
    assert!(source.len() <= MAX_SOURCE_BYTES);
    let Err(Unformatted::Invalid(found)) = format(&source) else { panic!() };
    assert_eq!(found[0].code, Code::SourceTooLarge);
}

/// Not a measurement, see `limits`: a quadratic step would take minutes.
#[test]
fn large_policies_take_linear_time() {
    let fill = |piece: &str| format!("seawall 1\n{}", piece.repeat(MAX_SOURCE_BYTES / 2 / piece.len()));
    let within = |piece: &str| fill(piece).replacen("seawall 1\n", "seawall 1\nroute a {", 1) + "}";
    for source in [
        fill("// c\n"),
        fill("route a { pass }\n"),
        fill("route a {\n  pass // c\n}\n"),
        fill("route a { contract { turns <= 3 } output { deny /a/ } }  "),
        within("then a\n"),
        within("then a  "),
        within("then a // c\n"),
        within("contract { turns <= 3 }  "),
        format!("seawall 1\nroute a {{ try a{} }}", ", a".repeat(90)),
        fill("tier a { tenants \"a\", // c\n \"b\" }\n"),
        format!("seawall 1\ntest \"a\" {{ request {{ body <<A\n{}A\n}} }}", "  {\n".repeat(50_000)),
    ] {
        let shown: String = source.chars().skip(10).take(40).collect();
        let start = std::time::Instant::now();
        format(&source).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        let took = start.elapsed();
        assert!(took.as_secs() < 60, "{shown} took {took:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_policy_is_formatted_and_stays_the_same(seed in any::<u64>(), layout in any::<u64>()) {
        let policy = generate::policy(seed);
        let source = policy.laid_out(layout);
        let text = formatted(&source);
        prop_assert_eq!(numbered(&source), numbered(&text), "{}", text);
        let (before, after) = (check_as(&source, Scope::WholeLanguage), check_as(&text, Scope::WholeLanguage));
        prop_assert_eq!(&before.policy, &after.policy);
        let codes = |checked: &Checked| checked.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
        prop_assert_eq!(codes(&before), codes(&after));
        let short = |line: &str| line.chars().count() <= 120 || line.contains("//");
        prop_assert!(text.contains("<<") || text.lines().all(short), "{}", text);
    }

    #[test]
    fn layout_makes_no_difference_but_for_lines(seed in any::<u64>()) {
        // One statement a line in, one statement a line out.
        let plain = generate::policy(seed).plain();
        let text = formatted(&plain);
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        let loose = |text: &str| words(&text.replace(" / ", "/").replace("$ ", "$").replace(" .", ".").replace(" ,", ","));
        prop_assert_eq!(loose(&plain).concat(), loose(&text).concat());
    }

    #[test]
    fn any_mutation_is_formatted_or_refused(
        seed in any::<u64>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, "[a-z{}\"0-9%. \n;,ö/`<]{0,6}"), 1..4),
    ) {
        let mut source = generate::policy(seed % 16).laid_out(seed);
        for (at, length, insert) in cuts {
            let mut start = at.index(source.len());
            while !source.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(source.len());
            while !source.is_char_boundary(end) { end += 1; }
            source.replace_range(start..end, &insert);
        }
        match format(&source) {
            Ok(text) => prop_assert_eq!(format(&text), Ok(text)),
            Err(Unformatted::Invalid(found)) => prop_assert!(!found.is_empty()),
            Err(other) => prop_assert!(false, "{:?}\n{}", other, source),
        }
    }

    #[test]
    fn any_bytes_are_formatted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let source = String::from_utf8_lossy(&bytes);
        for source in [source.to_string(), format!("seawall 1\n{source}"), format!("seawall 1\nroute r {{ {source} }}")] {
            if let Ok(text) = format(&source) {
                prop_assert_eq!(format(&text), Ok(text));
            }
        }
    }
}

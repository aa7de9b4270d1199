//! `seawall bundle`.

use super::command::Place;

const SCHEMA: &str = "{\n  \"type\": \"object\"\n}\n";

/// With this in its `output` block.
fn policy(output: &str) -> String {
    format!(
        "seawall 1\r\n// Kept: file \"a.json\"\ntarget a {{ cluster \"a\"  provider openai }}\n\
         route chat {{\n  match path \"/v1/*\"\n  try a\n  output {{\n    {output}\n  }}\n}}\n"
    )
}

/// What the whole command makes of a policy beside these files.
fn bundled(output: &str, files: &[(&str, &str)]) -> String {
    let source = policy(output);
    let place = Place::new(files);
    std::fs::write(place.path("p.seawall"), source).unwrap();
    let (code, out, err) = place.seawall(&["bundle", "p.seawall"]);
    // What this version doesn't support is bundled too.
    assert!(code == 0 || err.contains("The policy is bundled"), "{err}");
    out
}

fn refused(output: &str, files: &[(&str, &str)]) -> String {
    let place = Place::new(files);
    refused_in(&place, output)
}

fn refused_in(place: &Place, output: &str) -> String {
    std::fs::write(place.path("p.seawall"), policy(output)).unwrap();
    let (code, out, err) = place.seawall(&["bundle", "p.seawall", "-o", "out.seawall"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(!place.path("out.seawall").exists(), "what can't be used is not written");
    err
}

#[test]
fn files_stand_in_the_policy_and_all_else_stays() {
    let files = [("a.json", SCHEMA), ("deep/judge.txt", "Is it polite?\nSay a number.")];
    let cases = [
        ("schema file \"a.json\"", format!("schema <<JSON\n{SCHEMA}JSON")),
        ("schema file \"a.json\"  // why", format!("schema <<JSON\n{SCHEMA}JSON\n  // why")),
        ("schema file \"a.json\" \t", format!("schema <<JSON\n{SCHEMA}JSON \t")),
        ("schema file \"./a.json\"; deny /x/", format!("schema <<JSON\n{SCHEMA}JSON\n; deny /x/")),
        (
            "judge 2% by a prompt file \"deep/judge.txt\" deny /x/",
            "judge 2% by a prompt <<TEXT\nIs it polite?\nSay a number.\nTEXT\n deny /x/".to_owned(),
        ),
    ];
    for (written, wanted) in cases {
        let text = bundled(written, &files);
        assert_eq!(text, policy("@").replace('@', &wanted), "{written}");
        // What is bundled needs no files any more.
        let place = Place::new(&[("b.seawall", &text)]);
        assert_eq!(place.seawall(&["bundle", "b.seawall"]).1, text);
    }
}

#[test]
fn the_tag_is_no_line_of_the_text() {
    let files = [("judge.txt", "TEXT\n  TEXT_2  \nTEXT_4\nTEXT 3\n")];
    let text = bundled("judge 2% by a prompt file \"judge.txt\"", &files);
    assert!(text.contains("<<TEXT_3\nTEXT\n  TEXT_2  \nTEXT_4\nTEXT 3\nTEXT_3\n"), "{text}");
}

#[test]
fn a_file_may_end_as_it_likes() {
    for (content, inlined) in [
        ("", "\n"),
        ("\n", "\n"),
        ("a", "a\n"),
        ("a\n", "a\n"),
        ("a\n\n", "a\n\n"),
        ("\u{feff}a\r\nb\r\n", "a\r\nb\r\n"),
    ] {
        let text = bundled("judge 2% by a prompt file \"judge.txt\"", &[("judge.txt", content)]);
        assert!(text.contains(&format!("<<TEXT\n{inlined}TEXT\n")), "{content:?}: {text:?}");
    }
}

#[test]
fn what_this_version_refuses_is_bundled_and_told() {
    let source = policy("schema file \"a.json\"").replace("  try a\n", "  try a\n  cache 1h\n");
    let place = Place::new(&[("a.json", SCHEMA), ("p.seawall", &source)]);
    let (code, out, err) = place.seawall(&["bundle", "p.seawall", "--output", "out.seawall"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(place.read("out.seawall").contains("<<JSON"));
    assert!(err.contains("SW0401") && err.contains("the filter of this version will refuse it"), "{err}");
    // Nothing to say of what it takes.
    let place = Place::new(&[("p.seawall", "seawall 1\nroute default { pass }\n")]);
    let (code, out, err) = place.seawall(&["bundle", "p.seawall"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "seawall 1\nroute default { pass }\n", ""));
}

#[test]
fn every_file_that_cannot_be_used_is_told_at_its_place() {
    let err = refused(
        "schema file \"gone.json\"\n    judge 2% by a prompt file \"../p.txt\"",
        &[("p.txt", "outside")],
    );
    assert!(err.contains("p.seawall:8:12") && err.contains("`gone.json` can't be read"), "{err}");
    assert!(
        err.contains("p.seawall:9:26") && err.contains("`../p.txt` leads out of the policy's directory"),
        "{err}"
    );
    assert!(err.contains("SW0602"), "{err}");
}

#[test]
fn files_that_hold_the_wrong_thing_are_refused() {
    let large = format!("\"{}\"", "x".repeat(256 << 10));
    let schema = "schema file \"a.json\"";
    for (content, told) in [
        ("{", "`a.json:1:2`: the schema can't be honoured: the JSON breaks off"),
        ("{} {}", "`a.json:1:4`: the schema can't be honoured: it isn't JSON, from byte 3 on"),
        (
            "{\n  \"items\": { \"pattern\": \"(?=a)\" }\n}",
            "`a.json:2:25`: the schema can't be honoured at `/items/pattern`: look-around",
        ),
        (large.as_str(), "`a.json` is longer than 256 KiB"),
    ] {
        let err = refused(schema, &[("a.json", content)]);
        assert!(err.contains(told), "{err}");
    }
    let place = Place::new(&[("a.json/b", "")]);
    assert!(refused_in(&place, schema).contains("`a.json` is not a file"));
    let place = Place::new(&[]);
    std::fs::write(place.path("a.json"), b"\"\xff\"").unwrap();
    assert!(refused_in(&place, schema).contains("`a.json` is not text in UTF-8"));
}

#[test]
fn a_policy_is_checked_together_with_its_files() {
    let schema = "{\n  \"type\": \"strng\"\n}";
    let place = Place::new(&[("a.json", schema), ("p.seawall", &policy("schema file \"a.json\""))]);
    let (code, out, _) = place.seawall(&["check", "p.seawall"]);
    assert_eq!(code, 1);
    assert!(out.contains("SW0314") && out.contains("p.seawall:8:12"), "{out}");
    assert!(out.contains("`a.json:2:11`: the schema can't be honoured at `/type`: must be"), "{out}");
    let place = Place::new(&[("p.seawall", &policy("schema file \"gone.json\""))]);
    let (code, out, _) = place.seawall(&["check", "p.seawall"]);
    assert!(code == 1 && out.contains("SW0602") && out.contains("`gone.json` can't be read"), "{out}");
}

#[test]
fn many_files_together_may_be_too_large() {
    let file = format!("{{ \"title\": \"{}\" }}", "x".repeat(250 << 10));
    let routes: String = (0..5)
        .map(|n| {
            format!("route r{n} {{ match path \"/{n}\"  try a  output {{ schema file \"a.json\" }} }}\n")
        })
        .collect();
    let source = format!("seawall 1\ntarget a {{ cluster \"a\"  provider openai }}\n{routes}");
    let place = Place::new(&[("a.json", &file), ("p.seawall", &source)]);
    let (code, out, err) = place.seawall(&["bundle", "p.seawall"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("p.seawall:7:") && err.contains("the policy is larger than 1 MiB"), "{err}");
}

#[cfg(unix)]
#[test]
fn no_way_leads_out_of_the_directory() {
    use std::os::unix::fs::symlink;

    let outside = Place::new(&[("secret.json", SCHEMA)]);
    let place = Place::new(&[("inside/a.json", SCHEMA)]);
    symlink(outside.path("secret.json"), place.path("link.json")).unwrap();
    symlink(outside.path(""), place.path("way")).unwrap();
    symlink("inside", place.path("below")).unwrap();
    let absolute = outside.path("secret.json");
    for path in ["link.json", "way/secret.json", "inside/../../x.json", absolute.to_str().unwrap()] {
        let err = refused_in(&place, &format!("schema file \"{path}\""));
        assert!(err.contains("leads out of the policy's directory"), "{path}: {err}");
        assert!(!err.contains("object"), "nothing of the file is shown: {err}");
    }
    // Links that stay inside are as good as files.
    std::fs::write(place.path("p.seawall"), policy("schema file \"below/a.json\"")).unwrap();
    let (code, out, err) = place.seawall(&["bundle", "p.seawall"]);
    assert!(code == 0 && out.contains(SCHEMA), "{err}");
}

#[test]
fn a_policy_with_errors_is_not_bundled() {
    let err = refused("schema fil \"a.json\"", &[("a.json", SCHEMA)]);
    assert!(err.contains("error[SW0"), "{err}");
}

#[test]
fn the_policy_itself_is_not_written_over() {
    let source = policy("schema file \"a.json\"");
    let place = Place::new(&[("a.json", SCHEMA), ("p.seawall", &source)]);
    let (code, _, err) = place.seawall(&["bundle", "p.seawall", "-o", "./p.seawall"]);
    assert_eq!(code, 2);
    assert!(err.contains("would write over p.seawall"), "{err}");
    assert_eq!(place.read("p.seawall"), source);
}

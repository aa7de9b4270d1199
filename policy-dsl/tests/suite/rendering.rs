//! What the rendered text must never do, whatever the policy holds.

use seawall_policy::{Code, check, render};

fn rendered(source: &str) -> String {
    render("p.seawall", source, &check(source).diagnostics)
}

#[test]
fn a_finding_looks_like_this() {
    let source = "seawall 1\ntarget openai_west { cluster \"c\"  provider openai }\nroute chat {\n  match path \"/v1\"\n  try openai_wst\n}\n";
    let wanted = "\
error[SW0201]: unknown target `openai_wst`
 --> p.seawall:5:7
  |
2 | target openai_west { cluster \"c\"  provider openai }
  |        ----------- this one?
...
5 |   try openai_wst
  |       ^^^^^^^^^^ not defined in this policy
  |
  = help: did you mean `openai_west`?
";
    assert_eq!(rendered(source), wanted);
}

#[test]
fn a_secret_is_never_repeated() {
    for secret in [
        "\"sk-hunter2\"",
        "sk-hunter2",
        "\"sk-hunter2",
        "hunter2 hunter2",
        "$hunter2",
        "42hunter2",
        "'hunter2'",
        "hünter2 hunter2",
    ] {
        for statement in
            ["auth bearer", "auth", "auth bearer:", "auth header \"x-api-key\"", "auth baerer", "auht bearer"]
        {
            let source = format!(
                "seawall 1\ntarget a {{ clster \"c\" provider openai\n nonsense 1; {statement} {secret}\n}}"
            );
            let text = rendered(&source);
            assert!(text.contains("SW0308"), "{source}\n{text}");
            assert!(!text.contains("hunter2"), "{source}\n{text}");
        }
    }
}

#[test]
fn a_key_in_place_of_the_name_of_its_variable_is_not_repeated() {
    for secret in [
        "env.sk-hunter2-0123456789",
        "env.0123456789abcdef0123456789hunter2",
        "env.\"hunter2\"",
        "env.\"hunter2",
    ] {
        let source = format!(
            "seawall 1\ntarget a {{ cluster \"c\"  provider openai\n  auth bearer {secret}\n}}\nroute default {{ pass }}\n"
        );
        let text = rendered(&source);
        assert!(text.contains("SW0308") && !text.contains("hunter2"), "{source}\n{text}");
    }
    let slip = "seawall 1\ntarget a { cluster \"c\"  provider openai  auth bearer env.openai-key }\n";
    assert!(rendered(slip).contains("`openai-key` is not the name of an environment variable"));
}

#[test]
fn secrets_beyond_the_most_findings_stay_hidden() {
    let one = "target a { nonsense 1; auth bearer \"hunter2\" }\n";
    let source = format!("seawall 1\n{}", one.repeat(200));
    let found = check(&source).diagnostics;
    assert!(found.iter().any(|found| found.code == Code::TooManyErrors));
    assert!(!rendered(&source).contains("hunter2"));
    let late = format!("seawall 1\n{}{one}", "x y\n".repeat(200));
    assert!(!rendered(&late).contains("hunter2"));
}

#[test]
fn nothing_of_the_source_steers_a_terminal() {
    let text = rendered("seawall 1\nroute \u{1b}[31mr\u{202e} { \u{7}\u{200b} }\n");
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control() && !('\u{200b}'..='\u{202e}').contains(&c)),
        "{text:?}"
    );
}

#[test]
fn long_lines_are_cut_around_the_underline() {
    let source = format!(
        "seawall 1\nroute c {{ match path \"/{}\" try nowhere }} // {}",
        "x".repeat(5000),
        "y".repeat(5000)
    );
    let text = rendered(&source);
    assert!(text.contains("try nowhere"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
}

#[test]
fn the_file_is_too_large_to_show_but_not_to_report() {
    let text = rendered(&"x".repeat(2 << 20));
    assert!(text.starts_with("error[SW0101]") && text.len() < 1000, "{text}");
}

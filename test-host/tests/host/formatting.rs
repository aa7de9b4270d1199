//! `seawall fmt`: what it writes where, and how it ends. The layout itself is tested with the language.
#![allow(clippy::string_slice, reason = "the lints exempt test functions but not their helpers")]

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::findings::command::{Policies, said};

const NEAT: &str = "seawall 1\nroute default { pass }\n";
const UNTIDY: &str = "\u{feff}seawall 1\r\nroute default {pass} // \u{1b}[31mall\r\n";
const TIDIED: &str = "seawall 1\nroute default { pass }  // \u{1b}[31mall\n";
const WRONG: &str = "seawall 1\nroute default { pass\n";

#[test]
fn files_are_rewritten_and_named_when_they_change() {
    let here = Policies::new(&[("neat", NEAT), ("untidy", UNTIDY)]);
    assert_eq!(here.run(&["fmt", "neat", "untidy"]), (0, "formatted untidy\n".into(), String::new()));
    assert_eq!(fs::read_to_string(here.path("untidy")).unwrap(), TIDIED);
    assert_eq!(here.run(&["fmt", "neat", "untidy"]), (0, String::new(), String::new()));
}

#[test]
fn a_policy_with_errors_stays_as_it_is_and_the_others_are_formatted() {
    let here = Policies::new(&[("wrong", WRONG), ("untidy", UNTIDY)]);
    let (code, out, err) = here.run(&["fmt", "wrong", "untidy"]);
    assert_eq!((code, &out[..]), (1, "formatted untidy\n"));
    assert!(err.contains("SW0106") && err.contains("wrong:2:15"), "{err}");
    assert_eq!(fs::read_to_string(here.path("wrong")).unwrap(), WRONG);

    let (code, _, err) = here.run(&["fmt", "gone", "wrong"]);
    assert!(code == 2 && err.contains("cannot read gone") && err.contains("SW0106"), "{err}");
}

#[test]
fn checking_changes_nothing_and_lists_what_would_change() {
    let here = Policies::new(&[("neat", NEAT), ("untidy", UNTIDY)]);
    assert_eq!(here.run(&["fmt", "--check", "neat"]), (0, String::new(), String::new()));
    assert_eq!(here.run(&["fmt", "--check", "neat", "untidy"]), (1, "untidy\n".into(), String::new()));
    assert_eq!(fs::read_to_string(here.path("untidy")).unwrap(), UNTIDY);
}

#[test]
fn a_difference_is_shown_without_what_steers_a_terminal() {
    let here = Policies::new(&[("neat", NEAT), ("untidy", UNTIDY)]);
    for (arguments, code) in
        [(&["fmt", "--diff", "neat", "untidy"][..], 0), (&["fmt", "--check", "--diff", "neat", "untidy"], 1)]
    {
        let (exit, out, _) = here.run(arguments);
        assert_eq!(exit, code);
        assert!(out.starts_with("--- untidy\n+++ untidy (formatted)\n@@ -1,2 +1,2 @@\n"), "{out}");
        assert!(out.contains("\n+route default { pass }  // ") && !out.contains('\u{1b}'), "{out}");
    }
    assert_eq!(fs::read_to_string(here.path("untidy")).unwrap(), UNTIDY);
}

#[test]
fn the_standard_input_goes_to_the_standard_output() {
    let here = Policies::new(&[("untidy", UNTIDY)]);
    let run = |arguments: &[&str], input: &str| {
        let mut child = here.command(arguments);
        let piped = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // One that isn't asked for is not read.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        said(child.wait_with_output().unwrap())
    };
    assert_eq!(run(&["fmt", "-"], UNTIDY), (0, TIDIED.into(), String::new()));
    assert_eq!(run(&["fmt", "-"], NEAT), (0, NEAT.into(), String::new()));
    assert_eq!(run(&["fmt", "--check", "-"], UNTIDY), (1, "<stdin>\n".into(), String::new()));
    let (code, out, err) = run(&["fmt", "-"], WRONG);
    assert!(code == 1 && out.is_empty() && err.contains("<stdin>:2:15"), "{err}");
    let (code, out, err) = run(&["fmt", "-", "untidy"], NEAT);
    assert!(code == 2 && out == "formatted untidy\n" && err.contains("can only stand alone"), "{err}");
}

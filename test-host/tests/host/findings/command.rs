//! The commands as they are run: what they print where, and how they end.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const CLEAN: &str = "seawall 1\nroute default { pass }\n";
const WARNED: &str = "seawall 1\ntarget spare { cluster \"c\"  provider openai }\nroute default { pass }\n";
const WRONG: &str = "seawall 1\nroute default { pass }\nbreaker k { window 30 }\n";

/// Policies in a directory of their own.
pub(crate) struct Policies(tempfile::TempDir);

impl Policies {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        Self(directory)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command
            .current_dir(self.0.path())
            .args(arguments)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    /// Exit code, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        said(self.command(arguments).output().unwrap())
    }
}

pub(crate) fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_envoy_that_retries_around_the_filter_is_warned_about() {
    let envoy = |policy: &str| ["virtual_hosts: [{ routes: [{ route: { ", policy, " } }] }]"].concat();
    let (retrying, plain) = (envoy("retry_policy: { retry_on: 5xx }"), envoy("timeout: 0s"));
    let here =
        Policies::new(&[("clean", CLEAN), ("retrying", &retrying), ("plain", &plain), ("broken", "{")]);
    let (code, _, told) = here.run(&["check", "clean", "--envoy-config", "retrying"]);
    assert_eq!(code, 0);
    assert!(told.contains("retries at two layers: virtual_hosts[0].routes[0].route.retry_policy"), "{told}");
    let run = |arguments: &[&str]| here.run(&[&["check", "clean", "--deny-warnings"], arguments].concat()).0;
    for format in ["json", "sarif"] {
        let (_, out, told) = here.run(&["check", "clean", "--format", format, "--envoy-config", "retrying"]);
        assert!(out.contains("retries at two layers") && told.is_empty(), "{format}: {out} {told}");
        let (_, out, _) = here.run(&["check", "clean", "--format", format, "--envoy-config", "broken"]);
        assert!(out.contains("is not YAML"), "{format}: {out}");
    }
    assert_eq!(run(&["--envoy-config", "retrying"]), 1);
    assert_eq!(run(&["--envoy-config", "plain"]), 0);
    assert_eq!(run(&["--envoy-config", "broken"]), 2);
    assert_eq!(run(&["--envoy-config", "gone"]), 2);
}

#[test]
fn an_envoy_without_the_upstream_half_is_warned_about_where_something_is_lost() {
    let holding = "seawall 1\ntarget east { cluster \"east\"  provider openai }\n\
                   route held { match path \"/v1\"  try east  stream complete }\n";
    let here = Policies::new(&[
        ("clean", CLEAN),
        ("holding", holding),
        ("without", "static_resources: { clusters: [{ name: east }] }"),
        ("with", "clusters: [{ name: east, configuration: { value: upstream half } }]"),
    ]);
    let (code, _, told) = here.run(&["check", "holding", "--envoy-config", "without"]);
    assert!(code == 0 && told.contains("route `held` holds streams and answers in one piece back"), "{told}");
    assert_eq!(here.run(&["check", "holding", "--deny-warnings", "--envoy-config", "without"]).0, 1);
    assert_eq!(here.run(&["check", "holding", "--deny-warnings", "--envoy-config", "with"]).0, 0);
    assert_eq!(here.run(&["check", "clean", "--deny-warnings", "--envoy-config", "without"]).0, 0);
}

#[test]
fn the_exit_code_says_how_it_went() {
    let here = Policies::new(&[("clean", CLEAN), ("warned", WARNED), ("wrong", WRONG)]);
    for (arguments, code) in [
        (&["check", "clean"][..], 0),
        (&["check", "warned"], 0),
        (&["check", "--deny-warnings", "clean"], 0),
        (&["check", "--deny-warnings", "warned"], 1),
        (&["check", "clean", "wrong"], 1),
        (&["check", "gone", "wrong"], 2),
        (&["check"], 2),
        (&["check", "--fix", "-"], 2),
    ] {
        assert_eq!(here.run(arguments).0, code, "{arguments:?}");
    }
}

#[test]
fn several_policies_are_all_checked_and_counted() {
    let here = Policies::new(&[("clean", CLEAN), ("warned", WARNED), ("wrong", WRONG)]);
    let (_, out, err) = here.run(&["check", "wrong", "gone", "warned", "clean"]);
    assert!(out.contains("clean: ok, policy ") && out.contains("warned: ok, policy "), "{out}");
    assert!(out.contains("\n4 policies: 1 error, 1 warning, 1 unreadable\n"), "{out}");
    assert!(out.contains("`seawall explain SW0301` says more"), "{out}");
    assert!(err.starts_with("error: cannot read gone: "), "{err}");
    assert_eq!(here.run(&["check", "clean", "clean"]).1.lines().last(), Some("2 policies: no findings"));
}

#[test]
fn fixes_are_made_in_the_file_and_told() {
    let wrong = "seawall 1\nretry r { backoff full_jitter 10s .. 1s }\nruote default { pass }\n";
    let here = Policies::new(&[("policy", wrong)]);
    let (code, out, err) = here.run(&["check", "--fix", "policy"]);
    let fixed = "seawall 1\nretry r { backoff full_jitter 1s .. 10s }\nroute default { pass }\n";
    assert_eq!(fs::read_to_string(here.path("policy")).unwrap(), fixed, "{out}{err}");
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(
        err, "policy:2:31: fixed SW0309: swap them\npolicy:3:1: fixed SW0202: write `route`\n",
        "what was done, where it stood"
    );
    // What is left is told as ever, and nothing is left to fix.
    assert!(out.contains("warning[SW0501]") && out.contains("policy: ok, policy "), "{out}");
    assert_eq!(here.run(&["check", "--fix", "policy"]), (0, out, String::new()));
    assert_eq!(fs::read_to_string(here.path("policy")).unwrap(), fixed);
    // Without being asked to, nothing is changed, but it is said that it can be.
    fs::write(here.path("policy"), wrong).unwrap();
    assert!(here.run(&["check", "policy"]).1.contains("`seawall check --fix` can repair 2 of 2."));
    assert_eq!(fs::read_to_string(here.path("policy")).unwrap(), wrong);
}

#[test]
fn a_policy_may_come_from_the_standard_input() {
    let here = Policies::new(&[]);
    for (text, code, told) in
        [(WRONG.as_bytes(), 1, "<stdin>:3:20"), (CLEAN.as_bytes(), 0, "<stdin>: ok"), (b"a\n\xff", 2, "")]
    {
        let mut child = here
            .command(&["check", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        let (exit, out, err) = said(child.wait_with_output().unwrap());
        assert_eq!(exit, code, "{out}{err}");
        assert!(out.contains(told), "{out}");
        assert_eq!(err.contains("<stdin>: line 2 is not UTF-8"), code == 2, "{err}");
    }
}

#[test]
fn only_a_terminal_gets_colours_unless_asked_for() {
    let here = Policies::new(&[("wrong", WRONG)]);
    for (arguments, coloured) in [
        (&["check", "wrong"][..], false),
        (&["check", "--color", "always", "wrong"], true),
        (&["check", "--color", "never", "wrong"], false),
        (&["check", "--color", "always", "--format", "plain", "wrong"], false),
        (&["explain", "SW0301"], false),
        (&["explain", "--color", "always", "SW0301"], true),
    ] {
        assert_eq!(here.run(arguments).1.contains('\u{1b}'), coloured, "{arguments:?}");
    }
    let forced = said(here.command(&["check", "wrong"]).env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(forced.1.contains('\u{1b}'));
    let refused =
        here.command(&["check", "wrong"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!said(refused).1.contains('\u{1b}'));
}

#[test]
fn formats_for_programs_are_nothing_but_their_format() {
    let here = Policies::new(&[("wrong", WRONG)]);
    for format in ["json", "sarif"] {
        let (code, out, _) = here.run(&["check", "--format", format, "wrong", "gone"]);
        assert_eq!(code, 2);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert!(out.contains("SW0301") && out.contains("cannot read gone") && value.is_object(), "{out}");
    }
}

#[test]
fn a_code_is_explained_and_an_unknown_one_leads_to_the_known() {
    let here = Policies::new(&[]);
    for code in seawall_policy::Code::ALL {
        let (exit, out, _) = here.run(&["explain", &code.id().to_lowercase()]);
        assert_eq!(exit, 0);
        assert!(out.starts_with(code.id()) && out.contains(code.title()), "{out}");
    }
    let (exit, _, err) = here.run(&["explain", "SW0199"]);
    assert!(exit == 2 && err.contains("there is no code SW0199; those of its range are SW0101, "), "{err}");
}

#[cfg(unix)]
#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let here = Policies::new(&[("policy", "old")]);
    let (path, link) = (here.path("policy"), here.path("link"));
    symlink("policy", &link).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    seawall_test_host::diagnostics::repair::replace(&link, "old", "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);

    let error = seawall_test_host::diagnostics::repair::replace(&path, "old", "newer").unwrap_err();
    assert!(error.to_string().contains("was changed by something else in the meantime"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::read_dir(here.0.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn the_standard_input_is_read_once() {
    let (code, out, err) = Policies::new(&[("clean", CLEAN)]).run(&["check", "-", "clean", "-"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("`-` can stand only once"), "{err}");
}

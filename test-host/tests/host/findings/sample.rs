//! A policy with findings of every shape. They are written here, and not found by the checker, so that the language can
//! grow without changing how findings look.

use seawall_policy::{Checked, Code, Diagnostic, Edit, Span};
use seawall_test_host::diagnostics::Judged;

pub(crate) const SECRET: &str = "sk-hunter2";

const SOURCE: &str = "\u{feff}seawall 1
target openai_east { cluster \"east\"  provider openai  auth bearer \"sk-hunter2\" }
target openai_west { cluster \"wést\"  provider openai }

retry standard {
\tbackoff  full_jitter 10s .. 500ms
\tattempts 3
}

route chat {
  match path \"/v1/*\"  // \u{1b}[31m \u{9b}31m \u{202e} \u{200b} hidden
  try openai_wst, openai_east
  then openai_east
  retry standard
}
target openai_east { cluster \"again\" }
";

/// The nth occurrence of a text.
fn span(text: &str, nth: usize) -> Span {
    let (at, _) = SOURCE.match_indices(text).nth(nth).unwrap();
    Span::new(at, at + text.len())
}

fn edit(text: &str, nth: usize, replacement: &str) -> Edit {
    Edit { span: span(text, nth), replacement: replacement.to_owned() }
}

pub(crate) fn judged() -> Judged {
    let last = SOURCE.trim_end().len();
    let retry = Span::new(span("{", 2).start as usize, span("}", 2).end as usize);
    let diagnostics = vec![
        Diagnostic::new(Code::SecretInPolicy, span("\"sk-hunter2\"", 0), "`sk-hunter2` must not stand here")
            .with_label("hidden here, but not in the file")
            .with_help("name a variable instead of `sk-hunter2`")
            .with_replacement(span("\"sk-hunter2\"", 0), "env.sk-hunter2"),
        Diagnostic::new(Code::Unused, retry, "this block is pointed at from its first line to its last")
            .with_label("here"),
        Diagnostic::new(Code::OutOfRange, span("10s .. 500ms", 0), "the backoff starts above its cap")
            .with_fix("swap them", vec![edit("10s", 0, "500ms"), edit("500ms", 0, "10s")]),
        Diagnostic::new(Code::StrayCharacter, span("hidden", 0), "what hides: \u{1b}[31m \u{9b}31m \u{202e}"),
        Diagnostic::new(Code::UnknownName, span("openai_wst", 0), "unknown target `openai_wst`")
            .with_label("not defined in this policy")
            .with_suggestion("openai_west"),
        Diagnostic::new(Code::RepeatedTarget, span("openai_east", 2), "target `openai_east` stands twice")
            .with_related(span("openai_east", 1), "first tried here")
            .with_help("to try one target several times, raise `attempts` in its `retry`")
            .with_replacement(span("  then openai_east\n", 0), ""),
        Diagnostic::new(
            Code::DuplicateName,
            span("openai_east", 3),
            "a `target` named `openai_east` exists already",
        )
        .with_label("defined again")
        .with_related(span("openai_east", 0), "first defined here"),
        Diagnostic::new(Code::EmptyPolicy, Span::new(last, last), "something is missing at the end")
            .with_replacement(Span::new(last, last), "\nroute default { pass }"),
    ];
    let checked = Checked { policy: None, diagnostics };
    Judged { name: "policies/sample.seawall".into(), source: SOURCE.into(), checked }
}

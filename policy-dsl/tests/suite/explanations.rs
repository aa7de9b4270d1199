//! The long explanations: there is one for every code, and its examples are what they say.

use seawall_policy::{Code, Scope, check_as, render};

/// What can't be shown in a few lines: it takes a megabyte, a hundred mistakes, 33 braces, or a running proxy.
const WITHOUT_EXAMPLE: &[Code] = &[
    Code::SourceTooLarge,
    Code::TooManyErrors,
    Code::NestingTooDeep,
    Code::EnvironmentNotSet,
    Code::FileReference,
];

/// The blocks of this kind in a Markdown text.
fn examples<'t>(markdown: &'t str, fence: &'t str) -> impl Iterator<Item = &'t str> {
    let blocks = markdown.split("\n```").filter_map(move |block| block.strip_prefix(fence));
    blocks.map(|block| block.strip_prefix('\n').expect("nothing else on the line of the fence"))
}

#[test]
fn every_code_is_explained_and_every_explanation_has_a_code() {
    for code in Code::ALL {
        let text = code.explanation();
        assert_ne!(text, code.title(), "{} has no file src/diagnostic/codes/{0}.md", code.id());
        assert!(text.len() > 150, "{}: that explains nothing:\n{text}", code.id());
        assert!(
            text.ends_with('\n') && text.lines().all(|line| line.chars().count() <= 125),
            "{}",
            code.id()
        );
        assert_eq!(Code::from_id(&code.id().to_lowercase()), Some(*code));
    }
    for file in super::bless::path("src/diagnostic/codes").read_dir().unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let code = Code::from_id(name.strip_suffix(".md").unwrap());
        assert!(code.is_some(), "{name} explains a code that doesn't exist");
    }
}

#[test]
fn a_wrong_example_leads_to_its_code_and_a_right_one_to_no_finding() {
    for code in Code::ALL {
        let (wrong, right) = ("seawall wrong", "seawall right");
        // An explanation is of the language. What of it this version can't carry out yet may stand in its examples.
        let found_in = |source| {
            let scope = if *code == Code::NotSupported { Scope::Supported } else { Scope::WholeLanguage };
            check_as(source, scope).diagnostics
        };
        for source in examples(code.explanation(), wrong) {
            let found = found_in(source);
            let alone = !found.is_empty() && found.iter().all(|found| found.code == *code);
            assert!(alone, "{} explained with\n{source}\n{}", code.id(), render("wrong", source, &found));
        }
        for source in examples(code.explanation(), right) {
            let found = found_in(source);
            assert!(
                found.is_empty(),
                "{} explained with\n{source}\n{}",
                code.id(),
                render("right", source, &found)
            );
        }
        let shown = |fence| examples(code.explanation(), fence).count() > 0;
        assert!(
            WITHOUT_EXAMPLE.contains(code) || shown(wrong) && shown(right),
            "{} shows no example of the wrong and the right",
            code.id()
        );
    }
}

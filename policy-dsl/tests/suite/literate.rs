//! The literate suites: Markdown in `tests/literate`, where each policy says itself what is found in it.
//!
//! A fence ```` ```seawall ```` holds a policy. Behind a line stands what is found there, by code and underlined text:
//!
//! ```text
//! timeout = 30s //~ SW0104 «=»
//! ```
//!
//! A line without such a mark has no finding. The marks are taken away before the policy is checked. Words behind `seawall`
//! say more: `whole-language` accepts what this version can't carry out; `around NAME` is no case but gives the lines
//! that stand around `…` for every fence with `in NAME`. A fence ```` ```text ```` below a policy is what an admin
//! reads about it, which is enough where a fence is `wrong` and has no marks, and ```` ```seawall fixed ```` what `--fix` makes of it. `SEAWALL_BLESS=1` rewrites them all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use seawall_policy::{Diagnostic, Fix, LineIndex, Scope, apply, check_as, render};

use super::bless;

const MARK: &str = "//~";
/// Stands for the case among the lines around it.
const HOLE: &str = "…";

/// A fence, as it is written.
struct Fence<'t> {
    info: &'t str,
    /// Number of its first line within the file, counted from 1.
    line: usize,
    lines: Vec<&'t str>,
}

/// A policy that was judged: its text, and where in it the lines of the fence stand.
struct Case {
    source: String,
    before: usize,
    after: usize,
    scope: Scope,
    found: Vec<Diagnostic>,
}

fn without_mark(line: &str) -> &str {
    line.split_once(MARK).map_or(line, |(text, _)| text.trim_end())
}

impl Case {
    fn new(fence: &Fence<'_>, around: &BTreeMap<&str, String>) -> Self {
        let mut scope = Scope::Supported;
        let (mut before, mut after) = ("", "");
        let mut words = fence.info.split(' ').skip(1);
        while let Some(word) = words.next() {
            match word {
                "whole-language" => scope = Scope::WholeLanguage,
                "wrong" => {}
                "in" => {
                    let lines = &around[words.next().expect("`in` names what stands around")];
                    (before, after) = lines.split_once(&format!("{HOLE}\n")).expect("a line with the hole");
                }
                other => panic!("`{other}` means nothing behind `seawall`"),
            }
        }
        let mut source = before.to_string();
        for line in &fence.lines {
            source.extend([without_mark(line), "\n"]);
        }
        source.push_str(after);
        let found = check_as(&source, scope).diagnostics;
        Self { source, before: before.len(), after: after.len(), scope, found }
    }

    /// Its lines with what was found in each. What was found around them is said to be there.
    fn marked(&self, fence: &Fence<'_>) -> Vec<String> {
        let index = LineIndex::new(&self.source);
        let first = self.source[..self.before].lines().count();
        let mut lines: Vec<String> = fence.lines.iter().map(|line| without_mark(line).to_string()).collect();
        let mut marks: Vec<Vec<String>> = vec![Vec::new(); lines.len()];
        for found in &self.found {
            let line = index.line_of(found.span.start) - 1;
            let place = line.checked_sub(first).filter(|line| *line < lines.len());
            let within = if place.is_some() { "" } else { "around " };
            let under = found.span.text(&self.source).replace('\n', "⏎");
            let at = place.unwrap_or(if line < first { 0 } else { lines.len() - 1 });
            marks[at].push(format!("{within}{} «{under}»", found.code.id()));
        }
        for (line, marks) in lines.iter_mut().zip(marks) {
            if !marks.is_empty() {
                let space = if line.is_empty() { "" } else { " " };
                write!(line, "{space}{MARK} {}", marks.join(", ")).unwrap();
            }
        }
        lines
    }

    fn rendered(&self) -> Vec<String> {
        render("policy.seawall", &self.source, &self.found).trim_end().lines().map(str::to_string).collect()
    }

    /// Its own lines after all fixes.
    fn fixed(&self) -> Vec<String> {
        let fixes: Vec<&Fix> = self.found.iter().filter_map(|found| found.fix.as_ref()).collect();
        let text = apply(&self.source, &fixes).text;
        text[self.before..text.len() - self.after].lines().map(str::to_string).collect()
    }

    /// Fixes that lead nowhere. One is for what is certain: made, it takes its finding away.
    fn vain_fixes(&self) -> Vec<String> {
        let fixes = self.found.iter().filter_map(|found| found.fix.as_ref().map(|fix| (found, fix)));
        let vain = fixes.filter(|(found, fix)| {
            let left = check_as(&apply(&self.source, &[fix]).text, self.scope).diagnostics;
            let again = |other: &Diagnostic| other.code == found.code && other.fix.as_ref() == Some(fix);
            left.iter().any(again)
        });
        vain.map(|(found, fix)| format!("`{}` isn't mended by `{}`", found.message, fix.title)).collect()
    }
}

/// The text with every fence as it should be, and what differs.
fn judge(name: &str, text: &str, headings: bool) -> (String, Vec<String>) {
    let (mut out, mut wrong) = (String::new(), Vec::new());
    let mut around: BTreeMap<&str, String> = BTreeMap::new();
    let mut last: Option<Case> = None;
    let mut lines = text.lines().enumerate();
    let mut heading: Option<(usize, &str)> = None;
    while let Some((number, line)) = lines.next() {
        out.extend([line, "\n"]);
        if headings
            && line.starts_with("## ")
            && let Some((number, empty)) = heading.replace((number + 1, line))
        {
            wrong.push(format!("{name}:{number}: no case below `{empty}`"));
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let fence = Fence { info, line: number + 2, lines: body };
        let should: Vec<String> = match (info, &last) {
            ("text", Some(case)) => case.rendered(),
            ("seawall fixed", Some(case)) => case.fixed(),
            _ if let Some(name) = info.strip_prefix("seawall around ") => {
                around.insert(name, fence.lines.iter().flat_map(|line| [*line, "\n"]).collect());
                fence.lines.iter().map(ToString::to_string).collect()
            }
            _ if info.split(' ').next() == Some("seawall") => {
                heading = None;
                let case = Case::new(&fence, &around);
                let unmarked = info.ends_with(" wrong");
                if unmarked && case.found.is_empty() {
                    wrong.push(format!("{name}:{}: nothing is wrong here", fence.line));
                }
                let marked = if unmarked {
                    fence.lines.iter().map(ToString::to_string).collect()
                } else {
                    case.marked(&fence)
                };
                wrong.extend(case.vain_fixes().iter().map(|why| format!("{name}:{}: {why}", fence.line)));
                last = Some(case);
                marked
            }
            _ => fence.lines.iter().map(ToString::to_string).collect(),
        };
        for at in 0..should.len().max(fence.lines.len()) {
            let (is, should) = (fence.lines.get(at), should.get(at));
            if is.copied() != should.map(String::as_str) {
                let (is, should) = (is.unwrap_or(&""), should.map_or("", String::as_str));
                wrong.push(format!(
                    "{name}:{}\n    is:        {is}\n    should be: {should}",
                    fence.line + at
                ));
            }
        }
        out.extend(should.iter().flat_map(|line| [line.as_str(), "\n"]));
        out.push_str("```\n");
    }
    (out, wrong)
}

/// The Markdown text with every policy in it judged: what tests compare it with.
pub(crate) fn as_it_should_be(text: &str) -> String {
    judge("", text, false).0
}

#[test]
fn every_policy_of_the_literate_suites_is_judged_as_it_says() {
    let mut wrong = Vec::new();
    let entries = fs::read_dir(bless::path("tests/literate")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "the suites have gone missing");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = format!("policy-dsl/tests/literate/{}", file.file_name().unwrap().display());
        let (should, differs) = judge(&name, &text, true);
        if std::env::var_os("SEAWALL_BLESS").is_some() {
            fs::write(&file, should).unwrap();
        } else {
            wrong.extend(differs);
        }
    }
    let accept = "to accept that: SEAWALL_BLESS=1 cargo test -p seawall-policy literate";
    assert!(wrong.is_empty(), "{}\n\n{accept}", wrong.join("\n"));
}

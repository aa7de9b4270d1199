//! A run as one page that needs nothing else.

use std::fmt::Write as _;

use super::judge::Judged;
use super::result::Run;
use crate::html::{escaped, head};

const STYLE: &str = "\
table { border-collapse: collapse; width: 100%; font-size: .9rem } th { text-align: left; color: var(--grey) }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { height: .5rem; background: #3b82f6; border-radius: 3px } .bad { background: #b91c1c }
.excerpt { color: var(--grey) } ul { margin: .2rem 0; padding-left: 1.2rem }
";

/// The whole page: what the run came to, then its cases, the failed ones first.
#[must_use]
pub fn page(run: &Run) -> String {
    let passed = run.cases.iter().filter(|case| case.passed()).count();
    let title = format!("{passed} of {} golden cases passed", run.cases.len());
    let mut out = head(&title, STYLE);
    // Writing to a string doesn't fail.
    let _ = write(&mut out, run);
    out
}

fn write(out: &mut String, run: &Run) -> std::fmt::Result {
    writeln!(out, "<p>{}</p>", escaped(&run.about))?;
    let verdict = &run.verdict;
    let lists = [
        ("no", "Fails", &verdict.failures),
        ("no", "Passed before, and doesn't now", &verdict.worse),
        ("yes", "Passes now, and didn't before", &verdict.better),
        ("caution", "Differs from the baseline", &verdict.notes),
    ];
    for (class, heading, lines) in lists {
        if !lines.is_empty() {
            writeln!(out, "<h2>{heading}</h2>\n<ul>")?;
            for line in lines {
                writeln!(out, "<li class=\"{class}\">{}</li>", escaped(line))?;
            }
            writeln!(out, "</ul>")?;
        }
    }
    writeln!(
        out,
        "<h2>Cases</h2>\n<table>\n<tr><th>case<th>latency<th><th>tokens in<th>out<th>cost<th>target<th>attempts</tr>"
    )?;
    let longest = run.cases.iter().map(|case| case.latency).max().unwrap_or_default().as_secs_f64();
    let (mut cases, mut rest): (Vec<_>, Vec<_>) = run.cases.iter().partition(|case| !case.passed());
    cases.append(&mut rest);
    for case in cases {
        row(out, case, longest)?;
    }
    writeln!(out, "</table>\n</html>")
}

fn row(out: &mut String, case: &Judged, longest: f64) -> std::fmt::Result {
    let (class, bar) = if case.passed() { ("yes", "bar") } else { ("no", "bar bad") };
    write!(out, "<tr><td><span class=\"{class}\">{}</span>", escaped(&case.name))?;
    if !case.passed() {
        let problems: String =
            case.problems.iter().map(|problem| format!("<li>{}</li>", escaped(problem))).collect();
        write!(out, "<ul>{problems}</ul><span class=\"excerpt\">{}</span>", escaped(&case.excerpt))?;
    }
    let width = if longest > 0.0 { case.latency.as_secs_f64() / longest * 8.0 } else { 0.0 };
    let number = |number: Option<String>| format!("<td class=\"number\">{}", number.unwrap_or_default());
    writeln!(
        out,
        "{}<td><div class=\"{bar}\" style=\"width:{width:.2}rem\"></div>{}{}{}<td>{}{}</tr>",
        number(Some(format!("{} ms", case.latency.as_millis()))),
        number(case.usage.map(|(input, _)| input.to_string())),
        number(case.usage.map(|(_, output)| output.to_string())),
        number(case.cost.map(|cost| format!("${cost:.5}"))),
        escaped(case.target.as_deref().unwrap_or_default()),
        number(case.attempts.map(|attempts| attempts.to_string())),
    )
}

#[cfg(test)]
mod tests {
    use super::super::result::Verdict;
    use super::*;

    #[test]
    fn what_failed_stands_first_and_nothing_makes_tags() {
        let good = Judged { name: "good".into(), ..Judged::default() };
        let bad = Judged {
            name: "<b>".into(),
            problems: vec!["`x` isn't in it".into()],
            excerpt: "<script>".into(),
            ..Judged::default()
        };
        let verdict = Verdict { failures: vec!["50.0% passed".into()], ..Verdict::default() };
        let page = page(&Run { about: "All & sundry".into(), cases: vec![good, bad], verdict });
        assert!(page.contains("1 of 2 golden cases passed") && page.contains("All &amp; sundry"));
        assert!(page.find("&lt;b&gt;") < page.find(">good<"));
        assert!(!page.contains("<script>"));
    }
}

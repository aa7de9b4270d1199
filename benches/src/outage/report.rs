//! The verdict, and a picture of the timeline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;

use super::{Answered, Args, Run};
use crate::timeline::{BLUE, GREEN, Line, ORANGE, Panel, RED, draw};

/// The primary is in use again when it answers this share of a second's requests.
const IN_USE: f64 = 0.9;

pub(super) fn write(run: &Run, args: &Args) -> anyhow::Result<()> {
    let text = text(run, args);
    println!("\n{text}");
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("outage.md"), &text)?;
    let picture = args.out.join("outage.svg");
    draw(&picture, &panels(run), &[(run.from.as_secs_f64(), run.to.as_secs_f64())])?;
    println!("written to {} and outage.svg", args.out.join("outage.md").display());
    let wrong = wrong(run, args);
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(())
}

/// What must hold and doesn't.
fn wrong(run: &Run, args: &Args) -> Vec<String> {
    let mut wrong = Vec::new();
    let unanswered = run.answers.iter().filter(|answer| answer.by.is_err()).count();
    if unanswered > 0 {
        wrong.push(format!("{unanswered} requests were not answered"));
    }
    let most = most_probes(args);
    match probes(run) {
        Some(seen) if seen <= most => {}
        Some(seen) => {
            wrong.push(format!("the primary saw {seen} requests behind an open breaker, more than {most}"))
        }
        None => wrong.push("the primary's breaker did not open".to_owned()),
    }
    match recovered(run) {
        Some(time) if time.as_secs() < 30 => {}
        Some(time) => wrong.push(format!("the primary was in use again only after {} s", time.as_secs())),
        None => wrong.push("the primary was never in use again".to_owned()),
    }
    wrong
}

/// From the opening of the breaker to the last attempt that was on its way then.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// Requests that the primary saw in its outage once its breaker had opened.
fn probes(run: &Run) -> Option<usize> {
    let settled = run.opened? + ON_ITS_WAY;
    Some(run.at_primary.iter().filter(|time| (settled..run.to).contains(time)).count())
}

/// How long the breaker of the policy opens for at first, and for how long at most, in seconds: twice as long after each probe
/// that failed, up to four times.
const OPEN: u64 = 2;
const LONGEST_OPEN: u64 = 4 * OPEN;

/// One whenever it has been open for so long.
fn most_probes(args: &Args) -> usize {
    let (mut at, mut open, mut probes) = (OPEN, OPEN, 0);
    while at <= args.seconds {
        open = LONGEST_OPEN.min(open * 2);
        (at, probes) = (at + open, probes + 1);
    }
    probes
}

/// From the end of the outage to the first second in which nearly all answers come from the primary.
fn recovered(run: &Run) -> Option<Duration> {
    let by_second = by_second(run, |answer| answer.by.as_deref() == Ok("primary"));
    let all = by_second_all(run);
    let from = usize::try_from(run.to.as_secs()).ok()?;
    let found = by_second.iter().zip(&all).enumerate().skip(from);
    let (second, _) =
        found.into_iter().find(|(_, (primary, all))| **all > 0.0 && *primary / *all >= IN_USE)?;
    Some(Duration::from_secs(second as u64).saturating_sub(run.to))
}

fn by_second_all(run: &Run) -> Vec<f64> {
    by_second(run, |_| true)
}

fn by_second(run: &Run, wanted: impl Fn(&Answered) -> bool) -> Vec<f64> {
    let answers = run.answers.iter().filter(|answer| wanted(answer));
    counted(run, answers.map(|answer| answer.sent))
}

fn counted(run: &Run, times: impl Iterator<Item = Duration>) -> Vec<f64> {
    let mut seconds = vec![0.0; usize::try_from(run.end.as_secs()).unwrap_or_default()];
    for time in times {
        let second = usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        if let Some(count) = seconds.get_mut(second) {
            *count += 1.0;
        }
    }
    seconds
}

/// The slowest answer to the requests of each second, in milliseconds.
fn slowest(run: &Run) -> Vec<f64> {
    let mut seconds = counted(run, std::iter::empty());
    for answer in &run.answers {
        let second = usize::try_from(answer.sent.as_secs()).unwrap_or(usize::MAX);
        if let Some(slowest) = seconds.get_mut(second) {
            *slowest = f64::max(*slowest, answer.took.as_secs_f64() * 1e3);
        }
    }
    seconds
}

fn panels(run: &Run) -> [Panel; 3] {
    let by = |target: &'static str| by_second(run, move |answer| answer.by.as_deref() == Ok(target));
    let line = |name, color, values| Line { name, color, values };
    [
        Panel {
            title: "Answers a second, by the target that gave them",
            lines: vec![
                line("primary", GREEN, by("primary")),
                line("secondary", BLUE, by("secondary")),
                line("not answered", RED, by_second(run, |answer| answer.by.is_err())),
            ],
        },
        Panel {
            title: "Requests a second that the primary saw",
            lines: vec![line("primary", ORANGE, counted(run, run.at_primary.iter().copied()))],
        },
        Panel {
            title: "Slowest answer of each second, in ms",
            lines: vec![line("slowest", BLUE, slowest(run))],
        },
    ]
}

fn text(run: &Run, args: &Args) -> String {
    let mut text = String::new();
    let all = run.answers.len();
    let answered = run.answers.iter().filter(|answer| answer.by.is_ok()).count();
    let _ = writeln!(text, "{answered} of {all} requests answered ({} a second).", args.rate);
    let mut failures: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for answer in &run.answers {
        if let Err(failure) = &answer.by {
            failures.entry(failure).or_default().push(answer.sent);
        }
    }
    for (failure, times) in failures {
        let first = times.first().map_or(0.0, Duration::as_secs_f64);
        let _ = writeln!(text, "- {} × {failure}, first after {first:.1} s", times.len());
    }
    let opened = run.opened.map(|time| time.saturating_sub(run.from).as_secs_f64());
    let _ = writeln!(
        text,
        "The primary was out for {} s. Its breaker opened after {:.1} s; from then on it saw {} requests.",
        args.seconds,
        opened.unwrap_or(f64::NAN),
        probes(run).unwrap_or_default()
    );
    let _ = match recovered(run) {
        Some(time) => writeln!(text, "It was in use again {} s after it had recovered.", time.as_secs()),
        None => writeln!(text, "It was not in use again {} s after it had recovered.", args.after),
    };
    let mut took: Vec<_> = run.answers.iter().map(|answer| answer.took).collect();
    took.sort_unstable();
    let percentile = |share: f64| took.get((took.len().saturating_sub(1) as f64 * share) as usize).copied();
    let _ = writeln!(
        text,
        "Time to an answer: p50 {:?}, p99 {:?}, most {:?}.",
        percentile(0.5).unwrap_or_default(),
        percentile(0.99).unwrap_or_default(),
        took.last().copied().unwrap_or_default()
    );
    text
}

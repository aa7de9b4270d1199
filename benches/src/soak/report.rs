//! What the soak came to, and a picture of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;

use super::load::{COMPLETE, KINDS};
use super::{Args, Run};
use crate::timeline::{BLUE, GREEN, Line, Panel, RED, draw};

const MIB: f64 = 1024.0 * 1024.0;

/// Of a request, by the policy.
const MOST_ATTEMPTS: u64 = 3;

/// Memory counts as flat when the last fifth lies no further above the second one.
const GROWTH: f64 = 1.03;

pub(super) fn write(run: &Run, args: &Args) -> anyhow::Result<()> {
    let text = text(run, args);
    println!("\n{text}");
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("soak.md"), &text)?;
    draw(&args.out.join("soak.svg"), &panels(run), &[])?;
    println!("written to {} and soak.svg", args.out.join("soak.md").display());
    let wrong = wrong(run);
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(())
}

fn of(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Attempts that the provider can't have seen: nobody listened.
fn refused(attempts: &BTreeMap<String, u64>) -> u64 {
    attempts.iter().filter(|(name, _)| name.ends_with(".refused")).map(|(_, count)| count).sum()
}

fn wrong(run: &Run) -> Vec<String> {
    let counts = &run.counts;
    let mut wrong = Vec::new();
    let (lost, halves) = (counts.all(|kind| &kind.lost), counts.all(|kind| &kind.halves));
    for (count, what) in [(lost, "requests were lost"), (halves, "answers were neither whole nor an error")] {
        if count > 0 {
            wrong.push(format!("{count} {what}"));
        }
    }
    for (kind, (route, streams)) in counts.kinds.iter().zip(KINDS) {
        // Only what had begun to go out can break off: a stream that isn't held to its end.
        let is_held = !streams || route == COMPLETE;
        if is_held && of(&kind.broken) > 0 {
            wrong.push(format!("{} answers broke off that are held to their end", of(&kind.broken)));
        }
    }
    let (sent, answers) = (counts.all(|kind| &kind.sent), run.answers.values().sum::<u64>());
    if answers != sent {
        wrong.push(format!("callers sent {sent}, the filter counted {answers} answers"));
    }
    // What answers told; those of which nobody heard took up to as many as the policy allows.
    let (seen, told) = (run.seen + refused(&run.attempts), of(&counts.told));
    if !(told..=told + MOST_ATTEMPTS * of(&counts.untold)).contains(&seen) {
        wrong.push(format!("answers told of {told} attempts, the providers saw {seen}"));
    }
    // An attempt has no outcome whose caller left before, or whose hedge had won.
    let (attempts, at_most) = (run.attempts.values().sum::<u64>(), seen);
    if attempts > at_most {
        wrong.push(format!("the filter counted {attempts} attempts, the providers saw {at_most}"));
    }
    let (early, late) = memory(run);
    if late > early * GROWTH {
        wrong.push(format!("memory grew from {:.1} to {:.1} MiB", early / MIB, late / MIB));
    }
    wrong
}

/// Mean memory in the second and in the last fifth of the time.
fn memory(run: &Run) -> (f64, f64) {
    let fifth = (run.seconds.len() / 5).max(1);
    let mean = |from: usize| {
        let seconds = run.seconds.iter().skip(from).take(fifth);
        let sum: f64 = seconds.clone().map(|second| second.memory as f64).sum();
        sum / seconds.count().max(1) as f64
    };
    (mean(fifth), mean(run.seconds.len().saturating_sub(fifth)))
}

fn text(run: &Run, args: &Args) -> String {
    let counts = &run.counts;
    let mut text = format!(
        "{} minutes, {} connections, {}, seed {}.\n\n\
         | asked for | sent | whole | errors | broke off | neither | caller left | lost |\n\
         |---|---|---|---|---|---|---|---|\n",
        args.minutes,
        args.connections,
        if args.one_half { "one half of the filter" } else { "both halves of the filter" },
        args.seed
    );
    for (kind, (route, streams)) in counts.kinds.iter().zip(KINDS) {
        let how = if streams { "a stream" } else { "one piece" };
        let mode = if route.is_empty() { "until_commit" } else { route };
        let numbers =
            [&kind.sent, &kind.whole, &kind.errors, &kind.broken, &kind.halves, &kind.left, &kind.lost];
        let numbers = numbers.map(|number| of(number).to_string()).join(" | ");
        let _ = writeln!(text, "| {how}, `{mode}` | {numbers} |");
    }
    let _ = writeln!(
        text,
        "\nAnswers told of {} attempts; {} requests were not heard of, {} were sent again on a new connection.",
        of(&counts.told),
        of(&counts.untold),
        of(&counts.again)
    );
    let sum = |counted: &BTreeMap<String, u64>| counted.values().sum::<u64>();
    let _ = writeln!(text, "The filter counted {} answers: {}.", sum(&run.answers), listed(&run.answers));
    let _ = writeln!(text, "It counted {} attempts: {}.", sum(&run.attempts), listed(&run.attempts));
    let _ = writeln!(
        text,
        "The providers saw {}; {} attempts found nobody listening.",
        run.seen,
        refused(&run.attempts)
    );
    let (early, late) = memory(run);
    let _ = writeln!(
        text,
        "Resident memory of Envoy: {:.1} MiB in the second fifth of the time, {:.1} MiB in the last.",
        early / MIB,
        late / MIB
    );
    text
}

fn listed(counted: &BTreeMap<String, u64>) -> String {
    let parts = counted.iter().filter(|(_, count)| **count > 0);
    parts.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

fn panels(run: &Run) -> [Panel; 2] {
    let line = |name, color, values| Line { name, color, values };
    let seconds = &run.seconds;
    let of = |value: fn(&super::Second) -> f64| seconds.iter().map(value).collect::<Vec<_>>();
    [
        Panel {
            title: "Answers a second",
            lines: vec![
                line("all", GREEN, of(|second| second.answers as f64)),
                line("errors", RED, of(|second| second.errors as f64)),
            ],
        },
        Panel {
            title: "Resident memory of Envoy, in MiB",
            lines: vec![line("memory", BLUE, of(|second| second.memory as f64 / MIB))],
        },
    ]
}

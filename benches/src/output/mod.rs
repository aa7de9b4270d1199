//! What rules for answers cost: the time that an answer in one piece and an event of a live stream take, with and without them, in Wasm and natively;
//! and what the module grows by.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use seawall_bench_output::{Comes, Rules, Worker};

use crate::guest::Guest;
use crate::schema::v8;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The module that runs exchanges.
    #[arg(long)]
    module: PathBuf,
    /// What ships.
    #[arg(long)]
    wasm: PathBuf,
    /// The same without what rules need.
    #[arg(long)]
    without: PathBuf,
    /// How often each is measured; the shortest time counts.
    #[arg(long, default_value_t = 25)]
    rounds: u32,
    /// Exchanges in each measurement.
    #[arg(long, default_value_t = 200)]
    exchanges: u32,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut text = String::from(
        "A whole exchange whose answer says 2.4 KB of JSON; in wasmtime, and natively.\n\n\
         | answer | rules | Wasm µs | native µs | rules add in Wasm |\n|---|---|---|---|---|\n",
    );
    for (comes, what) in [(Comes::InOnePiece, "in one piece"), (Comes::Live, "each event of a live stream")] {
        let mut without = None;
        for rules in [Rules::No, Rules::Schema, Rules::All] {
            let (wasm, native) = measure(args, rules, comes)?;
            let added = wasm - *without.get_or_insert(wasm);
            let _ = writeln!(text, "| {what} | {} | {wasm:.2} | {native:.2} | {added:.2} |", name(rules));
        }
    }
    let size = |path: &Path| std::fs::metadata(path).map(|data| data.len() as f64 / 1e3);
    let (least, full) = (size(&args.without)?, size(&args.wasm)?);
    text += "\n| the module | without | with | added | goal |\n|---|---|---|---|---|\n";
    let _ = writeln!(text, "| bytes | {least:.0} KB | {full:.0} KB | {:.0} KB | ≤ 1,000 KB |", full - least);
    match (v8(&args.without), v8(&args.wasm)) {
        (Ok(least), Ok(full)) => {
            let added = full - least;
            let _ = writeln!(
                text,
                "| V8 compiles it in | {least:.0} ms | {full:.0} ms | {added:.0} ms | ≤ 150 ms |"
            );
        }
        (Err(error), _) | (_, Err(error)) => {
            let _ = writeln!(text, "| V8 compiles it in | not measured: {error:#} | | | |");
        }
    }
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("output.md"), &text)?;
    println!("{text}\nwritten to {}", args.out.join("output.md").display());
    Ok(())
}

fn name(rules: Rules) -> &'static str {
    match rules {
        Rules::No => "none",
        Rules::Schema => "a schema of 3 KB",
        Rules::All => "the schema and all others for JSON",
    }
}

/// Microseconds of one event, or of an exchange whose answer comes in one piece: in Wasm, and natively.
fn measure(args: &Args, rules: Rules, comes: Comes) -> anyhow::Result<(f64, f64)> {
    let which = rules as u32 + if comes == Comes::Live { 4 } else { 0 };
    let mut guest = Guest::start(&args.module, which)?;
    let mut worker = Worker::new(rules, comes).context("the policy checks")?;
    let (mut wasm, mut native) = (Duration::MAX, Duration::MAX);
    for _ in 0..args.rounds.max(1) {
        let (time, passed) = guest.run(args.exchanges, 0)?;
        ensure!(passed == args.exchanges, "{passed} answers of {} fit", args.exchanges);
        wasm = wasm.min(time);
        let start = Instant::now();
        ensure!(worker.run(args.exchanges) == args.exchanges, "answers don't fit");
        native = native.min(start.elapsed());
    }
    let each = f64::from(args.exchanges.max(1)) * worker.events() as f64;
    Ok((wasm.as_secs_f64() * 1e6 / each, native.as_secs_f64() * 1e6 / each))
}

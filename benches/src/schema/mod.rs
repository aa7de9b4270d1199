//! What checking answers against a JSON Schema costs: time in Wasm and natively, beside serde_json's reading alone, and what the module
//! grows by in bytes and in the time that V8 compiles it.

mod guest;

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use seawall_schema::{Bounds, Options, Schema, Scratch};

use self::guest::Guest;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module without the crate.
    #[arg(long)]
    empty: PathBuf,
    /// The same with it.
    #[arg(long)]
    schema: PathBuf,
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 501)]
    rounds: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// The contract and an answer of about 2 KB that fits.
const SCHEMA: &str = include_str!("../../schema/order.schema.json");
const ANSWER: &str = include_str!("../../schema/order.json");

/// Prints the milliseconds that V8 takes to compile the module with its optimising compiler, as Envoy has it.
const COMPILE: &str = "const b=require('fs').readFileSync(process.argv[1]);const s=process.hrtime.bigint();\
    new WebAssembly.Module(b);console.log(Number(process.hrtime.bigint()-s)/1e6)";

/// How often Node is started for that; the shortest time counts. Within one process V8 knows a module again.
const STARTS: usize = 5;

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut guest = Guest::start(&args.schema)?;
    let wrong = ANSWER.replace("\"status\": \"paid\"", "\"status\": \"lost\"");
    let options = Options { assert_formats: true, ..Options::default() };
    let native = Schema::compile(SCHEMA, &options)?;
    let mut scratch = Scratch::default();
    let mut text = format!(
        "A schema of {:.1} KB, an answer of {:.1} KB; median of {} rounds; wasmtime.\n\n| what | Wasm | goal | native |\n|---|---|---|---|\n",
        SCHEMA.len() as f64 / 1e3,
        ANSWER.len() as f64 / 1e3,
        args.rounds
    );
    let mut row = |what: &str, wasm: Duration, goal: &str, native: Duration| {
        let micros = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
        let _ = writeln!(text, "| {what} | {} | {goal} | {} |", micros(wasm), micros(native));
    };
    let compile = guest.call("compile", SCHEMA, true, args.rounds)?;
    row(
        "compile the schema",
        compile,
        "",
        median(args.rounds, || Schema::compile(SCHEMA, &options).is_ok())?,
    );
    let read = guest.call("read", ANSWER, true, args.rounds)?;
    let read_native =
        median(args.rounds, || seawall_schema::Document::read(ANSWER, Bounds::default().document).is_ok())?;
    row("read the answer", read, "", read_native);
    let check = guest.call("check", ANSWER, true, args.rounds)?;
    let bounds = Bounds::default();
    row(
        "read and check the answer",
        check,
        "≤ 40 µs",
        median(args.rounds, || native.check(ANSWER, &bounds, &mut scratch).is_ok())?,
    );
    let refuse = guest.call("check", &wrong, false, args.rounds)?;
    row(
        "the same with a fault, which is told",
        refuse,
        "",
        median(args.rounds, || native.check(&wrong, &bounds, &mut scratch).is_err())?,
    );

    let size = |path: &Path| std::fs::metadata(path).map(|data| data.len() as f64 / 1e3);
    let (empty, full) = (size(&args.empty)?, size(&args.schema)?);
    text += "\n| the module | without | with | added | goal |\n|---|---|---|---|---|\n";
    let _ = writeln!(text, "| bytes | {empty:.0} KB | {full:.0} KB | {:.0} KB | ≤ 1,000 KB |", full - empty);
    match (v8(&args.empty), v8(&args.schema)) {
        (Ok(empty), Ok(full)) => {
            let _ = writeln!(
                text,
                "| V8 compiles it in | {empty:.0} ms | {full:.0} ms | {:.0} ms | ≤ 150 ms |",
                full - empty
            );
        }
        (Err(error), _) | (_, Err(error)) => {
            text += &format!("| V8 compiles it in | not measured: {error:#} | | | |\n")
        }
    }
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("schema.md"), &text)?;
    println!("\n{text}\nwritten to {}", args.out.join("schema.md").display());
    Ok(())
}

fn median(rounds: usize, mut once: impl FnMut() -> bool) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        let is_right = black_box(once());
        times.push(start.elapsed());
        ensure!(is_right, "the verdict is wrong");
    }
    times.sort_unstable();
    times.get(rounds / 2).copied().context("no rounds")
}

/// Milliseconds. Node is there on most machines; where it isn't, this is left out.
pub(crate) fn v8(module: &Path) -> anyhow::Result<f64> {
    let flags = ["--no-liftoff", "--no-wasm-lazy-compilation", "-e", COMPILE];
    let mut best = f64::INFINITY;
    for _ in 0..STARTS {
        let output = Command::new("node").args(flags).arg(module).output().context("there is no node")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        best = best.min(String::from_utf8(output.stdout)?.trim().parse()?);
    }
    Ok(best)
}

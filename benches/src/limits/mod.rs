//! What limits cost: the time of an admission, with its settling, under five limits and with few or many tenants, in Wasm and
//! natively; and that the table of tenants stays as large as it is, and forgives nobody, whoever comes.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use seawall_bench_limits::{Limits, Worker};

use crate::guest::Guest;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The module.
    #[arg(long)]
    module: PathBuf,
    /// How often each is measured; the shortest time counts.
    #[arg(long, default_value_t = 15)]
    rounds: u32,
    /// Requests in each measurement.
    #[arg(long, default_value_t = 20_000)]
    requests: u32,
    /// Tenants that fill the table.
    #[arg(long, default_value_t = 10_000_000)]
    names: u32,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Most that an admission and its settling may take in Wasm.
const GOAL: Duration = Duration::from_micros(15);

const TENANTS: [u32; 3] = [1, 1_000, 1_000_000];

/// Names after which the table is looked at, as often as they come.
const LOOK: u32 = 1_000_000;

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut text = String::from(
        "What a request takes more than without limits: its tenant is found, five limits are asked, reserved and settled.\n\n\
         | tenants | Wasm µs | goal | native µs | memory of a VM |\n|---|---|---|---|---|\n",
    );
    let mut longest = Duration::ZERO;
    for (limits, tenants) in
        TENANTS.map(|tenants| (Limits::Five, tenants)).into_iter().chain([(Limits::Few, 1_000_000)])
    {
        let debt = if limits == Limits::Few { ", all rows in debt" } else { "" };
        let (wasm, memory) = in_wasm(args, limits, tenants)?;
        let native = natively(args, limits, tenants)?;
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let _ = writeln!(
            text,
            "| {tenants}{debt} | {:.1} | ≤ 15 | {:.1} | {:.1} MiB |",
            micros(wasm),
            micros(native),
            memory as f64 / 1_048_576.0
        );
        longest = longest.max(wasm);
    }
    text += &table(args.names)?;
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("limits.md"), &text)?;
    println!("{text}\nwritten to {}", args.out.join("limits.md").display());
    ensure!(longest <= GOAL, "an admission takes {longest:?}");
    Ok(())
}

/// Two workers, each with its own time: the shortest of one with limits, less the shortest of one without.
fn in_wasm(args: &Args, limits: Limits, tenants: u32) -> anyhow::Result<(Duration, usize)> {
    let (mut with, mut without) =
        (Guest::start(&args.module, limits as u32)?, Guest::start(&args.module, Limits::No as u32)?);
    let (mut best, mut least) = (Duration::MAX, Duration::MAX);
    with.run(filling(tenants), tenants)?;
    for _ in 0..args.rounds.max(1) {
        best = best.min(with.run(args.requests, tenants)?.0);
        least = least.min(without.run(args.requests, tenants)?.0);
    }
    Ok((best.saturating_sub(least) / args.requests, with.memory_size()))
}

fn natively(args: &Args, limits: Limits, tenants: u32) -> anyhow::Result<Duration> {
    let start = |limits| Worker::new(limits).context("the policy checks");
    let (mut with, mut without) = (start(limits)?, start(Limits::No)?);
    with.run(filling(tenants), tenants);
    let time = |worker: &mut Worker| {
        let start = Instant::now();
        worker.run(args.requests, tenants);
        start.elapsed()
    };
    let (mut best, mut least) = (Duration::MAX, Duration::MAX);
    for _ in 0..args.rounds.max(1) {
        best = best.min(time(&mut with));
        least = least.min(time(&mut without));
    }
    Ok(best.saturating_sub(least) / args.requests)
}

/// Requests after which the table holds as many tenants as it can.
fn filling(tenants: u32) -> u32 {
    tenants.min(300_000)
}

/// Sends a request of each of so many tenants, and looks at the table as it goes.
fn table(names: u32) -> anyhow::Result<String> {
    let mut worker = Worker::new(Limits::Few).context("the policy checks")?;
    let hot = u32::MAX;
    ensure!(worker.exchange(hot, 1) && worker.exchange(hot, 1), "the first requests of a tenant pass");
    let (mut sizes, mut admitted, start) = (Vec::new(), 0_u64, Instant::now());
    for name in 0..names {
        admitted += u64::from(worker.exchange(name, 1_000));
        if name % LOOK == LOOK - 1 || name + 1 == names {
            ensure!(!worker.exchange(hot, 1), "a tenant in debt was forgiven after {name} others");
            sizes.push(worker.cells.size());
        }
    }
    let took = start.elapsed();
    let (cells, bytes) = *sizes.last().context("no names")?;
    let full = sizes.iter().skip(1).all(|size| *size == (cells, bytes));
    ensure!(full || names < 2 * LOOK, "the shared data grew: {sizes:?}");
    Ok(format!(
        "\n{names} tenants, one after the other, each in debt for half a day: {cells} cells with {:.2} MiB after the last of them, \
         as after the first million; one in debt before them all was refused to the last. {admitted} were admitted, at \
         {:.1} µs each.\n",
        bytes as f64 / 1_048_576.0,
        took.as_secs_f64() * 1e6 / f64::from(names.max(1)),
    ))
}

//! Envoy with and without Seawall under the same load, in turns, so that whatever else the machine does hits both.
//!
//! Both Envoys have one worker and share the first core; client and provider share the second. Only one of the two Envoys
//! has work at any time. CPU time is what the kernel says of all of a process's threads, in nanoseconds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use seawall_test_host::envoy::{Launch, Process, Settings, Wanted};

use crate::load::{self, Load};
use crate::{EnvoyArgs, stub};

const WARM_UP: Duration = Duration::from_secs(1);

/// One measurement.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) cpu_us: f64,
    /// Share of the core that Envoy used: well below 1 means that it was not the bottleneck.
    pub(crate) busy: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Samples of one size, in the order they were taken.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) size: usize,
    pub(crate) bare: Vec<Sample>,
    pub(crate) seawall: Vec<Sample>,
}

#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) pairs: Vec<Pair>,
    /// Resident memory after all load, in bytes.
    pub(crate) bare_memory: u64,
    pub(crate) seawall_memory: u64,
    /// What each further worker, and so its VM, adds to an idle Envoy with the filter, less what it adds to a bare one.
    pub(crate) memory_per_vm: u64,
    pub(crate) module_bytes: u64,
}

pub(crate) fn run(args: &EnvoyArgs) -> anyhow::Result<Results> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [first, second, ..] = cores.as_slice() else {
        bail!("this needs two cores: one for Envoy, one for client and provider")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let provider = stub::start().await?;
        tokio::spawn(stay_awake());
        // A child inherits the core of the thread that starts it.
        ensure!(core_affinity::set_for_current(*first), "cannot choose a core");
        let bare = start(args, None, provider, 1).await?;
        let seawall = start(args, Some(&args.wasm), provider, 1).await?;
        ensure!(core_affinity::set_for_current(*second), "cannot choose a core");
        let mut pairs = Vec::new();
        for &size in &args.sizes {
            let mut pair = Pair { size, bare: Vec::new(), seawall: Vec::new() };
            for envoy in [&bare, &seawall] {
                load::run(envoy.listener(), size, args.connections, WARM_UP).await?;
            }
            for round in 1..=args.rounds {
                let without = measure(&bare, size, args).await?;
                let with = measure(&seawall, size, args).await?;
                let (a, b) = (without.per_second, with.per_second);
                println!(
                    "{:>4} KB, round {round}: bare {a:>7.0}/s, seawall {b:>7.0}/s, {:.3}",
                    size / 1_000,
                    b / a
                );
                pair.bare.push(without);
                pair.seawall.push(with);
            }
            pairs.push(pair);
        }
        Ok(Results {
            pairs,
            bare_memory: memory(bare.pid())?,
            seawall_memory: memory(seawall.pid())?,
            memory_per_vm: memory_per_vm(args, provider).await?,
            module_bytes: std::fs::metadata(&args.wasm)?.len(),
        })
    })
}

/// Keeps client and provider from sleeping. Waking them would be Envoy's work, and the slower of the two Envoys would have more
/// of it, since its clients have more time to fall asleep.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

async fn start(
    args: &EnvoyArgs,
    wasm: Option<&Path>,
    provider: SocketAddr,
    workers: u32,
) -> anyhow::Result<Process> {
    let shipped = std::fs::read_to_string(&args.config)?;
    let policy = std::fs::read_to_string(&args.policy)?;
    let clusters: BTreeMap<_, _> =
        ["primary", "secondary"].into_iter().map(|name| (name.to_owned(), provider)).collect();
    let wanted = Wanted { wasm, policy: &policy, unmatched: Some("primary"), ..Wanted::bare(&clusters) };
    match Process::start(&args.envoy, &wanted.apply(&shipped)?, &Settings { workers, ..Settings::default() })
        .await?
    {
        Launch::Ready(envoy) => Ok(envoy),
        Launch::Ended { log } => bail!("Envoy does not start:\n{log}"),
    }
}

async fn memory_per_vm(args: &EnvoyArgs, provider: SocketAddr) -> anyhow::Result<u64> {
    const MORE: u32 = 8;
    let mut per_worker = Vec::new();
    for wasm in [None, Some(args.wasm.as_path())] {
        let one = memory(start(args, wasm, provider, 1).await?.pid())?;
        let many = memory(start(args, wasm, provider, 1 + MORE).await?.pid())?;
        per_worker.push(many.saturating_sub(one) / u64::from(MORE));
    }
    let [bare, seawall] = per_worker.as_slice() else { bail!("two Envoys were measured") };
    Ok(seawall.saturating_sub(*bare))
}

async fn measure(envoy: &Process, size: usize, args: &EnvoyArgs) -> anyhow::Result<Sample> {
    let before = cpu_time(envoy.pid())?;
    let load = load::run(envoy.listener(), size, args.connections, Duration::from_secs(args.seconds)).await?;
    let used = cpu_time(envoy.pid())?.saturating_sub(before);
    Ok(sample(&load, used))
}

fn sample(load: &Load, used: Duration) -> Sample {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    Sample {
        per_second: load.per_second(),
        cpu_us: micros(used) / load.latencies.len().max(1) as f64,
        busy: used.as_secs_f64() / load.elapsed.as_secs_f64(),
        p50_us: micros(load.percentile(0.50)),
        p99_us: micros(load.percentile(0.99)),
    }
}

/// CPU time of all threads of a process: the first number of each `schedstat` (proc_pid_schedstat(5)), in nanoseconds.
fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}

/// Resident memory of a process in bytes.
pub(crate) fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

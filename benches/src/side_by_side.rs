//! Envoy without Seawall, with its downstream half alone, and with both halves under the same load, in turns, so that whatever
//! else the machine does hits all of them.
//!
//! The Envoys have one worker each and share the first core; client and provider share the second. Only one Envoy has work at
//! any time, and neither core sleeps meanwhile. CPU time is what the kernel says of all of a process's threads, in nanoseconds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use seawall_policy::render;
use seawall_test_host::bundle::bundle;
use seawall_test_host::envoy::{Launch, Process, Settings, Wanted};
use tokio::process::{Child, Command};

use crate::load::{self, Kind, Load};
use crate::{EnvoyArgs, stub};

const WARM_UP: Duration = Duration::from_secs(1);

/// One measurement. What is counted is answers, or events of streams.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// Envoy's CPU time for each.
    pub(crate) cpu_us: f64,
    /// Share of the core that Envoy used: well below 1 means that it was not the bottleneck.
    pub(crate) busy: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// What stands between client and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    Bare,
    OneHalf,
    BothHalves,
}

impl Setup {
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::OneHalf, Self::BothHalves];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::OneHalf => "one half",
            Self::BothHalves => "both halves",
        }
    }
}

/// Samples of one kind of load: those of each setup in the order they were taken.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) samples: [Vec<Sample>; 3],
}

#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
    /// Resident memory of each setup after all load, in bytes.
    pub(crate) memory: [u64; 3],
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
        let answer = args.answer.as_ref().map(std::fs::read_to_string).transpose()?;
        let provider = stub::start(answer.as_deref().unwrap_or(stub::ANSWER)).await?;
        tokio::spawn(stay_awake());
        // A child inherits the core of the thread that starts it.
        ensure!(core_affinity::set_for_current(*first), "cannot choose a core");
        let _awake = keep_awake()?;
        let mut envoys = Vec::new();
        for setup in Setup::ALL {
            envoys.push(start(args, setup, provider, args.workers).await?);
        }
        ensure!(core_affinity::set_for_current(*second), "cannot choose a core");
        let mut rows = Vec::new();
        let streams = (!args.without_streams).then_some(Kind::Stream);
        let kinds = args.sizes.iter().flat_map(|&size| {
            let conversations = [Kind::Growing { size }, Kind::New { size }];
            let kinds = if args.conversations { conversations.to_vec() } else { vec![Kind::Whole { size }] };
            kinds.into_iter()
        });
        for kind in kinds.chain(streams) {
            let mut row = Row { kind, samples: [const { Vec::new() }; 3] };
            for envoy in &envoys {
                load::run(envoy.listener(), kind, args.connections, WARM_UP).await?;
            }
            let (rounds, time) = turns(kind, args);
            for round in 1..=rounds {
                for ((envoy, samples), setup) in envoys.iter().zip(&mut row.samples).zip(Setup::ALL) {
                    let sample = measure(envoy, kind, (args.connections, time)).await?;
                    println!(
                        "{kind}, round {round}: {:<11} {:>7.0}/s, {:>6.1} us of CPU each",
                        setup.name(),
                        sample.per_second,
                        sample.cpu_us
                    );
                    samples.push(sample);
                }
            }
            rows.push(row);
        }
        let mut resident = [0; 3];
        for (envoy, resident) in envoys.iter().zip(&mut resident) {
            *resident = memory(envoy.pid())?;
        }
        Ok(Results {
            rows,
            memory: resident,
            memory_per_vm: memory_per_vm(args, provider).await?,
            module_bytes: std::fs::metadata(&args.parts.wasm)?.len(),
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

/// Keeps the core that this thread is on from sleeping, for as long as the child lives. Between two events of a stream Envoy has
/// nothing to do, and what a core takes to wake up and to find its caches again would be counted as the next event's cost. It
/// runs only while nobody else wants the core (`SCHED_IDLE`, sched(7)).
fn keep_awake() -> anyhow::Result<Child> {
    let mut spin = Command::new("chrt");
    spin.args(["--idle", "0", "sh", "-c", "while :; do :; done"]).kill_on_drop(true);
    spin.spawn().context("chrt, which util-linux has, does not start")
}

async fn start(
    args: &EnvoyArgs,
    setup: Setup,
    provider: SocketAddr,
    workers: u32,
) -> anyhow::Result<Process> {
    let parts = &args.parts;
    let shipped = std::fs::read_to_string(&parts.config)?;
    let policy = std::fs::read_to_string(&args.policy)?;
    let beside = args.policy.parent().unwrap_or(Path::new("."));
    let bundled = bundle(&policy, beside).map_err(|found| anyhow!(render("policy", &policy, &found)))?;
    let clusters: BTreeMap<_, _> =
        ["primary", "secondary"].into_iter().map(|name| (name.to_owned(), provider)).collect();
    let wanted = Wanted {
        wasm: (setup != Setup::Bare).then_some(&parts.wasm),
        upstream_half: setup == Setup::BothHalves,
        policy: &bundled.text,
        unmatched: Some("primary"),
        ..Wanted::bare(&clusters)
    };
    match Process::start(&parts.envoy, &wanted.apply(&shipped)?, &Settings { workers, ..Settings::default() })
        .await?
    {
        Launch::Ready(envoy) => Ok(envoy),
        Launch::Ended { log } => bail!("Envoy does not start:\n{log}"),
    }
}

async fn memory_per_vm(args: &EnvoyArgs, provider: SocketAddr) -> anyhow::Result<u64> {
    const MORE: u32 = 8;
    let mut per_worker = Vec::new();
    for setup in [Setup::Bare, Setup::BothHalves] {
        let one = memory(start(args, setup, provider, 1).await?.pid())?;
        let many = memory(start(args, setup, provider, 1 + MORE).await?.pid())?;
        per_worker.push(many.saturating_sub(one) / u64::from(MORE));
    }
    let [bare, seawall] = per_worker.as_slice() else { bail!("two setups were measured") };
    Ok(seawall.saturating_sub(*bare))
}

/// How often a kind of load is measured, and for how long each time. What is added to an event is less than what one stretch of
/// seconds differs from the next by, so streams take many short turns; by default 288 thousand events of each setup.
fn turns(kind: Kind, args: &EnvoyArgs) -> (u64, Duration) {
    const AS_MUCH: u64 = 3;
    let (rounds, time) = (u64::from(args.rounds), Duration::from_secs(args.seconds));
    match kind {
        Kind::Stream => (AS_MUCH * rounds * args.seconds, Duration::from_secs(1)),
        Kind::Whole { .. } | Kind::Growing { .. } | Kind::New { .. } => (rounds, time),
    }
}

async fn measure(
    envoy: &Process,
    kind: Kind,
    (connections, time): (usize, Duration),
) -> anyhow::Result<Sample> {
    let before = cpu_time(envoy.pid())?;
    let load = load::run(envoy.listener(), kind, connections, time).await?;
    let used = cpu_time(envoy.pid())?.saturating_sub(before);
    Ok(sample(&load, used, kind))
}

fn sample(load: &Load, used: Duration, kind: Kind) -> Sample {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let units = load.latencies.len().max(1) as f64 * kind.units();
    Sample {
        per_second: units / load.elapsed.as_secs_f64(),
        cpu_us: micros(used) / units,
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

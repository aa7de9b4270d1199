//! Full load with every fault for minutes: nothing is lost, the counts of both ends agree, memory stays flat.

mod faults;
mod load;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{interval, sleep};

use self::faults::Health;
use self::load::Counts;
use crate::side_by_side::memory;
use crate::world::{self, World};

/// A fault lasts no longer; then the next one comes.
const CHANGE: Duration = Duration::from_secs(1);
/// Exchanges whose client has left end a little later than their client.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    world: world::Args,
    /// The policy.
    #[arg(long, default_value = "benches/soak.seawall")]
    policy: PathBuf,
    /// How long, in minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Connections that send one request after the other.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Leave out the filter's upstream half: later attempts are dispatched.
    #[arg(long)]
    one_half: bool,
    /// Of the faults; the same seed brings the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// One second.
#[derive(Clone, Copy, Debug)]
struct Second {
    /// Answers that came in it, and those of them that were errors.
    answers: u64,
    errors: u64,
    /// Resident memory of Envoy, in bytes.
    memory: u64,
}

/// What both ends counted.
#[derive(Debug)]
struct Run {
    seconds: Vec<Second>,
    counts: Arc<Counts>,
    /// The filter's `answers.<reason>` and `attempts.<target>.<outcome>`.
    answers: BTreeMap<String, u64>,
    attempts: BTreeMap<String, u64>,
    /// Requests that both providers saw.
    seen: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let run = runtime.block_on(observe(args))?;
    report::write(&run, args)
}

async fn observe(args: &Args) -> anyhow::Result<Run> {
    let policy = std::fs::read_to_string(&args.policy)?;
    let world = World::start_with(&args.world, &policy, !args.one_half).await?;
    let end = Instant::now() + Duration::from_secs_f64(args.minutes * 60.0);
    let counts = Arc::<Counts>::default();
    let load = load::start(world.envoy.listener(), args.connections, end, &counts);
    let misbehaviour =
        [(&world.primary, Health::Poor), (&world.secondary, Health::Fair)].map(|(of, health)| {
            let seed = if health == Health::Poor { args.seed } else { !args.seed };
            tokio::spawn(faults::go_on(of.clone(), health, seed, CHANGE))
        });
    let mut clock = interval(Duration::from_secs(1));
    clock.tick().await;
    let (mut seconds, mut before) = (Vec::new(), (0, 0));
    while Instant::now() < end {
        clock.tick().await;
        let errors = counts.all(|kind| &kind.errors);
        let now = (counts.all(|kind| &kind.whole) + errors, errors);
        let second = Second {
            answers: now.0 - before.0,
            errors: now.1 - before.1,
            memory: memory(world.envoy.pid())?,
        };
        before = now;
        seconds.push(second);
        if seconds.len() % 10 == 0 {
            tell(seconds.len(), second);
        }
    }
    for task in &misbehaviour {
        task.abort();
    }
    load.join_all().await;
    sleep(SETTLE).await;
    let (answers, attempts) = (world.counted("answers.").await?, world.counted("attempts.").await?);
    let seen = world.primary.count() + world.secondary.count();
    Ok(Run { seconds, counts, answers, attempts, seen })
}

fn tell(second: usize, Second { answers, errors, memory }: Second) {
    let mib = memory as f64 / (1024.0 * 1024.0);
    eprintln!(
        "{:>2}:{:02}  {answers:>6} answers/s, {errors:>4} errors/s, {mib:.1} MiB",
        second / 60,
        second % 60
    );
}

//! An outage of the primary provider under steady traffic: what callers notice of it, and what the provider does.

mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use seawall_provider::{Behaviour, Fault, Plan, Provider, Times};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::client::{Client, Got, question};
use crate::world::{self, World};

/// 0 is closed, 1 half-open, 2 open.
const BREAKER: &str = "wasmcustom.seawall.breaker.primary.state";
const OPEN: u64 = 2;
const LOOK: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    world: world::Args,
    /// The policy.
    #[arg(long, default_value = "benches/outage.seawall")]
    policy: PathBuf,
    /// How long the primary is out, in seconds: a third answers 503, a third refuses connections, a third is silent.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Time before the outage, in seconds.
    #[arg(long, default_value_t = 10)]
    before: u64,
    /// Time after it, in seconds: the primary must be used again by then.
    #[arg(long, default_value_t = 30)]
    after: u64,
    /// Requests a second.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// What a caller saw.
#[derive(Debug)]
struct Answered {
    /// Since the start.
    sent: Duration,
    took: Duration,
    /// The target that answered, or what went wrong.
    by: Result<String, String>,
}

/// One run: the outage lasts from `from` to `to`, times since the start.
#[derive(Debug)]
struct Run {
    answers: Vec<Answered>,
    /// When the primary saw a request.
    at_primary: Vec<Duration>,
    from: Duration,
    to: Duration,
    end: Duration,
    /// When the primary's breaker opened for the first time, by its metric.
    opened: Option<Duration>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let seen = runtime.block_on(observe(args))?;
    report::write(&seen, args)
}

async fn observe(args: &Args) -> anyhow::Result<Run> {
    ensure!(args.rate > 0, "--rate must be at least 1");
    let policy = std::fs::read_to_string(&args.policy)?;
    let world = World::start(&args.world, &policy).await?;
    let start = Instant::now();
    let seconds = Duration::from_secs;
    let (from, to) = (seconds(args.before), seconds(args.before + args.seconds));
    let end = to + seconds(args.after);
    eprintln!(
        "{} requests a second for {} s; the primary is out from 0:{:02} for {} s",
        args.rate,
        end.as_secs(),
        args.before,
        args.seconds
    );
    let traffic = tokio::spawn(traffic(world.envoy.listener(), args.rate, start, end));
    sleep(from.saturating_sub(start.elapsed())).await;
    let third = (to - from) / 3;
    let opened = async {
        while start.elapsed() < to {
            if world.envoy.stat(BREAKER).await.ok().flatten() == Some(OPEN) {
                return Some(start.elapsed());
            }
            sleep(LOOK).await;
        }
        None
    };
    let (broken, opened) = tokio::join!(go_out(&world.primary, start, from, third), opened);
    broken?;
    world.primary.set_plan(Plan::default()).await?;
    let answers = traffic.await?;
    let at_primary = world.at_primary();
    let at_primary = at_primary.into_iter().map(|(time, _)| time.saturating_duration_since(start)).collect();
    eprint!("{}", world.envoy.log_text());
    Ok(Run { answers, at_primary, from, to, end, opened })
}

/// Takes the provider through all stages of an outage.
async fn go_out(provider: &Provider, start: Instant, from: Duration, stage: Duration) -> anyhow::Result<()> {
    for (number, plan) in outage().into_iter().enumerate() {
        provider.set_plan(plan).await?;
        let until = from + stage * u32::try_from(number + 1)?;
        sleep(until.saturating_sub(start.elapsed())).await;
    }
    Ok(())
}

/// What an outage looks like, from its beginning to its end.
fn outage() -> [Plan; 3] {
    let forever = |behaviour| Plan::Script(vec![Behaviour { times: Times::Forever, ..behaviour }]);
    [
        forever(Behaviour { status: Some(503), ..Behaviour::default() }),
        Plan::Refused,
        forever(Behaviour { fault: Some(Fault::Hang), ..Behaviour::default() }),
    ]
}

/// Requests at a fixed rate, however long their answers take; every other one for a stream.
async fn traffic(to: std::net::SocketAddr, rate: u32, start: Instant, end: Duration) -> Vec<Answered> {
    let idle: Arc<Mutex<Vec<Client>>> = Arc::default();
    let mut clock = interval(Duration::from_secs(1) / rate);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    let mut streams = false;
    while start.elapsed() < end {
        clock.tick().await;
        asked.spawn(ask(to, Arc::clone(&idle), start, streams));
        streams = !streams;
    }
    asked.join_all().await
}

async fn ask(
    to: std::net::SocketAddr,
    idle: Arc<Mutex<Vec<Client>>>,
    start: Instant,
    streams: bool,
) -> Answered {
    let sent = start.elapsed();
    let kept = idle.lock().await.pop();
    let answer = async {
        let mut client = match kept {
            Some(client) => client,
            None => Client::connect(to).await?,
        };
        let got = client.ask(&question(streams)).await?;
        idle.lock().await.push(client);
        anyhow::Ok(got)
    };
    let by = match answer.await {
        Ok(got) if got.is_whole() => Ok(got.header("x-seawall-target").unwrap_or("nobody").to_owned()),
        Ok(got) => Err(told(&got)),
        Err(error) => Err(error.to_string()),
    };
    Answered { sent, took: start.elapsed().saturating_sub(sent), by }
}

/// An error in a few words: the filter's reason, or what Envoy says without it.
fn told(got: &Got) -> String {
    let body = String::from_utf8_lossy(&got.body);
    let reason = got.header("x-seawall-reason").unwrap_or(&body);
    format!("{} {}", got.status, reason.chars().take(200).collect::<String>())
}

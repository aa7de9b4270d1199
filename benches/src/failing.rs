//! How fast a failure is told when there is nobody to ask, and how soon after a failing answer the next attempt leaves. One
//! request at a time: this is about latency, not load.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use seawall_provider::{Behaviour, Plan, Times};

use crate::client::{Client, question};
use crate::world::{self, World};

/// Once the target has failed, nothing may be sent.
const SHUT: &str = r#"
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
breaker shut { trip 1 errors in a row  open 1h }
route chat { match path "/v1/chat/completions"  try primary  breaker shut }
"#;

/// One attempt here, one there, and no jitter to be subtracted.
const THEN: &str = r#"
seawall 1
target primary   { cluster "primary"    provider openai  host "primary.test" }
target secondary { cluster "secondary"  provider openai  host "secondary.test" }
retry once { attempts 2  backoff no_jitter 1ms .. 1ms }
route chat { match path "/v1/chat/completions"  try primary  then secondary  retry once }
"#;

const WARM_UP: usize = 200;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    world: world::Args,
    /// Requests of each kind.
    #[arg(long, default_value_t = 3_000)]
    requests: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let rows = runtime.block_on(async {
        anyhow::Ok([
            ("an answer without any attempt: the breaker is open", shut(args).await?),
            ("from the failing answer to the next attempt, both halves", then(args, true).await?),
            ("the same with dispatched attempts only", then(args, false).await?),
        ])
    })?;
    let mut text =
        format!("{} requests, one at a time.\n\n| | p50 | p99 | most |\n|---|---|---|---|\n", args.requests);
    for (what, mut times) in rows {
        times.sort_unstable();
        let at = |share: f64| times.get((times.len().saturating_sub(1) as f64 * share) as usize).copied();
        let ms = |time: Option<Duration>| format!("{:.2} ms", time.unwrap_or_default().as_secs_f64() * 1e3);
        text += &format!("| {what} | {} | {} | {} |\n", ms(at(0.5)), ms(at(0.99)), ms(at(1.0)));
    }
    println!("\n{text}");
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("failing.md"), text)?;
    Ok(())
}

/// The time of each answer.
async fn shut(args: &Args) -> anyhow::Result<Vec<Duration>> {
    let world = World::start(&args.world, SHUT).await?;
    let down = Behaviour { status: Some(503), times: Times::Forever, ..Behaviour::default() };
    world.primary.set_plan(Plan::Script(vec![down])).await?;
    let mut client = Client::connect(world.envoy.listener()).await?;
    let got = client.ask(&question(false)).await?;
    ensure!(got.status == 503 && world.primary.count() == 1, "{} at the first request", got.status);
    let mut times = Vec::new();
    for number in 0..args.requests + WARM_UP {
        let sent = Instant::now();
        let got = client.ask(&question(false)).await?;
        ensure!(got.header("x-seawall-reason") == Some("breaker_open"), "{} instead of an error", got.status);
        if number >= WARM_UP {
            times.push(sent.elapsed());
        }
    }
    ensure!(world.primary.count() == 1, "something was sent through an open breaker");
    Ok(times)
}

/// From when the primary begins to answer to when the secondary has the next attempt: the way there and back is in it.
async fn then(args: &Args, upstream_half: bool) -> anyhow::Result<Vec<Duration>> {
    let world = World::start_with(&args.world, THEN, upstream_half).await?;
    let down = Behaviour { status: Some(503), times: Times::Forever, ..Behaviour::default() };
    world.primary.set_plan(Plan::Script(vec![down])).await?;
    let mut client = Client::connect(world.envoy.listener()).await?;
    for _ in 0..args.requests + WARM_UP {
        let got = client.ask(&question(false)).await?;
        ensure!(got.is_whole(), "{} instead of an answer", got.status);
    }
    let (first, second) = (world.at_primary(), world.at_secondary());
    ensure!(first.len() == second.len(), "not every request was tried twice");
    let times = first.iter().zip(&second).skip(WARM_UP);
    Ok(times.map(|((first, _), (second, _))| second.saturating_duration_since(*first)).collect())
}

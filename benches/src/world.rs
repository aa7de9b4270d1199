//! Two simulated providers and an Envoy with Seawall in front of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use seawall_provider::{Did, Plan, Provider};
use seawall_test_host::envoy::{Launch, Process, Settings, Wanted};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Where the parts are.
#[derive(clap::Args)]
pub(crate) struct Parts {
    /// The Envoy binary.
    #[arg(long)]
    pub(crate) envoy: PathBuf,
    /// The module.
    #[arg(long)]
    pub(crate) wasm: PathBuf,
    /// Envoy's configuration.
    #[arg(long, default_value = "envoy/envoy.yaml")]
    pub(crate) config: PathBuf,
}

/// Part of other arguments, which are called the same.
#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    parts: Parts,
    /// Envoy's workers.
    #[arg(long, default_value_t = 1)]
    workers: u32,
}

/// When a provider got a request, and what it did about it.
type Seen = Arc<Mutex<Vec<(Instant, Did)>>>;

/// Fields end in this order: nobody asks a provider that is gone.
pub(crate) struct World {
    pub(crate) envoy: Process,
    pub(crate) primary: Provider,
    pub(crate) secondary: Provider,
    at_primary: Seen,
    at_secondary: Seen,
}

impl World {
    pub(crate) async fn start(args: &Args, policy: &str) -> anyhow::Result<Self> {
        Self::start_with(args, policy, true).await
    }

    /// With or without the filter's upstream half.
    pub(crate) async fn start_with(args: &Args, policy: &str, upstream_half: bool) -> anyhow::Result<Self> {
        let parts = &args.parts;
        let (primary, at_primary) = provider("primary").await?;
        let (secondary, at_secondary) = provider("secondary").await?;
        let clusters: BTreeMap<_, _> = [&primary, &secondary]
            .map(|provider| (provider.name().to_owned(), provider.addr()))
            .into_iter()
            .collect();
        let shipped = std::fs::read_to_string(&parts.config)
            .with_context(|| format!("can't read {}", parts.config.display()))?;
        let wanted = Wanted {
            wasm: Some(&parts.wasm),
            policy,
            unmatched: Some("primary"),
            upstream_half,
            ..Wanted::bare(&clusters)
        };
        let settings = Settings { workers: args.workers, ..Settings::default() };
        match Process::start(&parts.envoy, &wanted.apply(&shipped)?, &settings).await? {
            Launch::Ready(envoy) => Ok(Self { envoy, primary, secondary, at_primary, at_secondary }),
            Launch::Ended { log } => bail!("Envoy does not start:\n{log}"),
        }
    }

    /// When the primary has seen a request, and what it did.
    pub(crate) fn at_primary(&self) -> Vec<(Instant, Did)> {
        all(&self.at_primary)
    }

    pub(crate) fn at_secondary(&self) -> Vec<(Instant, Did)> {
        all(&self.at_secondary)
    }

    /// The sum of the filter's counters below a name, e.g. `attempts.primary.`.
    pub(crate) async fn counted(&self, name: &str) -> anyhow::Result<BTreeMap<String, u64>> {
        let prefix = format!("wasmcustom.seawall.{name}");
        let stats = self.envoy.stats(&prefix).await?;
        let short = |(name, count): (String, u64)| Some((name.strip_prefix(&prefix)?.to_owned(), count));
        Ok(stats.into_iter().filter_map(short).collect())
    }
}

fn all(seen: &Seen) -> Vec<(Instant, Did)> {
    seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn provider(name: &str) -> anyhow::Result<(Provider, Seen)> {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let watch = move |what: &seawall_provider::Seen| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), what.did));
    };
    Ok((Provider::start_watched(name, ANY_PORT, Plan::default(), watch).await?, seen))
}

//! A scenario's world with a real Envoy in it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use seawall_provider::{Plan, Provider, RateLimitPlan, Sent};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::client::{Got, send};
use super::config::{Wanted, set_policy};
use super::process::{Launch, Process, Settings};
use super::rate_limits::RateLimitService;
use super::trapping::trapping;
use crate::driver::{Crowd, Driver, Meanwhile, Observed};
use crate::scenario::{AUTHORITY, Request, Scenario, UpstreamHalf};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// From the end of an answer to the line that says so: microseconds, but for a machine that is busy with other things.
const LONGEST_TELLING: Duration = Duration::from_secs(10);

/// From that line to those that the same callback logs after it.
const SETTLE: Duration = Duration::from_millis(10);

/// Envoy counts its timers in whole milliseconds from the start of an event loop's turn, so a wait may be shorter than asked
/// for by a little less than one, and a request may wait several times. A scenario's `at_least` is about what the filter asked
/// for.
const TIMERS_EARLY: Duration = Duration::from_millis(5);

/// A header of every answer that the filter has had to do with.
const OF_THE_FILTER: &str = "x-seawall-reason";

/// Until Envoy has noticed that a provider closed its connections.
const LONGEST_CLOSING: Duration = Duration::from_secs(10);

/// What Envoy says when it ends because the filter refused its policy. A filter that can't be loaded at all says the
/// same; scenarios ask for the policy's own words as well.
const REFUSED: &str = "Unable to create Wasm plugin";

/// Where the parts are.
#[derive(Clone, Debug)]
pub struct EnvoyOptions {
    /// The Envoy binary.
    pub envoy: PathBuf,
    /// The module.
    pub wasm: PathBuf,
    /// The configuration that is made concrete for each scenario.
    pub config: PathBuf,
}

/// What became of a scenario's Envoy.
#[derive(Debug)]
pub enum Started {
    Running(Box<EnvoyDriver>),
    /// The filter refused the policy, and Envoy refused to run.
    Refused {
        log: String,
    },
}

/// Fields end in this order: nobody asks a provider that is gone.
#[derive(Debug)]
pub struct EnvoyDriver {
    envoy: Process,
    /// As it was started with.
    config: Value,
    providers: BTreeMap<String, Provider>,
    services: BTreeMap<String, RateLimitService>,
    runtime: Runtime,
    /// The module that it runs, where that isn't the one under test.
    changed: Option<NamedTempFile>,
}

impl EnvoyDriver {
    /// Starts the scenario's providers and an Envoy in front of them.
    ///
    /// # Errors
    /// When a part is missing, or Envoy does not start for another reason than the policy.
    pub fn start(options: &EnvoyOptions, scenario: &Scenario) -> anyhow::Result<Started> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let shipped = fs::read_to_string(&options.config)
            .with_context(|| format!("can't read {}", options.config.display()))?;
        let mut providers = BTreeMap::new();
        for (name, plan) in &scenario.providers {
            let provider = runtime.block_on(Provider::start(name, ANY_PORT, plan.clone()))?;
            providers.insert(name.clone(), provider);
        }
        let mut services = BTreeMap::new();
        for (name, plan) in &scenario.rate_limit_services {
            let service = runtime.block_on(RateLimitService::start(ANY_PORT, plan.clone()))?;
            services.insert(name.clone(), service);
        }
        let of_services = services.iter().map(|(name, service)| (name.clone(), service.addr())).collect();
        let clusters = providers.iter().map(|(name, provider)| (name.clone(), provider.addr())).collect();
        let changed = scenario.traps_at_bytes.map(|bytes| changed(&options.wasm, bytes)).transpose()?;
        let env: Vec<_> = scenario.env.keys().map(String::as_str).collect();
        let config = Wanted {
            wasm: Some(changed.as_ref().map_or(&*options.wasm, NamedTempFile::path)),
            policy: &scenario.policy,
            env: &env,
            services: Some(&of_services),
            unmatched: scenario
                .unmatched
                .as_ref()
                .or_else(|| scenario.providers.keys().next())
                .map(String::as_str),
            metadata: &scenario.metadata,
            allow_on_headers_stop_iteration: scenario.allow_on_headers_stop_iteration,
            upstream_half: scenario.upstream_half == UpstreamHalf::Installed,
            lacks_upstream_half: Some(&scenario.lacks_upstream_half),
            max_requests: Some(&scenario.max_requests),
            ..Wanted::bare(&clusters)
        }
        .apply(&shipped)?;
        let settings = Settings {
            workers: scenario.workers,
            env: scenario.env.clone(),
            filter_log: "debug",
            is_replaceable: scenario.steps.iter().any(|step| step.install.is_some()),
        };
        let launch = Process::start(&options.envoy, &config, &settings);
        match runtime.block_on(launch)? {
            Launch::Ready(envoy) => {
                Ok(Started::Running(Box::new(Self { envoy, config, providers, services, runtime, changed })))
            }
            Launch::Ended { log } if log.contains(REFUSED) => Ok(Started::Refused { log }),
            Launch::Ended { log } => bail!("Envoy does not start:\n{log}"),
        }
    }

    /// Envoy's process: its log, its statistics, its addresses.
    #[must_use]
    pub fn envoy(&self) -> &Process {
        &self.envoy
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        self.providers.iter().map(|(name, provider)| (name.clone(), provider.count())).collect()
    }

    /// What the providers were asked since they had seen so many requests.
    fn sent_since(&self, before: &BTreeMap<String, u64>) -> BTreeMap<String, Vec<Sent>> {
        let sent = |(name, provider): (&String, &Provider)| {
            let before = before.get(name).copied().unwrap_or(0);
            let log = provider.log().into_iter().filter(|seen| seen.number > before);
            (name.clone(), log.map(|seen| seen.sent).collect())
        };
        self.providers.iter().map(sent).collect()
    }

    /// A connection that Envoy still takes for open would make the next attempt a reset rather than a refusal.
    async fn until_closed(&self, cluster: &str) -> anyhow::Result<()> {
        let open = format!("cluster.{cluster}.upstream_cx_active");
        let deadline = Instant::now() + LONGEST_CLOSING;
        while self.envoy.stat(&open).await?.unwrap_or(0) > 0 {
            if Instant::now() > deadline {
                bail!("Envoy still has connections to `{cluster}`, which refuses them");
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

impl Driver for EnvoyDriver {
    fn crowd_during(&mut self, request: &Request, meanwhile: Meanwhile<'_>) -> anyhow::Result<Crowd> {
        let (mark, before) = (self.envoy.log().mark(), self.counts());
        let to = self.envoy.listener();
        let mut tasks = Vec::new();
        for index in 0..request.concurrent {
            let (message, after) = (message(request, index)?, request.apart * index);
            let patience = request.disconnect_after;
            tasks.push(self.runtime.spawn(async move {
                sleep(after).await;
                let start = Instant::now();
                let got = send(to, message, patience).await;
                (got, start.elapsed() + TIMERS_EARLY)
            }));
        }
        if let Some(trap) = meanwhile.trap {
            self.trap(trap.worker, trap.steps)?;
        }
        let installed = match meanwhile.install {
            Some(install) => {
                std::thread::sleep(install.after);
                Some(self.install(&install.policy)?)
            }
            None => None,
        };
        let mut answers = Vec::new();
        for task in tasks {
            let (got, elapsed) = self.runtime.block_on(task)?;
            answers.push((got.context("Envoy takes no connection")?, elapsed));
        }
        // Envoy answers for a VM that has died, and nothing tells of that request.
        let tells = |got: &Got| got.headers.iter().any(|(name, _)| name == OF_THE_FILTER);
        let told = answers.iter().filter(|(got, _)| self.changed.is_none() || tells(got)).count();
        if !self.envoy.log().await_ends(mark, told, LONGEST_TELLING) {
            bail!("the filter's log tells no end of the request:\n{}", self.envoy.log_text());
        }
        std::thread::sleep(SETTLE);

        let upstream = self.counts().into_iter().map(|(name, count)| {
            let count = count - before.get(&name).copied().unwrap_or(0);
            (name, u32::try_from(count).unwrap_or(u32::MAX))
        });
        let upstream: BTreeMap<_, _> = upstream.collect();
        let saw = self.sent_since(&before);
        let taken = self.services.iter().map(|(name, service)| (name.clone(), service.take_asked()));
        let asked: BTreeMap<_, _> = taken.collect();
        let trace = self.envoy.log().decisions(mark);
        let observed = answers.into_iter().map(|(got, elapsed)| Observed {
            status: got.status,
            headers: got.headers,
            body: got.body,
            complete: got.complete,
            left: got.left,
            trace: trace.clone(),
            upstream: upstream.clone(),
            saw: saw.clone(),
            asked: asked.clone(),
            first_byte: got.first_byte.map(|time| time + TIMERS_EARLY),
            elapsed,
        });
        Ok(Crowd { observed: observed.collect(), installed })
    }

    fn install(&mut self, policy: &str) -> anyhow::Result<Option<String>> {
        let mark = self.envoy.log().mark();
        let mut config = self.config.clone();
        set_policy(&mut config, policy)?;
        if self.runtime.block_on(self.envoy.replace_listener(&config))? {
            self.config = config;
            return Ok(None);
        }
        std::thread::sleep(SETTLE);
        Ok(Some(self.envoy.log().text_since(mark)))
    }

    fn wait(&mut self, time: Duration) -> anyhow::Result<()> {
        std::thread::sleep(time);
        Ok(())
    }

    fn set_provider(&mut self, provider: &str, plan: Plan) -> anyhow::Result<()> {
        let known =
            self.providers.get(provider).with_context(|| format!("there is no provider `{provider}`"))?;
        let refused = plan == Plan::Refused;
        self.runtime.block_on(async {
            known.set_plan(plan).await?;
            if refused { self.until_closed(provider).await } else { Ok(()) }
        })
    }

    fn set_rate_limit_service(&mut self, service: &str, plan: RateLimitPlan) -> anyhow::Result<()> {
        let known = self.services.get(service);
        let known = known.with_context(|| format!("there is no rate limit service `{service}`"))?;
        self.runtime.block_on(async {
            known.set_plan(plan).await?;
            if known.is_refused() { self.until_closed(service).await } else { Ok(()) }
        })
    }

    fn trap(&mut self, _worker: u32, _steps: u64) -> anyhow::Result<()> {
        bail!("nothing makes a VM of Envoy's trap at a certain step")
    }
}

/// The module, made to trap.
fn changed(wasm: &Path, at_bytes: u32) -> anyhow::Result<NamedTempFile> {
    let module = fs::read(wasm).with_context(|| format!("can't read {}", wasm.display()))?;
    let file = NamedTempFile::new()?;
    fs::write(&file, trapping(&module, at_bytes)?)?;
    Ok(file)
}

fn message(request: &Request, index: u32) -> anyhow::Result<hyper::Request<Full<Bytes>>> {
    let wire = request.wire(index);
    let mut message = hyper::Request::builder().method(wire.method.as_str()).uri(&wire.path);
    message = message.header(hyper::header::HOST, AUTHORITY);
    for (name, value) in &wire.headers {
        message = message.header(name, value);
    }
    message.body(Full::new(Bytes::from(wire.body))).context("the request can't be sent")
}

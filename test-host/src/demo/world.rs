//! The demo's processes: two providers here, Envoy beside.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, bail};
use seawall_policy::Policy;
use seawall_provider::{Control, Plan, Provider};

use crate::envoy::{Launch, Process, Settings, Wanted};

/// Ports on the loopback address; 0 takes any free one.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub listener: u16,
    pub admin: u16,
    pub primary: u16,
    pub secondary: u16,
}

/// All of it, until dropped. Envoy ends first.
#[derive(Debug)]
pub struct World {
    pub envoy: Process,
    pub providers: Vec<(Provider, Control)>,
}

impl World {
    /// Starts everything. `misbehaviour` is the primary's; `services` are clusters of rate limit services.
    ///
    /// # Errors
    /// A port that is taken, a configuration that Envoy refuses.
    pub async fn start(
        ports: Ports,
        parts: (&Path, &Path, &Path),
        (policy, text): (&Policy, &str),
        misbehaviour: Plan,
        services: &BTreeMap<String, SocketAddr>,
    ) -> anyhow::Result<Self> {
        let (envoy, wasm, config) = parts;
        for (port, flag) in [(ports.listener, "--port"), (ports.admin, "--admin-port")] {
            is_free(port, flag)?;
        }
        let providers = vec![
            provider("primary", ports.primary, misbehaviour).await?,
            provider("secondary", ports.secondary, Plan::default()).await?,
        ];
        let clusters: BTreeMap<_, _> =
            providers.iter().map(|(provider, _)| (provider.name().to_owned(), provider.addr())).collect();
        let shipped =
            std::fs::read_to_string(config).with_context(|| format!("can't read {}", config.display()))?;
        let wanted = Wanted {
            wasm: Some(wasm),
            policy: text,
            env: &environment(policy),
            services: Some(services),
            unmatched: Some("primary"),
            listener_port: ports.listener,
            admin_port: ports.admin,
            ..Wanted::bare(&clusters)
        };
        match Process::start(envoy, &wanted.apply(&shipped)?, &Settings::default()).await? {
            Launch::Ready(envoy) => Ok(Self { envoy, providers }),
            Launch::Ended { log } => bail!("Envoy does not start:\n{log}"),
        }
    }
}

async fn provider(name: &str, port: u16, plan: Plan) -> anyhow::Result<(Provider, Control)> {
    is_free(port, &format!("--{name}-port"))?;
    let provider = Provider::start(name, loopback(port), plan).await?;
    let control = Control::start(provider.clone(), loopback(0)).await?;
    Ok((provider, control))
}

/// Names the flag to change when somebody else listens there.
fn is_free(port: u16, flag: &str) -> anyhow::Result<()> {
    let taken = || format!("port {port} can't be had; choose another one with {flag}, or 0 for any");
    TcpListener::bind(loopback(port)).with_context(taken)?;
    Ok(())
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The environment variables that a policy names.
fn environment(policy: &Policy) -> Vec<&str> {
    policy.credentials().map(|auth| auth.variable().name.as_str()).collect()
}

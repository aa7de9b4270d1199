//! `seawall up`: a real Envoy with a policy between two simulated providers, to try things out on.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use seawall_policy::{Diagnostic, Policy};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::Exit;
use crate::bundle::{bundle, directory};
use crate::demo::{self, Ports, World};

/// Starts Envoy with a policy and two simulated providers, and shows what the filter decides. Ctrl-C stops everything.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The module.
    #[arg(long)]
    wasm: PathBuf,
    /// The Envoy binary.
    #[arg(long)]
    envoy: PathBuf,
    /// Envoy's configuration.
    #[arg(long, default_value = "envoy/envoy.yaml")]
    config: PathBuf,
    /// The policy. Its targets lead to the clusters `primary` and `secondary`.
    #[arg(long, default_value = "envoy/demo.seawall")]
    policy: PathBuf,
    /// Where clients connect; 0 takes any free port, here and below.
    #[arg(long, default_value_t = 10_000)]
    port: u16,
    /// Envoy's admin.
    #[arg(long, default_value_t = 9901)]
    admin_port: u16,
    /// The provider that misbehaves.
    #[arg(long, default_value_t = 8001)]
    primary_port: u16,
    /// The provider that does not.
    #[arg(long, default_value_t = 8002)]
    secondary_port: u16,
    /// Requests a second that are sent by themselves; 0 for none.
    #[arg(long, default_value_t = 2)]
    traffic: u32,
    /// A rate limit service that listens there, and the name of the cluster that leads to it. May stand more than once.
    #[arg(long, value_name = "CLUSTER=ADDRESS", value_parser = service)]
    rate_limit_service: Vec<(String, SocketAddr)>,
    /// Print where everything is as one line of JSON, let both providers behave, send nothing.
    #[arg(long)]
    json: bool,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// A port that is taken, a missing part, an Envoy that ends.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let text = std::fs::read_to_string(&args.policy)
        .with_context(|| format!("can't read {}", args.policy.display()))?;
    let name = args.policy.display().to_string();
    let told = |found: &[Diagnostic]| eprint!("{}", seawall_policy::render(&name, &text, found));
    let checked = seawall_policy::check(&text);
    told(&checked.diagnostics);
    if checked.policy.is_none() {
        return Ok(Exit::Failed);
    }
    let bundled = match bundle(&text, directory(&args.policy)) {
        Ok(bundled) => bundled.text,
        Err(found) => {
            told(&found);
            return Ok(Exit::Failed);
        }
    };
    let Some(policy) = seawall_policy::check(&bundled).policy else { return Ok(Exit::Failed) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            result = serve(args, &policy, &bundled) => result,
            stop = told_to_stop() => stop,
        }
    })?;
    Ok(Exit::Ok)
}

/// Ctrl-C, or whoever started this is done with it. Ending in an orderly way ends Envoy as well.
async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => Ok(interrupt?),
        _ = terminate.recv() => Ok(()),
    }
}

async fn serve(args: &Args, policy: &Policy, text: &str) -> anyhow::Result<()> {
    let Args { port, admin_port, primary_port, secondary_port, .. } = *args;
    let ports = Ports { listener: port, admin: admin_port, primary: primary_port, secondary: secondary_port };
    let plan = if args.json { seawall_provider::Plan::default() } else { demo::misbehaviour() };
    let parts = (args.envoy.as_path(), args.wasm.as_path(), args.config.as_path());
    let services = args.rate_limit_service.iter().cloned().collect();
    let world = World::start(ports, parts, (policy, text), plan, &services).await?;
    if args.json {
        println!("{}", addresses(&world, policy));
        std::future::pending::<()>().await;
    }
    introduce(&world, policy, args);
    if args.traffic > 0 {
        tokio::spawn(demo::send_traffic(world.envoy.listener(), args.traffic));
    }
    demo::watch(&world).await
}

/// `ratelimit=127.0.0.1:8081`
fn service(text: &str) -> Result<(String, SocketAddr), String> {
    let (cluster, address) = text.split_once('=').ok_or("write CLUSTER=ADDRESS")?;
    let address = address.parse().map_err(|_| format!("`{address}` is no address such as 127.0.0.1:8081"))?;
    Ok((cluster.to_owned(), address))
}

fn addresses(world: &World, policy: &Policy) -> serde_json::Value {
    let controls = world
        .providers
        .iter()
        .map(|(provider, control)| (provider.name().to_owned(), json!(format!("http://{}", control.addr()))));
    json!({
        "base_url": format!("http://{}/v1", world.envoy.listener()),
        "admin": format!("http://{}", world.envoy.admin()),
        "control": controls.collect::<serde_json::Map<_, _>>(),
        "policy": policy.hash,
    })
}

fn introduce(world: &World, policy: &Policy, args: &Args) {
    let (to, admin) = (world.envoy.listener(), world.envoy.admin());
    println!(
        "\nSeawall is up: policy {} ({}) in Envoy on http://{to}, admin on http://{admin}",
        policy.hash,
        args.policy.display()
    );
    println!(
        "The primary provider misbehaves: 429s (throttled), 500s (server error), 503s (overloaded), and now and then"
    );
    println!("an outage long enough to open its breaker.\n");
    println!("Ask through Seawall; the x-seawall- headers of the answer say what it took:\n");
    println!("  curl -i http://{to}/v1/chat/completions -H 'content-type: application/json' \\");
    println!(
        "    -d '{{\"model\":\"gpt-4.1\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n"
    );
    println!("or with the OpenAI SDK (pip install openai):\n");
    println!(
        "  python3 -c 'from openai import OpenAI; print(OpenAI(base_url=\"http://{to}/v1\", api_key=\"any\").chat.completions.create(model=\"gpt-4.1\", messages=[{{\"role\":\"user\",\"content\":\"Hello\"}}]).choices[0].message.content)'\n"
    );
    println!(
        "Change what a provider does (a list of behaviours, `\"refused\"`, or `[]` for good answers only):\n"
    );
    for (provider, control) in &world.providers {
        let plan = r#"[{"status":503,"times":"forever"}]"#;
        println!("  curl -X PUT http://{}/plan -d '{plan}'    # {}", control.addr(), provider.name());
    }
    if args.traffic > 0 {
        println!(
            "\n{} requests a second are sent by themselves (--traffic 0 for none). Ctrl-C stops everything.",
            args.traffic
        );
    }
}

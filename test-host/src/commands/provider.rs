//! `seawall provider`: one simulated provider on real sockets, until Ctrl-C.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use seawall_provider::{Control, Plan, Provider};

/// A simulated provider: the APIs of OpenAI, Azure, Anthropic, Gemini and Bedrock, with errors and faults on request.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port to serve on; 0 takes any free one.
    #[arg(long, default_value_t = 8001)]
    port: u16,
    /// Address to serve on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Its name, as its answers say it.
    #[arg(long, default_value = "provider")]
    name: String,
    /// Port of the control API (GET /log, DELETE /log, PUT /plan, GET /healthz).
    #[arg(long)]
    control_port: Option<u16>,
    /// What it does, as YAML or JSON: `refused`, or a list such as `[{ status: 429, times: 2 }]`. Correct answers follow.
    #[arg(long, conflicts_with = "plan_file")]
    plan: Option<String>,
    /// The same, from a file.
    #[arg(long)]
    plan_file: Option<PathBuf>,
    /// Print no line for each request.
    #[arg(long)]
    quiet: bool,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// When the plan can't be read or a port can't be had.
pub fn run(args: Args) -> anyhow::Result<()> {
    let plan = plan(&args)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args, plan))
}

fn plan(args: &Args) -> anyhow::Result<Plan> {
    let text = match (&args.plan, &args.plan_file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => {
            std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?
        }
        (None, None) => return Ok(Plan::default()),
    };
    serde_saphyr::from_str(&text)
        .map_err(|error| anyhow!("the plan is not valid: {}", error.without_snippet()))
}

async fn serve(args: Args, plan: Plan) -> anyhow::Result<()> {
    let Args { port, listen, name, control_port, quiet, .. } = args;
    let named = name.clone();
    let watch = move |seen: &_| {
        if !quiet {
            print(format_args!("{named} {seen}"));
        }
    };
    let provider = Provider::start_watched(name.clone(), SocketAddr::new(listen, port), plan, watch)
        .await
        .with_context(|| format!("can't serve on {listen}:{port} (choose another port with --port)"))?;
    let control = match control_port {
        Some(port) => {
            Some(Control::start(provider.clone(), SocketAddr::new(listen, port)).await.with_context(
                || format!("can't serve on {listen}:{port} (choose another one with --control-port)"),
            )?)
        }
        None => None,
    };
    match &control {
        Some(control) => {
            print(format_args!("{name} serves on {}, control on {}", provider.addr(), control.addr()))
        }
        None => print(format_args!("{name} serves on {}", provider.addr())),
    }
    tokio::signal::ctrl_c().await?;
    provider.shutdown().await;
    Ok(())
}

/// `println!` panics when nobody reads any more, and a provider must outlive its reader.
fn print(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

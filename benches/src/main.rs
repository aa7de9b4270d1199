//! `cargo xtask bench envoy`: what Seawall costs, measured against the same Envoy without it; `cargo xtask bench language`:
//! what reading a policy costs; `cargo xtask bench limits`: what limits cost; `cargo xtask bench tokens`: what counting tokens costs; `cargo xtask bench estimates`: how near learned counts come; `cargo xtask bench schema`: what checking JSON costs; `cargo xtask bench output`: what rules for answers cost; `cargo xtask outage` and `cargo xtask soak`: what callers notice of failing providers.

mod client;
mod estimates;
mod failing;
mod guest;
mod language;
mod limits;
mod load;
mod outage;
mod output;
mod report;
mod schema;
mod side_by_side;
mod soak;
mod stub;
mod timeline;
mod tokens;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Envoy without Seawall, with one half and with both halves of it, alternating in one run, one worker on a core of its own.
    Envoy(EnvoyArgs),
    /// The policy language, natively and as a Wasm module.
    Language(language::Args),
    /// Limits, natively and as a Wasm module, with few and many tenants.
    Limits(limits::Args),
    /// Counting tokens, natively and as a Wasm module, beside tiktoken-rs.
    Tokens(tokens::Args),
    /// Estimates that are learned of other makers' models, held against these makers' vocabularies.
    Estimates(estimates::Args),
    /// Rules for answers, natively and as a Wasm module, for answers in one piece and live streams; what the module grows by.
    Output(output::Args),
    /// Checking answers against a JSON Schema, natively and as a Wasm module.
    Schema(schema::Args),
    /// How fast a failure is told, and how soon another attempt follows one.
    Failing(failing::Args),
    /// An outage of the primary provider under steady traffic.
    Outage(outage::Args),
    /// Full load with every fault.
    Soak(soak::Args),
}

#[derive(clap::Args)]
struct EnvoyArgs {
    #[command(flatten)]
    parts: world::Parts,
    /// The policy.
    #[arg(long, default_value = "benches/load.seawall")]
    policy: PathBuf,
    /// A file with the text of the provider's answers, where another than a short one is wanted.
    #[arg(long)]
    answer: Option<PathBuf>,
    /// Sizes of the request bodies in bytes.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 20_000, 200_000])]
    sizes: Vec<usize>,
    /// Requests of a conversation that grows, and such as were never seen before, in place of one that is always the same.
    #[arg(long)]
    conversations: bool,
    /// Envoy's workers, all of them on one core.
    #[arg(long, default_value_t = 1)]
    workers: u32,
    /// Leave out what an event of a stream costs.
    #[arg(long)]
    without_streams: bool,
    /// How often each setup is measured at each size.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Length of one measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Connections that send one request after the other.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Envoy(args) => report::write(&side_by_side::run(&args)?, &args),
        Command::Language(args) => language::run(&args),
        Command::Limits(args) => limits::run(&args),
        Command::Tokens(args) => tokens::run(&args),
        Command::Estimates(args) => estimates::run(&args),
        Command::Output(args) => output::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Failing(args) => failing::run(&args),
        Command::Outage(args) => outage::run(&args),
        Command::Soak(args) => soak::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_arguments_are_at_odds() {
        Cli::command().debug_assert();
    }
}

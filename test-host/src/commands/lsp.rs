//! `seawall lsp`: what editors start.

use anyhow::Context;
use lsp_server::Connection;

use super::Exit;
use crate::lsp;

/// Serves editors over the Language Server Protocol, on standard input and output.
///
/// Ends with 0 when the editor said `shutdown` before `exit`, otherwise with 1.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What some editors add; it is the only way.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves until the editor says `exit` or goes away.
///
/// # Errors
/// When what comes in isn't the protocol at all.
pub fn run(_args: &Args) -> anyhow::Result<Exit> {
    let (connection, threads) = Connection::stdio();
    let ended_well = lsp::serve(&connection);
    // The writer ends when nobody can send any more.
    drop(connection);
    threads.join().context("cannot go on with the editor")?;
    Ok(if ended_well { Exit::Ok } else { Exit::Failed })
}

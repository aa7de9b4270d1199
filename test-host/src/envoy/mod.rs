//! Scenarios against a real Envoy: its process with a concrete configuration, simulated providers on real sockets, the
//! decisions read from its log.
//!
//! What runs is the configuration that the repository ships, changed only where it must be: ports, the module's path, the
//! policy's text, the clusters. So every scenario tests that file as well.

mod client;
mod config;
mod driver;
mod log;
mod process;
mod rate_limits;
#[cfg(test)]
mod tests;
mod trapping;

pub use client::{Got, send};
pub use config::Wanted;
pub use driver::{EnvoyDriver, EnvoyOptions, Started};
pub use process::{Launch, Process, Settings};

//! The Seawall module: a thin layer between a proxy-wasm host and [`seawall_core`].
//!
//! Callbacks become events, effects become host calls; nothing here decides. One [`plugin::Plugin`] belongs to each root
//! context, so a new configuration starts a new engine while requests under the old one run to their end.
//!
//! The filter has two halves. The downstream half ([`http`]) stands before the router and is all that is needed. The
//! upstream half ([`upstream`]) may stand behind it, among the filters of the providers' clusters: it meets answers before
//! the router does, so that a failure can become another routed attempt.

mod abi;
mod answer;
mod bodies;
mod caller;
mod calls;
mod clusters;
mod halves;
mod host;
mod http;
mod metrics;
mod origin;
mod plugin;
mod root;
mod shared;
mod types;
mod upstream;

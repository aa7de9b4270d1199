//! A proxy-wasm host in virtual time: the real module in wasmtime, Envoy's manners around it, scripted providers behind.
//!
//! ```text
//!  Wire ─> stream ─> pipe ─> router ─> exchange ─> pipe ─> upstream      one World per scenario: clock, schedule, journal,
//!            ^         ^        |          |         ^          |        a VM for each worker, shared data for all of them
//!            |     downstream   └ redirect ┘      upstream      |
//!            |        half      (round again)       half        |
//!            └── local replies ────────┴───────── answers ──────┘
//! ```
//!
//! - [`SimDriver`] runs a scenario's steps in such a world.
//! - A callback runs to its end before anything it asked for is done, as in Envoy; time stands still meanwhile. Only a
//!   dispatched call enters the upstream half before the host call returns.
//! - The same module, scenario and seed give the same journal, byte for byte.

mod abi;
mod clock;
mod driver;
mod exchange;
mod exports;
mod grpc;
mod headers;
mod journal;
mod machine;
mod path;
mod pipe;
mod redirect;
mod reply;
mod rng;
mod router;
mod schedule;
mod shared;
mod state;
mod stream;
mod upstream;
mod vm;
mod wasi;
mod world;

pub use abi::LogLevel;
pub use clock::Clock;
pub use driver::{SimDriver, Started};
pub use headers::HeaderMap;
pub use journal::{Entry, Source};
pub use upstream::Received;
pub use vm::Module;

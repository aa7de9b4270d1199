//! Runs the real module offline. A [`sim`] host carries it in wasmtime, in virtual time, between scripted providers; a
//! [`scenario`] file says what is sent and what must be seen; a [`driver::Driver`] is what the two have in common with a
//! real [`envoy`], so that one file can be judged in both.
//!
//! ```
//! use std::path::Path;
//! use seawall_test_host::scenario::{self, Timing};
//! use seawall_test_host::sim::{Module, SimDriver, Started};
//!
//! // A filter that does nothing, in front of a provider that fails once.
//! let module = Module::compile(br#"(module (memory (export "memory") 1))"#)?;
//! let text = "
//! about: Nobody retries here.
//! policy: none
//! providers: { primary: [{ status: 503 }] }
//! steps:
//!   - request: {}
//!     expect: { status: 503 }
//!   - request: {}
//!     expect: { status: 200, upstream: { primary: 1 } }
//! ";
//! let loaded = scenario::parse(Path::new("example.yaml"), text)?;
//! let Started::Running(mut driver) = SimDriver::start(&module, &loaded.scenario)? else { panic!("refused") };
//! let outcome = scenario::run(driver.as_mut(), &loaded.scenario, Timing::Virtual)?;
//! assert_eq!(outcome.failures, []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bundle;
pub mod commands;
pub mod demo;
pub mod diagnostics;
pub mod driver;
pub mod envoy;
pub mod explain;
pub mod golden;
pub mod hints;
mod html;
mod junit;
pub mod lsp;
pub mod manual;
pub mod policy_tests;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod starter;
pub mod trace;

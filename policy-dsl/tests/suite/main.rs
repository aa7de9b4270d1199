//! The language seen from outside: what a text means, or what is said about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the lints exempt test functions but not their helpers"
)]

mod bless;
mod condition;
mod diagnostics;
mod explanations;
mod fixes;
mod fmt;
mod generate;
mod golden;
mod limits;
mod literate;
mod policy;
mod policy_tests;
mod properties;
mod reference;
mod references;
mod rendering;
mod whole;

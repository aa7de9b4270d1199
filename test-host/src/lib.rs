//! Runs the real module offline. A [`sim`] host carries it in wasmtime, in virtual time, between scripted providers; a
//! [`scenario`] file says what is sent and what must be seen; a [`driver::Driver`] is what the two have in common with a
//! real [`envoy`], so that one file can be judged in both.

pub mod commands;
pub mod driver;
pub mod envoy;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod trace;

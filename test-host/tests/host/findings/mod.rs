//! What `seawall check` and `seawall explain` say and do.
#![allow(clippy::string_slice, reason = "the lints exempt test functions but not their helpers")]

pub(crate) mod command;
mod formats;
mod repair;
mod sample;

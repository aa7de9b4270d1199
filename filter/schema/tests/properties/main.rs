//! What must hold for any schema and any document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops where something is wrong"
)]

mod agreement;
mod hostile;
mod refusals;
mod start;
mod truncation;
mod values;

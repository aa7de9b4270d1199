//! What must hold for any schema and any document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where something is wrong"
)]

mod agreement;
mod hostile;
mod refusals;
mod truncation;
mod values;

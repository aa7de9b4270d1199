#![doc = include_str!("../README.md")]

#[cfg(any(feature = "o200k", feature = "cl100k"))]
mod bpe;
mod chat;
mod counter;
mod encoding;
mod file;
pub mod image;
mod keyed;
mod kind;
mod learn;
mod memo;
#[cfg(any(test, not(all(feature = "o200k", feature = "cl100k"))))]
mod rough;

pub use chat::{Dialect, Message, Request, Unreadable};
pub use counter::{Budget, Counter};
pub use encoding::{Count, Encoding, LONGEST_PIECE};
pub use kind::{KINDS, Kind, Tally};
pub use learn::{Calibration, Estimate, Outputs, expected_output};
pub use memo::Memo;

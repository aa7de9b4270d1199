#![doc = include_str!("../README.md")]

#[cfg(any(feature = "o200k", feature = "cl100k"))]
mod bpe;
mod encoding;
#[cfg(not(all(feature = "o200k", feature = "cl100k")))]
mod rough;

pub use encoding::{Count, Encoding, LONGEST_PIECE};

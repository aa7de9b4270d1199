//! Writes the tables: one file of bytes each, which the crate takes in with `include_bytes!`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a build stops where it can't go on"
)]
#![allow(clippy::indexing_slicing, reason = "as above")]

#[cfg(any(feature = "o200k", feature = "cl100k"))]
mod classes;
#[cfg(any(feature = "o200k", feature = "cl100k"))]
mod vocabulary;

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/bpe/hash.rs");
    #[cfg(feature = "o200k")]
    vocabulary::write("o200k", &tiktoken_rs::o200k_base().expect("tiktoken-rs has it"), 199_998);
    #[cfg(feature = "cl100k")]
    vocabulary::write("cl100k", &tiktoken_rs::cl100k_base().expect("tiktoken-rs has it"), 100_256);
    #[cfg(any(feature = "o200k", feature = "cl100k"))]
    classes::write();
}

#[cfg(any(feature = "o200k", feature = "cl100k"))]
fn put(name: &str, bytes: &[u8]) {
    let directory = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(std::path::Path::new(&directory).join(name), bytes).expect("can't write a table");
}

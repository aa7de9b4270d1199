//! Writes the table of Unicode's general categories: runs of characters of one category, in the order of code points.
#![allow(clippy::expect_used, clippy::panic, reason = "a build stops where it can't go on")]
#![allow(clippy::indexing_slicing, reason = "as above")]

use regex_syntax::hir::{Class, HirKind};

#[path = "../src/regex/categories.rs"]
mod categories;

use categories::{CATEGORIES, UNASSIGNED};

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/regex/categories.rs");
    let mut of = vec![UNASSIGNED; 0x11_0000];
    for (number, (short, _)) in CATEGORIES.iter().enumerate() {
        // A surrogate is no character, so nothing is in Cs; and Cn is what is in no other.
        if matches!(*short, "Cs" | "Cn") {
            continue;
        }
        let parsed = regex_syntax::parse(&format!(r"\p{{{short}}}")).expect("a category");
        let mut put_in = |first: char, last: char| {
            for character in first..=last {
                of[character as usize] = u8::try_from(number).expect("there are thirty");
            }
        };
        match parsed.kind() {
            HirKind::Class(Class::Unicode(ranges)) => {
                ranges.iter().for_each(|range| put_in(range.start(), range.end()));
            }
            // A category of one character.
            HirKind::Literal(text) => {
                let text = std::str::from_utf8(&text.0).expect("a character");
                text.chars().for_each(|character| put_in(character, character));
            }
            _ => panic!("a class of characters"),
        }
    }
    let mut runs = Vec::new();
    for run in of.chunk_by(|a, b| a == b) {
        put(&mut runs, run[0], run.len());
    }
    let directory = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(std::path::Path::new(&directory).join("categories.bin"), runs)
        .expect("can't write the table");
}

/// Five bits of category and three of length; where these don't suffice they are 0 and the length follows, seven bits a byte,
/// the lowest first.
fn put(runs: &mut Vec<u8>, category: u8, length: usize) {
    if length < 8 {
        runs.push(category << 3 | u8::try_from(length).expect("it is small"));
        return;
    }
    runs.push(category << 3);
    let mut rest = length;
    while rest >= 0x80 {
        runs.push(u8::try_from(rest & 0x7F).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    runs.push(u8::try_from(rest).expect("seven bits"));
}

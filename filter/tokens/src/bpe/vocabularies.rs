//! The vocabularies' tables, as the build script has written them.

use super::table::Vocabulary;

macro_rules! vocabulary {
    ($feature:literal, $name:ident, $split:path) => {
        pub(crate) struct $name;

        const _: () = {
            macro_rules! table {
                ($file:literal) => {
                    include_bytes!(concat!(env!("OUT_DIR"), "/", $feature, "-", $file, ".bin"))
                };
            }

            impl Vocabulary for $name {
                #[inline(always)]
                fn texts() -> &'static [u8] {
                    static TEXTS: &[u8] = table!("texts");
                    TEXTS
                }

                #[inline(always)]
                fn displacements() -> &'static [u8] {
                    static DISPLACEMENTS: &[u8] = table!("displacements");
                    DISPLACEMENTS
                }

                #[inline(always)]
                fn slots() -> &'static [u8] {
                    static SLOTS: &[u8] = table!("slots");
                    SLOTS
                }

                #[inline(always)]
                fn pairs() -> &'static [u8] {
                    static PAIRS: &[u8] = table!("pairs");
                    PAIRS
                }

                #[inline(always)]
                fn characters() -> &'static [u8] {
                    static CHARACTERS: &[u8] = table!("characters");
                    CHARACTERS
                }

                #[inline(always)]
                fn seam_rows() -> &'static [u8; 256] {
                    static ROWS: &[u8; 256] = table!("seam-rows");
                    ROWS
                }

                #[inline(always)]
                fn seam_columns() -> &'static [u8; 256] {
                    static COLUMNS: &[u8; 256] = table!("seam-columns");
                    COLUMNS
                }

                #[inline(always)]
                fn seams() -> &'static [u8] {
                    static SEAMS: &[u8] = table!("seams");
                    SEAMS
                }

                #[inline(always)]
                fn split(bytes: &[u8], at: usize) -> usize {
                    $split(bytes, at)
                }
            }
        };
    };
}

#[cfg(feature = "o200k")]
vocabulary!("o200k", O200k, super::split::o200k);
#[cfg(feature = "cl100k")]
vocabulary!("cl100k", Cl100k, super::split::cl100k);

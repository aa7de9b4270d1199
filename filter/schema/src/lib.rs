#![doc = include_str!("../README.md")]

mod check;
mod compile;
mod dialect;
mod format;
mod json;
mod number;
mod program;
pub mod regex;
mod repair;
mod sort;
mod uri;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

pub use check::Violation;
pub use compile::{Options, Refusal, SCHEMA_LIMITS};
pub use dialect::Dialect;
pub use json::{Document, Limits, Start, Unreadable};
use program::Program;
use regex::{Budget, Cache};
pub use repair::{Changes, Repaired, repair};

/// Violations that are told at most.
pub const MOST_VIOLATIONS: usize = 16;

/// A schema that was compiled.
#[derive(Debug)]
pub struct Schema {
    program: Program,
    /// Tells schemas apart: its number in this process. Texts could be made to share a hash.
    mark: u64,
}

/// What checking keeps from one document to the next: patterns' states that were found, so that they need not be again. It belongs to the schema
/// that it was last used for, and is emptied for another.
#[derive(Debug, Default)]
pub struct Scratch {
    caches: Vec<Cache>,
    /// Of the schema that these belong to; 0 of none.
    mark: u64,
}

impl Scratch {
    /// The caches for this schema: new ones if they were another's.
    fn of(&mut self, schema: &Schema) -> &mut Vec<Cache> {
        if self.mark != schema.mark {
            *self = Self { caches: Vec::new(), mark: schema.mark };
        }
        &mut self.caches
    }
}

/// Why a document wasn't found valid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It isn't JSON, or not all of it.
    Unreadable(Unreadable),
    /// It doesn't fit: the first [`MOST_VIOLATIONS`] reasons.
    Invalid(Vec<Violation>),
    /// Whether it fits would take more work than the budget.
    TooMuchWork,
    /// Whether it fits would take schemas applied too deep within each other.
    TooDeep,
}

/// What a document may need at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    pub document: Limits,
    pub budget: Budget,
}

impl Default for Bounds {
    /// A MiB of document, 100 deep, of 100,000 nodes; some 50 ms of work.
    fn default() -> Self {
        Self { document: Limits { bytes: 1 << 20, depth: 100, nodes: 100_000 }, budget: Budget(5_000_000) }
    }
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// When it can't be honoured: what it says wrong or what isn't supported, with the place.
    pub fn compile(text: &str, options: &Options<'_>) -> Result<Self, Refusal> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let program = compile::compile(text, options)?;
        Ok(Self { program, mark: LAST.fetch_add(1, Ordering::Relaxed) + 1 })
    }

    /// Bytes of memory that its patterns take, about.
    #[must_use]
    pub fn pattern_memory(&self) -> usize {
        self.program.pattern_memory
    }

    /// Bytes of memory that all of it takes, about.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.program.memory()
    }

    /// Whether this text is JSON that fits.
    ///
    /// # Errors
    /// When it doesn't, or when that isn't known within the bounds.
    pub fn check(&self, text: &str, bounds: &Bounds, scratch: &mut Scratch) -> Result<(), Fault> {
        let document = Document::read(text, bounds.document).map_err(Fault::Unreadable)?;
        let mut budget = bounds.budget;
        self.check_document(&document, &mut budget, scratch)
    }

    /// As [`Schema::check`], for JSON that was read. What it takes is taken from the budget.
    ///
    /// # Errors
    /// When it doesn't fit, or when that isn't known within the budget.
    pub fn check_document(
        &self,
        document: &Document<'_>,
        budget: &mut Budget,
        scratch: &mut Scratch,
    ) -> Result<(), Fault> {
        match check::run(&self.program, document, scratch.of(self), budget, MOST_VIOLATIONS) {
            Ok(violations) if violations.is_empty() => Ok(()),
            Ok(violations) => Err(Fault::Invalid(violations)),
            Err(check::Stop::Exhausted) => Err(Fault::TooMuchWork),
            Err(check::Stop::TooDeep | check::Stop::Cut) => Err(Fault::TooDeep),
        }
    }

    /// Whether no text that begins so fits, whatever follows. `false` where that isn't known: only some keywords tell it of arrays and objects
    /// before their end, and none of strings and numbers.
    pub fn rules_out(&self, start: &Start<'_>, budget: &mut Budget, scratch: &mut Scratch) -> bool {
        let caches = scratch.of(self);
        check::holds(&self.program, &start.document, caches, budget, None) == Ok(false)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => why.fmt(to),
            Self::Invalid(violations) => {
                for (at, violation) in violations.iter().enumerate() {
                    write!(to, "{}{violation}", if at == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
            Self::TooMuchWork => to.write_str("checking it takes too much work"),
            Self::TooDeep => to.write_str("schemas apply too deep within each other"),
        }
    }
}

impl std::error::Error for Fault {}

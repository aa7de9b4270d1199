//! Branch hints: which way a module's branches go when it does its usual work.
//!
//! A proxy's worker runs the filter's code once per request, between the proxy's own and the kernel's, so what it costs is
//! mostly fetching that code. An engine that knows the unlikely branches lays their code apart, and less of it has to be
//! fetched. V8 reads them from the custom section of the [branch hinting proposal]; engines that don't know it skip it.
//!
//! They are counted, not guessed: [`counting`] gives a module a pair of counters for each branch, scenarios are played on it, and
//! [`with_hints`] writes what was found into the module as it was.
//!
//! [branch hinting proposal]: https://github.com/WebAssembly/branch-hinting

mod branches;
mod count;
#[cfg(test)]
mod tests;

use std::ops::Range;

use anyhow::Context as _;
use wasm_encoder::{BranchHint, BranchHints, Module, RawSection};
use wasmparser::{Parser, Payload};

pub use self::count::{Counting, counting};

/// The custom section of hints.
const SECTION: &str = "metadata.code.branch_hint";

/// How many of a hundred times a branch goes the other way at most, to be given a hint.
const RARELY: u64 = 5;

/// How often a branch was taken, and how often not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    pub taken: u64,
    pub passed: u64,
}

impl Branch {
    /// Where it nearly always goes; `None` of one that goes either way or was never met.
    fn hint(self) -> Option<bool> {
        let all = self.taken.saturating_add(self.passed);
        let rarely = |times: u64| times.saturating_mul(100) <= all.saturating_mul(RARELY);
        match (rarely(self.taken), rarely(self.passed)) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        }
    }
}

/// What a module was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// Branches that the module has, those of them that were met, and those that have a hint now.
    pub branches: usize,
    pub met: usize,
    pub hinted: usize,
}

/// The module with hints for its branches, in the order that [`counting`] counts them in; hints that it had are replaced.
///
/// # Errors
/// When these bytes are no module, or the counts are not its own.
pub fn with_hints(module: &[u8], counts: &[Branch]) -> anyhow::Result<(Vec<u8>, Given)> {
    let functions = branches::functions(module)?;
    let mut given = Given {
        branches: counts.len(),
        met: counts.iter().filter(|count| **count != Branch::default()).count(),
        hinted: 0,
    };
    let mut counts = counts.iter();
    let mut hints = BranchHints::new();
    for function in functions {
        let counted: Vec<_> =
            function.branches.iter().map_while(|offset| Some((*offset, counts.next()?))).collect();
        anyhow::ensure!(counted.len() == function.branches.len(), "these are another module's counts");
        let of_function = counted.into_iter().filter_map(|(branch_func_offset, count)| {
            Some(BranchHint { branch_func_offset, branch_hint_value: count.hint()?.into() })
        });
        let of_function: Vec<_> = of_function.collect();
        given.hinted += of_function.len();
        if !of_function.is_empty() {
            hints.function_hints(function.index, of_function);
        }
    }
    anyhow::ensure!(counts.next().is_none(), "these are another module's counts");
    let mut result = Module::new();
    for section in Parser::new(0).parse_all(module) {
        let section = section?;
        if is_hints(&section) {
            continue;
        }
        if matches!(section, Payload::CodeSectionStart { .. }) {
            result.section(&hints);
        }
        copy(&mut result, module, &section)?;
    }
    Ok((result.finish(), given))
}

fn is_hints(section: &Payload<'_>) -> bool {
    matches!(section, Payload::CustomSection(custom) if custom.name() == SECTION)
}

/// Adds a section as it is; what is no section of its own goes with the one that it is in.
pub(crate) fn copy(to: &mut Module, module: &[u8], section: &Payload<'_>) -> anyhow::Result<()> {
    if let Some((id, range)) = section.as_section() {
        to.section(&RawSection { id, data: bytes(module, range)? });
    }
    Ok(())
}

pub(crate) fn bytes(module: &[u8], range: Range<usize>) -> anyhow::Result<&[u8]> {
    module.get(range).context("a module ends before its sections")
}

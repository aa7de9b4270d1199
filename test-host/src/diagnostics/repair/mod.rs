//! `seawall check --fix`: makes the fixes that are certain.
//!
//! A fix may uncover another one, or lie too near to it to be made at once, so the text is checked and fixed again until
//! nothing is left to do. A fix after which there would be more errors than before isn't made: then what was certain for
//! one finding wasn't for the whole.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use seawall_policy::{Checked, Code, Diagnostic, Fix, LineIndex, Mask, Position, Severity, apply, check};

/// More rounds than any policy needs that a person wrote.
const ROUNDS: usize = 32;

/// A policy with all fixes made in it.
#[derive(Clone, Debug)]
pub struct Repaired {
    pub text: String,
    pub checked: Checked,
    /// In the order in which they were made.
    pub made: Vec<Made>,
}

/// One fix that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub code: Code,
    /// Where, in the text as it was before this fix and those made with it.
    pub place: Position,
    pub title: String,
}

/// The text without what can be repaired in it.
#[must_use]
pub fn repair(source: &str) -> Repaired {
    repair_by(source, &check)
}

/// With another judge, so that the tests can say what leads to what.
fn repair_by(source: &str, check: &dyn Fn(&str) -> Checked) -> Repaired {
    let mut repaired = Repaired { text: source.to_owned(), checked: check(source), made: Vec::new() };
    // Two fixes that undo each other would otherwise go on for ever.
    let mut seen = HashSet::from([source.to_owned()]);
    for _ in 0..ROUNDS {
        let Some((text, checked, made)) = round(&repaired, check) else { break };
        if !seen.insert(text.clone()) {
            break;
        }
        repaired.made.extend(made);
        (repaired.text, repaired.checked) = (text, checked);
    }
    repaired
}

/// All fixes of one check, or those of them that lead to no more errors.
fn round(before: &Repaired, check: &dyn Fn(&str) -> Checked) -> Option<(String, Checked, Vec<Made>)> {
    let found: Vec<(&Diagnostic, &Fix)> =
        before.checked.diagnostics.iter().filter_map(|found| Some((found, found.fix.as_ref()?))).collect();
    let all: Vec<usize> = (0..found.len()).collect();
    let attempt = |chosen: &[usize]| {
        let chosen: Vec<_> = chosen.iter().filter_map(|index| found.get(*index)).collect();
        let fixed = apply(&before.text, &chosen.iter().map(|(_, fix)| *fix).collect::<Vec<_>>());
        let checked = check(&fixed.text);
        let made: Vec<_> = fixed.made.iter().filter_map(|index| chosen.get(*index).copied()).collect();
        (fixed.text, checked, made)
    };
    let mut best = attempt(&all);
    let repaired = best.2.iter().filter(|(found, _)| found.severity == Severity::Error).count();
    // Fewer are gone than were repaired: one of the fixes did harm, or uncovered what could not be seen before.
    if errors(&best.1) + repaired > errors(&before.checked) {
        let mut kept: Vec<usize> = Vec::new();
        let mut least = errors(&before.checked);
        for index in all {
            kept.push(index);
            match errors(&attempt(&kept).1) {
                errors if errors <= least => least = errors,
                _ => kept.truncate(kept.len() - 1),
            }
        }
        best = attempt(&kept);
    }
    let (text, checked, made) = best;
    if made.is_empty() {
        return None;
    }
    let (lines, mask) = (LineIndex::new(&before.text), Mask::new(&before.text, &before.checked.diagnostics));
    let made = made.into_iter().map(|(found, fix)| Made {
        code: found.code,
        place: lines.position(&before.text, found.span.start),
        title: mask.text(&fix.title),
    });
    Some((text, checked, made.collect()))
}

fn errors(checked: &Checked) -> usize {
    checked.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
}

/// Replaces what a file holds, all at once: a reader sees the old text or the new one, also when the power fails. The
/// permissions stay, and a link stays a link.
///
/// # Errors
/// When the file holds something else than `before`, or can't be written.
pub fn replace(path: &Path, before: &str, text: &str) -> anyhow::Result<()> {
    let unwritable = || format!("cannot write {}", path.display());
    let path = path.canonicalize().with_context(unwritable)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).with_context(unwritable)?;
    file.write_all(text.as_bytes()).with_context(unwritable)?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions()).with_context(unwritable)?;
    file.as_file().sync_all().with_context(unwritable)?;
    let now = fs::read(&path).with_context(unwritable)?;
    anyhow::ensure!(
        now == before.as_bytes(),
        "{} was changed by something else in the meantime",
        path.display()
    );
    file.persist(&path).with_context(unwritable)?;
    Ok(())
}

#[cfg(test)]
mod tests;

//! Conditions: `` when `model.startsWith("gpt-4") && turns < 20` ``, in a part of
//! [CEL](https://github.com/google/cel-spec), the expression language of Envoy and Kubernetes.
//!
//! Names are resolved and types checked when the policy is read, so that a wrong condition is an error there, and
//! evaluation has nothing left that could fail: it allocates nothing, and takes some hundredths of a microsecond.
//!
//! ```
//! use seawall_policy::condition;
//!
//! let mut findings = Vec::new();
//! let condition = condition::compile(r#"model.startsWith("gpt-4") && turns < 20"#, 0, &mut |found| findings.push(found));
//! assert!(condition.expect("no errors").needs_body());
//! assert!(findings.is_empty());
//!
//! let condition = condition::compile("modle == 'gpt-4'", 0, &mut |found| findings.push(found));
//! assert!(condition.is_none());
//! assert_eq!(findings[0].help.as_deref(), Some("did you mean `model`?"));
//! ```
//!
//! # What is read
//!
//! [`NAMES`], [`FUNCTIONS`] and [`OPERATORS`] tell it all; strings and numbers are written as in CEL.
//!
//! ```text
//! condition = or [ "?" or ":" condition ]
//! or        = and { "||" and }
//! and       = relation { "&&" relation }
//! relation  = sum { ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) sum }
//! sum       = product { ( "+" | "-" ) product }
//! product   = unary { ( "*" | "/" | "%" ) unary }
//! unary     = { "!" | "-" } member
//! member    = value { "." name [ "(" [ values ] ")" ] | "[" condition "]" }
//! value     = name [ "(" [ values ] ")" ] | string | int | "true" | "false" | "(" condition ")" | "[" [ values ] "]"
//! values    = condition { "," condition } [ "," ]
//! ```
//!
//! # What differs from CEL
//!
//! * A header that the request doesn't have reads as `""`; CEL would fail.
//! * Whole numbers end at the least and the greatest of 64 bits; CEL would fail. A divisor is written as a number.
//! * All values of a list are written out, and lists only stand behind `in`.
//! * Doubles, unsigned numbers, bytes, `null`, maps, macros, regular expressions, conversions and times are left out. They
//!   are refused by name.
//! * A condition is at most [`MAX_BYTES`] long and 32 expressions deep.

mod ast;
mod check;
mod constant;
mod eval;
mod explain;
mod lexer;
mod literal;
mod names;
mod parser;
mod program;
mod simplify;
mod slots;
mod source;
mod text;

use std::hash::{Hash, Hasher};

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

pub use check::Use;
pub use eval::Facts;
pub use explain::Outcome;
pub use names::{FUNCTIONS, FlagName, NAMES, Name, NumberName, OPERATORS, Slot, Stage, TextName, Type, Word};
use program::Test;
use source::{Report, Source};

/// Longer conditions are refused. One that people read is a hundred times shorter.
pub const MAX_BYTES: usize = 4096;

/// A condition without errors. Two are equal when their normal forms are: spaces, parentheses, quotes and the order of
/// values in a list make no difference.
#[derive(Clone, Debug)]
pub struct Condition {
    test: Test,
    uses: Vec<Use>,
    needs_body: bool,
}

/// Reads a condition that begins at byte `offset` of its policy. Errors and warnings go to `report`; there is a condition
/// when there is no error. Never panics, and takes a bounded time.
pub fn compile(source: &str, offset: u32, report: &mut dyn FnMut(Diagnostic)) -> Option<Condition> {
    compile_within(source, offset, &mut MOST_EFFORT.clone(), report)
}

/// How much the search for what is always the same may cost in all conditions of a policy, in comparisons of one
/// comparison with another: a tenth of a second. A policy that people read doesn't need a hundredth of it.
pub(crate) const MOST_EFFORT: usize = 3_000_000;

/// The same for one of many conditions, which have so much effort left together.
pub(crate) fn compile_within(
    source: &str,
    offset: u32,
    effort: &mut usize,
    report: &mut dyn FnMut(Diagnostic),
) -> Option<Condition> {
    let mut report = Report { source: Source { text: source, offset }, report, failed: false };
    if source.len() > MAX_BYTES {
        let span = report.source.span(0, source.len());
        let help = "use several routes, or `in` with a list instead of many comparisons";
        report.error(Code::ConditionTooLarge, span, &["a condition is longer than 4096 bytes"], "", &[help]);
        return None;
    }
    let tokens = lexer::lex(&mut report);
    let expr = parser::parse(&tokens, &mut report)?;
    let (test, uses) = check::check(&expr, &mut report);
    let test = test.filter(|_| !report.failed)?;
    constant::find(&test, &mut report, effort);
    let test = simplify::simplify(test);
    let needs_body = slots::needs_body(&test);
    Some(Condition { test, uses, needs_body })
}

impl Condition {
    /// Whether the request meets it.
    #[must_use]
    pub fn holds<F: Facts + ?Sized>(&self, facts: &F) -> bool {
        self.test.holds(facts)
    }

    /// Whether it can only be evaluated once the request's body is there.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// Every name as it is written, in the order of the text; the checker refuses those that are not
    /// [supported](Name::supported).
    #[must_use]
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// The headers that it may ask for, each once.
    #[must_use]
    pub fn headers(&self) -> Vec<&str> {
        let mut found = Vec::new();
        slots::slots(&self.test, &mut |slot, name| {
            if slot == Slot::Headers && !found.contains(&name) {
                found.push(name);
            }
        });
        found
    }

    /// Whether it may ask for the value of this.
    #[must_use]
    pub fn asks(&self, wanted: Slot) -> bool {
        let mut asks = false;
        slots::slots(&self.test, &mut |slot, _| asks |= slot == wanted);
        asks
    }

    /// Shows every name that `tier` is compared with, and where.
    pub(crate) fn tiers(&self, see: &mut dyn FnMut(&str, Span)) {
        slots::tiers(&self.test, see);
    }

    /// The value it always has, if it asks nothing of the request.
    #[must_use]
    pub fn constant(&self) -> Option<bool> {
        if let program::Form::Constant(value) = self.test.form { Some(value) } else { None }
    }

    /// Its normal form. Read again, it gives an equal condition.
    #[must_use]
    pub fn text(&self) -> String {
        text::test(&self.test)
    }

    /// Whether every request that meets this meets `other` too, as far as that can be seen: `true` is certain.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        constant::implies(&self.test, &other.test)
    }

    /// Whether every request that meets `condition`, or every request at all, meets one of `others`, as far as that can
    /// be seen within `effort`: `true` is certain.
    pub(crate) fn covered<'c>(
        condition: Option<&'c Self>,
        others: impl Iterator<Item = &'c Self>,
        effort: &mut usize,
    ) -> bool {
        constant::covered(condition.map(|condition| &condition.test), others.map(|other| &other.test), effort)
    }

    /// Whether no request meets both, as far as that can be seen: `true` is certain.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        constant::excludes(&self.test, &other.test)
    }

    /// What each comparison comes to for a request, in the order in which they are written.
    #[must_use]
    pub fn explain<F: Facts + ?Sized>(&self, facts: &F) -> Vec<Outcome> {
        explain::outcomes(&self.test, facts)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.test.hash(state);
    }
}

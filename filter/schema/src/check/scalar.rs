//! Numbers and strings.

use super::{Run, Verdict};
use crate::format;
use crate::json::{Kind, Value};
use crate::number::Decimal;
use crate::program::Check;

/// In draft 4 by how it is written, later by what it is worth.
pub(super) fn is_integer(written: &str, is_lexical: bool) -> bool {
    if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return true;
    }
    !is_lexical && Decimal::of(written).is_integer()
}

impl Run<'_> {
    pub(super) fn number(&mut self, check: &Check, value: Value<'_>) -> Verdict {
        if value.kind() != Kind::Number {
            return Ok(true);
        }
        self.budget.spend(value.written().len() / 8)?;
        let number = Decimal::of(value.written());
        Ok(match check {
            Check::Minimum(least) => number >= *least,
            Check::Maximum(most) => number <= *most,
            Check::ExclusiveMinimum(least) => number > *least,
            Check::ExclusiveMaximum(most) => number < *most,
            Check::MultipleOf(divisor) => {
                self.budget.spend(200)?;
                number.is_multiple_of(divisor)
            }
            _ => true,
        })
    }

    pub(super) fn text(&mut self, check: &Check, value: Value<'_>) -> Verdict {
        let Some(text) = value.text() else { return Ok(true) };
        self.budget.spend(text.len() / 16)?;
        Ok(match check {
            Check::MinLength(least) => has_at_least(text, *least as usize),
            Check::MaxLength(most) => !has_at_least(text, (*most as usize).saturating_add(1)),
            Check::Pattern(number) => return self.matches(*number, text),
            Check::Format(format) => format.holds(text),
            Check::Content { is_base64, is_json } => format::has_content(text, *is_base64, *is_json),
            _ => true,
        })
    }

    pub(super) fn matches(&mut self, number: u32, text: &str) -> Verdict {
        let pattern = self.program.patterns.get(number as usize);
        match (pattern, self.caches.get_mut(number as usize)) {
            (Some(pattern), Some(cache)) => Ok(pattern.is_match(text, cache, &mut self.budget)?),
            _ => Ok(false),
        }
    }
}

/// Characters are counted only if their number isn't clear from the bytes.
fn has_at_least(text: &str, characters: usize) -> bool {
    if text.len() < characters {
        return false;
    }
    text.len() / 4 >= characters || text.chars().count() >= characters
}

//! Arrays.

use super::seen::Seen;
use super::{Run, Verdict};
use crate::json::{Kind, Value, equal, hash, outside};
use crate::program::{Check, Id};
use crate::sort::sort;

impl Run<'_> {
    pub(super) fn array(&mut self, check: &Check, value: Value<'_>, seen: Option<&mut Seen>) -> Verdict {
        if value.kind() != Kind::Array {
            return Ok(true);
        }
        match check {
            Check::MinItems(least) => Ok(value.len() >= *least as usize),
            Check::MaxItems(most) => Ok(value.len() <= *most as usize),
            Check::UniqueItems => self.are_unique(value),
            Check::Contains { schema, least, most, evaluates } => {
                self.contains(*schema, *least, *most, value, seen.filter(|_| *evaluates))
            }
            _ => Ok(true),
        }
    }

    /// By sorted hashes, n log n: first those of what lies on the items' outside, which tells most apart; then, where these are the same, those of all
    /// of them; and where these are the same, too, item by item.
    fn are_unique(&mut self, array: Value<'_>) -> Verdict {
        self.budget.spend(array.len() * 8)?;
        let mut items = Vec::with_capacity(array.len());
        for item in array.items() {
            items.push((outside(item, &mut self.budget)?, item));
        }
        sort(&mut items, |(hash, _), (other, _)| hash.cmp(other));
        for same in items.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            if !self.differ(same)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn differ(&mut self, items: &mut [(u64, Value<'_>)]) -> Verdict {
        for (known, item) in items.iter_mut() {
            *known = hash(*item, &mut self.budget)?;
        }
        sort(items, |(hash, _), (other, _)| hash.cmp(other));
        for same in items.chunk_by(|a, b| a.0 == b.0) {
            for (at, (_, item)) in same.iter().enumerate() {
                for (_, other) in same.iter().skip(at + 1) {
                    if equal(*item, *other, &mut self.budget)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    fn contains(
        &mut self,
        schema: Id,
        least: u32,
        most: Option<u32>,
        array: Value<'_>,
        mut seen: Option<&mut Seen>,
    ) -> Verdict {
        let mut count = 0;
        for (at, item) in array.items().enumerate() {
            if self.happens_to_hold(schema, item, None)? {
                count += 1;
                if let Some(seen) = seen.as_deref_mut() {
                    seen.add(at);
                } else if most.is_none() && count >= least {
                    break;
                }
            }
        }
        Ok(count >= least && most.is_none_or(|most| count <= most))
    }

    pub(super) fn items(
        &mut self,
        prefix: &[Id],
        rest: Option<Id>,
        array: Value<'_>,
        seen: Option<&mut Seen>,
    ) -> Verdict {
        if array.kind() != Kind::Array {
            return Ok(true);
        }
        let mut holds = true;
        let schemas = prefix.iter().copied().map(Some).chain(std::iter::repeat(rest));
        for (item, schema) in array.items().zip(schemas) {
            let Some(schema) = schema else { break };
            holds &= self.holds(schema, item, None)?;
            if !holds && (!self.is_collecting() || self.is_full()) {
                return Ok(false);
            }
        }
        match seen {
            Some(seen) if rest.is_some() => seen.add_all(),
            Some(seen) => seen.add_first(prefix.len().min(array.len())),
            None => {}
        }
        Ok(holds)
    }

    pub(super) fn unevaluated_items(
        &mut self,
        left: Id,
        array: Value<'_>,
        seen: Option<&mut Seen>,
    ) -> Verdict {
        let Some(seen) = seen.filter(|_| array.kind() == Kind::Array) else { return Ok(true) };
        let mut holds = true;
        for (_, item) in array.items().enumerate().filter(|(at, _)| !seen.has(*at)) {
            holds &= self.holds(left, item, None)?;
            if !holds && !self.is_collecting() {
                break;
            }
        }
        seen.add_all();
        Ok(holds)
    }
}

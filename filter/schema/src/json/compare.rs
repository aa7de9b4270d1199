//! Values as JSON Schema compares them: numbers by what they are worth, objects whatever the order of their members.

use super::{Kind, Value};
use crate::number::Decimal;
use crate::regex::{Budget, Exhausted};
use crate::sort::sort;

/// Objects of up to so many members are searched rather than sorted.
const FEW: usize = 8;

/// Not keyed: who collides it gains nothing but the work of comparing, which is bounded.
fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

fn hash_text(text: &str, seed: u64) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash =
        words.iter().fold(mix(seed, text.len() as u64), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// Whether two texts are the same. Most are a few bytes long, and looked at in one or two words: without a call, as comparing slices takes.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(a_last), Some(b_last)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
        return word(a_last) == word(b_last) && words.into_iter().all(|(a, b)| word(a) == word(b));
    }
    match (a.first_chunk::<4>(), b.first_chunk::<4>(), a.last_chunk::<4>(), b.last_chunk::<4>()) {
        (Some(a), Some(b), Some(a_last), Some(b_last)) => {
            u32::from_le_bytes(*a) == u32::from_le_bytes(*b)
                && u32::from_le_bytes(*a_last) == u32::from_le_bytes(*b_last)
        }
        _ => a.iter().zip(b).all(|(a, b)| a == b),
    }
}

fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

/// Equal values have equal hashes. Depth is bounded by the documents'.
pub(crate) fn hash(value: Value<'_>, budget: &mut Budget) -> Result<u64, Exhausted> {
    Ok(match value.kind() {
        Kind::Null => 1,
        Kind::False => 2,
        Kind::True => 3,
        Kind::Number => {
            budget.spend(1 + value.written().len() / 16)?;
            Decimal::of(value.written()).hash(mix)
        }
        Kind::Text => {
            let text = value.text().unwrap_or("");
            budget.spend(1 + text.len() / 16)?;
            hash_text(text, 5)
        }
        Kind::Array => {
            budget.spend(1)?;
            value.items().try_fold(6, |all, item| Ok(mix(all, hash(item, budget)?)))?
        }
        Kind::Object => {
            budget.spend(1)?;
            value.members().try_fold(7_u64, |all, (name, value)| {
                let member = mix(hash_text(name.text().unwrap_or(""), 8), hash(value, budget)?);
                Ok(all.wrapping_add(mix(member, 9)))
            })?
        }
    })
}

/// A hash of what is quickly seen of a value: of an array or object, its length and the strings directly in it, of those their length and ends.
/// Equal values have equal ones.
pub(crate) fn outside(value: Value<'_>, budget: &mut Budget) -> Result<u64, Exhausted> {
    budget.spend(1 + value.len())?;
    let length = value.len() as u64;
    Ok(match value.kind() {
        Kind::Text => ends(value.text().unwrap_or("")),
        Kind::Array => {
            let texts = value.items().filter_map(Value::text);
            texts.fold(mix(6, length), |all, text| mix(all, ends(text)))
        }
        Kind::Object => {
            let texts = value.members().filter_map(|(_, value)| value.text());
            texts.fold(mix(7, length), |all, text| all.wrapping_add(ends(text)))
        }
        _ => return hash(value, budget),
    })
}

fn ends(text: &str) -> u64 {
    let bytes = text.as_bytes();
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => mix(mix(bytes.len() as u64, word(first)), word(last)),
        _ => hash_text(text, 5),
    }
}

pub(crate) fn equal(a: Value<'_>, b: Value<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
    budget.spend(1)?;
    if a.kind() != b.kind() || a.len() != b.len() {
        return Ok(false);
    }
    match a.kind() {
        Kind::Null | Kind::False | Kind::True => Ok(true),
        Kind::Number => {
            budget.spend(a.written().len() / 16)?;
            Ok(a.written() == b.written() || Decimal::of(a.written()) == Decimal::of(b.written()))
        }
        Kind::Text => {
            let (a, b) = (a.text().unwrap_or(""), b.text().unwrap_or(""));
            budget.spend(a.len() / 16)?;
            Ok(same(a.as_bytes(), b.as_bytes()))
        }
        Kind::Array => {
            for (a, b) in a.items().zip(b.items()) {
                if !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Kind::Object if a.len() <= FEW => {
            for (name, value) in a.members() {
                budget.spend(FEW)?;
                match b.get(name.text().unwrap_or("")) {
                    Some(other) if equal(value, other, budget)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        Kind::Object => {
            budget.spend(4 * a.len())?;
            let (a, b) = (sorted(a), sorted(b));
            for ((name, value), (other_name, other)) in a.into_iter().zip(b) {
                if name != other_name || !equal(value, other, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

fn sorted(object: Value<'_>) -> Vec<(&str, Value<'_>)> {
    let mut members: Vec<_> =
        object.members().map(|(name, value)| (name.text().unwrap_or(""), value)).collect();
    sort(&mut members, |(name, _), (other, _)| name.cmp(other));
    members
}

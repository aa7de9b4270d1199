//! Strings that spell the number or the boolean that the schema asks for.

use crate::check;
use crate::json::{Document, Kind, Limits, Value};
use crate::number::Decimal;
use crate::program::types;
use crate::regex::Budget;
use crate::sort::sort;
use crate::{Schema, Scratch};

/// The document with such strings replaced, or `None` if there are none. The one that the text broke off in may have been meant to spell more.
pub(super) fn coerce(
    schema: &Schema,
    document: &Document<'_>,
    cut: Option<u32>,
    budget: &mut Budget,
    scratch: &mut Scratch,
) -> Option<String> {
    let mut misfits = check::misfits(&schema.program, document, scratch.of(schema), budget);
    sort(&mut misfits, |one, other| one.cmp(other));
    // Branches ask for different types.
    misfits.dedup_by(|later, earlier| {
        let is_same = later.0 == earlier.0;
        earlier.1 |= if is_same { later.1 } else { 0 };
        is_same
    });
    let mut json = String::with_capacity(document.text().len());
    let mut copied = 0;
    for (at, mask) in misfits.into_iter().filter(|(at, _)| Some(*at) != cut) {
        let Some(value) = document.value(at) else { continue };
        let (Some(reading), Some(range)) = (reading(value, mask), value.range()) else { continue };
        json.push_str(document.text().get(copied..range.start)?);
        json.push_str(reading);
        copied = range.end;
    }
    json.push_str(document.text().get(copied..)?);
    (copied > 0).then_some(json)
}

/// The only value of the types asked for that the string can mean: no text is both a number and a boolean.
fn reading<'d>(value: Value<'d>, mask: u8) -> Option<&'d str> {
    let text = value.text()?;
    let limits = Limits { bytes: text.len(), depth: 0, nodes: 1 };
    let known = Document::read(text, limits).ok();
    match known.as_ref().and_then(Document::root).map(Value::kind) {
        Some(Kind::Number) => {
            let fits =
                mask & types::NUMBER != 0 || (mask & types::INTEGER != 0 && Decimal::of(text).is_integer());
            (fits && !text.starts_with([' ', '\n', '\t', '\r']) && !text.ends_with([' ', '\n', '\t', '\r']))
                .then_some(text)
        }
        Some(Kind::True) if mask & types::BOOLEAN != 0 => Some("true"),
        Some(Kind::False) if mask & types::BOOLEAN != 0 => Some("false"),
        None if mask & types::BOOLEAN != 0 && text == "True" => Some("true"),
        None if mask & types::BOOLEAN != 0 && text == "False" => Some("false"),
        _ => None,
    }
}

//! Gemini's `Schema`, which is a part of OpenAPI's, as JSON Schema.
//!
//! | Gemini | JSON Schema |
//! |---|---|
//! | `"type":"STRING"` | `"type":"string"` |
//! | `"nullable":true` | `null` is one of the types, of the values, of the alternatives |
//! | `"maxItems":"3"`: whole numbers may be texts (ProtoJSON, "int64") | `"maxItems":3` |
//! | `any_of`, `min_items`: each name in two spellings | `anyOf`, `minItems` |
//! | `enum` of anything but strings: its values are strings there, whatever the type | left out |
//! | `title`, `example`, `propertyOrdering`, and what isn't known | left out |
//!
//! Source: Gemini's `Schema`.

use super::scan::{Scanner, text_of};
use super::walk::{elements, members};

/// The same as JSON Schema. What can't be read is left as it is or out: the schema then asks for less. Nesting is that of a body that was
/// read: bounded.
pub(crate) fn json_schema(schema: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(schema.len());
    write_schema(schema, &mut written);
    written
}

fn write_schema(schema: &[u8], to: &mut Vec<u8>) {
    let [kind, nullable] = members(schema, [b"type", b"nullable"]);
    let is_nullable = nullable == Some(b"true");
    let is_string = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"\"string\""));
    write_members(schema, to, |key, value, to| {
        let name: &[u8] = match key {
            b"type" if value.eq_ignore_ascii_case(b"\"TYPE_UNSPECIFIED\"") => return None,
            b"type" => {
                let value = value.to_ascii_lowercase();
                let is_one = is_nullable && value.starts_with(b"\"");
                let parts: &[&[u8]] = if is_one { &[b"[", &value, b",\"null\"]"] } else { &[&value] };
                to.extend_from_slice(&parts.concat());
                b"type"
            }
            b"enum" if is_string => {
                write_list(value, to, |text, to| to.extend_from_slice(text), is_nullable.then_some(b"null"));
                b"enum"
            }
            b"properties" | b"$defs" | b"defs" => {
                write_members(value, to, |_, schema, to| {
                    write_schema(schema, to);
                    Some(None)
                });
                return Some(None);
            }
            b"items" => return nested(b"items", value, to),
            b"additionalProperties" | b"additional_properties" => {
                return nested(b"additionalProperties", value, to);
            }
            b"anyOf" | b"any_of" => {
                write_list(value, to, write_schema, is_nullable.then_some(br#"{"type":"null"}"#));
                b"anyOf"
            }
            b"prefixItems" | b"prefix_items" => {
                write_list(value, to, write_schema, None);
                b"prefixItems"
            }
            b"required" | b"pattern" | b"format" => {
                to.extend_from_slice(value);
                return Some(None);
            }
            b"$ref" | b"ref" => {
                to.extend_from_slice(value);
                b"$ref"
            }
            _ => {
                let (_, name) = NUMBERS.iter().find(|(snake, name)| key == *snake || key == *name)?;
                to.extend_from_slice(&number(value)?);
                name
            }
        };
        Some(Some(name))
    });
}

/// Bounds, in both spellings.
const NUMBERS: [(&[u8], &[u8]); 8] = [
    (b"min_items", b"minItems"),
    (b"max_items", b"maxItems"),
    (b"min_length", b"minLength"),
    (b"max_length", b"maxLength"),
    (b"min_properties", b"minProperties"),
    (b"max_properties", b"maxProperties"),
    (b"minimum", b"minimum"),
    (b"maximum", b"maximum"),
];

fn number(value: &[u8]) -> Option<Vec<u8>> {
    let text = text_of(value).map_or_else(|| value.to_vec(), |text| text.into_owned().into_bytes());
    let is_number = text.first().is_some_and(|byte| matches!(byte, b'-' | b'0'..=b'9'))
        && text.iter().all(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
    is_number.then_some(text)
}

/// A member's name, if it isn't the key as it stands.
type Name = Option<&'static [u8]>;

fn nested(name: &'static [u8], value: &[u8], to: &mut Vec<u8>) -> Option<Name> {
    write_schema(value, to);
    Some(Some(name))
}

/// Writes those members of an object of which `value` writes the value and tells the name.
fn write_members(
    object: &[u8],
    to: &mut Vec<u8>,
    mut value: impl FnMut(&[u8], &[u8], &mut Vec<u8>) -> Option<Name>,
) {
    let mut scan = Scanner::new(object, 0);
    if !scan.opens(b'{') {
        to.extend_from_slice(object);
        return;
    }
    to.push(b'{');
    let (mut is_first, mut separator, mut written) = (true, &b""[..], Vec::new());
    while let Ok(Some((place, found))) = scan.member(is_first) {
        is_first = false;
        written.clear();
        let Some(name) = value(&scan.key(place.clone()), scan.slice(found.range), &mut written) else {
            continue;
        };
        for part in [separator, b"\"", name.unwrap_or_else(|| scan.slice(place)), b"\":", &written] {
            to.extend_from_slice(part);
        }
        separator = b",";
    }
    to.push(b'}');
}

fn write_list(
    list: &[u8],
    to: &mut Vec<u8>,
    element: impl Fn(&[u8], &mut Vec<u8>),
    more: Option<&'static [u8]>,
) {
    to.push(b'[');
    let mut separator: &[u8] = b"";
    for value in elements(list) {
        to.extend_from_slice(separator);
        element(value, to);
        separator = b",";
    }
    if let Some(more) = more {
        to.extend_from_slice(separator);
        to.extend_from_slice(more);
    }
    to.push(b']');
}

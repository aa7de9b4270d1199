//! What stands in a policy in other languages: regular expressions and JSON Schemas. The filter makes them ready in the same
//! way, so what was checked is what it honours.

use std::ops::Range;

use seawall_schema::regex::{Budget, Cache, Pattern, PatternError, Problem};
use seawall_schema::{Options, Refusal, Schema};

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{LineIndex, Span};

/// In front of a pattern: case is ignored.
const IGNORES_CASE: &str = "(?i)";

/// A pattern as it stands between slashes.
///
/// # Errors
/// When it isn't one of ECMA-262, or can't be searched for in linear time. The place counts from the pattern's beginning.
pub fn pattern(text: &str) -> Result<Pattern, PatternError> {
    let Some(rest) = text.strip_prefix(IGNORES_CASE) else { return Pattern::new(text) };
    let shifted = |error: PatternError| PatternError { at: error.at + IGNORES_CASE.len(), ..error };
    Pattern::ignoring_case(rest).map_err(shifted)
}

/// The schema of an `output`.
///
/// # Errors
/// When it can't be honoured.
pub fn schema(text: &str) -> Result<Schema, Refusal> {
    Schema::compile(text, &Options { assert_formats: true, ..Options::default() })
}

/// Whether the pattern is found in whatever text. Such a one is found in the empty text, and in others that have nothing in common.
pub(crate) fn is_everywhere(text: &str) -> bool {
    let Ok(pattern) = pattern(text) else { return false };
    let mut budget = Budget(1_000_000);
    let mut cache = Cache::default();
    let mut is_found = |text| pattern.is_match(text, &mut cache, &mut budget) == Ok(true);
    ["", "\n", "a", "_ 7"].into_iter().all(&mut is_found)
}

/// What is wrong with a pattern that begins at this byte of the policy, if anything is.
pub(crate) fn pattern_finding(text: &str, start: usize) -> Option<Diagnostic> {
    let error = pattern(text).err()?;
    // What is only known at the end is wrong with all of it.
    let at = error.at.min(text.len());
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    let span = match next {
        Some(next) => Span::new(start + at, start + at + next.len_utf8()),
        None => Span::new(start, start + text.len()),
    };
    let message = ["the pattern can't be used: ", &error.problem.to_string()].concat();
    let found = Diagnostic::new(Code::InvalidPattern, span, message);
    let found = if next.is_some() { found.with_label("noticed here") } else { found };
    let help = match error.problem {
        Problem::Unclosed | Problem::Unopened => "a backslash makes it a sign like others: `\\(`, `\\[`",
        Problem::NothingToRepeat => "a backslash makes it a sign like others: `\\*`, `\\+`, `\\?`",
        Problem::CountsOutOfOrder | Problem::RangeOutOfOrder => "write the smaller one first",
        Problem::Escape => "a backslash stands before a sign, or in `\\b`, `\\d`, `\\s`, `\\w` and the like",
        Problem::Group => {
            "groups are `(…)` and `(?:…)`; `(?i)` stands at the beginning and holds for all of it"
        }
        Problem::LookAround => {
            "say what must be there with `require` and what must not with `deny`, in patterns of their own"
        }
        Problem::BackReference => "write out what may come again",
        Problem::Property => "write a category such as `\\p{L}` for letters, or a range",
        Problem::TooLarge => "at most 8 KiB, and counts such as `{1,1000}` make it larger; `*` and `+` don't",
    };
    Some(found.with_help(help))
}

/// Why a schema can't be honoured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// For people, with the JSON pointer of the culprit.
    pub reason: String,
    pub help: &'static str,
    /// Of the culprit, in bytes of the schema's text, if it can be told.
    pub place: Option<Range<usize>>,
}

/// Why the schema can't be honoured, if it can't.
#[must_use]
pub fn schema_fault(text: &str) -> Option<SchemaFault> {
    let refusal = schema(text).err()?;
    let place = refusal.place(text);
    let mut parts = refusal.pointer.rsplit('/');
    let (last, above) = (parts.next().unwrap_or(""), parts.next());
    let help = match (last, above) {
        _ if place.as_ref().is_some_and(|place| place.is_empty()) => {
            "JSON has names and strings in double quotes, no comments, and no comma behind the last member"
        }
        ("$ref" | "$dynamicRef" | "$recursiveRef", _) => {
            "write what it refers to into the schema, such as under `$defs`, and refer to it there: `#/$defs/name`"
        }
        ("pattern", _) | (_, Some("patternProperties")) => {
            "patterns have no look-around and no back-references"
        }
        ("$schema", _) => "leave it out for 2020-12",
        _ => {
            "the filter honours all of a schema or refuses it; `seawall explain SW0314` says what it can honour"
        }
    };
    let reason = match refusal.pointer.as_str() {
        "" => ["the schema can't be honoured: ", &refusal.reason].concat(),
        pointer => ["the schema can't be honoured at `", pointer, "`: ", &refusal.reason].concat(),
    };
    Some(SchemaFault { reason, help, place })
}

/// What is wrong with a schema that is written in place, if anything is. `token` is all of it, from `<<`.
pub(crate) fn schema_finding(source: &str, token: Span, text: &str) -> Option<Diagnostic> {
    let fault = schema_fault(text)?;
    let span = fault.place.and_then(|place| in_source(source, token, text, place));
    let head = token.text(source).lines().next().unwrap_or("").trim_end().len();
    let span = span.unwrap_or(Span::new(token.start as usize, token.start as usize + head));
    Some(Diagnostic::new(Code::InvalidSchema, span, fault.reason).with_help(fault.help))
}

/// Where in the policy a place in a text lies that was written in place and stripped of its indentation; its first line.
fn in_source(source: &str, token: Span, text: &str, place: Range<usize>) -> Option<Span> {
    let line = text.get(..place.start)?.matches('\n').count();
    let line_start = text.get(..place.start)?.rfind('\n').map_or(0, |end| end + 1);
    let stripped = text.get(line_start..)?.split('\n').next()?;
    // The line with the tag comes first.
    let mut start = token.start as usize;
    let mut lines = token.text(source).split('\n');
    for before in lines.by_ref().take(line + 1) {
        start += before.len() + 1;
    }
    let written = lines.next()?.trim_end_matches('\r');
    let indent = written.len().checked_sub(stripped.len())?;
    let from = start + indent + (place.start - line_start);
    let to = (start + indent + (place.end - line_start)).min(start + written.len());
    Some(Span::new(from, to.max(from)))
}

/// `answer.schema.json:3:15`: for a message about a file.
#[must_use]
pub fn place_in_file(name: &str, text: &str, place: Option<&Range<usize>>) -> String {
    let Some(place) = place else { return name.to_owned() };
    let at = LineIndex::new(text).position(text, u32::try_from(place.start).unwrap_or(u32::MAX));
    [name, ":", &at.line.to_string(), ":", &at.column.to_string()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_stripped_text_is_found_in_the_policy() {
        let source = "schema <<JSON\r\n    {\r\n\r\n      \"type\": \"ö\"\r\n    }\r\n    JSON";
        let text = "{\n\n  \"type\": \"ö\"\n}";
        assert_eq!(crate::parser::dedent("    {\r\n\r\n      \"type\": \"ö\"\r\n    }"), text);
        let place = schema(text).unwrap_err().place(text);
        let token = Span::new("schema ".len(), source.len());
        let found = in_source(source, token, text, place.unwrap()).unwrap();
        assert_eq!(found.text(source), "\"ö\"");
    }

    #[test]
    fn case_is_ignored_where_the_pattern_begins_with_that_wish() {
        let found = |pattern_: &str, text: &str| {
            let mut budget = seawall_schema::regex::Budget(1_000_000);
            pattern(pattern_).unwrap().is_match(text, &mut Default::default(), &mut budget).unwrap()
        };
        assert!(found("(?i)as an ai", "As an AI model") && !found("as an ai", "As an AI model"));
        assert_eq!(pattern("(?i)a(?=b)").unwrap_err().at, pattern("a(?=b)").unwrap_err().at + 4);
    }
}

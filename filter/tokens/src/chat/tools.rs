//! Tools as OpenAI's models read them: the schemas rendered as TypeScript, in a namespace.
//!
//! The form is not documented; models tell it when asked, and counts with it are those of the API
//! (hmarr.com/blog/counting-openai-tokens, whose cases are in the tests).

use std::fmt::Write as _;

use serde_json::Value;

/// What is around all tools together.
pub(super) const FRAME: u64 = 9;

/// What of it a system message takes off: the tools go into that message.
pub(super) const IN_SYSTEM: u32 = 4;

/// The text, and whether it stands for all of the tools: some are the maker's own, and nobody knows their text.
pub(super) fn rendered(tools: &[Value]) -> (String, bool) {
    let mut text = String::from("namespace functions {\n\n");
    let mut is_whole = true;
    for tool in tools {
        // Chat completions wrap what Responses and the older `functions` have plain.
        let function = tool.get("function").unwrap_or(tool);
        let Some(name) = function.get("name").and_then(Value::as_str) else {
            is_whole = false;
            continue;
        };
        describe(&mut text, function);
        let parameters = function.get("parameters").unwrap_or(&Value::Null);
        if has_properties(parameters) {
            let _ = writeln!(text, "type {name} = (_: {{");
            properties(&mut text, parameters, 0);
            text.push_str("}) => any;\n\n");
        } else {
            let _ = write!(text, "type {name} = () => any;\n\n");
        }
    }
    text.push_str("} // namespace functions");
    (text, is_whole)
}

fn describe(text: &mut String, of: &Value) {
    if let Some(description) = of.get("description").and_then(Value::as_str) {
        let _ = writeln!(text, "// {description}");
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
}

/// The schema's depth is bounded by that of the JSON that was read.
fn properties(text: &mut String, schema: &Value, indent: usize) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in properties {
        if property.get("description").is_some() {
            pad(text, indent);
            describe(text, property);
        }
        let is_required =
            required.is_some_and(|required| required.iter().any(|other| other.as_str() == Some(name)));
        pad(text, indent);
        let _ = write!(text, "{name}{}: ", if is_required { "" } else { "?" });
        kind(text, property, indent);
        text.push_str(",\n");
    }
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn kind(text: &mut String, schema: &Value, indent: usize) {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        for (nth, choice) in choices.iter().enumerate() {
            let _ = write!(text, "{}{choice}", if nth > 0 { " | " } else { "" });
        }
        return;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => text.push_str("number"),
        Some(plain @ ("string" | "boolean" | "null")) => text.push_str(plain),
        Some("object") if has_properties(schema) => {
            text.push_str("{\n");
            properties(text, schema, indent + 2);
            pad(text, indent);
            text.push('}');
        }
        Some("object") => text.push_str("object"),
        Some("array") => {
            match schema.get("items") {
                Some(items) => kind(text, items, indent),
                None => text.push_str("any"),
            }
            text.push_str("[]");
        }
        _ => text.push_str("any"),
    }
}

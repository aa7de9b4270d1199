//! Tools as OpenAI's models read them: the schemas rendered as TypeScript, in a namespace.
//!
//! The form is not documented; models tell it when asked, and counts with it are those of the API
//! (hmarr.com/blog/counting-openai-tokens, whose cases are in the tests).

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use serde_json::Value;

/// What is around all tools together.
pub(super) const FRAME: u64 = 9;

/// What of it a system message takes off: the tools go into that message.
pub(super) const IN_SYSTEM: u32 = 4;

/// Most work of rendering a request's tools, in bytes that are read of names or written. Indentation makes the text of nested schemas many
/// times as long as their JSON.
pub(super) const MOST_WORK: usize = 256 * 1_024;

/// The text, and whether it stands for all of the tools: some are the maker's own, and nobody knows their text. `None` if it
/// takes more work than is `left`.
pub(super) fn rendered(tools: &[Value], left: &mut usize) -> Option<(String, bool)> {
    let mut text = Text { written: String::new(), left };
    let is_whole = text.tools(tools).ok()?;
    Some((text.written, is_whole))
}

struct Text<'l> {
    written: String,
    /// Work that may still be done.
    left: &'l mut usize,
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.work(text.len())?;
        self.written.push_str(text);
        Ok(())
    }
}

impl Text<'_> {
    fn work(&mut self, bytes: usize) -> fmt::Result {
        let left = self.left.checked_sub(bytes);
        *self.left = left.unwrap_or_default();
        left.map(drop).ok_or(fmt::Error)
    }

    fn tools(&mut self, tools: &[Value]) -> Result<bool, fmt::Error> {
        self.write_str("namespace functions {\n\n")?;
        let mut is_whole = true;
        for tool in tools {
            // Chat completions wrap what Responses and the older `functions` have plain.
            let function = tool.get("function").unwrap_or(tool);
            let Some(name) = function.get("name").and_then(Value::as_str) else {
                is_whole = false;
                continue;
            };
            self.describe(function)?;
            let parameters = function.get("parameters").unwrap_or(&Value::Null);
            if has_properties(parameters) {
                writeln!(self, "type {name} = (_: {{")?;
                self.properties(parameters, 0)?;
                self.write_str("}) => any;\n\n")?;
            } else {
                write!(self, "type {name} = () => any;\n\n")?;
            }
        }
        self.write_str("} // namespace functions")?;
        Ok(is_whole)
    }

    fn describe(&mut self, of: &Value) -> fmt::Result {
        match of.get("description").and_then(Value::as_str) {
            Some(description) => writeln!(self, "// {description}"),
            None => Ok(()),
        }
    }

    /// The schema's depth is bounded by that of the JSON that was read.
    fn properties(&mut self, schema: &Value, indent: usize) -> fmt::Result {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
        let required = self.required(schema)?;
        for (name, property) in properties {
            if property.get("description").is_some() {
                self.pad(indent)?;
                self.describe(property)?;
            }
            self.pad(indent)?;
            write!(self, "{name}{}: ", if required.contains(name.as_str()) { "" } else { "?" })?;
            self.kind(property, indent)?;
            self.write_str(",\n")?;
        }
        Ok(())
    }

    /// The names of the properties that an object must have.
    fn required<'s>(&mut self, schema: &'s Value) -> Result<BTreeSet<&'s str>, fmt::Error> {
        let names = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut required = BTreeSet::new();
        for name in names {
            let name = name.as_str().unwrap_or_default();
            self.work(name.len() + 1)?;
            required.insert(name);
        }
        Ok(required)
    }

    fn pad(&mut self, indent: usize) -> fmt::Result {
        (0..indent).try_for_each(|_| self.write_char(' '))
    }

    fn kind(&mut self, schema: &Value, indent: usize) -> fmt::Result {
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            for (nth, choice) in choices.iter().enumerate() {
                write!(self, "{}{choice}", if nth > 0 { " | " } else { "" })?;
            }
            return Ok(());
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("integer" | "number") => self.write_str("number"),
            Some(plain @ ("string" | "boolean" | "null")) => self.write_str(plain),
            Some("object") if has_properties(schema) => {
                self.write_str("{\n")?;
                self.properties(schema, indent + 2)?;
                self.pad(indent)?;
                self.write_char('}')
            }
            Some("object") => self.write_str("object"),
            Some("array") => {
                match schema.get("items") {
                    Some(items) => self.kind(items, indent)?,
                    None => self.write_str("any")?,
                }
                self.write_str("[]")
            }
            _ => self.write_str("any"),
        }
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
}

//! Tools as OpenAI's models read them: the schemas rendered as TypeScript, in a namespace.
//!
//! The form is not documented; models tell it when asked, and counts with it are those of the API
//! (hmarr.com/blog/counting-openai-tokens, whose cases are in the tests).

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::root::Key;
use crate::kind::Tally;

/// What is around all tools together.
pub(super) const FRAME: u64 = 9;

/// What of it a system message takes off: the tools go into that message.
pub(super) const IN_SYSTEM: u32 = 4;

/// Most work of rendering a request's tools, in bytes that are read of names or written. Indentation makes the text of nested schemas many
/// times as long as their JSON.
pub(super) const MOST_WORK: usize = 256 * 1_024;

/// Bytes of an object's members that are left out: the titles, defaults and bounds of a schema.
const LITTLE: usize = 128;

/// Members of a tool that is a function of the caller's, beside `function` and `name`, which are rendered; `cachePoint` is no tool.
const OF_FUNCTIONS: [&str; 3] = ["input_schema", "toolSpec", "cachePoint"];

/// Whether the provider runs some of the tools itself: a search, code. What these find the model reads too, and nobody but the provider
/// counts it. For what is counted as JSON: a list of tools, a tool alone, or an object that holds them (`toolConfig`).
pub(super) fn has_provider_tools(raw: &str) -> bool {
    let mut has_some = false;
    let read = Tools(&mut has_some).deserialize(&mut serde_json::Deserializer::from_str(raw));
    read.is_err() || has_some
}

struct Tools<'f>(&'f mut bool);

impl<'de> DeserializeSeed<'de> for Tools<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tools<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("tools")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tools: A) -> Result<(), A::Error> {
        while tools.next_element_seed(Tools(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let (mut is_list, mut declares, mut is_function, mut has_others) = (false, false, false, false);
        while let Some(key) = members.next_key::<Key>()? {
            match &*key.0 {
                "tools" => {
                    is_list = true;
                    members.next_value_seed(Tools(&mut *self.0))?;
                    continue;
                }
                "toolChoice" => is_list = true,
                // Gemini's tools may be several at once.
                "functionDeclarations" | "function_declarations" => declares = true,
                name if OF_FUNCTIONS.contains(&name) => is_function = true,
                _ => has_others = true,
            }
            members.next_value::<IgnoredAny>()?;
        }
        *self.0 |= !is_list && if declares { has_others } else { !is_function };
        Ok(())
    }
}

/// The text, and what is to be said of it: an estimate where some tools or schemas stand there as JSON, as nobody knows how they are
/// rendered; doubtful where the provider runs some. `None` if it takes more work than is `left`.
pub(super) fn rendered(tools: &[Value], left: &mut usize) -> Option<(String, Tally)> {
    let mut text = Text { written: String::new(), left, marks: Tally::default() };
    text.tools(tools).ok()?;
    Some((text.written, text.marks))
}

struct Text<'l> {
    written: String,
    /// Work that may still be done.
    left: &'l mut usize,
    /// Nothing of it is counted.
    marks: Tally,
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

    fn tools(&mut self, tools: &[Value]) -> fmt::Result {
        self.write_str("namespace functions {\n\n")?;
        for tool in tools {
            // Chat completions wrap what Responses and the older `functions` have plain.
            let function = tool.get("function").unwrap_or(tool);
            let Some(name) = function.get("name").and_then(Value::as_str) else {
                self.marks.doubt();
                self.rest(tool, &[])?;
                continue;
            };
            self.describe(function)?;
            let parameters = function.get("parameters").unwrap_or(&Value::Null);
            if has_properties(parameters) {
                writeln!(self, "type {name} = (_: {{")?;
                self.properties(parameters, 0)?;
                self.rest(parameters, &["properties", "required"])?;
                self.write_str("}) => any;\n\n")?;
            } else {
                self.rest(parameters, &[])?;
                write!(self, "type {name} = () => any;\n\n")?;
            }
            self.rest(function, &["name", "description", "parameters", "cache_control"])?;
            if tool.get("function").is_some() {
                self.rest(tool, &["function", "cache_control"])?;
            }
        }
        self.write_str("} // namespace functions")
    }

    /// What else there is in it beside these members, as JSON, but for a little.
    fn rest(&mut self, of: &Value, rendered: &[&str]) -> fmt::Result {
        let Some(members) = of.as_object() else {
            return if length(of) == Some(0) { Ok(()) } else { self.json("", of) };
        };
        let mut little = LITTLE;
        for (name, value) in members.iter().filter(|(name, _)| !rendered.contains(&name.as_str())) {
            match length(value).and_then(|length| little.checked_sub(name.len() + length)) {
                Some(left) => little = left,
                None => self.json(name, value)?,
            }
        }
        Ok(())
    }

    fn json(&mut self, name: &str, value: &Value) -> fmt::Result {
        self.marks.is_estimate = true;
        writeln!(self, " {name}: {value}")
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
            self.kind(property, indent, true)?;
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

    fn kind(&mut self, schema: &Value, indent: usize, is_described: bool) -> fmt::Result {
        let list = |name| schema.get(name).and_then(Value::as_array).filter(|all| !all.is_empty());
        let mut rendered = if is_described { vec!["description"] } else { Vec::new() };
        let union = ["anyOf", "oneOf"].into_iter().find_map(|name| Some((name, list(name)?)));
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            rendered.push("enum");
            for (nth, choice) in choices.iter().enumerate() {
                write!(self, "{}{choice}", if nth > 0 { " | " } else { "" })?;
            }
        } else if let Some((name, choices)) = union {
            rendered.push(name);
            self.marks.is_estimate = true;
            for (nth, choice) in choices.iter().enumerate() {
                self.write_str(if nth > 0 { " | " } else { "" })?;
                self.kind(choice, indent, false)?;
            }
        } else if let Some(types) = list("type") {
            rendered.push("type");
            self.marks.is_estimate = true;
            for (nth, of_type) in types.iter().enumerate() {
                self.write_str(if nth > 0 { " | " } else { "" })?;
                if !self.one(schema, of_type, indent, &mut rendered)? {
                    write!(self, "{of_type}")?;
                }
            }
        } else if !self.one(schema, schema.get("type").unwrap_or(&Value::Null), indent, &mut rendered)? {
            self.write_str("any")?;
        }
        self.rest(schema, &rendered)
    }

    /// One type of what a schema describes; whether it is known.
    fn one(
        &mut self,
        schema: &Value,
        of_type: &Value,
        indent: usize,
        rendered: &mut Vec<&str>,
    ) -> Result<bool, fmt::Error> {
        match of_type.as_str() {
            Some("integer" | "number") => self.write_str("number")?,
            Some(plain @ ("string" | "boolean" | "null")) => self.write_str(plain)?,
            Some("object") if has_properties(schema) => {
                rendered.extend(["properties", "required"]);
                self.write_str("{\n")?;
                self.properties(schema, indent + 2)?;
                self.pad(indent)?;
                self.write_char('}')?;
            }
            Some("object") => self.write_str("object")?,
            Some("array") => {
                rendered.push("items");
                match schema.get("items") {
                    Some(items) => self.kind(items, indent, false)?,
                    None => self.write_str("any")?,
                }
                self.write_str("[]")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// How long a value is that is but a word: neither a list nor an object, unless it is empty.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len()),
        Value::Array(items) => items.is_empty().then_some(0),
        Value::Object(members) => members.is_empty().then_some(0),
        _ => Some(0),
    }
}

fn has_properties(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
}

//! Schemas that came with requests, compiled. The same application sends the same ones again and again, so that a request mostly costs
//! no more than finding its text here.

use std::borrow::Cow;
use std::rc::Rc;

use seawall_schema::{Limits, Options, Schema};

use crate::body::{Form, SchemaText, json_schema, text_of};

/// Schemas that are kept, and what they take together.
const MOST_KEPT: usize = 64;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The same with those that requests under way need: these can't go. What comes beyond can't be honoured.
const MOST_USED: usize = 1_024;
const MOST_USED_BYTES: usize = 64 * 1024 * 1024;

/// Bounds of one schema. They are a stranger's, and compiling one holds up all that the worker serves: hardly a millisecond where it is made
/// in good faith, some ten where it isn't.
const LIMITS: Limits = Limits { bytes: 64 * 1024, depth: 64, nodes: 8_000 };
const PATTERN_MEMORY: usize = 512 * 1024;

/// Bytes of schemas that are compiled for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance(usize);

impl Default for Allowance {
    fn default() -> Self {
        Self(2 * LIMITS.bytes)
    }
}

/// The schemas of one worker: all that there are, kept or in use. Where it is full, what wasn't asked for the longest goes.
#[derive(Debug, Default)]
pub(crate) struct SchemaCache {
    kept: Vec<Kept>,
    bytes: usize,
    /// Counts what was asked for.
    turn: u64,
}

#[derive(Debug)]
struct Kept {
    form: Form,
    text: Box<[u8]>,
    /// `None` where it can't be honoured.
    schema: Option<Rc<Schema>>,
    last_turn: u64,
}

impl Kept {
    /// Bytes that it takes, about.
    fn size(&self) -> usize {
        self.text.len() + self.schema.as_ref().map_or(0, |schema| schema.memory())
    }

    /// Whether a request under way needs it.
    fn is_used(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| Rc::strong_count(schema) > 1)
    }
}

impl SchemaCache {
    /// The schema of this text, if it can be honoured and isn't more than this request's share.
    pub(crate) fn get(&mut self, source: SchemaText<'_>, allowance: &mut Allowance) -> Option<Rc<Schema>> {
        self.turn += 1;
        let known = |kept: &&mut Kept| kept.form == source.form && *kept.text == *source.text;
        if let Some(kept) = self.kept.iter_mut().find(known) {
            kept.last_turn = self.turn;
            return kept.schema.clone();
        }
        if source.text.len() > LIMITS.bytes {
            return None;
        }
        allowance.0 = allowance.0.checked_sub(source.text.len())?;
        let schema = compiled(source).map(Rc::new);
        let (form, text, last_turn) = (source.form, source.text.into(), self.turn);
        self.keep(Kept { form, text, schema, last_turn })
    }

    /// Bytes that they take, about.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes
    }

    fn keep(&mut self, new: Kept) -> Option<Rc<Schema>> {
        let size = new.size();
        while self.kept.len() >= MOST_KEPT || self.bytes + size > MOST_BYTES {
            let idle = self.kept.iter().enumerate().filter(|(_, kept)| !kept.is_used());
            let Some((oldest, _)) = idle.min_by_key(|(_, kept)| kept.last_turn) else { break };
            self.bytes -= self.kept.swap_remove(oldest).size();
        }
        if self.kept.len() >= MOST_USED || self.bytes + size > MOST_USED_BYTES {
            return None;
        }
        self.bytes += size;
        let schema = new.schema.clone();
        self.kept.push(new);
        schema
    }
}

fn compiled(source: SchemaText<'_>) -> Option<Schema> {
    let text: Cow<'_, str> = match source.form {
        Form::Json => Cow::Borrowed(std::str::from_utf8(source.text).ok()?),
        Form::Quoted => text_of(source.text)?,
        Form::OpenApi => Cow::Owned(String::from_utf8(json_schema(source.text)).ok()?),
    };
    // Applications take their formats from types of theirs, dates and the like, and fail where these don't hold.
    let options = Options {
        assert_formats: true,
        limits: LIMITS,
        pattern_memory: PATTERN_MEMORY,
        ..Options::default()
    };
    Schema::compile(&text, &options).ok()
}

#[cfg(test)]
#[path = "schemas_tests.rs"]
mod tests;

//! Which statements a policy writes: what it doesn't write, but holds all the same, is told to be a default.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Block, Value};
use crate::diagnostic::Sink;
use crate::parser::{Scope, parse};

#[derive(Debug, Default)]
pub(super) struct Written {
    /// Kind of block, name of the definition that it is or stands in, and word.
    statements: BTreeSet<(&'static str, String, &'static str)>,
    /// The retry block that a route names.
    retries: BTreeMap<String, String>,
}

impl Written {
    /// Of a text that is known to be a policy.
    pub(super) fn of(source: &str) -> Self {
        let mut written = Self::default();
        let file = parse(source, Scope::WholeLanguage, &mut Sink::default());
        for definition in &file.policy.statements {
            let (Some(name), Some(block)) = (definition.name(), definition.block()) else { continue };
            written.block(name.text, block);
            if definition.definition.word != "route" {
                continue;
            }
            if let Some([Value::Name("retry", retry)]) =
                block.all("retry").next().map(|found| &found.values[..])
            {
                written.retries.insert(name.text.into(), retry.text.into());
            }
        }
        written
    }

    fn block(&mut self, name: &str, block: &Block<'_>) {
        for statement in &block.statements {
            self.statements.insert((block.definition.word, name.into(), statement.definition.word));
            if let Some(inner) = statement.block() {
                self.block(name, inner);
            }
        }
    }

    /// The name of the retry block of a route.
    pub(super) fn retry_of(&self, route: &str) -> Option<&str> {
        self.retries.get(route).map(String::as_str)
    }

    /// ` (default)` behind what isn't written.
    pub(super) fn mark(&self, kind: &'static str, name: &str, word: &'static str) -> &'static str {
        if self.statements.contains(&(kind, name.into(), word)) { "" } else { " (default)" }
    }
}

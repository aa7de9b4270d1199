//! A checked tree to the policy as it runs: names become places, absent statements their defaults.

mod definitions;
mod output;
mod plan;
mod route;
mod sampling;

pub(crate) use self::definitions::one_trip;

use std::collections::BinaryHeap;

use crate::ast::{Block, File, Item, Statement, Value};
use crate::check::Resolved;
use crate::hash;
use crate::parser::parse_default;
use crate::policy::{Document, GroupId, LimitId, Policy, TargetId};
use crate::vocabulary;

/// `None` only for a tree with errors.
pub(crate) fn policy(file: &File<'_>, resolved: &Resolved<'_>) -> Option<Policy> {
    let lower = Lower { resolved };
    let mut policy = Policy {
        hash: String::new(),
        targets: lower.each("target", Lower::target)?,
        groups: lower.each("group", Lower::group)?,
        tenant: lower.tenant(file)?,
        tiers: lower.each("tier", Lower::tier)?,
        limits: lower.each("limit", Lower::limit)?,
        breakers: lower.each("breaker", Lower::breaker)?,
        routes: lower.routes(file)?,
        health: lower.health(file)?,
    };
    policy.hash = hash::of(&policy);
    Some(policy)
}

struct Lower<'r, 'f> {
    resolved: &'r Resolved<'f>,
}

/// The statements of a block, or their defaults.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'b> {
    definition: &'static vocabulary::Block,
    block: Option<&'b Block<'b>>,
}

impl<'b> Settings<'b> {
    pub(crate) fn of(block: &'b Block<'b>) -> Self {
        Self { definition: block.definition, block: Some(block) }
    }

    /// Of a block that isn't written: every statement has its default.
    fn none(definition: &'static vocabulary::Block) -> Self {
        Self { definition, block: None }
    }

    /// What is written, if it is.
    pub(crate) fn written(self, word: &'b str) -> Option<&'b [Value<'b>]> {
        self.block?.all(word).next().map(|statement| &statement.values[..])
    }

    /// What holds: what is written, or the default.
    pub(crate) fn read<T>(self, word: &'b str, read: impl Fn(&[Value<'_>]) -> Option<T>) -> Option<T> {
        match self.written(word) {
            Some(values) => read(values),
            None => read(&parse_default(self.definition.statement(word)?)?),
        }
    }

    /// `Some(None)` when it is absent, `None` when it is wrong.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(crate) fn maybe<T>(
        self,
        word: &'b str,
        read: impl Fn(&[Value<'_>]) -> Option<T>,
    ) -> Option<Option<T>> {
        self.written(word).map_or(Some(None), |values| read(values).map(Some))
    }
}

impl Lower<'_, '_> {
    /// The definitions of a kind, in the order of their names.
    fn each<T>(
        &self,
        kind: &'static str,
        lower: impl Fn(&Self, &str, &Statement<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.resolved.names.all(kind).map(|(name, statement)| lower(self, name, statement)).collect()
    }

    fn target_id(&self, value: &Value<'_>) -> Option<TargetId> {
        let Value::Name("target", name) = value else { return None };
        self.resolved.names.index("target", name.text).map(TargetId)
    }

    fn group_id(&self, value: &Value<'_>) -> Option<GroupId> {
        let Value::Name("group", name) = value else { return None };
        self.resolved.names.index("group", name.text).map(GroupId)
    }

    fn limit_id(&self, value: &Value<'_>) -> Option<LimitId> {
        let Value::Name("limit", name) = value else { return None };
        self.resolved.names.index("limit", name.text).map(LimitId)
    }
}

pub(crate) fn text(values: &[Value<'_>]) -> Option<String> {
    if let [Value::Text(text)] = values { Some(text.clone()) } else { None }
}

pub(crate) fn duration(values: &[Value<'_>]) -> Option<std::time::Duration> {
    if let [Value::Duration(duration)] = values { Some(*duration) } else { None }
}

pub(crate) fn count(values: &[Value<'_>]) -> Option<u32> {
    if let [Value::Count(count)] = values { Some(*count) } else { None }
}

fn basis_points(values: &[Value<'_>]) -> Option<u32> {
    if let [Value::BasisPoints(share)] = values { Some(*share) } else { None }
}

pub(crate) fn list<'v, 's>(values: &'v [Value<'s>]) -> Option<&'v [Item<'s>]> {
    if let [Value::List(items)] = values { Some(items) } else { None }
}

/// `file "…"`, or the text itself.
fn document(values: &[Value<'_>]) -> Option<Document> {
    match values {
        [Value::Word("file"), Value::Text(file)] => Some(Document::File(file.clone())),
        [Value::Text(text)] => Some(Document::Inline(text.clone())),
        _ => None,
    }
}

/// In order. A heap's sort is a tenth of the code that a slice's is, and the module pays for each type.
fn sorted<T: Ord>(items: Vec<T>) -> Vec<T> {
    BinaryHeap::from(items).into_sorted_vec()
}

/// In order, each once.
fn distinct<T: Ord>(items: Vec<T>) -> Vec<T> {
    let mut items = sorted(items);
    items.dedup();
    items
}

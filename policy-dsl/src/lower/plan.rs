//! Where the requests of a route go.

use super::{Lower, Settings, count, list, sorted, text};
use crate::ast::{Block, Statement, Value};
use crate::policy::{Order, Overrides, PlanStage};

impl Lower<'_, '_> {
    /// `try` comes first wherever it is written.
    pub(super) fn plan(&self, route: &Block<'_>) -> Option<Vec<PlanStage>> {
        route.all("try").chain(route.all("then")).map(|statement| self.stage(statement)).collect()
    }

    fn stage(&self, stage: &Statement<'_>) -> Option<PlanStage> {
        let (targets, behind) = stage.values.split_first()?;
        let Value::List(targets) = targets else { return None };
        let targets =
            targets.iter().map(|item| self.target_id(item.values.first()?)).collect::<Option<Vec<_>>>()?;
        let (order, overrides) = match behind {
            [Value::Absent, overrides] => (Order::AsWritten, overrides),
            [Value::Word("weighted"), Value::List(weights), overrides] => {
                let weights = weights.iter().map(|item| count(&item.values)).collect::<Option<_>>()?;
                (Order::Weighted(weights), overrides)
            }
            [Value::Word("cheapest"), overrides] => (Order::Cheapest, overrides),
            [Value::Word("fastest"), overrides] => (Order::Fastest, overrides),
            [Value::Word("least_loaded"), overrides] => (Order::LeastLoaded, overrides),
            _ => return None,
        };
        let overrides = match overrides {
            Value::Absent => Overrides::default(),
            Value::Block(block) => changes(block)?,
            _ => return None,
        };
        Some(PlanStage { targets, order, overrides })
    }
}

fn changes(block: &Block<'_>) -> Option<Overrides> {
    let settings = Settings::of(block);
    let header = |statement: &Statement<'_>| match &statement.values[..] {
        [Value::Text(name), Value::Text(value)] => Some((name.clone(), value.clone())),
        _ => None,
    };
    let headers = block.all("header").map(header).collect::<Option<Vec<_>>>()?;
    Some(Overrides {
        max_tokens: settings.maybe("max_tokens", count)?,
        model: settings.maybe("model", text)?,
        temperature: settings.maybe("temperature", super::basis_points)?,
        headers: sorted(headers),
        path: settings.maybe("path", text)?,
    })
}

/// The ids that a list names.
pub(super) fn ids<T: Ord>(values: &[Value<'_>], id: impl Fn(&Value<'_>) -> Option<T>) -> Option<Vec<T>> {
    list(values)?.iter().map(|item| id(item.values.first()?)).collect()
}

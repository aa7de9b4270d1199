//! The routes and where they lead, as rows and columns to be drawn.

use super::words::{self, list};
use crate::policy::{
    HedgeDelay, InvalidAction, Order, PathMatch, Policy, Provider, Route, Target, TargetId, Trigger,
};
use crate::vocabulary::{duration_text, percent_text};

/// A row for each route. What no route takes passes untouched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub title: String,
    pub rows: Vec<Row>,
}

/// A route, on the left, and the stages of its plan from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// The path it takes, with a `*` at the end of a beginning.
    pub path: String,
    pub condition: Option<String>,
    /// `3 attempts · 30s each`
    pub budget: String,
    pub columns: Vec<Column>,
    /// After which failures the next column is tried, in short.
    pub triggers: String,
    pub breaker: Option<String>,
    pub asides: Vec<Aside>,
}

/// A stage of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// How the first of its targets is chosen; empty when as they stand.
    pub order: String,
    pub nodes: Vec<Node>,
}

/// A target within a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub cluster: String,
    pub provider: Provider,
    pub model: Option<String>,
    /// Its weight, where that decides.
    pub weight: Option<u32>,
    /// Whether the request is changed for this stage beyond what the target says.
    pub is_changed: bool,
}

/// What happens beside the plan: a canary, a shadow, a hedge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// `shadow 5%`
    pub label: String,
    /// Empty for what isn't about one target.
    pub target: String,
}

pub(super) fn of(policy: &Policy) -> Picture {
    Picture {
        title: format!("Seawall policy {}", policy.hash),
        rows: policy.routes.iter().map(|route| row(policy, route)).collect(),
    }
}

fn row(policy: &Policy, route: &Route) -> Row {
    let (attempts, timeout) = (words::count(route.retry.attempts, "attempt"), route.timeout.total);
    let breaker = route.breaker.and_then(|id| policy.breakers.get(id.0));
    Row {
        name: route.name.clone(),
        path: match &route.path {
            PathMatch::Exact(path) => path.clone(),
            PathMatch::Prefix(start) => format!("{start}*"),
        },
        condition: route.when.as_ref().map(crate::condition::Condition::text),
        budget: format!("{attempts} · {} each", duration_text(timeout)),
        columns: route.plan.iter().map(|stage| column(policy, stage)).collect(),
        triggers: triggers(&route.retry.on),
        breaker: breaker.map(|breaker| breaker.name.clone()),
        asides: asides(policy, route),
    }
}

fn column(policy: &Policy, stage: &crate::policy::PlanStage) -> Column {
    let (order, weights): (&str, &[u32]) = match &stage.order {
        Order::AsWritten => ("", &[]),
        Order::Weighted(weights) => ("by weight", weights),
        Order::Cheapest => ("cheapest first", &[]),
        Order::Fastest => ("fastest first", &[]),
        Order::LeastLoaded => ("least loaded first", &[]),
    };
    let changed = !super::plan::overrides(&stage.overrides).is_empty();
    let node = |(index, id): (usize, &TargetId)| {
        let Target { name, cluster, provider, model, .. } = policy.targets.get(id.0)?;
        let model = stage.overrides.model.as_ref().or(model.as_ref());
        Some(Node {
            name: name.clone(),
            cluster: cluster.clone(),
            provider: *provider,
            model: model.cloned(),
            weight: weights.get(index).copied(),
            is_changed: changed,
        })
    };
    Column { order: order.into(), nodes: stage.targets.iter().enumerate().filter_map(node).collect() }
}

/// `429, 5xx, timeout`: two statuses of 500 and above are shown as one.
fn triggers(on: &[Trigger]) -> String {
    let mut words: Vec<String> = Vec::new();
    let above: Vec<u16> = on
        .iter()
        .filter_map(
            |trigger| if let Trigger::Status(status @ 500..) = trigger { Some(*status) } else { None },
        )
        .collect();
    for trigger in on {
        let word = match trigger {
            Trigger::Status(500..) if above.len() > 1 => "5xx".into(),
            Trigger::Status(status) => status.to_string(),
            Trigger::Timeout => "timeout".into(),
            Trigger::Connect => "connect".into(),
            Trigger::Reset => "reset".into(),
            Trigger::InvalidOutput => "invalid output".into(),
            Trigger::ContentPolicy => "content policy".into(),
            Trigger::ModelNotFound => "model not found".into(),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

fn asides(policy: &Policy, route: &Route) -> Vec<Aside> {
    let name = |id: TargetId| policy.targets.get(id.0).map(|target| target.name.clone()).unwrap_or_default();
    let mut asides = Vec::new();
    if let Some(canary) = route.canary {
        asides.push(Aside {
            label: format!("canary {}", percent_text(canary.share_bp)),
            target: name(canary.target),
        });
    }
    for (target, share) in &route.shadow {
        asides.push(Aside { label: format!("shadow {}", percent_text(*share)), target: name(*target) });
    }
    if let Some(hedge) = route.hedge {
        let after = match hedge.after {
            HedgeDelay::Percentile(percentile) => format!("p{percentile}"),
            HedgeDelay::Fixed(delay) => duration_text(delay),
        };
        asides.push(Aside { label: format!("hedge after {after}"), target: String::new() });
    }
    if !route.limits.is_empty() {
        let names: Vec<&str> =
            route.limits.iter().filter_map(|id| Some(&*policy.limits.get(id.0)?.name)).collect();
        asides.push(Aside { label: format!("limits: {}", list(&names, "and")), target: String::new() });
    }
    if let Some(output) = &route.output {
        let action = |action: &InvalidAction| match action {
            InvalidAction::Repair => "repair".to_owned(),
            InvalidAction::Retry(times) => format!("retry {times}"),
            InvalidAction::FailOver => "fail_over".to_owned(),
            InvalidAction::Reject => "reject".to_owned(),
            InvalidAction::Pass => "pass".to_owned(),
        };
        let actions: Vec<String> = output.invalid.iter().map(action).collect();
        let label = format!("invalid answers: {}", actions.join(", "));
        asides.push(Aside { label, target: String::new() });
    }
    asides
}

impl Node {
    /// Its provider's name.
    #[must_use]
    pub fn provider_name(&self) -> &'static str {
        words::provider(self.provider)
    }
}

impl Picture {
    /// With every text as `show` makes it.
    pub(super) fn masked(mut self, show: &dyn Fn(&str) -> String) -> Self {
        let mut each = |text: &mut String| *text = show(text);
        each(&mut self.title);
        for row in &mut self.rows {
            for text in [&mut row.name, &mut row.path, &mut row.budget, &mut row.triggers] {
                each(text);
            }
            row.condition.iter_mut().chain(&mut row.breaker).for_each(&mut each);
            for aside in &mut row.asides {
                each(&mut aside.label);
                each(&mut aside.target);
            }
            for column in &mut row.columns {
                each(&mut column.order);
                for node in &mut column.nodes {
                    each(&mut node.name);
                    each(&mut node.cluster);
                    node.model.iter_mut().for_each(&mut each);
                }
            }
        }
        self
    }
}

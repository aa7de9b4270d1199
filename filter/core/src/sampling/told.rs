//! What is known of samples, for the health page; and where it lies.

use seawall_policy::policy::TargetId;

use super::drift::{self, Course};
use super::scores::{self, Counts};
use crate::config::Config;
use crate::effect::Text;
use crate::models;
use crate::store::Store;
use crate::time::Timestamp;

/// What has been found of a route's answers from one target and model.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) route: Text,
    pub(crate) target: Text,
    /// Empty for models that have no place of their own.
    pub(crate) model: Text,
    pub(crate) counts: Counts,
    pub(crate) course: Course,
}

/// All that has been found.
pub(crate) fn rows(config: &Config, store: &mut dyn Store, now: Timestamp) -> Vec<Row> {
    let mut rows = Vec::new();
    for route in 0..config.policy().routes.len() {
        if config.samples.of(route).is_none() {
            continue;
        }
        let mut seen = Vec::new();
        for position in 0..config.place_count(route) {
            let Some(id) = config.target_at(route, position) else { continue };
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let mut names = vec![String::new()];
            names.extend(models::read(store, &models_key(config, id)));
            for own in named(config, route, id) {
                if !names.iter().any(|name| **name == *own) {
                    names.push(own.to_string());
                }
            }
            for model in names {
                let counts = scores::known(store, &key(config, "scores", route, id, &model), now);
                let course = drift::known(store, &key(config, "drift", route, id, &model));
                if counts == Counts::default() && course == Course::default() {
                    continue;
                }
                let target = config.target(id).map(|target| target.name.clone()).unwrap_or(Text::Word(""));
                rows.push(Row {
                    route: route_name(config, route),
                    target,
                    model: model.into(),
                    counts,
                    course,
                });
            }
        }
    }
    rows
}

/// The models that the policy sets for a target in a route.
fn named(config: &Config, route: usize, id: TargetId) -> impl Iterator<Item = Text> {
    let places = (0..config.place_count(route)).filter_map(move |position| config.place(route, position));
    let here = places.filter(move |place| place.target == id);
    here.filter_map(|place| config.prepared(place)?.model.clone())
}

/// The name under which a model's samples lie: its own if the policy sets it, or if it has proved to be one.
pub(super) fn place<'m>(
    config: &Config,
    store: &mut dyn Store,
    target: TargetId,
    model: Option<&'m Text>,
) -> &'m str {
    let Some(model) = model else { return "" };
    let stages = config.policy().routes.iter().flat_map(|route| &route.plan);
    let own = config.policy().targets.get(target.0).and_then(|target| target.model.as_deref());
    let is_set = own == Some(&**model)
        || stages.filter_map(|stage| stage.overrides.model.as_deref()).any(|set| set == &**model);
    let mut is_known =
        || models::read(store, &models_key(config, target)).iter().any(|known| **known == **model);
    if is_set || is_known() { model } else { "" }
}

fn models_key(config: &Config, target: TargetId) -> String {
    let target = config.policy().targets.get(target.0);
    target.map_or_else(String::new, |target| ["seawall/models/", &target.name, "/", &target.cluster].concat())
}

/// Where samples of a route's answers lie. With the cluster: two filters in one proxy may give different targets the same name.
pub(super) fn key(config: &Config, what: &str, route: usize, target: TargetId, model: &str) -> String {
    let name = route_name(config, route);
    let (target, cluster) = config
        .policy()
        .targets
        .get(target.0)
        .map_or(("", ""), |target| (target.name.as_str(), target.cluster.as_str()));
    ["seawall/", what, "/", &name, "/", target, "/", cluster, "/", model].concat()
}

pub(super) fn route_name(config: &Config, route: usize) -> Text {
    config.policy().routes.get(route).map_or(Text::Word(""), |route| route.name.as_str().into())
}

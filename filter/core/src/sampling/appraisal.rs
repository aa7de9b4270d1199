//! What looks at answers have shown of a route at a target and model.

use seawall_policy::policy::TargetId;

use super::plan::Asked;
use super::scores::Look;
use super::{Sampling, drift, judge, scores, told};
use crate::config::Config;
use crate::effect::{Effect, Text};
use crate::event::Answer;
use crate::output::Reading;
use crate::store::Store;
use crate::stream::{Dialect, Framing};
use crate::telemetry::{Decision, Metric};
use crate::time::Timestamp;

/// Whose answer a sample is.
#[derive(Clone, Debug)]
pub(super) struct Of {
    pub(super) route: usize,
    pub(super) position: usize,
    pub(super) target: TargetId,
    pub(super) model: Option<Text>,
}

/// What the answers of a route at a target are worth, by all samples in the window.
#[derive(Clone, Debug)]
pub(crate) struct Appraisal {
    pub(crate) route: usize,
    pub(crate) position: usize,
    pub(crate) model: Option<Text>,
    pub(crate) answers: u32,
    pub(crate) bad: u32,
    /// The share of good ones, in basis points and in hundredths of what it usually is, once that is known.
    pub(crate) of_usual: Option<(u32, u32)>,
    key: String,
    drift_key: String,
}

impl Sampling {
    /// A breaker has heard of it: what the window holds belongs to another time.
    pub(crate) fn forget(store: &mut dyn Store, appraisal: &Appraisal) {
        scores::forget(store, &appraisal.key);
        drift::forget(store, &appraisal.drift_key);
    }
}

pub(super) fn scored(dialect: Dialect, answer: &Answer) -> Option<Look> {
    let reading = Reading::of(dialect, Framing::Document, &answer.body).ok()?;
    judge::score(reading.content()).map(Look::Score)
}

/// Takes in the embedding of an answer.
pub(super) fn moved(
    config: &Config,
    store: &mut dyn Store,
    (of, asked): (&Of, &Asked),
    answer: &Answer,
    fx: &mut Vec<Effect>,
) -> Option<Look> {
    let embedding = drift::embedding(&answer.body)?;
    let key = drift_key(config, store, of);
    let (course, is_news) = drift::record(store, &key, &embedding, asked.alert);
    let distance = course.distance.unwrap_or_default();
    fx.push(Effect::Count(Metric::Drift(of.route, of.target, distance.into())));
    if let Some(target) = config.target(of.target).map(|target| target.name.clone()).filter(|_| is_news) {
        let route = told::route_name(config, of.route);
        let (is_away, alert) = (course.is_away, asked.alert);
        fx.push(Effect::Log(Decision::Drift {
            route,
            target,
            model: of.model.clone(),
            is_away,
            distance,
            alert,
        }));
    }
    Some(Look::Away(course.is_away))
}

fn drift_key(config: &Config, store: &mut dyn Store, of: &Of) -> String {
    let place = told::place(config, store, of.target, of.model.as_ref());
    told::key(config, "drift", of.route, of.target, place)
}

/// Takes in what a look has shown.
pub(super) fn appraise(
    config: &Config,
    (store, now): (&mut dyn Store, Timestamp),
    of: &Of,
    look: Look,
    fx: &mut Vec<Effect>,
) -> Appraisal {
    let model = told::place(config, store, of.target, of.model.as_ref());
    let key = told::key(config, "scores", of.route, of.target, model);
    let (counts, of_usual) = scores::record(store, &key, now, look);
    if let (Look::Score(score), Some(mean)) = (look, counts.mean()) {
        fx.push(Effect::Count(Metric::Score(of.route, of.target, mean.into())));
        if let Some(target) = config.target(of.target).map(|target| target.name.clone()) {
            fx.push(Effect::Log(Decision::Score {
                route: told::route_name(config, of.route),
                target,
                score,
            }));
        }
    }
    Appraisal {
        route: of.route,
        position: of.position,
        model: of.model.clone(),
        answers: counts.answers,
        bad: counts.answers.saturating_sub(counts.good),
        of_usual,
        key,
        drift_key: drift_key(config, store, of),
    }
}

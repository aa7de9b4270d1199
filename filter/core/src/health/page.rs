//! The page itself, in JSON.

use std::fmt::{Display, Write};
use std::time::Duration;

use seawall_policy::policy::TargetId;

use crate::breaker::Known;
use crate::config::Config;
use crate::effect::Text;
use crate::output::Rule;
use crate::sampling::Row as Sampled;
use crate::stats::{Measure, Remaining, View};
use crate::telemetry::BreakerState;
use crate::time::{Timestamp, nanos, rfc3339};

/// What is known of one model at a target, or of the models there that have no row of their own.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) target: TargetId,
    /// Empty for those that share a row.
    pub(crate) model: Text,
    pub(crate) breaker: Option<BreakerRow>,
    pub(crate) numbers: Numbers,
}

/// What its breaker knows.
#[derive(Clone, Debug)]
pub(crate) struct BreakerRow {
    name: Text,
    state: BreakerState,
    reason: String,
    since: Option<Timestamp>,
    next_probe: Option<Timestamp>,
    /// Of the breaker's window.
    attempts: u32,
    errors: u32,
}

/// What its statistics know; `None` while that is too little.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// p50, p95 and p99.
    pub(crate) latency: [Option<Duration>; 3],
    pub(crate) first_token: [Option<Duration>; 3],
    /// Of each output token after the first.
    pub(crate) per_token: [Option<Duration>; 3],
    /// In basis points.
    pub(crate) errors_bp: Option<u32>,
    pub(crate) quality_bp: Option<u32>,
    /// What that usually is.
    pub(crate) usual_quality_bp: Option<u32>,
    /// Rules of an `output` that answers broke, and the share of them that did.
    pub(crate) broken_bp: Vec<(Rule, u32)>,
    /// Requests and tokens that the provider says are left, and when it counts anew.
    pub(crate) requests: Option<(u32, Timestamp)>,
    pub(crate) tokens: Option<(u32, Timestamp)>,
}

impl Row {
    /// What a breaker says; with a row for each of its guards.
    pub(crate) fn guarded(known: &Known<'_>, now: Timestamp) -> Self {
        let (cause, since) = known.cause();
        let (answers, bad, errors) = known.counts(now);
        let numbers = Numbers {
            errors_bp: share_bp(errors, answers.saturating_add(errors)),
            quality_bp: share_bp(answers.saturating_sub(bad), answers),
            ..Numbers::default()
        };
        let breaker = BreakerRow {
            name: known.breaker.into(),
            state: known.state(),
            reason: cause.to_string(),
            since: (since > Timestamp(0)).then_some(since),
            next_probe: known.next_probe(now),
            attempts: answers.saturating_add(errors),
            errors,
        };
        Self { target: known.target, model: known.model.clone(), breaker: Some(breaker), numbers }
    }
}

impl Numbers {
    /// What the statistics know. Shares that the breaker knows are of its own window, and stay.
    pub(super) fn add(&mut self, view: &View, now: Timestamp) {
        let percentiles = |measure| [50, 95, 99].map(|percent| view.percentile(measure, percent, None));
        self.latency = percentiles(Measure::Latency);
        self.first_token = percentiles(Measure::FirstToken);
        self.per_token = percentiles(Measure::PerToken);
        self.errors_bp = self.errors_bp.or_else(|| view.errors_bp());
        self.quality_bp = self.quality_bp.or(view.quality_bp().1);
        self.usual_quality_bp = view.usual_quality_bp();
        self.broken_bp = view.broken_bp().filter(|(_, share)| *share > 0).collect();
        let quota = view.quota(now);
        let left =
            |remaining: Option<Remaining>| remaining.map(|remaining| (remaining.left, remaining.resets));
        (self.requests, self.tokens) = (left(quota.requests), left(quota.tokens));
    }
}

fn share_bp(part: u32, of: u32) -> Option<u32> {
    u32::try_from((u64::from(part) * 10_000).checked_div(of.into())?).ok()
}

/// What is known of a route whose contract says how long its requests may take.
#[derive(Clone, Debug)]
pub(crate) struct RouteRow {
    pub(crate) name: Text,
    pub(crate) percentile: u8,
    pub(crate) most: Duration,
    /// `None` while too little is known.
    pub(crate) now: Option<Duration>,
}

/// All rows, as JSON.
pub(crate) fn page(
    config: &Config,
    (rows, routes, samples): (&[Row], &[RouteRow], &[Sampled]),
    now: Timestamp,
) -> String {
    let mut json = String::with_capacity(256 + rows.len() * 512);
    json.push('{');
    member(&mut json, "policy", Some(quoted(&config.hash)));
    member(&mut json, "time", Some(quoted(&rfc3339(now))));
    json.push_str("\"targets\":[");
    for row in rows {
        one(&mut json, config, row);
        json.push(',');
    }
    close(&mut json, ']');
    json.push_str(",\"routes\":[");
    for RouteRow { name, percentile, most, now } in routes {
        json.push('{');
        member(&mut json, "route", Some(quoted(name)));
        member(&mut json, "percentile", Some(percentile));
        member(&mut json, "most_ms", Some(nanos(*most) / 1_000_000));
        member(&mut json, "latency_ms", now.map(|now| nanos(now) / 1_000_000));
        member(&mut json, "slow", Some(now.is_some_and(|now| now > *most)));
        close(&mut json, '}');
        json.push(',');
    }
    close(&mut json, ']');
    json.push_str(",\"samples\":[");
    for Sampled { route, target, model, counts, course } in samples {
        let good = counts.good.checked_mul(10_000).and_then(|good| good.checked_div(counts.answers));
        json.push('{');
        member(&mut json, "route", Some(quoted(route)));
        member(&mut json, "target", Some(quoted(target)));
        member(&mut json, "model", Some(model).filter(|model| !model.is_empty()).map(|model| quoted(model)));
        member(&mut json, "answers", Some(counts.answers));
        member(&mut json, "good", good.map(share));
        member(&mut json, "score", counts.mean().map(share));
        member(&mut json, "drift", course.distance.map(share));
        member(&mut json, "spread", course.distance.map(|_| share(course.spread)));
        member(&mut json, "away", Some(course.is_away));
        close(&mut json, '}');
        json.push(',');
    }
    close(&mut json, ']');
    json.push('}');
    json
}

fn one(json: &mut String, config: &Config, row: &Row) {
    let Row { target, model, breaker, numbers } = row;
    json.push('{');
    member(json, "target", config.target(*target).map(|target| quoted(&target.name)));
    member(json, "model", Some(model).filter(|model| !model.is_empty()).map(|model| quoted(model)));
    let breaker = breaker.as_ref();
    let time = |time: Option<Timestamp>| time.map(|time| quoted(&rfc3339(time)));
    member(json, "breaker", breaker.map(|breaker| quoted(&breaker.name)));
    member(json, "state", breaker.map(|breaker| quoted(breaker.state.word())));
    member(json, "reason", breaker.map(|breaker| quoted(&breaker.reason)));
    member(json, "since", time(breaker.and_then(|breaker| breaker.since)));
    member(json, "next_probe", time(breaker.and_then(|breaker| breaker.next_probe)));
    member(json, "attempts", breaker.map(|breaker| breaker.attempts));
    member(json, "errors", breaker.map(|breaker| breaker.errors));
    member(json, "error_rate", numbers.errors_bp.map(share));
    member(json, "quality", numbers.quality_bp.map(share));
    member(json, "usual_quality", numbers.usual_quality_bp.map(share));
    json.push_str("\"broken\":{");
    for (rule, of) in &numbers.broken_bp {
        member(json, rule.word(), Some(share(*of)));
    }
    close(json, '}');
    json.push(',');
    percentiles(json, "latency_ms", numbers.latency);
    percentiles(json, "first_token_ms", numbers.first_token);
    percentiles(json, "per_token_ms", numbers.per_token);
    json.push_str("\"remaining\":{");
    for (name, left) in [("requests", numbers.requests), ("tokens", numbers.tokens)] {
        let left = left.map(|(left, resets)| {
            let mut json = "{".to_owned();
            member(&mut json, "left", Some(left));
            member(&mut json, "resets", time(Some(resets)));
            close(&mut json, '}');
            json
        });
        member(json, name, left);
    }
    close(json, '}');
    json.push('}');
}

fn percentiles(json: &mut String, name: &str, [p50, p95, p99]: [Option<Duration>; 3]) {
    let millis = |time: Option<Duration>| time.map(|time| nanos(time) / 1_000_000);
    let _ = write!(json, "\"{name}\":{{");
    for (name, time) in [("p50", p50), ("p95", p95), ("p99", p99)] {
        member(json, name, millis(time));
    }
    close(json, '}');
    json.push(',');
}

/// `"name":value,`
fn member(json: &mut String, name: &str, value: Option<impl Display>) {
    let _ = match value {
        Some(value) => write!(json, "\"{name}\":{value},"),
        None => write!(json, "\"{name}\":null,"),
    };
}

/// Ends what members or elements stand in; the last comma is one too many.
fn close(json: &mut String, end: char) {
    if json.ends_with(',') {
        json.pop();
    }
    json.push(end);
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Basis points as a fraction of one.
fn share(basis_points: u32) -> String {
    format!("{}.{:04}", basis_points / 10_000, basis_points % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_json_with_nothing_left_out() {
        let policy = "seawall 1\n\
            target a { cluster \"a\"  provider openai  auth bearer env.KEY  model \"m \\\"1\\\"\" }\n\
            route r { match path \"/\"  try a }";
        let policy = seawall_policy::check(policy).policy.unwrap();
        let config = Config::new(policy, |_| Some("very-secret".into())).unwrap();
        let second = |seconds: u64| Timestamp(seconds * 1_000_000_000);
        let breaker = BreakerRow {
            name: "b".into(),
            state: BreakerState::Open,
            reason: "errors share=45.00% of=20".into(),
            since: Some(second(100)),
            next_probe: Some(second(160)),
            attempts: 20,
            errors: 9,
        };
        let millis = |millis| Some(Duration::from_millis(millis));
        let numbers = Numbers {
            latency: [millis(800), millis(2_000), None],
            first_token: [None; 3],
            per_token: [millis(21), None, None],
            errors_bp: Some(4_500),
            quality_bp: Some(10_000),
            usual_quality_bp: Some(9_950),
            broken_bp: vec![(Rule::Schema, 250), (Rule::Language, 1)],
            requests: Some((499, second(200))),
            tokens: None,
        };
        let (target, model) = (TargetId(0), Text::Word("m \"1\""));
        let guarded = Row { target, model, breaker: Some(breaker), numbers };
        let bare =
            Row { model: Text::Word(""), breaker: None, numbers: Numbers::default(), ..guarded.clone() };
        let slow =
            RouteRow { name: "r".into(), percentile: 95, most: Duration::from_secs(8), now: millis(9_000) };
        let cold = RouteRow { now: None, ..slow.clone() };
        let text = page(&config, (&[guarded, bare], &[slow, cold], &[]), second(150));
        assert!(!text.contains("very-secret"));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let first = &json["targets"][0];
        assert_eq!(json["time"], "1970-01-01T00:02:30Z");
        assert_eq!((&first["target"], &first["model"]), (&"a".into(), &"m \"1\"".into()));
        assert_eq!(
            (&first["state"], &first["reason"]),
            (&"open".into(), &"errors share=45.00% of=20".into())
        );
        assert_eq!(first["next_probe"], "1970-01-01T00:02:40Z");
        assert_eq!(first["error_rate"], 0.45);
        assert_eq!((&first["quality"], &first["usual_quality"]), (&1.0.into(), &0.995.into()));
        assert_eq!(first["broken"], serde_json::json!({ "schema": 0.025, "language": 0.0001 }));
        assert_eq!(first["latency_ms"], serde_json::json!({ "p50": 800, "p95": 2_000, "p99": null }));
        assert_eq!(first["per_token_ms"], serde_json::json!({ "p50": 21, "p95": null, "p99": null }));
        assert_eq!(
            first["remaining"],
            serde_json::json!({ "requests": { "left": 499, "resets": "1970-01-01T00:03:20Z" }, "tokens": null })
        );
        let second = &json["targets"][1];
        assert!(second["model"].is_null() && second["state"].is_null() && second["error_rate"].is_null());
        assert_eq!(
            json["routes"],
            serde_json::json!([
                { "route": "r", "percentile": 95, "most_ms": 8_000, "latency_ms": 9_000, "slow": true },
                { "route": "r", "percentile": 95, "most_ms": 8_000, "latency_ms": null, "slow": false },
            ])
        );
        let empty = page(&config, (&[], &[], &[]), Timestamp(0));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&empty).expect("JSON")["targets"],
            serde_json::json!([])
        );
    }
}

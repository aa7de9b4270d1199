//! Calls about samples: made at a wake-up, and settled whatever comes of them.

use std::rc::Rc;
use std::time::Duration;

use seawall_policy::policy::{Malformed, Provider, StreamMode};

use super::appraisal::{Appraisal, Of, appraise, moved, scored};
use super::audit::line;
use super::budget::Paid;
use super::plan::{Asked, Plan};
use super::{AT_ONCE, Delivered, Sampling, count, drop_all, judge, redact};
use crate::body::{self, Change};
use crate::config::{Config, Target};
use crate::effect::{Effect, Text};
use crate::event::{Answer, Origin};
use crate::output::Reading;
use crate::request::dispatched_headers;
use crate::store::Store;
use crate::stream::{Dialect, Framing, Gate, Limits, Rules, Usage, Watch};
use crate::telemetry::{SampleEvent, SampleKind};
use crate::time::Timestamp;

/// How long a judge, a model for embeddings or a sink may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// So much later the host may say that a call is over.
const LATE: Duration = Duration::from_secs(5);

/// Bytes of an answer that are embedded: models take 8,192 tokens, and none has less than a byte.
const MOST_EMBEDDED: usize = 8_000;
/// Tokens around what a request says.
const OVERHEAD: u64 = 64;

/// A call under way.
pub(super) struct Call {
    about: About,
    until: Timestamp,
}

enum About {
    /// A judge or an embedding, and what was paid for it.
    Answer {
        kind: SampleKind,
        of: Of,
        paid: Paid,
    },
    Batch {
        sink: usize,
        routes: Vec<usize>,
    },
}

impl Call {
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }
}

impl Sampling {
    /// Does what is due.
    pub(crate) fn handle_timeout(
        &mut self,
        config: &Config,
        store: &mut dyn Store,
        now: Timestamp,
        fx: &mut Vec<Effect>,
    ) {
        if self.wake.is_none_or(|wake| now < wake) {
            return;
        }
        while let Some((number, _)) = self.calls.iter().find(|(_, call)| call.until <= now) {
            let number = *number;
            self.end(config, store, now, number, None, fx);
        }
        for _ in 0..AT_ONCE {
            if !self.has_room() {
                break;
            }
            let Some(delivered) = self.next_waiting() else { break };
            self.look(config, store, now, delivered, fx);
        }
        for sink in 0..self.sinks.len() {
            self.send_batch(config, now, sink, fx);
        }
        self.set_wake(now);
    }

    /// Nothing is sent or heard any more: what is under way has failed, and what waits is dropped.
    pub(crate) fn close(
        &mut self,
        config: &Config,
        store: &mut dyn Store,
        now: Timestamp,
        fx: &mut Vec<Effect>,
    ) {
        while let Some((number, _)) = self.calls.first_key_value() {
            let number = *number;
            self.end(config, store, now, number, None, fx);
        }
        while let Some(delivered) = self.next_waiting() {
            drop_all(&delivered, fx);
        }
        for route in self.sinks.iter_mut().flat_map(super::audit::Sink::close) {
            count(route, SampleKind::Audit, SampleEvent::Dropped, fx);
        }
        self.wake = None;
    }

    /// A call has ended. What that says of answers, if it says something.
    pub(crate) fn answered(
        &mut self,
        config: &Config,
        store: &mut dyn Store,
        now: Timestamp,
        (number, answer): (u32, &Answer),
        fx: &mut Vec<Effect>,
    ) -> Option<Appraisal> {
        let appraisal = self.end(config, store, now, number, Some(answer), fx);
        self.set_wake(now);
        appraisal
    }

    /// Looks at one answer.
    fn look(
        &mut self,
        config: &Config,
        store: &mut dyn Store,
        now: Timestamp,
        delivered: Delivered,
        fx: &mut Vec<Effect>,
    ) {
        let reading = Reading::of(delivered.dialect, delivered.framing, &delivered.answer.bytes);
        let content = reading.as_ref().ok().map(Reading::content);
        let said = content.and_then(judge::said);
        let (Some(plan), Some(content), Some(said)) = (config.samples.of(delivered.route), content, said)
        else {
            return drop_all(&delivered, fx);
        };
        let Delivered { route, position, target, model, .. } = &delivered;
        let of = Of { route: *route, position: *position, target: *target, model: model.clone() };
        for kind in delivered.drawn.kinds() {
            match kind {
                SampleKind::Judge => {
                    let question = String::from_utf8_lossy(&delivered.question);
                    self.ask_judge(config, (store, now), plan, of.clone(), (&question, &said), fx);
                }
                SampleKind::Drift => self.ask_embedding(config, (store, now), plan, of.clone(), &said, fx),
                SampleKind::Audit => {
                    let Some((_, sink)) = plan.audit else { continue };
                    let line = line(config, &delivered, content);
                    if !self.sinks.get_mut(sink).is_some_and(|sink| sink.push(now, *route, &line)) {
                        count(*route, kind, SampleEvent::Dropped, fx);
                    }
                }
            }
        }
    }

    fn ask_judge(
        &mut self,
        config: &Config,
        at: (&mut dyn Store, Timestamp),
        plan: &Plan,
        of: Of,
        said: (&str, &str),
        fx: &mut Vec<Effect>,
    ) {
        let Some(asked) = &plan.judge else { return };
        let Some(target) = config.target(asked.by) else { return };
        let provider = target.change.provider;
        let path = path_of(target, SampleKind::Judge);
        let (instruction, data) = judge::words(&asked.prompt, said, self.rng.up_to(u64::MAX));
        let is_responses = Dialect::of(provider, &path) == Dialect::Responses;
        let body = judge::body(provider, is_responses, (&instruction, &data)).into_bytes();
        let is_thinking = target.change.has_thinking_model();
        let most = judge::most_tokens(provider, is_thinking);
        let change = Change {
            provider,
            model: target.change.model.clone(),
            max_tokens: Some(most),
            temperature: (!is_thinking).then(|| "0".to_owned()),
        };
        let body = body::read(&body)
            .ok()
            .and_then(|facts| change.apply(&body, &facts, &path, false))
            .unwrap_or(body);
        self.ask(config, at, (SampleKind::Judge, asked, of), (path, body, most), fx);
    }

    fn ask_embedding(
        &mut self,
        config: &Config,
        at: (&mut dyn Store, Timestamp),
        plan: &Plan,
        of: Of,
        said: &str,
        fx: &mut Vec<Effect>,
    ) {
        let Some(asked) = &plan.drift else { return };
        let Some(target) = config.target(asked.by) else { return };
        // Other dialects have embeddings of their own, which nothing here reads.
        let reads = matches!(target.change.provider, Provider::OpenAi | Provider::Azure);
        let Some(model) = target.change.model.as_ref().filter(|_| reads) else {
            return count(of.route, SampleKind::Drift, SampleEvent::Dropped, fx);
        };
        let input = redact::quoted(judge::cut(said, MOST_EMBEDDED));
        let body = [r#"{"model":"#, model, r#","input":"#, &input, r#","encoding_format":"float"}"#].concat();
        let path = path_of(target, SampleKind::Drift);
        self.ask(config, at, (SampleKind::Drift, asked, of), (path, body.into_bytes(), 0), fx);
    }

    /// Asks a target, if the budget allows it.
    fn ask(
        &mut self,
        config: &Config,
        (store, now): (&mut dyn Store, Timestamp),
        (kind, asked, of): (SampleKind, &Asked, Of),
        (path, body, output): (String, Vec<u8>, u64),
        fx: &mut Vec<Effect>,
    ) {
        let target = config.target(asked.by).filter(|target| target.change.model.is_some());
        let Some(target) = target else { return count(of.route, kind, SampleEvent::Dropped, fx) };
        // No token is less than a byte.
        let input = (body.len() as u64).saturating_add(OVERHEAD);
        let Some(paid) = asked.budget.pay(store, now, (input, output)) else {
            return count(of.route, kind, SampleEvent::OverBudget, fx);
        };
        let version = ("anthropic-version", "2023-06-01");
        let own = Some(version).filter(|_| target.change.provider == Provider::Anthropic);
        let headers =
            request_headers(&path, &target.cluster, "application/json").into_iter().chain(own).collect();
        let headers = dispatched_headers(&headers, target, Some(&path));
        let about = About::Answer { kind, of, paid };
        self.call(now, about, (target.cluster.clone(), headers, body), fx);
    }

    fn send_batch(&mut self, config: &Config, now: Timestamp, sink: usize, fx: &mut Vec<Effect>) {
        let Some(place) = config.samples.sinks.get(sink) else { return };
        let Some(batch) = self.sinks.get_mut(sink).and_then(|sink| sink.take(now)) else { return };
        let headers = request_headers(&place.path, &place.cluster, "application/x-ndjson");
        let pairs = headers.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let about = About::Batch { sink, routes: batch.routes };
        self.call(now, about, (place.cluster.clone(), pairs.collect(), batch.body), fx);
    }

    fn call(
        &mut self,
        now: Timestamp,
        about: About,
        (cluster, headers, body): (Text, crate::effect::Pairs, Vec<u8>),
        fx: &mut Vec<Effect>,
    ) {
        let attempt = self.next_call;
        self.next_call = self.next_call.wrapping_add(1);
        let until = now.after(TIMEOUT.saturating_add(LATE));
        self.calls.insert(attempt, Call { about, until });
        fx.push(Effect::Dispatch {
            attempt,
            cluster,
            headers,
            body: Rc::new(body),
            timeout: TIMEOUT,
            headers_timeout: TIMEOUT,
        });
    }

    /// Settles a call; without an answer when none has come in time.
    fn end(
        &mut self,
        config: &Config,
        store: &mut dyn Store,
        now: Timestamp,
        number: u32,
        answer: Option<&Answer>,
        fx: &mut Vec<Effect>,
    ) -> Option<Appraisal> {
        let Call { about, .. } = self.calls.remove(&number)?;
        let of_provider = answer.filter(|answer| answer.origin == Origin::Provider);
        let success = of_provider.filter(|answer| (200..300).contains(&answer.status));
        match about {
            About::Batch { sink, routes } => {
                let event = if success.is_some() { SampleEvent::Sent } else { SampleEvent::Failed };
                routes.iter().for_each(|route| count(*route, SampleKind::Audit, event, fx));
                self.sinks.get_mut(sink)?.ended(now, success.is_some());
                None
            }
            About::Answer { kind, of, paid } => {
                let plan = config.samples.of(of.route)?;
                let asked =
                    if kind == SampleKind::Judge { plan.judge.as_ref()? } else { plan.drift.as_ref()? };
                let target = config.target(asked.by)?;
                let dialect = Dialect::of(target.change.provider, &path_of(target, kind));
                // Where no connection was made, nothing was used, and providers charge nothing for errors.
                let is_free = |answer: &Answer| match answer.origin {
                    Origin::Connect | Origin::Full => true,
                    Origin::Provider => answer.status >= 400,
                    Origin::Timeout | Origin::Reset => false,
                };
                if answer.is_some_and(is_free) {
                    asked.budget.refund(store, paid);
                } else {
                    asked.budget.settle(store, paid, success.and_then(|answer| usage(dialect, now, answer)));
                }
                let Some(answer) = success else {
                    count(of.route, kind, SampleEvent::Failed, fx);
                    return None;
                };
                let found = match kind {
                    SampleKind::Judge => scored(dialect, answer),
                    _ => moved(config, store, (&of, asked), answer, fx),
                };
                let Some(look) = found else {
                    count(of.route, kind, SampleEvent::Unparsable, fx);
                    return None;
                };
                count(of.route, kind, SampleEvent::Scored, fx);
                Some(appraise(config, (store, now), &of, look, fx))
            }
        }
    }
}

/// What the provider says that a call has used.
fn usage(dialect: Dialect, now: Timestamp, answer: &Answer) -> Option<Usage> {
    let rules = Rules {
        mode: StreamMode::Complete,
        malformed: Malformed::End,
        limits: Limits::default(),
        hides_usage: false,
        keeps: false,
    };
    let mut gate = Gate::new(Watch::new(dialect, Framing::Document), rules, now, now);
    let _ = gate.push_last(now, &answer.body);
    gate.report().usage
}

/// Where a target is asked.
fn path_of(target: &Target, kind: SampleKind) -> String {
    const AZURE_VERSION: &str = "?api-version=2024-10-21";
    let usual = match (kind, target.change.provider) {
        (SampleKind::Drift, Provider::Azure) => ["/openai/deployments/-/embeddings", AZURE_VERSION],
        (SampleKind::Drift, _) => ["/v1/embeddings", ""],
        (_, Provider::OpenAi) => ["/v1/chat/completions", ""],
        (_, Provider::Azure) => ["/openai/deployments/-/chat/completions", AZURE_VERSION],
        (_, Provider::Anthropic) => ["/v1/messages", ""],
        (_, Provider::Gemini) => ["/v1beta/models/-:generateContent", ""],
        (_, Provider::Bedrock) => ["/model/-/converse", ""],
    };
    let usual = usual.concat();
    target.path(&usual).map_or(usual, |path| path.to_string())
}

fn request_headers<'h>(path: &'h str, authority: &'h str, kind: &'h str) -> [(&'h str, &'h str); 6] {
    [
        (":method", "POST"),
        (":path", path),
        (":authority", authority),
        ("content-type", kind),
        ("accept-encoding", "identity"),
        ("user-agent", "seawall"),
    ]
}

//! The core by itself: reading a body, a whole exchange that succeeds at its first attempt, and what is remembered of it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Bencher, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seawall_core::{
    Answer, Config, Engine, Event, ExchangeId, Half, Headers, Keys, Measure, MemoryStore, Origin, Outcome,
    Quota, Sample, Seed, Stats, Timestamp, read_body,
};

const SIZES: [usize; 3] = [1_000, 20_000, 200_000];

fn body(size: usize) -> Vec<u8> {
    let turn = r#"{"role":"user","content":"Say \"hello\" to the sea, the wall and the tide.\nThen count the waves."},"#;
    let turns = turn.repeat(size / turn.len());
    format!(r#"{{"model":"gpt-4.1","messages":[{turns}{{"role":"user","content":"Go."}}],"stream":false}}"#)
        .into_bytes()
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read_body");
    for size in SIZES {
        let body = body(size);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &body, |bench, body| {
            bench.iter(|| read_body(black_box(body)));
        });
    }
    group.finish();
}

/// The demo's policy, with a condition on its route.
fn with_condition(condition: &str) -> String {
    let line = r#"match    path "/v1/chat/completions""#;
    include_str!("../../envoy/demo.seawall").replace(line, &[line, "  when `", condition, "`"].concat())
}

#[expect(clippy::expect_used, reason = "a bench without its policy has nothing to measure")]
fn exchange(criterion: &mut Criterion) {
    let conditions = [
        ("no condition", None),
        ("condition on headers", Some(r#"headers["accept"] == "*/*" && method == "POST""#)),
        ("condition on the body", Some(r#"model.startsWith("gpt-4") && turns < 100 && !stream"#)),
    ];
    let mut group = criterion.benchmark_group("exchange");
    for (name, condition) in conditions {
        let text =
            condition.map_or_else(|| include_str!("../../envoy/demo.seawall").to_owned(), with_condition);
        let policy = seawall_policy::check(&text).policy.expect("the policy checks");
        assert_eq!(policy.routes.iter().any(|route| route.when.is_some()), condition.is_some());
        let mut engine = Engine::new(Config::new(policy, |_| None).expect("no secrets"), Seed(1), false);
        group.bench_function(name, |bench| one_exchange(bench, &mut engine, None));
    }
    group.finish();
}

/// The demo's policy with five limits on its route: what a request costs more than without is their admission and settling.
const LIMITS: &str = "
tenant by header \"x-tenant\" trusted
limit tpm    per tenant { 1000M tokens/min }
limit rpm    per tenant { 1000M requests/min }
limit calls  per tenant { 1000 concurrent }
limit all    global     { 1000M tokens/min }
limit target per target { 1000M requests/min }
";

#[expect(clippy::expect_used, reason = "a bench without its policy has nothing to measure")]
fn limits(criterion: &mut Criterion) {
    let line = r#"match    path "/v1/chat/completions""#;
    let text = include_str!("../../envoy/demo.seawall")
        .replace(line, &[line, "  limit tpm, rpm, calls, all, target"].concat());
    let mut group = criterion.benchmark_group("exchange under five limits");
    for tenants in [1_u64, 1_000, 1_000_000] {
        let policy = seawall_policy::check(&[&text, LIMITS].concat()).policy.expect("the policy checks");
        assert_eq!(policy.limits.len(), 5);
        let mut engine = Engine::new(Config::new(policy, |_| None).expect("no secrets"), Seed(1), false);
        let id = BenchmarkId::new("tenants", tenants);
        group.bench_function(id, |bench| one_exchange(bench, &mut engine, Some(tenants)));
    }
    group.finish();
}

fn one_exchange(bench: &mut Bencher<'_>, engine: &mut Engine, tenants: Option<u64>) {
    let (mut store, mut fx, body) = (MemoryStore::default(), Vec::new(), body(1_000));
    let headers: Headers = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        (":authority", "llm.test"),
        ("accept", "*/*"),
    ]
    .into_iter()
    .collect();
    let mut id = 0;
    bench.iter(|| {
        id += 1;
        let (now, id) = (Timestamp(u64::from(id) * 1_000), ExchangeId(id));
        let headers = match tenants {
            Some(tenants) => {
                let tenant = (u64::from(id.0).wrapping_mul(0x9e37_79b9) % tenants).to_string();
                let all = headers.iter().map(|(name, value)| (as_text(name), as_text(value)));
                all.chain([("x-tenant", tenant.as_str())]).collect()
            }
            None => headers.clone(),
        };
        engine.handle(now, &mut store, id, Event::RequestHeaders { headers, end_of_stream: false }, &mut fx);
        engine.handle(now, &mut store, id, Event::RequestEnd { body: body.clone() }, &mut fx);
        let answer =
            Answer { status: 200, headers: Headers::default(), body: Vec::new(), origin: Origin::Provider };
        let event = Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: true };
        engine.handle(now, &mut store, id, event, &mut fx);
        black_box(&fx);
        fx.clear();
    });
}

fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Samples a millisecond apart, as in a busy worker; a quarter of a second apart, where each is written down at once; and
/// what is asked between them.
fn remembering(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stats");
    for (name, pause) in [("record", 1), ("record and write down", 250)] {
        let (mut stats, mut store, mut millis) = (stats(), MemoryStore::default(), 0);
        group.bench_function(name, |bench| {
            bench.iter(|| {
                millis += pause;
                stats.record(&mut store, (0, None), Timestamp(millis * 1_000_000), sample(millis))
            });
        });
    }
    let (mut stats, mut store) = (stats(), MemoryStore::default());
    for n in 0..10_000 {
        stats.record(&mut store, (0, None), Timestamp(n * 100_000_000), sample(n));
    }
    let view = stats.view(&mut store, (0, None), Timestamp(1_000_000_000_000)).cloned().unwrap_or_default();
    group.bench_function("percentile", |bench| {
        bench.iter(|| view.percentile(Measure::Latency, black_box(95), None));
    });
    group.bench_function("above baseline", |bench| {
        bench.iter(|| view.above_baseline(Measure::Latency, black_box(95)));
    });
    group.finish();
}

fn stats() -> Stats {
    let key = |kind: &str| ["seawall/", kind, "/primary"].concat().into();
    let keys = Keys { cells: key("stats"), models: key("models"), named: Vec::new(), slot: 30 };
    Stats::new(std::iter::once(keys), 1, false)
}

fn sample(n: u64) -> Sample {
    Sample {
        outcome: Outcome::Success,
        latency: Some(Duration::from_millis(500 + n % 700)),
        first_token: Some(Duration::from_millis(100 + n % 70)),
        output_tokens: Some(200),
        most_tokens: None,
        is_good: Some(true),
        broken: None,
        quota: Quota::default(),
    }
}

criterion_group!(benches, reading, exchange, limits, remembering);
criterion_main!(benches);

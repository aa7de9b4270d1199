//! What it costs to watch a stream, event by event.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seawall_core::{Dialect, Framing, Gate, Limits, Rules, Timestamp, Watch};
use seawall_policy::policy::{Malformed, StreamMode};

/// What one event of a stream costs, by how they come.
fn streaming(criterion: &mut Criterion) {
    const EVENTS: usize = 200;
    let rules = |mode| Rules {
        mode,
        malformed: Malformed::End,
        limits: Limits::default(),
        hides_usage: false,
        keeps: false,
    };
    let chat = "data: {\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":\"chat.completion.chunk\",\"created\":1741570283,\
        \"model\":\"gpt-4.1-2025-04-14\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{\"index\":0,\
        \"delta\":{\"content\":\" waves\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"a1B2c3\"}\n\n";
    let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\
        \"text\":\" waves\"}}\n\n";
    let mut group = criterion.benchmark_group("stream");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for (name, dialect, event) in
        [("chat", Dialect::Chat, chat), ("anthropic", Dialect::Anthropic, anthropic)]
    {
        let text = event.repeat(EVENTS);
        let ways = [
            ("event by event", event.len(), StreamMode::Live),
            ("split", 100, StreamMode::Live),
            ("held", event.len(), StreamMode::Complete),
        ];
        for (way, size, mode) in ways {
            group.bench_function(format!("{name}, {way}"), |bench| {
                bench.iter(|| {
                    let watch = Watch::new(dialect, Framing::Sse);
                    let mut gate = Gate::new(watch, rules(mode), Timestamp(0), Timestamp(0));
                    for chunk in black_box(text.as_bytes()).chunks(size) {
                        black_box(gate.push(Timestamp(0), chunk));
                    }
                    gate
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, streaming);
criterion_main!(benches);

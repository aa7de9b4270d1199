use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use seawall_policy::policy::TargetId;

use super::*;
use crate::config::Config;
use crate::event::{Answer, Origin};
use crate::headers::Headers;
use crate::memory::MemoryStore;
use crate::rng::Seed;
use crate::telemetry::Decision;

const POLICY: &str = "seawall 1\n\
    target thinker { cluster \"thinker\"  provider openai  model \"gpt-5-mini\"  price $1 in, $5 out per 1M tokens }\n\
    target flash { cluster \"flash\"  provider gemini  model \"gemini-2.5-flash\"  price $1 in, $5 out per 1M tokens }\n\
    target main { cluster \"main\"  provider openai  model \"gpt-4.1\" }\n\
    target haiku { cluster \"judge\"  provider anthropic  model \"claude-haiku-4-5\"  auth header \"x-api-key\" env.KEY  price $1 in, $5 out per 1M tokens }\n\
    target embedder { cluster \"embeddings\"  provider openai  model \"text-embedding-3-small\"  price $0.02 in, $0 out per 1M tokens }\n\
    route chat {\n  match path \"/v1/chat/completions\"  try main\n  output {\n";

/// A worker, what it calls, and the time.
struct Bench {
    config: Config,
    sampling: Sampling,
    store: MemoryStore,
    now: Timestamp,
    counts: BTreeMap<(SampleKind, SampleEvent), u32>,
    calls: Vec<(u32, Text, Headers, Vec<u8>)>,
    told: Vec<Decision>,
    looks: Vec<Appraisal>,
}

impl Bench {
    fn new(output: &str) -> Self {
        let text = format!("{POLICY}{output}\n  }}\n}}\n");
        let checked = seawall_policy::check(&text);
        let findings = seawall_policy::render("test", &text, &checked.diagnostics);
        let config = Config::new(checked.policy.expect(&findings), |_| Some("judges-key".into())).unwrap();
        Self {
            sampling: Sampling::new(&config.samples, 1, Seed(1).derive(1)),
            config,
            store: MemoryStore::default(),
            now: Timestamp(1_700_000_000_000_000_000),
            counts: BTreeMap::new(),
            calls: Vec::new(),
            told: Vec::new(),
            looks: Vec::new(),
        }
    }

    fn take(&mut self, fx: Vec<Effect>) {
        for effect in fx {
            match effect {
                Effect::Count(Metric::Sample(0, kind, event)) => {
                    *self.counts.entry((kind, event)).or_default() += 1
                }
                Effect::Count(_) => {}
                Effect::Log(decision) => self.told.push(decision),
                Effect::Dispatch { attempt, cluster, headers, body, .. } => {
                    let headers = headers
                        .iter()
                        .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()));
                    self.calls.push((attempt, cluster, headers.collect(), body.to_vec()));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// An answer with this text is delivered; whether it was drawn.
    fn deliver(&mut self, text: &str, question: &str) -> bool {
        let mut fx = Vec::new();
        let drawn = self.sampling.draw(&self.config.samples, 0, &mut fx);
        let is_drawn = drawn.is_some();
        if let Some(drawn) = drawn {
            let mut answer = Kept::default();
            let message = serde_json::json!({"choices":[{"index":0,"message":{"role":"assistant","content":text},"finish_reason":"stop"}]});
            answer.push(message.to_string().as_bytes());
            let delivered = Delivered {
                route: 0,
                position: 0,
                target: TargetId(
                    self.config.policy().targets.iter().position(|target| target.name == "main").unwrap(),
                ),
                model: Some("gpt-4.1".into()),
                at: self.now,
                question: question.as_bytes().to_vec(),
                dialect: Dialect::Chat,
                framing: Framing::Document,
                answer,
                drawn,
            };
            self.sampling.take(delivered, &mut fx);
        }
        self.take(fx);
        is_drawn
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now.after(time);
        while let Some(wake) = self.sampling.next_deadline().filter(|wake| *wake <= until) {
            self.now = self.now.max(wake);
            let mut fx = Vec::new();
            self.sampling.handle_timeout(&self.config, &mut self.store, self.now, &mut fx);
            self.take(fx);
        }
        self.now = until;
    }

    fn answer(&mut self, number: u32, status: u16, body: &str, origin: Origin) {
        let answer = Answer { status, headers: Headers::default(), body: body.as_bytes().to_vec(), origin };
        let mut fx = Vec::new();
        let found =
            self.sampling.answered(&self.config, &mut self.store, self.now, (number, &answer), &mut fx);
        self.looks.extend(found);
        self.take(fx);
    }

    fn count(&self, kind: SampleKind, event: SampleEvent) -> u32 {
        self.counts.get(&(kind, event)).copied().unwrap_or_default()
    }
}

/// A judge's reply, as Anthropic writes it.
fn reply(text: &str) -> String {
    let usage = serde_json::json!({"input_tokens": 120, "output_tokens": 4});
    serde_json::json!({"type":"message","role":"assistant","content":[{"type":"text","text":text}],"stop_reason":"end_turn","usage":usage})
        .to_string()
}

fn embedding(numbers: &[f32]) -> String {
    serde_json::json!({"object":"list","data":[{"index":0,"embedding":numbers}],"usage":{"prompt_tokens":9,"total_tokens":9}}).to_string()
}

const JUDGE: &str = "judge 100% by haiku prompt <<END\nIs it polite?\nEND\n";

#[test]
fn a_judge_is_asked_in_its_dialect_with_its_own_credentials_and_the_data_apart() {
    let mut bench = Bench::new(JUDGE);
    assert!(bench.deliver("Certainly.", r#"[{"role":"user","content":"Hello"}]"#));
    bench.pass(Duration::ZERO);
    let (number, cluster, headers, body) = bench.calls.pop().unwrap();
    assert_eq!(&*cluster, "judge");
    assert_eq!(headers.get(":path"), Some("/v1/messages"));
    assert_eq!(headers.get("x-api-key"), Some("judges-key"));
    assert_eq!(headers.get("anthropic-version"), Some("2023-06-01"));
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["model"], &body["max_tokens"]), (&"claude-haiku-4-5".into(), &64.into()));
    assert_eq!(body["temperature"], 0);
    assert!(body["system"].as_str().unwrap().starts_with("Is it polite?"));
    let data = body["messages"][0]["content"].as_str().unwrap();
    assert!(data.contains("Certainly.") && data.contains("Hello"), "{data}");
    bench.answer(number, 200, &reply("0.8"), Origin::Provider);
    assert_eq!(bench.count(SampleKind::Judge, SampleEvent::Scored), 1);
    assert_eq!((bench.looks[0].answers, bench.looks[0].bad), (1, 0));
    assert!(bench.told.iter().all(|told| !told.to_string().contains("Certainly")));
}

#[test]
fn a_judge_that_thinks_gets_room_for_it_and_no_temperature_that_it_refuses() {
    let asked = |by: &str| {
        let mut bench = Bench::new(&JUDGE.replace("haiku", by));
        bench.deliver("Certainly.", "");
        bench.pass(Duration::ZERO);
        serde_json::from_slice::<serde_json::Value>(&bench.calls.pop().unwrap().3).unwrap()
    };
    let body = asked("thinker");
    assert_eq!((&body["model"], &body["max_completion_tokens"]), (&"gpt-5-mini".into(), &2_048.into()));
    assert_eq!((body.get("temperature"), body.get("max_tokens")), (None, None));
    let settings = &asked("flash")["generationConfig"];
    assert_eq!((&settings["maxOutputTokens"], &settings["temperature"]), (&2_048.into(), &0.into()));
}

#[test]
fn calls_that_a_provider_refuses_cost_nothing() {
    let budget = "judge 100% by haiku budget $0.002/hour prompt <<END\nIs it polite?\nEND\n";
    for (status, origin, is_free) in [
        (400, Origin::Provider, true),
        (529, Origin::Provider, true),
        (503, Origin::Connect, true),
        (200, Origin::Provider, false),
        (504, Origin::Timeout, false),
        (503, Origin::Reset, false),
    ] {
        let mut bench = Bench::new(budget);
        for _ in 0..20 {
            bench.deliver("Yes.", "");
            bench.pass(Duration::ZERO);
            if let Some((number, ..)) = bench.calls.pop() {
                bench.answer(number, status, "{}", origin);
            }
        }
        let is_spent = bench.count(SampleKind::Judge, SampleEvent::OverBudget) > 0;
        assert_eq!(is_spent, !is_free, "{status} {origin:?}");
    }
}

#[test]
fn what_a_judge_says_besides_is_no_score_and_an_error_is_no_answer() {
    let mut bench = Bench::new(JUDGE);
    let replies = [
        (200, reply("I'd say 0.5"), SampleEvent::Unparsable),
        (200, "not JSON".into(), SampleEvent::Unparsable),
        (200, "{}".into(), SampleEvent::Unparsable),
        (200, "[".repeat(100_000), SampleEvent::Unparsable),
        (429, reply("1"), SampleEvent::Failed),
        (302, reply("1"), SampleEvent::Failed),
    ];
    for (status, body, event) in replies {
        let before = bench.count(SampleKind::Judge, event);
        bench.deliver("Yes.", "");
        bench.pass(Duration::ZERO);
        let number = bench.calls.pop().unwrap().0;
        bench.answer(number, status, &body, Origin::Provider);
        assert_eq!(bench.count(SampleKind::Judge, event), before + 1, "{body:.40}");
    }
    assert!(bench.looks.is_empty());
}

#[test]
fn answers_that_move_are_told_once_and_count_as_bad() {
    let mut bench = Bench::new("drift 100% by embedder alert 0.2");
    for (numbers, times) in [([1.0, 0.1], 60), ([0.1, 1.0], 60), ([1.0, 0.1], 80)] {
        for _ in 0..times {
            bench.deliver("Some answer.", "");
            bench.pass(Duration::ZERO);
            let (number, cluster, headers, body) = bench.calls.pop().unwrap();
            assert_eq!((&*cluster, headers.get(":path")), ("embeddings", Some("/v1/embeddings")));
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (&body["model"], &body["input"]),
                (&"text-embedding-3-small".into(), &"Some answer.".into())
            );
            bench.answer(number, 200, &embedding(&numbers), Origin::Provider);
        }
    }
    let told: Vec<_> =
        bench.told.iter().map(|told| matches!(told, Decision::Drift { is_away: true, .. })).collect();
    assert_eq!(told, [true, false]);
    assert!(bench.looks.iter().any(|look| look.bad > 20));
    let rows = rows(&bench.config, &mut bench.store, bench.now);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].course.distance.is_some() && !rows[0].course.is_away, "{rows:?}");
}

#[test]
fn an_audit_is_lines_without_what_is_private() {
    let mut bench = Bench::new("audit 100% to \"sink\"");
    bench.deliver(
        "Write to jane@example.com.",
        r#"[{"role":"user","content":"My card is 4111 1111 1111 1111"}]"#,
    );
    bench.deliver("Done.", "");
    bench.pass(Duration::from_secs(2));
    let (number, cluster, headers, body) = bench.calls.pop().unwrap();
    assert_eq!((&*cluster, headers.get(":path")), ("sink", Some("/v1/audit")));
    assert_eq!(headers.get("content-type"), Some("application/x-ndjson"));
    let lines: Vec<serde_json::Value> =
        String::from_utf8(body).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["request"][0]["content"], "My card is [card]");
    assert_eq!(lines[0]["answer"][0]["text"], "Write to [email].");
    assert_eq!((&lines[1]["target"], &lines[1]["model"]), (&"main".into(), &"gpt-4.1".into()));
    bench.answer(number, 204, "", Origin::Provider);
    assert_eq!(bench.count(SampleKind::Audit, SampleEvent::Sent), 2);
}

#[test]
fn a_full_budget_asks_nothing_until_its_period_ends() {
    // Each call is paid for with the most it can cost before it is made, and this one pays for few.
    let mut bench = Bench::new("judge 100% by haiku budget $0.002/hour prompt <<END\nIs it polite?\nEND\n");
    for _ in 0..20 {
        bench.deliver("Yes.", "");
        bench.pass(Duration::ZERO);
    }
    let asked = bench.calls.len();
    assert!((1..4).contains(&asked), "{asked}");
    assert_eq!(bench.count(SampleKind::Judge, SampleEvent::OverBudget) as usize, 20 - asked);
    bench.pass(Duration::from_secs(3_600));
    bench.deliver("Yes.", "");
    bench.pass(Duration::ZERO);
    assert_eq!(bench.calls.len(), asked + 1);
}

#[test]
fn calls_of_tools_are_audited_whatever_their_arguments_are() {
    let bench = Bench::new("audit 100% to \"sink\"");
    let delivered = Delivered {
        route: 0,
        position: 0,
        target: TargetId(0),
        model: None,
        at: bench.now,
        question: b"[{\"content\":\"it breaks o".to_vec(),
        dialect: Dialect::Chat,
        framing: Framing::Document,
        answer: Kept::default(),
        drawn: Drawn { kinds: [false; 3], _seat: Rc::default() },
    };
    let of = |arguments: &str, is_text: bool| {
        let call = crate::output::Call { name: "f".to_owned(), arguments: arguments.to_owned(), is_text };
        let choice = crate::output::Choice { calls: vec![call], ..Default::default() };
        let line = audit::line(&bench.config, &delivered, &crate::output::Content { choices: vec![choice] });
        assert!(!line.contains('\n'), "{line}");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["request"][0]["content"], "it breaks o");
        line["answer"][0]["calls"][0]["arguments"].clone()
    };
    assert_eq!(of("", false), serde_json::json!({}));
    assert_eq!(of("{\"to\":\"jane@x.de\"}", false), serde_json::json!({"to": "[email]"}));
    assert_eq!(of("mail jane@x.de", false), "mail [email]");
    assert_eq!(of("{\"a\":[1,", false), serde_json::json!({"a": [1]}));
    assert_eq!(of("", true), "");
    assert_eq!(of("[1]\njane@x.de", true), "[1]\n[email]");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn all_is_bounded_and_every_sample_comes_to_one_end(
        steps in prop::collection::vec((0_u8..12, 0_usize..200_000, 0_u64..20_000, 0_u8..6), 1..150),
        share in prop::sample::select(vec![1_u32, 10, 50, 100]),
    ) {
        let output = format!(
            "judge {share}% by haiku budget $0.05/min prompt <<END\nIs it polite?\nEND\n drift {share}% by embedder alert 0.1  audit {share}% to \"sink\""
        );
        let mut bench = Bench::new(&output);
        let (mut delivered, mut spent) = (0_u64, BTreeMap::<u64, u64>::new());
        for (step, size, millis, fate) in steps {
            if step < 6 {
                for _ in 0..=step {
                    bench.deliver(&"word ".repeat(size / 5 / (usize::from(step) + 1)), "[]");
                    delivered += 1;
                }
            } else {
                bench.pass(Duration::from_millis(millis));
            }
            let asked = bench.calls.len();
            prop_assert!(bench.sampling.waiting.len() <= MOST_WAITING);
            prop_assert!(bench.sampling.waiting_bytes <= MOST_WAITING_BYTES);
            prop_assert!(bench.sampling.calls.len() <= MOST_CALLS + 1, "one more for the sink");
            for (number, cluster, _, body) in bench.calls.drain(..asked / 2).collect::<Vec<_>>() {
                // A dollar for a million tokens, none shorter than a byte.
                let minute = bench.now.0 / 60_000_000_000;
                if &*cluster == "judge" && fate < 5 && fate != 2 {
                    *spent.entry(minute).or_default() += if fate == 0 { 140 } else { body.len() as u64 / 1_000 };
                }
                match fate {
                    0 if &*cluster == "judge" => bench.answer(number, 200, &reply("0.5"), Origin::Provider),
                    0 => bench.answer(number, 200, &embedding(&[1.0, 2.0]), Origin::Provider),
                    1 => bench.answer(number, 200, "nonsense", Origin::Provider),
                    2 => bench.answer(number, 500, "", Origin::Provider),
                    3 => bench.answer(number, 503, "", Origin::Connect),
                    4 => bench.answer(number, 504, "", Origin::Timeout),
                    // Never.
                    _ => {}
                }
            }
        }
        // Some are never answered at all.
        bench.calls.clear();
        for _ in 0..200 {
            bench.pass(Duration::from_secs(60));
        }
        prop_assert!(bench.sampling.calls.is_empty() && bench.sampling.waiting.is_empty());
        prop_assert_eq!(Rc::strong_count(&bench.sampling.seats), 1);
        for kind in SampleKind::ALL {
            let sampled = bench.count(kind, SampleEvent::Sampled);
            prop_assert!(u64::from(sampled) * 100 <= delivered * u64::from(share));
            let ends = bench.counts.iter().filter(|((of, event), _)| *of == kind && *event != SampleEvent::Sampled);
            prop_assert_eq!(ends.map(|(_, count)| count).sum::<u32>(), sampled, "{:?}", kind);
        }
        prop_assert!(spent.values().all(|spent| *spent <= 2 * 50_000));
    }
}

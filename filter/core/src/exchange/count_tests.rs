//! Counts of one request, beside an engine: what they mean at places of its plan, and what is learned of them.

use seawall_policy::check;

use super::*;
use crate::body;
use crate::config::Config;
use crate::counting::Counting;
use crate::event::ExchangeId;
use crate::exchange::Reading;
use crate::exchange::watched::Sighted;
use crate::headers::Headers;
use crate::limits::{Identity, Limits as Limiting};
use crate::memory::MemoryStore;
use crate::output::{Broken, SchemaCache, Scratch};
use crate::rng::Seed;
use crate::sampling::Sampling;
use crate::stats::Stats;
use crate::stream::{Dialect, Framing, Verdict};
use crate::time::Timestamp;
use crate::timeout::Limits;

const POLICY: &str = r#"
    seawall 1
    target one   { cluster "one"    provider openai }
    target other { cluster "other"  provider openai  model "llama-3" }
    target small { cluster "small"  provider openai  model "gpt-4o-mini" }
    target claude { cluster "claude"  provider openai  model "claude-sonnet-4-5" }
    limit  tpm global { 1M tokens/min }
    route  counted   { match path "/v1/chat/completions"  try one  then other  limit tpm }
    route  uncounted { match path "/free"  try one }
    route  pictures { match path "/pictures"  try one then small then claude then other  limit tpm }
"#;

/// A worker, and what its requests have told.
struct Worker {
    config: Config,
    store: MemoryStore,
    counting: Counting,
    told: Vec<(Tokens, u64)>,
}

impl Worker {
    fn new() -> Self {
        Self::with(POLICY)
    }

    fn with(policy: &str) -> Self {
        let config = Config::new(check(policy).policy.unwrap(), |_| None).unwrap();
        let counting = Counting::new(&mut Seed(1).derive(0));
        Self { config, store: MemoryStore::default(), counting, told: Vec::new() }
    }

    /// A request of a route with this body.
    fn request(&self, route: usize, body: &str) -> Exchange {
        let headers: Headers = [(":path", "/v1/chat/completions")].into_iter().collect();
        let mut exchange =
            Exchange::new((route, false), Timestamp(0), (headers, Identity::default()), Seed(1).derive(1));
        exchange.facts = Some(body::read(body.as_bytes()).unwrap());
        exchange.most_tokens = exchange.facts.as_ref().and_then(|facts| facts.most_tokens(body.as_bytes()));
        exchange.body = std::rc::Rc::new(body.as_bytes().to_vec());
        exchange.counted = Counted::new(self.config.counts_tokens(route));
        exchange
    }

    fn turn<R>(&mut self, run: impl FnOnce(&mut Turn<'_>) -> R) -> R {
        let (mut guards, mut fx) = (self.config.guards(), Vec::new());
        let mut stats = Stats::new(self.config.stats_keys(), 1, false);
        let result = run(&mut Turn {
            config: &self.config,
            store: &mut self.store,
            now: Timestamp(0),
            id: ExchangeId(1),
            is_tracing: false,
            asker: std::rc::Rc::default(),
            guards: &mut guards,
            stats: &mut stats,
            limits: &mut Limiting::new(1),
            counting: &mut self.counting,
            scratch: &mut Scratch::default(),
            schemas: &mut SchemaCache::default(),
            sampling: &mut Sampling::new(&self.config.samples, 0, Seed(1).derive(1)),
            key: None,
            uncounted: &mut Vec::new(),
            warnings: Vec::new(),
            fx: &mut fx,
        });
        self.told.extend(fx.iter().filter_map(|effect| match effect {
            Effect::Count(Metric::Tokens(_, what, tokens)) => Some((*what, *tokens)),
            _ => None,
        }));
        result
    }

    /// An answer comes from a place, with this usage.
    fn answered(&mut self, exchange: &mut Exchange, position: usize, input: u64, output: u64) {
        let usage = Usage { input, cached: 0, output, reasoning: 0 };
        let sighted = Sighted {
            first_token: None,
            usage: Some(usage),
            verdict: Verdict::Complete,
            content_tokens: output,
            spoken: (Dialect::Chat, Framing::Document),
            is_cut_off: false,
            broken: Broken::default(),
            is_repaired: false,
        };
        let attempt = Attempt {
            n: 1,
            position,
            permit: None,
            begun: Timestamp(0),
            limits: Limits::NONE,
            is_routed: true,
            is_held_whole: false,
            is_given_up: false,
            reading: Reading::Awaited,
            sighted: Some(sighted),
            spent: None,
        };
        self.turn(|turn| exchange.learn_tokens(turn, &attempt, usage));
    }
}

fn body(model: &str, more: &str) -> String {
    let words = "All happy families are alike. ".repeat(40);
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{words}"}}]{more}}}"#)
}

#[test]
fn all_counts_of_a_request_share_one_budget_and_none_is_made_twice() {
    let mut worker = Worker::new();
    let picture = r#"{"type":"image_url","image_url":{"url":"https://a.test","detail":"low"}}"#;
    let words: String = (0..40_000).map(|number| format!("{number} words ")).collect();
    let text = format!(r#"{{"type":"text","text":"{words}"}}"#);
    let body = format!(r#"{{"messages":[{{"role":"user","content":[{picture},{text}]}}]}}"#);
    let mut request = worker.request(2, &body);
    let first = worker.turn(|turn| request.prompt(turn, 0));
    assert!(request.counted.budget < Budget::default());
    // An image costs a smaller model something else, and so all of it is looked at again, in less time.
    let second = worker.turn(|turn| request.prompt(turn, 1));
    assert_eq!(request.counted.tallies.len(), 2);
    assert!(request.counted.budget.0 <= Budget::default().0 / LEAST_BUDGET);
    assert!(first.tokens.abs_diff(second.tokens) * 10 < first.tokens, "{first} {second}");
    // What was counted for a condition is known to the route that it has chosen.
    let counted = std::mem::take(&mut request.counted);
    request.counted = counted.of_route(true);
    assert_eq!(worker.turn(|turn| request.prompt(turn, 0)), first);
    assert_eq!(request.counted.tallies.len(), 2);
}

#[test]
fn a_prompt_is_counted_for_each_model_that_it_may_go_to() {
    let mut worker = Worker::new();
    let mut request = worker.request(0, &body("gpt-4o", ""));
    let [own, others] = [0, 1].map(|place| worker.turn(|turn| request.prompt(turn, place)));
    assert_eq!(own.is_exact, Encoding::O200kBase.is_built_in());
    assert!(!others.is_exact, "nobody knows that vocabulary here");
    assert!((200..=320).contains(&own.tokens) && (200..=320).contains(&others.tokens), "{own} {others}");
    let says = if own.is_exact { "exact" } else { "estimate" };
    assert_eq!(request.counted.prompt(0).unwrap().to_string(), format!("{} {says}", own.tokens));
}

#[test]
fn what_a_picture_or_file_costs_is_counted_for_each_model_and_not_taken_from_another() {
    const PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAA=";
    let item =
        |item: &str| format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":[{item}]}}]}}"#);
    let picture = item(&format!(r#"{{"type":"image_url","image_url":{{"url":"{PICTURE}"}}}}"#));
    let mut worker = Worker::new();
    for places in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let mut request = worker.request(2, &picture);
        let counted = places.map(|place| (place, worker.turn(|turn| request.prompt(turn, place).tokens)));
        let mut frames = counted.map(|(place, tokens)| tokens - [765, 25_501, 1_398, 765][place]);
        frames.sort_unstable();
        assert!(frames[3] < 10, "{counted:?}");
    }
    let file = item(r#"{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERi0xLjc="}}"#);
    let mut worker = Worker::with(&POLICY.replace("claude-sonnet-4-5", "gemini-2.5-flash"));
    let mut request = worker.request(2, &file);
    let [gpt, gemini] = [0, 2].map(|place| worker.turn(|turn| request.prompt(turn, place).tokens));
    assert_eq!(gpt - gemini, 2_334 - 258);
}

#[test]
fn a_text_is_counted_once_for_all_models_of_one_vocabulary() {
    let mut worker = Worker::new();
    let mut request = worker.request(2, &body("gpt-4o", ""));
    for place in 0..4 {
        worker.turn(|turn| request.prompt(turn, place));
    }
    assert_eq!(request.counted.tallies.len(), 1);
}

#[test]
fn where_nothing_depends_on_it_its_length_stands_for_it_and_nobody_is_told() {
    let mut worker = Worker::new();
    let text = body("gpt-4o", "");
    let mut request = worker.request(1, &text);
    let tokens = worker.turn(|turn| {
        request.tell_prompt(turn, 0);
        request.tokens(turn, 0)
    });
    assert_eq!(tokens, (text.len() as u64 / 4, 0));
    assert_eq!(request.counted.prompt(0), None);
    worker.answered(&mut request, 0, 100, 100);
    assert_eq!(worker.told, []);
    let mut counted = worker.request(0, &text);
    assert_eq!(worker.turn(|turn| counted.tokens(turn, 0)).1, 1, "nothing was learned of it either");
}

#[test]
fn an_answer_is_taken_for_what_the_request_allows_or_for_as_long_as_others_were() {
    let mut worker = Worker::new();
    let open = body("gpt-4o", "");
    let mut first = worker.request(0, &open);
    let unknown = worker.turn(|turn| first.tokens(turn, 0)).1;
    assert_eq!(unknown, 1, "of the first nothing is known, but that there is something");
    worker.answered(&mut first, 0, 250, 700);
    let mut next = worker.request(0, &open);
    let likely = worker.turn(|turn| next.tokens(turn, 0)).1;
    assert!((700..=840).contains(&likely), "{likely}");
    let mut bounded = worker.request(0, &body("gpt-4o", r#","max_tokens":50"#));
    assert_eq!(worker.turn(|turn| bounded.tokens(turn, 0)).1, 50);
    // One that was cut off at its bound says nothing about how long answers are.
    (0..50).for_each(|_| worker.answered(&mut bounded, 0, 250, 50));
    let mut later = worker.request(0, &open);
    assert_eq!(worker.turn(|turn| later.tokens(turn, 0)).1, likely);
}

#[test]
fn several_answers_are_as_long_as_so_many_and_one_of_them_teaches_how_long_one_is() {
    let mut worker = Worker::new();
    let output = |worker: &mut Worker, more: &str| {
        let mut request = worker.request(0, &body("gpt-4o", more));
        worker.turn(|turn| request.tokens(turn, 0)).1
    };
    for (more, expected) in [
        (r#","max_tokens":50,"n":3"#, 150),
        (r#","max_tokens":50,"n":1"#, 50),
        (r#","max_tokens":50,"n":3,"best_of":5"#, 250),
        (r#","max_tokens":50,"generationConfig":{"candidateCount":4}"#, 200),
        (r#","max_tokens":18446744073709551615,"n":3"#, u64::MAX),
        (r#","max_tokens":50,"prompt":["a","b","c"]"#, 150),
        (r#","max_tokens":50,"prompt":["a","b","c"],"n":2"#, 300),
        (r#","max_tokens":50,"prompt":[[1,2],[3]]"#, 100),
        (r#","max_tokens":50,"prompt":[1,2,3]"#, 50),
        (r#","max_tokens":50,"prompt":"a""#, 50),
        (r#","max_tokens":50,"prompt":[]"#, 50),
    ] {
        assert_eq!(output(&mut worker, more), expected, "{more}");
    }
    let mut several = worker.request(0, &body("gpt-4o", r#","n":4"#));
    worker.answered(&mut several, 0, 250, 400);
    let one = output(&mut worker, "");
    assert!((100..=125).contains(&one), "{one}");
    assert_eq!(output(&mut worker, r#","n":3"#), 3 * one);
}

#[test]
fn what_the_model_may_think_with_is_reserved_where_nothing_bounds_the_answer() {
    let mut worker = Worker::new();
    for (more, expected) in [
        (r#","thinking":{"type":"enabled","budget_tokens":2000}"#, 2_000),
        (r#","thinking":{"type":"enabled","budget_tokens":2000},"max_tokens":3000"#, 3_000),
        (r#","additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}"#, 2_000),
        (r#","additionalModelRequestFields":{"reasoning_config":{"budget_tokens":2000}}"#, 2_000),
        (
            r#","additionalModelRequestFields":{"thinking":{"budget_tokens":2000}},"inferenceConfig":{"maxTokens":2500}"#,
            2_500,
        ),
        (r#","generationConfig":{"thinkingConfig":{"thinkingBudget":2000}}"#, 2_000),
        (r#","generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}"#, 1),
        (r#","thinking":{"type":"disabled"}"#, 1),
        (r#","thinking":"yes","additionalModelRequestFields":[1]"#, 1),
    ] {
        let mut request = worker.request(0, &body("claude", more));
        assert_eq!(worker.turn(|turn| request.tokens(turn, 0)).1, expected, "{more}");
    }
    let thinking = r#","thinking":{"type":"enabled","budget_tokens":2000}"#;
    let mut long = worker.request(0, &body("claude", thinking));
    worker.answered(&mut long, 0, 250, 5_000);
    let mut next = worker.request(0, &body("claude", thinking));
    assert!(worker.turn(|turn| next.tokens(turn, 0)).1 >= 5_000, "answers are longer than that");
}

#[test]
fn what_a_provider_reports_makes_the_next_estimate_better_and_tells_how_far_it_was_off() {
    let mut worker = Worker::new();
    let text = body("gpt-4o", "");
    let mut first = worker.request(0, &text);
    let before = worker.turn(|turn| {
        first.tell_prompt(turn, 1);
        first.prompt(turn, 1).tokens
    });
    let truth = before * 3 / 2;
    worker.answered(&mut first, 1, truth, 10);
    let told = [(Tokens::Estimate, 1), (Tokens::Reported, truth), (Tokens::Off, truth - before)];
    assert_eq!(worker.told, told);
    assert_eq!(worker.turn(|turn| first.prompt(turn, 1).tokens), before, "one request keeps its count");
    (0..20).for_each(|_| worker.answered(&mut first, 1, truth, 10));
    let mut next = worker.request(0, &text);
    let after = worker.turn(|turn| next.prompt(turn, 1).tokens);
    assert!(after.abs_diff(truth) * 20 <= truth, "{after}, not {truth}");
}

#[test]
fn what_is_not_counted_teaches_nothing() {
    let mut worker = Worker::new();
    for more in [
        r#","documents":["#.to_owned() + &["\"", &"words ".repeat(500), "\"]"].concat(),
        r#","system":[{"type":"audio","audio":{}}]"#.to_owned(),
    ] {
        let text = body("gpt-4o", &more);
        let mut request = worker.request(0, &text);
        let before = worker.turn(|turn| request.prompt(turn, 1).tokens);
        (0..20).for_each(|_| worker.answered(&mut request, 1, before * 4, 10));
        let mut next = worker.request(0, &text);
        assert_eq!(worker.turn(|turn| next.prompt(turn, 1).tokens), before, "{more:.20}");
    }
}

#[test]
fn a_count_that_is_exact_is_not_held_against_what_is_reported() {
    let mut worker = Worker::new();
    let mut request = worker.request(0, &body("gpt-4o", ""));
    worker.turn(|turn| request.tell_prompt(turn, 0));
    worker.answered(&mut request, 0, 250, 10);
    let is_exact = Encoding::O200kBase.is_built_in();
    assert_eq!(worker.told.first(), Some(&(if is_exact { Tokens::Exact } else { Tokens::Estimate }, 1)));
    assert_eq!(worker.told.len(), if is_exact { 1 } else { 3 });
}

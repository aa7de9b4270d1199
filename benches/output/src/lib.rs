//! Exchanges with and without rules for their answers. `bench output` runs them natively, and as a Wasm module from outside, where it takes
//! the time, because a module has no clock worth the name.
#![allow(unsafe_code, reason = "exports of a module")]

use std::cell::RefCell;
use std::collections::HashMap;

use seawall_core::{
    Answer, Config, Conflict, Effect, Engine, Event, ExchangeId, Half, Origin, Seed, Store, Timestamp,
    Version,
};

const ROUTE: &str = "
seawall 1
target primary { cluster \"primary\"  provider openai }
route chat { match path \"/v1/chat/completions\"  try primary
";
/// All that can be asked of an answer in JSON.
const ALL: &str = "
deny /(?i)as an ai language model/
deny /\\bAKIA[0-9A-Z]{16}\\b/
require /ord_[0-9a-z]{12}/
fields \"id\", \"placed\", \"customer\", \"lines\", \"payment\", \"shipping\", \"notes\", \"total\", \"currency\", \"status\", \"score\"
length >= 100 characters
length <= 10k characters
finish stop
refusals deny
tools declared
repeats <= 20
";
const SCHEMA: &str = include_str!("../../schema/order.schema.json");
const ANSWER: &str = include_str!("../../schema/order.json");
/// Characters of one event.
const PIECE: usize = 5;

/// What is asked of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    No,
    /// One schema.
    Schema,
    /// The schema and all else.
    All,
}

/// How answers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    InOnePiece,
    /// As a stream that is delivered as it comes, event by event.
    Live,
}

#[derive(Debug, Default)]
struct Cells(HashMap<String, (Vec<u8>, Version)>);

impl Store for Cells {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.0.get(key).cloned()
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        let version = self.0.get(key).map_or(0, |(_, version)| version.0);
        if expected.is_some_and(|expected| expected.0 != version) {
            return Err(Conflict);
        }
        self.0.insert(key.to_owned(), (value.to_vec(), Version(version.wrapping_add(1))));
        Ok(())
    }
}

/// One worker, and the answer that it gets.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    cells: Cells,
    comes: Comes,
    chunks: Vec<Vec<u8>>,
    next: u32,
    fx: Vec<Effect>,
}

impl Worker {
    /// `None` where its policy doesn't check.
    #[must_use]
    pub fn new(rules: Rules, comes: Comes) -> Option<Self> {
        let schema = ["schema <<JSON\n", SCHEMA.trim_end(), "\nJSON\n"].concat();
        let output = match rules {
            Rules::No => String::new(),
            Rules::Schema => ["output {\n", &schema, "invalid reject }"].concat(),
            Rules::All => ["output {\n", &schema, ALL, "invalid reject }"].concat(),
        };
        let text = [ROUTE, &output, "\n}\n"].concat();
        let config = Config::new(seawall_policy::check(&text).policy?, |_| None).ok()?;
        let (engine, cells) = (Engine::new(config, Seed(1), false), Cells::default());
        Some(Self { engine, cells, comes, chunks: chunks(comes), next: 0, fx: Vec::new() })
    }

    /// The answer's events, and the one at its end.
    #[must_use]
    pub fn events(&self) -> usize {
        self.chunks.len()
    }

    /// A request that is answered. Whether the answer goes on to the caller.
    pub fn exchange(&mut self) -> bool {
        self.next = self.next.wrapping_add(1);
        let id = ExchangeId(self.next);
        let now = Timestamp(1_700_000_000_000_000_000 + u64::from(self.next) * 1_000_000);
        let pairs = [(":method", "POST"), (":path", "/v1/chat/completions"), (":authority", "llm.test")];
        let headers = pairs.into_iter().collect();
        let streams = if self.comes == Comes::Live { "true" } else { "false" };
        let request =
            [r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"Go."}],"stream":"#, streams, "}"];
        self.tell(now, id, Event::RequestHeaders { headers, end_of_stream: false });
        self.tell(now, id, Event::RequestEnd { body: request.concat().into_bytes() });
        let kind = if self.comes == Comes::Live { "text/event-stream" } else { "application/json" };
        let headers = [("content-type", kind)].into_iter().collect();
        let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
        self.tell(now, id, Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: false });
        for at in 0..self.chunks.len() {
            let chunk = self.chunks.get(at).cloned().unwrap_or_default();
            let (half, buffered, end_of_stream) =
                (Half::Downstream, chunk.len(), at + 1 == self.chunks.len());
            self.tell(now, id, Event::AnswerBody { half, chunk, buffered, end_of_stream });
        }
        let stops = |effect: &Effect| matches!(effect, Effect::Respond { .. } | Effect::BreakAnswer);
        let goes_on = !self.fx.iter().any(stops);
        self.fx.clear();
        self.tell(now, id, Event::Gone);
        self.fx.clear();
        goes_on
    }

    fn tell(&mut self, now: Timestamp, id: ExchangeId, event: Event) {
        self.engine.handle(now, &mut self.cells, id, event, &mut self.fx);
    }

    /// So many; how many answers went on.
    pub fn run(&mut self, exchanges: u32) -> u32 {
        (0..exchanges).map(|_| u32::from(self.exchange())).sum()
    }
}

fn chunks(comes: Comes) -> Vec<Vec<u8>> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let text = ANSWER.trim_end();
    if comes == Comes::InOnePiece {
        let answer = [
            r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"gpt-4.1","choices":[{"index":0,"message":{"role":"assistant","content":""#,
            &quoted(text),
            r#""},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":700,"total_tokens":900}}"#,
        ];
        return vec![answer.concat().into_bytes()];
    }
    let event = |delta: &str, finish: &str| {
        let event = [
            r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1","choices":[{"index":0,"delta":{"#,
            delta,
            r#"},"finish_reason":"#,
            finish,
            "}]}\n\n",
        ];
        event.concat().into_bytes()
    };
    let characters: Vec<char> = text.chars().collect();
    let pieces = characters.chunks(PIECE).map(|piece| piece.iter().collect::<String>());
    let mut chunks: Vec<_> =
        pieces.map(|piece| event(&[r#""content":""#, &quoted(&piece), "\""].concat(), "null")).collect();
    chunks.push(event("", "\"stop\""));
    chunks.push(b"data: [DONE]\n\n".to_vec());
    chunks
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A new worker without rules (0), with a schema (1), or with all rules (2); its answers come in one piece, or if 4 is added as streams.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn start(which: u32) {
    let rules = match which & 3 {
        0 => Rules::No,
        1 => Rules::Schema,
        _ => Rules::All,
    };
    let comes = if which & 4 == 0 { Comes::InOnePiece } else { Comes::Live };
    WORKER.set(Worker::new(rules, comes));
}

/// So many exchanges; how many answers went on.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn run(exchanges: u32, _: u32) -> u32 {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map_or(0, |worker| worker.run(exchanges)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_on_with_all_rules() {
        for rules in [Rules::No, Rules::Schema, Rules::All] {
            for comes in [Comes::InOnePiece, Comes::Live] {
                let mut worker = Worker::new(rules, comes).expect("the policy checks");
                assert_eq!(worker.run(3), 3, "{rules:?} {comes:?}");
            }
        }
    }
}

//! Exchanges with and without limits. `bench limits` runs them natively, and as a Wasm module from outside, where it takes the
//! time, because a module has no clock worth the name.
#![allow(unsafe_code, reason = "exports of a module")]

use std::cell::RefCell;
use std::collections::HashMap;

use seawall_core::{
    Answer, Config, Conflict, Effect, Engine, Event, ExchangeId, Half, Headers, Origin, Seed, Store,
    Timestamp, Version,
};

const ROUTE: &str = "
seawall 1
target primary { cluster \"primary\"  provider openai }
route chat { match path \"/v1/chat/completions\"  try primary  limit }
";

/// Nobody comes near these.
const FIVE: &str = "
tenant by header \"x-tenant\" trusted
limit rpm   per tenant { 1000M requests/min }
limit tpm   per tenant { 1000M tokens/min }
limit calls per tenant { 1000 concurrent }
limit all   global     { 1000M tokens/min }
limit each  per target { 1000M requests/min }
";

/// Two requests, and the next in twelve hours; so everybody stays in debt who has come once.
const FEW: &str = "
tenant by header \"x-tenant\" trusted
limit rpm   per tenant { 2 requests/day  burst 100% }
limit tpm   per tenant { 1000M tokens/min }
limit calls per tenant { 1000 concurrent }
limit all   global     { 1000M tokens/min }
limit each  per target { 1000M requests/min }
";

/// Which limits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    No,
    /// Five that everybody passes.
    Five,
    /// Five, of which one admits two requests of a tenant in a day.
    Few,
}

/// Shared data, of which is known how much there is.
#[derive(Debug, Default)]
pub struct Cells(HashMap<String, (Vec<u8>, Version)>);

impl Cells {
    /// How many there are, and bytes of keys and cells.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.0.len(), self.0.iter().map(|(key, (cell, _))| key.len() + cell.len()).sum())
    }
}

impl Store for Cells {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.0.get(key).cloned()
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Version>) -> Result<(), Conflict> {
        let Some((bytes, version)) = self.0.get_mut(key) else {
            self.0.insert(key.to_owned(), (value.to_vec(), Version(1)));
            return Ok(());
        };
        if expected.is_some_and(|expected| expected != *version) {
            return Err(Conflict);
        }
        *version = Version(version.0.wrapping_add(1));
        bytes.clear();
        bytes.extend_from_slice(value);
        Ok(())
    }
}

/// One worker and its shared data.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    pub cells: Cells,
    headers: Headers,
    body: Vec<u8>,
    now: u64,
    next: u32,
    fx: Vec<Effect>,
}

impl Worker {
    /// `None` where its policy doesn't check.
    #[must_use]
    pub fn new(limits: Limits) -> Option<Self> {
        let (definitions, names) = match limits {
            Limits::No => ("", ""),
            Limits::Five => (FIVE, "limit rpm, tpm, calls, all, each"),
            Limits::Few => (FEW, "limit rpm, tpm, calls, all, each"),
        };
        let text = [&ROUTE.replace("limit", names), definitions].concat();
        let config = Config::new(seawall_policy::check(&text).policy?, |_| None).ok()?;
        let pairs = [(":method", "POST"), (":path", "/v1/chat/completions"), (":authority", "llm.test")];
        Some(Self {
            engine: Engine::new(config, Seed(1), false),
            cells: Cells::default(),
            headers: pairs.into_iter().collect(),
            body: br#"{"model":"gpt-4.1","messages":[{"role":"user","content":"Go."}],"max_tokens":16}"#
                .to_vec(),
            now: 1_700_000_000_000_000_000,
            next: 0,
            fx: Vec::new(),
        })
    }

    /// A request of this tenant, answered at once, so many nanoseconds after the one before. Whether it was admitted.
    pub fn exchange(&mut self, tenant: u32, nanos: u64) -> bool {
        self.now += nanos;
        self.next = self.next.wrapping_add(1);
        let (now, id) = (Timestamp(self.now), ExchangeId(self.next));
        let name = tenant.to_string();
        let known = self.headers.iter().map(|(name, value)| (text(name), text(value)));
        let headers = known.chain([("x-tenant", name.as_str())]).collect();
        let Self { engine, cells, body, fx, .. } = self;
        engine.handle(now, cells, id, Event::RequestHeaders { headers, end_of_stream: false }, fx);
        engine.handle(now, cells, id, Event::RequestEnd { body: body.clone() }, fx);
        let is_admitted = fx.iter().any(|effect| matches!(effect, Effect::Route { .. }));
        if is_admitted {
            let (headers, body) = (Headers::default(), Vec::new());
            let answer = Answer { status: 200, headers, body, origin: Origin::Provider };
            let event = Event::AnswerHeaders { half: Half::Downstream, answer, end_of_stream: true };
            engine.handle(now, cells, id, event, fx);
        }
        fx.clear();
        is_admitted
    }

    /// So many requests of so many tenants in turn, a microsecond apart; how many were admitted.
    pub fn run(&mut self, requests: u32, tenants: u32) -> u32 {
        (0..requests)
            .map(|_| u32::from(self.exchange(self.next.wrapping_mul(0x9e37_79b1) % tenants.max(1), 1_000)))
            .sum()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A new worker: without limits (0), with five (1), or with five of which one admits few (2).
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn start(limits: u32) {
    let limits =
        [Limits::No, Limits::Five, Limits::Few].into_iter().nth(limits as usize).unwrap_or(Limits::No);
    WORKER.set(Worker::new(limits));
}

/// So many requests of so many tenants; how many were admitted.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn run(requests: u32, tenants: u32) -> u32 {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map_or(0, |worker| worker.run(requests, tenants)))
}

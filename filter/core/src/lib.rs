//! Everything Seawall decides, as a machine without I/O.
//!
//! The core is told [`Event`]s and the time, and answers with [`Effect`]s and the next deadline. It has no clock, no
//! entropy, no globals and no host: the filter, native tests and the test host run the same code and get the same
//! decisions, byte for byte. State that workers share goes through one port, [`Store`], passed as an argument.
//!
//! ```text
//! handle(now, store, exchange, event) -> effects        next_deadline() -> when to call again
//! handle_timeout(now, store)          -> effects        (a call too early does nothing)
//! ```
//!
//! | module | decides |
//! |---|---|
//! | [`engine`](Engine) | which exchange an event is about |
//! | `route`, `sight` | which route takes a request; what conditions see of it |
//! | `exchange` | the way of one request from its headers to its answer |
//! | `body` | what a request body says, and how a target has it changed |
//! | `contract` | what one request may use |
//! | `plan` | where the attempts at a request may go, in which order |
//! | `classify` | what an attempt came to |
//! | `retry` | what follows a failed attempt, and when |
//! | `deadline`, `timeout` | by when a request must be answered, and how long one attempt may take |
//! | `breaker` | whether a target may be tried |
//! | `limits` | how much may be used, and by whom |
//! | `conversation` | whether an agent goes round in circles |
//! | `stream` | what of an answer goes on, and whether it is whole |
//! | `sampling` | how good some answers are, after they were delivered |
//! | `output` | whether what a model says fits the rules of its route |
//! | `stats` | nothing: what is remembered of every target, for those above |
//! | `request`, `answer` | which headers go where; the filter's own errors |
//! | `telemetry` | the words of logs, metrics and headers |
//!
//! One request, answered at the first attempt:
//!
//! ```
//! use seawall_core::{
//!     Answer, Config, Effect, Engine, Event, ExchangeId, Half, Headers, MemoryStore, Origin, Seed, Timestamp,
//! };
//!
//! let policy = r#"
//!     seawall 1
//!     target primary { cluster "primary"  provider openai }
//!     route chat { match path "/v1/chat/completions"  try primary }
//! "#;
//! let policy = seawall_policy::check(policy).policy.expect("the policy checks");
//! let config = Config::new(policy, |_| None).expect("it names no environment variable");
//! let mut engine = Engine::new(config, Seed(1), false);
//! let (mut store, mut fx, id, now) = (MemoryStore::default(), Vec::new(), ExchangeId(1), Timestamp(0));
//!
//! let headers: Headers = [(":path", "/v1/chat/completions"), (":authority", "api.test")].into_iter().collect();
//! engine.handle(now, &mut store, id, Event::RequestHeaders { headers, end_of_stream: false }, &mut fx);
//! engine.handle(now, &mut store, id, Event::RequestEnd { body: br#"{"model":"gpt-4.1"}"#.to_vec() }, &mut fx);
//! let headers: Headers = [("content-type", "application/json")].into_iter().collect();
//! let answer = Answer { status: 200, headers, body: Vec::new(), origin: Origin::Provider };
//! let (half, chunk) = (Half::Downstream, br#"{"choices":[{"message":{"content":"Hello!"}}]}"#.to_vec());
//! engine.handle(now, &mut store, id, Event::AnswerHeaders { half, answer, end_of_stream: false }, &mut fx);
//! let event = Event::AnswerBody { half, buffered: chunk.len(), chunk, end_of_stream: true };
//! engine.handle(now, &mut store, id, event, &mut fx);
//!
//! assert!(matches!(fx[0], Effect::HoldRequest));
//! assert!(matches!(&fx[1], Effect::Route { cluster, .. } if &**cluster == "primary"));
//! assert!(fx.iter().any(|effect| matches!(effect, Effect::PassAnswer { .. })));
//! assert_eq!(engine.next_deadline(), None);
//! ```

#![forbid(unsafe_code)]

mod answer;
mod body;
mod breaker;
mod classify;
mod config;
mod contract;
mod conversation;
mod counting;
mod deadline;
mod effect;
mod engine;
mod event;
mod exchange;
mod hash;
mod headers;
mod health;
mod ids;
mod limits;
mod memory;
mod model_path;
mod models;
mod operation;
mod output;
mod path;
mod plan;
mod price;
mod request;
mod retry;
mod rng;
mod route;
mod sampling;
mod search;
mod sight;
mod stats;
mod store;
mod stream;
mod telemetry;
mod time;
mod timeout;
mod timers;
mod token;
mod turn;

pub use self::body::{BodyError, Facts, MAX_DEPTH, read as read_body, read_request};
pub use self::breaker::{Cause, Signal};
pub use self::config::{Config, Unusable};
pub use self::effect::{Effect, HeaderList, Pairs, Text};
pub use self::engine::{Engine, MAX_BODY_BYTES};
pub use self::event::{Answer, Event, ExchangeId, Half, Origin, Reads};
pub use self::headers::{Entry, Headers};
pub use self::ids::{IdMap, Mix};
pub use self::limits::Identity;
pub use self::memory::MemoryStore;
pub use self::output::{Broken, Rule};
pub use self::rng::Seed;
pub use self::stats::{Keys, Measure, Quota, Remaining, Sample, Stats, View};
pub use self::store::{Conflict, Store, Version};
pub use self::stream::{
    Dialect, ErrorEvent, Finish, Flow, Framing, Gate, Limits, Report, Rules, Usage, Verdict, Watch,
};
pub use self::telemetry::{
    BreakerState, ContractEvent, Decision, HedgeEvent, LimitEvent, Metric, Next, Outcome, OutputEvent,
    Reason, SampleEvent, SampleKind, ServiceFault, Tokens,
};
pub use self::time::Timestamp;
pub use self::token::{Mint, Ticket};

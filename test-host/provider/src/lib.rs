//! A simulated LLM provider: deterministic answers in the forms of seven providers, their errors and faults on request, a log of
//! what it saw.
//!
//! - [`Plan`] and [`Behaviour`] say what happens to each request; scenario files, the command line and the control API
//!   all write them alike.
//! - [`reply`] turns one request and one behaviour into an answer, without any I/O. The test host and the server below
//!   both use it, so a scenario gets the same bytes in virtual time and over real sockets.
//! - [`Provider`] is the server: real sockets, real waits, real resets.
//! - [`RateLimits`] and [`RateLimitServer`] are a simulated rate limit service, in the same two ways.
//! - [`Control`] changes a running provider's plan over HTTP and shows its log.
//!
//! ```
//! use seawall_provider::{Asked, Behaviour, Reply, reply};
//!
//! let asked = Asked::read("/v1/chat/completions", br#"{"model":"gpt-4.1","messages":[]}"#);
//! let Reply::Answer(answer) = reply("primary", &Behaviour::default(), &asked) else { unreachable!() };
//! assert_eq!(answer.status, 200);
//! assert!(String::from_utf8_lossy(&answer.body()).contains("This is a simulated answer from primary."));
//! ```

mod answer;
mod asked;
mod body;
mod control;
mod dialect;
pub mod duration;
mod errors;
mod eventstream;
mod limits;
mod listening;
mod log;
mod plan;
mod rate_limit;
mod said;
mod script;
mod server;
mod service;
mod state;
mod template;
mod times;
mod wire;

pub use answer::{Answer, End, Reply, bad_override, reply};
pub use asked::Asked;
pub use control::Control;
pub use dialect::Dialect;
pub use errors::ErrorKind;
pub use log::{Did, Seen, Sent};
pub use plan::{Plan, Times};
pub use rate_limit::{Question, RateLimitPlan, RateLimitServer, RateLimits, Refused, Said, Serves};
pub use said::Finish;
pub use script::{Behaviour, Fault, OVERRIDE_HEADER};
pub use server::Provider;
pub use state::ScriptState;

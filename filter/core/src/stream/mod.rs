//! What goes by in an answer: whether it has begun, whether it is whole, what it cost, and what of it goes on.
//!
//! A stream that breaks is worse than an error: to the SDKs one that ends early in good order is a complete answer. So
//! every answer is watched while it passes, and judged by what its dialect says about the end of an answer, not by what the
//! connection says.
//!
//! | part | does |
//! |---|---|
//! | [`Watch`] | reads the bytes of one answer, wherever they are split, and knows what they have said so far |
//! | [`Gate`] | decides by the route's mode which of those bytes go on, which are held, and when the attempt has failed |
//! | `data` | finds what an event carries, and writes it with other data |
//! | `write` | makes the frames that are missing: an error, or the end of a finished stream |
//!
//! Nothing here has a clock or a buffer of the host's: bytes and the time come in, a [`Flow`] goes out.

mod data;
mod event;
mod frames;
mod gate;
mod json;
mod paths;
mod seen;
mod sse;
mod watch;
mod words;
mod write;

pub(crate) use self::data::{Data, Edit, edited, events};
pub(crate) use self::gate::MOST_DOCUMENT;
pub use self::gate::{Flow, Gate, Limits, Rules};
pub use self::watch::Watch;
pub use self::words::{Dialect, ErrorEvent, Finish, Framing, Report, Usage, Verdict};
pub(crate) use self::words::{SHOWN, is_json, is_unsaid};

#[cfg(test)]
pub(crate) mod tests;

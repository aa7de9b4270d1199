//! Streams as providers send them, whole and broken, cut at every byte.

mod dialects;
mod gate;
mod properties;
pub(crate) mod recorded;
mod time;
mod usage;

use std::fmt;
use std::time::Duration;

use seawall_policy::policy::{Malformed, StreamMode};

use super::*;
use crate::time::Timestamp;

/// Reads to the end of the next event; how much that is, unless no way leads on.
pub(crate) fn read_event(watch: &mut Watch, bytes: &[u8]) -> Option<usize> {
    let (used, step) = watch.next(bytes);
    (step != watch::Step::Broken).then_some(used)
}

pub(crate) fn read_to_end(watch: &mut Watch) {
    let _ = watch.finish();
}

const MODES: [StreamMode; 3] = [StreamMode::Live, StreamMode::UntilCommit, StreamMode::Complete];

/// What came of a stream.
#[derive(PartialEq)]
struct Came {
    /// What went on; `None` if the attempt failed with nothing sent.
    out: Option<Vec<u8>>,
    verdict: Option<Verdict>,
    report: Report,
}

impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out = self.out.as_deref().map(String::from_utf8_lossy);
        write!(f, "{out:?}\n{:?}\n{:?}", self.verdict, self.report)
    }
}

impl Came {
    #[track_caller]
    fn text(&self) -> &str {
        std::str::from_utf8(self.out.as_ref().expect("something went on")).unwrap()
    }
}

fn rules(mode: StreamMode) -> Rules {
    Rules { mode, malformed: Malformed::End, limits: Limits::default(), hides_usage: false, keeps: false }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(0).after(Duration::from_secs(seconds))
}

fn gate(dialect: Dialect, framing: Framing, rules: Rules) -> Gate {
    Gate::new(Watch::new(dialect, framing), rules, at(0), at(0))
}

/// What the host holds of an answer, and what has gone on of it, unless the attempt has failed.
struct Host {
    held: Vec<u8>,
    out: Option<Vec<u8>>,
}

impl Host {
    fn new() -> Self {
        Self { held: Vec::new(), out: Some(Vec::new()) }
    }

    /// Does with a flow what the host would.
    fn apply(&mut self, flow: Flow, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
        match flow {
            Flow::Pass => self.go_on(None),
            Flow::Replace(bytes) | Flow::End(bytes) => self.go_on(Some(bytes)),
            Flow::Fail(_) => self.out = None,
            Flow::Hold | Flow::Break => {}
        }
    }

    fn go_on(&mut self, instead: Option<Vec<u8>>) {
        let held = std::mem::take(&mut self.held);
        self.out.as_mut().unwrap().extend(instead.unwrap_or(held));
    }
}

/// Sends these chunks through a gate and ends the answer.
fn send<'a>(mut gate: Gate, chunks: impl IntoIterator<Item = &'a [u8]>, orderly: bool) -> Came {
    let mut host = Host::new();
    for chunk in chunks {
        let flow = gate.push(at(1), chunk);
        host.apply(flow, chunk);
        if host.out.is_none() {
            break;
        }
    }
    if host.out.is_some() {
        let flow = if orderly { gate.push_last(at(2), &[]) } else { gate.end(at(2), false) };
        if !orderly && !gate.is_document() {
            // What the host still holds ends with the connection.
            host.held.clear();
        }
        host.apply(flow, &[]);
    }
    Came { out: host.out, verdict: gate.verdict(), report: gate.report().clone() }
}

/// Sends a whole stream, and checks that it makes no difference where it is split.
#[track_caller]
fn stream(dialect: Dialect, framing: Framing, rules: Rules, bytes: &[u8], orderly: bool) -> Came {
    let gate = || gate(dialect, framing, rules);
    let whole = send(gate(), [bytes], orderly);
    for split in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(split);
        assert_eq!(send(gate(), [head, tail], orderly), whole, "split at {split}");
    }
    assert_eq!(send(gate(), bytes.chunks(1), orderly), whole, "byte by byte");
    whole
}

fn sse(dialect: Dialect, mode: StreamMode, bytes: &str) -> Came {
    stream(dialect, Framing::Sse, rules(mode), bytes.as_bytes(), true)
}

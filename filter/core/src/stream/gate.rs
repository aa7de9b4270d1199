//! Decides which bytes of a watched answer go on, which are held, and when the attempt has failed.
//!
//! | mode | commits | before that | after that |
//! |---|---|---|---|
//! | live | at once | – | whole events go on as they come |
//! | until_commit | at the first content | an error, an empty stream, silence, something unreadable or a broken end fails the attempt | the same |
//! | complete | at the terminal event | the same, all through the answer | the same |
//!
//! A failed attempt has sent nothing on, so another may follow. After the commit none can, and the caller is told honestly:
//! error frames of the provider's pass; an event that can't be read ends the stream, or is left out if the policy says so;
//! and a stream that breaks, falls silent or ends before its terminal event gets one error frame at its end. SDKs take one
//! that ends in good order for complete, so without that frame half an answer would pass for a whole one.
//!
//! - Only whole events go on, so that what is added always stands between events. An event that is longer than
//!   [`MOST_PARTIAL`](events::MOST_PARTIAL) goes on as it comes.
//! - An answer that is finished but for its end marker (every choice has said why it stopped) gets that marker after
//!   [`GRACE`](patience::GRACE): a client that waits for it would wait for ever. Where a dialect has no marker clients wait for the
//!   connection's end, and the answer is over after [`LONG_GRACE`](patience::LONG_GRACE).
//! - What is held is bounded by [`MOST_HELD`](events::MOST_HELD); more than that commits.
//! - An answer in one piece has no events to cut it at: it goes on as it came, or fails; see `document`.
//! - `first_token` runs from the attempt's beginning to the first content, whatever pings come before. `idle` runs from one
//!   byte to the next: a provider that pings is at work, and giving up on it would cost all that it has thought.

mod document;
mod events;
mod patience;

use seawall_policy::policy::{Malformed, StreamMode};

pub(crate) use self::document::MOST_DOCUMENT;
pub use self::patience::Limits;
#[cfg(test)]
pub(super) use self::patience::{GRACE, LONG_GRACE};
use super::watch::Watch;
use super::{Dialect, Framing, Report, Verdict, write};
use crate::output::Collector;
use crate::time::Timestamp;

/// What the policy says about this answer.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub mode: StreamMode,
    pub malformed: Malformed,
    pub limits: Limits,
    /// The provider was asked for the usage, and the caller hasn't: the event that tells it is read and left out. In the others
    /// a `null` in its place stays, which to the SDKs is the same as none.
    pub hides_usage: bool,
    /// Somebody looks at all of it before it goes on: of an answer in one piece, too, the bytes are kept here.
    pub keeps: bool,
}

/// What becomes of the bytes that were just pushed, and of those held before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// They go on as they are, and so does the end if that is what was told. Nothing is held; of an answer in one piece, what
    /// was goes on with them.
    Pass,
    /// They are kept here; nothing goes on now.
    Hold,
    /// These go on in their place.
    Replace(Vec<u8>),
    /// These go on in their place, and are the answer's end: whatever else comes is to be dropped.
    End(Vec<u8>),
    /// Nothing can be said to the caller any more: the connection is to be broken, so that what has gone on can't be taken
    /// for complete.
    Break,
    /// The attempt has failed and nothing of it has gone on: another may follow. What was held is gone.
    Fail(Verdict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has gone on.
    Held,
    Committed,
    /// The terminal event was seen: whatever else comes is the connection's end.
    Whole,
    /// Nothing more goes on: an end was written, because of this.
    Over(Verdict),
    /// Nothing has gone on or will, because of this.
    Failed(Verdict),
}

/// One answer on its way.
#[derive(Debug)]
pub struct Gate {
    watch: Watch,
    rules: Rules,
    state: State,
    verdict: Option<Verdict>,
    /// What has come and not gone on.
    held: Vec<u8>,
    /// Where in it the event begins that has no end yet.
    partial: usize,
    /// The beginning of that event has gone on.
    leaks: bool,
    /// Whether it had, and whether there had been events, before what was pushed last.
    before: (bool, bool),
    /// Bytes of a document that have come.
    size: usize,
    /// An event that was left out ended the last chunk with a CR: an LF that follows belongs to it.
    skipped_cr: bool,
    /// The host holds bytes that were left out here.
    is_host_behind: bool,
    has_bytes: bool,
    has_events: bool,
    begun: Timestamp,
    last: Timestamp,
    first_token: Option<Timestamp>,
    /// Since when all but the end marker is there.
    finished: Option<Timestamp>,
}

impl Gate {
    /// Watches the body of an answer whose headers came `now`, to an attempt that began at `begun`.
    pub fn new(watch: Watch, rules: Rules, begun: Timestamp, now: Timestamp) -> Self {
        Self {
            watch,
            rules,
            state: if rules.mode == StreamMode::Live { State::Committed } else { State::Held },
            verdict: None,
            held: Vec::new(),
            partial: 0,
            leaks: false,
            before: (false, false),
            size: 0,
            skipped_cr: false,
            is_host_behind: false,
            has_bytes: false,
            has_events: false,
            begun,
            last: now,
            first_token: None,
            finished: None,
        }
    }

    /// More of the answer's body. Work is linear in its length.
    pub fn push(&mut self, now: Timestamp, chunk: &[u8]) -> Flow {
        match self.state {
            State::Whole => return Flow::Pass,
            State::Over(_) => return Flow::Replace(Vec::new()),
            State::Failed(verdict) => return Flow::Fail(verdict),
            State::Held | State::Committed => self.last = now,
        }
        if chunk.is_empty() {
            let holds = self.state == State::Held || !self.held.is_empty();
            return if holds { Flow::Hold } else { Flow::Pass };
        }
        self.has_bytes = true;
        self.before = (self.leaks, self.has_events);
        if self.is_document() { self.push_document(chunk) } else { self.push_events(now, chunk) }
    }

    /// The answer has ended: in good order, or because the connection broke.
    pub fn end(&mut self, now: Timestamp, orderly: bool) -> Flow {
        match self.state {
            State::Whole => return Flow::Pass,
            State::Over(_) => return Flow::Replace(Vec::new()),
            State::Failed(verdict) => return Flow::Fail(verdict),
            State::Held | State::Committed => {}
        }
        if self.is_document() { self.end_document(orderly) } else { self.end_events(now, orderly) }
    }

    /// The last of the answer's body, and its end in good order.
    pub fn push_last(&mut self, now: Timestamp, chunk: &[u8]) -> Flow {
        let first = self.push(now, chunk);
        if self.is_document() && !matches!(first, Flow::Fail(_)) {
            return self.end(now, true);
        }
        let mut out = match first {
            Flow::Break | Flow::Fail(_) => return first,
            Flow::Pass => None,
            Flow::Hold => Some(Vec::new()),
            Flow::Replace(bytes) | Flow::End(bytes) => Some(bytes),
        };
        match self.end(now, true) {
            Flow::Replace(rest) | Flow::End(rest) if !rest.is_empty() => {
                out.get_or_insert_with(|| chunk.to_vec()).extend(rest);
            }
            flow @ (Flow::Break | Flow::Fail(_)) => return flow,
            Flow::Pass | Flow::Hold | Flow::Replace(_) | Flow::End(_) => {}
        }
        out.map_or(Flow::Pass, Flow::Replace)
    }

    /// What was pushed last breaks the rules of its route: it doesn't go on, and neither does anything behind it.
    pub fn stop(&mut self) -> Flow {
        self.has_events = self.before.1;
        match self.state {
            State::Whole => Flow::Pass,
            State::Over(_) => Flow::Replace(Vec::new()),
            State::Failed(verdict) => Flow::Fail(verdict),
            State::Held | State::Committed => self.fail(Verdict::Invalid),
        }
    }

    /// Whether the beginning of an event has gone on, and its end hadn't come before what was pushed last.
    pub fn is_midway(&self) -> bool {
        self.leaks || self.before.0
    }

    /// Whether anything else that comes is to be dropped.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_) | State::Failed(_))
    }

    /// Whether the answer, or its beginning, has gone on or may: no other attempt can follow.
    pub fn is_committed(&self) -> bool {
        !matches!(self.state, State::Held | State::Failed(_))
    }

    /// Whether it is an answer in one piece.
    pub fn is_document(&self) -> bool {
        self.watch.framing() == Framing::Document
    }

    /// How it is written.
    pub(crate) fn spoken(&self) -> (Dialect, Framing) {
        (self.watch.dialect(), self.watch.framing())
    }

    pub fn held_bytes(&self) -> usize {
        self.held.len() + self.watch.collected().map_or(0, Collector::held_bytes)
    }

    /// An answer in one piece that was kept, once all of it is there.
    pub fn take_document(&mut self) -> Option<Vec<u8>> {
        let is_kept = self.is_document() && self.rules.keeps && self.state == State::Whole;
        is_kept.then(|| std::mem::take(&mut self.held))
    }

    /// Whether nothing of it is to go on before all of it is there.
    pub fn waits_for_all(&self) -> bool {
        self.rules.mode == StreamMode::Complete
    }

    /// What became of the answer, once that is known.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    pub fn report(&self) -> &Report {
        self.watch.report()
    }

    /// What the answer has said so far, where its watch was asked for that.
    pub(crate) fn collected(&self) -> Option<&Collector> {
        self.watch.collected()
    }

    /// What collects that.
    pub(crate) fn collector(&mut self) -> Option<&mut Collector> {
        self.watch.collector()
    }

    /// When the first content came.
    pub fn first_token(&self) -> Option<Timestamp> {
        self.first_token
    }

    /// Everything of the answer is there, but maybe its end marker.
    fn complete(&mut self) -> Flow {
        let verdict = self.watch.whole();
        if self.state == State::Held && verdict.is_failure() {
            return self.fail(verdict);
        }
        let mut out = std::mem::take(&mut self.held);
        if self.state != State::Whole {
            out.truncate(self.partial);
            out.extend_from_slice(write::sentinel(self.watch.dialect(), self.watch.framing()));
        }
        self.verdict = Some(verdict);
        self.state = State::Over(verdict);
        Flow::End(out)
    }

    /// What an answer comes to that has ended and isn't whole.
    fn broken_off(&self, orderly: bool) -> Verdict {
        let report = self.watch.report();
        if report.error.is_some() {
            Verdict::Error
        } else if self.watch.is_broken() {
            Verdict::Malformed
        } else if !orderly {
            Verdict::Cut
        } else if report.has_content || (self.has_bytes && self.watch.framing() == Framing::Document) {
            Verdict::Truncated
        } else {
            Verdict::Empty
        }
    }

    fn fail(&mut self, verdict: Verdict) -> Flow {
        let has_error = self.watch.report().error.is_some();
        let verdict = if has_error { Verdict::Error } else { verdict };
        self.verdict = Some(verdict);
        let mut out = std::mem::take(&mut self.held);
        if self.state == State::Held {
            self.state = State::Failed(verdict);
            return Flow::Fail(verdict);
        }
        self.state = State::Over(verdict);
        let (dialect, framing) = (self.watch.dialect(), self.watch.framing());
        if framing == Framing::Document {
            return Flow::Break;
        }
        out.truncate(self.partial);
        if has_error && framing == Framing::Array {
            out.extend_from_slice(write::sentinel(dialect, framing));
        } else if !has_error {
            if self.leaks {
                out.extend_from_slice(write::event_end(framing));
            }
            out.extend_from_slice(&write::error(dialect, framing, verdict, self.has_events));
        }
        Flow::End(out)
    }
}

//! Streams: only whole events go on, so that what is added always stands between two of them.

use std::ops::Range;

use seawall_policy::policy::{Malformed, StreamMode};

use super::{Flow, Gate, State};
use crate::stream::event::Kind;
use crate::stream::watch::Step;
use crate::stream::{Dialect, Framing, Verdict, write};
use crate::time::Timestamp;

/// Bytes of one answer that are held before it is committed.
pub(super) const MOST_HELD: usize = 8 * 1024 * 1024;
/// Bytes of one event that are held until its end is there. Images come in events of megabytes.
pub(super) const MOST_PARTIAL: usize = 1024 * 1024;

impl Gate {
    pub(super) fn push_events(&mut self, now: Timestamp, chunk: &[u8]) -> Flow {
        // Places in what is held and the chunk behind it: where the chunk begins, and the end of what may go on.
        let (base, mut free, mut at) = (self.held.len(), 0, 0);
        let all = base + chunk.len();
        let mut cuts = Vec::new();
        let mut skipped = 0;
        if std::mem::take(&mut self.skipped_cr) && chunk.first() == Some(&b'\n') {
            cuts.push(base..base + 1);
            self.partial = base + 1;
        }
        while at < chunk.len() {
            let (used, step) = self.watch.next(chunk.get(at..).unwrap_or_default());
            at += used;
            let failure = match step {
                Step::More => break,
                Step::Broken => Some(Verdict::Malformed),
                Step::Event(Kind::Malformed) if self.can_skip() => {
                    cuts.push(self.partial..base + at);
                    skipped = at;
                    None
                }
                Step::Event(Kind::Malformed) => Some(Verdict::Malformed),
                Step::Event(Kind::Usage) if self.rules.hides_usage && !self.leaks => {
                    cuts.push(self.partial..base + at);
                    skipped = at;
                    self.event(now)
                }
                Step::Event(_) => self.event(now),
            };
            if let Some(verdict) = failure {
                self.take_in(chunk, cuts);
                return self.fail(verdict);
            }
            (self.partial, self.leaks, self.has_events) = (base + at, false, true);
            if self.state == State::Whole {
                free = all;
                break;
            }
            free = base + at;
        }
        self.skipped_cr =
            skipped == chunk.len() && chunk.ends_with(b"\r") && self.watch.framing() == Framing::Sse;
        if self.state == State::Held && all > MOST_HELD {
            self.state = State::Committed;
            free = all;
        }
        if self.state == State::Committed && (self.leaks || all - free > MOST_PARTIAL) {
            free = all;
        }
        self.leaks |= self.partial < free && self.state == State::Committed;
        if self.state == State::Held {
            free = 0;
        } else if base == 0 && cuts.is_empty() && free == all && !self.is_host_behind {
            self.partial = 0;
            return Flow::Pass;
        }
        let cut: usize = cuts.iter().map(ExactSizeIterator::len).sum();
        self.take_in(chunk, cuts);
        let out = self.release(free.saturating_sub(cut));
        self.is_host_behind |= cut > 0;
        // Of bytes that are left out nothing may stay with the host once it could let them go.
        let is_left_out = self.is_host_behind && self.held.is_empty() && self.state != State::Held;
        if out.is_empty() && !is_left_out {
            return Flow::Hold;
        }
        self.is_host_behind = false;
        Flow::Replace(out)
    }

    pub(super) fn end_events(&mut self, now: Timestamp, orderly: bool) -> Flow {
        let rest = self.watch.finish();
        if rest == Some(Kind::Usage) && self.rules.hides_usage && !self.leaks {
            self.is_host_behind |= self.partial < self.held.len();
            self.held.truncate(self.partial);
        } else if rest.is_some() {
            if self.leaks || self.partial < self.held.len() {
                self.held.extend_from_slice(write::event_end(self.watch.framing()));
            }
            (self.partial, self.leaks, self.has_events) = (self.held.len(), false, true);
            if let Some(verdict) = self.event(now) {
                return self.fail(verdict);
            }
        }
        let is_foreign = orderly && self.has_events && self.watch.is_foreign();
        let flow = if self.state == State::Whole || self.watch.is_finished() || is_foreign {
            self.complete()
        } else {
            let verdict = self.broken_off(orderly);
            self.fail(verdict)
        };
        match flow {
            Flow::End(out) if out.is_empty() && !self.is_host_behind => Flow::Pass,
            Flow::End(out) => Flow::Replace(out),
            flow => flow,
        }
    }

    /// An event was read; the verdict if the attempt has failed with it.
    fn event(&mut self, now: Timestamp) -> Option<Verdict> {
        let report = self.watch.report();
        let is_held = self.state == State::Held;
        if report.has_content && self.first_token.is_none() {
            self.first_token = Some(now);
        }
        if is_held && report.error.is_some() {
            return Some(Verdict::Error);
        }
        if self.watch.is_terminal() {
            let verdict = self.watch.whole();
            if is_held && verdict.is_failure() {
                return Some(verdict);
            }
            self.verdict = Some(verdict);
            self.state = State::Whole;
        } else if self.rules.mode == StreamMode::UntilCommit && report.has_content {
            self.state = State::Committed;
        }
        // What ends those of Responses holds all of the answer once more, and can't be made up.
        let can_end = self.watch.dialect() != Dialect::Responses && !self.watch.finishes_often();
        let waits = self.watch.is_finished() && can_end;
        self.finished = waits.then(|| self.finished.unwrap_or(now));
        None
    }

    /// Whether an event that can't be read may be left out.
    fn can_skip(&self) -> bool {
        self.state == State::Committed && !self.leaks && self.rules.malformed == Malformed::Skip
    }

    /// The chunk goes behind what is held, without these parts.
    fn take_in(&mut self, chunk: &[u8], cuts: Vec<Range<usize>>) {
        let base = self.held.len();
        // Only the first can begin in what was held before.
        self.held.truncate(cuts.first().map_or(base, |cut| cut.start));
        let mut at = 0;
        for cut in cuts {
            self.held.extend_from_slice(chunk.get(at..cut.start.saturating_sub(base)).unwrap_or_default());
            at = cut.end.saturating_sub(base);
            self.partial = self.partial.saturating_sub(cut.len());
        }
        self.held.extend_from_slice(chunk.get(at..).unwrap_or_default());
    }

    /// So much of what is held goes on.
    fn release(&mut self, free: usize) -> Vec<u8> {
        // Not to be copied for every chunk while all of it stays.
        if free == 0 {
            return Vec::new();
        }
        self.partial = self.partial.saturating_sub(free);
        let rest = self.held.split_off(free.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }
}

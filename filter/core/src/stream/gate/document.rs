//! Answers in one piece. The host keeps their bytes, which go on as they are or not at all; so nothing is copied
//! here, unless somebody is to look at all of it.

use super::{Flow, Gate, State};
use crate::stream::Verdict;

/// Bytes of an answer that wait for its end. A longer one goes on as it comes: what it turns out to be is counted, but no other
/// attempt can follow.
pub(crate) const MOST_DOCUMENT: usize = 4 * 1024 * 1024;

impl Gate {
    pub(super) fn push_document(&mut self, chunk: &[u8]) -> Flow {
        let _ = self.watch.next(chunk);
        self.size = self.size.saturating_add(chunk.len());
        if self.state == State::Held && self.watch.is_broken() {
            return self.fail(Verdict::Malformed);
        }
        if self.size > MOST_DOCUMENT {
            self.state = State::Committed;
            self.held = Vec::new();
        } else if self.rules.keeps && self.state == State::Held {
            self.held.extend_from_slice(chunk);
        }
        if self.state == State::Held { Flow::Hold } else { Flow::Pass }
    }

    pub(super) fn end_document(&mut self, orderly: bool) -> Flow {
        let is_read = self.watch.finish().is_some();
        let verdict = if is_read { self.watch.whole() } else { self.broken_off(orderly) };
        if self.state == State::Held && verdict.is_failure() {
            return self.fail(verdict);
        }
        // What it lacks can't be added, and whoever reads it notices.
        self.verdict = Some(verdict);
        self.state = if verdict.is_failure() { State::Over(verdict) } else { State::Whole };
        Flow::Pass
    }
}

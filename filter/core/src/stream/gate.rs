//! Decides which bytes of a watched answer go on, which are held, and when the attempt has failed.

use std::time::Duration;

use seawall_policy::policy::{Malformed, StreamMode};

use super::watch::{Dialect, Report, Verdict, Watch};
use crate::time::Timestamp;

/// What the policy says about this answer, and whom it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) mode: StreamMode,
    pub(crate) malformed: Malformed,
    pub(crate) limits: Limits,
}

/// How long an answer may be silent. Measured from when the attempt began, and between events of any kind: a ping says that
/// the provider is alive, but it is no first token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) first_token: Option<Duration>,
    pub(crate) idle: Option<Duration>,
}

/// What becomes of the bytes that were just pushed, and of those held before them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on as they are. Nothing is held.
    Pass,
    /// Are kept here; nothing goes on yet.
    Hold,
    /// These go on in their place.
    Replace(Vec<u8>),
    /// These go on in their place, and they are the answer's end: whatever else comes is to be dropped.
    End(Vec<u8>),
    /// The attempt has failed and nothing of it has gone on: another may follow. What was held is gone. The same once more
    /// when anything else is pushed.
    Fail(Verdict),
}

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Gate {
    watch: Watch,
    rules: Rules,
    verdict: Option<Verdict>,
}

impl Gate {
    /// Watches an answer to an attempt that began at `begun`, and whose headers are held or committed as
    /// [`is_committed`](Self::is_committed) says.
    pub(crate) fn new(watch: Watch, rules: Rules, _dialect: Dialect, _begun: Timestamp) -> Self {
        Self { watch, rules, verdict: None }
    }

    /// More of the answer's body. Work is linear in its length, and what is held is bounded.
    pub(crate) fn push(&mut self, _now: Timestamp, _chunk: &[u8]) -> Flow {
        Flow::Pass
    }

    /// The answer has ended: in good `orderly` form, or because the connection broke.
    pub(crate) fn end(&mut self, _now: Timestamp, orderly: bool) -> Flow {
        self.verdict = Some(if orderly { Verdict::Complete } else { Verdict::Cut });
        Flow::Pass
    }

    /// When to call [`lapse`](Self::lapse), if nothing is pushed before.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Time has passed; a call too early holds or passes nothing.
    pub(crate) fn lapse(&mut self, _now: Timestamp) -> Flow {
        Flow::Hold
    }

    /// Whether the answer's headers, and all that isn't held, have gone on: there is no other attempt any more.
    pub(crate) fn is_committed(&self) -> bool {
        self.rules.mode == StreamMode::Live
    }

    pub(crate) fn held_bytes(&self) -> usize {
        0
    }

    /// Known once the answer has ended or failed.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    pub(crate) fn report(&self) -> &Report {
        self.watch.report()
    }

    /// When the first content came.
    pub(crate) fn first_token(&self) -> Option<Timestamp> {
        None
    }
}

//! What happened, in order: the trace that a failed scenario shows, and where the filter's decisions are read from.

use std::fmt;
use std::time::Duration;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The caller's side.
    Client,
    /// A callback of the filter.
    Filter,
    /// A line the filter wrote to the log.
    Log,
    /// The proxy around it.
    Envoy,
    /// A provider.
    Upstream,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub time: Duration,
    pub source: Source,
    pub text: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::Client => "client",
            Source::Filter => "filter",
            Source::Log => "log",
            Source::Envoy => "envoy",
            Source::Upstream => "upstream",
        };
        let ms = self.time.as_millis();
        write!(f, "t={ms}ms {source:<8} {}", self.text)
    }
}

/// All that happened in one world.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
}

impl Journal {
    pub(crate) fn add(&mut self, time: Duration, source: Source, text: String) {
        self.entries.push(Entry { time, source, text });
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What happened since there were so many entries.
    pub(crate) fn since(&self, len: usize) -> &[Entry] {
        self.entries.get(len..).unwrap_or_default()
    }
}

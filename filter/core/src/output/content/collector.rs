//! Reads an answer on its way.

use super::builder::{Builder, MOST_TEXT};
use super::{Content, read};
use crate::body::Outline;
use crate::stream::{Data, Dialect, Framing};

/// What an answer has said so far. Its texts only get longer, event by event.
#[derive(Debug)]
pub(crate) struct Collector {
    dialect: Dialect,
    framing: Framing,
    /// What has come of an event whose end hasn't.
    begun: Vec<u8>,
    builder: Builder,
    outline: Outline,
}

impl Collector {
    pub(crate) fn new(dialect: Dialect, framing: Framing) -> Self {
        let (builder, outline) = (Builder::default(), Outline::default());
        Self { dialect, framing, begun: Vec::new(), builder, outline }
    }

    /// It goes on with this text, which counts as its beginning.
    pub(crate) fn goes_on_with(&mut self, prefill: &str) {
        prefill.clone_into(&mut self.builder.prefill);
    }

    pub(crate) fn content(&self) -> &Content {
        &self.builder.content
    }

    /// Whether something of it is missing: it says more than 4 MiB, or has more than 128 choices and calls.
    pub(crate) fn overflows(&self) -> bool {
        self.builder.overflows
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.begun.len() + self.builder.held_bytes()
    }

    /// More of an event.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.builder.overflows |= self.begun.len().saturating_add(bytes.len()) > MOST_TEXT;
        if self.builder.overflows {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    /// The rest of an event, and whether it is one that can be read.
    pub(crate) fn push_last(&mut self, bytes: &[u8], is_readable: bool) {
        if !self.begun.is_empty() {
            self.push(bytes);
        }
        if is_readable && !self.builder.overflows {
            let event = if self.begun.is_empty() { bytes } else { &self.begun };
            read(self.dialect, &Data::of(self.framing, event).json, &mut self.outline, &mut self.builder);
        }
        self.begun.clear();
    }
}

//! Bodies of answers that go by and that more may be written to.
//!
//! A chunk that goes on by its callback's return value leaves nothing behind: Envoy takes what a filter writes between two
//! callbacks only where the filter has stopped the body, and so has a buffer. A stream that falls silent could be told
//! neither its end nor its error. So its chunks are let go by a host call instead, while the callback stops the body: all
//! has gone on, and the buffer is there, empty.
//!
//! | the body | a chunk goes on by |
//! |---|---|
//! | has never been stopped | the next tick, the first time: a callback's chunk gets into the buffer when the callback ends |
//! | is stopped | a host call, and stays stopped |
//! | was let go since it was last stopped | the same: Envoy has put the chunk into the buffer, and would leave it there |
//! | is stopped, and this is its end | the return value |

use seawall_core::IdMap;

use crate::host;
use crate::types::{BufferType, StreamType};

/// Bodies that were stopped at least once, by context.
#[derive(Default)]
pub(crate) struct Bodies {
    known: IdMap<u32, Body>,
    /// Those that the next tick lets go.
    first: Vec<u32>,
    /// The body whose callback is under way, or was last, and bytes in the host's buffer there.
    here: (u32, usize),
}

#[derive(Clone, Copy)]
struct Body {
    is_stopped: bool,
    /// Bytes at the buffer's start that are not held any more, only not on their way yet.
    due: usize,
}

impl Bodies {
    /// Bytes at the start of the host's buffer that are none of those held.
    pub(crate) fn due(&self, context: u32) -> usize {
        self.known.get(&context).map_or(0, |body| body.due)
    }

    /// The callback under way holds the body.
    pub(crate) fn hold(&mut self, context: u32) {
        let due = self.due(context);
        self.known.insert(context, Body { is_stopped: true, due });
        self.wait_no_more(context);
    }

    /// A callback of the body begins, with so many bytes in the host's buffer.
    pub(crate) fn begin(&mut self, context: u32, size: usize) {
        self.here = (context, size);
    }

    /// The callback under way lets go of what is in the buffer; `is_open`: more may be written between this callback and the
    /// next. Returns whether the callback is to stop the body.
    pub(crate) fn pass(&mut self, context: u32, end: bool, is_open: bool) -> bool {
        let (_, size) = self.here;
        match self.known.get_mut(&context) {
            Some(body) if (body.is_stopped && (end || !is_open)) || (end && size == 0) => {
                self.forget(context);
                false
            }
            Some(body) => {
                *body = Body { is_stopped: true, due: 0 };
                self.wait_no_more(context);
                host::come_back(context);
                let _ = host::resume(StreamType::Response);
                true
            }
            None if is_open && !end => {
                self.known.insert(context, Body { is_stopped: true, due: size });
                self.first.push(context);
                true
            }
            None => false,
        }
    }

    /// A host call has let go what the buffer holds.
    pub(crate) fn has_passed(&mut self, context: u32) {
        if let Some(body) = self.known.get_mut(&context) {
            *body = Body { is_stopped: false, due: 0 };
        }
        self.wait_no_more(context);
    }

    /// Puts other bytes in place of those that are held.
    pub(crate) fn replace(&mut self, context: u32, bytes: &[u8]) {
        const BODY: BufferType = BufferType::ResponseBody;
        let due = host::buffer_part(BODY, 0, self.due(context));
        if self.here.0 == context {
            self.here.1 = due.len() + bytes.len();
        }
        let _ = if due.is_empty() {
            host::replace_buffer(BODY, bytes)
        } else {
            host::replace_buffer(BODY, &[&due, bytes].concat())
        };
    }

    /// Whether a tick is waited for.
    pub(crate) fn wait(&self) -> bool {
        !self.first.is_empty()
    }

    pub(crate) fn tick(&mut self) {
        for context in std::mem::take(&mut self.first) {
            if host::set_effective_context(context).is_ok() {
                let _ = host::resume(StreamType::Response);
            }
            self.has_passed(context);
        }
    }

    /// The body has ended, or its stream has.
    pub(crate) fn forget(&mut self, context: u32) {
        self.known.remove(&context);
        self.wait_no_more(context);
    }

    fn wait_no_more(&mut self, context: u32) {
        if !self.first.is_empty() {
            self.first.retain(|waiting| *waiting != context);
        }
    }
}

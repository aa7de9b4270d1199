//! The body of an answer at its own pace.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::answer::{Answer, End};
use crate::script::Behaviour;
use crate::wire::Doom;

/// Between the last byte and the reset. A reset overtakes bytes that the peer has not read yet, and then a cut answer
/// would sometimes look like one that never began.
const BEFORE_CUT: Duration = Duration::from_millis(25);

/// The connection breaks here, on purpose.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken off on purpose")
    }
}

impl Error for Broken {}

#[derive(Debug)]
pub(crate) struct Paced {
    chunks: IntoIter<Bytes>,
    /// Before the next chunk, or the cut.
    pause: Option<Pin<Box<Sleep>>>,
    between: Duration,
    /// Also one without any event ends after its headers, and not with them.
    stream: bool,
    end: End,
    /// What to seal when all chunks are sent and the connection is to be reset.
    doom: Doom,
}

impl Paced {
    pub(crate) fn new(answer: Answer, behaviour: &Behaviour, doom: Doom) -> Self {
        let (first, between) = match answer.stream {
            true => (behaviour.first_token, behaviour.between_tokens),
            false => (Duration::ZERO, Duration::ZERO),
        };
        // Without a chunk, the headers are what the reset must not overtake.
        let first = if answer.end == End::Cut && answer.chunks.is_empty() { BEFORE_CUT } else { first };
        let Answer { chunks, end, stream, .. } = answer;
        Self { chunks: chunks.into_iter(), pause: pause(first), between, stream, end, doom }
    }
}

fn pause(time: Duration) -> Option<Pin<Box<Sleep>>> {
    (!time.is_zero()).then(|| Box::pin(sleep(time)))
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if let Some(chunk) = self.chunks.next() {
            let more = !self.chunks.as_slice().is_empty();
            self.pause = match self.end {
                _ if more => pause(self.between),
                End::Cut => pause(BEFORE_CUT),
                End::Complete | End::Open => None,
            };
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match self.end {
            End::Complete => Poll::Ready(None),
            // Nobody will wake this: it ends with its connection.
            End::Open => Poll::Pending,
            End::Cut => {
                self.doom.seal();
                Poll::Ready(Some(Err(Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.stream && self.end == End::Complete && self.chunks.as_slice().is_empty()
    }
}

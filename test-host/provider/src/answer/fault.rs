//! What a fault does to an answer.

use bytes::Bytes;

use super::generate::before_element;
use super::{Answer, End};
use crate::eventstream;
use crate::script::Fault;

/// Events of a stream before a fault that comes midway, where nobody says how many.
const MIDWAY: usize = 2;

/// Changes what is sent. A JSON answer's `content-length` is that of what is here afterwards, but for a cut and a stall,
/// which [`break_off`] brings.
pub(super) fn spoil(answer: &mut Answer, fault: Fault, after: Option<usize>) {
    match fault {
        Fault::Empty => answer.chunks.clear(),
        Fault::Truncated if answer.stream => {
            answer.chunks.truncate(after.unwrap_or(answer.chunks.len() / 2));
        }
        Fault::Malformed if answer.stream => {
            answer.chunks.truncate(after.map_or(answer.chunks.len().div_ceil(2), |after| after + 1));
            halve(answer);
        }
        Fault::BadEvent if answer.stream => {
            let at = after.unwrap_or(MIDWAY).min(answer.chunks.len());
            answer.chunks.insert(at, bad_event(answer, at));
        }
        Fault::MissingEnd | Fault::LeftOpen if answer.stream => {
            answer.chunks.pop();
        }
        Fault::Truncated | Fault::Malformed | Fault::BadEvent => halve(answer),
        _ => {}
    }
}

/// Takes away what follows, after a length has been promised.
pub(super) fn break_off(answer: &mut Answer, fault: Fault, after: Option<usize>) {
    answer.end = match fault {
        Fault::Cut | Fault::ResetAfterHeaders => End::Cut,
        Fault::Stall => End::Open,
        Fault::LeftOpen if answer.stream => End::Open,
        _ => return,
    };
    match fault {
        Fault::ResetAfterHeaders => answer.chunks.clear(),
        Fault::Cut | Fault::Stall if answer.stream => answer.chunks.truncate(after.unwrap_or(MIDWAY)),
        Fault::Cut | Fault::Stall => halve(answer),
        _ => {}
    }
}

/// Drops the second half of the last chunk: in the middle of its JSON.
fn halve(answer: &mut Answer) {
    if let Some(last) = answer.chunks.last_mut() {
        last.truncate(last.len() / 2);
    }
}

fn bad_event(answer: &Answer, at: usize) -> Bytes {
    const NO_JSON: &str = r#"{"choices":[{"index":0,"delta":{"content":"#;
    if answer.is_binary() {
        return eventstream::event("contentBlockDelta", NO_JSON.as_bytes());
    }
    if answer.is_array() {
        return format!("{}{NO_JSON}", before_element(at)).into();
    }
    format!("data: {NO_JSON}\n\n").into()
}

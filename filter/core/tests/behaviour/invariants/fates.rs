//! What providers do to the attempts of a schedule.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use proptest::prelude::*;

use crate::world::{Complaint, Fate, Lie};

/// What attempts get in turn, each target from another place on.
#[derive(Clone, Debug)]
pub(super) struct Fates {
    drawn: Rc<Vec<Fate>>,
    /// What every attempt gets in their place.
    always: Rc<Cell<Option<Fate>>>,
}

impl Fates {
    /// From the beginning.
    pub(super) fn begin(&self) -> impl FnMut(&str, u64) -> Fate + 'static {
        self.always.set(None);
        let Self { drawn, always } = self.clone();
        move |target, n| {
            let offset = target.bytes().map(usize::from).sum::<usize>();
            always.get().unwrap_or(drawn[(n as usize + offset) % drawn.len()])
        }
    }

    /// From now on every attempt gets this.
    pub(super) fn always(&self, fate: Fate) {
        self.always.set(Some(fate));
    }
}

pub(super) fn fates(number: Range<usize>) -> impl Strategy<Value = Fates> {
    let drawn = prop::collection::vec(fate(), number);
    drawn.prop_map(|drawn| Fates { drawn: Rc::new(drawn), always: Rc::default() })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Status(200)),
        3 => prop::sample::select(vec![408, 429, 500, 502, 503, 504, 520, 522, 524, 529]).prop_map(Fate::Status),
        1 => prop::sample::select(vec![400, 401, 403, 404, 413, 422, 501]).prop_map(Fate::Status),
        2 => (0u64..6).prop_map(Fate::Throttle),
        1 => Just(Fate::Refuse),
        1 => Just(Fate::Full),
        1 => Just(Fate::Reset),
        1 => Just(Fate::Hang),
        // Never at the moment of the hedge.
        1 => (50u64..450).prop_map(|n| Fate::Slow(n * 2 + 1)),
        1 => ((50u64..450), 0u64..30).prop_map(|(n, seconds)| Fate::Spent(n * 2 + 1, seconds)),
        2 => (complaint(), prop_oneof![Just(10u64), (25u64..450).prop_map(|n| n * 2 + 1)])
            .prop_map(|(complaint, millis)| Fate::Says(complaint, millis)),
        6 => lie().prop_map(Fate::Lie),
    ]
}

fn complaint() -> impl Strategy<Value = Complaint> {
    prop_oneof![
        prop::sample::select(vec![400, 401, 403, 404, 500, 501, 503]).prop_map(Complaint::Status),
        prop::sample::select(vec![400, 429, 500, 503]).prop_map(Complaint::Long),
        (0u64..4_000).prop_map(Complaint::Throttled),
        Just(Complaint::QuotaExhausted),
        Just(Complaint::ContextLength),
        Just(Complaint::ContentPolicy),
        prop::sample::select(vec![400, 408, 413, 429, 500, 502, 504]).prop_map(Complaint::Unfinished),
        prop::sample::select(vec![400, 413, 429, 500, 504]).prop_map(Complaint::Cut),
    ]
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        Just(Lie::Error),
        Just(Lie::TextError),
        Just(Lie::ErrorCut),
        (1usize..6).prop_map(Lie::LateError),
        Just(Lie::Empty),
        Just(Lie::CutOff),
        (0usize..6).prop_map(Lie::Garbled),
        (0usize..6).prop_map(Lie::Truncated),
        (0usize..6).prop_map(Lie::Cut),
        (0usize..6).prop_map(Lie::Stall),
        any::<bool>().prop_map(|ends| Lie::Unmarked { ends }),
        Just(Lie::LeftOpen),
        (50u64..1_000).prop_map(|n| Lie::SlowStart(n * 2 + 1)),
    ]
}

//! What somebody else begins with in the place of one in the table of tenants.

use super::{Balance, Used};
use crate::limits::held::{self, Held};
use crate::limits::measure::Measure;
use crate::limits::recent::Recent;
use crate::time::Timestamp;

impl Balance {
    /// Whether it knows nothing that one made anew wouldn't. To be asked after [`Balance::roll`].
    pub(in crate::limits) fn is_idle(&self, now: Timestamp) -> bool {
        let is_unused = match &self.used {
            Used::Rate { upper, .. } => *upper <= now.0,
            Used::Places { .. } => true,
            Used::Money { spent, .. } => spent.iter().all(|slot| *slot == 0),
            Used::Sum { used, .. } => *used == 0,
            // Who needs the place may have it: nobody is let through by that.
            Used::Usual(_) => true,
        };
        is_unused && self.held.total() == 0 && self.seats.total() == 0
    }

    /// When it will be idle at the latest, if nothing more comes: for those who don't know what it counts. Written in this epoch.
    pub(in crate::limits) fn over_at(&self, measure: Measure, epoch: u32) -> Timestamp {
        let used = match (&self.used, measure) {
            (Used::Rate { upper, .. }, _) => *upper,
            (Used::Money { newest, spent }, Measure::Money(budget)) if spent.iter().any(|slot| *slot > 0) => {
                (newest + budget.slots()).saturating_mul(budget.slot())
            }
            (Used::Sum { last, used, .. }, Measure::Sum(sum)) if *used > 0 => {
                last.saturating_add(sum.silence)
            }
            _ => 0,
        };
        // What nobody confirms is forgotten by then.
        let is_held = self.held.total() > 0 || self.seats.total() > 0;
        let held = if is_held { held::begin(epoch.saturating_add(2)) } else { Timestamp(0) };
        held.max(Timestamp(used))
    }

    /// One for somebody who may have used all that this one knows of, but for sums. What is held goes along unconfirmed.
    pub(in crate::limits) fn heir(&self, measure: Measure) -> Self {
        let mut heir = Self { seats: Held::default(), has_warned: false, ..self.clone() };
        match (&mut heir.used, measure) {
            // Of what others have used nobody is warned.
            (Used::Rate { upper, lower, recent }, _) => (*lower, *recent) = (*upper, Recent::default()),
            (Used::Money { newest, spent }, Measure::Money(budget)) => {
                if let Some(slot) = spent.get_mut((*newest % budget.slots()) as usize) {
                    *slot = slot.saturating_add(std::mem::take(&mut heir.held).total());
                }
            }
            (Used::Sum { used, before, .. }, _) => {
                *used = used.saturating_add(std::mem::take(&mut heir.held).total());
                *before = *used;
            }
            // What is usual is everybody's own.
            (Used::Usual(usual), _) => (*usual, heir.held) = Default::default(),
            _ => {}
        }
        heir
    }

    /// What has been summed up, by those before too, where nothing of it is held: then somebody else may have its place.
    pub(in crate::limits) fn sum(&self) -> Option<u64> {
        match self.used {
            Used::Sum { used, .. } if self.held.total() == 0 => Some(used),
            _ => None,
        }
    }

    /// One for somebody else, who has used nothing that is known, in the place of what this one and `other` know of. It keeps
    /// what they have used, so that not the latest always has the least.
    pub(in crate::limits) fn follow(mut self, other: &Self) -> Self {
        self.has_warned = false;
        if let (Used::Sum { last, used, before }, Used::Sum { last: theirs, used: more, .. }) =
            (&mut self.used, &other.used)
        {
            (*last, *used) = ((*last).max(*theirs), (*used).max(*more));
            *before = *used;
        }
        self
    }
}

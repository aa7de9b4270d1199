//! Hedging: a second attempt beside one that takes unusually long. The first answer wins.
//!
//! It shortens the tail where single attempts are slow, and makes things worse where everything is. So it is bounded: one
//! hedge in a request, to another target that admits it and that the cost cap allows, out of the same attempts and the same
//! deadline as retries, and for at most a share of the requests. That share is counted like the retry budget's; see
//! [`share`](super::share). While it isn't known what is usual there is no percentile to wait for, and so no hedge.

use std::time::Duration;

use seawall_policy::policy::{Hedge, HedgeDelay, Route, Target};

use super::{Bound, Progress};

/// The window is ten of these. Longer than the retry budget's: a route with few requests must get its share of them too.
const SLOT: Duration = Duration::from_secs(6);

/// The bound of a route whose first target is `first`; `None` where the policy sets none.
pub(crate) fn bound(route: &Route, first: &Target, hedge: Hedge) -> Option<Bound> {
    Some(Bound {
        key: ["seawall/hedges/", &route.name, "/", &first.cluster].concat().into(),
        slot: SLOT,
        share_bp: hedge.at_most_bp?,
        at_least_per_second: 0,
    })
}

/// How long after its start an attempt is hedged; `None` for never. `usual` is the policy's percentile of what answers like
/// this one take, of a stream to its first token, and `limit` what this attempt may.
pub(crate) fn delay(hedge: Hedge, usual: Option<Duration>, limit: Duration) -> Option<Duration> {
    let delay = match hedge.after {
        HedgeDelay::Fixed(delay) => delay,
        HedgeDelay::Percentile(_) => usual?,
    };
    (delay < limit).then_some(delay)
}

/// What is left for a hedge when its time has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Most attempts that one request may cost.
    pub(crate) attempts: u32,
    /// Whether this request has been hedged before.
    pub(crate) is_hedged: bool,
    /// Other targets that admit it, can serve it, and don't cost more than the policy allows.
    pub(crate) others: u32,
    /// Until the deadline; `None` without one.
    pub(crate) left: Option<Duration>,
}

/// Whether to hedge now. `pay` finds a place for it, takes one from the share of requests and says whether both were there; it is
/// asked last.
pub(crate) fn may(room: Room, progress: &Progress, pay: impl FnOnce() -> bool) -> bool {
    !room.is_hedged
        && room.others > 0
        && progress.attempts < room.attempts
        && room.left.is_none_or(|left| !left.is_zero())
        && pay()
}

#[cfg(test)]
mod tests {
    use super::*;

    const P95: Hedge = Hedge { after: HedgeDelay::Percentile(95), at_most_bp: Some(500) };
    const ROOM: Room = Room { attempts: 3, is_hedged: false, others: 1, left: None };

    #[test]
    fn an_attempt_is_hedged_once_it_takes_longer_than_usual_and_before_it_times_out() {
        let (s, limit) = (Duration::from_secs, Duration::from_secs(10));
        let fixed = Hedge { after: HedgeDelay::Fixed(s(2)), at_most_bp: None };
        assert_eq!(delay(P95, Some(s(3)), limit), Some(s(3)));
        assert_eq!(delay(P95, None, limit), None, "nothing is usual yet");
        assert_eq!(delay(P95, Some(s(10)), limit), None, "by then it has timed out");
        assert_eq!(delay(fixed, None, limit), Some(s(2)));
        assert_eq!(delay(fixed, Some(s(5)), s(1)), None);
    }

    #[test]
    fn a_hedge_needs_an_attempt_another_target_time_and_its_share() {
        let mut begun = Progress::default();
        begun.begin(false);
        let ms = Duration::from_millis;
        for (what, room, pays, expected) in [
            ("all there", ROOM, true, true),
            ("share spent", ROOM, false, false),
            ("hedged before", Room { is_hedged: true, ..ROOM }, true, false),
            ("no other target", Room { others: 0, ..ROOM }, true, false),
            ("attempts spent", Room { attempts: 1, ..ROOM }, true, false),
            ("time left", Room { left: Some(ms(5)), ..ROOM }, true, true),
            ("no time left", Room { left: Some(ms(0)), ..ROOM }, true, false),
        ] {
            let mut asked = false;
            let may = may(room, &begun, || {
                asked = true;
                pays
            });
            assert_eq!(may, expected, "{what}");
            assert_eq!(
                asked,
                expected || what == "share spent",
                "{what}: only a hedge that is made is paid for"
            );
        }
    }
}

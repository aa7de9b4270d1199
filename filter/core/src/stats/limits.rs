//! Times that follow what is usual.

use std::time::Duration;

use seawall_policy::policy::{Adaptive, HedgeDelay};

use super::{Measure, View};

/// How long an attempt may take: a multiple of the percentile within its bounds, the upper one (`most`) while too little is
/// known. A stream's time ends with its first token, any other's with its answer, of at most `most_tokens`.
#[must_use]
pub fn adaptive_timeout(
    adaptive: &Adaptive,
    most: Duration,
    view: Option<&View>,
    (streams, most_tokens): (bool, Option<u32>),
) -> Duration {
    let usual = view.and_then(|view| view.percentile(awaited(streams), adaptive.percentile, most_tokens));
    usual.map_or(most, |usual| {
        let times = usual.saturating_mul(adaptive.hundredths) / 100;
        times.max(adaptive.min).min(most)
    })
}

/// After how long a second attempt is made beside the first; `None` while too little is known.
#[must_use]
pub fn hedge_delay(
    delay: HedgeDelay,
    view: Option<&View>,
    (streams, most_tokens): (bool, Option<u32>),
) -> Option<Duration> {
    match delay {
        HedgeDelay::Fixed(delay) => Some(delay),
        HedgeDelay::Percentile(percent) => view?.percentile(awaited(streams), percent, most_tokens),
    }
}

fn awaited(streams: bool) -> Measure {
    if streams { Measure::FirstToken } else { Measure::Latency }
}
